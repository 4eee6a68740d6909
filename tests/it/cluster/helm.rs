//! Helm's own patches.

use super::client_side::{edits_of_deployments, rich, widgets};
use super::comes_true::{Applier, Edit, command, hold, run};
use super::*;
use crate::parts::tools;

const PRESUMED: &str =
    "Helm's patches are predicted from base: what the last release stored is a Secret, which is never read";

fn environment() -> Environment {
    Environment { apply: ApplyMode::Helm, field_manager: "helm".to_owned(), ..super::environment() }
}

struct Helm(std::path::PathBuf);

impl Applier for Helm {
    fn apply(&self, world: &World, manifests: &[&Value], _again: bool) {
        let home = tempfile::tempdir().unwrap();
        let chart = home.path().join("chart");
        std::fs::create_dir_all(chart.join("templates")).unwrap();
        std::fs::write(chart.join("Chart.yaml"), "apiVersion: v2\nname: shop\nversion: 1.0.0\n").unwrap();
        for (number, manifest) in manifests.iter().enumerate() {
            std::fs::write(chart.join(format!("templates/{number:03}.yaml")), manifest.to_string()).unwrap();
        }
        let arguments = ["upgrade", "--install", "shop", "chart", "--namespace", &world.namespace];
        run(command(&self.0, world, home.path()).args(arguments));
    }
}

#[tokio::test]
async fn what_helm_would_make_of_a_change_is_what_it_makes() {
    let (Some(world), Some(helm)) = (World::new().await, tools::helm()) else { return };
    let group = widgets(&world).await;
    let rich = rich(&world);
    let mut edits = edits_of_deployments(&rich);
    let custom = |spec: Value| world.object(&format!("{group}/v1"), "Widget", "w", json!({ "spec": spec }));
    let widget = custom(json!({ "size": 1, "color": "red", "parts": [{ "name": "a" }] }));
    edits.push(
        Edit::new("scaled by another", &rich, |head| head["spec"]["paused"] = json!(true))
            .meanwhile(json!({ "spec": { "replicas": 5 } })),
    );
    edits.push(Edit::new("custom: field removed", &widget, |head| head["spec"] = json!({ "size": 2 })));
    edits.push(
        Edit::new("custom: changed by another", &widget, |head| head["spec"]["size"] = json!(2))
            .meanwhile(json!({ "spec": { "color": "blue" } }))
            .unsettled(),
    );
    let predicted = hold(&world, &environment(), &Helm(helm), edits).await;
    assert_eq!(predicted.errors.last().map(|error| error.message.as_str()), Some(PRESUMED));
}

#[tokio::test]
async fn an_object_of_no_release_is_unsettled() {
    let Some(world) = World::new().await else { return };
    let (base, head) = (world.config_map(json!({ "a": "1" })), world.config_map(json!({ "a": "2" })));
    world.apply(&base, MANAGER).await;
    let predicted = world.predict(&environment(), vec![input(Some(&base), Some(&head))]).await;
    assert_snapshot!(world.check(&predicted), @r"
    Update ConfigMap (DryRun, settled Some(false))
      reason: unsettled: it does not say that a Helm release owns it
    noted: Helm's patches are predicted from base: what the last release stored is a Secret, which is never read
    ");
    assert_eq!(world.predict(&environment(), Vec::new()).await.errors, []);
}
