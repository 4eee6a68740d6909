//! Who may not count, what a push and an edit do, and who is asked for a review.

use super::super::fixture::*;
use super::*;
use crate::actor::Known;
use crate::change::{CommentId, Reviewer};
use crate::details::{Commit, Signatory};
use crate::fact::FactKind;
use crate::plan::Action;
use crate::policybot::Reason;

const ANA: &str = "requires: {count: 1, users: [ana]}";
const CY: &str = "requires: {count: 1, users: [cy]}";

fn by_ana() -> Value {
    json!({ "reviews": [], "comments": [said("ana", "👍", 5)] })
}

/// cy committed to it, and approved.
fn by_cy() -> Value {
    json!({ "commits": [{ "sha": "c2", "author": "ana", "committer": "cy" }], "reviews": [reviewed("cy", "approved", 4)] })
}

const OUR_ANA: &str = "author = 'ana', approvals = ['ana']";
const OUR_CY: &str = "author = 'ana', committers = ['ana', 'cy'], approvals = ['cy']";

fn with(options: &str) -> String {
    format!("require = {{ count = 1 }}\noptions = {{ {options} }}")
}

#[test]
fn p34_the_author_may_count_where_a_rule_says_so() {
    they(ANA, &by_ana(), "pending");
    they(&format!("{ANA}\n  options: {{allow_author: true}}"), &by_ana(), "approved");
    our_rule("require = { count = 1 }", OUR_ANA, "pending");
    our_rule(&with("allow_author = true"), OUR_ANA, "met");
}

#[test]
fn p35_contributors_may_count_the_author_among_them() {
    they(&format!("{ANA}\n  options: {{allow_contributor: true}}"), &by_ana(), "approved");
    they(&format!("{CY}\n  options: {{allow_contributor: true}}"), &by_cy(), "approved");
    they(
        &format!("{ANA}\n  options: {{allow_contributor: true, allow_author: false}}"),
        &by_ana(),
        "approved",
    );
    // Here each is said by itself.
    our_rule(&with("allow_author = true, allow_committers = true"), OUR_ANA, "met");
    our_rule(&with("allow_author = true, allow_committers = true"), OUR_CY, "met");
}

#[test]
fn p36_contributors_may_count_without_the_author() {
    they(&format!("{CY}\n  options: {{allow_non_author_contributor: true}}"), &by_cy(), "approved");
    they(&format!("{ANA}\n  options: {{allow_non_author_contributor: true}}"), &by_ana(), "pending");
    our_rule(&with("allow_committers = true"), OUR_CY, "met");
    our_rule(&with("allow_committers = true"), OUR_ANA, "pending");
}

/// And here whoever pushed it: theirs do not know who that was.
#[test]
fn p37_nobody_who_had_a_hand_in_it_counts_otherwise() {
    they(CY, &by_cy(), "pending");
    our_rule("require = { count = 1 }", OUR_CY, "pending");
    our_rule("require = { count = 1 }", "author = 'ana', pusher = 'bo', approvals = ['bo']", "pending");
    our_rule(&with("allow_pusher = true"), "author = 'ana', pusher = 'bo', approvals = ['bo']", "met");
    they("requires: {count: 1, users: [bo]}", &json!({}), "approved");
}

/// Their clock guesses when something was pushed; an approval of ours is for what was on display.
#[test]
fn p38_a_push_voids_what_was_for_something_else() {
    let push = "requires: {count: 1, users: [bo]}\n  options: {invalidate_on_push: true}";
    they(push, &json!({}), "approved");
    they(push, &json!({ "pushed_at": { "c2": at(4) } }), "pending");
    they(push, &json!({ "pushed_at": { "c2": at(5) } }), "pending");
    assert_eq!(
        their_rule(push, &json!({ "pushed_at": { "c2": at(5) } })).dismissed[0].reason,
        Reason::Pushed
    );
    they("requires: {count: 1, users: [bo]}", &json!({ "pushed_at": { "c2": at(5) } }), "approved");
    for (options, same, other) in
        [("", "allow", "hold"), ("\noptions = { on_push = \"head\" }", "hold", "hold")]
    {
        let mut snapshot = displayed(&rule(&format!("require = {{ count = 1 }}{options}")));
        approved(&mut snapshot, 1, bo(), 200);
        verdict(&snapshot, "allow");
        snapshot.change.head = sha('e');
        verdict(&snapshot, same);
        snapshot.evaluation = evaluation(vec![unit(vec![replicas_effect(3, 9)])]);
        redigest(&mut snapshot);
        verdict(&snapshot, other);
    }
}

