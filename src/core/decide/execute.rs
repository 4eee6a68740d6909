//! Executing commands: each becomes facts and one reply, at most once per comment.

use jiff::Timestamp;

use super::judge::{judge, standing_holds};
use super::{Found, PolicyInForce, landing, words};
use crate::actor::{Actor, ActorKind, Known, Permission};
use crate::approval;
use crate::change::{ChangeState, ReviewState};
use crate::command::{self, Command};
use crate::config::{Exclusion, Rule};
use crate::fact::{Approval, Display, Fact, FactKind, Said, Via};
use crate::people::{self, Member};
use crate::plan::{Action, Reaction};
use crate::report;
use crate::revision::Digest;
use crate::snapshot::Snapshot;
use crate::verdict::{Reason, Verdict};

/// A text that nobody has read for commands yet.
#[derive(Debug, Clone)]
pub(super) struct Outstanding {
    pub(super) via: Via,
    pub(super) author: Actor,
    pub(super) body: String,
    at: Timestamp,
    /// Changed before it was read: then its commands do not run.
    pub(super) edited: bool,
}

/// What executing one text gives.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) facts: Vec<FactKind>,
    pub(super) reactions: Vec<Action>,
}

/// Comments and review bodies of people that have no `Handled` fact, oldest first.
pub(super) fn outstanding(snapshot: &Snapshot) -> Vec<Outstanding> {
    let handled: Vec<Via> = snapshot.facts.iter().filter_map(handled_via).collect();
    let comments = snapshot.comments.iter().map(|comment| Outstanding {
        via: Via::Comment(comment.id),
        author: comment.author.clone(),
        body: comment.body.clone(),
        at: comment.created_at,
        edited: comment.updated_at > comment.created_at,
    });
    let reviews = snapshot.reviews.iter().filter(|review| review.state != ReviewState::Dismissed);
    let reviews = reviews.map(|review| Outstanding {
        via: Via::Review(review.id),
        author: review.author.clone(),
        body: review.body.clone(),
        at: review.submitted_at,
        edited: review.edited == Some(true),
    });
    let mut texts: Vec<Outstanding> = comments
        .chain(reviews)
        .filter(|text| text.author.kind == ActorKind::Human && text.author.id != snapshot.bot.id)
        .filter(|text| text.author.id.get() != 0 && !handled.contains(&text.via))
        .collect();
    texts.sort_by_key(|text| text.at);
    texts
}

/// Requests for changes that are seen for the first time.
pub(super) fn objections(snapshot: &Snapshot) -> impl Iterator<Item = FactKind> {
    approval::unrecorded_objections(snapshot).map(|review| FactKind::ChangesRequested {
        actor: review.author.clone(),
        review: review.id,
        at: review.submitted_at,
    })
}

fn handled_via(fact: &Fact) -> Option<Via> {
    if let FactKind::Handled { via, .. } = &fact.kind { Some(*via) } else { None }
}

/// Executes one text against the state so far.
pub(super) fn execute(
    snapshot: &Snapshot,
    (in_force, found): (&PolicyInForce, &Found),
    text: &Outstanding,
) -> Outcome {
    let mut outcome = Outcome::default();
    let reply = match command::parse(&text.body, &snapshot.bot.login) {
        Ok(parsed) if parsed.commands.is_empty() => match words::said(snapshot, in_force, text) {
            Some(said) => {
                let yes = Yes { environments: &[], pin: None, said };
                let Ran { facts, reply } = approve(snapshot, in_force, text, &yes);
                outcome.facts.extend(facts);
                Some(reply)
            }
            None => None,
        },
        Err(errors) => {
            let lines: Vec<String> = errors.iter().map(|error| format!("- {}", error.message)).collect();
            Some(format!("None of these commands was run:\n{}", lines.join("\n")))
        }
        Ok(_) if text.edited => Some(
            "This was edited before it was read, so nothing in it was run: say it again in a new comment."
                .into(),
        ),
        Ok(_) if snapshot.change.state != ChangeState::Open => {
            Some("This change is no longer open: commands have no effect on it.".into())
        }
        Ok(parsed) => {
            let mut replies: Vec<String> = parsed
                .dropped
                .iter()
                .map(|(command, why)| {
                    format!("{} was not run: {why}.", report::code_span(&command.to_string()))
                })
                .collect();
            let mut working = snapshot.clone();
            for command in &parsed.commands {
                let Ran { facts, reply } = run(&working, (in_force, found), text, command);
                super::record(&mut working, &facts);
                outcome.facts.extend(facts);
                replies.push(reply);
            }
            Some(replies.join("\n\n"))
        }
    };
    if let (Some(_), Via::Comment(comment)) = (&reply, text.via) {
        outcome.reactions.push(Action::React { comment, reaction: Reaction::Eyes });
    }
    outcome.facts.push(FactKind::Handled {
        via: text.via,
        actor: text.author.clone(),
        body_hash: Digest::of(text.body.as_bytes()),
        reply,
    });
    outcome
}

