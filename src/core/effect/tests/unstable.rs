//! Units whose renders differ: what shows, what does not, and what is dangerous all the same.

use insta::assert_snapshot;

use super::{production, read, told};
use crate::diff::unified;
use crate::effect::{Effect, Renders, compare_unstable};
use crate::object::ObjectRef;
use crate::revision::Diff;

/// Each side with the manifests of its two renders; an empty second text is no second render.
fn unstable(base: [&str; 2], head: [&str; 2]) -> (Vec<Effect>, Vec<ObjectRef>) {
    let side = |[first, again]: [&str; 2]| Renders {
        objects: read(first),
        again: (!again.is_empty()).then(|| read(again)),
    };
    let mut sides = Diff { base: side(base), head: side(head) };
    let found = compare_unstable(&production(), &mut sides);
    for object in sides.base.objects.iter().chain(&sides.head.objects) {
        let marked = object.body.text().contains(r#"{"$sealed":"unstable"}"#);
        assert!(!marked || object.sealed, "what holds a mark is never sent to a cluster");
    }
    found
}

fn text(effect: &Effect) -> String {
    unified(effect.before.as_ref(), effect.after.as_ref())
}

fn config(random: &str, other: &str) -> String {
    format!("{{apiVersion: v1, kind: ConfigMap, metadata: {{name: a}}, data: {{id: {random}, k: {other}}}}}")
}

fn secret(password: &str, user: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Secret, metadata: {{name: a}}, stringData: {{password: {password}, user: {user}}}}}"
    )
}

// 35. A chart using randAlphaNum/genCA is rendered twice and the unstable fields marked.
#[test]
fn a_field_that_differs_at_each_render_shows_as_that() {
    let (effects, renamed) =
        unstable([&config("r1", "v"), &config("r2", "v")], [&config("r3", "w"), &config("r4", "w")]);
    assert_snapshot!(told(&effects), @"update ConfigMap shop/a | fields: data.k");
    assert_snapshot!(text(&effects[0]), @r"
    @@ -5,4 +5,4 @@
       namespace: shop
     data:
       id: ‹unstable›
    -  k: v
    +  k: w
    ");
    assert_eq!(renamed, []);
}

#[test]
fn what_only_differs_by_itself_is_told_as_that() {
    let (effects, _) =
        unstable([&config("r1", "v"), &config("r2", "v")], [&config("r3", "v"), &config("r4", "v")]);
    assert_snapshot!(told(&effects), @"update ConfigMap shop/a | each sync changes it: `data.id` differs at each render");
    let (effects, _) =
        unstable([&secret("r1", "u"), &secret("r2", "u")], [&secret("r3", "u"), &secret("r4", "u")]);
    assert_snapshot!(told(&effects), @"update Secret shop/a | risks: secret | each sync changes it: `data.password` differs at each render");
}

#[test]
fn a_field_that_becomes_random_is_a_change() {
    let (effects, _) = unstable([&config("fixed", "v"), ""], [&config("r3", "v"), &config("r4", "v")]);
    let change = &effects[0].changes[0];
    assert_eq!((change.path.as_str(), change.masked), ("data.id", false));
    assert_eq!(change.before, Some("fixed".into()));
    assert_eq!(change.after, Some("‹unstable›".into()));
    assert_snapshot!(text(&effects[0]), @r"
    @@ -4,5 +4,5 @@
       name: a
       namespace: shop
     data:
    -  id: fixed
    +  id: ‹unstable›
       k: v
    ");
    let (effects, _) = unstable([&secret("fixed", "u"), ""], [&secret("r3", "u"), &secret("r4", "u")]);
    assert!(effects[0].changes.iter().all(|change| change.masked && change.before.is_none()));
    assert_snapshot!(text(&effects[0]), @r"
    @@ -4,5 +4,5 @@
       name: a
       namespace: shop
     data:
    -  password: ‹sealed›
    +  password: ‹unstable›
       user: ‹sealed›
    ");
}

#[test]
fn what_one_render_has_and_the_other_has_not_is_unstable() {
    let pod = |rest: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {{containers: [{{name: c, image: x}}{rest}]}}}}"
        )
    };
    let (effects, _) = unstable([&pod(""), ""], [&pod(", {name: d, image: y}"), &pod("")]);
    assert_snapshot!(text(&effects[0]), @r"
    @@ -4,6 +4,4 @@
       name: a
       namespace: shop
     spec:
    -  containers:
    -  - name: c
    -    image: x
    +  containers: ‹unstable›
    ");
}

#[test]
fn a_mark_hides_no_danger() {
    let pod = |privileged: bool| {
        format!(
            "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: a}}, spec: {{template: {{spec: {{containers: [{{name: c, image: x, securityContext: {{privileged: {privileged}}}}}]}}}}}}}}"
        )
    };
    let plain = pod(false);
    let of = |head: [bool; 2]| told(&unstable([&plain, ""], [&pod(head[0]), &pod(head[1])]).0);
    assert_snapshot!(of([true, false]), @"update Deployment shop/a | risks: privilege | fields: spec.template.spec.containers[name=c].securityContext.privileged");
    assert_eq!(of([true, false]), of([false, true]));
}

// Unstable names are a finding; the objects are new at each sync and never deleted and created.
#[test]
fn a_name_that_differs_at_each_render_is_named() {
    let job = |hash: &str, image: &str| {
        format!(
            "{{apiVersion: batch/v1, kind: Job, metadata: {{name: migrate-{hash}}}, spec: {{template: {{spec: {{containers: [{{name: c, image: '{image}'}}]}}}}}}}}"
        )
    };
    let (effects, renamed) =
        unstable([&job("a1", "x:1"), &job("b2", "x:1")], [&job("c3", "x:2"), &job("d4", "x:2")]);
    assert_snapshot!(told(&effects), @"create Job shop/migrate-* | risks: image | fields: spec.template.spec.containers[name=c].image | a new object at each sync, since its name is generated");
    let names: Vec<String> = renamed.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["Job shop/migrate-*"]);
}

#[test]
fn a_mark_cannot_be_forged() {
    let forged =
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {id: {$sealed: unstable}, k: v}}";
    let (effects, _) = unstable([&config("x", "v"), ""], [forged, forged]);
    assert!(effects[0].changes[0].masked);
    assert!(!text(&effects[0]).contains("unstable"), "{}", text(&effects[0]));
}
