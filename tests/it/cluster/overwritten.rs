//! What somebody changed in the cluster by hand, and whether merging will write over it.

use super::*;

#[tokio::test]
async fn only_what_head_says_otherwise_is_overwritten() {
    let Some(world) = World::new().await else { return };
    let base = world.config_map(json!({ "kept": "one", "lost": "two", "still": "three" }));
    let head = world.config_map(json!({ "kept": "by hand", "lost": "two", "still": "four" }));
    world.apply(&base, MANAGER).await;
    let edit = json!({ "data": { "kept": "by hand", "lost": "by hand" } });
    let live = world.patch(&base, "application/merge-patch+json", "fieldManager=kubectl-edit", &edit).await;
    let inputs = vec![input(Some(&base), Some(&head))];
    let predicted = predict(&world.cluster, &environment(), inputs).await;
    let [drift] = predicted.drift.as_slice() else { panic!("{:?}", predicted.drift) };
    let paths: Vec<&str> = drift.changes.iter().map(|change| change.path.as_str()).collect();
    assert_eq!(paths, ["data.kept", "data.lost"]);
    assert_eq!(drift.overwritten, ["data.lost"]);
    let merged = world.apply(&head, MANAGER).await;
    assert_eq!(merged["data"]["kept"], live["data"]["kept"]);
    assert_ne!(merged["data"]["lost"], live["data"]["lost"]);
}
