//! What an Application tells Argo CD to ignore is not known to whoever predicts, and that is said.

use std::collections::BTreeMap;

use super::*;
use crate::parts::{Repository, argocd};

#[tokio::test]
async fn what_argo_cd_may_be_told_to_ignore_is_said_beside_what_it_would_change() {
    let Some(world) = World::new().await else { return };
    let Some(argocd) = argocd().await else { return };
    let (repository, path) = (Repository::new(), "all");
    let application = argocd.create(&repository, path, &world.namespace, json!({})).await;
    let ignored = json!([{ "group": "", "kind": "ConfigMap", "jsonPointers": ["/data/a"] }]);
    argocd.patch(&application, json!({ "spec": { "ignoreDifferences": ignored } })).await;
    let respect = ["RespectIgnoreDifferences=true"];
    let apply = async |map: &Value| {
        let files = BTreeMap::from([(format!("{path}/map.yaml"), map.to_string())]);
        let synced = argocd.sync(&application, &repository.commit(&files), &respect).await;
        assert!(synced.succeeded(), "{}", synced.message);
    };
    let base = world.config_map(json!({ "a": "1", "b": "1" }));
    let head = world.config_map(json!({ "a": "2", "b": "2" }));
    apply(&base).await;
    let argo = |apply: ApplyMode| Environment {
        apply,
        field_manager: "argocd-controller".to_owned(),
        ..environment()
    };
    let change = || vec![input(Some(&base), Some(&head))];
    let predicted = world.predict(&argo(ApplyMode::ClientSide), change()).await;
    assert_snapshot!(world.check(&predicted), @r#"
    Update ConfigMap (DryRun, settled Some(true))
      data.a: "1" → "2"
      data.b: "1" → "2"
    noted: what Applications say in `ignoreDifferences` is not known: Argo CD may leave such fields as they are (`RespectIgnoreDifferences=true`), and does not sync by itself what differs in nothing else
    "#);
    apply(&head).await;
    let live = world.live(&base).await.unwrap();
    assert_eq!(live["data"], json!({ "a": "1", "b": "2" }), "it does leave it");
    // Where nothing is promised there is nothing to add.
    let nothing = world
        .predict(&argo(ApplyMode::ClientSide), vec![input(None, Some(&world.deployment(json!({}))))])
        .await;
    assert_eq!(nothing.errors, []);
}
