//! The program as people call it: arguments and a folder in; what it prints, writes and exits with out.

mod beside;
mod cache;
mod import;
mod init;
mod interrupted;
mod odd;
mod packs;
mod policy;
mod review;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::source::git;

/// A folder with a repository `env`, and a user who has nothing else.
struct Desk {
    folder: TempDir,
}

/// What the program did.
struct Done {
    code: i32,
    out: String,
    err: String,
}

impl Desk {
    /// A repository with these files on `main`.
    fn new(files: &[(&str, &str)]) -> Self {
        let desk = Self { folder: TempDir::new().unwrap() };
        for folder in ["home", "tmp", "env"] {
            std::fs::create_dir(desk.path(folder)).unwrap();
        }
        git(&desk.path("env"), &["init", "-q", "-b", "main"]);
        desk.commit("main", files);
        desk
    }

    /// The usual one: `main`, and a branch `topic` that is checked out and scales one Deployment.
    fn usual() -> Self {
        let desk = Self::new(&[("production/web.yaml", &web(2)), (".gitignore", "ignored\n")]);
        git(&desk.path("env"), &["checkout", "-q", "-b", "topic"]);
        desk.commit("topic", &[("production/web.yaml", &web(3))]);
        desk
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = self.path("env").join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }

    fn commit(&self, message: &str, files: &[(&str, &str)]) {
        self.write(files);
        git(&self.path("env"), &["add", "-A"]);
        git(&self.path("env"), &["commit", "-q", "--allow-empty", "-m", message]);
    }

    /// The program in this folder, with nothing of the user's who runs the tests.
    fn command(&self, folder: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.args(arguments).current_dir(self.path(folder)).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.path("home"));
        command.env("TMPDIR", self.path("tmp"));
        command
    }

    #[track_caller]
    fn run(&self, folder: &str, arguments: &[&str]) -> Done {
        let done = done(self.command(folder, arguments).output().unwrap());
        let left: Vec<_> = std::fs::read_dir(self.path("tmp")).unwrap().flatten().collect();
        assert!(left.is_empty(), "{arguments:?} left {left:?}");
        done
    }

    /// The report of a review that comes to an end.
    #[track_caller]
    fn report(&self, folder: &str, arguments: &[&str]) -> Value {
        let done = self.run(folder, &[&["review", "--format", "json"], arguments].concat());
        assert_eq!(done.err, "", "{arguments:?}");
        serde_json::from_str(&done.out).unwrap_or_else(|error| panic!("{error}: {}", done.out))
    }
}

fn done(output: Output) -> Done {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Done { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

/// A Deployment.
fn web(replicas: u32) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: shop}}\nspec:\n  replicas: {replicas}\n  \
         selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    \
         spec: {{containers: [{{name: web, image: \"registry.example.org/web:1\"}}]}}\n"
    )
}

/// What a report says would happen: `update web: spec.replicas 2 3`.
fn effects(report: &Value) -> Vec<String> {
    let all = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut said = Vec::new();
    let environments = all(report, "environments");
    for unit in environments.iter().flat_map(|environment| all(environment, "units")) {
        for effect in all(&unit, "effects") {
            let change = |change: &Value| {
                format!("{} {} {}", text(&change["path"]), text(&change["before"]), text(&change["after"]))
            };
            let changes: Vec<String> = all(&effect, "changes").iter().map(change).collect();
            let name = format!("{} {}", text(&effect["operation"]), text(&effect["object"]["name"]));
            said.push(format!("{name}: {}", changes.join(", ")));
        }
    }
    said
}

/// Every file below a folder with its bytes.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            all.extend(files(&entry.path()));
        } else if kind.is_file() {
            all.push((entry.path(), std::fs::read(entry.path()).unwrap()));
        }
    }
    all.sort();
    all
}