/// What one command gives.
struct Ran {
    facts: Vec<FactKind>,
    reply: String,
}

fn refused(reply: impl Into<String>) -> Ran {
    Ran { facts: Vec::new(), reply: reply.into() }
}

fn run(
    snapshot: &Snapshot,
    (in_force, found): (&PolicyInForce, &Found),
    text: &Outstanding,
    command: &Command,
) -> Ran {
    let who = &text.author.login;
    match command {
        Command::Approve { environments, pin } => {
            approve(snapshot, in_force, text, &Yes { environments, pin: pin.as_deref(), said: Said::Command })
        }
        Command::Unapprove => Ran {
            facts: vec![FactKind::Unapproved { actor: text.author.clone(), via: text.via }],
            reply: format!("@{who} takes back their approval."),
        },
        Command::Hold { reason } => hold(snapshot, text, reason.as_deref()),
        Command::Unhold => unhold(snapshot, in_force, text),
        Command::Merge { when_ready } => merge(snapshot, (in_force, found), text, *when_ready),
        Command::Cancel => cancel(snapshot, text),
        Command::Status => refused(status_reply(&judge(snapshot, in_force, found).verdict)),
        Command::Help => refused(command::help()),
    }
}

/// Whether somebody is known to have at least this permission.
pub(super) fn may(snapshot: &Snapshot, actor: &Actor, least: Permission) -> bool {
    let known = snapshot.directory.permissions.get(&actor.id).and_then(Known::as_option);
    known.is_some_and(|permission| *permission >= least)
}

/// Whether somebody is known to have less than this permission. What stops a change is not refused because the forge did
/// not tell.
fn may_not(snapshot: &Snapshot, actor: &Actor, least: Permission) -> bool {
    let known = snapshot.directory.permissions.get(&actor.id).and_then(Known::as_option);
    known.is_some_and(|permission| *permission < least)
}

/// A yes that somebody says.
struct Yes<'a> {
    environments: &'a [String],
    pin: Option<&'a str>,
    said: Said,
}

