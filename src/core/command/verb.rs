//! The words that this bot answers to.

/// What a word is to this bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Approve,
    Unapprove,
    Hold,
    Unhold,
    Merge,
    Cancel,
    Status,
    Help,
    /// A word of the design that this version does not run.
    Later,
    /// What people say to bots that apply.
    Apply,
}

const WORDS: [(&str, Verb); 18] = [
    ("approve", Verb::Approve),
    ("unapprove", Verb::Unapprove),
    ("hold", Verb::Hold),
    ("unhold", Verb::Unhold),
    ("merge", Verb::Merge),
    ("cancel", Verb::Cancel),
    ("status", Verb::Status),
    ("help", Verb::Help),
    ("diff", Verb::Later),
    ("retry", Verb::Later),
    ("ok-to-test", Verb::Later),
    ("override", Verb::Later),
    ("lock", Verb::Later),
    ("unlock", Verb::Later),
    ("rollback", Verb::Later),
    ("why", Verb::Later),
    ("plan", Verb::Later),
    ("apply", Verb::Apply),
];

/// The verb that a word names, whatever its case.
pub(super) fn verb(word: &str) -> Option<Verb> {
    WORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, verb)| *verb)
}

/// The word that was probably meant, where one is near: one slip in a short word, two in a longer one.
pub(super) fn nearest(word: &str) -> Option<&'static str> {
    let word: Vec<char> = word.chars().take(40).map(|c| c.to_ascii_lowercase()).collect();
    let runs = WORDS.iter().filter(|(_, verb)| !matches!(verb, Verb::Later | Verb::Apply));
    let near = runs.map(|(name, _)| (distance(&word, name), *name)).min_by_key(|(distance, _)| *distance);
    near.filter(|(distance, _)| *distance <= 1 + word.len() / 4).map(|(_, name)| name)
}

/// Letters to add, drop, change or swap to get from one word to the other.
fn distance(from: &[char], to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let get = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX / 2);
            let mut best = get(&last, j) + usize::from(a != b);
            best = best.min(get(&last, j + 1) + 1).min(get(&row, j) + 1);
            let swapped = i > 0 && j > 0 && from.get(i - 1) == Some(b) && to.get(j - 1) == Some(a);
            if swapped {
                best = best.min(get(&before, j - 1) + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(from.len())
}
