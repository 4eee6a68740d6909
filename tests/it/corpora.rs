//! Real repositories: a review of every change in their histories ends well, names each unit that it cannot render, and
//! does to objects what a plain comparison in another language says; see `tests/tools/compare`.
//!
//! Two repositories lie in `tests/fixtures/corpora`. More are taken from `$COUNTERSIGN_CORPORA`, or from
//! `../shared/corpora` beside this repository. A sample of their changes is reviewed; all of them with
//! `COUNTERSIGN_CORPORA_ALL=true`, and then the figures of `corpora/README.md` are printed.

mod history;
mod measure;

use std::env;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use self::history::{Change, Repository};
use self::measure::{Builder, Measure, Tally};
use crate::parts::tools;

/// How many changes of a repository are reviewed where not all are.
const SAMPLE: usize = 12;

#[test]
fn the_sample_applications_of_argo_cd() {
    check(&fixture("argocd-example-apps"), Builder::Kustomize);
}

#[test]
fn the_reference_layout_of_flux() {
    check(&fixture("flux2-kustomize-helm-example"), Builder::Kustomize);
}

#[test]
fn the_sample_applications_of_argo_cd_where_only_kubectl_is() {
    check(&fixture("argocd-example-apps"), Builder::Kubectl);
}

#[test]
fn repositories_beside_this_one() {
    beside(Builder::Kustomize);
}

#[test]
fn repositories_beside_this_one_where_only_kubectl_is() {
    // As above, when all changes are asked for: a sample would tell nothing new.
    if env::var_os("COUNTERSIGN_CORPORA_ALL").is_some() {
        beside(Builder::Kubectl);
    }
}

fn beside(builder: Builder) {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora");
    let folder = env::var_os("COUNTERSIGN_CORPORA").map_or(beside, PathBuf::from);
    let found = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut bundles: Vec<PathBuf> =
        found.filter(|path| path.extension().is_some_and(|e| e == "bundle")).collect();
    bundles.sort();
    if bundles.is_empty() {
        return tools::skip("corpora");
    }
    for bundle in bundles {
        check(&bundle, builder);
    }
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/corpora/{name}.bundle"))
}

/// Reviews changes of a repository, side by side, and measures each review.
fn check(bundle: &Path, builder: Builder) {
    let Some(measure) = Measure::with_parts(builder) else { return };
    let repository = Repository::open(bundle);
    let all = repository.changes();
    let whole = env::var_os("COUNTERSIGN_CORPORA_ALL").is_some();
    let chosen = if whole { all } else { sample(all) };
    let next = AtomicUsize::new(0);
    let seen = Mutex::new((Tally::default(), Vec::new()));
    let work = || {
        while let Some(change) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (tally, faults) = measure.review(&repository, change);
            let mut seen = seen.lock().unwrap();
            seen.0.add(tally);
            if whole && (seen.0.reviews % 50 == 0 || !faults.is_empty()) {
                eprintln!("{} of {} {faults:#?}", seen.0.reviews, chosen.len());
            }
            seen.1.extend(faults.into_iter().map(|fault| format!("{change}: {fault}")));
        }
    };
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let (tally, faults) = seen.into_inner().unwrap();
    if whole {
        eprintln!("{} by {builder:?}: {tally}", bundle.display());
    }
    assert!(faults.is_empty(), "{}: {} faults\n{}", bundle.display(), faults.len(), faults.join("\n"));
    assert!(tally.reviews == chosen.len() && tally.rendered > 0, "{}: {tally}", bundle.display());
}

/// Some changes from the whole of a history, the same each time.
fn sample(changes: Vec<Change>) -> Vec<Change> {
    let every = changes.len().div_ceil(SAMPLE).max(1);
    changes.into_iter().step_by(every).collect()
}
