//! What becomes of each rule, and of several together.
use insta::assert_snapshot;
use proptest::prelude::*;

use super::super::*;
use super::*;
use crate::config::{Policy, parse};
use crate::policy::Truth;

pub(super) fn policy(text: &str) -> Policy {
    let text = format!("version = 1\n{text}");
    parse(&text, "policy")
        .unwrap_or_else(|errors| panic!("{}", errors[0].render(crate::config::Level::Error, None)))
}

/// cy's change after these people approved it.
pub(super) fn approved_by(people: &[&str]) -> Snapshot {
    let mut seen = snapshot();
    for (comment, login) in (9..).zip(people) {
        seen.facts.push(approved(login, comment, 60));
    }
    seen
}

pub(super) fn agree(policy: &Policy, seen: &Snapshot) -> Agreement {
    evaluate(policy, seen, &standing(seen))
}

/// Every requirement in a line, then the whole.
pub(super) fn told(policy: &Policy, seen: &Snapshot) -> String {
    let agreement = agree(policy, seen);
    let mut text = String::new();
    for each in &agreement.requirements {
        let by: Vec<&str> = each.by.iter().map(|approval| approval.actor.login.as_str()).collect();
        text +=
            &format!("{}: {:?}, {} of {} from {}", each.rule, each.state, by.len(), each.needed, each.from);
        for ignored in &each.ignored {
            text += &format!("\n  without {}: {}", ignored.who, ignored.reason);
        }
        if let Some(note) = &each.note {
            text += &format!("\n  note: {note}");
        }
        text.push('\n');
    }
    text + &format!(
        "met: {}, unknown: {}, uncovered: {:?}",
        agreement.met, agreement.unknown, agreement.uncovered
    )
}

const SRE: &str = r#"
[[rule]]
name = "two of sre"
require = { count = 2, from = { teams = ["acme/sre"] } }
"#;

