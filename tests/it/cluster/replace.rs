//! Appliers that put whole objects in the place of live ones.

use super::client_side::{edits_of_deployments, rich};
use super::comes_true::{Applier, Edit, command, hold, list, run};
use super::*;
use crate::parts::tools;

fn environment() -> Environment {
    Environment {
        apply: ApplyMode::Replace,
        field_manager: "kubectl-replace".to_owned(),
        ..super::environment()
    }
}

struct Kubectl(std::path::PathBuf);

impl Applier for Kubectl {
    fn apply(&self, world: &World, manifests: &[&Value], again: bool) {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("all.json"), list(manifests)).unwrap();
        let verb = if again { "replace" } else { "create" };
        run(command(&self.0, world, home.path()).args([verb, "-f", "all.json"]));
    }
}

#[tokio::test]
async fn what_kubectl_would_replace_is_what_it_replaces() {
    let (Some(world), Some(kubectl)) = (World::new().await, tools::kubectl()) else { return };
    let rich = rich(&world);
    let mut edits = edits_of_deployments(&rich);
    edits.truncate(16);
    edits.push(
        Edit::new("scaled by another", &rich, |head| head["spec"]["paused"] = json!(true))
            .meanwhile(json!({ "spec": { "replicas": 5 } }))
            .unsettled(),
    );
    let predicted = hold(&world, &environment(), &Kubectl(kubectl), edits).await;
    assert_eq!(predicted.drift.len(), 1, "{:?}", predicted.drift);
}

#[tokio::test]
async fn a_replacement_takes_away_what_others_wrote() {
    let Some(world) = World::new().await else { return };
    let (base, head) = (world.config_map(json!({ "a": "1" })), world.config_map(json!({ "a": "2" })));
    world.apply(&base, MANAGER).await;
    world.edit(&base, json!({ "data": { "theirs": "hunter2" } })).await;
    let predicted = world.predict(&environment(), vec![input(Some(&base), Some(&head))]).await;
    assert_snapshot!(world.check(&predicted), @r#"
    Update ConfigMap (DryRun, settled Some(false))
      reason: unsettled: what is live is not what base says
    drift ConfigMap
      data.theirs: "‹live›" → –
    "#);
    let new = world.object("v1", "ConfigMap", "new", json!({ "data": { "a": "1" } }));
    let predicted = world.predict(&environment(), vec![input(None, Some(&new))]).await;
    assert_eq!(words(&predicted).lines().next(), Some("Create ConfigMap (DryRun, settled Some(true))"));
    assert_eq!(world.live(&new).await, None);
}
