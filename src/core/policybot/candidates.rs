//! Who said yes, or no, in the ways that a policy takes; and which commits count against them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::ask::{Failed, had, is_actor};
use super::change::{Change, Commit, Part, ReviewState};
use super::model::{Methods, Options};
use super::outcome::{Dismissed, Reason};

/// Somebody's word: the newest that they gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate<'c> {
    pub(super) user: &'c str,
    pub(super) at: Timestamp,
    pub(super) edited: bool,
}

/// Everybody who gave their word, the earliest first. Of several by one person the newest counts, whatever became of it
/// since; the first of those given at one moment.
pub(super) fn candidates<'c>(
    methods: &Methods,
    wanted: ReviewState,
    change: &'c Change,
) -> Result<Vec<Candidate<'c>>, Failed> {
    let hit = |patterns: &Option<Vec<super::Pattern>>, text: &str| {
        patterns.iter().flatten().any(|pattern| pattern.matches(text))
    };
    let is_set = |patterns: &Option<Vec<super::Pattern>>| patterns.iter().flatten().next().is_some();
    let words = || methods.comments.iter().flatten();
    let mut all = Vec::new();
    if words().next().is_some() || is_set(&methods.comment_patterns) {
        for comment in had(change, Part::Comments, &change.comments)? {
            let said = words().any(|word| comment.text.contains(word.as_str()));
            if said || hit(&methods.comment_patterns, &comment.text) {
                all.push((&comment.author, comment.created_at, comment.edited_at));
            }
        }
    }
    if is_set(&methods.body_patterns)
        && let Some(body) = had(change, Part::Body, &change.body)?
        && hit(&methods.body_patterns, &body.text)
    {
        all.push((&body.author, body.created_at, body.edited_at));
    }
    if methods.github_review == Some(true) || is_set(&methods.review_patterns) {
        for review in had(change, Part::Reviews, &change.reviews)? {
            let said = !is_set(&methods.review_patterns) || hit(&methods.review_patterns, &review.text);
            if review.state == wanted && said {
                all.push((&review.author, review.created_at, review.edited_at));
            }
        }
    }
    let mut newest: BTreeMap<&str, Candidate<'c>> = BTreeMap::new();
    for (user, at, edited_at) in all {
        let candidate = Candidate { user, at, edited: edited_at.is_some() };
        let known = newest.entry(user).or_insert_with(|| candidate.clone());
        if known.at < at {
            *known = candidate;
        }
    }
    let mut newest: Vec<Candidate<'c>> = newest.into_values().collect();
    newest.sort_by_key(|candidate| candidate.at);
    Ok(newest)
}

/// Those whose word stands, and those whose word does not.
pub(super) fn standing<'c>(
    options: &Options,
    change: &'c Change,
) -> Result<(Vec<Candidate<'c>>, Vec<Dismissed>), Failed> {
    let mut left = candidates(&options.methods, ReviewState::Approved, change)?;
    let mut dismissed = Vec::new();
    let mut dismiss = |left: &mut Vec<Candidate<'c>>, reason, stands: &dyn Fn(&Candidate<'_>) -> bool| {
        left.retain(|candidate| {
            let stands = stands(candidate);
            if !stands {
                dismissed.push(Dismissed { user: candidate.user.to_owned(), reason });
            }
            stands
        });
    };
    if options.ignore_edited_comments == Some(true) {
        dismiss(&mut left, Reason::Edited, &|candidate| !candidate.edited);
    }
    if options.invalidate_on_push == Some(true)
        && let Some(newest) = counted_commits(options, change)?.first()
    {
        let pushed = change.pushed_at.get(&newest.sha);
        let pushed = *pushed.ok_or_else(|| format!("when {} was pushed is not recorded", newest.sha))?;
        dismiss(&mut left, Reason::Pushed, &|candidate| candidate.at > pushed);
    }
    Ok((left, dismissed))
}

/// The commits from the head along first parents, without those that the options leave out.
pub(super) fn counted_commits<'c>(options: &Options, change: &'c Change) -> Result<Vec<&'c Commit>, Failed> {
    let commits = had(change, Part::Commits, &change.commits)?;
    let by_id: BTreeMap<&str, &Commit> = commits.iter().map(|commit| (commit.sha.as_str(), commit)).collect();
    let mut line: Vec<&Commit> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut next = Some(change.head.as_str());
    while let Some(commit) = next.filter(|sha| seen.insert(*sha)).and_then(|sha| by_id.get(sha)) {
        line.push(commit);
        next = commit.parents.first().map(String::as_str);
    }
    let is_in_line = |sha: &str| line.iter().any(|commit| commit.sha == sha);
    let is_update = |commit: &Commit| match commit.parents.as_slice() {
        [first, second] => commit.via_web && is_in_line(first) && !is_in_line(second),
        _ => false,
    };
    let mut counted = Vec::new();
    for commit in &line {
        let update = options.ignore_update_merges == Some(true) && is_update(commit);
        if !update && !is_ignored(options, change, commit)? {
            counted.push(*commit);
        }
    }
    Ok(counted)
}

fn is_ignored(options: &Options, change: &Change, commit: &Commit) -> Result<bool, Failed> {
    let Some(actors) = options.ignore_commits_by.as_ref().filter(|actors| !actors.is_empty()) else {
        return Ok(false);
    };
    for user in commit.users() {
        if !is_actor(actors, change, user)? {
            return Ok(false);
        }
    }
    Ok(commit.users().next().is_some())
}
