//! `review` of repositories that mean harm: each gets a clear error or a clean render, in bounded time, and what stands
//! beside it is told as if nothing were there.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::parts;

const POLICY: &str = "\
version = 1
[environment.bad]
source = BAD
[environment.good]
source = { yaml = \"good\" }
";
const GOOD: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good, namespace: shop}\ndata: {k: new}\n";
const CHART: &str = "apiVersion: v2\nname: bad\nversion: 0.1.0\n";
/// Longer than any of these may take on a machine that does other things too; nothing here is timed more closely.
const LONGEST: Duration = Duration::from_secs(120);

/// A repository in which `main` has a policy and `topic` adds what is good and what is bad.
struct Repository {
    dir: tempfile::TempDir,
}

impl Repository {
    fn new(source: &str, bad: &[(&str, Vec<u8>)]) -> Self {
        let repository = Self { dir: tempfile::tempdir().unwrap() };
        repository.git(&["init", "-q", "-b", "main"]);
        repository.write(".countersign.toml", POLICY.replace("BAD", source).as_bytes());
        repository.commit("Policy");
        repository.git(&["checkout", "-q", "-b", "topic"]);
        repository.write("good/map.yaml", GOOD.as_bytes());
        for (path, bytes) in bad {
            repository.write(path, bytes);
        }
        repository.commit("Change");
        repository
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let file = self.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }

    fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", message]);
    }

    fn git(&self, arguments: &[&str]) {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=Ana", "-c", "user.email=ana@example.org"]);
        let output = git.args(arguments).current_dir(self.path()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn review(&self, arguments: &[&str]) -> Output {
        let mut review = Command::new(env!("CARGO_BIN_EXE_countersign"));
        review.args(["review", "--base", "main", "--repo"]).arg(self.path());
        for (name, tool) in [("KUSTOMIZE", parts::tools::kustomize()), ("HELM", parts::tools::helm())] {
            if let Some(tool) = tool {
                review.env(format!("COUNTERSIGN_RENDER__{name}"), tool);
            }
        }
        review.args(arguments).output().unwrap()
    }
}

/// What the unit of `bad` came to.
#[derive(Debug)]
enum Wanted<'a> {
    /// It is rendered, to so many objects.
    Objects(u64),
    /// It is refused, in these words.
    Refused(&'a str),
}

/// Reviews it, and holds the good environment to what it is.
#[track_caller]
fn check(source: &str, bad: &[(&str, Vec<u8>)], wanted: &Wanted<'_>) -> Value {
    check_repository(&Repository::new(source, bad), wanted)
}

#[track_caller]
fn check_repository(repository: &Repository, wanted: &Wanted<'_>) -> Value {
    let settings = repository.path().join(".git/settings.toml");
    std::fs::write(&settings, "[render]\ntimeout_seconds = 10\n").unwrap();
    let began = Instant::now();
    let output =
        repository.review(&["--head", "topic", "--format", "json", "--settings", settings.to_str().unwrap()]);
    assert!(began.elapsed() < LONGEST, "it took {:?}", began.elapsed());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!said.contains("panicked"), "{said}");
    let report: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
    let environments = report["environments"].as_array().unwrap();
    let named = |name: &str| environments.iter().find(|environment| environment["name"] == name).unwrap();
    let good = &named("good")["units"][0];
    assert_eq!(good["effects"][0]["object"]["name"], "good", "{report:#}");
    assert_eq!(good["effects"].as_array().unwrap().len(), 1);
    let bad = &named("bad")["units"][0];
    match wanted {
        Wanted::Objects(count) => {
            assert_eq!(bad["objects"]["head"].as_u64(), Some(*count), "{bad:#}");
            assert_ne!(output.status.code(), Some(2), "{said}");
        }
        Wanted::Refused(words) => {
            let message = format!("{} {}", bad["error"]["file"], bad["error"]["message"]);
            assert!(message.contains(words), "{message}");
            assert_eq!(output.status.code(), Some(2), "{said}");
        }
    }
    report
}

const YAML: &str = "{ yaml = \"bad\" }";
const KUSTOMIZE: &str = "{ kustomize = \"bad\" }";
const HELM: &str = "{ helm = \"bad\" }";

fn manifest(name: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: shop}}\n")
}

fn refused(text: impl Into<Vec<u8>>, words: &str) {
    check(YAML, &[("bad/a.yaml", text.into())], &Wanted::Refused(words));
}

fn rendered(text: impl Into<Vec<u8>>, objects: u64) {
    check(YAML, &[("bad/a.yaml", text.into())], &Wanted::Objects(objects));
}

#[test]
fn a_bomb_of_aliases() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{below}]\n"));
    }
    refused(bomb, "a.yaml");
}

