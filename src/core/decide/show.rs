//! What people are shown: replies, the sticky comment, the status. Each is planned only where it is not there yet.

use jiff::Timestamp;

use super::{Judgement, PolicyInForce, landing, reviewers, status_context};
use crate::change::{ChangeState, Comment, CommentId};
use crate::config::Level;
use crate::fact::{Display, FactKind, LandingOutcome, Via};
use crate::plan::{Action, Annotations};
use crate::report::{self, CommentInput, Report, ReportInput};
use crate::revision::Digest;
use crate::snapshot::{MergeOutcome, Snapshot, StatusState};
use crate::verdict::Verdict;

/// Bytes of a comment that every forge takes.
const COMMENT_BUDGET: usize = 60_000;
/// Characters of a status text that every forge takes.
const STATUS_LENGTH: usize = 140;

/// The newest posted display, and what became of it.
struct Posted<'a> {
    comment: CommentId,
    display: &'a Display,
    at: Timestamp,
    /// One that was being posted in its place when the bot stopped.
    planned: Option<&'a Display>,
    /// Whether it was found tampered since.
    tampered: bool,
}

fn posted(snapshot: &Snapshot) -> Option<Posted<'_>> {
    let mut newest: Option<Posted<'_>> = None;
    for fact in &snapshot.facts {
        if let FactKind::DisplayPosted { display, comment, at } = &fact.kind {
            newest = Some(Posted { comment: *comment, display, at: *at, planned: None, tampered: false });
        } else if let (FactKind::DisplayPlanned(display), Some(posted)) = (&fact.kind, &mut newest) {
            posted.planned = Some(display);
        } else if let (FactKind::DisplayTampered { comment }, Some(posted)) = (&fact.kind, &mut newest) {
            posted.tampered |= *comment == posted.comment;
        }
    }
    newest
}

/// A display that somebody rewrote: the comment's bytes are neither what was posted last nor what was being posted, or
/// they are what was posted and yet the comment was edited since, so that meanwhile it said something else.
pub(super) fn tampering(snapshot: &Snapshot) -> Vec<FactKind> {
    let Some(Posted { comment: id, display, at, planned, tampered }) = posted(snapshot) else {
        return Vec::new();
    };
    let Some(found) = snapshot.comments.iter().find(|comment| comment.id == id) else { return Vec::new() };
    let hash = Digest::of(found.body.as_bytes());
    let untouched = hash == display.body_hash && found.updated_at <= at;
    let ours = untouched || planned.is_some_and(|planned| planned.body_hash == hash);
    if ours || tampered { Vec::new() } else { vec![FactKind::DisplayTampered { comment: id }] }
}

/// The report of what was judged.
pub fn report(snapshot: &Snapshot, judgement: &Judgement) -> Report {
    let tree = if let MergeOutcome::Clean { tree } = &snapshot.merge { Some(tree) } else { None };
    let report = report::build(&ReportInput {
        base: &snapshot.base_tip,
        head: &snapshot.change.head,
        tree,
        digest: &snapshot.digest,
        evaluation: &snapshot.evaluation,
        verdict: &judgement.verdict,
        findings: &judgement.findings,
        requirements: &judgement.agreement.requirements,
    });
    let floor: Vec<_> = super::floor::sound(snapshot).map(|floor| floor.rules).unwrap_or_default();
    let mut requirements = report.requirements;
    for requirement in &mut requirements {
        requirement.elsewhere = floor.iter().any(|rule| rule.name == requirement.rule);
    }
    reviewers::tell_taken_off(snapshot, &mut requirements);
    Report {
        requirements,
        waivers: judgement.waivers.clone(),
        proposed_policy: judgement.proposed.as_deref().map(report::proposed).map(Box::new),
        floor: snapshot.floor.as_ref().map(|floor| floor.digest().to_string()),
        ..report
    }
}

/// The hidden marker of the reply to a command.
pub fn reply_marker(to: Via) -> String {
    match to {
        Via::Comment(CommentId(id)) => format!("<!-- countersign:reply comment-{id} -->"),
        Via::Review(crate::change::ReviewId(id)) => format!("<!-- countersign:reply review-{id} -->"),
    }
}

