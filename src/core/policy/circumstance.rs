//! Conditions on a change request itself: people, files, checks, signatures, labels, time. What the snapshot does not
//! tell is unknown, and says why.

use std::collections::BTreeMap;

use super::{Truth, zone};
use crate::actor::{Actor, Known};
use crate::config::{
    Comparison, From, Pattern, Predicate, StatusTest, TextTest, WorkflowTest, expression, glob, valid_key,
};
use crate::details::{Commit, Outcome, Signature, WorkflowRun};
use crate::people::{self, Member};
use crate::snapshot::Snapshot;

/// What became of a condition, and why it is unknown where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) truth: Truth,
    pub(super) why: Option<String>,
}

impl Answer {
    pub(super) const fn known(truth: bool) -> Self {
        Self { truth: if truth { Truth::True } else { Truth::False }, why: None }
    }

    pub(super) const fn unknown(why: String) -> Self {
        Self { truth: Truth::Unknown, why: Some(why) }
    }

    fn negate(self) -> Self {
        Self { truth: self.truth.negate(), why: self.why }
    }

    /// What was meant, where `false` asks for the opposite.
    fn wanted(self, wanted: bool) -> Self {
        if wanted { self } else { self.negate() }
    }
}

impl std::convert::From<Member> for Answer {
    fn from(member: Member) -> Self {
        Self { truth: member.truth(), why: member.why() }
    }
}

/// All of these; why is that of the first that is unknown.
fn all(answers: impl Iterator<Item = Answer>) -> Answer {
    let mut sum = Answer::known(true);
    for answer in answers {
        let truth = sum.truth.and(answer.truth);
        let why = if truth == Truth::Unknown { sum.why.or(answer.why) } else { None };
        sum = Answer { truth, why };
    }
    sum
}

/// One of these.
fn any(answers: impl Iterator<Item = Answer>) -> Answer {
    all(answers.map(Answer::negate)).negate()
}

/// Judges a condition on the request itself. Conditions on effects and files are none: they are unknown here.
pub(super) fn judge(predicate: &Predicate, seen: &Snapshot) -> Answer {
    match predicate {
        Predicate::TargetsBranch(pattern) => like(pattern, seen.change.target.as_str()),
        Predicate::FromBranch(pattern) => from_branch(pattern, seen),
        Predicate::CommitCount(wanted) => match &seen.details.commits {
            Known::Yes(commits) => count(*wanted, commits.len()),
            Known::Unknown(why) => Answer::unknown(format!("the commits: {why}")),
        },
        Predicate::HasAuthorIn(from) => is_in(from, &seen.change.author, seen),
        Predicate::HasContributorIn(from) => any(contributors(seen, |actor| is_in(from, actor, seen))),
        Predicate::OnlyHasContributorsIn(from) => all(contributors(seen, |actor| is_in(from, actor, seen))),
        Predicate::AuthorIsOnlyContributor(wanted) => only_author(seen).wanted(*wanted),
        Predicate::HasStatus(test) => match &seen.details.outcomes {
            Known::Yes(outcomes) => all(test.names.iter().map(|name| ended(test, name, outcomes))),
            Known::Unknown(why) => Answer::unknown(format!("the statuses: {why}")),
        },
        Predicate::HasWorkflowResult(test) => match &seen.details.workflows {
            Known::Yes(runs) => all(test.workflows.iter().map(|name| ran(test, name, runs))),
            Known::Unknown(why) => Answer::unknown(format!("the workflows: {why}")),
        },
        Predicate::HasLabels(wanted) => match &seen.details.labels {
            Known::Yes(labels) => {
                let labels: Vec<String> = labels.iter().map(|label| label.to_lowercase()).collect();
                Answer::known(wanted.iter().all(|label| labels.contains(&label.to_lowercase())))
            }
            Known::Unknown(why) => Answer::unknown(format!("the labels: {why}")),
        },
        Predicate::Title(test) => reads(test, &seen.change.title),
        Predicate::Repository(test) => reads(test, seen.change.id.repo.path.as_str()),
        Predicate::HasValidSignatures(wanted) => signed(seen, |_| Answer::known(true)).wanted(*wanted),
        Predicate::HasValidSignaturesBy(from) => signed(seen, |signature| match &signature.signer {
            Some(signer) => is_in(from, signer, seen),
            None => Answer::unknown("the forge does not tell who signed".to_owned()),
        }),
        Predicate::HasValidSignaturesByKeys(keys) => signed(seen, |signature| match &signature.key {
            Some(key) => Answer::known(keys.iter().any(|wanted| same_key(wanted, key))),
            None => Answer::unknown("the key of a signature could not be told".to_owned()),
        }),
        Predicate::Draft(wanted) => Answer::known(seen.change.draft == *wanted),
        Predicate::Fork(wanted) => Answer::known(seen.change.fork == *wanted),
        Predicate::Window(window) => match zone::within(window, seen.now) {
            Some(within) => Answer::known(within),
            None => Answer::unknown(format!("there is no time zone {}", window.zone)),
        },
        Predicate::All(_)
        | Predicate::Any(_)
        | Predicate::Not(_)
        | Predicate::EffectAny(_)
        | Predicate::EffectOnly(_)
        | Predicate::EffectNone(_)
        | Predicate::PathsAny(_)
        | Predicate::Files(..)
        | Predicate::FileCount(_)
        | Predicate::ModifiedLines(_)
        | Predicate::Unknown(_) => Answer::unknown("it is not about the request".to_owned()),
    }
}

