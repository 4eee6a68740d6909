//! Where findings stand when a real kustomize and a real Helm rendered the objects: the file and the line of what they
//! are made of, or the line of what the unit renders to.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::reports::{assert_valid, schema};
use crate::source::git;

const POLICY: &str = r#"version = 1

[environment.overlays]
source = { kustomize = "overlays/*" }

[environment.charts]
source = { helm = "charts/shop", release = "charts", namespace = "shop" }

[[check]]
name = "labelled"
cel = "has(object.metadata.labels) && 'team' in object.metadata.labels"
message = "it has no team"
"#;

/// Each file of the repository; what stands behind `##` in a line is to be found there.
const FILES: [(&str, &str); 14] = [
    (
        "base/kustomization.yaml",
        "resources: [web.yaml, ../more/extra.yaml]\nconfigMapGenerator:\n- name: settings ## ConfigMap shop/prod-settings\n  literals: [colour=blue]\n",
    ),
    (
        "base/web.yaml",
        "# The shop.\napiVersion: apps/v1 ## Deployment shop/prod-web\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 1}\n---\napiVersion: v1 ## Service shop/prod-web\nkind: Service\nmetadata: {name: web}\n",
    ),
    (
        "more/extra.yaml",
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1 ## ConfigMap shop/prod-extra\n  kind: ConfigMap\n  metadata: {name: extra}\n",
    ),
    (
        "overlays/prod/kustomization.yaml",
        "namespace: shop\nnamePrefix: prod-\nresources: [../../base]\npatches:\n- path: replicas.yaml\n",
    ),
    (
        "overlays/prod/replicas.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 3}\n",
    ),
    ("overlays/odd/kustomization.yaml", "resources: [a.yaml]\ntransformers: [prefix.yaml]\n"),
    (
        "overlays/odd/prefix.yaml",
        "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: p}\nprefix: odd-\nfieldSpecs: [{path: metadata/name}]\n",
    ),
    ("overlays/odd/a.yaml", "\n\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"),
    (
        "charts/shop/Chart.yaml",
        "apiVersion: v2\nname: store\nversion: 0.1.0\ndependencies:\n- name: lib\n  version: 0.1.0\n  repository: file://../lib\n",
    ),
    (
        "charts/shop/crds/foo.yaml",
        "# Foos.\napiVersion: apiextensions.k8s.io/v1 ## CustomResourceDefinition foos.example.org\nkind: CustomResourceDefinition\nmetadata: {name: foos.example.org}\nspec:\n  group: example.org\n  scope: Namespaced\n  names: {kind: Foo, plural: foos}\n  versions: []\n",
    ),
    (
        "charts/shop/templates/web.yaml",
        "{{- if true }}\napiVersion: apps/v1 ## Deployment charts-web\nkind: Deployment\nmetadata:\n  name: {{ .Release.Name }}-web\nspec: {replicas: {{ 1 }}}\n{{- end }}\n---\n{{- range list \"a\" \"b\" }}\n---\napiVersion: v1 ## Service svc-a ## Service svc-b\nkind: Service\nmetadata: {name: svc-{{ . }}}\n{{- end }}\n",
    ),
    ("charts/shop/templates/helped.yaml", "{{ include \"store.map\" . }}\n"),
    (
        "charts/shop/templates/_helpers.tpl",
        "{{- define \"store.map\" -}}\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: helped}\n{{- end -}}\n",
    ),
    (
        "charts/lib/templates/lib.yaml",
        "kind: ConfigMap ## ConfigMap lib\napiVersion: v1\nmetadata: {name: lib}\n",
    ),
];

/// Objects that are in no line of a file, and what is told of them.
const ELSEWHERE: [(&str, &str); 2] = [
    ("ConfigMap helped", "source charts/shop/templates/helped.yaml:-"),
    ("ConfigMap odd-a", "rendered overlays/odd:1"),
];

fn tools() -> PathBuf {
    let built = std::env::var_os("COUNTERSIGN_TOOLS").map(PathBuf::from);
    built.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools"))
}

