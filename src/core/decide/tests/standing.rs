//! Waivers, the server's floor, and a change to the policy itself.
use insta::assert_snapshot;
use proptest::prelude::*;

use super::fixture::*;
use crate::actor::Known;
use crate::decide::decide;
use crate::library::{Library, LibraryFile};
use crate::plan::{Action, Plan};
use crate::report::Report;
use crate::revision::Digest;
use crate::snapshot::{FloorFile, PolicyFile, Snapshot};

const CHECKED: &str = r#"version = 1
[environment.production]
source = { yaml = "production" }
[[check]]
name = "few"
cel = "object.spec.replicas < 4"
message = "too many"
"#;

const WAIVER: &str = r#"[[waiver]]
check = "few"
object = "apps/Deployment/shop/web"
reason = "a sale"
until = 1970-01-01
by = "dee"
"#;

pub(super) fn file(text: &str) -> PolicyFile {
    PolicyFile { blob: "d".repeat(40).parse().unwrap(), text: text.to_owned() }
}

/// Replicas go from 3 to 5, shown and approved by bo.
pub(super) fn under(policy: &str) -> Snapshot {
    let mut snapshot = snapshot();
    snapshot.policy = Some(file(policy));
    shown(&mut snapshot, 100);
    approved(&mut snapshot, 1, bo(), 200);
    snapshot
}

fn codes(plan: &Plan) -> Vec<&str> {
    plan.verdict.reasons().iter().map(|reason| reason.code.as_str()).collect()
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

fn comment(plan: &Plan) -> &str {
    let body = plan.actions.iter().find_map(|action| {
        if let Action::Display { body, .. } = action { Some(body.as_str()) } else { None }
    });
    body.unwrap()
}

/// One section of the comment.
fn section<'p>(plan: &'p Plan, title: &str) -> &'p str {
    let body = comment(plan);
    let start = body.find(&format!("**{title}")).unwrap_or_else(|| panic!("no {title} in {body}"));
    body[start..].split("\n\n**").next().unwrap().split("\n\nYou can").next().unwrap()
}

const DAY: i64 = 86_400;

#[test]
fn a_waiver_holds_to_the_end_of_its_last_day() {
    let mut snapshot = under(&format!("{CHECKED}{WAIVER}"));
    is(&snapshot, "allow", &[]);
    snapshot.now = time(DAY - 1);
    is(&snapshot, "allow", &[]);
    snapshot.now = time(DAY);
    is(&snapshot, "block", &["policy"]);
}

#[test]
fn a_waived_finding_is_told_with_who_why_and_until_when() {
    let plan = check(&under(&format!("{CHECKED}{WAIVER}")), "allow", &[]);
    assert_snapshot!(section(&plan, "Policy"), @"**Policy** · `few` in production, Deployment `shop/web`: too many · waived by dee until 1970-01-01: a sale");
    assert_snapshot!(section(&plan, "Waivers"), @"**Waivers** · the waiver of `few` for `apps/Deployment/shop/web` ends with 1970-01-01, and 1 finding of this change would block then (by dee: a sale)");
}

#[test]
fn a_waiver_that_is_over_is_told_and_waives_nothing() {
    let mut snapshot = under(&format!("{CHECKED}{WAIVER}"));
    snapshot.now = time(3 * DAY);
    let plan = check(&snapshot, "block", &["policy"]);
    assert_snapshot!(section(&plan, "Waivers"), @"**Waivers** · the waiver of `few` for `apps/Deployment/shop/web` ended with 1970-01-01 and no longer covers 1 finding of this change (by dee: a sale)");
}

#[test]
fn a_waiver_that_holds_for_long_is_not_news() {
    let plan =
        check(&under(&format!("{CHECKED}{}", WAIVER.replace("1970-01-01", "1970-01-16"))), "allow", &[]);
    assert!(!comment(&plan).contains("**Waivers**"), "{}", comment(&plan));
}

