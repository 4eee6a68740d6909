//! Who asked for changes, and what satisfies them.

use super::fixture::*;
use crate::actor::{Actor, Known, Permission};
use crate::change::{Review, ReviewId, ReviewState};
use crate::decide::{decide, is_status_context};
use crate::fact::FactKind;
use crate::plan::Action;
use crate::snapshot::{PolicyFile, Snapshot, StatusState};

/// Approved by bo at 200, cy asked for changes at 300; the bot has seen that.
fn objected() -> Snapshot {
    let mut snapshot = snapshot();
    shown(&mut snapshot, 100);
    approved(&mut snapshot, 1, bo(), 200);
    reviews(&mut snapshot, 1, cy(), ReviewState::ChangesRequested, 300);
    look(&mut snapshot, "hold");
    snapshot
}

fn reviews(snapshot: &mut Snapshot, id: u64, author: Actor, state: ReviewState, at: i64) {
    let head = Some(snapshot.change.head.clone());
    let body = String::new();
    snapshot.reviews.push(Review {
        id: ReviewId(id),
        author,
        state,
        body,
        head,
        submitted_at: time(at),
        edited: None,
    });
}

/// Decides, keeps the facts, and returns the replies.
#[track_caller]
fn look(snapshot: &mut Snapshot, outcome: &str) -> String {
    let plan = decide(snapshot);
    assert_eq!(plan.verdict.word(), outcome, "{:#?}", plan.verdict);
    plan.facts.into_iter().for_each(|fact| record(snapshot, fact));
    let said = plan.actions.iter().filter_map(|action| {
        if let Action::Reply { body, .. } = action { Some(body.as_str()) } else { None }
    });
    said.collect::<Vec<_>>().join("\n")
}

#[test]
fn whoever_asked_for_changes_is_satisfied_by_nobody_else() {
    let mut snapshot = objected();
    snapshot.reviews[0].state = ReviewState::Dismissed;
    look(&mut snapshot, "hold");
    snapshot.reviews.clear();
    look(&mut snapshot, "hold");
    reviews(&mut snapshot, 2, bo(), ReviewState::Approved, 400);
    look(&mut snapshot, "hold");
    says(&mut snapshot, 9, bo(), "/unhold", 500);
    let said = look(&mut snapshot, "hold");
    assert!(said.contains("`@cy` or by an administrator"), "{said}");
}

#[test]
fn it_is_recorded_once() {
    let mut snapshot = objected();
    look(&mut snapshot, "hold");
    let recorded =
        snapshot.facts.iter().filter(|fact| matches!(fact.kind, FactKind::ChangesRequested { .. })).count();
    assert_eq!(recorded, 1);
}

#[test]
fn whoever_asked_for_changes_or_an_administrator_lifts_it() {
    let check = |who: Actor, permission: Permission, body: &str, outcome: &str| {
        let mut snapshot = objected();
        snapshot.directory.permissions.insert(who.id, Known::Yes(permission));
        says(&mut snapshot, 9, who, body, 500);
        look(&mut snapshot, outcome);
    };
    check(cy(), Permission::Write, "/unhold", "allow");
    check(cy(), Permission::Write, "/approve", "allow");
    check(bo(), Permission::Write, "/unhold", "hold");
    check(bo(), Permission::Admin, "/unhold", "allow");
    check(ana(), Permission::Admin, "/unhold", "allow");
}

/// Approved by bo at 200, under a policy by which cy may say no in comments.
fn said_no(body: &str) -> Snapshot {
    let mut snapshot = snapshot();
    let file = snapshot.policy.as_mut().unwrap();
    file.text.push_str(
        "[disapproval]\nfrom = { users = [\"cy\"] }\nrevoke = { users = [\"dee\"] }\ncomments = [\":-1:\"]\ncomment_patterns = [\"(?i)^nack\"]\n",
    );
    shown(&mut snapshot, 100);
    approved(&mut snapshot, 1, bo(), 200);
    says(&mut snapshot, 9, cy(), body, 300);
    snapshot
}

