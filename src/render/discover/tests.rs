use std::collections::{BTreeMap, BTreeSet};

use countersign_core::environment::{Environment, EnvironmentSource};

use super::{Found, environment_of, looks_like_an_object, tops, unite};

#[test]
fn names_environments_by_their_paths() {
    let check = |path: &str, want: &str| assert_eq!(environment_of(path), want, "{path}");
    check("apps/web/overlays/production", "production");
    check("overlays/eu-1", "eu-1");
    check("clusters/eu/prod/web", "prod");
    check("deploy", "default");
    check("", "default");
    check("overlays", "default");
}

#[test]
fn knows_an_object_when_it_sees_one() {
    let check = |text: &str, want: bool| assert_eq!(looks_like_an_object(text), want, "{text}");
    check("# x\napiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n", true);
    check("\u{feff}--- \nkind : Pod\n\"apiVersion\": v1\nmetadata: {name: a}\r\n", true);
    check("apiVersion: v1\nkind: List\nitems: []\n", true);
    check("{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"Pod\", \"metadata\": {}\n}", true);
    check("{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[]}", true);
    check("spec:\n  apiVersion: v1\n  kind: x\n  metadata: {}\n", false);
    check("image: x\n", false);
    // Configurations of tools.
    check("apiVersion: 0.1.0\nkind: ksonnet.io/app\nname: a\n", false);
    check("{\"apiVersion\": \"v1\", \"kind\": \"Config\", \"clusters\": []}", false);
}

/// `a: b c` says that `a` includes both; a star marks a component.
#[track_caller]
fn roots(folders: &[&str], want: &[&str]) {
    let mut includes = BTreeMap::new();
    let mut components = BTreeSet::new();
    for folder in folders {
        let (name, included) = folder.split_once(':').unwrap();
        let bare = name.trim_end_matches('*');
        if bare != name {
            components.insert(bare);
        }
        includes.insert(bare, included.split_whitespace().map(str::to_owned).collect());
    }
    assert_eq!(tops(&includes, &components), want, "{folders:?}");
}

#[test]
fn roots_are_what_nothing_includes() {
    roots(&["base:", "over: base", "top: over"], &["top"]);
    roots(&["base:", "part*: base", "over: part"], &["over"]);
    // A component that nobody uses hides nothing.
    roots(&["base:", "part*: base"], &["base"]);
    // A circle is entered somewhere, so that somebody says it is one.
    roots(&["a: b", "b: a"], &["a"]);
    roots(&["a: b", "b: a", "over: b"], &["over"]);
    roots(&["over: gone"], &["over"]);
}

/// Environments as they are found when these sources are, in this order.
fn found(sources: &[(&str, EnvironmentSource)]) -> Vec<Environment> {
    let mut found = Found::default();
    sources.iter().for_each(|(name, source)| found.add(name, source.clone()));
    found.0.into_values().collect()
}

fn yaml(files: &[&str]) -> EnvironmentSource {
    EnvironmentSource::Yaml(files.iter().map(|file| (*file).to_owned()).collect())
}

fn kustomize(roots: &[&str]) -> EnvironmentSource {
    EnvironmentSource::Kustomize(roots.iter().map(|root| (*root).to_owned()).collect())
}

fn chart(chart: &str, values: &[&str]) -> EnvironmentSource {
    let values = values.iter().map(|file| (*file).to_owned()).collect();
    EnvironmentSource::Helm { chart: chart.to_owned(), values, release: None, namespace: None }
}

#[track_caller]
fn united(
    base: &[(&str, EnvironmentSource)],
    head: &[(&str, EnvironmentSource)],
    want: &[(&str, EnvironmentSource)],
) {
    let all = unite(found(base), found(head));
    let all: Vec<_> = all.into_iter().map(|found| (found.name, found.source)).collect();
    let want: Vec<_> = want.iter().map(|(name, source)| ((*name).to_owned(), source.clone())).collect();
    assert_eq!(all, want);
}

#[test]
fn nothing_that_goes_is_lost_because_something_else_takes_its_name() {
    // The paths of both sides.
    united(
        &[("default", yaml(&["a", "b"]))],
        &[("default", yaml(&["b", "c"]))],
        &[("default", yaml(&["a", "b", "c"]))],
    );
    // What was the only kind of its name is one of two now, or was.
    united(
        &[("default", yaml(&["a"]))],
        &[("default", kustomize(&["k"])), ("default", yaml(&["a"]))],
        &[("default", kustomize(&["k"])), ("default-yaml", yaml(&["a"]))],
    );
    united(
        &[("default", kustomize(&["k"])), ("default", yaml(&["a"]))],
        &[("default", yaml(&["a"]))],
        &[("default", yaml(&["a"])), ("default-kustomize", kustomize(&["k"]))],
    );
    // The first of two charts goes, and the second has its name.
    let (one, two) = (chart("one", &["one/values-prod.yaml"]), chart("two", &["two/values-prod.yaml"]));
    united(
        &[("prod", one.clone()), ("prod", two.clone())],
        &[("prod", two.clone())],
        &[("prod", two.clone()), ("prod-one", one.clone())],
    );
    united(
        &[("prod", two.clone())],
        &[("prod", one.clone()), ("prod", two.clone())],
        &[("prod", one), ("prod-two", two)],
    );
    // A chart stays itself when values are put below its own.
    let layered = chart("one", &["one/values-all.yaml", "one/values-prod.yaml"]);
    united(
        &[("prod", chart("one", &["one/values-prod.yaml"]))],
        &[("prod", layered.clone())],
        &[("prod", layered)],
    );
}