fn count(wanted: Comparison, number: usize) -> Answer {
    let number = u64::try_from(number).unwrap_or(u64::MAX);
    Answer::known(wanted.holds(number, Some(number)) == Some(true))
}

pub(super) fn like(pattern: &Pattern, text: &str) -> Answer {
    let matched = match pattern {
        Pattern::Glob(pattern) => glob(pattern).map(|glob| glob.is_match(text)),
        Pattern::Expression(pattern) => expression(pattern).map(|expression| expression.is_match(text)),
    };
    matched.map_or_else(Answer::unknown, Answer::known)
}

/// A fork's branch reads `owner:branch`, so that nobody passes for a branch of ours.
fn from_branch(pattern: &Pattern, seen: &Snapshot) -> Answer {
    match (seen.change.fork, &seen.details.source_owner) {
        (false, _) => like(pattern, &seen.change.source),
        (true, Known::Yes(owner)) => like(pattern, &format!("{owner}:{}", seen.change.source)),
        (true, Known::Unknown(why)) => Answer::unknown(format!("whose repository it comes from: {why}")),
    }
}

fn is_in(from: &From, actor: &Actor, seen: &Snapshot) -> Answer {
    if actor.id.get() == 0 {
        return Answer::unknown("an account no longer exists".to_owned());
    }
    people::member(from, actor, &seen.directory).into()
}

/// The author and everybody in the commits; an identity that no account answers to could be anybody.
fn contributors<'a>(
    seen: &'a Snapshot,
    judge: impl Fn(&Actor) -> Answer + 'a,
) -> impl Iterator<Item = Answer> + 'a {
    let known = std::iter::once(&seen.change.author).chain(&seen.contributors.known);
    let unknown = seen.contributors.unknown.iter();
    let unknown = unknown.map(|identity| Answer::unknown(format!("who {identity} is")));
    known.map(judge).chain(unknown)
}

/// A committer that is the forge itself, acting for the author, is nobody else.
fn only_author(seen: &Snapshot) -> Answer {
    let author = seen.change.author.id;
    let same = |actor: Option<&Actor>, identity: &str| match actor {
        Some(actor) => Answer::known(actor.id == author),
        None => Answer::unknown(format!("who {identity} is")),
    };
    match &seen.details.commits {
        Known::Yes(commits) => all(commits.iter().flat_map(|commit| {
            let wrote = same(commit.author.account.as_ref(), &commit.author.identity);
            let made = match commit.via_web {
                Some(true) => Answer::known(true),
                Some(false) | None => same(commit.committer.account.as_ref(), &commit.committer.identity),
            };
            [wrote, made]
        })),
        Known::Unknown(why) => {
            let own = seen.contributors.known.iter().all(|actor| actor.id == author);
            match own && seen.contributors.unknown.is_empty() {
                true => Answer::known(true),
                false => Answer::unknown(format!("the commits: {why}")),
            }
        }
    }
}

