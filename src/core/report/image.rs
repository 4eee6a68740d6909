//! Images and charts that move, and where.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::model::*;
use super::summary::object_name;
use crate::effect::{FieldChange, Risk};

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
