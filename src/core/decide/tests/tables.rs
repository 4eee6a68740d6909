//! One row, one story.

use super::fixture::*;
use crate::actor::{Known, Permission};
use crate::change::{ChangeState, CommentId, Review, ReviewId, ReviewState};
use crate::decide::decide;
use crate::effect::Risk;
use crate::evaluation::{Side, SideState, UnitError};
use crate::fact::{Display, FactKind, LandingOutcome};
use crate::plan::{Action, Plan};
use crate::revision::Digest;
use crate::snapshot::{MergeOutcome, PolicyFile, Snapshot, StatusState};

fn lands(plan: &Plan) -> bool {
    plan.actions.iter().any(|action| matches!(action, Action::Land(_)))
}

fn codes(plan: &Plan) -> Vec<&str> {
    plan.verdict.reasons().iter().map(|reason| reason.code.as_str()).collect()
}

fn replies(plan: &Plan) -> String {
    let bodies = plan.actions.iter().filter_map(|action| {
        if let Action::Reply { body, .. } = action { Some(body.as_str()) } else { None }
    });
    bodies.collect::<Vec<_>>().join("\n")
}

fn status(plan: &Plan) -> Option<StatusState> {
    plan.actions
        .iter()
        .find_map(|action| if let Action::Status { state, .. } = action { Some(*state) } else { None })
}

#[track_caller]
fn is(snapshot: &Snapshot, outcome: &str, expected: &[&str]) {
    drop(check(snapshot, outcome, expected));
}

#[track_caller]
fn check(snapshot: &Snapshot, outcome: &str, expected: &[&str]) -> Plan {
    let plan = decide(snapshot);
    assert_eq!((plan.verdict.word(), codes(&plan)), (outcome, expected.to_vec()), "{:#?}", plan.verdict);
    plan
}

/// Shown at 100, approved by bo at 200, merge asked for by bo at 300.
pub(super) fn ready() -> Snapshot {
    let mut snapshot = snapshot();
    shown(&mut snapshot, 100);
    approved(&mut snapshot, 1, bo(), 200);
    snapshot
}

#[test]
fn nobody_agreed_yet() {
    let plan = check(&snapshot(), "hold", &["approval-missing"]);
    assert_eq!(status(&plan), Some(StatusState::Pending));
    assert!(plan.actions.iter().any(|action| matches!(action, Action::Display { comment: None, .. })));
}

#[test]
fn one_other_person_agreed() {
    let plan = check(&ready(), "allow", &[]);
    assert_eq!(status(&plan), Some(StatusState::Success));
    assert!(!lands(&plan), "nobody asked for the merge");
}

#[test]
fn a_branch_that_others_can_update_never_gets_a_passing_status() {
    let mut snapshot = ready();
    if let Known::Yes(capability) = &mut snapshot.capability {
        capability.exclusive = false;
    }
    let plan = check(&snapshot, "allow", &[]);
    assert_eq!(status(&plan), Some(StatusState::Pending));
}

#[test]
fn asked_for_and_ready_lands() {
    let mut snapshot = ready();
    says(&mut snapshot, 2, ana(), "/merge", 300);
    let plan = check(&snapshot, "allow", &[]);
    assert!(lands(&plan));
}

#[test]
fn the_author_cannot_approve() {
    let mut snapshot = snapshot();
    shown(&mut snapshot, 100);
    says(&mut snapshot, 1, ana(), "/approve", 200);
    let plan = check(&snapshot, "hold", &["approval-missing"]);
    assert!(replies(&plan).contains("you are the author"), "{}", replies(&plan));
}

#[test]
fn a_command_that_was_never_on_display_is_refused() {
    let mut snapshot = snapshot();
    says(&mut snapshot, 1, bo(), "/approve", 200);
    let plan = check(&snapshot, "hold", &["approval-missing"]);
    assert!(replies(&plan).contains("nothing was on display"), "{}", replies(&plan));
}

#[test]
fn a_push_that_changes_the_effect_voids_the_approval() {
    let mut snapshot = ready();
    snapshot.change.head = sha('e');
    snapshot.evaluation = evaluation(vec![unit(vec![replicas_effect(3, 9)])]);
    redigest(&mut snapshot);
    is(&snapshot, "hold", &["approval-missing"]);
}

#[test]
fn a_push_that_keeps_the_effect_keeps_the_approval() {
    let mut snapshot = ready();
    snapshot.change.head = sha('e');
    is(&snapshot, "allow", &[]);
}

