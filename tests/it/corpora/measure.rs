//! One review beside one plain comparison of the same two trees.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::history::{Change, Repository, Trees};
use crate::parts::tools;

/// The programs that are compared, and those that render for both.
pub(super) struct Measure {
    compare: PathBuf,
    kustomize: PathBuf,
    helm: PathBuf,
    /// A folder with links to the programs that a review may start, and no others.
    path: TempDir,
}

/// What builds kustomizations.
#[derive(Debug, Clone, Copy)]
pub(super) enum Builder {
    Kustomize,
    /// `kubectl kustomize`, where kubectl alone is installed.
    Kubectl,
}

/// What was seen, added up.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) reviews: usize,
    conflicts: usize,
    units: usize,
    pub(super) rendered: usize,
    objects: u64,
    created: usize,
    updated: usize,
    deleted: usize,
    /// Units that did not render, by the reason given.
    failed: BTreeMap<String, usize>,
}

/// What happens to the objects of a unit: the operation, then group, kind, namespace and name.
type Operations = BTreeSet<(&'static str, String)>;

impl Measure {
    /// `None`, and the test is noted as skipped, where a part is absent.
    pub(super) fn with_parts(builder: Builder) -> Option<Self> {
        let kustomize = match builder {
            Builder::Kustomize => tools::kustomize(),
            Builder::Kubectl => tools::kubectl(),
        };
        let (compare, kustomize, helm) = (tools::compare()?, kustomize?, tools::helm()?);
        let path = TempDir::new().unwrap();
        for program in [&kustomize, &helm, &git()] {
            symlink(program, path.path().join(program.file_name().unwrap())).unwrap();
        }
        Some(Self { compare, kustomize, helm, path })
    }

    /// Reviews a change, and says what is wrong with the review.
    pub(super) fn review(&self, repository: &Repository, change: &Change) -> (Tally, Vec<String>) {
        let (status, report) = match self.report(repository, change) {
            Ok(reviewed) => reviewed,
            Err(fault) => return (Tally::default(), vec![fault]),
        };
        let trees = repository.trees(change);
        let mut faults = judged(status, &report, &trees);
        let compared = self.compared(&report, &trees);
        let operations = operations(&report);
        let mut tally = Tally { reviews: 1, ..Tally::default() };
        tally.conflicts = usize::from(report["merged"].is_null());
        for environment in list(&report["environments"]) {
            for unit in list(&environment["units"]) {
                let key = (text(&environment["name"]), text(&unit["name"]));
                let said = operations.get(&key).cloned().unwrap_or_default();
                let found = faults_of(unit, &compared[&key], &said);
                faults.extend(found.into_iter().map(|fault| format!("{}/{}: {fault}", key.0, key.1)));
                tally.count(unit, &said);
            }
        }
        (tally, faults)
    }

    /// The exit status of a review and its report.
    fn report(&self, repository: &Repository, change: &Change) -> Result<(i32, Value), String> {
        let mut review = Command::new(env!("CARGO_BIN_EXE_countersign"));
        review.args(["review", "--format", "json", "--repo"]).arg(repository.path());
        review.args(["--base", &change.base, "--head", &change.head]);
        let done = review.env("PATH", self.path.path()).output().unwrap();
        let complaint = String::from_utf8_lossy(&done.stderr);
        match (done.status.code(), serde_json::from_slice(&done.stdout)) {
            (Some(status @ 0..=2), Ok(report)) => Ok((status, report)),
            (_, Ok(_)) => Err(format!("{}: {complaint}", done.status)),
            (_, Err(error)) => Err(format!("{}, and no report ({error}): {complaint}", done.status)),
        }
    }

    /// What the plain comparison says of each unit, by environment and name.
    fn compared(&self, report: &Value, trees: &Trees) -> BTreeMap<(String, String), Value> {
        let mut compare = Command::new(&self.compare);
        compare.arg("-base").arg(trees.base()).arg("-head").arg(trees.head());
        compare.arg("-kustomize").arg(&self.kustomize).arg("-helm").arg(&self.helm);
        let mut running = compare.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        running.stdin.take().unwrap().write_all(report.to_string().as_bytes()).unwrap();
        let done = running.wait_with_output().unwrap();
        assert!(done.status.success(), "the comparison itself failed: {}", done.status);
        let units: Value = serde_json::from_slice(&done.stdout).unwrap();
        let key = |unit: &Value| (text(&unit["environment"]), text(&unit["unit"]));
        list(&units).map(|unit| (key(unit), unit.clone())).collect()
    }
}

/// git, wherever it is installed.
fn git() -> PathBuf {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders)
        .map(|folder| folder.join("git"))
        .find(|program| program.is_file())
        .unwrap()
}