/// Whether both programs are there; a machine that says it is a CI has to have them.
pub(crate) fn has_tools() -> bool {
    let mut folders = vec![tools()];
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let has = |name: &str| folders.iter().any(|folder| folder.join(name).is_file());
    let found = has("kustomize") && has("helm");
    assert!(found || std::env::var_os("CI").is_none(), "kustomize and helm are not installed");
    if !found {
        eprintln!("not run: kustomize and helm are not installed");
    }
    found
}

/// A repository whose branch `topic` adds all files.
fn repository() -> TempDir {
    let folder = TempDir::new().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    git(folder.path(), &["init", "-q", "-b", "main"]);
    write(".countersign.toml", POLICY);
    git(folder.path(), &["add", "-A"]);
    git(folder.path(), &["commit", "-q", "-m", "one"]);
    git(folder.path(), &["checkout", "-q", "-b", "topic"]);
    for (path, text) in FILES {
        let bare = text.lines().map(|line| format!("{}\n", line.split(" ##").next().unwrap()));
        write(path, &bare.collect::<String>());
    }
    write("charts/lib/Chart.yaml", "apiVersion: v2\nname: lib\nversion: 0.1.0\n");
    git(folder.path(), &["add", "-A"]);
    git(folder.path(), &["commit", "-q", "-m", "two"]);
    folder
}

pub(crate) fn review(folder: &Path, more: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{}:{path}", tools().display()));
    command.arg("review").arg("--repo").arg(folder).args(["--base", "main", "--head", "topic"]).args(more);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn name_of(object: &Value) -> String {
    let text = |field: &str| object[field].as_str().unwrap();
    let namespace =
        if text("namespace").is_empty() { String::new() } else { format!("{}/", text("namespace")) };
    let name = text("name");
    // What kustomize puts behind generated names.
    let name = name.strip_suffix(name.rsplit('-').next().filter(|end| end.len() == 10).unwrap_or_default());
    format!("{} {namespace}{}", text("kind"), name.unwrap_or_default().trim_end_matches('-'))
}

/// What each object's finding should say.
fn expected() -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> =
        ELSEWHERE.iter().map(|(object, place)| ((*object).to_owned(), (*place).to_owned())).collect();
    for (path, text) in FILES {
        for (number, line) in text.lines().enumerate() {
            let objects = line.split(" ##").skip(1).map(str::trim);
            all.extend(objects.map(|object| (object.to_owned(), format!("source {path}:{}", number + 1))));
        }
    }
    all.sort();
    all
}

#[test]
fn findings_in_renders_say_where_their_objects_come_from() {
    if !has_tools() {
        return;
    }
    let folder = repository();
    let cache = TempDir::new().unwrap();
    let cache = ["--format", "json", "--cache-dir", cache.path().to_str().unwrap()];
    let report = review(folder.path(), &cache);
    let read = |report: &str| {
        let report: Value = serde_json::from_str(report).unwrap();
        assert_eq!(report["errors"], serde_json::json!([]), "{report:#}");
        let findings = report["findings"].as_array().unwrap();
        let told = |finding: &Value| {
            let at = finding["file"].as_str().or(finding["unit"].as_str()).unwrap_or("?");
            let line = finding["line"].as_u64().map_or("-".to_owned(), |line| line.to_string());
            (name_of(&finding["object"]), format!("{} {at}:{line}", finding["text"].as_str().unwrap_or("?")))
        };
        let mut all: Vec<(String, String)> = findings.iter().map(told).collect();
        all.sort();
        all
    };
    assert_eq!(read(&report), expected());
    // What is remembered of an earlier run says the same.
    assert_eq!(review(folder.path(), &cache), report);

    let log: Value = serde_json::from_str(&review(folder.path(), &["--format", "sarif"])).unwrap();
    assert_valid(&schema(), &log);
    let results = log["runs"][0]["results"].as_array().unwrap();
    let rendered = results.iter().find(|result| result["properties"]["text"] == "rendered").unwrap();
    let place = &rendered["locations"][0];
    assert_eq!(place["physicalLocation"]["region"], Value::Null, "{rendered:#}");
    assert_eq!(place["logicalLocations"][0]["fullyQualifiedName"], "overlays/overlays/odd/ConfigMap/odd-a");
    assert_eq!(rendered["properties"]["renderedLine"], 1);

    let page = review(folder.path(), &["--format", "terminal"]);
    assert!(page.contains("(line 1 of what overlays/odd renders to)"), "{page}");
    let comment = review(folder.path(), &["--format", "markdown"]);
    assert!(comment.contains("line 1 of what `overlays/odd` renders to"), "{comment}");
    assert!(comment.contains("`base/web.yaml:2`"), "{comment}");
}

