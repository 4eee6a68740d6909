//! What no satisfied rule claims, and what it falls to.
use insta::assert_snapshot;

use super::rules::{agree, approved_by, policy, told};
use super::*;
use crate::config::Policy;

const DOCS: &str = r#"
[[rule]]
name = "docs"
when = { paths.any = "docs/**" }
require = { count = 1, from = { users = ["emil"] } }
"#;

const WEB: &str = r#"
[[rule]]
name = "web"
when = { effect.any = { names = "web" } }
require = { count = 1, from = { users = ["bo"] } }
"#;

fn with_docs(people: &[&str]) -> Snapshot {
    let mut seen = approved_by(people);
    seen.evaluation.outside = vec![outside("docs/a.md"), outside(".gitlab-ci.yml")];
    seen
}

#[test]
fn without_rules_one_writer_without_a_hand_in_it_is_enough() {
    assert_snapshot!(told(&Policy::builtin(), &approved_by(&["cy"])), @r#"
    default: Pending, 0 of 1 from whoever has write permission
      without cy: author of the change
      note: no rule claims all of the change
    met: false, unknown: false, uncovered: ["Deployment shop/web in production"]
    "#);
    assert_snapshot!(told(&Policy::builtin(), &approved_by(&["emil"])), @r#"
    default: Met, 1 of 1 from whoever has write permission
    met: true, unknown: false, uncovered: []
    "#);
    let mut reader = approved_by(&["emil"]);
    reader.directory.permissions.insert(actor("emil").id, Known::Yes(Permission::Triage));
    assert!(!agree(&Policy::builtin(), &reader).met);
}

#[test]
fn what_no_rule_claims_falls_to_the_default() {
    let both = policy(&format!("{DOCS}{WEB}"));
    assert_snapshot!(told(&both, &with_docs(&["bo", "cy"])), @r#"
    docs: Pending, 0 of 1 from emil
      without bo: not one of emil
      without cy: author of the change
    web: Met, 1 of 1 from bo
      without cy: author of the change
    default: Met, 1 of 1 from whoever has write permission
      without cy: author of the change
    met: false, unknown: false, uncovered: []
    "#);
    assert_snapshot!(told(&both, &with_docs(&["bo", "emil"])), @r#"
    docs: Met, 1 of 1 from emil
      without bo: not one of emil
    web: Met, 1 of 1 from bo
      without emil: not one of bo
    default: Met, 2 of 1 from whoever has write permission
    met: true, unknown: false, uncovered: []
    "#);
    // A rule that claims everything leaves nothing over.
    let all = policy("[[rule]]\nname = \"all\"\nrequire = { count = 1 }\n");
    assert_snapshot!(told(&all, &with_docs(&["emil"])), @r#"
    all: Met, 1 of 1 from whoever has write permission
    met: true, unknown: false, uncovered: []
    "#);
}

#[test]
fn a_claim_in_a_branch_that_is_not_met_does_not_cover() {
    let any = |tree: &str| {
        policy(&format!(
            "approval = {tree}\n{DOCS}{WEB}{}",
            WEB.replace("name = \"web\"", "name = \"other\"").replace("bo", "dee")
        ))
    };
    // `web` would claim the Deployment, but only `docs` is met: the Deployment falls to `default`, which emil meets.
    let by_docs = any("{ any = [\"docs\", \"web\"] }");
    let mut seen = with_docs(&["emil"]);
    seen.evaluation.outside.pop();
    assert_snapshot!(told(&by_docs, &seen), @r#"
    docs: Met, 1 of 1 from emil
    web: Pending, 0 of 1 from bo
      without emil: not one of bo
    other: Skipped, 0 of 1 from dee
      note: `approval` does not use it
    default: Met, 1 of 1 from whoever has write permission
    met: true, unknown: false, uncovered: []
    "#);
    seen.directory.permissions.insert(actor("emil").id, Known::Yes(Permission::Read));
    assert_snapshot!(told(&by_docs, &seen), @r#"
    docs: Met, 1 of 1 from emil
    web: Pending, 0 of 1 from bo
      without emil: not one of bo
    other: Skipped, 0 of 1 from dee
      note: `approval` does not use it
    default: Pending, 0 of 1 from whoever has write permission
      without emil: without write permission
      note: no rule claims all of the change
    met: false, unknown: false, uncovered: ["Deployment shop/web in production"]
    "#);
    // `docs` is met inside a branch that is not: its claim does not cover either.
    let inside = any("{ any = [{ all = [\"docs\", \"other\"] }, \"web\"] }");
    let mut seen = with_docs(&["emil", "bo"]);
    for person in ["emil", "bo"] {
        seen.directory.permissions.insert(actor(person).id, Known::Yes(Permission::Read));
    }
    let agreement = agree(&inside, &seen);
    assert!(!agreement.met);
    assert_eq!(agreement.uncovered, ["docs/a.md", ".gitlab-ci.yml"]);
}

#[test]
fn a_rule_that_the_tree_leaves_out_asks_nobody_and_covers_nothing() {
    let text = format!("approval = [\"web\"]\n{DOCS}{WEB}");
    assert_snapshot!(told(&policy(&text), &with_docs(&["bo", "cy"])), @r#"
    docs: Skipped, 0 of 1 from emil
      note: `approval` does not use it
    web: Met, 1 of 1 from bo
      without cy: author of the change
    default: Met, 1 of 1 from whoever has write permission
      without cy: author of the change
    met: true, unknown: false, uncovered: []
    "#);
}

#[test]
fn a_change_of_nothing_still_needs_somebody() {
    let mut seen = approved_by(&[]);
    seen.evaluation.environments = vec![environment("production", vec![])];
    assert_snapshot!(told(&policy(WEB), &seen), @r#"
    web: Skipped, 0 of 1 from bo
      note: it does not apply
    default: Pending, 0 of 1 from whoever has write permission
      note: nothing changes
    met: false, unknown: false, uncovered: []
    "#);
    seen.facts.push(approved("emil", 9, 60));
    assert!(agree(&policy(WEB), &seen).met);
}

#[test]
fn where_head_and_base_do_not_merge_no_rule_is_skipped() {
    let mut seen = with_docs(&["bo", "dee", "emil"]);
    seen.evaluation = Evaluation::default();
    seen.merge = MergeOutcome::Conflict { paths: vec!["a".into()] };
    assert_snapshot!(told(&policy(&format!("{DOCS}{WEB}")), &seen), @r#"
    docs: Unknown, 0 of 1 from emil
      note: whether it applies could not be told: head and base do not merge
    web: Unknown, 0 of 1 from bo
      note: whether it applies could not be told: head and base do not merge
    met: false, unknown: true, uncovered: []
    "#);
}

#[test]
fn the_first_policy_needs_an_administrator_other_than_its_author() {
    let seen = |people: &[&str]| {
        let mut seen = with_docs(people);
        seen.proposed_policy = seen.policy.take();
        // Nobody told who pushed: one administrator is still enough.
        seen.contributors.pusher = None;
        seen
    };
    assert_snapshot!(told(&Policy::builtin(), &seen(&["bo", "emil", "cy"])), @r#"
    first policy: Pending, 0 of 1 from whoever has admin permission
      without bo: without admin permission
      without emil: without admin permission
      without cy: author of the change
    met: false, unknown: false, uncovered: []
    "#);
    assert_snapshot!(told(&Policy::builtin(), &seen(&["dee"])), @r#"
    first policy: Met, 1 of 1 from whoever has admin permission
    met: true, unknown: false, uncovered: []
    "#);
    let mut own = seen(&["dee"]);
    own.change.author = actor("dee");
    assert!(!agree(&Policy::builtin(), &own).met);
}

/// The one way in which one more rule lets something in: it claims what was left to the built-in rule, and is weaker.
/// What it does not claim is left to that as before.
#[test]
fn a_weaker_rule_takes_what_it_claims_from_the_default() {
    let docs = |inside: &str| {
        format!("[[rule]]\nname = \"docs\"\nwhen = {{ paths.any = [\"docs/**\"] }}\n{inside}\n")
    };
    let mut seen = snapshot();
    seen.evaluation.environments[0] = environment("production", vec![]);
    seen.evaluation.outside = vec![outside("docs/a.md")];
    seen.facts.push(approved("cy", 9, 60));
    let state = |rules: &str, seen: &Snapshot| {
        let agreement = agree(&policy(rules), seen);
        let states = agreement.requirements.iter().map(|each| format!("{} {:?}", each.rule, each.state));
        (agreement.met, states.collect::<Vec<_>>().join(", "))
    };
    assert_eq!(state("", &seen), (false, "default Pending".to_owned()));
    for weaker in [
        "require = { count = 0 }",
        "require = { count = 1 }\noptions = { allow_author = true }",
        "require = { count = 1, from = { users = [\"cy\"] } }\noptions = { allow_author = true }",
    ] {
        assert_eq!(state(&docs(weaker), &seen), (true, "docs Met".to_owned()), "{weaker}");
    }
    seen.evaluation.outside.push(outside("other"));
    let (met, states) = state(&docs("require = { count = 0 }"), &seen);
    assert_eq!((met, states.as_str()), (false, "docs Met, default Pending"));
    // One that asks for as much as the built-in rule lets nothing in that it kept out.
    assert!(!state(&docs("require = { count = 1 }"), &seen).0);
}
