//! Quotas that have room for each object of a change, and not for all. No controller counts in this server, so tests do.

use super::faults::between::{Between, Fault};
use super::*;

async fn quota(world: &World, hard: Value, used: Value) {
    let quota = world.object("v1", "ResourceQuota", "few", json!({ "spec": { "hard": hard } }));
    world.make(&quota).await;
    world.status(&quota, json!({ "hard": hard, "used": used })).await;
}

fn map(world: &World, name: &str) -> Value {
    world.object("v1", "ConfigMap", name, json!({ "data": { "a": "1" } }))
}

#[tokio::test]
async fn the_second_of_two_that_each_pass_alone_is_not_settled() {
    let Some(world) = World::new().await else { return };
    quota(
        &world,
        json!({ "configmaps": "3", "count/services": "3" }),
        json!({ "configmaps": "2", "count/services": "0" }),
    )
    .await;
    let [one, other] = ["one", "other"].map(|name| map(&world, name));
    let service =
        |name: &str| world.object("v1", "Service", name, json!({ "spec": { "ports": [{ "port": 80 }] } }));
    let all = [&one, &other, &service("a"), &service("b")].map(|head| input(None, Some(head))).to_vec();
    let between = Between::start(world.server, |_| Fault::None).await;
    let cluster = connect(&between.kubeconfig(world.server, world.server.admin_token())).await;
    let lists = || between.asked(|path| path.contains("resourcequotas"));
    let alone = predict(&cluster, &environment(), vec![all[0].clone(), all[2].clone()]).await;
    assert!(alone.effects.iter().all(|effect| effect.settled == Some(true)), "{}", world.check(&alone));
    assert_eq!(lists(), 0);
    let predicted = predict(&cluster, &environment(), all).await;
    assert_eq!(lists(), 1);
    assert_snapshot!(world.check(&predicted), @r#"
    Create ConfigMap (DryRun, settled Some(false))
      reason: unsettled: the quota `few` has no room for all 2 that the change makes (`configmaps`)
    Create ConfigMap (DryRun, settled Some(false))
      reason: unsettled: the quota `few` has no room for all 2 that the change makes (`configmaps`)
    Create Service (DryRun, settled Some(true))
      : null → {"apiVersion":"v1","kind":"Service","metadata":{"name":"a","namespace":"NS"},"spec":{"ports":[{"port":80}]}}
    Create Service (DryRun, settled Some(true))
      : null → {"apiVersion":"v1","kind":"Service","metadata":{"name":"b","namespace":"NS"},"spec":{"ports":[{"port":80}]}}
    "#);
    // As the server has it: the first, counted as a controller would, leaves no room for the other.
    world.apply(&one, MANAGER).await;
    let few = world.object("v1", "ResourceQuota", "few", json!({}));
    world.status(&few, json!({ "used": { "configmaps": "3" } })).await;
    let mut said = String::new();
    for _ in 0..200 {
        let predicted = world.predict(&environment(), vec![input(None, Some(&other))]).await;
        said = world.check(&predicted);
        if predicted.effects[0].operation == Operation::Fail {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_snapshot!(said, @r"
    Fail ConfigMap (DryRun, settled Some(false))
      reason: the cluster refuses it: it exceeds the quota `few`: `configmaps`
    ");
}

#[tokio::test]
async fn claims_and_custom_kinds_are_counted_under_their_own_names() {
    let Some(world) = World::new().await else { return };
    let group = super::client_side::widgets(&world).await;
    let count = format!("count/widgets.{group}");
    let hard = json!({ &count: "1", "requests.storage": "10Gi" });
    quota(&world, hard, json!({ &count: "0", "requests.storage": "5Gi" })).await;
    let widget =
        |name: &str| world.object(&format!("{group}/v1"), "Widget", name, json!({ "spec": { "size": 1 } }));
    let claim = |name: &str, size: &str| {
        let spec =
            json!({ "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": size } } });
        world.object("v1", "PersistentVolumeClaim", name, json!({ "spec": spec }))
    };
    let check = async |heads: [Value; 2]| {
        let inputs = heads.iter().map(|head| input(None, Some(head))).collect();
        let predicted = world.predict(&environment(), inputs).await;
        let reasons = predicted.effects.iter().map(|effect| effect.reason.clone().unwrap_or_default());
        reasons.collect::<Vec<_>>().join("\n").replace(&world.namespace, "NS")
    };
    assert_snapshot!(check([widget("a"), widget("b")]).await, @r"
    unsettled: the quota `few` has no room for all 2 that the change makes (`count/widgets.NS.example.org`)
    unsettled: the quota `few` has no room for all 2 that the change makes (`count/widgets.NS.example.org`)
    ");
    assert_snapshot!(check([claim("a", "3Gi"), claim("b", "3Gi")]).await, @r"
    unsettled: the quota `few` has no room for all 2 that the change makes (`requests.storage`)
    unsettled: the quota `few` has no room for all 2 that the change makes (`requests.storage`)
    ");
    assert_eq!(check([claim("a", "3Gi"), claim("b", "2Gi")]).await, "\n");
}

#[tokio::test]
async fn quotas_that_may_not_be_read_leave_it_open() {
    let Some(world) = World::new().await else { return };
    let account = world.server.token_for(&world.namespace, "bot").await;
    let verbs = json!(["get", "list", "create", "patch"]);
    let rules = json!([{ "apiGroups": [""], "resources": ["configmaps"], "verbs": verbs }]);
    world.server.allow(&account, rules).await;
    let cluster = connect(&world.server.kubeconfig_for(&world.namespace, &account.token)).await;
    let inputs = ["one", "other"].map(|name| input(None, Some(&map(&world, name)))).to_vec();
    let predicted = predict(&cluster, &environment(), inputs).await;
    assert_snapshot!(world.check(&predicted), @r"
    Create ConfigMap (DryRun, settled Some(false))
      reason: unsettled: whether quotas have room for all that the change makes here cannot be told: the cluster refused to tell (get resourcequotas): the account may not list `resourcequotas` in namespace `NS`
    Create ConfigMap (DryRun, settled Some(false))
      reason: unsettled: whether quotas have room for all that the change makes here cannot be told: the cluster refused to tell (get resourcequotas): the account may not list `resourcequotas` in namespace `NS`
    ");
}
