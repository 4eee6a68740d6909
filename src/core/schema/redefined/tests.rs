#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;

fn definition(versions: Value) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": "widgets.example.org" },
        "spec": { "group": "example.org", "names": { "kind": "Widget", "plural": "widgets" }, "versions": versions },
    })
}

fn version(name: &str, stores: bool, spec: Value) -> Value {
    let spec = match spec.get("type") {
        Some(_) => spec,
        None => json!({ "type": "object", "properties": spec }),
    };
    let schema = json!({ "type": "object", "properties": { "spec": spec } });
    json!({ "name": name, "served": true, "storage": stores, "schema": { "openAPIV3Schema": schema } })
}

fn v1(spec: Value) -> Value {
    version("v1", true, spec)
}

fn live(spec: Value) -> Value {
    json!({ "apiVersion": "example.org/v1", "kind": "Widget", "metadata": { "name": "w" }, "spec": spec })
}

fn check(now: Value, next: Value, spec: Value) -> Vec<Outgrown> {
    let redefined = Redefined::of(&definition(json!([v1(now)])), &definition(json!([v1(next)])));
    redefined.map_or(Vec::new(), |redefined| redefined.outgrown("v1", &live(spec)))
}

fn invalid(why: &str) -> Vec<Outgrown> {
    vec![Outgrown::Invalid(why.to_owned())]
}

fn loses(what: &str) -> Vec<Outgrown> {
    vec![Outgrown::Loses(what.to_owned())]
}

#[test]
fn what_is_valid_and_will_not_be_is_found() {
    let size = || json!({ "size": { "type": "integer" }, "color": { "type": "string" } });
    let text = || json!({ "size": { "type": "string" }, "color": { "type": "integer" } });
    assert_eq!(check(size(), text(), json!({ "size": 9 })), invalid("`spec.size` has another type"));
    let both = check(size(), text(), json!({ "size": 9, "color": "blue" }));
    assert_eq!(both, invalid("`spec.color` has another type and 1 more"));
    let needs = json!({ "type": "object", "properties": size(), "required": ["color"] });
    assert_eq!(check(size(), needs.clone(), json!({ "size": 9 })), invalid("`spec.color` is missing"));
    assert_eq!(check(size(), needs, json!({ "color": "red" })), []);
    // A field that the definition forgets is lost, and what was wrong before stays as it was.
    let forgets = || json!({ "color": { "type": "string" } });
    assert_eq!(check(size(), forgets(), json!({ "size": 9 })), loses("`spec.size`"));
    assert_eq!(
        check(size(), json!({ "size": { "type": "integer", "maximum": 5 } }), json!({ "size": "9" })),
        []
    );
}

#[test]
fn whoever_chooses_the_schema_reads_no_values_by_it() {
    let text = |rest: Value| {
        let mut token = json!({ "type": "string" });
        token.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        json!({ "token": token, "size": { "type": "integer" } })
    };
    let object = || json!({ "token": "hunter2", "size": 7 });
    for rule in [
        json!({ "pattern": "^g" }),
        json!({ "enum": ["hunter3"] }),
        json!({ "minLength": 8 }),
        json!({ "maxLength": 6 }),
        json!({ "format": "date" }),
        json!({ "not": { "pattern": "^h" } }),
        json!({ "allOf": [{ "pattern": "^g" }] }),
    ] {
        assert_eq!(check(text(json!({})), text(rule.clone()), object()), [Outgrown::InvalidValue], "{rule}");
    }
    // Nor does a branch tell that another does not fit.
    let chosen = json!({
        "type": "object", "properties": text(json!({})),
        "anyOf": [{ "properties": { "token": { "pattern": "^g" } } }, { "required": ["bait"] }],
    });
    assert_eq!(check(text(json!({})), chosen, object()), [Outgrown::InvalidValue]);
    // What tells the items of a list apart is a value too, and keys are what somebody made up.
    let items = |kind: &str| {
        let item = json!({ "type": "object", "properties": { "name": { "type": "string" }, "size": { "type": kind } } });
        json!({ "list": { "type": "array", "items": item.clone() }, "map": { "type": "object", "additionalProperties": item } })
    };
    for (spec, path) in [
        (json!({ "list": [{ "name": "hunter2", "size": 1 }] }), "spec.list[].size"),
        (json!({ "map": { "hunter2": { "size": 1 } } }), "spec.map.*.size"),
    ] {
        let why = format!("`{path}` has another type");
        assert_eq!(check(items("integer"), items("string"), spec), invalid(&why));
    }
}