#[test]
fn a_comment_in_the_policys_words_holds_the_change() {
    for body in ["no :-1:", "> :-1:", "```\n:-1:\n```", "NACK, sorry", ":-1:\n/approve"] {
        let mut snapshot = said_no(body);
        look(&mut snapshot, "hold");
        look(&mut snapshot, "hold");
        let held = |fact: &&crate::fact::Fact| matches!(fact.kind, FactKind::Held { .. });
        assert_eq!(snapshot.facts.iter().filter(held).count(), 1, "{body}");
    }
    look(&mut said_no("why nack?"), "allow");
    // It need not be there from the beginning, and is not gone with the comment.
    let mut snapshot = said_no("fine");
    look(&mut snapshot, "allow");
    snapshot.comments.last_mut().unwrap().body = ":-1:".to_owned();
    look(&mut snapshot, "hold");
    snapshot.comments.clear();
    look(&mut snapshot, "hold");
    // Others do not count, and a review that says neither is a comment too.
    let mut snapshot = said_no("fine");
    says(&mut snapshot, 10, bo(), ":-1:", 400);
    look(&mut snapshot, "allow");
    reviews(&mut snapshot, 1, cy(), ReviewState::Commented, 500);
    snapshot.reviews[0].body = ":-1:".to_owned();
    look(&mut snapshot, "hold");
}

#[test]
fn whoever_said_no_in_a_comment_or_may_revoke_lifts_it_once_and_for_all() {
    let mut dee = bo();
    (dee.id, dee.login) = (crate::actor::ActorId::new(77), "dee".to_owned());
    for (who, outcome) in [(bo(), "hold"), (cy(), "allow"), (dee, "allow")] {
        let mut snapshot = said_no(":-1:");
        look(&mut snapshot, "hold");
        says(&mut snapshot, 10, who, "/unhold", 400);
        look(&mut snapshot, outcome);
        look(&mut snapshot, outcome);
    }
}

#[test]
fn what_was_lifted_can_be_asked_for_again() {
    let mut snapshot = objected();
    says(&mut snapshot, 9, cy(), "/unhold", 500);
    look(&mut snapshot, "allow");
    reviews(&mut snapshot, 2, cy(), ReviewState::ChangesRequested, 600);
    look(&mut snapshot, "hold");
}

#[test]
fn a_dismissed_request_still_voids_the_earlier_approval_of_its_giver() {
    let mut snapshot = snapshot();
    shown(&mut snapshot, 100);
    approved(&mut snapshot, 1, bo(), 200);
    reviews(&mut snapshot, 1, bo(), ReviewState::ChangesRequested, 300);
    look(&mut snapshot, "hold");
    snapshot.reviews[0].state = ReviewState::Dismissed;
    says(&mut snapshot, 9, bo(), "/unhold", 500);
    look(&mut snapshot, "hold");
}

#[test]
fn a_policy_that_cannot_be_read_is_repaired_by_an_administrator() {
    let check = |permission: Permission, outcome: &str| {
        let mut snapshot = snapshot();
        let sound = snapshot.policy.take();
        snapshot.policy =
            sound.as_ref().map(|file| PolicyFile { text: "version = ".to_owned(), blob: file.blob.clone() });
        snapshot.proposed_policy = sound;
        snapshot.directory.permissions.insert(bo().id, Known::Yes(permission));
        shown(&mut snapshot, 100);
        approved(&mut snapshot, 1, bo(), 200);
        look(&mut snapshot, outcome);
    };
    check(Permission::Write, "hold");
    check(Permission::Admin, "allow");
}

#[test]
fn every_target_has_a_status_of_its_own() {
    let check = |target: &str, into_default: bool, name: &str| {
        let mut snapshot = snapshot();
        snapshot.change.target = target.parse().unwrap();
        snapshot.change.into_default = into_default;
        let plan = decide(&snapshot);
        let published: Vec<_> = plan
            .actions
            .iter()
            .filter_map(|action| {
                let Action::Status { context, state, .. } = action else { return None };
                Some((context.as_str(), *state))
            })
            .collect();
        assert_eq!(published, [(name, StatusState::Pending)]);
        assert!(is_status_context(name), "{name}");
    };
    check("main", true, "countersign");
    check("release/1", false, "countersign (release/1)");
    check("main", false, "countersign (main)");
    assert!(!is_status_context("countersigned"));
    assert!(!is_status_context("ci"));
}
