//! What stops a change whatever was approved.

use super::super::fixture::*;
use super::*;
use crate::actor::{Known, Permission};

/// A policy of theirs under which nobody is asked, with a disapproval.
fn disapproval(inside: &str) -> String {
    format!("policy: {{disapproval: {{{inside}}}}}\n")
}

/// A change of ours that bo approved, under a policy with this `[disapproval]`.
fn standing(disapproval: &str) -> Snapshot {
    let mut snapshot =
        displayed(&format!("{}\n[disapproval]\n{disapproval}", rule("require = { count = 1 }")));
    approved(&mut snapshot, 1, bo(), 200);
    snapshot
}

#[test]
fn p54_one_condition_that_holds_is_enough() {
    let any = disapproval("if: {title: {matches: [nothing]}, repository: {matches: [acme]}}");
    their_status(&any, &json!({}), CommitStatus::Failure);
    let none = disapproval("if: {title: {matches: [nothing]}}");
    their_status(&none, &json!({}), CommitStatus::Success);
    let any = "[disapproval]\nwhen = { title.matches = \"nothing\", has_labels = \"stop\" }";
    let given = |labels: &str| format!("paths = ['x'], approvals = ['bo'], labels = {labels}");
    ours(any, &given("['stop']"), "verdict = 'hold'");
    ours(any, &given("[]"), "verdict = 'allow'");
    ours(any, &given("'unknown'"), "verdict = 'undecided'");
}

/// Where the policy names nobody, a request for changes by whoever may sort issues counts here.
#[test]
fn p55_nobody_named_switches_it_off_there() {
    let no = json!({ "reviews": [reviewed("cy", "changes-requested", 5)] });
    their_status(&disapproval(""), &no, CommitStatus::Success);
    their_status(&disapproval("requires: {}"), &no, CommitStatus::Success);
    their_status(&disapproval("requires: {users: [cy]}"), &no, CommitStatus::Failure);
    let given = "paths = ['x'], approvals = ['bo'], requested_changes = ['cy']";
    ours("", given, "verdict = 'hold'");
    ours("", &format!("{given}, permissions = {{ cy = 'read' }}"), "verdict = 'allow'");
    ours("", &format!("{given}, permissions = {{ cy = 'unknown' }}"), "verdict = 'hold'");
    let named = "[disapproval]\nfrom = { users = [\"dee\"] }";
    ours(named, given, "verdict = 'allow'");
}

/// There anybody who may disapprove takes back what another said; here whoever said it, or who is listed for that.
#[test]
fn p56_whoever_said_no_takes_it_back() {
    let both = disapproval("requires: {users: [bo, cy]}");
    let says = |reviews: Value, comments: Value| json!({ "reviews": reviews, "comments": comments });
    their_status(&both, &says(json!([]), json!([said("cy", "👎", 5)])), CommitStatus::Failure);
    their_status(
        &both,
        &says(json!([reviewed("cy", "changes-requested", 5)]), json!([])),
        CommitStatus::Failure,
    );
    let revoked = json!([reviewed("cy", "changes-requested", 5), reviewed("bo", "approved", 6)]);
    their_status(&both, &says(revoked, json!([])), CommitStatus::Success);
    let later = says(json!([reviewed("bo", "approved", 5)]), json!([said("cy", ":-1:", 6)]));
    their_status(&both, &later, CommitStatus::Failure);

    let mut snapshot = standing("from = { users = [\"cy\"] }\nrevoke = { users = [\"dee\"] }");
    review(&mut snapshot, 1, cy(), ReviewState::ChangesRequested, "no", 300);
    verdict(&snapshot, "hold");
    let mut lifted = snapshot.clone();
    says_unhold(&mut lifted, bo());
    verdict(&lifted, "hold");
    for who in [cy(), person(9, "dee")] {
        let mut lifted = snapshot.clone();
        says_unhold(&mut lifted, who);
        verdict(&lifted, "allow");
    }
    let mut lifted = snapshot.clone();
    lifted.directory.permissions.insert(bo().id, Known::Yes(Permission::Admin));
    says_unhold(&mut lifted, bo());
    verdict(&lifted, "allow");
    review(&mut snapshot, 2, cy(), ReviewState::Approved, "", 400);
    verdict(&snapshot, "allow");
}

fn says_unhold(snapshot: &mut Snapshot, who: Actor) {
    super::super::fixture::says(snapshot, 50, who, "/unhold", 500);
}

#[test]
fn p57_a_push_takes_no_no_back() {
    let no = json!({ "reviews": [reviewed("cy", "changes-requested", 2)], "pushed_at": { "c1": at(2), "c2": at(9) } });
    their_status(&disapproval("requires: {users: [cy]}"), &no, CommitStatus::Failure);
    let mut snapshot = standing("from = { users = [\"cy\"] }");
    review(&mut snapshot, 1, cy(), ReviewState::ChangesRequested, "no", 300);
    snapshot.change.head = sha('e');
    verdict(&snapshot, "hold");
    // Nor does whoever may dismiss a review on the forge.
    let plan = decide(&snapshot);
    plan.facts.into_iter().for_each(|fact| record(&mut snapshot, fact));
    snapshot.reviews[0].state = ReviewState::Dismissed;
    verdict(&snapshot, "hold");
}

/// Every event of a change makes us look: no form of a no is missed.
#[test]
fn p58_a_no_in_the_policys_own_words() {
    let patterns =
        disapproval("requires: {users: [cy]}, options: {methods: {disapprove: {comment_patterns: ['^no']}}}");
    their_status(&patterns, &json!({ "comments": [said("cy", "no way", 5)] }), CommitStatus::Failure);
    their_status(&patterns, &json!({ "comments": [said("cy", "why not", 5)] }), CommitStatus::Success);
    let mut snapshot = standing("from = { users = [\"cy\"] }\ncomment_patterns = [\"^no\"]");
    super::super::fixture::says(&mut snapshot, 40, cy(), "why not", 300);
    verdict(&snapshot, "allow");
    super::super::fixture::says(&mut snapshot, 41, cy(), "no way", 300);
    verdict(&snapshot, "hold");
}