/// Whoever merges the target into the change alters nothing of what it does: approvals stand by themselves.
#[test]
fn p39_a_merge_of_the_target_voids_nothing() {
    let update = json!({
        "commits": [{ "sha": "c1", "author": "ana", "committer": "ana" }, { "sha": "c2", "parents": ["c1", "b1"], "author": "ana", "via_web": true }],
        "pushed_at": { "c1": at(2), "c2": at(9) }
    });
    let push = "requires: {count: 1, users: [bo]}\n  options: {invalidate_on_push: true";
    they(&format!("{push}}}"), &update, "pending");
    they(&format!("{push}, ignore_update_merges: true}}"), &update, "approved");
    let mut snapshot = displayed(&rule("require = { count = 1 }"));
    approved(&mut snapshot, 1, bo(), 200);
    (snapshot.change.head, snapshot.base_tip) = (sha('e'), sha('f'));
    verdict(&snapshot, "allow");
    we_refuse(&rule(&with("ignore_update_merges = true")), "unknown key `ignore_update_merges`");
}

#[test]
fn p40_commits_by_some_keep_nobody_from_counting() {
    let commit = |author: &str, committer: &str| json!({ "commits": [{ "sha": "c2", "author": author, "committer": committer }] });
    let ignoring = "requires: {count: 1, users: [bo]}\n  options: {ignore_commits_by: {users: [bo]}}";
    they("requires: {count: 1, users: [bo]}", &commit("bo", "bo"), "pending");
    they(ignoring, &commit("bo", "bo"), "approved");
    they(ignoring, &commit("bo", "cy"), "pending");
    they(ignoring, &commit("bo", ""), "approved");
    let ignoring = with("ignore_commits_by = { users = [\"bo\"] }");
    let given =
        |commit: &str| format!("author = 'ana', pusher = 'ana', approvals = ['bo'], commits = [{commit}]");
    our_rule("require = { count = 1 }", &given("{ author = 'bo' }"), "pending");
    our_rule(&ignoring, &given("{ author = 'bo' }"), "met");
    our_rule(&ignoring, &given("{ author = 'bo', committer = 'cy' }"), "pending");
    our_rule(&ignoring, &given("{ identity = 'Bo <bo@example.org>' }"), "pending");
}

/// What comes in through a second parent is part of the change all the same.
#[test]
fn p41_commits_on_every_parent_are_looked_at() {
    let merged = json!({
        "commits": [{ "sha": "c2", "parents": ["b0", "c1"], "author": "ana", "committer": "ana" },
                    { "sha": "c1", "parents": ["b0"], "author": "bo", "committer": "bo" }]
    });
    they("requires: {count: 1, users: [bo]}", &merged, "approved");
    they("requires: {count: 1, users: [bo]}", &json!({ "failed": { "commits": "more than 250" } }), "error");
    let mut snapshot = displayed(&rule("require = { count = 1 }"));
    approved(&mut snapshot, 1, bo(), 200);
    let who = |actor: Actor| Signatory { identity: actor.login.clone(), account: Some(actor) };
    let commit = |digit: char, actor: Actor| Commit {
        sha: sha(digit),
        author: who(actor.clone()),
        committer: who(actor),
        via_web: Some(false),
        signature: Known::Unknown("not asked".to_owned()),
    };
    snapshot.details.commits = Known::Yes(vec![commit('b', ana()), commit('c', bo())]);
    snapshot.contributors.known = vec![ana(), bo()];
    let plan = judged(&snapshot, "hold");
    assert_eq!(plan.report.requirements[0].ignored[0].reason, "committed to this change");
}

#[test]
fn p42_what_was_edited_does_not_count() {
    let edited = json!({ "reviews": [], "comments": [{ "author": "bo", "text": "👍", "created_at": at(5), "edited_at": at(6) }] });
    they("requires: {count: 1, users: [bo]}", &edited, "approved");
    they("requires: {count: 1, users: [bo]}\n  options: {ignore_edited_comments: true}", &edited, "pending");
    let mut snapshot = displayed(&rule("require = { count = 1 }"));
    approved(&mut snapshot, 1, bo(), 200);
    let comment = snapshot.comments.last_mut().unwrap();
    comment.body.push_str(" it all");
    comment.updated_at = time(300);
    let plan = judged(&snapshot, "hold");
    assert_eq!(plan.report.requirements[0].ignored[0].reason, "the comment was edited");
    // It cannot be switched off.
    we_refuse(&rule(&with("ignore_edited_comments = false")), "never counts");
}

