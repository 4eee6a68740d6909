//! What surrounds the rules: when they are looked at again, and what is done besides.

use super::super::fixture::*;
use super::*;
use crate::actor::{Known, Permission};
use crate::details;
use crate::plan::Action;
use crate::snapshot::{CommitStatus as Published, StatusState};

fn status(snapshot: &Snapshot) -> Option<StatusState> {
    decide(snapshot)
        .actions
        .into_iter()
        .find_map(|action| if let Action::Status { state, .. } = action { Some(state) } else { None })
}

fn build(conclusion: &str) -> Known<Vec<details::Outcome>> {
    let outcome =
        details::Outcome { name: "build".to_owned(), conclusion: Some(conclusion.to_owned()), by: None };
    Known::Yes(vec![outcome])
}

/// Theirs looks again where a status succeeded; here whatever happened, all is read anew.
#[test]
fn p59_a_check_that_turns_red_later_is_seen() {
    let rule = rule("require = { count = 1, conditions = [{ has_status.names = \"build\" }] }");
    let mut snapshot = displayed(&rule);
    approved(&mut snapshot, 1, bo(), 200);
    snapshot.details.outcomes = build("success");
    verdict(&snapshot, "allow");
    snapshot.details.outcomes = build("failure");
    verdict(&snapshot, "hold");
    snapshot.details.outcomes = Known::Unknown("no answer".to_owned());
    verdict(&snapshot, "undecided");
}

/// Whoever edits an approving comment voids it, themselves too; a deletion leaves the record.
#[test]
fn p60_somebody_elses_hand_in_an_approving_comment() {
    let mut snapshot = displayed(&rule("require = { count = 1 }"));
    approved(&mut snapshot, 1, bo(), 200);
    let mut deleted = snapshot.clone();
    deleted.comments.pop();
    verdict(&deleted, "allow");
    snapshot.comments.last_mut().unwrap().body = "/approve everything".to_owned();
    verdict(&snapshot, "hold");
}

/// And since the branch is updated by the bot alone where a status passes, a forged one opens nothing.
#[test]
fn p61_a_status_that_another_set_is_replaced() {
    let mut snapshot = displayed(&rule("require = { count = 1 }"));
    snapshot.statuses.push(Published {
        context: "countersign".to_owned(),
        state: StatusState::Success,
        description: "Ready: say /merge".to_owned(),
        author: Some(cy().id),
        required: true,
        annotated: None,
    });
    assert_eq!(status(&snapshot), Some(StatusState::Pending));
    approved(&mut snapshot, 1, bo(), 200);
    assert_eq!(status(&snapshot), Some(StatusState::Success), "another's, be it the same");
    snapshot.statuses[0].author = Some(bot().id);
    assert_eq!(status(&snapshot), None, "it is there");
}

/// There what a merge queue asks about is green, unseen. Here nothing lands by a queue, and no commit but the head of a
/// request gets a status.
#[test]
fn p62_no_queue_is_answered_unseen() {
    we_refuse("[merge]\nhow = \"api\"", "not supported yet");
    we_refuse("[merge]\nbatch = 3", "not supported yet");
    let snapshot = displayed("");
    let statuses = decide(&snapshot)
        .actions
        .into_iter()
        .filter_map(|action| if let Action::Status { head, .. } = action { Some(head) } else { None });
    assert_eq!(statuses.collect::<Vec<_>>(), [snapshot.change.head]);
}

/// A review that no longer counts is told with its reason, and stands on the forge as its author left it.
#[test]
fn p63_nobodys_review_is_dismissed() {
    let mut snapshot = displayed(&rule("require = { count = 1 }"));
    review(&mut snapshot, 1, bo(), ReviewState::Approved, "", 200);
    verdict(&snapshot, "allow");
    snapshot.evaluation = evaluation(vec![unit(vec![replicas_effect(3, 9)])]);
    redigest(&mut snapshot);
    let plan = judged(&snapshot, "hold");
    assert!(plan.report.requirements[0].ignored[0].reason.starts_with("the change is another one since"));
    for action in plan.actions {
        match action {
            Action::React { .. }
            | Action::Reply { .. }
            | Action::Display { .. }
            | Action::Status { .. }
            | Action::RequestReview { .. } => {}
            Action::Land(_) => panic!("it is on hold"),
        }
    }
}

/// A policy is what stands on the target branch; what is shared by many repositories is the server's floor.
#[test]
fn p64_no_policy_is_fetched_from_elsewhere() {
    they_refuse("remote: acme/policies\n", "stands in another repository");
    we_refuse("extends = [\"acme/policies\"]", "unknown key `extends`");
    let mut snapshot = displayed("");
    approved(&mut snapshot, 1, bo(), 200);
    verdict(&snapshot, "allow");
    let floor = "version = 1\n[[rule]]\nname = \"shared\"\nrequire = { count = 1, from = { permissions = [\"admin\"] } }\n";
    snapshot.floor = Some(crate::snapshot::FloorFile {
        file: "floor.toml".to_owned(),
        text: floor.to_owned(),
        library: Library::default(),
    });
    verdict(&snapshot, "hold");
    snapshot.directory.permissions.insert(bo().id, Known::Yes(Permission::Admin));
    verdict(&snapshot, "allow");
}
