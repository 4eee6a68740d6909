//! What every form of the report says in the same words: counts, dangers, images, what stands in the way. Sentences
//! quote names in backticks; each form makes of them what it can.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::model::*;
use crate::config::Severity;
use crate::effect::{FieldChange, Operation, Risk, Tier};
use crate::evaluation::SideState;
use crate::object::ObjectRef;
use crate::policy::Finding;

/// Characters of a field's value in a sentence.
const VALUE_LENGTH: usize = 60;
/// Fields that a sentence names.
const FIELDS: usize = 2;

/// How many objects meet what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    pub(super) create: usize,
    pub(super) change: usize,
    pub(super) replace: usize,
    pub(super) delete: usize,
    pub(super) orphan: usize,
    pub(super) refused: usize,
    /// The manifest changes, the cluster does not.
    pub(super) without_effect: usize,
}

impl Counts {
    pub(super) fn of<'a>(effects: impl IntoIterator<Item = &'a EffectReport>) -> Self {
        let mut counts = Self::default();
        for effect in effects {
            *match effect.operation {
                Operation::Create => &mut counts.create,
                Operation::Update => &mut counts.change,
                Operation::Replace => &mut counts.replace,
                Operation::Delete => &mut counts.delete,
                Operation::Orphan => &mut counts.orphan,
                Operation::Fail => &mut counts.refused,
                Operation::None => &mut counts.without_effect,
            } += 1;
        }
        counts
    }

    pub(super) fn of_environment(environment: &EnvironmentReport) -> Self {
        Self::of(environment.units.iter().flat_map(|unit| &unit.effects))
    }

    /// Objects of the cluster that meet something.
    pub(super) fn total(&self) -> usize {
        let Self { create, change, replace, delete, orphan, refused, without_effect: _ } = self;
        create + change + replace + delete + orphan + refused
    }

    pub(super) fn add(&mut self, other: &Self) {
        let Self { create, change, replace, delete, orphan, refused, without_effect } = other;
        self.create += create;
        self.change += change;
        self.replace += replace;
        self.delete += delete;
        self.orphan += orphan;
        self.refused += refused;
        self.without_effect += without_effect;
    }
}

/// `1 object`, `4 objects`, `10,000 objects`.
pub(super) fn count(n: usize, one: &str) -> String {
    let many = match one.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{one}s"),
    };
    if n == 1 { format!("1 {one}") } else { format!("{} {many}", number(n)) }
}

/// With a comma between thousands.
pub(super) fn number(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A name in a sentence.
pub(super) fn quote(text: &str) -> String {
    format!("`{}`", text.replace('`', "'"))
}

/// `shop/web`, or `shop-reader` where there is no namespace.
pub(super) fn object_name(object: &ObjectRef) -> String {
    if object.namespace.is_empty() {
        object.name.clone()
    } else {
        format!("{}/{}", object.namespace, object.name)
    }
}

/// `Deployment `shop/web``
pub(super) fn object_words(object: &ObjectRef) -> String {
    format!("{} {}", object.kind, quote(&object_name(object)))
}

/// `apps/shop/deployment.yaml:14`
pub(super) fn place(file: Option<&str>, line: Option<u32>, column: Option<u32>) -> Option<String> {
    let file = file?;
    Some(match (line, column) {
        (Some(line), Some(column)) => format!("{file}:{line}:{column}"),
        (Some(line), None) => format!("{file}:{line}"),
        (None, _) => file.to_owned(),
    })
}

/// A value in a sentence, not longer than it should be there.
pub(super) fn value_words(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    };
    if text.is_empty() { "\"\"".to_owned() } else { cut(&text, VALUE_LENGTH) }
}

