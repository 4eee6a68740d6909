//! A server-side apply takes over fields that others own where it is forced, and fails where it is not.

use super::*;

#[tokio::test]
async fn a_conflict_names_who_owns_the_field_where_nobody_forces_it() {
    let Some(world) = World::new().await else { return };
    let map = |data: Value| world.config_map(data);
    world.apply(&map(json!({ "a": "1" })), "pipeline").await;
    world.apply(&map(json!({ "b": "2" })), "somebody").await;
    let check = async |unforced: bool, manager: &str, b: &str| {
        let environment = Environment { unforced, field_manager: manager.to_owned(), ..environment() };
        let inputs = vec![input(Some(&map(json!({ "a": "1" }))), Some(&map(json!({ "a": "2", "b": b }))))];
        world.check(&world.predict(&environment, inputs).await)
    };
    assert_snapshot!(check(false, "pipeline", "3").await, @r#"
    Update ConfigMap (DryRun, settled Some(true))
      data.a: "1" → "2"
      data.b: "2" → "3"
    "#);
    assert_snapshot!(check(true, "pipeline", "3").await, @r"
    Fail ConfigMap (DryRun, settled Some(false))
      reason: the cluster refuses it: `data.b` is owned by `somebody`, and its applier is not told to take it over
    ");
    assert_snapshot!(check(true, "pipeline", "2").await, @r#"
    Update ConfigMap (DryRun, settled Some(true))
      data.a: "1" → "2"
    "#);
    // What really comes of it.
    let really = async |force: bool| {
        let manifest = map(json!({ "a": "2", "b": "3" }));
        let (url, path) = (world.server.url(), world.path(&manifest));
        let url = format!("{url}{path}?fieldManager=pipeline&force={force}");
        let request = world.server.http().patch(url).bearer_auth(world.server.admin_token());
        let request =
            request.header("content-type", "application/apply-patch+yaml").body(manifest.to_string());
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!((really(false).await, really(true).await), (409, 200));
}