/// An approval that was edited takes nothing away from an earlier one.
#[test]
fn p43_each_word_of_a_person_is_looked_at_by_itself() {
    let two =
        json!({ "comments": [{ "author": "bo", "text": "👍", "created_at": at(5), "edited_at": at(6) }] });
    they("requires: {count: 1, users: [bo]}\n  options: {ignore_edited_comments: true}", &two, "pending");
    let mut snapshot = displayed(&rule("require = { count = 1 }"));
    approved(&mut snapshot, 1, bo(), 200);
    approved(&mut snapshot, 2, bo(), 300);
    snapshot.comments.last_mut().unwrap().body.push('!');
    let plan = judged(&snapshot, "allow");
    assert_eq!(plan.report.requirements[0].by.len(), 1);
}

#[test]
fn p44_whoever_asks_for_changes_takes_their_approval_back() {
    let later = json!({ "reviews": [reviewed("bo", "approved", 4), reviewed("bo", "changes-requested", 5)] });
    they("requires: {count: 1, users: [bo]}", &later, "approved");
    let mut snapshot = displayed(&rule("require = { count = 1 }"));
    approved(&mut snapshot, 1, bo(), 200);
    review(&mut snapshot, 1, bo(), ReviewState::ChangesRequested, "no", 300);
    let plan = judged(&snapshot, "hold");
    assert_eq!(plan.report.requirements[0].ignored[0].reason, "asked for changes later");
}

/// A rule of several people that asks for reviews.
fn asking(request: &str) -> String {
    rule(&format!(
        "require = {{ count = 2, from = {{ users = [\"ana\", \"bo\", \"cy\", \"dee\", \"emil\"], teams = [\"acme/sre\", \"acme/ops\"] }} }}\n\
         options = {{ request_review = {{ {request} }} }}"
    ))
}

fn asked(snapshot: &Snapshot) -> Vec<String> {
    let actions = decide(snapshot).actions.into_iter();
    let mut asked: Vec<String> = actions
        .filter_map(|action| {
            if let Action::RequestReview { whom } = action { Some(whom.name().to_owned()) } else { None }
        })
        .collect();
    asked.sort();
    asked
}

fn requesting(request: &str) -> Snapshot {
    let mut snapshot = displayed(&asking(request));
    snapshot.details.requested = Known::Yes(Vec::new());
    for team in ["acme/sre", "acme/ops"] {
        snapshot.directory.teams.insert(team.to_owned(), Known::Yes(Vec::new()));
    }
    snapshot
}

fn ask(snapshot: &mut Snapshot, login: &str, head: char, refused: Option<&str>) {
    let whom = Reviewer::User(login.to_owned());
    record(
        snapshot,
        FactKind::ReviewRequested { whom, head: sha(head), refused: refused.map(str::to_owned) },
    );
}

#[test]
fn p45_as_many_as_are_missing_are_asked_for_a_review() {
    for options in
        ["{enabled: true}", "{enabled: true, mode: teams, count: 1}", "{enabled: false, mode: all-users}"]
    {
        assert!(read(&only(&format!("options: {{request_review: {options}}}")), "p").is_ok());
    }
    assert_eq!(asked(&requesting("mode = \"all-users\"")), ["bo", "cy", "dee", "emil"], "not the author");
    assert_eq!(asked(&requesting("mode = \"teams\"")), ["acme/ops", "acme/sre"]);
    assert_eq!(asked(&requesting("count = 3")).len(), 3);
    let mut snapshot = requesting("mode = \"random-users\"");
    let first = asked(&snapshot);
    assert_eq!((first.len(), &asked(&snapshot)), (2, &first), "as many as are missing, always the same");
    // Another change draws others.
    let drawn = (0..20).map(|number| {
        snapshot.change.id.number = number;
        asked(&snapshot)
    });
    assert!(drawn.collect::<std::collections::BTreeSet<_>>().len() > 2);
    let case = "paths = ['x'], author = 'ana', approvals = ['bo']";
    ours(&asking("mode = \"all-users\""), case, "asked = ['cy', 'dee', 'emil']");
}

