//! Kinds that go away while the bot runs: what it saw of them before does not count any more.

use reqwest::Method;

use super::client_side::widgets;
use super::faults::LOST_ROUTE;
use super::faults::between::{Asked, Between, Fault};
use super::*;

/// Waits until the server answers for a kind as one that is not there, and lists it no more.
async fn gone(world: &World, group: &str, version: &str) {
    let http = world.server.http();
    let ask = async |path: &str| {
        let asked = http.get(format!("{}{path}", world.server.url())).bearer_auth(world.server.admin_token());
        asked.header("accept", LIST).send().await.unwrap()
    };
    for _ in 0..600 {
        let serves = ask(&format!("/apis/{group}/{version}/widgets")).await.status().is_success();
        let all: Value = ask("/apis").await.json().await.unwrap();
        let of = all["items"].as_array().unwrap().iter().find(|one| one["metadata"]["name"] == group);
        let listed = of
            .is_some_and(|of| of["versions"].as_array().unwrap().iter().any(|one| one["version"] == version));
        if !serves && !listed {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{group}/{version} never goes");
}

const LIST: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

#[tokio::test]
async fn a_kind_that_is_removed_is_asked_about_anew_and_once() {
    let Some(world) = World::new().await else { return };
    let group = widgets(&world).await;
    let widget = |name: &str, size: u32| {
        world.object(&format!("{group}/v1"), "Widget", name, json!({ "spec": { "size": size } }))
    };
    let between = Between::start(world.server, |_| Fault::None).await;
    let file = between.kubeconfig(world.server, world.server.admin_token());
    let cluster = connect(&file).await;
    for name in ["changed", "removed"] {
        world.apply(&widget(name, 1), MANAGER).await;
    }
    let mut inputs = vec![
        input(Some(&widget("changed", 1)), Some(&widget("changed", 2))),
        input(Some(&widget("removed", 1)), None),
        input(None, Some(&widget("new", 1))),
        input(None, Some(&world.config_map(json!({})))),
    ];
    let check = async |inputs: &[PredictInput]| {
        let predicted = predict(&cluster, &environment(), inputs.to_vec()).await;
        world.check(&predicted)
    };
    assert_snapshot!(check(&inputs).await, @r#"
    Update Widget (DryRun, settled Some(true))
      spec.size: 1 → 2
    Delete Widget (Live, settled None)
    Create Widget (DryRun, settled Some(true))
      : null → {"apiVersion":"NS.example.org/v1","kind":"Widget","metadata":{"name":"new","namespace":"NS"},"spec":{"size":1}}
    Create ConfigMap (DryRun, settled Some(true))
      : null → {"apiVersion":"v1","data":{},"kind":"ConfigMap","metadata":{"name":"settings","namespace":"NS"}}
    "#);
    assert_eq!(between.asked(|path| path == "/apis"), 1);

    world.server.call(Method::DELETE, &format!("{DEFINITIONS}/widgets.{group}"), None).await;
    gone(&world, &group, "v1").await;
    inputs.extend((0..40).map(|number| input(None, Some(&widget(&format!("new-{number}"), 1)))));
    let said = check(&inputs).await;
    let (first, others) = said.split_at(said.match_indices("Create Widget").nth(1).unwrap().0);
    assert_snapshot!(first, @r#"
    Update Widget (Render, settled None)
      reason: predicted by rendering: kind `Widget` of `NS.example.org/v1` is not in the cluster yet
    None Widget (Live, settled Some(true))
      reason: no effect on the cluster: it is not there
    Create Widget (Render, settled None)
      reason: predicted by rendering: kind `Widget` of `NS.example.org/v1` is not in the cluster yet
    Create ConfigMap (DryRun, settled Some(true))
      : null → {"apiVersion":"v1","data":{},"kind":"ConfigMap","metadata":{"name":"settings","namespace":"NS"}}
    "#);
    assert_eq!(others.matches("is not in the cluster yet").count(), 40, "{others}");
    assert_eq!(between.asked(|path| path == "/apis"), 2);
}

#[tokio::test]
async fn a_kind_that_is_listed_and_not_found_is_undecided() {
    let Some(world) = World::new().await else { return };
    let data = |value: &str| world.config_map(json!({ "a": value }));
    world.apply(&data("1"), MANAGER).await;
    let inputs = [input(Some(&data("1")), Some(&data("2"))), input(Some(&data("1")), None)];
    let check = async |times: u32| {
        let plan = move |asked: &Asked| {
            let is_object = asked.target.contains("/configmaps/");
            if is_object && asked.before < times { LOST_ROUTE } else { Fault::None }
        };
        let between = Between::start(world.server, plan).await;
        let cluster = connect(&between.kubeconfig(world.server, world.server.admin_token())).await;
        cluster.namespaced(&reference(&data("1"))).await.unwrap();
        let mut said = String::new();
        for input in &inputs {
            let predicted = predict(&cluster, &environment(), vec![input.clone()]).await;
            said.push_str(&format!("{}\n", world.check(&predicted)));
        }
        (said, between.asked(|path| path == "/apis"))
    };
    // A read and a dry run lose their way, one after the other.
    assert_eq!(check(1).await, (check(0).await.0, 3));
    let (said, asked) = check(u32::MAX).await;
    assert_snapshot!(said, @r"
    Update ConfigMap (Render, settled None)
    undecided: ConfigMap NS/settings: cluster `test`: the cluster answered something unexpected: it lists kind `ConfigMap` of `v1` and does not serve it
    Delete ConfigMap (Render, settled None)
    undecided: ConfigMap NS/settings: cluster `test`: the cluster answered something unexpected: it lists kind `ConfigMap` of `v1` and does not serve it
    ");
    assert_eq!(asked, 1 + 2);
}

#[tokio::test]
async fn a_version_that_is_not_served_any_more_leaves_the_others() {
    let Some(world) = World::new().await else { return };
    let group = widgets(&world).await;
    let path = format!("{DEFINITIONS}/widgets.{group}");
    let mut definition = world.server.call(Method::GET, &path, None).await;
    let versions = definition["spec"]["versions"].as_array_mut().unwrap();
    let mut old = versions[0].clone();
    old["name"] = json!("v1beta1");
    old["storage"] = json!(false);
    versions.push(old);
    world.server.call(Method::PUT, &path, Some(definition)).await;
    let widget = |version: &str, size: u32| {
        world.object(&format!("{group}/{version}"), "Widget", "w", json!({ "spec": { "size": size } }))
    };
    let (base, head) = (widget("v1beta1", 1), widget("v1beta1", 2));
    served(&world, &base).await;
    world.apply(&base, MANAGER).await;
    let inputs = vec![input(Some(&base), Some(&head)), input(Some(&base), None)];
    let check = async || {
        let predicted = world.predict(&environment(), inputs.clone()).await;
        world.check(&predicted)
    };
    let before = check().await;
    let mut definition = world.server.call(Method::GET, &path, None).await;
    definition["spec"]["versions"][1]["served"] = json!(false);
    world.server.call(Method::PUT, &path, Some(definition)).await;
    gone(&world, &group, "v1beta1").await;
    assert_snapshot!(format!("{before}\nthen\n{}", check().await), @r"
    Update Widget (DryRun, settled Some(true))
      spec.size: 1 → 2
    Delete Widget (Live, settled None)
    then
    Update Widget (Render, settled None)
      reason: predicted by rendering: version `v1beta1` of `Widget` (it has v1) is not in the cluster yet
    Delete Widget (Live, settled None)
    ");
}

/// Waits until the server takes objects of this version.
async fn served(world: &World, manifest: &Value) {
    let path = world.path(manifest);
    let (list, _) = path.rsplit_once('/').unwrap();
    for _ in 0..600 {
        let asked = world.server.http().get(format!("{}{list}", world.server.url()));
        let asked = asked.bearer_auth(world.server.admin_token());
        if asked.send().await.unwrap().status().is_success() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{list} is never served");
}
