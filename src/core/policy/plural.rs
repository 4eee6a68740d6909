//! The plural names that the API has for kinds: rules of admission speak of `deployments`. Those that are built in are
//! known where they follow no rule; definitions at hand say theirs; of others, every plural that English has is tried.

use std::collections::BTreeMap;

use serde_json::Value;

/// Built-in kinds whose plural is not the one that English makes first.
const IRREGULAR: [(&str, &str, &str); 2] = [("", "Endpoints", "endpoints"), ("", "PodMetrics", "pods")];

/// Plural names that definitions declare, by group and kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Plurals(BTreeMap<(String, String), String>);

impl Plurals {
    /// From every definition among these manifests.
    pub(super) fn of(bodies: impl IntoIterator<Item = Value>) -> Self {
        Self(bodies.into_iter().filter_map(|body| declared(&body)).collect())
    }

    /// The plural names that a kind may have, the likeliest first.
    pub(super) fn candidates(&self, group: &str, kind: &str) -> Vec<String> {
        if let Some(known) = self.0.get(&(group.to_owned(), kind.to_owned())) {
            return vec![known.clone()];
        }
        if let Some((.., plural)) = IRREGULAR.iter().find(|(own, known, _)| *own == group && *known == kind) {
            return vec![(*plural).to_owned()];
        }
        plural_of(&kind.to_lowercase())
    }
}

/// Every plural that English has of a word in small letters, the likeliest first.
pub(crate) fn plural_of(word: &str) -> Vec<String> {
    match word.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => {
            vec![format!("{stem}ies"), format!("{word}s")]
        }
        _ if word.ends_with(['s', 'x']) || word.ends_with("ch") || word.ends_with("sh") => {
            vec![format!("{word}es"), word.to_owned()]
        }
        _ => vec![format!("{word}s")],
    }
}

fn declared(body: &Value) -> Option<((String, String), String)> {
    let spec = body
        .get("spec")
        .filter(|_| body.get("kind").is_some_and(|kind| kind == "CustomResourceDefinition"))?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let names = spec.get("names")?;
    Some(((text(spec.get("group")?)?, text(names.get("kind")?)?), text(names.get("plural")?)?))
}
