//! What appliers make of a manifest before they send it.

use countersign_core::effect::Applier;
use countersign_core::object::ObjectRef;
use serde_json::json;

use super::super::marks;
use super::super::reading::Reading;
use super::*;

fn reading(apply: ApplyMode, manager: &str, group: &str) -> Reading {
    let environment = Environment { field_manager: manager.to_owned(), ..environment(apply) };
    let object = ObjectRef {
        group: group.to_owned(),
        version: "v1".to_owned(),
        kind: "Thing".to_owned(),
        namespace: "shop".to_owned(),
        name: "web".to_owned(),
    };
    Reading::of(&environment, &object)
}

fn refused(why: &str) -> Prediction {
    Prediction::Refused { why: why.to_owned(), immutable: false, words: None }
}

#[test]
fn who_asks_a_server_to_be_strict() {
    let cases = [
        (reading(ApplyMode::ServerSide, "kubectl", "apps"), Reading::Strict),
        (reading(ApplyMode::ServerSide, "argocd-controller", "apps"), Reading::Marked),
        (reading(ApplyMode::ServerSide, "kustomize-controller", "apps"), Reading::Retyped),
        (reading(ApplyMode::ServerSide, "kustomize-controller", "networking.k8s.io"), Reading::Retyped),
        (reading(ApplyMode::ServerSide, "kustomize-controller", "example.org"), Reading::Patched),
        (reading(ApplyMode::ClientSide, "kubectl-client-side-apply", ""), Reading::Patched),
        (reading(ApplyMode::ClientSide, "argocd-controller", ""), Reading::Lenient),
        (reading(ApplyMode::Helm, "helm", ""), Reading::Typed),
        (reading(ApplyMode::Helm, "helm", "example.org"), Reading::Lenient),
        (reading(ApplyMode::Replace, "argocd-controller", ""), Reading::Marked),
    ];
    for (found, wanted) in cases {
        assert_eq!(found, wanted);
    }
}

#[test]
fn a_refusal_that_an_applier_will_not_meet_is_no_refusal() {
    let unknown = "`spec.colour` is not a field of its kind";
    let missing = "`spec.ports` is required";
    let both = format!("{unknown}; {missing}");
    let wrong = "`spec.replicas` has an invalid value";
    let passes = |reading: Reading, why: &str| reading.softened(refused(why)) != refused(why);
    for (reading, wanted) in [
        (Reading::Strict, [false; 4]),
        (Reading::Marked, [false; 4]),
        (Reading::Lenient, [true, false, false, false]),
        (Reading::Typed, [true, false, false, false]),
        (Reading::Retyped, [true, true, true, false]),
    ] {
        assert_eq!([unknown, missing, &both, wrong].map(|why| passes(reading, why)), wanted, "{reading:?}");
    }
    let immutable = Prediction::Refused { why: unknown.to_owned(), immutable: true, words: None };
    assert_eq!(Reading::Lenient.softened(immutable.clone()), immutable);
}

#[test]
fn what_is_left_out_is_tried_without() {
    let manifest = json!({
        "metadata": { "labels": { "app": "" }, "annotations": {} },
        "spec": {
            "replicas": 0, "paused": false, "minReadySeconds": 0, "strategy": {}, "args": [], "note": "", "gone": null,
            "template": { "hostNetwork": false, "runAsUser": 0, "items": [{ "stdin": false, "name": "a" }, {}] },
        },
    });
    let sent = json!({
        "metadata": { "labels": { "app": "" } },
        "spec": {
            "replicas": 0, "strategy": {},
            "template": { "runAsUser": 0, "items": [{ "name": "a" }, {}] },
        },
    });
    assert_eq!(Reading::Retyped.otherwise(&manifest), Some(sent.clone()));
    assert_eq!(Reading::Retyped.otherwise(&sent), None);
    assert_eq!(Reading::Typed.otherwise(&manifest), None);
    let object = |value: Value| Prediction::Object(Box::new(value));
    let (one, other) = (object(json!({ "kind": "A", "status": 1 })), object(json!({ "kind": "A" })));
    assert_eq!(Reading::either(one, other.clone()), other);
    let differs = Reading::either(object(json!({ "kind": "B" })), other);
    assert!(matches!(differs, Prediction::Unpredictable { .. }), "{differs:?}");
}