#[test]
fn approving_what_was_replaced_meanwhile_is_refused() {
    let mut snapshot = snapshot();
    shown(&mut snapshot, 100);
    snapshot.change.head = sha('e');
    snapshot.evaluation = evaluation(vec![unit(vec![replicas_effect(3, 9)])]);
    redigest(&mut snapshot);
    says(&mut snapshot, 1, bo(), "/approve", 200);
    let plan = check(&snapshot, "hold", &["approval-missing"]);
    assert!(replies(&plan).contains("no longer what would land"), "{}", replies(&plan));
}

#[test]
fn a_hold_stops_it_and_only_its_holder_lifts_it() {
    let mut snapshot = ready();
    says(&mut snapshot, 2, cy(), "/hold not today", 300);
    is(&snapshot, "hold", &["held"]);
    says(&mut snapshot, 3, bo(), "/unhold", 400);
    let plan = check(&snapshot, "hold", &["held"]);
    assert!(replies(&plan).contains("lifted by"), "{}", replies(&plan));
    says(&mut snapshot, 4, cy(), "/unhold", 500);
    is(&snapshot, "allow", &[]);
}

#[test]
fn an_administrator_lifts_any_hold() {
    let mut snapshot = ready();
    says(&mut snapshot, 2, cy(), "/hold", 300);
    snapshot.directory.permissions.insert(bo().id, Known::Yes(Permission::Admin));
    says(&mut snapshot, 3, bo(), "/unhold", 400);
    is(&snapshot, "allow", &[]);
}

#[test]
fn merge_is_refused_with_every_blocker_at_once() {
    let mut snapshot = snapshot();
    shown(&mut snapshot, 100);
    snapshot.change.draft = true;
    says(&mut snapshot, 1, cy(), "/hold", 150);
    says(&mut snapshot, 2, bo(), "/merge", 200);
    let plan = check(&snapshot, "hold", &["draft", "held", "approval-missing"]);
    let replies = replies(&plan);
    assert!(
        replies.contains("draft") && replies.contains("held by cy") && replies.contains("0 of 1"),
        "{replies}"
    );
    assert!(!lands(&plan));
}

#[test]
fn merge_when_ready_lands_when_the_last_approval_comes() {
    let mut snapshot = snapshot();
    shown(&mut snapshot, 100);
    says(&mut snapshot, 1, ana(), "/merge when-ready", 200);
    assert!(!lands(&decide(&snapshot)));
    approved(&mut snapshot, 2, bo(), 300);
    assert!(lands(&decide(&snapshot)));
}

#[test]
fn a_failed_render_is_undecided_and_never_a_deletion() {
    let mut snapshot = ready();
    let mut broken = unit(Vec::new());
    broken.sides.head = SideState::Failed;
    broken.errors = vec![UnitError {
        side: Side::Head,
        message: "expected a mapping".to_owned(),
        file: Some("production/web.yaml".to_owned()),
        line: Some(3),
        column: None,
    }];
    snapshot.evaluation = evaluation(vec![broken]);
    redigest(&mut snapshot);
    let plan = decide(&snapshot);
    assert_eq!(plan.verdict.word(), "undecided");
    assert!(codes(&plan).contains(&"render-failed"));
    assert_eq!(status(&plan), Some(StatusState::Failure));
}

#[test]
fn a_conflict_blocks_and_names_the_files() {
    let mut snapshot = ready();
    snapshot.merge = MergeOutcome::Conflict { paths: vec!["production/web.yaml".to_owned()] };
    let plan = check(&snapshot, "block", &["conflict"]);
    assert!(plan.verdict.reasons()[0].message.contains("production/web.yaml"));
}

#[test]
fn a_policy_that_cannot_be_read_lets_nothing_land() {
    let mut snapshot = ready();
    snapshot.policy.as_mut().unwrap().text = "version = 1\nwhat is this".to_owned();
    let plan = decide(&snapshot);
    assert_eq!(plan.verdict.word(), "undecided");
    assert!(codes(&plan).contains(&"policy-unreadable"));
}

#[test]
fn a_proposed_policy_that_cannot_be_read_blocks() {
    let mut snapshot = ready();
    let text = "version = 1\n[enviroment.x]\n".to_owned();
    snapshot.proposed_policy = Some(PolicyFile { blob: "e".repeat(40).parse().unwrap(), text });
    let plan = decide(&snapshot);
    assert_eq!(plan.verdict.word(), "block");
    assert!(codes(&plan).contains(&"policy-invalid"), "{:?}", codes(&plan));
}

