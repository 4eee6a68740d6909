//! What the server warns of, as it may be shown beside an object. The words are those of whoever wrote a policy, a webhook
//! or a custom resource definition. To a read it warns of old versions alone, and of those to a dry run as well: only dry runs are
//! listened to. Pure.

use std::collections::BTreeSet;

use serde_json::Value;

use countersign_core::live::{LIVE, Manifests, essence};

const MOST_WARNINGS: usize = 5;
/// Characters of one warning; servers cut theirs at 256 bytes when there are many.
const LONGEST: usize = 240;
/// A shorter value is part of many words.
const SHORTEST: usize = 4;

/// In one sentence; `None` where nothing is warned of. A live value that neither side of the change names is withheld, as
/// far as it is quoted as it is.
pub(super) fn sentence(
    warnings: &BTreeSet<String>,
    live: Option<&Value>,
    sides: &Manifests<'_>,
) -> Option<String> {
    if warnings.is_empty() {
        return None;
    }
    let secret = unnamed(live, sides);
    let said: BTreeSet<String> = warnings.iter().map(|text| harmless(text, &secret)).collect();
    let mut shown: Vec<String> = said.iter().take(MOST_WARNINGS).map(|text| format!("`{text}`")).collect();
    match said.len().saturating_sub(MOST_WARNINGS) {
        0 => {}
        more => shown.push(format!("and {more} more")),
    }
    Some(format!("the cluster warns: {}", shown.join(", ")))
}

/// Values of the live object that neither side has, the longest first.
fn unnamed(live: Option<&Value>, sides: &Manifests<'_>) -> Vec<String> {
    let Some(live) = live else { return Vec::new() };
    let (mut secret, mut named) = (BTreeSet::new(), BTreeSet::new());
    scalars(&essence(live), &mut secret);
    for side in [sides.base, sides.head].into_iter().flatten() {
        scalars(side, &mut named);
    }
    // Which object it is, is said anyway.
    let identity = ["/kind", "/apiVersion", "/metadata/name", "/metadata/namespace"];
    identity.iter().filter_map(|path| live.pointer(path)).for_each(|value| scalars(value, &mut named));
    let unnamed = secret.into_iter().filter(|text| text.len() >= SHORTEST && !named.contains(text));
    let mut unnamed: Vec<String> = unnamed.collect();
    unnamed.sort_by_key(|text| std::cmp::Reverse(text.len()));
    unnamed
}

fn scalars(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => fields.values().for_each(|value| scalars(value, into)),
        Value::Array(items) => items.iter().for_each(|item| scalars(item, into)),
        Value::String(text) => {
            into.insert(text.clone());
        }
        Value::Number(number) => {
            into.insert(number.to_string());
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// One line that cannot leave the quotes that it will stand in.
fn harmless(text: &str, secret: &[String]) -> String {
    let text = secret.iter().fold(text.to_owned(), |text, value| text.replace(value.as_str(), LIVE));
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ").replace('`', "'");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}