fn allowed(conclusions: &[String], conclusion: &str) -> bool {
    match conclusions.is_empty() {
        true => conclusion == "success",
        false => conclusions.iter().any(|allowed| allowed == conclusion),
    }
}

/// Where several have set a status of that name, all of them must have ended well, or those of the app that is asked for.
fn ended(test: &StatusTest, name: &str, outcomes: &[Outcome]) -> Answer {
    let named: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.name == name).collect();
    let good = |outcome: &Outcome| {
        outcome.conclusion.as_deref().is_some_and(|conclusion| allowed(&test.conclusions, conclusion))
    };
    let Some(app) = &test.app else {
        return Answer::known(!named.is_empty() && named.iter().all(|outcome| good(outcome)));
    };
    let of_app: Vec<_> = named
        .iter()
        .filter(|outcome| outcome.by.as_ref().is_some_and(|by| by.eq_ignore_ascii_case(app)))
        .collect();
    if !of_app.is_empty() {
        return Answer::known(of_app.iter().all(|outcome| good(outcome)));
    }
    match named.iter().any(|outcome| outcome.by.is_none() && good(outcome)) {
        true => Answer::unknown(format!("who set the status {name}")),
        false => Answer::known(false),
    }
}

/// For each event that set the workflow off, its newest run must have ended well.
fn ran(test: &WorkflowTest, name: &str, runs: &[WorkflowRun]) -> Answer {
    let mut newest: BTreeMap<&str, &WorkflowRun> = BTreeMap::new();
    for run in runs.iter().filter(|run| is_of(run, name)) {
        let known = newest.entry(run.event.as_str()).or_insert(run);
        if known.number < run.number {
            *known = run;
        }
    }
    let good = |run: &&WorkflowRun| {
        run.conclusion.as_deref().is_some_and(|conclusion| allowed(&test.conclusions, conclusion))
    };
    Answer::known(!newest.is_empty() && newest.values().all(good))
}

/// A forge that keeps all workflows in one folder tells their bare names.
fn is_of(run: &WorkflowRun, file: &str) -> bool {
    let bare = !run.workflow.contains('/') && file.rsplit('/').next() == Some(run.workflow.as_str());
    run.workflow == file || bare
}

fn reads(test: &TextTest, text: &str) -> Answer {
    let hit = |patterns: &[String]| {
        any(patterns.iter().map(|pattern| {
            expression(pattern).map_or_else(Answer::unknown, |one| Answer::known(one.is_match(text)))
        }))
    };
    let wanted = hit(&test.matches);
    match test.not_matches.is_empty() {
        true => wanted,
        false => any([wanted, hit(&test.not_matches).negate()].into_iter()),
    }
}

/// Whether every commit carries a signature that holds, and that `judge` takes.
fn signed(seen: &Snapshot, judge: impl Fn(&Signature) -> Answer) -> Answer {
    let commits = match &seen.details.commits {
        Known::Yes(commits) => commits,
        Known::Unknown(why) => return Answer::unknown(format!("the commits: {why}")),
    };
    let of = |commit: &Commit| match &commit.signature {
        Known::Yes(signature) if signature.verified => judge(signature),
        Known::Yes(_) => Answer::known(false),
        Known::Unknown(why) => Answer::unknown(format!("the signature of {}: {why}", commit.sha.short())),
    };
    match commits.is_empty() {
        true => Answer::known(false),
        false => all(commits.iter().map(of)),
    }
}

/// A long id is the end of a fingerprint. The key of an SSH signature has none, whatever its fingerprint ends with.
fn same_key(wanted: &str, key: &str) -> bool {
    if valid_key(key).is_err() {
        return false;
    }
    let (wanted, key) = (wanted.to_ascii_uppercase(), key.to_ascii_uppercase());
    wanted == key || wanted.ends_with(&key) || key.ends_with(&wanted)
}