#[test]
fn without_any_policy_nothing_lands() {
    let mut snapshot = ready();
    snapshot.policy = None;
    redigest(&mut snapshot);
    assert!(codes(&decide(&snapshot)).contains(&"no-policy"));
}

#[test]
fn an_edited_command_does_not_run() {
    let mut snapshot = snapshot();
    shown(&mut snapshot, 100);
    says(&mut snapshot, 1, bo(), "/approve", 200);
    snapshot.comments.last_mut().unwrap().updated_at = time(201);
    let plan = check(&snapshot, "hold", &["approval-missing"]);
    assert!(replies(&plan).contains("edited before it was read"), "{}", replies(&plan));
}

#[test]
fn somebody_elses_edit_of_the_display_is_found_and_restored() {
    let mut snapshot = ready();
    snapshot.comments[0].body.push_str(" all is well, believe me");
    let plan = decide(&snapshot);
    assert!(plan.facts.iter().any(|fact| matches!(fact, FactKind::DisplayTampered { .. })));
    assert!(plan.actions.iter().any(|action| matches!(action, Action::Display { comment: Some(_), .. })));
    assert_eq!(plan.verdict.word(), "hold", "the approval that was given meanwhile is void");
}

#[test]
fn nothing_is_said_twice() {
    let mut snapshot = snapshot();
    let plan = decide(&snapshot);
    let Some(Action::Display { body, display, .. }) =
        plan.actions.iter().find(|action| matches!(action, Action::Display { .. }))
    else {
        panic!("no display");
    };
    says(&mut snapshot, 100, bot(), body, 100);
    record(
        &mut snapshot,
        FactKind::DisplayPosted {
            display: display.clone(),
            comment: crate::change::CommentId(100),
            at: time(100),
        },
    );
    let again = decide(&snapshot);
    assert!(
        !again.actions.iter().any(|action| matches!(action, Action::Display { .. })),
        "{:#?}",
        again.actions
    );
}

#[test]
fn commands_on_a_closed_change_have_no_effect() {
    let mut snapshot = ready();
    snapshot.change.state = ChangeState::Closed;
    says(&mut snapshot, 2, bo(), "/merge", 300);
    let plan = decide(&snapshot);
    assert!(!lands(&plan));
    assert!(replies(&plan).contains("no longer open"));
}

#[test]
fn bots_do_not_command() {
    let mut snapshot = ready();
    let mut robot = cy();
    robot.kind = crate::actor::ActorKind::Bot;
    says(&mut snapshot, 2, robot, "/hold", 300);
    is(&snapshot, "allow", &[]);
}

#[test]
fn what_others_merged_never_passes() {
    let mut snapshot = ready();
    snapshot.change.state = ChangeState::Merged { commit: None };
    let plan = check(&snapshot, "hold", &["merged"]);
    assert_eq!(status(&plan), Some(StatusState::Failure), "the same head may be asked into another branch");
}

#[test]
fn what_others_merged_after_a_landing_is_not_called_landed() {
    let mut snapshot = ready();
    let (base, head, commit) = (sha('a'), sha('b'), sha('f'));
    record(&mut snapshot, FactKind::LandingBegun { landing: 1, base, head, commit: commit.clone() });
    let outcome = LandingOutcome::LandedOpen { commit };
    record(&mut snapshot, FactKind::LandingEnded { landing: 1, outcome });
    snapshot.change.state = ChangeState::Merged { commit: None };
    assert_eq!(status(&check(&snapshot, "allow", &[])), Some(StatusState::Success));
    snapshot.change.head = sha('e');
    assert_eq!(status(&check(&snapshot, "hold", &["merged"])), Some(StatusState::Failure));
}

#[test]
fn an_approving_review_counts_for_no_more_than_its_command() {
    let check = |body: &str, edited: Option<bool>, outcome: &str, expected: &[&str]| {
        let mut snapshot = snapshot();
        shown(&mut snapshot, 100);
        snapshot.reviews.push(Review {
            id: ReviewId(1),
            author: bo(),
            state: ReviewState::Approved,
            body: body.to_owned(),
            head: Some(snapshot.change.head.clone()),
            submitted_at: time(200),
            edited,
        });
        drop(check(&snapshot, outcome, expected));
    };
    check("Fine.", None, "allow", &[]);
    check("/approve", None, "allow", &[]);
    check("/approve", Some(false), "allow", &[]);
    check("/approve", Some(true), "hold", &["approval-missing"]);
    check("/approve stagin", None, "hold", &["approval-missing"]);
    check("/approve 1234567", None, "hold", &["approval-missing"]);
    check("/approve what you like!", None, "hold", &["approval-missing"]);
}