#[test]
fn p45_nobody_is_asked_twice_or_in_vain() {
    let mut snapshot = requesting("mode = \"all-users\"");
    // bo is asked already, cy was taken off, dee cannot be asked, emil has reviewed this head.
    snapshot.details.requested = Known::Yes(vec![Reviewer::User("Bo".to_owned())]);
    ask(&mut snapshot, "cy", 'b', None);
    ask(&mut snapshot, "dee", 'b', Some("not a collaborator"));
    review(&mut snapshot, 9, person(7, "emil"), ReviewState::Commented, "hm", 300);
    assert_eq!(asked(&snapshot), [""; 0]);
    // Another head: emil's word was for the old one, and so would cy's have been; but cy was taken off.
    ask(&mut snapshot, "emil", 'b', None);
    snapshot.change.head = sha('e');
    assert_eq!(asked(&snapshot), ["emil"]);
    // Who was asked and taken off counts as asked: nobody stands in.
    let mut snapshot = requesting("count = 1");
    let [one] = asked(&snapshot).try_into().unwrap_or_else(|other| panic!("{other:?}"));
    ask(&mut snapshot, &one, 'b', None);
    assert_eq!(asked(&snapshot), [""; 0]);
    // Whom the forge does not want asked is stood in for.
    snapshot.facts.pop();
    ask(&mut snapshot, &one, 'b', Some("not a collaborator"));
    let instead = asked(&snapshot);
    assert!(instead.len() == 1 && instead[0] != one, "{instead:?}");
    // Who may not even read is known to be no collaborator.
    let mut snapshot = requesting("mode = \"all-users\"");
    snapshot.directory.permissions.insert(cy().id, Known::Yes(crate::actor::Permission::None));
    says(&mut snapshot, 8, cy(), "hello", 200);
    assert_eq!(asked(&snapshot), ["bo", "dee", "emil"]);
}

/// Also at later heads, and whatever they had reviewed before they were asked. It is said beside the rule.
#[test]
fn p45_who_was_taken_off_is_not_asked_again_and_that_is_told() {
    let note = |snapshot: &Snapshot| decide(snapshot).report.requirements[0].note.clone();
    let mut snapshot = requesting("mode = \"all-users\"");
    snapshot.details.requested = Known::Yes(vec![Reviewer::User("bo".to_owned())]);
    review(&mut snapshot, 9, cy(), ReviewState::Commented, "hm", 300);
    snapshot.change.head = sha('e');
    for login in ["bo", "cy", "dee"] {
        ask(&mut snapshot, login, 'e', None);
    }
    ask(&mut snapshot, "emil", 'e', Some("not a collaborator"));
    let said = "taken off after the bot asked, and not asked again: `cy`, `dee`";
    assert_eq!((asked(&snapshot), note(&snapshot).as_deref()), (Vec::new(), Some(said)));
    snapshot.change.head = sha('f');
    assert_eq!((asked(&snapshot), note(&snapshot).as_deref()), (Vec::new(), Some(said)));
    // Asked by hand, they are no longer off; and who answers was not taken off, but may be asked about what came after.
    snapshot.details.requested = Known::Yes(vec![Reviewer::User("Cy".to_owned())]);
    review(&mut snapshot, 10, person(6, "dee"), ReviewState::Commented, "hm", 20_000);
    let bo = "taken off after the bot asked, and not asked again: `bo`";
    assert_eq!((asked(&snapshot), note(&snapshot).as_deref()), (Vec::new(), Some(bo)));
    snapshot.change.head = sha('d');
    assert_eq!((asked(&snapshot), note(&snapshot).as_deref()), (vec!["dee".to_owned()], Some(bo)));
    // Nothing is said of what is not known.
    snapshot.details.requested = Known::Unknown("no answer".to_owned());
    assert_eq!((asked(&snapshot), note(&snapshot)), (Vec::new(), None));
}

#[test]
fn p45_somebody_is_asked_only_while_people_are_all_that_is_missing() {
    let ready = || requesting("mode = \"all-users\"");
    let mut snapshot = ready();
    snapshot.change.draft = true;
    assert_eq!(asked(&snapshot), [""; 0]);
    let mut snapshot = ready();
    says(&mut snapshot, 1, cy(), "/hold", 200);
    assert_eq!(asked(&snapshot), [""; 0]);
    let mut snapshot = ready();
    snapshot.details.requested = Known::Unknown("no answer".to_owned());
    assert_eq!(asked(&snapshot), [""; 0], "who is asked already is not known");
    let mut snapshot = ready();
    snapshot.merge = crate::snapshot::MergeOutcome::Conflict { paths: vec!["a".to_owned()] };
    assert_eq!(asked(&snapshot), [""; 0]);
    let mut snapshot = ready();
    approved(&mut snapshot, 1, bo(), 200);
    assert_eq!(asked(&snapshot), ["cy", "dee", "emil"]);
    approved(&mut snapshot, 2, cy(), 300);
    assert_eq!(asked(&snapshot), [""; 0], "it is enough");
}

