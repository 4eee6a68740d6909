//! `review --format html` and `--format sarif` on a repository with a bit of everything; the page in a real browser.

mod browser;

use std::path::Path;
use std::process::Output;

use countersign_core::report::{self, Report};
use serde_json::Value;
use tempfile::TempDir;

use crate::source::git;

const POLICY: &str = r#"version = 1

[environment.production]
source = { yaml = "apps/production" }

[environment.staging]
source = { yaml = "apps/staging" }

[environment.broken]
source = { yaml = "apps/broken" }

[[check]]
name = "two replicas"
kinds = ["apps/Deployment"]
environments = ["production"]
cel = "object.spec.replicas >= 2"
message = "production runs at least two replicas"
"#;

const WEB: &str = r#"apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop }
spec:
  replicas: 3
  template:
    spec:
      containers:
      - { name: web, image: "registry.example.org/shop:1.4.2" }
"#;

const REST: &str = r#"---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data, namespace: shop }
spec: { resources: { requests: { storage: 20Gi } } }
"#;

fn secret(password: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{ name: db, namespace: shop }}\nstringData: {{ password: {password} }}\n"
    )
}

/// A text that would like to be more than that.
const HOSTILE: &str = "</script><script>document.title = 1</script><img src=x onerror=alert(1)>";

fn config(value: &str) -> String {
    let value = serde_json::to_string(value).unwrap();
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: words, namespace: shop }}\ndata: {{ {value}: {value} }}\n"
    )
}

/// A repository whose branch `topic` deletes a claim, moves an image, changes a secret and breaks an environment.
pub(crate) fn repository() -> TempDir {
    let folder = TempDir::new().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    git(folder.path(), &["init", "-q", "-b", "main"]);
    write(".countersign.toml", POLICY);
    for environment in ["production", "staging"] {
        write(&format!("apps/{environment}/web.yaml"), &format!("{WEB}{REST}"));
    }
    write("apps/production/secret.yaml", &secret("hunter2-before"));
    write("apps/broken/a.yaml", &config("fine"));
    git(folder.path(), &["add", "-A"]);
    git(folder.path(), &["commit", "-q", "-m", "one"]);
    git(folder.path(), &["checkout", "-q", "-b", "topic"]);
    write("apps/production/web.yaml", &WEB.replace("1.4.2", "1.5.0").replace("replicas: 3", "replicas: 1"));
    write("apps/staging/web.yaml", &format!("{}{REST}", WEB.replace("1.4.2", "1.5.0")));
    write("apps/staging/words.yaml", &config(HOSTILE));
    write("apps/production/secret.yaml", &secret("hunter2-after"));
    write("apps/broken/a.yaml", "a: { b\n");
    write("docs/notes.md", "x\n");
    git(folder.path(), &["add", "-A"]);
    git(folder.path(), &["commit", "-q", "-m", "two"]);
    folder
}

fn review(folder: &Path, more: &[&str]) -> Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.arg("review").arg("--repo").arg(folder).args(["--base", "main", "--head", "topic"]).args(more);
    command.output().unwrap()
}

fn printed(output: &Output) -> &str {
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::str::from_utf8(&output.stdout).unwrap();
    assert!(!text.contains("hunter2"), "{text}");
    text
}

#[test]
fn a_review_is_one_page() {
    let folder = repository();
    let output = review(folder.path(), &["--format", "html"]);
    let page = printed(&output);
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"), "{page}");
    assert!(!page.contains("<script>document") && page.contains("&lt;script&gt;document"), "{page}");
    for words in [
        "<h1>Cannot land yet: 1 policy error, 1 unit does not render, 0 of 1 approval</h1>",
        "<a href=\"#e0u0o0\">PersistentVolumeClaim <code>shop/data</code></a> would be deleted",
        "<code class=\"place\">apps/broken/a.yaml:1:4</code>",
        "+        image: registry.example.org/shop:<mark>1.5.0</mark>",
        "<code>docs/notes.md</code>",
    ] {
        assert!(page.contains(words), "no {words} in\n{page}");
    }
}