/// What findings say of where their objects come from, when a chart is all there is.
fn places_of_chart(files: &[(&str, &str)]) -> Vec<String> {
    let folder = committed(&[(".countersign.toml", CHART_ONLY)], files);
    let report: Value = serde_json::from_str(&review(folder.path(), &["--format", "json"])).unwrap();
    assert_eq!(report["errors"], serde_json::json!([]), "{report:#}");
    let told = |finding: &Value| {
        let at = finding["file"].as_str().unwrap_or("-");
        format!("{} {} {at}", name_of(&finding["object"]), finding["text"].as_str().unwrap_or("?"))
    };
    let mut all: Vec<String> = report["findings"].as_array().unwrap().iter().map(told).collect();
    all.sort();
    all
}

/// A repository whose branch `topic` adds files to those of `main`.
pub(crate) fn committed(main: &[(&str, &str)], topic: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    git(folder.path(), &["init", "-q", "-b", "main"]);
    commit(folder.path(), main);
    git(folder.path(), &["checkout", "-q", "-b", "topic"]);
    commit(folder.path(), topic);
    folder
}

fn commit(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-q", "-m", "more"]);
}

const CHART_ONLY: &str = r#"version = 1

[environment.charts]
source = { helm = "shop", release = "charts" }

[[check]]
name = "labelled"
cel = "has(object.metadata.labels)"
message = "it has none"
"#;

#[test]
fn charts_are_found_by_the_names_that_they_give_themselves() {
    if !has_tools() {
        return;
    }
    const A: &str = "apiVersion: v2\nname: a\nversion: 0.1.0\n";
    const B: &str = "apiVersion: v2\nname: b\nversion: 0.1.0\n";
    const OF_A: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: of-a}\n";
    const OF_B: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: of-b}\n";
    let shop = |dependencies: &str| format!("apiVersion: v2\nname: store\nversion: 0.1.0\n{dependencies}");
    let plain = shop("");
    // Each folder is called like the other's chart.
    let swapped = [
        ("shop/Chart.yaml", plain.as_str()),
        ("shop/charts/a/Chart.yaml", B),
        ("shop/charts/a/templates/x.yaml", OF_B),
        ("shop/charts/b/Chart.yaml", A),
        ("shop/charts/b/templates/x.yaml", OF_A),
    ];
    assert_eq!(
        places_of_chart(&swapped),
        [
            "ConfigMap of-a source shop/charts/b/templates/x.yaml",
            "ConfigMap of-b source shop/charts/a/templates/x.yaml"
        ]
    );
    // One chart stands for another by an alias, and a second has the very name.
    let aliased = shop(
        "dependencies:\n- {name: a, version: 0.1.0, alias: b}\n- {name: b, version: 0.1.0, alias: c}\n- {name: d, version: 0.1.0}\n",
    );
    let aliased = [
        ("shop/Chart.yaml", aliased.as_str()),
        ("shop/templates/own.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own}\n"),
        ("shop/charts/a/Chart.yaml", A),
        ("shop/charts/a/templates/x.yaml", OF_A),
        ("shop/charts/b/Chart.yaml", B),
        ("shop/charts/b/templates/x.yaml", OF_B),
        ("shop/charts/d/Chart.yaml", "apiVersion: v2\nname: d\nversion: 0.1.0\n"),
        ("shop/charts/d/templates/x.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: of-d}\n"),
    ];
    assert_eq!(
        places_of_chart(&aliased),
        [
            "ConfigMap of-a rendered -",
            "ConfigMap of-b rendered -",
            "ConfigMap of-d source shop/charts/d/templates/x.yaml",
            "ConfigMap own source shop/templates/own.yaml"
        ]
    );
}