/// At most `limit` characters.
pub(super) fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(limit.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// One field, in a sentence.
pub(super) fn field_words(change: &FieldChange) -> String {
    let path = quote(&cut(&change.path, 120));
    if change.masked {
        return format!("{path} changes (secret)");
    }
    match (&change.before, &change.after) {
        (Some(Value::Array(before)), Some(Value::Array(after))) => list_words(&path, before, after),
        (Some(before), Some(after)) => {
            format!("{path} {} → {}", quote(&value_words(before)), quote(&value_words(after)))
        }
        (None, Some(after)) => format!("{path} is added: {}", quote(&value_words(after))),
        (Some(before), None) => format!("{path} is removed, was {}", quote(&value_words(before))),
        (None, None) => format!("{path} changes"),
    }
}

/// What a list gains and loses.
fn list_words(path: &str, before: &[Value], after: &[Value]) -> String {
    let only = |these: &[Value], those: &[Value]| {
        let items: Vec<String> =
            these.iter().filter(|item| !those.contains(item)).map(|item| quote(&value_words(item))).collect();
        items.join(", ")
    };
    match (only(after, before), only(before, after)) {
        (gained, lost) if gained.is_empty() && lost.is_empty() => format!("{path} changes its order"),
        (gained, lost) if lost.is_empty() => format!("{path} gains {gained}"),
        (gained, lost) if gained.is_empty() => format!("{path} loses {lost}"),
        (gained, lost) => format!("{path} gains {gained} and loses {lost}"),
    }
}

/// A danger that a reviewer must not miss: one object, or the same in several environments.
#[derive(Debug, Clone)]
pub(super) struct Danger<'a> {
    /// `Data loss, replacement`
    pub(super) label: String,
    pub(super) environments: Vec<&'a str>,
    pub(super) effect: &'a EffectReport,
}

/// Every danger, the heaviest first; the same danger in several environments once.
pub(super) fn dangers(report: &Report) -> Vec<Danger<'_>> {
    let mut found: Vec<(usize, Danger<'_>)> = Vec::new();
    let mut known: BTreeMap<(&ObjectRef, String), Vec<usize>> = BTreeMap::new();
    for environment in &report.environments {
        for effect in environment.units.iter().flat_map(|unit| &unit.effects) {
            let Some((weight, label)) = danger_label(effect) else { continue };
            let same = known.entry((&effect.object, label.clone())).or_default();
            let twin = same.iter().copied().find(|at| {
                found.get(*at).is_some_and(|(_, danger)| {
                    danger.effect.operation == effect.operation && danger.effect.changes == effect.changes
                })
            });
            if let Some((_, danger)) = twin.and_then(|at| found.get_mut(at)) {
                if danger.environments.last() != Some(&environment.name.as_str()) {
                    danger.environments.push(&environment.name);
                }
            } else {
                same.push(found.len());
                found.push((weight, Danger { label, environments: vec![&environment.name], effect }));
            }
        }
    }
    found.sort_by_key(|(weight, _)| *weight);
    found.into_iter().map(|(_, danger)| danger).collect()
}

/// How heavy an effect's dangers are and what they are called; `None` where there are none beyond a moved image.
pub(super) fn danger_label(effect: &EffectReport) -> Option<(usize, String)> {
    let deadly = effect.risks.contains(&Risk::DataLoss);
    let mut labels: Vec<(usize, &str)> = effect
        .risks
        .iter()
        .filter_map(|risk| match risk {
            Risk::DataLoss => Some((1, "data loss")),
            Risk::Replace => Some((2, "replacement")),
            Risk::Privilege => Some((3, "privilege")),
            Risk::Exposure => Some((4, "exposure")),
            Risk::ScaleToZero => Some((5, "scaled to zero")),
            Risk::TwoOwners => Some((6, "two owners")),
            Risk::Orphan => Some((7, "left behind")),
            Risk::Suspended => Some((8, "suspended applier")),
            Risk::Namespace => (!deadly).then_some((9, "namespace")),
            Risk::Crd => (!deadly).then_some((10, "custom resource definition")),
            Risk::Prune => (!deadly).then_some((11, "deletion")),
            Risk::Secret => Some((12, "secret")),
            Risk::Image | Risk::Chart => None,
        })
        .collect();
    if effect.operation == Operation::Fail {
        labels.push((0, "refused"));
    }
    labels.sort_unstable();
    let weight = labels.first()?.0;
    let names: Vec<&str> = labels.into_iter().map(|(_, name)| name).collect();
    Some((weight, names.join(", ")))
}