#[test]
fn p45_only_rules_that_wait_in_branches_that_do_ask() {
    let rules = |tree: &str| {
        let one = |name: &str, of: &str| {
            format!(
                "[[rule]]\nname = \"{name}\"\nrequire = {{ count = 1, from = {{ users = [\"{of}\"] }} }}\noptions = {{ request_review = {{ count = 1 }} }}\n"
            )
        };
        format!("approval = {tree}\n{}{}{}", one("x", "bo"), one("y", "cy"), one("z", "dee"))
    };
    let asked = |tree: &str| {
        let mut snapshot = displayed(&rules(tree));
        snapshot.details.requested = Known::Yes(Vec::new());
        approved(&mut snapshot, 1, bo(), 200);
        asked(&snapshot)
    };
    assert_eq!(asked("[\"x\", \"y\", \"z\"]"), ["cy", "dee"]);
    assert_eq!(asked("[{ any = [\"x\", \"y\"] }, \"z\"]"), ["dee"], "one branch is met without cy");
    assert_eq!(asked("[{ any = [\"y\", \"z\"] }]"), ["cy", "dee"]);
    assert_eq!(asked("[\"x\"]"), [""; 0]);
}

#[test]
fn p45_a_rule_that_can_ask_nobody_is_told_so() {
    let rule = |require: &str, request: &str| {
        rule(&format!("require = {{ {require} }}\noptions = {{ request_review = {{ {request} }} }}"))
    };
    we_refuse(&rule("count = 1", "mode = \"all-users\""), "nobody lists who has a permission");
    we_refuse(
        &rule("count = 1, from = { permissions = [\"write\"] }", "count = 1"),
        "nobody whom it could ask",
    );
    we_refuse(&rule("count = 1, from = { users = [\"bo\"] }", "mode = \"teams\""), "name `teams`");
    we_refuse(
        &rule("count = 1, from = { users = [\"bo\"] }", "mode = \"everybody\""),
        "unknown value `everybody`",
    );
    we_refuse(&rule("count = 1, from = { users = [\"bo\"] }", "count = 16"), "from 1 to 15");
    we_refuse(
        &rule("count = 1, from = { users = [\"bo\"] }", "mode = \"all-users\", count = 2"),
        "here all are asked",
    );
    let conditions = "count = 0, from = { users = [\"bo\"] }, conditions = [{ title.matches = \"x\" }]";
    we_refuse(&rule(conditions, "count = 1"), "and the rule for nobody");
}

/// Here a rule says all there is to say about it: what it does not say, it shares with no other.
#[test]
fn p46_defaults_hold_where_a_rule_says_nothing() {
    let policy = |rule: &str| {
        format!(
            "policy: {{approval: [r]}}\napproval_defaults: {{options: {{allow_author: true, ignore_commits_by: {{users: [bo]}}, methods: {{comments: [ok]}}}}}}\napproval_rules: [{{name: r, requires: {{count: 1, users: [ana, bo]}}, options: {{{rule}}}}}]\n"
        )
    };
    let by = |who: &str| json!({ "reviews": [], "comments": [said(who, "ok", 5)] });
    their_status(&policy(""), &by("ana"), CommitStatus::Success);
    their_status(&policy("allow_author: false"), &by("ana"), CommitStatus::Pending);
    // Methods are taken one by one, all else as a whole.
    their_status(&policy("methods: {github_review: false}"), &by("ana"), CommitStatus::Success);
    let committed = json!({ "commits": [{ "sha": "c2", "author": "bo", "committer": "bo" }] });
    their_status(&policy(""), &committed, CommitStatus::Success);
    their_status(&policy("ignore_commits_by: {}"), &committed, CommitStatus::Pending);
    we_refuse("[defaults]\nallow_author = true", "unknown key `defaults`");
}

/// A review through the forge, seen while its comment stands.
#[test]
fn a_review_that_was_asked_for_counts_like_any_other() {
    let mut snapshot = requesting("count = 2");
    review(&mut snapshot, 1, bo(), ReviewState::Approved, "", 200);
    review(&mut snapshot, 2, cy(), ReviewState::Approved, "", 200);
    verdict(&snapshot, "allow");
    assert_eq!(snapshot.comments[0].id, CommentId(100));
}
