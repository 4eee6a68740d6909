//! What the server warns of, as it may be shown beside an object. To a read it warns of old versions alone, and of those to a
//! dry run as well: only dry runs are listened to. Pure.

use std::collections::BTreeSet;

use super::words::Words;

const MOST_WARNINGS: usize = 5;

/// In one sentence; `None` where nothing is warned of.
pub(super) fn sentence(warnings: &BTreeSet<String>, words: &Words<'_>) -> Option<String> {
    if warnings.is_empty() {
        return None;
    }
    let said: BTreeSet<String> = warnings.iter().map(|text| words.quoted(text)).collect();
    let mut shown: Vec<String> = said.iter().take(MOST_WARNINGS).cloned().collect();
    match said.len().saturating_sub(MOST_WARNINGS) {
        0 => {}
        more => shown.push(format!("and {more} more")),
    }
    Some(format!("the cluster warns: {}", shown.join(", ")))
}