#[test]
fn whoever_had_a_hand_in_the_change_never_counts_unless_the_rule_says_so() {
    let seen = |people: &[&str]| {
        let mut seen = approved_by(people);
        seen.contributors.known.push(actor("bo"));
        seen.contributors.pusher = Some(actor("dee"));
        seen
    };
    assert_snapshot!(told(&policy(SRE), &seen(&["cy", "bo", "dee", "emil"])), @r#"
    two of sre: Pending, 0 of 2 from acme/sre
      without bo: committed to this change
      without dee: pushed this head
      without emil: not one of acme/sre
      without cy: author of the change
    met: false, unknown: false, uncovered: []
    "#);
    for (options, people, by) in [
        ("{ allow_author = true }", &["cy", "bo", "dee"][..], &["cy"][..]),
        ("{ allow_committers = true }", &["cy", "bo", "dee"], &["bo"]),
        ("{ allow_pusher = true }", &["cy", "bo", "dee"], &["dee"]),
    ] {
        let agreement = agree(&policy(&format!("{SRE}options = {options}\n")), &seen(people));
        let counted: Vec<&str> =
            agreement.requirements[0].by.iter().map(|a| a.actor.login.as_str()).collect();
        assert_eq!(counted, by, "{options}");
    }
}

#[test]
fn who_may_approve_their_own_change_may_have_committed_and_pushed_it() {
    let text = "[[rule]]\nname = \"anybody\"\nrequire = { count = 1 }\noptions = { allow_author = true }\n";
    assert_snapshot!(told(&policy(text), &approved_by(&["cy"])), @r#"
    anybody: Met, 1 of 1 from whoever has write permission
    met: true, unknown: false, uncovered: []
    "#);
}

#[test]
fn sets_of_people_are_unions() {
    let rule =
        |from: &str| policy(&format!("[[rule]]\nname = \"r\"\nrequire = {{ count = 1, from = {from} }}\n"));
    for (from, person, counts) in [
        ("{ users = [\"BO\"] }", "bo", true),
        ("{ users = [\"dee\"] }", "bo", false),
        ("{ teams = [\"acme/sre\"] }", "dee", true),
        ("{ teams = [\"acme/sre\"] }", "emil", false),
        ("{ teams = [\"acme/sre\"], users = [\"emil\"] }", "emil", true),
        ("{ permissions = [\"admin\"] }", "dee", true),
        ("{ permissions = [\"admin\"] }", "bo", false),
        ("{ permissions = [\"write\"] }", "dee", true),
    ] {
        let met = agree(&rule(from), &approved_by(&[person])).requirements[0].state == RequirementState::Met;
        assert_eq!(met, counts, "{from} {person}");
    }
}

#[test]
fn a_look_up_that_failed_is_never_an_answer() {
    let team = |people: &[&str]| {
        let mut seen = approved_by(people);
        seen.directory.teams.insert("acme/sre".into(), Known::Unknown("the forge did not answer".into()));
        seen
    };
    assert_snapshot!(told(&policy(SRE), &team(&["bo", "dee"])), @r#"
    two of sre: Unknown, 0 of 2 from acme/sre
      without bo: could not be told: the members of acme/sre: the forge did not answer
      without dee: could not be told: the members of acme/sre: the forge did not answer
      note: the members of acme/sre could not be told: the forge did not answer
    met: false, unknown: true, uncovered: []
    "#);
    let either = SRE.replace("teams = [\"acme/sre\"]", "teams = [\"acme/sre\"], users = [\"bo\", \"dee\"]");
    assert!(agree(&policy(&either), &team(&["bo", "dee"])).met, "others are enough without the team");
    let mut nobody = approved_by(&["bo"]);
    nobody.directory.permissions.insert(actor("bo").id, Known::Unknown("no answer".into()));
    nobody.directory.teams.clear();
    assert_snapshot!(told(&policy(""), &nobody), @r#"
    default: Pending, 0 of 1 from whoever has write permission
      without bo: could not be told: the permission of bo: no answer
      note: no rule claims all of the change
    met: false, unknown: false, uncovered: ["Deployment shop/web in production"]
    "#);
    assert_eq!(agree(&policy(SRE), &nobody).requirements[0].state, RequirementState::Unknown);
}

#[test]
fn a_hidden_contributor_is_outnumbered() {
    let mut seen = approved_by(&["bo", "dee"]);
    seen.contributors.pusher = None;
    assert_snapshot!(told(&policy(SRE), &seen), @r#"
    two of sre: Pending, 2 of 3 from acme/sre
      note: one more, since nobody told who pushed this head
    met: false, unknown: false, uncovered: []
    "#);
    let allowed = format!("{SRE}options = {{ allow_pusher = true }}\n");
    assert!(agree(&policy(&allowed), &seen).met, "where the pusher may count, nobody has to be outnumbered");
    seen.contributors.unknown = vec!["A <a@x>".into(), "Other name <A@X>".into(), "B <b@x>".into()];
    assert_snapshot!(told(&policy(SRE), &seen), @r#"
    two of sre: Pending, 2 of 5 from acme/sre
      note: one more, since nobody told who pushed this head; 2 more, since commits carry identities without an account: A <a@x>, B <b@x>, Other name <A@X>
    met: false, unknown: false, uncovered: []
    "#);
}

#[test]
fn an_approval_for_some_environments_counts_for_rules_within_them() {
    let rules = r#"
[environment.production]
source = { yaml = "p" }
[environment.staging]
source = { yaml = "s" }
[[rule]]
name = "production"
when = { effect.any = { environment = "production" } }
require = { count = 1 }
[[rule]]
name = "web"
when = { effect.any = { names = "web" } }
require = { count = 1 }
[[rule]]
name = "docs"
when = { paths.any = "docs/**" }
require = { count = 1 }
"#;
    let mut seen = snapshot();
    seen.evaluation.environments[1] = environment("staging", vec![effect("Deployment web", &[])]);
    seen.evaluation.outside = vec![outside("docs/a.md")];
    let limited = |environments: &[&str]| {
        let mut seen = seen.clone();
        let mut given = approval("bo", 9, 60);
        given.environments = environments.iter().map(|name| (*name).to_owned()).collect();
        seen.facts.push(fact(9, FactKind::Approved(given), 60));
        seen
    };
    assert_snapshot!(told(&policy(rules), &limited(&["production"])), @r#"
    production: Met, 1 of 1 from whoever has write permission
    web: Pending, 0 of 1 from whoever has write permission
      without bo: approved for production only, this is about staging too
    docs: Pending, 0 of 1 from whoever has write permission
      without bo: approved for production only, this is about `docs/a.md` too
    met: false, unknown: false, uncovered: []
    "#);
    assert_snapshot!(told(&policy(rules), &limited(&["production", "staging"])), @r#"
    production: Met, 1 of 1 from whoever has write permission
    web: Met, 1 of 1 from whoever has write permission
    docs: Pending, 0 of 1 from whoever has write permission
      without bo: approved for production, staging only, this is about `docs/a.md` too
    met: false, unknown: false, uncovered: []
    "#);
}

/// A rule for each row and column of the tables in the module's documentation.
fn state(seen: &mut Snapshot, applies: Truth, enough: Option<bool>) -> String {
    let when = match applies {
        Truth::True => "{ effect.any = { names = \"web\" } }",
        Truth::False => "{ effect.any = { names = \"nothing\" } }",
        Truth::Unknown => "{ effect.any = { names = \"hidden\" } }",
    };
    if applies == Truth::Unknown {
        seen.evaluation.environments[0].units[0].sides.head = SideState::Failed;
    }
    let from = match enough {
        Some(true) => "{ users = [\"bo\"] }",
        Some(false) => "{ users = [\"emil\"] }",
        None => "{ teams = [\"acme/lost\"] }",
    };
    format!("when = {when}\nrequire = {{ count = 1, from = {from} }}\n")
}

#[test]
fn the_table_of_one_rule_holds() {
    use RequirementState::{Met, Pending, Skipped, Unknown};
    for (applies, enough, want) in [
        (Truth::False, Some(false), Skipped),
        (Truth::False, Some(true), Skipped),
        (Truth::False, None, Skipped),
        (Truth::True, Some(false), Pending),
        (Truth::True, Some(true), Met),
        (Truth::True, None, Unknown),
        (Truth::Unknown, Some(false), Unknown),
        (Truth::Unknown, Some(true), Unknown),
        (Truth::Unknown, None, Unknown),
    ] {
        let mut seen = approved_by(&["bo"]);
        let rule = state(&mut seen, applies, enough);
        let agreement = agree(&policy(&format!("[[rule]]\nname = \"r\"\n{rule}")), &seen);
        assert_eq!(agreement.requirements[0].state, want, "{applies:?} {enough:?}");
        assert_eq!(agreement.unknown, want == Unknown, "{applies:?} {enough:?}");
    }
}

/// What each of skipped, met, pending, unknown comes to with each of them.
fn combined(join: &str) -> Vec<(bool, bool)> {
    let states = [
        (Truth::False, Some(true)),
        (Truth::True, Some(true)),
        (Truth::True, Some(false)),
        (Truth::True, None),
    ];
    let mut table = Vec::new();
    for (a, b) in states.iter().flat_map(|a| states.iter().map(move |b| (a, b))) {
        let mut seen = approved_by(&["bo"]);
        let (a, b) = (state(&mut seen, a.0, a.1), state(&mut seen, b.0, b.1));
        let text = format!(
            "approval = {{ {join} = [\"a\", \"b\"] }}\n[[rule]]\nname = \"a\"\n{a}[[rule]]\nname = \"b\"\n{b}"
        );
        let agreement = agree(&policy(&text), &seen);
        table.push((agreement.met, agreement.unknown));
    }
    table
}

#[test]
fn the_tables_of_several_rules_hold() {
    const MET: (bool, bool) = (true, false);
    const PENDING: (bool, bool) = (false, false);
    const UNKNOWN: (bool, bool) = (false, true);
    // Rows and columns: skipped, met, pending, unknown. All skipped falls to `default`, which bo meets.
    assert_eq!(
        combined("all"),
        [
            [MET, MET, PENDING, UNKNOWN],
            [MET, MET, PENDING, UNKNOWN],
            [PENDING, PENDING, PENDING, UNKNOWN],
            [UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN]
        ]
        .concat()
    );
    assert_eq!(
        combined("any"),
        [
            [MET, MET, PENDING, UNKNOWN],
            [MET, MET, MET, MET],
            [PENDING, MET, PENDING, UNKNOWN],
            [UNKNOWN, MET, UNKNOWN, UNKNOWN]
        ]
        .concat()
    );
}

#[test]
fn approvals_that_no_longer_stand_are_told_once() {
    let mut seen = approved_by(&["bo"]);
    seen.comments.push(comment(9, "bo", "edited", 60));
    let skipped =
        "[[rule]]\nname = \"skipped\"\nwhen = { targets_branch = \"x\" }\nrequire = { count = 1 }\n";
    assert_snapshot!(told(&policy(&format!("{skipped}{SRE}")), &seen), @r#"
    skipped: Skipped, 0 of 1 from whoever has write permission
      note: it does not apply
    two of sre: Pending, 0 of 2 from acme/sre
      without bo: the comment was edited
    met: false, unknown: false, uncovered: []
    "#);
}

proptest! {
    /// One more approval never makes what was enough too little.
    #[test]
    fn an_approval_never_takes_away(
        people in prop::sample::subsequence(vec!["bo", "dee", "emil"], 0..=3),
        more in prop::sample::select(vec!["bo", "dee", "emil", "cy", "renovate"]),
        hidden in any::<bool>(), tree in prop::sample::select(vec!["", "approval = { any = [\"r\", \"two of sre\"] }", "approval = [\"r\"]"])
    ) {
        let text = format!("{tree}\n{SRE}[[rule]]\nname = \"r\"\nwhen = {{ effect.any = {{ names = \"web\" }} }}\nrequire = {{ count = 1 }}\n");
        let policy = policy(&text);
        let mut before = approved_by(&people);
        before.evaluation.outside = vec![outside("docs/a.md")];
        if hidden { before.contributors.pusher = None; }
        let mut after = before.clone();
        after.facts.push(approved(more, 90, 200));
        let (then, now) = (agree(&policy, &before), agree(&policy, &after));
        prop_assert!(!then.met || now.met);
        for (then, now) in then.requirements.iter().zip(&now.requirements) {
            prop_assert!(then.state != RequirementState::Met || now.state == RequirementState::Met);
        }
    }

    /// Whatever the rules without options, the author's own word and that of bots are not enough.
    #[test]
    fn the_author_alone_never_meets_anything(count in 1_u32..3, people in prop::sample::subsequence(vec!["cy", "renovate", "ghost"], 0..=3)) {
        let text = format!("[[rule]]\nname = \"r\"\nrequire = {{ count = {count} }}\n");
        let mut seen = approved_by(&people);
        prop_assert!(!agree(&policy(&text), &seen).met);
        prop_assert!(!agree(&policy(""), &seen).met);
        seen.policy = None;
        seen.proposed_policy = snapshot().policy;
        prop_assert!(!agree(&Policy::builtin(), &seen).met);
    }

    /// What could not be rendered skips no rule, and nothing lands on it.
    #[test]
    fn unknown_never_skips(names in "[a-z]{1,8}", people in prop::sample::subsequence(vec!["bo", "dee", "emil"], 0..=3)) {
        prop_assume!(names != "web");
        let text = format!("[[rule]]\nname = \"r\"\nwhen = {{ effect.any = {{ names = \"{names}\" }} }}\nrequire = {{ count = 1 }}\n");
        let mut seen = approved_by(&people);
        seen.evaluation.environments[0].units[0].sides.head = SideState::Failed;
        let agreement = agree(&policy(&text), &seen);
        prop_assert_eq!(agreement.requirements[0].state, RequirementState::Unknown);
        prop_assert!(agreement.unknown && !agreement.met);
    }
}

#[test]
fn whoever_could_still_say_yes_is_named() {
    let could = |policy: &Policy, seen: &Snapshot| agree(policy, seen).requirements[0].could.join(", ");
    assert_eq!(could(&policy(SRE), &approved_by(&[])), "bo, dee", "cy is the author");
    assert_eq!(could(&policy(SRE), &approved_by(&["bo"])), "dee");
    assert_eq!(could(&policy(SRE), &approved_by(&["bo", "dee"])), "", "nobody is missing");
    let mut pushed = approved_by(&[]);
    pushed.contributors.pusher = Some(actor("dee"));
    assert_eq!(could(&policy(SRE), &pushed), "bo");
    let named = SRE
        .replace("teams = [\"acme/sre\"]", "users = [\"Emil\", \"CY\", \"zoe\"], permissions = [\"admin\"]");
    assert_eq!(
        could(&policy(&named), &approved_by(&["dee"])),
        "Emil, zoe",
        "an author is one under any capitals"
    );
    assert_eq!(could(&policy(""), &approved_by(&[])), "", "nobody lists who may write");
    let mut lost = approved_by(&[]);
    lost.directory.teams.insert("acme/sre".into(), Known::Unknown("no answer".into()));
    assert_eq!(could(&policy(SRE), &lost), "");
}