fn approve(snapshot: &Snapshot, in_force: &PolicyInForce, text: &Outstanding, yes: &Yes<'_>) -> Ran {
    let who = &text.author.login;
    let Yes { environments, pin, said } = yes;
    let own = text.author.id == snapshot.change.author.id;
    let allowed = |rule: &Rule| rule.options.author == Exclusion::Allowed;
    if own && !in_force.policy().rules.iter().any(allowed) {
        return refused(format!(
            "@{who}: you are the author of this change; somebody else has to approve it."
        ));
    }
    let unknown = environments.iter().find(|name| !has_environment(snapshot, name));
    if let Some(name) = unknown {
        return refused(format!(
            "@{who}: there is no environment `{name}` here; there are {}.",
            report::listed(&environment_names(snapshot), 10)
        ));
    }
    let chosen = match *pin {
        Some(pin) => pinned(snapshot, pin, text.at).ok_or_else(|| {
            format!(
                "@{who}: {} is neither a digest nor a head that was on display. On display is `{}`.",
                report::code_span(pin),
                snapshot.digest.short()
            )
        }),
        None => in_force_before(snapshot, text.at).ok_or_else(|| {
            format!(
                "@{who}: nothing was on display before you wrote this. Read what is shown now, then say `/approve {}`.",
                snapshot.digest.short()
            )
        }),
    };
    let display = match chosen {
        Ok(display) => display,
        Err(why) => return refused(why),
    };
    if display.digest != snapshot.digest {
        return refused(format!(
            "@{who}: what you saw (`{}`) is no longer what would land (`{}`). Look again, then say `/approve {}`.",
            display.digest.short(),
            snapshot.digest.short(),
            snapshot.digest.short()
        ));
    }
    let approval = Approval {
        actor: text.author.clone(),
        via: text.via,
        at: text.at,
        head: display.head.clone(),
        digest: display.digest.clone(),
        risks: display.risks.clone(),
        environments: environments.to_vec(),
        said: said.clone(),
        body_hash: Digest::of(text.body.as_bytes()),
    };
    let reply = format!(
        "@{who} approves `{}` at head `{}`{}.",
        approval.digest.short(),
        approval.head.short(),
        if environments.is_empty() { String::new() } else { format!(" for {}", environments.join(", ")) }
    );
    Ran { facts: vec![FactKind::Approved(approval)], reply }
}

fn environment_names(snapshot: &Snapshot) -> Vec<String> {
    snapshot.evaluation.environments.iter().map(|environment| environment.environment.name.clone()).collect()
}

fn has_environment(snapshot: &Snapshot, name: &str) -> bool {
    snapshot.evaluation.environments.iter().any(|environment| environment.environment.name == name)
}

fn posted(snapshot: &Snapshot) -> impl DoubleEndedIterator<Item = (&Display, Timestamp)> {
    snapshot.facts.iter().filter_map(|fact| {
        if let FactKind::DisplayPosted { display, at, .. } = &fact.kind { Some((display, *at)) } else { None }
    })
}

/// The display that stood when something was written. Forges count whole seconds, so one that was posted within the
/// same second may have come after: it does not count, and the digest has to be named.
fn in_force_before(snapshot: &Snapshot, at: Timestamp) -> Option<&Display> {
    posted(snapshot).rfind(|(_, posted)| *posted < at).map(|(display, _)| display)
}

/// The newest display that a pin names, by digest or by head, of those that stood when it was written. Whoever names a
/// digest has read it, even within the second in which it was posted; the same head may have been shown differently.
fn pinned<'a>(snapshot: &'a Snapshot, pin: &str, at: Timestamp) -> Option<&'a Display> {
    let named = |display: &Display, posted: Timestamp| {
        (display.digest.starts_with(pin) && posted <= at)
            || (pin.len() >= 7 && display.head.as_str().starts_with(pin) && posted < at)
    };
    posted(snapshot).rfind(|(display, posted)| named(display, *posted)).map(|(display, _)| display)
}

fn hold(snapshot: &Snapshot, text: &Outstanding, reason: Option<&str>) -> Ran {
    let who = &text.author.login;
    let author = text.author.id == snapshot.change.author.id;
    if !author && may_not(snapshot, &text.author, Permission::Triage) {
        return refused(format!("@{who}: holding a change needs at least triage permission here."));
    }
    let reason = reason.map(|reason| crate::audit::fold_user_text(reason, 200));
    Ran {
        facts: vec![FactKind::Held { actor: text.author.clone(), via: text.via, reason }],
        reply: format!("Held by @{who}. `/unhold` by @{who} or an administrator lifts it."),
    }
}