#[test]
fn a_version_that_goes_takes_those_along_who_write_in_it() {
    let version =
        |name: &str, served: bool| json!({ "name": name, "served": served, "storage": name == "v1" });
    let now = definition(json!([version("v1", true), version("v1beta1", true)]));
    let written = |version: &str, part: Option<&str>| {
        let mut entry = json!({ "manager": "kubectl", "apiVersion": format!("example.org/{version}") });
        if let Some(part) = part {
            entry["subresource"] = json!(part);
        }
        json!({ "kind": "Widget", "metadata": { "managedFields": [entry] } })
    };
    for versions in [json!([version("v1", true), version("v1beta1", false)]), json!([version("v1", true)])] {
        let redefined = Redefined::of(&now, &definition(versions)).unwrap();
        assert_eq!(redefined.versions().into_iter().collect::<Vec<_>>(), ["v1beta1"]);
        assert_eq!(redefined.kind(), ("example.org", "Widget"));
        let old = written("v1beta1", None);
        assert_eq!(redefined.outgrown("v1beta1", &old), [Outgrown::Unserved("v1beta1".to_owned())]);
        for kept in [written("v1", None), written("v1beta1", Some("status"))] {
            assert_eq!(redefined.outgrown("v1beta1", &kept), []);
        }
    }
    assert!(Redefined::of(&now, &now).is_none());
}

#[test]
fn what_is_stored_in_another_version_loses_what_that_one_does_not_have() {
    let full = || json!({ "size": { "type": "integer" }, "token": { "type": "string", "pattern": "^h" } });
    let less = || json!({ "size": { "type": "integer" } });
    let now = definition(json!([v1(full())]));
    let moved = |spec: Value| definition(json!([version("v1", false, full()), version("v2", true, spec)]));
    let object = || live(json!({ "size": 1, "token": "hunter2" }));
    let redefined = Redefined::of(&now, &moved(less())).unwrap();
    assert_eq!(redefined.versions().into_iter().collect::<Vec<_>>(), ["v1"]);
    let lost = loses("`spec.token`, when it is next stored, as `v2`");
    assert_eq!(redefined.outgrown("v1", &object()), lost);
    assert_eq!(redefined.outgrown("v1", &live(json!({ "size": 1 }))), []);
    // What is stored need not be valid there, and another version that is like the first keeps all.
    assert!(
        Redefined::of(&now, &moved(json!({ "size": { "type": "integer" }, "token": { "type": "string" } })))
            .is_none()
    );
    // A version in which nobody writes any more stores all the same.
    let unserved = |spec: Value| {
        let mut stores = version("v2", true, spec);
        stores["served"] = json!(false);
        definition(json!([version("v1", false, full()), stores]))
    };
    let redefined = Redefined::of(&unserved(full()), &unserved(less())).unwrap();
    assert_eq!(redefined.outgrown("v1", &object()), lost);
    // What a webhook makes of them it alone knows.
    for spec in [full(), less()] {
        let mut by_webhook = moved(spec);
        by_webhook["spec"]["conversion"] = json!({ "strategy": "Webhook" });
        let why = "a webhook converts them to `v2`, in which they will be stored".to_owned();
        let redefined = Redefined::of(&now, &by_webhook).unwrap();
        assert_eq!(redefined.outgrown("v1", &object()), [Outgrown::Untold(why)]);
    }
}

#[test]
fn only_what_an_object_must_be_counts() {
    let words = |words: &str| json!({ "size": { "type": "integer", "description": words } });
    let of = |now: Value, next: Value| {
        Redefined::of(&definition(json!([v1(now)])), &definition(json!([v1(next)])))
    };
    assert!(of(words("small"), words("large")).is_none());
    let rule =
        |rule: &str| json!({ "size": { "type": "integer", "x-kubernetes-validations": [{ "rule": rule }] } });
    assert!(of(rule("self > 1"), rule("self > 2")).unwrap().changes_rules());
    assert!(!of(words(""), json!({ "size": { "type": "number" } })).unwrap().changes_rules());
    // A field of that name is no word for people.
    let field = |kind: &str| json!({ "description": { "type": kind } });
    assert!(of(field("string"), field("integer")).is_some());
}

#[test]
fn what_is_stored_cannot_be_forgotten() {
    let mut now = definition(json!([v1(json!({}))]));
    now["status"] = json!({ "storedVersions": ["v1alpha1", "v1"] });
    assert_eq!(stored_and_gone(&now, &definition(json!([v1(json!({}))]))), ["v1alpha1"]);
    assert!(stored_and_gone(&definition(json!([])), &definition(json!([]))).is_empty());
}
