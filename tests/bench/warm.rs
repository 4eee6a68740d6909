//! The whole program where its disk cache has what earlier runs rendered, beside the same renderer processes started
//! bare: every root of a change that touches all of them, and one of many.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::bot;
use crate::kustomize::{processes, side};
use crate::manifests::{folder, git, repository, write};
use crate::measure::{Times, ratio, row, shown};

const ROOTS: usize = 300;
const APPLICATIONS: usize = 600;
const RUNS: usize = 11;
/// Runs of what takes long.
const LONG_RUNS: usize = 3;

pub(crate) fn run() {
    every_root();
    one_of_many();
}

fn every_root() {
    let (base, head) = (side(ROOTS, "1.0"), side(ROOTS, "1.1"));
    let repository = repository(&base, &head);
    let (checkouts, cache) = (folder(), folder());
    write(&checkouts.path().join("base"), &base);
    write(&checkouts.path().join("head"), &head);
    let cold = review(repository.path(), cache.path());
    let (mut bare, mut warm) = (Vec::new(), Vec::new());
    for run in 0..RUNS {
        if run % (RUNS / LONG_RUNS) == 0 {
            bare.push(processes(checkouts.path(), ROOTS));
        }
        warm.push(review(repository.path(), cache.path()));
    }
    let (bare, warm) = (Times::new(bare), Times::new(warm));
    row(
        &format!("{ROOTS} kustomize roots × base and head, warm: `countersign review`, the whole program"),
        &format!("{warm}; the first run, cold: {}", shown(cold)),
        &format!(
            "`kustomize build` of the same {} folders, 2 at once: {bare}; aim: ≥ 50 × faster",
            ROOTS * 2
        ),
        &format!("{} × faster", ratio(bare.median(), warm.median())),
    );
}

fn one_of_many() {
    let base = side(APPLICATIONS, "1.0");
    let root = "apps/app-300";
    let changed = |run: usize| {
        let path = format!("{root}/kustomization.yaml");
        let text =
            base.iter().find(|(found, _)| *found == path).unwrap().1.replace("1.0", &format!("2.{run}"));
        [(path, text)]
    };
    let repository = repository(&base, &changed(0));
    let (checkout, cache) = (folder(), folder());
    write(checkout.path(), &base);
    let cold = review(repository.path(), cache.path());
    let (mut warm, mut again, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..RUNS {
        write(repository.path(), &changed(run + 1));
        git(repository.path(), &["commit", "-q", "-a", "-m", "Another image"]);
        warm.push(review(repository.path(), cache.path()));
        again.push(review(repository.path(), cache.path()));
        let began = Instant::now();
        let built = Command::new(bot::tool("kustomize"))
            .arg("build")
            .arg(checkout.path().join(root))
            .output()
            .unwrap();
        assert!(built.status.success());
        bare.push(began.elapsed());
    }
    let (warm, again, bare) = (Times::new(warm), Times::new(again), Times::new(bare));
    let what =
        format!("one file of {APPLICATIONS} kustomize applications, `countersign review`, the whole program");
    let outside = warm.median().saturating_sub(bare.median());
    row(
        &format!("{what}, warm: base from the cache, head rendered"),
        &format!("{warm}; the first run, cold: {}", shown(cold)),
        &format!(
            "`kustomize build` of that root, bare: {bare}; aim: ≤ 1 s, of which outside renderers ≤ 150 ms"
        ),
        &format!("{} outside", shown(outside)),
    );
    row(&format!("{what}, the same change again"), &again.to_string(), "no renderer runs", "");
}

/// One run; every unit renders.
pub(crate) fn review(repository: &Path, cache: &Path) -> Duration {
    let kustomize = bot::tool("kustomize");
    let tools = kustomize.parent().unwrap_or(Path::new("/")).display();
    let began = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(["review", "--base", "main", "--head", "head", "--format", "json", "--fail-on", "block"]);
    command.arg("--repo").arg(repository).arg("--cache-dir").arg(cache);
    command.env("PATH", format!("{tools}:{}", std::env::var("PATH").unwrap()));
    let status = command.stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "{status}");
    began.elapsed()
}