#[test]
fn a_page_goes_where_it_is_told() {
    let folder = repository();
    let file = folder.path().join("review.html");
    let output = review(folder.path(), &["--format", "html", "--output", file.to_str().unwrap()]);
    assert_eq!(printed(&output), "");
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("<!doctype html>"));
}

/// SARIF's schema, with formats.
pub(crate) fn schema() -> jsonschema::Validator {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contracts/sarif-2.1.0.json");
    let mut schema: Value = serde_json::from_str(&std::fs::read_to_string(schema).unwrap()).unwrap();
    for holder in ["run", "toolComponent"] {
        // This pattern has a bracket that nothing opens; only lenient readers take it.
        let language = &mut schema["definitions"][holder]["properties"]["language"];
        let pattern = language.as_object_mut().unwrap().remove("pattern").unwrap();
        assert_eq!(pattern, "^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$");
    }
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

#[track_caller]
pub(crate) fn assert_valid(schema: &jsonschema::Validator, log: &Value) {
    let wrong: Vec<String> =
        schema.iter_errors(log).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{}\n{log:#}", wrong.join("\n"));
}

#[test]
fn a_review_is_sarif() {
    let folder = repository();
    let output = review(folder.path(), &["--format", "sarif"]);
    let log: Value = serde_json::from_str(printed(&output)).unwrap();
    let schema = schema();
    assert_valid(&schema, &log);
    // The schema is not one that lets everything pass.
    let mut bad = log.clone();
    bad["runs"][0]["results"][0]["level"] = "fatal".into();
    bad["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0.into();
    assert_eq!(schema.iter_errors(&bad).count(), 2);

    let results = log["runs"][0]["results"].as_array().unwrap();
    let said: Vec<String> = results
        .iter()
        .map(|result| {
            let place = &result["locations"][0]["physicalLocation"];
            let line = &place["region"]["startLine"];
            let file = place["artifactLocation"]["uri"].as_str().unwrap();
            format!(
                "{} {} {file}:{line}",
                result["level"].as_str().unwrap(),
                result["ruleId"].as_str().unwrap()
            )
        })
        .collect();
    insta::assert_snapshot!(said.join("\n"), @"
    error policy/two replicas apps/production/web.yaml:1
    warning risk/data-loss apps/production/web.yaml:null
    warning risk/deletion apps/production/web.yaml:null
    warning risk/secret apps/production/secret.yaml:1
    note risk/image apps/production/web.yaml:1
    note risk/image apps/staging/web.yaml:1
    error evaluation/render-failed apps/broken/a.yaml:1
    none approval/default .countersign.toml:null
    ");
}

#[test]
fn sarif_stays_valid_whatever_names_say() {
    let folder = repository();
    let output = review(folder.path(), &["--format", "json"]);
    let schema = schema();
    for text in ["", "/", "a b:c%zz\\ü", HOSTILE, "[x](https://x.example) {0}", "\u{1b}[31m\u{202e}\0"] {
        let mut report: Report = serde_json::from_str(printed(&output)).unwrap();
        for finding in &mut report.findings {
            finding.check = text.into();
            finding.file = Some(text.into());
            finding.line = Some(0);
            finding.column = Some(0);
        }
        for environment in &mut report.environments {
            environment.name = text.into();
            for unit in &mut environment.units {
                unit.name = text.into();
                unit.path = text.into();
                for effect in &mut unit.effects {
                    effect.object.kind = text.into();
                    (effect.source, effect.place) = (None, None);
                }
            }
        }
        for error in &mut report.errors {
            error.message = text.into();
            error.file = None;
        }
        assert_valid(&schema, &serde_json::from_str(&report::sarif(&report)).unwrap());
    }
}