/// What happens to an object, in words that follow its name.
pub(super) fn fate(effect: &EffectReport) -> String {
    let file = effect.source.as_ref().map(|origin| origin.file.as_str());
    let because = effect.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    match effect.operation {
        Operation::Create => "would be created".to_owned(),
        Operation::Delete => match file {
            Some(file) => format!("would be deleted (removed from {}){because}", quote(file)),
            None => format!("would be deleted{because}"),
        },
        Operation::Orphan => format!("leaves the tree and stays in the cluster, owned by nobody{because}"),
        Operation::Replace => {
            let fields = fields_words(effect);
            let why = if fields.is_empty() { String::new() } else { format!(" ({fields})") };
            format!("would be deleted and made anew{why}{because}")
        }
        Operation::Fail => format!("would be refused by the cluster{because}"),
        Operation::Update => {
            let fields = fields_words(effect);
            if fields.is_empty() { format!("would change{because}") } else { format!("{fields}{because}") }
        }
        Operation::None => format!("its manifest changes, the cluster does not{because}"),
    }
}

/// The fields that matter for an effect's dangers; where none is known to, the first.
fn fields_words(effect: &EffectReport) -> String {
    let matters = |change: &&FieldChange| effect.risks.iter().any(|risk| concerns(*risk, &change.path));
    let mut chosen: Vec<&FieldChange> = effect.changes.iter().filter(matters).collect();
    if chosen.is_empty() {
        chosen = effect.changes.iter().collect();
    }
    let more = effect.changes.len().saturating_sub(chosen.len().min(FIELDS));
    let mut words: Vec<String> = chosen.into_iter().take(FIELDS).map(field_words).collect();
    if more > 0 {
        words.push(count(more, "more field"));
    }
    words.join("; ")
}

/// Whether a field is what a risk is about, judged by its path.
fn concerns(risk: Risk, path: &str) -> bool {
    let words: &[&str] = match risk {
        Risk::ScaleToZero => &["replicas", "suspend"],
        Risk::Privilege => &[
            "rules",
            "roleRef",
            "subjects",
            "ecurityContext",
            "hostPath",
            "hostNetwork",
            "hostPID",
            "hostIPC",
            "serviceAccount",
            "verbs",
        ],
        Risk::Exposure => {
            &["type", "host", "externalIPs", "loadBalancer", "ingress", "egress", "podSelector", "ports"]
        }
        Risk::Suspended => &["suspend"],
        Risk::Chart => &["version", "targetRevision", "chart"],
        Risk::Image => &["image"],
        Risk::Replace
        | Risk::DataLoss
        | Risk::Prune
        | Risk::Orphan
        | Risk::TwoOwners
        | Risk::Crd
        | Risk::Namespace
        | Risk::Secret => &[],
    };
    words.iter().any(|word| path.contains(word))
}

/// One row of the image table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ImageMove {
    pub(super) name: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) environments: Vec<String>,
}

/// Images and charts that move, by name.
pub(super) fn image_moves(report: &Report) -> Vec<ImageMove> {
    let mut moves: BTreeMap<(String, String, String), BTreeSet<usize>> = BTreeMap::new();
    for (at, environment) in report.environments.iter().enumerate() {
        for effect in environment.units.iter().flat_map(|unit| &unit.effects) {
            for change in &effect.changes {
                if let Some(row) = image_move(effect, change) {
                    moves.entry(row).or_default().insert(at);
                }
            }
        }
    }
    let named = |at: usize| report.environments.get(at).map(|environment| environment.name.clone());
    moves
        .into_iter()
        .map(|((name, from, to), environments)| ImageMove {
            name,
            from,
            to,
            environments: environments.into_iter().filter_map(named).collect(),
        })
        .collect()
}

fn image_move(effect: &EffectReport, change: &FieldChange) -> Option<(String, String, String)> {
    let leaf = change.path.rsplit('.').next()?;
    let (Some(Value::String(before)), Some(Value::String(after)), false) =
        (&change.before, &change.after, change.masked)
    else {
        return None;
    };
    if leaf == "image" && effect.risks.contains(&Risk::Image) {
        let (old, from) = split_image(before);
        let (name, to) = split_image(after);
        let from = if old == name { from } else { before.clone() };
        return Some((name, from, to));
    }
    let versioned = matches!(leaf, "version" | "targetRevision") && effect.risks.contains(&Risk::Chart);
    versioned.then(|| {
        (format!("{} {}", effect.object.kind, object_name(&effect.object)), before.clone(), after.clone())
    })
}

