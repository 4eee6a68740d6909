//! What comes of the cases of a policy.

use super::fixture::POLICY;
use super::standing::{file, under};
use crate::decide::rehearse;
use crate::library::{Library, LibraryFile};

/// What is not as expected in the one case of a policy.
fn differs(policy: &str, case: &str) -> String {
    let text = format!("{policy}\n[[policy_test]]\nname = \"case\"\n{case}\n");
    let parsed = crate::config::parse(&text, "p").unwrap_or_else(|errors| panic!("{errors:#?}"));
    rehearse(&parsed, &file(&text), &Library::default())[0].differs.join("\n")
}

const RULES: &str = r#"version = 1
[environment.production]
source = { yaml = "production" }
[[check]]
name = "few"
cel = "object.spec.replicas < 4"
[[rule]]
name = "sre"
when = { effect.any = { environment = ["production"] } }
require = { count = 1, from = { teams = ["acme/sre"] } }
[[rule]]
name = "docs"
when = { paths.any = ["docs/**"] }
require = { count = 1, from = { users = ["cy"] } }
"#;

#[test]
fn cases_come_out_as_the_bot_would_decide() {
    let check = |given: &str, expect: &str, wanted: &str| {
        let effects =
            "effects = [{ environment = \"production\", kind = \"apps/Deployment\", name = \"web\" }]";
        let case = format!("given = {{ {} }}\nexpect = {{ {expect} }}", given.replace("EFFECT", effects));
        assert_eq!(differs(RULES, &case), wanted, "{given}");
    };
    let sre = "teams = { \"acme/sre\" = [\"bo\", \"ana\"] }";
    check(
        "EFFECT",
        "verdict = 'hold', rules = { sre = 'pending', docs = 'skipped' }, waiting_for = ['acme/sre']",
        "",
    );
    check(
        &format!("EFFECT, {sre}, approvals = ['bo']"),
        "verdict = 'allow', rules = { sre = 'met' }, waiting_for = []",
        "",
    );
    check(&format!("EFFECT, {sre}, author = 'ana', approvals = ['ana']"), "rules = { sre = 'pending' }", "");
    check(&format!("EFFECT, {sre}, pusher = 'bo', approvals = ['bo']"), "rules = { sre = 'pending' }", "");
    check(
        &format!("EFFECT, {sre}, committers = ['bo'], approvals = ['bo']"),
        "rules = { sre = 'pending' }",
        "",
    );
    check(
        &format!("EFFECT, {sre}, approvals = ['bo'], requested_changes = ['cy']"),
        "verdict = 'hold', rules = { sre = 'met' }",
        "",
    );
    check(
        "EFFECT, teams = { \"acme/sre\" = 'unknown' }, approvals = ['bo']",
        "verdict = 'undecided', rules = { sre = 'unknown' }",
        "",
    );
    check(
        "paths = ['docs/a.md'], approvals = ['cy']",
        "verdict = 'allow', rules = { docs = 'met', sre = 'skipped' }",
        "",
    );
    check(
        "paths = ['x'], approvals = ['cy'], permissions = { cy = 'read' }",
        "rules = { default = 'pending' }, waiting_for = ['write']",
        "",
    );
    check(
        "EFFECT",
        "verdict = 'allow'",
        "the verdict is hold, not allow (`sre` has 0 of 1 approvals, 1 more needed from acme/sre)",
    );
    check(
        "EFFECT",
        "rules = { sre = 'met' }, waiting_for = ['cy']",
        "rule `sre` is pending, not met\nit waits for acme/sre, not for cy",
    );
}

#[test]
fn checks_look_at_cases_that_give_manifests() {
    let case = |replicas: u32, verdict: &str| {
        format!(
            "given = {{ approvals = ['bo'], teams = {{ \"acme/sre\" = ['bo'] }}, effects = [{{ environment = 'production', \
             kind = 'apps/Deployment', operation = 'create', after = {{ spec = {{ replicas = {replicas} }} }} }}] }}\n\
             expect = {{ verdict = '{verdict}' }}"
        )
    };
    assert_eq!(differs(RULES, &case(3, "allow")), "");
    assert_eq!(differs(RULES, &case(4, "block")), "");
}

#[test]
fn a_case_says_what_checks_find() {
    let case = |replicas: u32, findings: &str| {
        let effect = format!(
            "{{ environment = 'production', kind = 'apps/Deployment', after = {{ spec = {{ replicas = {replicas} }} }} }}"
        );
        format!("given = {{ effects = [{effect}] }}\nexpect = {{ findings = {findings} }}")
    };
    assert_eq!(differs(RULES, &case(4, "['few']")), "");
    assert_eq!(differs(RULES, &case(3, "[]")), "");
    assert_eq!(differs(RULES, &case(3, "['few']")), "`few` finds nothing");
    assert_eq!(differs(RULES, &case(4, "[]")), "`few` finds something");
    let waived =
        "\n[[waiver]]\ncheck = \"few\"\nobject = \"**\"\nreason = \"r\"\nuntil = 2030-01-01\nby = \"b\"\n";
    assert_eq!(differs(&format!("{RULES}{waived}"), &case(4, "[]")), "");
    let pack = "version = 1\n[environment.production]\nsource = { yaml = \"production\" }\n[[check]]\nname = \"pods\"\nuse = \"good-practice/replicas\"\n";
    assert_eq!(differs(pack, &case(1, "['pods/good-practice/replicas']")), "");
    assert_eq!(differs(pack, &case(1, "[]")), "`pods/good-practice/replicas` finds something");
}

#[test]
fn a_case_says_who_is_asked_for_a_review() {
    let asking = RULES.replace(
        "require = { count = 1, from = { teams = [\"acme/sre\"] } }",
        "require = { count = 1, from = { teams = [\"acme/sre\"] } }\noptions = { request_review = { mode = \"all-users\" } }",
    );
    let case = |asked: &str| {
        format!(
            "given = {{ author = 'ana', teams = {{ \"acme/sre\" = ['ana', 'bo', 'dee'] }}, effects = [{{ environment = 'production', \
             kind = 'apps/Deployment' }}] }}\nexpect = {{ asked = {asked} }}"
        )
    };
    assert_eq!(differs(&asking, &case("['bo', 'dee']")), "");
    assert_eq!(differs(&asking, &case("['bo']")), "bo, dee would be asked for a review, not bo");
    assert_eq!(differs(RULES, &case("[]")), "");
}

#[test]
fn a_recorded_snapshot_is_a_case() {
    let recorded = serde_json::to_string(&under(POLICY)).unwrap();
    let text = format!(
        "{RULES}\n[[policy_test]]\nname = \"recorded\"\ngiven = {{ snapshot = \"a.json\" }}\nexpect = {{ rules = {{ sre = \"unknown\" }} }}\n"
    );
    let parsed = crate::config::parse(&text, "p").unwrap();
    let mut library = Library::default();
    assert_eq!(rehearse(&parsed, &file(&text), &library)[0].differs, ["there is no file `a.json`"]);
    library
        .insert("a.json".to_owned(), LibraryFile { blob: "e".repeat(40).parse().unwrap(), text: recorded });
    assert_eq!(rehearse(&parsed, &file(&text), &library)[0].differs, [""; 0]);
}
