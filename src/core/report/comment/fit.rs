//! The byte budget. First go the lines of diffs that do not change, then whole diffs from the end, then entries of long
//! lists, and last rows of the table, folded by count. Dangers and totals never go.

use super::{Drawn, View, least};

/// How much of everything is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Detail {
    /// Unchanged lines around a change.
    pub(super) context: Context,
    /// Objects with their diff, counted from the first.
    pub(super) diffs: usize,
    /// Objects named in a unit's fold.
    pub(super) objects: usize,
    /// Entries of a list.
    pub(super) items: usize,
    /// Rows of a table.
    pub(super) rows: usize,
}

/// Unchanged lines around a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    /// As in the report.
    Full,
    /// One on each side.
    One,
    /// None.
    Nothing,
}

const EVERYTHING: Detail = Detail {
    context: Context::Full,
    diffs: usize::MAX,
    objects: usize::MAX,
    items: usize::MAX,
    rows: usize::MAX,
};

/// Lengths of lists that are tried, one after the other.
const LENGTHS: [usize; 8] = [400, 200, 100, 50, 20, 10, 5, 2];

impl Detail {
    pub(super) fn least() -> Self {
        Self { context: Context::Nothing, diffs: 0, objects: 0, items: 0, rows: 0 }
    }
}

/// The most detailed text that fits.
pub(super) fn within(view: &View<'_>, room: usize) -> String {
    let drawn = Drawn::new(*view);
    let fitting = |detail: &Detail| {
        let text = drawn.render(detail);
        (text.len() <= room).then_some(text)
    };
    for context in [Context::Full, Context::One, Context::Nothing] {
        if let Some(text) = fitting(&Detail { context, ..EVERYTHING }) {
            return text;
        }
    }
    let bare = Detail { context: Context::Nothing, diffs: 0, ..EVERYTHING };
    let longest = drawn.longest();
    let diffs = |detail: Detail| most(longest, |diffs| fitting(&Detail { diffs, ..detail }));
    if let Some((_, text)) = diffs(bare) {
        return text;
    }
    for items in std::iter::once(usize::MAX).chain(LENGTHS) {
        let lists = Detail { items, objects: 1, ..bare };
        if fitting(&lists).is_none() {
            continue;
        }
        // As many objects as fit with their diffs; where not even one for each unit does, as many as fit without.
        let objects = |diffs| most(longest, |objects| fitting(&Detail { objects, diffs, ..lists }));
        return match objects(usize::MAX).filter(|(objects, _)| *objects > 0) {
            Some((_, text)) => text,
            None => {
                let objects = objects(0).map_or(1, |(objects, _)| objects.max(1));
                diffs(Detail { objects, ..lists }).map(|(_, text)| text).unwrap_or_default()
            }
        };
    }
    let narrow = Detail { objects: 0, items: 1, ..bare };
    let rows = most(longest, |rows| fitting(&Detail { rows, ..narrow })).map(|(_, text)| text);
    rows.or_else(|| fitting(&Detail::least())).unwrap_or_else(|| least(view, room))
}

/// The greatest number up to `limit` for which there is a text, and the text; none where zero has none.
fn most(limit: usize, text: impl Fn(usize) -> Option<String>) -> Option<(usize, String)> {
    let mut best = text(0)?;
    let (mut fits, mut fails) = (0, limit + 1);
    while fails - fits > 1 {
        let middle = fits + (fails - fits) / 2;
        match text(middle) {
            Some(found) => {
                best = found;
                fits = middle;
            }
            None => fails = middle,
        }
    }
    Some((fits, best))
}
