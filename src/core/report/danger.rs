//! Dangers that a reviewer must not miss: which there are, how heavy, in which words.

use std::collections::BTreeMap;

use super::model::*;
use super::summary::{count, field_words, quote};
use crate::effect::{FieldChange, Operation, Risk};
use crate::object::ObjectRef;

/// Fields that a sentence names.
const FIELDS: usize = 2;

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
        .filter_map(|risk| {
            let weight = match risk {
                Risk::DataLoss => 1,
                Risk::Replace => 2,
                Risk::Privilege => 3,
                Risk::Exposure => 4,
                Risk::ScaleToZero => 5,
                Risk::TwoOwners => 6,
                Risk::Orphan => 7,
                Risk::Suspended => 8,
                Risk::Namespace if !deadly => 9,
                Risk::Crd if !deadly => 10,
                Risk::Prune if !deadly => 11,
                Risk::Secret => 12,
                Risk::Namespace | Risk::Crd | Risk::Prune | Risk::Image | Risk::Chart => return None,
            };
            Some((weight, risk_words(*risk)))
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

/// A risk as people call it.
pub(super) fn risk_words(risk: Risk) -> &'static str {
    match risk {
        Risk::DataLoss => "data loss",
        Risk::Replace => "replacement",
        Risk::Privilege => "privilege",
        Risk::Exposure => "exposure",
        Risk::ScaleToZero => "scaled to zero",
        Risk::TwoOwners => "two owners",
        Risk::Orphan => "left behind",
        Risk::Suspended => "suspended applier",
        Risk::Namespace => "namespace",
        Risk::Crd => "custom resource definition",
        Risk::Prune => "deletion",
        Risk::Secret => "secret",
        Risk::Image => "image",
        Risk::Chart => "chart",
    }
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
        Operation::Replace => match (&effect.reason, fields_words(effect)) {
            (Some(reason), _) => format!("would be replaced: {reason}"),
            (None, fields) if fields.is_empty() => "would be deleted and made anew".to_owned(),
            (None, fields) => format!("would be deleted and made anew ({fields})"),
        },
        Operation::Fail => format!("would be refused by the cluster{because}"),
        Operation::Update => {
            let fields = fields_words(effect);
            if fields.is_empty() { format!("would change{because}") } else { format!("{fields}{because}") }
        }
        Operation::None if effect.moved_from.is_some() => "the object stays as it is".to_owned(),
        Operation::None => format!("its manifest changes, the cluster does not{because}"),
    }
}

/// The fields that matter for an effect's dangers; where none is known to, the first.
fn fields_words(effect: &EffectReport) -> String {
    let matters = |change: &&FieldChange| effect.risks.iter().any(|risk| concerns(*risk, change));
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

/// Whether a field is what a risk is about, judged by its path. Images and charts have a table of their own.
fn concerns(risk: Risk, change: &FieldChange) -> bool {
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
        Risk::Secret => return change.masked,
        Risk::Image
        | Risk::Chart
        | Risk::Replace
        | Risk::DataLoss
        | Risk::Prune
        | Risk::Orphan
        | Risk::TwoOwners
        | Risk::Crd
        | Risk::Namespace => &[],
    };
    words.iter().any(|word| change.path.contains(word))
}