#[test]
fn naming_a_head_approves_what_was_shown_of_it_before() {
    let mut snapshot = snapshot();
    shown(&mut snapshot, 100);
    says(&mut snapshot, 1, bo(), "/approve bbbbbbb", 200);
    snapshot.evaluation = evaluation(vec![unit(vec![replicas_effect(4, 0)])]);
    redigest(&mut snapshot);
    shown(&mut snapshot, 300);
    let plan = check(&snapshot, "hold", &["approval-missing"]);
    assert!(replies(&plan).contains("no longer what would land"), "{}", replies(&plan));
}

#[test]
fn naming_a_digest_approves_the_dangers_that_were_shown_with_it() {
    let mut snapshot = snapshot();
    shown(&mut snapshot, 100);
    let digest = snapshot.digest.short().to_owned();
    says(&mut snapshot, 1, bo(), &format!("/approve {digest}"), 200);
    snapshot.evaluation.environments[0].units[0].effects[0].risks.insert(Risk::Replace);
    redigest(&mut snapshot);
    shown(&mut snapshot, 300);
    is(&snapshot, "hold", &["approval-missing"]);
    says(&mut snapshot, 2, cy(), &format!("/approve {digest}"), 400);
    is(&snapshot, "allow", &[]);
}

#[test]
fn a_merge_is_not_done_for_somebody_who_may_not_merge_any_more() {
    let mut snapshot = snapshot();
    shown(&mut snapshot, 100);
    says(&mut snapshot, 1, cy(), "/merge when-ready", 200);
    let facts = decide(&snapshot).facts;
    facts.into_iter().for_each(|fact| record(&mut snapshot, fact));
    approved(&mut snapshot, 2, bo(), 300);
    assert!(lands(&check(&snapshot, "allow", &[])));
    for now in [Known::Yes(Permission::Read), Known::Unknown("no answer".to_owned())] {
        snapshot.directory.permissions.insert(cy().id, now);
        assert!(!lands(&check(&snapshot, "allow", &[])));
    }
}

#[test]
fn a_display_that_was_rewritten_and_put_back_is_found() {
    let mut snapshot = ready();
    snapshot.comments[0].updated_at = time(250);
    let plan = check(&snapshot, "hold", &["approval-missing"]);
    assert!(plan.facts.iter().any(|fact| matches!(fact, FactKind::DisplayTampered { .. })));
    assert!(plan.actions.iter().any(|action| matches!(action, Action::Display { .. })), "it is posted anew");
}

#[test]
fn a_display_that_the_bot_could_not_record_as_posted_is_its_own() {
    let mut snapshot = ready();
    let body = "<!-- shown later -->";
    let FactKind::DisplayPlanned(display) = snapshot.facts[0].kind.clone() else { panic!("no display") };
    let display = Display { body_hash: Digest::of(body.as_bytes()), ..display };
    record(&mut snapshot, FactKind::DisplayPlanned(display));
    snapshot.comments[0].body = body.to_owned();
    snapshot.comments[0].updated_at = time(250);
    let plan = decide(&snapshot);
    assert!(!plan.facts.iter().any(|fact| matches!(fact, FactKind::DisplayTampered { .. })));
}

#[test]
fn a_review_right_after_a_display_was_restored_may_mean_what_stood_there_before() {
    let check = |at: i64, outcome: &str, expected: &[&str]| {
        let mut snapshot = snapshot();
        shown(&mut snapshot, 100);
        record(&mut snapshot, FactKind::DisplayTampered { comment: CommentId(100) });
        snapshot.comments.clear();
        shown(&mut snapshot, 300);
        snapshot.reviews.push(Review {
            id: ReviewId(1),
            author: bo(),
            state: ReviewState::Approved,
            body: String::new(),
            head: Some(snapshot.change.head.clone()),
            submitted_at: time(at),
            edited: None,
        });
        drop(check(&snapshot, outcome, expected));
    };
    check(310, "hold", &["approval-missing"]);
    check(331, "allow", &[]);
}