#[test]
fn a_waiver_covers_its_objects_its_environments_and_its_rule_alone() {
    let check = |from: &str, to: &str, covers: bool| {
        let policy = format!("{CHECKED}{}", WAIVER.replace(from, to));
        let outcome = decide(&under(&policy)).verdict.word();
        assert_eq!(outcome, if covers { "allow" } else { "block" }, "{to}");
    };
    check("shop/web", "shop/*", true);
    check("apps/Deployment/shop/web", "**", true);
    check("by =", "environment = \"prod*\"\nby =", true);
    check("shop/web", "shop/other", false);
    check("apps/Deployment", "apps/StatefulSet", false);
    check("by =", "environment = \"stag*\"\nby =", false);
    check("check = \"few\"", "check = \"few/deny\"", false);
    check("check = \"few\"", "check = \"fewer\"", false);
}

#[test]
fn a_check_that_could_not_judge_is_never_waived() {
    let policy = format!("{CHECKED}{WAIVER}").replace("object.spec.replicas < 4", "object.spec.none < 4");
    is(&under(&policy), "undecided", &["check-errored"]);
}

/// The same change, which also edits the policy.
fn proposing(policy: &str, proposed: &str) -> Snapshot {
    let mut snapshot = under(policy);
    snapshot.proposed_policy = Some(file(proposed));
    snapshot.proposed_library = Some(Known::Yes(Library::default()));
    snapshot
}