/// What is wrong with a review as a whole.
fn judged(status: i32, report: &Value, trees: &Trees) -> Vec<String> {
    let mut faults = Vec::new();
    let merged = report["merged"]["tree"].as_str();
    if merged != trees.merged.as_deref() {
        faults.push(format!("judged tree {merged:?}, but git merges to {:?}", trees.merged));
    }
    let units = || list(&report["environments"]).flat_map(|environment| list(&environment["units"]));
    let broken = units().any(|unit| unit["head"] == "failed" && unit["already_broken"] != true);
    let outcome = text(&report["verdict"]["outcome"]);
    let expected = match merged {
        None => (1, "block"),
        Some(_) if broken => (2, "undecided"),
        Some(_) => (0, "allow"),
    };
    if (status, outcome.as_str()) != expected {
        faults.push(format!("ended with {status} and `{outcome}`, where {expected:?} is right"));
    }
    faults
}

/// What is wrong with what a review says of one unit.
fn faults_of(unit: &Value, compared: &Value, said: &Operations) -> Vec<String> {
    let mut faults = Vec::new();
    let failed = ["base", "head"].into_iter().any(|side| unit[side] == "failed");
    if failed && unit["error"]["message"].as_str().is_none_or(str::is_empty) {
        faults.push("it failed, and nothing says why".to_owned());
    }
    for side in ["base", "head"] {
        if unit[side] != compared[side]["state"] {
            let (ours, theirs) = (&unit[side], &compared[side]);
            faults.push(format!("{side} is {ours} ({}), but plainly {theirs}", unit["error"]["message"]));
        } else if unit[side] == "rendered" && unit["objects"][side] != compared[side]["objects"] {
            let (ours, theirs) = (&unit["objects"][side], &compared[side]["objects"]);
            faults.push(format!("{side} has {ours} objects, but plainly {theirs}"));
        }
    }
    if !failed {
        let plain: Operations = ["created", "updated", "deleted"]
            .into_iter()
            .flat_map(|operation| list(&compared[operation]).map(move |object| (operation, name(object))))
            .collect();
        faults.extend(said.difference(&plain).map(|(operation, name)| format!("{name} is not {operation}")));
        faults
            .extend(plain.difference(said).map(|(operation, name)| format!("{name} is {operation}, unsaid")));
    }
    faults
}

/// The operations that a report tells of each unit, by environment and name.
fn operations(report: &Value) -> BTreeMap<(String, String), Operations> {
    let mut units: BTreeMap<(String, String), Operations> = BTreeMap::new();
    for environment in list(&report["environments"]) {
        for unit in list(&environment["units"]) {
            for effect in list(&unit["effects"]) {
                let key = |unit: &str| (text(&environment["name"]), unit.to_owned());
                let own = key(&text(&unit["name"]));
                let object = name(&effect["object"]);
                if let Some(from) = effect["moved_from"].as_str() {
                    units.entry(key(from)).or_default().insert(("deleted", object.clone()));
                    units.entry(own).or_default().insert(("created", object));
                    continue;
                }
                let operation = match effect["operation"].as_str() {
                    Some("create") => "created",
                    Some("update" | "replace") => "updated",
                    Some("delete" | "orphan") => "deleted",
                    Some("none") => continue,
                    other => panic!("operation {other:?} without a cluster"),
                };
                units.entry(own).or_default().insert((operation, object));
            }
        }
    }
    units
}

/// An object's identity. The hash in the name of a generated Secret is a keyed one in a report, so it is left out.
fn name(object: &Value) -> String {
    let [group, kind, namespace, mut name] =
        ["group", "kind", "namespace", "name"].map(|field| text(&object[field]));
    if let Some((stem, hash)) = name.rsplit_once('-')
        && kind == "Secret"
        && (hash.starts_with('‹') || hash.len() == 10)
    {
        name = format!("{stem}-‹›");
    }
    format!("{group}/{kind}/{namespace}/{name}")
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Tally {
    fn count(&mut self, unit: &Value, said: &Operations) {
        self.units += 1;
        if unit["base"] == "failed" || unit["head"] == "failed" {
            let message = text(&unit["error"]["message"]);
            // Without what is named: the reason alone.
            let reason = message.split('`').step_by(2).collect::<Vec<_>>().join("…");
            *self.failed.entry(reason).or_default() += 1;
            return;
        }
        self.rendered += 1;
        self.objects +=
            ["base", "head"].into_iter().filter_map(|side| unit["objects"][side].as_u64()).sum::<u64>();
        let count = |wanted| said.iter().filter(|(operation, _)| *operation == wanted).count();
        self.created += count("created");
        self.updated += count("updated");
        self.deleted += count("deleted");
    }

    pub(super) fn add(&mut self, other: Self) {
        let Self { reviews, conflicts, units, rendered, objects, created, updated, deleted, failed } = other;
        self.reviews += reviews;
        self.conflicts += conflicts;
        self.units += units;
        self.rendered += rendered;
        self.objects += objects;
        self.created += created;
        self.updated += updated;
        self.deleted += deleted;
        for (reason, count) in failed {
            *self.failed.entry(reason).or_default() += count;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reviews, conflicts, units, rendered, objects, created, updated, deleted, failed } = self;
        writeln!(
            to,
            "| {reviews} | {conflicts} | {units} | {rendered} | {objects} | {created} | {updated} | {deleted} |"
        )?;
        failed.iter().try_for_each(|(reason, count)| writeln!(to, "| {count} | {reason} |"))
    }
}
