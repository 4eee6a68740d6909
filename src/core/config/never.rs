//! Rules that nobody can ever meet, and conditions that nothing can ever fulfil: told by the file alone. Of conditions only
//! those are looked at that contradict each other in plain words; the rest is believed.

use std::collections::BTreeSet;

use super::name;
use super::{Comparison, Exclusion, From, Pattern, Predicate, Require, RuleOptions, Than};

/// Why nobody can ever meet what a rule asks, where it names all whom it asks.
pub(super) fn unmeetable(
    require: &Require,
    when: Option<&Predicate>,
    options: &RuleOptions,
) -> Option<String> {
    let named = only_users(&require.from)?;
    let author = when.and_then(sole_author).filter(|_| options.author == Exclusion::Excluded);
    let excluded = author.filter(|author| named.contains(author));
    let able = named.len() - usize::from(excluded.is_some());
    if require.count as usize <= able {
        return None;
    }
    let people =
        |count: usize| if count == 1 { "1 person is".to_owned() } else { format!("{count} people are") };
    let but = excluded.map(|author| format!(", of whom the author `{author}` never counts"));
    Some(format!(
        "`count` is {}, and {} named{}: nobody can ever meet this rule",
        require.count,
        people(named.len()),
        but.unwrap_or_default()
    ))
}

/// Logins, where a set of people is nothing else.
fn only_users(from: &From) -> Option<BTreeSet<String>> {
    let From { users, teams, groups, organizations, permissions, codeowners, owners } = from;
    let others =
        !teams.is_empty() || !groups.is_empty() || !organizations.is_empty() || !permissions.is_empty();
    let known = !users.is_empty() && !others && !codeowners && !owners;
    known.then(|| users.iter().map(|user| user.to_lowercase()).collect())
}

/// The one person whose changes a condition is about.
fn sole_author(predicate: &Predicate) -> Option<String> {
    let mut all = Vec::new();
    flatten(predicate, &mut all);
    all.into_iter().find_map(|part| {
        let Predicate::HasAuthorIn(from) = part else { return None };
        let mut users = only_users(from)?;
        let first = users.pop_first()?;
        users.is_empty().then_some(first)
    })
}

/// Whether a condition can never be true.
pub(super) fn impossible(predicate: &Predicate) -> bool {
    if let Predicate::Any(parts) = predicate {
        return !parts.is_empty() && parts.iter().all(impossible);
    }
    let mut all = Vec::new();
    flatten(predicate, &mut all);
    let pairs =
        all.iter().enumerate().flat_map(|(at, one)| all.iter().skip(at).map(move |other| (*one, *other)));
    let nested = all.iter().any(|part| matches!(part, Predicate::Any(_)) && impossible(part));
    nested || pairs.into_iter().any(|(one, other)| contradict(one, other) || contradict(other, one))
}

/// Whether a condition asks for a number that is less than none, which is why it can never be true.
pub(super) fn below_zero(predicate: &Predicate) -> bool {
    if let Predicate::All(parts) = predicate {
        return parts.iter().any(below_zero);
    }
    if let Predicate::Any(parts) = predicate {
        return !parts.is_empty() && parts.iter().all(below_zero);
    }
    matches!(
        predicate,
        Predicate::FileCount(Comparison { than: Than::Less, value: 0 })
            | Predicate::CommitCount(Comparison { than: Than::Less, value: 0 })
    )
}

/// The parts that all have to be true.
fn flatten<'p>(predicate: &'p Predicate, into: &mut Vec<&'p Predicate>) {
    if let Predicate::All(parts) = predicate {
        parts.iter().for_each(|part| flatten(part, into));
    } else {
        into.push(predicate);
    }
}

fn contradict(one: &Predicate, other: &Predicate) -> bool {
    match (one, other) {
        (Predicate::Not(inner), other) => **inner == *other,
        (Predicate::Draft(one), Predicate::Draft(other))
        | (Predicate::Fork(one), Predicate::Fork(other))
        | (Predicate::AuthorIsOnlyContributor(one), Predicate::AuthorIsOnlyContributor(other))
        | (Predicate::HasValidSignatures(one), Predicate::HasValidSignatures(other)) => one != other,
        (Predicate::TargetsBranch(one), Predicate::TargetsBranch(other))
        | (Predicate::FromBranch(one), Predicate::FromBranch(other)) => apart(one, other),
        (Predicate::FileCount(one), Predicate::FileCount(other))
        | (Predicate::CommitCount(one), Predicate::CommitCount(other)) => empty(*one, *other),
        (Predicate::EffectAny(one), Predicate::EffectNone(other)) => one.count.is_none() && one == other,
        _ => false,
    }
}

/// Whether a name cannot be like both.
fn apart(one: &Pattern, other: &Pattern) -> bool {
    let (Pattern::Glob(one), Pattern::Glob(other)) = (one, other) else { return false };
    name::is_plain(one) && name::glob(other).is_ok_and(|other| !other.is_match(one))
}

/// Whether no number is both: where there is one, there is one beside a bound.
fn empty(one: Comparison, other: Comparison) -> bool {
    let near = |value: u64| [value.saturating_sub(1), value, value.saturating_add(1)];
    let both = |value: u64| [one, other].iter().all(|test| test.holds(value, Some(value)) == Some(true));
    !near(one.value).into_iter().chain(near(other.value)).any(both)
}