#[test]
fn a_waiver_does_not_let_in_the_change_that_brings_it() {
    let plan = check(&proposing(CHECKED, &format!("{CHECKED}{WAIVER}")), "block", &["policy"]);
    assert_snapshot!(section(&plan, "If the proposed policy were in force"), @r"
    **If the proposed policy were in force**

    - it could land
    - would be waived: `few` on Deployment `shop/web` in production (by dee until 1970-01-01: a sale)
    ");
    let then = plan.report.proposed_policy.unwrap();
    assert_eq!((then.verdict.outcome.as_str(), then.findings_waived.len()), ("allow", 1));
}

#[test]
fn a_stricter_policy_is_told_before_it_is_in_force() {
    let stricter = r#"version = 1
[environment.production]
source = { yaml = "elsewhere" }
[environment.staging]
source = { yaml = "staging" }
[[check]]
name = "fewer"
cel = "object.spec.replicas < 3"
[[rule]]
name = "two of us"
require = { count = 2 }
"#;
    let plan = check(&proposing(CHECKED, stricter), "block", &["policy"]);
    assert_snapshot!(section(&plan, "If the proposed policy were in force"), @r"
    **If the proposed policy were in force**

    - it would wait: 1 of 2 approvals
    - would be required: `two of us` (2 from whoever has write permission)
    - would be found: `fewer` on Deployment `shop/web` in production (base has it too)
    - would no longer be found: `few` on Deployment `shop/web` in production
    - `production` would be rendered from elsewhere; here it is as the policy in force renders it
    - `staging` is new, and nothing of it was rendered here
    ");
}

#[test]
fn a_policy_that_could_not_judge_does_not_get_in() {
    let broken = format!("{CHECKED}[[check]]\nname = \"rego\"\nrego = \"policies\"\n");
    let mut snapshot = proposing(POLICY, &broken);
    let plan = check(&snapshot, "block", &["policy-defect"]);
    assert!(plan.verdict.reasons()[0].message.contains("there is no Rego file at `policies`"));
    let text = "package main\ndeny contains \"no\" if { input.kind == \"Pod\" }\n";
    let found = LibraryFile { blob: "e".repeat(40).parse().unwrap(), text: text.to_owned() };
    let mut library = Library::default();
    library.insert("policies/a.rego".to_owned(), found);
    snapshot.proposed_library = Some(Known::Yes(library));
    is(&snapshot, "allow", &[]);
    snapshot.proposed_library = Some(Known::Unknown("it is not UTF-8 text".to_owned()));
    is(&snapshot, "block", &["policy-defect"]);
}

const CASE: &str = r#"
[[policy_test]]
name = "anybody agrees"
given = { author = "ana", approvals = ["bo"], effects = [{ environment = "production", kind = "apps/Deployment" }] }
expect = { verdict = "allow", rules = { default = "met" } }
"#;

#[test]
fn a_policy_that_fails_its_own_case_does_not_get_in() {
    is(&proposing(POLICY, &format!("{POLICY}{CASE}")), "allow", &[]);
    let plan = check(
        &proposing(POLICY, &format!("{POLICY}{}", CASE.replace("allow", "hold"))),
        "block",
        &["policy-test"],
    );
    assert_snapshot!(section(&plan, "If the proposed policy were in force"), @r"
    **If the proposed policy were in force**

    - it could land
    - its one case fails: `anybody agrees`: the verdict is allow, not hold
    ");
}

#[test]
fn a_removed_policy_is_told() {
    let mut snapshot = under(POLICY);
    let gone = crate::evaluation::ChangedPath {
        path: crate::config::POLICY_PATH.to_owned(),
        operation: crate::evaluation::PathOperation::Remove,
        entry: crate::revision::Diff { base: None, head: None },
    };
    snapshot.evaluation.outside.push(gone);
    assert!(comment(&decide(&snapshot)).contains("This change removes the policy"));
}

fn floored(mut snapshot: Snapshot, text: &str) -> Snapshot {
    snapshot.floor =
        Some(FloorFile { file: "floor.toml".to_owned(), text: text.to_owned(), library: Library::default() });
    snapshot
}

const FEW: &str =
    "version = 1\n[[check]]\nname = \"few\"\ncel = \"object.spec.replicas < 4\"\nmessage = \"too many\"\n";
const ADMIN: &str = "version = 1\n[[rule]]\nname = \"an administrator\"\nrequire = { count = 1, from = { permissions = [\"admin\"] } }\n";

#[test]
fn a_floor_stands_beside_the_policy() {
    is(&floored(under(POLICY), FEW), "block", &["policy"]);
    let plan = check(&floored(under(POLICY), ADMIN), "hold", &["approval-missing"]);
    assert_eq!(
        plan.report.floor,
        floored(under(POLICY), ADMIN).floor.map(|floor| floor.digest().to_string())
    );
    let options = format!(
        "{POLICY}[[rule]]\nname = \"self\"\nrequire = {{ count = 1 }}\noptions = {{ allow_author = true }}\n"
    );
    is(&floored(under(&options), ADMIN), "hold", &["approval-missing"]);
}

#[test]
fn what_the_floor_asks_for_is_in_no_file_of_the_repository() {
    let report = check(&floored(under(POLICY), ADMIN), "hold", &["approval-missing"]).report;
    let elsewhere = |found: &&crate::report::RequirementReport| found.elsewhere;
    assert_eq!(report.requirements.iter().filter(elsewhere).count(), 1, "{:#?}", report.requirements);
    assert!(report.requirements[0].elsewhere, "the floor comes first");
    assert_eq!(check(&under(POLICY), "allow", &[]).report.requirements.iter().filter(elsewhere).count(), 0);
}

#[test]
fn a_floor_is_waived_only_where_it_says_so() {
    let waiving = format!("{POLICY}{WAIVER}");
    is(&floored(under(&waiving), FEW), "block", &["policy-floor", "policy"]);
    is(&floored(under(&waiving), &FEW.replace("message", "waivable = true\nmessage")), "allow", &[]);
}

#[test]
fn a_policy_with_a_name_of_the_floor_blocks_until_it_is_repaired() {
    let plan = check(&floored(under(CHECKED), FEW), "block", &["policy-floor", "policy", "policy"]);
    assert!(comment(&plan).contains("is the name of a check in the server's floor"), "{}", comment(&plan));
    let few = FEW.replace("< 4", "< 9");
    let mut repair = floored(proposing(CHECKED, POLICY), &few);
    is(&repair, "block", &["policy"]);
    repair.proposed_policy = Some(file(CHECKED));
    is(&repair, "block", &["policy-floor", "policy"]);
}

#[test]
fn a_floor_that_cannot_be_read_lets_nothing_land() {
    let plan = check(&floored(under(POLICY), "version = 2\n"), "undecided", &["floor-unreadable"]);
    assert!(plan.verdict.reasons()[0].message.contains("floor.toml:1:11"));
}

#[test]
fn a_snapshot_from_before_there_were_floors_decides_as_it_did() {
    let snapshot = under(POLICY);
    let mut saved = serde_json::to_value(&snapshot).unwrap();
    assert!(saved.get("floor").is_none() && saved.get("proposed_library").is_none());
    saved.as_object_mut().unwrap().remove("library");
    let read: Snapshot = serde_json::from_value(saved).unwrap();
    assert_eq!(decide(&read), decide(&snapshot));
    let report: Report =
        serde_json::from_str(&serde_json::to_string(&decide(&snapshot).report).unwrap()).unwrap();
    assert_eq!(Digest::of(b"").to_string().len(), report.change_digest.len());
}

/// From the best to the worst.
fn badness(snapshot: &Snapshot) -> usize {
    let word = decide(snapshot).verdict.word();
    ["allow", "hold", "undecided", "block"].iter().position(|known| *known == word).unwrap()
}

const POLICIES: [&str; 6] = [
    POLICY,
    CHECKED,
    "version = 1\n[environment.production]\nsource = { yaml = \"production\" }\n[[rule]]\nname = \"cy\"\nrequire = { count = 1, from = { users = [\"cy\"] } }\n",
    "version = 1\n[environment.production]\nsource = { yaml = \"production\" }\n[[rule]]\nname = \"an administrator\"\nrequire = { count = 1 }\noptions = { allow_author = true }\n[commands]\nunhold = { users = [\"bo\", \"cy\"] }\n",
    "broken",
    "version = 1\n[[check]]\nname = \"many\"\ncel = \"object.spec.nothing > 1\"\n[[waiver]]\ncheck = \"few\"\nobject = \"**\"\nreason = \"r\"\nuntil = 2030-01-01\nby = \"b\"\n",
];

const FLOORS: [&str; 8] = [
    FEW,
    ADMIN,
    "version = 1\n",
    "version = 1\ncommands = {}\n",
    "version = 1\n[commands]\nunhold = { users = [\"cy\"] }\n[mask]\npaths = [\"spec.replicas\"]\n",
    "version = 1\n[[rule]]\nname = \"never\"\nwhen = { effect.any = { environment = [\"nowhere\"] } }\nrequire = { count = 3 }\n",
    "version = 1\n[[rule]]\nname = \"bo\"\nrequire = { count = 1, from = { users = [\"bo\"] } }\n",
    "not a floor",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_floor_never_makes_a_verdict_better(
        policy in prop::option::of(0..POLICIES.len()),
        proposed in prop::option::of(0..POLICIES.len()),
        floor in 0..FLOORS.len(),
        replicas in 0_u64..8,
        said in prop::collection::vec((0_usize..3, 0_usize..5), 0..6),
    ) {
        let mut snapshot = snapshot();
        snapshot.policy = policy.map(|at| file(POLICIES[at]));
        snapshot.proposed_policy = proposed.map(|at| file(POLICIES[at]));
        snapshot.proposed_library = proposed.map(|_| Known::Yes(Library::default()));
        snapshot.evaluation = evaluation(vec![unit(vec![replicas_effect(3, replicas)])]);
        redigest(&mut snapshot);
        shown(&mut snapshot, 100);
        for (at, (who, what)) in said.into_iter().enumerate() {
            let who = [ana(), bo(), cy()][who].clone();
            let what = ["/approve", "/hold", "/unhold", "/unapprove", "/merge"][what];
            says(&mut snapshot, 200 + at as u64, who, what, 200 + i64::try_from(at).unwrap());
        }
        let with = floored(snapshot.clone(), FLOORS[floor]);
        prop_assert!(badness(&with) >= badness(&snapshot), "{:?} {:?}", decide(&snapshot).verdict, decide(&with).verdict);
    }
}
