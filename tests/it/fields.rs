//! Findings at the line of the field that is wrong: in manifests as they are, in what a real kustomize makes of them and
//! alters, in templates of Helm, and in what only a render has.

use serde_json::{Value, json};

use crate::places::{committed, has_tools, review};
use crate::reports::{assert_valid, schema};

const POLICY: &str = r#"version = 1

[environment.plain]
source = { yaml = "plain/*" }

[environment.overlays]
source = { kustomize = "overlays/*" }

[environment.charts]
source = { helm = "charts/shop", release = "charts", namespace = "shop" }

[[check]]
name = "schemas"
schema = "builtin"
severity = "warning"

[[check]]
name = "pack"
use = ["images/latest", "good-practice/limits"]

[[check]]
name = "cel"
cel = "object.kind != 'Deployment' || !has(object.spec.replicas) || object.spec.replicas > 1"
path = "spec.replicas"

[[check]]
name = "rego"
rego = "policies"

[[check]]
name = "whole"
cel = "!has(object.metadata.labels) || object.metadata.labels.whole != 'x'"
message = "it is marked"
"#;

const RULES: &str = r#"package main
import rego.v1
deny contains {"msg": "a debug key", "path": ["data", key]} if {
  some key, _ in input.data
  startswith(key, "debug")
}
"#;

/// What is found: the check or rule, the object, the field, and where.
fn told(report: &Value) -> Vec<String> {
    let mut all: Vec<String> = report["findings"].as_array().unwrap().iter().map(one).collect();
    all.sort();
    all
}

fn one(finding: &Value) -> String {
    let text = |field: &str| finding[field].as_str().unwrap_or("-").to_owned();
    let rule = finding["rule"].as_str().map_or_else(|| text("check"), str::to_owned);
    let place = match finding["text"].as_str() {
        Some("source") => text("file"),
        _ => format!("rendered {}", text("unit")),
    };
    let number = |field: &str| finding[field].as_u64().map_or("-".to_owned(), |number| number.to_string());
    let name = finding["object"]["name"].as_str().unwrap();
    format!("{rule} {name} {} {place}:{}:{}", text("path"), number("line"), number("column"))
}

/// What a change finds that brings these files.
fn found(files: &[(&str, &str)]) -> Vec<String> {
    let folder = committed(&[(".countersign.toml", POLICY), ("policies/rules.rego", RULES)], files);
    let report: Value = serde_json::from_str(&review(folder.path(), &["--format", "json"])).unwrap();
    assert_eq!(report["errors"], json!([]), "{report:#}");
    told(&report)
}

const WEB: &str = "\
# The shop.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: web
        image: nginx
        resources:
          limits: {memory: 1Gi}
      - name: log
        image: 'busybox:1.36'
";

#[test]
fn manifests_as_they_are() {
    let several = format!(
        "apiVersion: v1\r\nkind: ConfigMap\r\nmetadata: {{name: first}}\r\ndata:\r\n  debug: \"1\"\r\n---\r\n{}",
        WEB.replace('\n', "\r\n")
            .replace("replicas: 1", "replicas: two")
            .replace("name: log", "name: log\r\n        prots: []")
    );
    let map = "{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"ConfigMap\",\n  \"metadata\": {\"name\": \"json\"},\n  \"data\": {\n    \"a\": \"1\",\n    \"debug2\": \"2\"\n  }\n}\n";
    let list = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: one, labels: {whole: x}}\n  data: {a: b}\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: two}\n  data:\n    debug3: c\n";
    let files =
        [("plain/several.yaml", several.as_str()), ("plain/map.json", map), ("plain/list.yaml", list)];
    let containers = "spec.template.spec.containers";
    assert_eq!(
        found(&files),
        [
            // It cannot compare a text with a number, which is about the object.
            "cel web - plain/several.yaml:8:-".to_owned(),
            "deny first data.debug plain/several.yaml:5:3".to_owned(),
            "deny json data.debug2 plain/map.json:7:5".to_owned(),
            "deny two data.debug3 plain/list.yaml:12:5".to_owned(),
            format!(
                "good-practice/limits web {containers}[name=log].resources.limits.memory plain/several.yaml:25:9"
            ),
            format!("images/latest web {containers}[name=web].image plain/several.yaml:22:9"),
            "type web spec.replicas plain/several.yaml:13:3".to_owned(),
            format!("unknown-field web {containers}[name=log].prots plain/several.yaml:26:9"),
            "whole one - plain/list.yaml:4:-".to_owned(),
        ]
    );
}

