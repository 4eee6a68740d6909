//! What only passes one by one is not settled.

use std::collections::HashMap;

use serde_json::json;

use super::super::judge::Judged;
use super::super::quotas::hold;
use super::*;
use countersign_core::object::Body;

/// An effect that is settled: kind and how that is counted, manifests at base and head.
type Case = (&'static str, &'static str, Option<Value>, Value);

fn judged(name: usize, (kind, _, before, after): &Case) -> (usize, Judged) {
    let PredictInput { effect, .. } = input("", kind, Manifest::Absent, map(json!({})));
    let operation = if before.is_some() { Operation::Update } else { Operation::Create };
    let object = ObjectRef { name: format!("o-{name}"), ..effect.object };
    let (before, after) = (before.as_ref().map(Body::from), Some(Body::from(after)));
    (name, Judged::as_rendered(Effect { object, operation, before, after, settled: Some(true), ..effect }))
}

/// What is said of each under a quota with this `hard` and `used`.
async fn said(hard: Value, used: Value, scopes: Option<&str>, cases: &[Case]) -> Vec<Option<String>> {
    let mut judged: Vec<_> = cases.iter().enumerate().map(|(name, case)| judged(name, case)).collect();
    let counted: HashMap<ObjectRef, String> = judged
        .iter()
        .zip(cases)
        .map(|((_, one), (_, counted, ..))| (one.effect.object.clone(), (*counted).to_owned()))
        .collect();
    let mut quota = json!({ "metadata": { "name": "q" }, "status": { "hard": hard, "used": used } });
    if let Some(scope) = scopes {
        quota["spec"] = json!({ "scopes": [scope] });
    }
    let script = Script::default();
    *script.quotas.lock().unwrap() = Some(Ok(Quotas { all: vec![quota], counted }));
    hold(&script, &mut judged).await;
    let reasons = judged.into_iter().map(|(_, one)| {
        assert_eq!(one.effect.settled, Some(one.effect.reason.is_none()));
        one.effect.reason
    });
    reasons.collect()
}

fn made(kind: &'static str, counted: &'static str, spec: Value) -> Case {
    (kind, counted, None, json!({ "spec": spec }))
}

fn no_room(number: usize, resource: &str) -> String {
    format!("unsettled: the quota `q` has no room for all {number} that the change makes (`{resource}`)")
}

fn untold(resource: &str) -> String {
    format!(
        "unsettled: whether the quota `q` has room for all that the change makes cannot be told (`{resource}`)"
    )
}

#[tokio::test]
async fn objects_are_counted_together() {
    let two = [made("ConfigMap", "configmaps", json!({})), made("ConfigMap", "configmaps", json!({}))];
    for key in ["configmaps", "count/configmaps"] {
        let check = async |used: &str, want: Option<String>| {
            let said = said(json!({ key: "3" }), json!({ key: used }), None, &two).await;
            assert_eq!(said, [want.clone(), want]);
        };
        check("1", None).await;
        check("2", Some(no_room(2, key))).await;
        check("5", Some(no_room(2, key))).await;
        check("what", Some(untold(key))).await;
        // Config maps are in no scope.
        let scoped = said(json!({ key: "3" }), json!({ key: "3" }), Some("BestEffort"), &two).await;
        assert_eq!(scoped, [None, None]);
    }
    let widgets =
        [made("Widget", "things.example.org", json!({})), made("Widget", "things.example.org", json!({}))];
    let hard =
        json!({ "count/things.example.org": "1", "count/widgets.example.org": "1", "configmaps": "0" });
    let said = said(hard.clone(), hard, None, &widgets).await;
    assert_eq!(said[0], Some(no_room(2, "count/things.example.org")));
}

#[tokio::test]
async fn what_services_and_claims_take_more_is_added_up() {
    let ports = json!([{ "port": 80 }, { "port": 81 }]);
    let balancer = |nodes: bool| {
        let spec = json!({ "type": "LoadBalancer", "ports": ports, "allocateLoadBalancerNodePorts": nodes });
        made("Service", "services", spec)
    };
    let plain = made("Service", "services", json!({ "ports": ports }));
    let cases = [balancer(true), balancer(false), plain];
    let hard = json!({ "services.loadbalancers": "2", "services.nodeports": "1" });
    let used = json!({ "services.loadbalancers": "1", "services.nodeports": "0" });
    let why = Some(no_room(2, "services.loadbalancers"));
    assert_eq!(said(hard, used, None, &cases).await, [why.clone(), why, None]);

    let claim = |size: &str| json!({ "spec": { "storageClassName": "slow", "resources": { "requests": { "storage": size } } } });
    let grows = ("PersistentVolumeClaim", "persistentvolumeclaims", Some(claim("1Gi")), claim("3Gi"));
    let new = ("PersistentVolumeClaim", "persistentvolumeclaims", None, claim("1024Mi"));
    let of_class = "slow.storageclass.storage.k8s.io/requests.storage";
    let other = "fast.storageclass.storage.k8s.io/requests.storage";
    for (hard, want) in [
        (json!({ "requests.storage": "8Gi" }), None),
        (json!({ "requests.storage": "7Gi" }), Some(no_room(2, "requests.storage"))),
        (json!({ of_class: "7Gi" }), Some(no_room(2, of_class))),
        (json!({ other: "5Gi", "persistentvolumeclaims": "6" }), None),
    ] {
        let used: Value = hard.as_object().unwrap().keys().map(|key| (key.clone(), json!("5Gi"))).collect();
        let said = said(hard.clone(), used, None, &[grows.clone(), new.clone()]).await;
        assert_eq!(said, [want.clone(), want], "{hard}");
    }
}

#[tokio::test]
async fn what_pods_take_cannot_be_told() {
    let two = [made("Pod", "pods", json!({})), made("Pod", "pods", json!({}))];
    let said_of =
        async |key: &str, scopes| said(json!({ key: "9" }), json!({ key: "1" }), scopes, &two).await;
    let why = Some(untold("limits.cpu"));
    assert_eq!(said_of("limits.cpu", None).await, [why.clone(), why]);
    assert_eq!(said_of("pods", None).await, [None, None]);
    let why = Some(untold("pods"));
    assert_eq!(said_of("pods", Some("BestEffort")).await, [why.clone(), why]);
}

#[tokio::test]
async fn quotas_are_read_only_where_several_of_a_kind_are_made() {
    let script = Script::default();
    let mut alone = vec![
        judged(0, &made("ConfigMap", "configmaps", json!({}))),
        judged(1, &made("Service", "services", json!({}))),
    ];
    hold(&script, &mut alone).await;
    assert_eq!(script.asked.lock().unwrap().len(), 0);
    alone.push(judged(2, &made("Service", "services", json!({}))));
    let denied =
        ClusterError::Forbidden { verb: "get", resource: "resourcequotas".to_owned(), why: "no".to_owned() };
    *script.quotas.lock().unwrap() = Some(Err(denied));
    hold(&script, &mut alone).await;
    assert_eq!(script.asked.lock().unwrap().as_slice(), ["quotas of shop"]);
    let why = "unsettled: whether quotas have room for all that the change makes here cannot be told: the cluster refused to tell (get resourcequotas): no";
    let reasons = alone.iter().map(|(_, one)| one.effect.reason.as_deref()).collect::<Vec<_>>();
    assert_eq!(reasons, [None, Some(why), Some(why)]);
}