/// Replies that are not there yet: the ledger knows the answer, the conversation does not.
pub(super) fn replies(snapshot: &Snapshot) -> Vec<Action> {
    let ours: Vec<&Comment> =
        snapshot.comments.iter().filter(|comment| comment.author.id == snapshot.bot.id).collect();
    let missing = snapshot.facts.iter().filter_map(|fact| {
        let FactKind::Handled { via, reply: Some(reply), .. } = &fact.kind else { return None };
        let marker = reply_marker(*via);
        let there = ours.iter().any(|comment| comment.body.starts_with(&marker));
        (!there).then(|| Action::Reply { to: *via, body: format!("{marker}\n{reply}") })
    });
    missing.collect()
}

/// The sticky comment, where it does not already say this.
pub(super) fn display(
    snapshot: &Snapshot,
    in_force: &PolicyInForce,
    judgement: &Judgement,
    report: &Report,
) -> Option<Action> {
    // What was merged or closed by others keeps what it showed last.
    if snapshot.change.state != ChangeState::Open && !super::judge::landed(snapshot) {
        return None;
    }
    let notes = notes(snapshot, in_force);
    let commands = valid_commands(snapshot, judgement);
    let body = report::comment(&CommentInput {
        report,
        change: &snapshot.change,
        notes: &notes,
        commands: &commands,
        page: snapshot.page.as_deref(),
        budget: COMMENT_BUDGET,
    });
    let display = Display {
        head: snapshot.change.head.clone(),
        digest: snapshot.digest.clone(),
        risks: crate::effect::risk_set(&snapshot.evaluation),
        body_hash: Digest::of(body.as_bytes()),
    };
    let marker = report::marker(&snapshot.change.id);
    let found = sticky(snapshot, &marker);
    let same = found.is_some_and(|comment| comment.body == body)
        && posted(snapshot).is_some_and(|shown| {
            Some(shown.comment) == found.map(|c| c.id) && *shown.display == display && !shown.tampered
        });
    (!same).then(|| Action::Display { comment: found.map(|comment| comment.id), body, display })
}

/// The sticky comment as it stands: by its author and its marker; the one that the ledger knows where there are two.
fn sticky<'a>(snapshot: &'a Snapshot, marker: &str) -> Option<&'a Comment> {
    let known = posted(snapshot).map(|posted| posted.comment);
    let ours = || snapshot.comments.iter().filter(|comment| comment.author.id == snapshot.bot.id);
    ours()
        .find(|comment| Some(comment.id) == known)
        .or_else(|| ours().find(|comment| comment.body.starts_with(marker)))
}

/// What stands above everything else: how a landing ended, what is wrong with a policy file.
fn notes(snapshot: &Snapshot, in_force: &PolicyInForce) -> Vec<String> {
    let mut notes = Vec::new();
    for fact in snapshot.facts.iter().rev() {
        if let FactKind::LandingEnded { outcome, .. } = &fact.kind {
            match outcome {
                LandingOutcome::Landed { commit } => notes.push(format!("Landed as {commit}.")),
                LandingOutcome::LandedOpen { commit } => notes.push(format!(
                    "Landed as {commit}, but this request was changed meanwhile (new commits, another target, or closed), so the forge does not show it as merged."
                )),
                LandingOutcome::Aborted { why } => notes.push(format!("A landing was given up: {why}.")),
            }
            break;
        }
    }
    if super::proposed::removed(snapshot) {
        notes.push("This change removes the policy. Without one the bot comments, and nothing lands.".into());
    }
    if let PolicyInForce::Broken(errors) = in_force {
        notes.extend(
            errors.iter().take(5).map(|error| report::fence("text", &error.render(Level::Error, None))),
        );
    }
    if let Some(file) = &snapshot.proposed_policy
        && let Err(errors) = crate::config::parse(&file.text, crate::config::POLICY_PATH)
    {
        let still =
            format!("this policy is not in force; the one on {} still decides", snapshot.change.target);
        let note = snapshot.policy.as_ref().map(|_| still);
        let drawn = errors.iter().take(5).map(|error| error.render(Level::Error, note.as_deref()));
        notes.extend(drawn.map(|error| report::fence("text", &error)));
    }
    notes.extend(super::floor::collisions(snapshot, in_force).iter().take(5).map(|error| {
        report::fence(
            "text",
            &error.render(Level::Error, Some("what the server's floor says, no repository can change")),
        )
    }));
    if snapshot.facts.iter().any(|fact| matches!(fact.kind, FactKind::DisplayTampered { .. })) {
        notes.push("Somebody else edited this comment once. It was restored, and approvals given meanwhile are void.".into());
    }
    notes
}