#[test]
fn a_null_among_texts_is_an_empty_text_to_who_reads_types() {
    let bad = [
        json!({ "metadata": { "labels": { "app": null } } }),
        json!({ "data": { "a": null } }),
        json!({ "spec": { "args": ["a", null] } }),
    ];
    let good = [
        json!({ "metadata": { "labels": null, "annotations": { "a": "" } } }),
        json!({ "spec": { "replicas": null, "items": [{ "a": null }] } }),
    ];
    for reading in [Reading::Typed, Reading::Retyped] {
        assert!(bad.iter().all(|manifest| reading.obscures(manifest).is_some()));
        assert!(good.iter().all(|manifest| reading.obscures(manifest).is_none()));
    }
    assert!(bad.iter().all(|manifest| Reading::Strict.obscures(manifest).is_none()));
}

#[test]
fn metrics_that_stand_twice_are_passed_over_by_who_compares_types() {
    let scaled = |metrics: &[&str]| {
        let metrics: Vec<Value> =
            metrics.iter().map(|name| json!({ "resource": { "name": name } })).collect();
        json!({ "spec": { "metrics": metrics } })
    };
    assert!(Reading::Retyped.passes_over(&scaled(&["cpu", "memory", "cpu"])).is_some());
    assert_eq!(Reading::Retyped.passes_over(&scaled(&["cpu", "memory"])), None);
    assert_eq!(Reading::Strict.passes_over(&scaled(&["cpu", "cpu"])), None);
    assert_eq!(Reading::Retyped.passes_over(&json!({ "spec": {} })), None);
}

#[test]
fn the_marks_of_an_applier_are_no_part_of_a_change() {
    let (name, tracked) = ("kustomize.toolkit.fluxcd.io/name", "argocd.argoproj.io/tracking-id");
    let live = |manager: &str| {
        json!({ "metadata": {
            "labels": { name: "shop" }, "annotations": { tracked: "shop:x" },
            "managedFields": [{ "manager": manager, "operation": "Apply", "fieldsV1": { "f:metadata": {
                "f:labels": { format!("f:{name}"): {} }, "f:annotations": { format!("f:{tracked}"): {} },
            }}}],
        }})
    };
    let bare = json!({ "metadata": { "name": "web" } });
    let sides = Manifests { base: Some(&bare), head: Some(&bare) };
    let sent = |applier, live: &Value, sides: &Manifests<'_>| {
        marks::server_side(applier, "me", bare.clone(), live, sides)
    };
    let flux = json!({ "metadata": { "name": "web", "labels": { name: "shop" } } });
    assert_eq!(sent(Applier::Flux, &live("me"), &sides), flux);
    let argo = json!({ "metadata": { "name": "web", "annotations": { tracked: "shop:x" } } });
    assert_eq!(sent(Applier::Argo, &live("me"), &sides), argo);
    assert_eq!(sent(Applier::Other, &live("me"), &sides), bare);
    assert_eq!(sent(Applier::Flux, &live("another"), &sides), bare, "it is not its own");
    let spoken = Manifests { base: Some(&flux), head: Some(&bare) };
    assert_eq!(sent(Applier::Flux, &live("me"), &spoken), bare, "the change takes it away");
}

#[test]
fn who_sends_own_types_sends_the_metadata_of_every_template() {
    let flux = reading(ApplyMode::ServerSide, "kustomize-controller", "batch");
    let kubectl = reading(ApplyMode::ServerSide, "kubectl", "batch");
    let cron =
        json!({ "spec": { "jobTemplate": { "spec": { "template": { "metadata": null, "spec": {} } } } } });
    let sent = json!({ "spec": { "jobTemplate": {
        "metadata": {}, "spec": { "template": { "metadata": {}, "spec": {} } },
    } } });
    assert_eq!((flux.sent(&cron).into_owned(), kubectl.sent(&cron).into_owned()), (sent, cron));
    for same in
        [json!({ "spec": { "template": { "metadata": { "labels": {} } } } }), json!({ "spec": "text" })]
    {
        assert_eq!(flux.sent(&same).into_owned(), same);
    }
}