fn unhold(snapshot: &Snapshot, in_force: &PolicyInForce, text: &Outstanding) -> Ran {
    let who = &text.author.login;
    let mut holders: Vec<Actor> =
        standing_holds(&snapshot.facts).into_iter().map(|(holder, _)| holder).collect();
    holders.extend(approval::standing(snapshot).changes_requested);
    holders.sort_by_key(|holder| holder.id);
    holders.dedup_by_key(|holder| holder.id);
    if holders.is_empty() {
        return refused(format!("@{who}: nobody holds this change."));
    }
    let all =
        may(snapshot, &text.author, Permission::Admin) || listed(snapshot, in_force, "unhold", &text.author);
    let (lifted, left): (Vec<_>, Vec<_>) =
        holders.into_iter().partition(|holder| all || holder.id == text.author.id);
    if lifted.is_empty() {
        let holders: Vec<String> = left.iter().map(|holder| format!("@{}", holder.login)).collect();
        return refused(format!(
            "@{who}: this hold is lifted by {} or by an administrator.",
            report::listed(&holders, 5)
        ));
    }
    let facts = lifted.iter().map(|holder| FactKind::HoldLifted {
        actor: text.author.clone(),
        holder: holder.id,
        via: text.via,
    });
    let still = if left.is_empty() { "" } else { " Somebody else still holds it." };
    Ran { facts: facts.collect(), reply: format!("Lifted by @{who}.{still}") }
}

/// Whether the policy's `[commands]` lists somebody for a verb.
fn listed(snapshot: &Snapshot, in_force: &PolicyInForce, verb: &str, actor: &Actor) -> bool {
    let policy = in_force.policy();
    let mut sets = policy.commands.allow.get(verb).into_iter().chain(&policy.disapproval.revoke);
    sets.any(|from| people::member(from, actor, &snapshot.directory) == Member::Yes)
}

fn merge(
    snapshot: &Snapshot,
    (in_force, found): (&PolicyInForce, &Found),
    text: &Outstanding,
    when_ready: bool,
) -> Ran {
    let who = &text.author.login;
    if !may(snapshot, &text.author, Permission::Write) {
        return refused(format!("@{who}: merging needs write permission here."));
    }
    let verdict = judge(snapshot, in_force, found).verdict;
    let requested = FactKind::MergeRequested {
        actor: text.author.clone(),
        via: text.via,
        head: snapshot.change.head.clone(),
        digest: snapshot.digest.clone(),
        when_ready,
    };
    match (&verdict, when_ready) {
        (Verdict::Allow, _) => {
            Ran { facts: vec![requested], reply: format!("@{who} asked for the merge: landing.") }
        }
        (Verdict::Hold(_), true) => Ran {
            facts: vec![requested],
            reply: format!("@{who}: it lands as soon as nothing is missing.\n\n{}", blockers(&verdict)),
        },
        (Verdict::Hold(_) | Verdict::Block(_) | Verdict::Undecided(_), _) => {
            refused(format!("@{who} asked for the merge: not yet.\n\n{}", blockers(&verdict)))
        }
    }
}

fn cancel(snapshot: &Snapshot, text: &Outstanding) -> Ran {
    let who = &text.author.login;
    let Some((requester, ..)) = landing::standing_request(snapshot) else {
        return refused(format!("@{who}: nobody asked for the merge."));
    };
    if requester.id != text.author.id && may_not(snapshot, &text.author, Permission::Write) {
        return refused(format!(
            "@{who}: @{} or somebody with write permission can cancel this.",
            requester.login
        ));
    }
    let why = format!("cancelled by {who}");
    Ran {
        facts: vec![FactKind::MergeCancelled { actor: text.author.clone(), why }],
        reply: format!("@{who} cancelled the merge."),
    }
}

/// Every reason, one line each.
pub(super) fn blockers(verdict: &Verdict) -> String {
    let line = |reason: &Reason| format!("- {}", report::prose(&reason.message));
    let lines: Vec<String> = verdict.reasons().iter().map(line).collect();
    lines.join("\n")
}

fn status_reply(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Allow => "Nothing is missing: say `/merge`.".into(),
        Verdict::Hold(_) => format!("On hold:\n\n{}", blockers(verdict)),
        Verdict::Block(_) => format!("Blocked:\n\n{}", blockers(verdict)),
        Verdict::Undecided(_) => format!("It cannot be told yet:\n\n{}", blockers(verdict)),
    }
}