/// Name and version: `registry.example.org:5000/shop`, `1.5.0`. A digest is shortened as people read it.
fn split_image(image: &str) -> (String, String) {
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    let slash = name.rfind('/').map_or(0, |at| at + 1);
    let tag = name.get(slash..).and_then(|last| last.find(':')).map(|at| slash + at);
    let (name, tag) = match tag {
        Some(at) => (name.get(..at).unwrap_or(name), name.get(at + 1..)),
        None => (name, None),
    };
    let digest = digest.map(|digest| digest.chars().take(19).collect::<String>());
    let version = match (tag, digest) {
        (Some(tag), Some(digest)) => format!("{tag} ({digest})"),
        (Some(tag), None) => tag.to_owned(),
        (None, Some(digest)) => digest,
        (None, None) => "latest".to_owned(),
    };
    (name.to_owned(), version)
}

/// Whether a finding stops the change.
pub(super) fn blocks(finding: &Finding) -> bool {
    finding.waived.is_none() && (finding.errored || finding.severity == Severity::Error && !finding.existing)
}

/// Whether a unit could not be judged.
pub(super) fn untold(unit: &UnitReport) -> bool {
    !unit.already_broken && (unit.head == SideState::Failed || unit.base == SideState::Failed)
}

/// What stands in the way, a few words each, the heaviest first.
pub(super) fn missing(report: &Report) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for reason in &report.verdict.reasons {
        let said = label(report, reason);
        if !words.contains(&said) {
            words.push(said);
        }
    }
    words
}

fn label(report: &Report, reason: &crate::verdict::Reason) -> String {
    let same = || report.verdict.reasons.iter().filter(|other| other.code == reason.code).count();
    match reason.code.as_str() {
        "policy" => {
            count(report.findings.iter().filter(|f| blocks(f) && !f.errored).count().max(1), "policy error")
        }
        "check-errored" => format!("{} could not run", count(same(), "check")),
        "approval-missing" => approvals_label(report, same()),
        "approval-unknown" => format!("{} could not be judged", count(same(), "rule")),
        "render-failed" if same() == 1 => "1 unit does not render".to_owned(),
        "render-failed" => format!("{} do not render", count(same(), "unit")),
        "cluster" => match &reason.environment {
            Some(name) => format!("{} could not be asked", quote(name)),
            None => "a cluster could not be asked".to_owned(),
        },
        "conflict" => "merge conflict".to_owned(),
        "held" => "on hold".to_owned(),
        "changes-requested" => "changes requested".to_owned(),
        "draft" => "draft".to_owned(),
        "nothing" => "nothing to merge".to_owned(),
        "policy-unreadable" => "the policy cannot be read".to_owned(),
        "policy-invalid" => "the proposed policy is wrong".to_owned(),
        "no-policy" => "there is no policy".to_owned(),
        "capability-unknown" => "the branch's protection could not be read".to_owned(),
        "cannot-land" => "the bot may not land it".to_owned(),
        "status-missing" => format!("{} not passed", count(same(), "required check")),
        _ => cut(reason.message.split(": ").next().unwrap_or(&reason.message), 80),
    }
}

fn approvals_label(report: &Report, rules: usize) -> String {
    let mut pending =
        report.requirements.iter().filter(|rule| rule.state == crate::approval::RequirementState::Pending);
    match (pending.next(), pending.next()) {
        (Some(one), None) => format!("{} of {}", one.by.len(), count(one.needed as usize, "approval")),
        (Some(_), Some(_)) | (None, _) => format!("{} waiting for approvals", count(rules.max(1), "rule")),
    }
}

/// How the answers of some environments are known: each way with its environments, in the report's order.
pub(super) fn known_by<'a>(environments: &[&'a EnvironmentReport]) -> Vec<(Tier, Vec<&'a str>)> {
    let mut ways: Vec<(Tier, Vec<&str>)> = Vec::new();
    for environment in environments {
        match ways.iter_mut().find(|(tier, _)| *tier == environment.tier) {
            Some((_, names)) => names.push(&environment.name),
            None => ways.push((environment.tier, vec![&environment.name])),
        }
    }
    ways
}

/// `production, staging and 3 more`
pub(super) fn names(items: &[&str], limit: usize) -> String {
    let shown: Vec<&str> = items.iter().take(limit).copied().collect();
    let more = items.len().saturating_sub(limit);
    if more == 0 { shown.join(", ") } else { format!("{} and {} more", shown.join(", "), number(more)) }
}