#[test]
fn what_kustomize_made_stands_in_its_file_as_far_as_it_was_left_alone() {
    if !has_tools() {
        return;
    }
    let base = [
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", WEB),
        // Only the prefix.
        ("overlays/a/kustomization.yaml", "namePrefix: a-\nnamespace: shop\nresources: [../../base]\n"),
        // Other replicas and another image, and a container before the others.
        (
            "overlays/b/kustomization.yaml",
            "namePrefix: b-\nnamespace: shop\nresources: [../../base]\nimages: [{name: nginx, newName: httpd}]\npatches:\n- path: patch.yaml\n",
        ),
        (
            "overlays/b/patch.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  paused: true\n  template:\n    spec:\n      containers:\n      - {name: new, image: new}\n      - {name: log, $patch: delete}\n",
        ),
        // What renames otherwise is not followed.
        ("overlays/c/kustomization.yaml", "resources: [../../base]\ntransformers: [prefix.yaml]\n"),
        (
            "overlays/c/prefix.yaml",
            "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: p}\nprefix: c-\nfieldSpecs: [{path: metadata/name}]\n",
        ),
    ];
    let containers = "spec.template.spec.containers";
    let limits = |name: &str, container: &str, place: &str| {
        format!("good-practice/limits {name} {containers}[name={container}].resources.limits.memory {place}")
    };
    let latest = |name: &str, container: &str, place: &str| {
        format!("images/latest {name} {containers}[name={container}].image {place}")
    };
    let rendered = "rendered overlays/c";
    assert_eq!(
        found(&base),
        [
            "cel a-web spec.replicas base/web.yaml:7:3".to_owned(),
            "cel b-web spec.replicas base/web.yaml:7:3".to_owned(),
            format!("cel c-web spec.replicas {rendered}:6:3"),
            limits("a-web", "log", "base/web.yaml:19:9"),
            limits("b-web", "new", "base/web.yaml:2:-"),
            limits("c-web", "log", &format!("{rendered}:21:9")),
            latest("a-web", "web", "base/web.yaml:16:9"),
            latest("b-web", "new", "base/web.yaml:2:-"),
            latest("b-web", "web", "base/web.yaml:2:-"),
            latest("c-web", "web", &format!("{rendered}:16:9")),
        ]
    );
}

#[test]
fn a_template_of_helms_has_a_field_only_where_it_says_what_is_judged() {
    if !has_tools() {
        return;
    }
    let files = [
        ("charts/shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 0.1.0\n"),
        // As it is.
        ("charts/shop/templates/web.yaml", WEB),
        // In part.
        (
            "charts/shop/templates/map.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: map\ndata:\n  debug: {{ .Release.Name }}\n  debug2: \"x\"\n",
        ),
        // The line of none of them is certain.
        (
            "charts/shop/templates/many.yaml",
            "{{ range list \"a\" \"b\" }}\n---\nkind: ConfigMap\napiVersion: v1\nmetadata: {name: many-{{ . }}}\ndata: {debug: x}\n{{ end }}\n{{ include \"x\" . }}\n",
        ),
        ("charts/shop/templates/_x.tpl", "{{ define \"x\" }}{{ end }}"),
    ];
    let found = found(&files);
    for wanted in [
        "cel web spec.replicas charts/shop/templates/web.yaml:7:3",
        "images/latest web spec.template.spec.containers[name=web].image charts/shop/templates/web.yaml:16:9",
        "deny many-a data.debug charts/shop/templates/many.yaml:-:-",
        "deny many-b data.debug charts/shop/templates/many.yaml:-:-",
    ] {
        assert!(found.iter().any(|found| found == wanted), "{wanted}\n{found:#?}");
    }
    let map: Vec<&String> = found.iter().filter(|found| found.starts_with("deny map")).collect();
    assert_eq!(map.len(), 1, "the same words stand once: {map:#?}");
    assert!(map[0].ends_with("map.yaml:1:-") || map[0].ends_with("map.yaml:7:3"), "{map:#?}");
}

#[test]
fn every_form_of_the_report_has_the_line() {
    let folder = committed(
        &[(".countersign.toml", POLICY), ("policies/rules.rego", RULES)],
        &[("plain/web.yaml", WEB)],
    );
    let log: Value = serde_json::from_str(&review(folder.path(), &["--format", "sarif"])).unwrap();
    assert_valid(&schema(), &log);
    let results = log["runs"][0]["results"].as_array().unwrap();
    let cel = results.iter().find(|result| result["ruleId"].as_str().unwrap().ends_with("cel")).unwrap();
    let region = &cel["locations"][0]["physicalLocation"]["region"];
    assert_eq!((&region["startLine"], &region["startColumn"]), (&json!(7), &json!(3)), "{cel:#}");
    let comment = review(folder.path(), &["--format", "markdown"]);
    assert!(comment.contains("`plain/web.yaml:7`"), "{comment}");
    let page = review(folder.path(), &["--format", "terminal"]);
    assert!(page.contains("plain/web.yaml:16"), "{page}");
}
