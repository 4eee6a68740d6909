//! What stands beside a change, and is looked at by checks of what the change touches.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{effect, environment, library, lines_in};
use crate::config::{CelCheck, Judge, Policy, parse};
use crate::evaluation::{Inventory, InventoryObject};
use crate::policy::inventory_wanted;

fn namespace(tier: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "shop", "labels": { "tier": tier } } })
}

#[test]
fn a_change_is_judged_in_its_namespace_as_it_was_and_as_it_will_be() {
    let judged = |before: &str, after: &str| {
        let web = json!({ "kind": "ConfigMap", "metadata": { "name": "web", "namespace": "shop" } });
        let around = effect("/Namespace /shop", Some(namespace(before)), Some(namespace(after)));
        let changed = environment("production", vec![around, effect("/ConfigMap shop/web", None, Some(web))]);
        let expression =
            "object.kind != 'ConfigMap' || namespaceObject.metadata.labels.tier == 'gold'".to_owned();
        let check = CelCheck { expression, parameters: None, message: "gold alone".to_owned(), path: None };
        lines_in(Judge::Cel(check), &[], changed)
    };
    assert_snapshot!(judged("gold", "gold"), @"");
    assert_snapshot!(judged("lead", "gold"), @"error: gold alone");
    assert_snapshot!(judged("gold", "lead"), @"error: gold alone");
}

#[test]
fn a_namespace_that_the_change_does_not_touch_is_looked_up_in_its_environment() {
    let judged = |touched: Option<Value>, beside: Option<&[Value]>| {
        let web = json!({ "kind": "ConfigMap", "metadata": { "name": "web", "namespace": "shop" } });
        let mut effects = vec![effect("/ConfigMap shop/web", None, Some(web))];
        effects.extend(touched.map(|after| effect("/Namespace /shop", None, Some(after))));
        let mut production = environment("production", effects);
        let known = |body: &Value| {
            let object = effect("/Namespace /shop", None, None).object;
            InventoryObject { object, body: body.into() }
        };
        production.inventory =
            beside.map(|all| Inventory { objects: all.iter().map(known).collect(), unknown: Vec::new() });
        let expression =
            "object.kind != 'ConfigMap' || namespaceObject.metadata.labels.tier == 'gold'".to_owned();
        let check = CelCheck { expression, parameters: None, message: "gold alone".to_owned(), path: None };
        lines_in(Judge::Cel(check), &[], production)
    };
    assert_snapshot!(judged(None, None), @"error: check `c` could not judge ConfigMap shop/web: `namespaceObject`: not evaluated, since this change does not touch the Namespace (errored)");
    assert_snapshot!(judged(None, Some(&[])), @"error: check `c` could not judge ConfigMap shop/web: `namespaceObject`: not evaluated, since the environment does not have the Namespace (errored)");
    assert_snapshot!(judged(None, Some(&[namespace("gold")])), @"");
    assert_snapshot!(judged(None, Some(&[namespace("lead")])), @"error: gold alone");
    assert_snapshot!(judged(Some(namespace("lead")), Some(&[])), @"error: gold alone");
}

#[test]
fn who_looks_at_namespaces_asks_for_them() {
    let wanted = |check: &str, file: &str| {
        let text = format!(
            "version = 1\n[environment.production]\nsource = {{ yaml = \"p\" }}\n[[check]]\nname = \"c\"\n{check}\n"
        );
        let policy: Policy = parse(&text, ".countersign.toml").unwrap();
        let wanted = inventory_wanted(&policy, &library(&[("p.yaml", file)]));
        let takes = |object: &str| wanted.takes("production", &effect(object, None, None).object);
        (takes("/Namespace /shop"), takes("/Pod shop/web"))
    };
    assert_eq!(wanted("cel = \"namespaceObject == null || object.kind == 'Pod'\"", ""), (true, false));
    assert_eq!(wanted("cel = \"object.kind == 'Pod'\"", ""), (false, false));
    assert_eq!(
        wanted("admission = \"p.yaml\"", "spec: {matchConstraints: {namespaceSelector: {}}}"),
        (true, false)
    );
    assert_eq!(wanted("gatekeeper = \"p.yaml\"", "spec: {match: {namespaceSelector: {}}}"), (true, false));
    assert_eq!(wanted("gatekeeper = \"p.yaml\"", "spec: {match: {}}"), (false, false));
}