#[test]
fn a_file_of_a_hundred_megabytes() {
    let mut huge = manifest("huge").into_bytes();
    huge.extend(b"data:\n");
    huge.extend(
        std::iter::repeat_n(
            &b"  k: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"[..],
            1_400_000,
        )
        .flatten(),
    );
    refused(huge, "bad/a.yaml");
}

#[test]
fn bytes_that_are_no_text() {
    refused(b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \xff\xfe}\n", "UTF-8");
}

#[test]
fn lines_of_windows_and_byte_order_marks() {
    rendered(format!("\u{feff}{}", manifest("a").replace('\n', "\r\n")), 1);
}

#[test]
fn tabs_and_keys_that_come_twice() {
    refused("apiVersion: v1\nkind: ConfigMap\nmetadata:\n\tname: a\n", "tab");
    refused(format!("{}kind: Secret\n", manifest("a")), "twice");
}

#[test]
fn nesting_without_end() {
    refused(format!("{}data: {}{}\n", manifest("a"), "[".repeat(50_000), "]".repeat(50_000)), "a.yaml");
    refused(format!("{}data: {}1{}\n", manifest("a"), "{a: ".repeat(5_000), "}".repeat(5_000)), "a.yaml");
}

#[test]
fn a_kustomization_that_includes_itself() {
    if parts::tools::kustomize().is_none() {
        return;
    }
    let itself = ("bad/kustomization.yaml", b"resources: [.]\n".to_vec());
    check(KUSTOMIZE, &[itself], &Wanted::Refused("kustomization.yaml"));
    let there = ("bad/kustomization.yaml", b"resources: [../other]\n".to_vec());
    let back = ("other/kustomization.yaml", b"resources: [../bad]\n".to_vec());
    check(KUSTOMIZE, &[there, back], &Wanted::Refused("kustomization.yaml"));
}

#[test]
fn links_that_go_in_circles_or_out_of_the_tree() {
    for target in ["../bad", "a.yaml", "/etc/passwd", "../../../../etc/passwd"] {
        let repository = Repository::new(YAML, &[("bad/map.yaml", manifest("map").into_bytes())]);
        std::os::unix::fs::symlink(target, repository.path().join("bad/a.yaml")).unwrap();
        repository.commit("Link");
        let report = check_repository(&repository, &Wanted::Refused("bad/a.yaml"));
        assert!(!report.to_string().contains("root:"), "{target}");
    }
}

#[test]
fn names_that_look_like_options() {
    let named = |name: &str, object: &str| (format!("bad/{name}"), manifest(object).into_bytes());
    let files = [
        named("-rf.yaml", "a"),
        named("--help.yml", "b"),
        named("-.yaml", "c"),
        named("a b'$(id)\".yaml", "d"),
    ];
    let files: Vec<(&str, Vec<u8>)> =
        files.iter().map(|(path, bytes)| (path.as_str(), bytes.clone())).collect();
    check(YAML, &files, &Wanted::Objects(4));
    let alone = ("-rf", b"nothing\n".to_vec());
    let report = check(YAML, &[alone, ("bad/a.yaml", manifest("a").into_bytes())], &Wanted::Objects(1));
    assert_eq!(report["outside"][0]["path"], "-rf");
}

#[test]
fn branches_that_look_like_options() {
    let repository = Repository::new(YAML, &[("bad/a.yaml", manifest("a").into_bytes())]);
    repository.git(&["update-ref", "refs/heads/--upload-pack=x", "topic"]);
    let output = repository.review(&["--head=--upload-pack=x", "--format", "json"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    let written = repository.path().join("was-here");
    let output = repository.review(&[&format!("--head=--output={}", written.display()), "--format", "json"]);
    assert_eq!(output.status.code(), Some(64));
    assert!(!written.exists());
}

#[test]
fn charts_that_ask_the_cluster_or_never_end() {
    if parts::tools::helm().is_none() {
        return;
    }
    let chart = |template: &str| {
        [
            ("bad/Chart.yaml", CHART.as_bytes().to_vec()),
            ("bad/templates/x.yaml", template.as_bytes().to_vec()),
        ]
    };
    let asks =
        format!("{}data: {{k: {{{{ len (lookup \"v1\" \"Secret\" \"\" \"\") | quote }}}}}}\n", manifest("a"));
    let report = check(HELM, &chart(&asks), &Wanted::Objects(1));
    let bad = report["environments"].as_array().unwrap().iter().find(|found| found["name"] == "bad").unwrap();
    assert_eq!(bad["units"][0]["stable"], false);
    let endless = "{{- define \"loop\" }}{{ include \"loop\" . }}{{ end }}\na: {{ include \"loop\" . }}\n";
    check(HELM, &chart(endless), &Wanted::Refused("x.yaml"));
    let slow = "{{ range until 1000000 }}{{ range until 1000000 }}{{ end }}{{ end }}\n";
    check(HELM, &chart(slow), &Wanted::Refused("helm took longer"));
}