/// Commands that make sense now, ready to copy.
fn valid_commands(snapshot: &Snapshot, judgement: &Judgement) -> Vec<String> {
    if snapshot.change.state != ChangeState::Open {
        return Vec::new();
    }
    let mut commands = Vec::new();
    match &judgement.verdict {
        Verdict::Allow => commands.push("/merge".to_owned()),
        Verdict::Hold(_) | Verdict::Block(_) | Verdict::Undecided(_) => {
            commands.push(format!("/approve {}", snapshot.digest.short()));
            if matches!(judgement.verdict, Verdict::Hold(_)) && landing::standing_request(snapshot).is_none()
            {
                commands.push("/merge when-ready".to_owned());
            }
        }
    }
    let free = judgement.holds.is_empty() && judgement.counted.changes_requested.is_empty();
    commands.push(if free { "/hold" } else { "/unhold" }.to_owned());
    if landing::standing_request(snapshot).is_some() {
        commands.push("/cancel".to_owned());
    }
    commands.push("/help".to_owned());
    commands
}

/// The required status, where it does not already say this. It passes only for a change that may land on a branch
/// that nobody else can update: otherwise whoever presses the forge's own button could merge what nobody judged.
pub(super) fn status(snapshot: &Snapshot, judgement: &Judgement, report: &Report) -> Option<Action> {
    let exclusive = snapshot.capability.as_option().is_some_and(|capability| capability.exclusive);
    let (state, description) = match &judgement.verdict {
        Verdict::Allow if exclusive => (StatusState::Success, "Ready: say /merge".to_owned()),
        Verdict::Allow => {
            (StatusState::Pending, "Ready: say /merge (the forge's own button is not safe here)".to_owned())
        }
        Verdict::Hold(_) => (StatusState::Pending, first_line(&judgement.verdict)),
        Verdict::Block(_) | Verdict::Undecided(_) => (StatusState::Failure, first_line(&judgement.verdict)),
    };
    let (state, description) = match &snapshot.change.state {
        ChangeState::Open => (state, description),
        ChangeState::Merged { .. } if super::judge::landed(snapshot) => {
            (StatusState::Success, "Landed".to_owned())
        }
        ChangeState::Merged { .. } => (StatusState::Failure, "Merged without countersign".to_owned()),
        ChangeState::Closed => (StatusState::Failure, "Closed without landing".to_owned()),
    };
    let annotations =
        (snapshot.change.state == ChangeState::Open).then(|| super::annotate::annotations(snapshot, report));
    let digest = annotations.as_ref().map(Annotations::digest);
    let context = status_context(&snapshot.change);
    let published = snapshot.statuses.iter().find(|status| status.context == context);
    let ours = published.is_some_and(|status| {
        status.state == state
            && status.description == description
            && status.author.is_none_or(|author| author == snapshot.bot.id)
            && status.annotated.as_ref().zip(digest.as_ref()).is_none_or(|(there, wanted)| there == wanted)
    });
    let head = snapshot.change.head.clone();
    (!ours).then_some(Action::Status { head, context, state, description, annotations })
}

/// The first reason, as plain text that fits a status.
fn first_line(verdict: &Verdict) -> String {
    let text =
        verdict.reasons().first().map(|reason| report::terminal_safe(&reason.message)).unwrap_or_default();
    let text = text.replace('`', "").replace('\n', " ");
    let more = verdict.reasons().len().saturating_sub(1);
    let tail = if more == 0 { String::new() } else { format!(" (+{more} more)") };
    let room = STATUS_LENGTH.saturating_sub(tail.chars().count());
    if text.chars().count() <= room {
        return format!("{text}{tail}");
    }
    let cut: String = text.chars().take(room.saturating_sub(1)).collect();
    format!("{cut}…{tail}")
}
