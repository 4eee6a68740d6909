//! Units, read-sets and renders with the real programs, and what a hostile repository or renderer can do: nothing.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]

mod helm;
mod hostile;
mod kustomize;
mod sides;
mod units;

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use countersign::ports::{ReadSet, RenderError, Renderer as _, Rendering, Source as _, UnitSource, UnitSpec};
use countersign::render::sandbox::{SANDBOX_COMMAND, SandboxState, self_test};
use countersign::render::{Programs, RenderSettings, Unsandboxed, unite};
use countersign::source::Mirror;
use countersign_core::environment::{ApplyMode, Environment, EnvironmentSource, OnUnreachable};
use countersign_core::evaluation::{ChangedPath, PathOperation};
use countersign_core::revision::{Diff, ObjectId};
use tempfile::TempDir;

use crate::source::git;

/// A repository with one commit, and a renderer.
struct Scene {
    _repo: TempDir,
    scratch: TempDir,
    mirror: Mirror,
    tree: ObjectId,
    programs: Programs,
}

impl Scene {
    async fn new(files: &[(&str, &str)]) -> Self {
        Self::with(files, |_| {}).await
    }

    /// A file whose text begins with `->` is a symlink to what follows.
    async fn with(files: &[(&str, &str)], change: impl FnOnce(&mut RenderSettings)) -> Self {
        let repo = TempDir::new().unwrap();
        git(repo.path(), &["init", "-q", "-b", "main"]);
        for (path, text) in files {
            let path = repo.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            match text.strip_prefix("->") {
                Some(target) => symlink(target, path).unwrap(),
                None => std::fs::write(path, text).unwrap(),
            }
        }
        git(repo.path(), &["add", "-A"]);
        git(repo.path(), &["commit", "-q", "-m", "x"]);
        let mirror = Mirror::local(repo.path()).await.unwrap();
        let tree = mirror.tree_of(&mirror.resolve("HEAD").await.unwrap()).await.unwrap();
        let scratch = TempDir::new().unwrap();
        let mut settings = RenderSettings::new(scratch.path().join("scratch"), sandbox_program());
        settings.timeout = Duration::from_secs(20);
        for (name, program) in [("kustomize", &mut settings.kustomize), ("helm", &mut settings.helm)] {
            if let Some(found) = tool(name) {
                *program = found;
            }
        }
        change(&mut settings);
        let programs = Programs::new(settings).unwrap();
        Self { _repo: repo, scratch, mirror, tree, programs }
    }

    async fn units(&self, source: EnvironmentSource) -> Vec<UnitSpec> {
        self.programs.units(&self.mirror, &self.tree, &environment(source)).await.unwrap()
    }

    async fn read_set(&self, unit: &UnitSpec) -> ReadSet {
        let units = std::slice::from_ref(unit);
        let reads = self.programs.read_sets(&self.mirror, &self.tree, units).await.unwrap();
        reads[0].whole().as_ref().clone()
    }

    async fn render(&self, unit: &UnitSpec) -> Result<Rendering, RenderError> {
        let reads = self.read_set(unit).await;
        self.programs.render(&self.mirror, &self.tree, unit, &reads.into()).await
    }

    /// Renders a kustomize root.
    async fn kustomize(&self, root: &str) -> Result<Rendering, RenderError> {
        let source = UnitSource::Kustomize { root: root.to_owned() };
        self.render(&UnitSpec { name: root.to_owned(), path: root.to_owned(), source }).await
    }

    /// Renders the chart in `chart` with values files.
    async fn helm(&self, values: &[&str]) -> Result<Rendering, RenderError> {
        self.render(&chart("chart", values)).await
    }
}

fn chart(path: &str, values: &[&str]) -> UnitSpec {
    let source = UnitSource::Helm {
        chart: path.to_owned(),
        values: values.iter().map(|path| (*path).to_owned()).collect(),
        release: "web".to_owned(),
        namespace: "shop".to_owned(),
        kubernetes: None,
    };
    UnitSpec { name: path.to_owned(), path: path.to_owned(), source }
}

fn sandbox_program() -> PathBuf {
    env!("CARGO_BIN_EXE_countersign").into()
}

/// A program from the tools that were built for the tests, or from `PATH`.
fn tool(name: &str) -> Option<PathBuf> {
    let built = std::env::var_os("COUNTERSIGN_TOOLS").map(PathBuf::from);
    let built = built.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools"));
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::iter::once(built)
        .chain(std::env::split_paths(&paths))
        .map(|dir| dir.join(name))
        .find(|path| path.is_file())
}

/// Whether a tool is there; a machine that says it is a CI has to have it.
fn has(names: &[&str]) -> bool {
    let found = names.iter().any(|name| tool(name).is_some());
    assert!(found || std::env::var_os("CI").is_none(), "none of {names:?} is installed");
    if !found {
        eprintln!("not run: none of {names:?} is installed");
    }
    found
}

fn has_kustomize() -> bool {
    has(&["kustomize", "kubectl"])
}

fn environment(source: EnvironmentSource) -> Environment {
    Environment {
        name: "prod".to_owned(),
        source,
        cluster: None,
        apply: ApplyMode::default(),
        field_manager: "kubectl".to_owned(),
        prune: true,
        on_unreachable: OnUnreachable::default(),
        default_namespace: None,
        destinations: Vec::new(),
        unforced: false,
        kubernetes: None,
    }
}

fn changed(path: &str) -> ChangedPath {
    ChangedPath {
        path: path.to_owned(),
        operation: PathOperation::Change,
        entry: Diff { base: None, head: None },
    }
}

fn texts(paths: &[&str]) -> Vec<String> {
    paths.iter().map(|path| (*path).to_owned()).collect()
}

/// An error as a user sees it.
fn told(result: Result<Rendering, RenderError>) -> String {
    let error = result.unwrap_err();
    let number = |number: Option<u32>| number.map_or("-".to_owned(), |number| number.to_string());
    format!(
        "{}:{}:{}: {error}",
        error.file.as_deref().unwrap_or("-"),
        number(error.line),
        number(error.column)
    )
}

const CONFIG_MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";
const CHART: &str = "apiVersion: v2\nname: renamed\nversion: 0.1.0\n";
