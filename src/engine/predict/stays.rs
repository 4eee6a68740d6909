//! What a manifest does not say any more and the cluster keeps, because others want it too or because it is the default. Pure.

use countersign_core::diff;
use countersign_core::effect::FieldChange;
use serde_json::Value;

use super::foreseen::is_within;

/// Fields that are told by their path.
const MOST: usize = 5;

/// In one sentence; `None` where nothing stays that the render takes away. `changes` are those that come to pass when the
/// manifest becomes `head`.
pub(super) fn sentence(
    rendered: &[FieldChange],
    changes: &[FieldChange],
    (manifest, head): (&Value, &Value),
) -> Option<String> {
    // Nothing is taken away with a map or a list that is empty.
    let says = |value: &Value| {
        value.as_object().is_none_or(|map| !map.is_empty())
            && value.as_array().is_none_or(|list| !list.is_empty())
    };
    let left = rendered.iter().filter(|change| {
        change.before.as_ref().is_some_and(says) && change.after.is_none() && !change.masked
    });
    let untouched = |path: &str| {
        !changes.iter().any(|change| is_within(&change.path, path) || is_within(path, &change.path))
    };
    let mut left = left.filter(|change| untouched(&change.path)).peekable();
    left.peek()?;
    let added = diff::fields(manifest, head);
    let is_there =
        |path: &str| added.iter().any(|added| added.after.is_some() && is_within(&added.path, path));
    let stay: Vec<String> =
        left.filter(|change| is_there(&change.path)).map(|change| format!("`{}`", change.path)).collect();
    let first = stay.iter().take(MOST).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = match stay.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!stay.is_empty())
        .then(|| format!("not in the manifest any more, and stays in the cluster: {first}{more}"))
}
