//! Which policy decides, when it is missing, wrong or changed.

use countersign_sim::{NewSeal, SealedBy};

use super::stand_in::{REPO, SignIn};
use super::story;
use super::tale::{POLICY, Tale, USUAL, WEB};

/// A policy with a mistake on its fourth line.
fn mistaken() -> String {
    USUAL.replace("source = { yaml = \"production\" }", "sauce = { yaml = \"production\" }")
}

story! {
    /// A policy in force that cannot be read: nothing lands, and people are told where the mistake is.
    under (Some(mistaken()))
    async fn a_broken_policy_on_the_target_stops_everything(tale) {
        let change = tale.scales("ana", "scale", 5).await;
        assert_eq!(tale.status(&change).await, "failure");
        let display = tale.display(&change).await.body;
        assert!(display.contains(".countersign.toml:4:1"), "{display}");
        tale.says("bo", &change, "/approve").await;
        tale.says("ana", &change, "/merge").await;
        assert_eq!(tale.state(&change).await, "open");
    }
}

story! {
    /// The change that repairs it needs an administrator, like the one that adds the first policy, and lands.
    under (Some(mistaken()))
    async fn a_broken_policy_can_be_repaired(tale) {
        let change = tale.opens("ana", "repair", &[(POLICY, Some(USUAL))]).await;
        tale.says("bo", &change, "/approve").await;
        assert_eq!(tale.status(&change).await, "pending");
        tale.says("ada", &change, "/approve").await;
        assert_eq!(tale.status(&change).await, "success", "{}", tale.display(&change).await.body);
        tale.says("ana", &change, "/merge").await;
        assert_eq!(tale.state(&change).await, "merged");
    }
}

story! {
    /// A change that would break the policy is blocked, with the place of the mistake.
    async fn a_change_that_breaks_the_policy_is_blocked(tale) {
        let change = tale.opens("ana", "mistake", &[(POLICY, Some(&mistaken()))]).await;
        assert_eq!(tale.status(&change).await, "failure");
        let display = tale.display(&change).await.body;
        assert!(display.contains(".countersign.toml:4:1"), "{display}");
        tale.says("bo", &change, "/approve").await;
        tale.says("ana", &change, "/merge").await;
        assert_eq!(tale.state(&change).await, "open");
    }
}

story! {
    /// Without a policy nothing lands.
    under (None)
    async fn without_a_policy_nothing_lands(tale) {
        let change = tale.scales("ana", "scale", 5).await;
        tale.says("bo", &change, "/approve").await;
        tale.says("ada", &change, "/approve").await;
        tale.says("ana", &change, "/merge").await;
        assert_eq!(tale.state(&change).await, "open");
        assert!(tale.reply(&change).await.contains("has no .countersign.toml"), "{}", tale.reply(&change).await);
    }
}

story! {
    /// The change that adds the first policy needs an administrator.
    under (None)
    async fn the_first_policy_needs_an_administrator(tale) {
        let change = tale.opens("ana", "policy", &[(POLICY, Some(USUAL))]).await;
        tale.says("bo", &change, "/approve").await;
        assert_eq!(tale.status(&change).await, "pending");
        tale.says("ada", &change, "/approve").await;
        assert_eq!(tale.status(&change).await, "success", "{}", tale.display(&change).await.body);
        tale.says("ana", &change, "/merge").await;
        assert_eq!(tale.state(&change).await, "merged");
    }
}

story! {
    /// A change that loosens the policy and uses the slack at once is shown, and judged by the policy that stands.
    under (Some(USUAL.replace("count = 1", "count = 2")))
    async fn a_change_of_the_policy_is_judged_by_the_old_one(tale) {
        let web = super::super::tale::web(&tale.namespace, 5, "1.0");
        let change = tale.opens("ana", "loosen", &[(POLICY, Some(USUAL)), (WEB, Some(&web))]).await;
        let display = tale.display(&change).await.body;
        assert!(display.contains(".countersign.toml"), "{display}");
        assert!(display.contains("If the proposed policy were in force"), "{display}");
        tale.says("bo", &change, "/approve").await;
        tale.says("ana", &change, "/merge").await;
        assert_eq!((tale.state(&change).await, tale.status(&change).await), ("open".to_owned(), "pending".to_owned()));
        tale.says("cy", &change, "/approve").await;
        tale.says("ana", &change, "/merge").await;
        assert_eq!(tale.state(&change).await, "merged");
    }
}

story! {
    /// A policy that fails one of its own cases does not get in; repaired, it does.
    async fn a_policy_that_fails_its_own_case_is_blocked(tale) {
        let case = |verdict: &str| {
            format!(
                "{USUAL}\n[[policy_test]]\nname = \"nobody agreed\"\ngiven = {{ paths = [\"README.md\"] }}\n\
                 expect = {{ verdict = \"{verdict}\" }}\n"
            )
        };
        let change = tale.opens("ana", "case", &[(POLICY, Some(&case("allow")))]).await;
        assert_eq!(tale.status(&change).await, "failure");
        let display = tale.display(&change).await.body;
        assert!(display.contains("its one case fails"), "{display}");
        let change = tale.opens("ana", "sound", &[(POLICY, Some(&case("hold")))]).await;
        assert_eq!(tale.status(&change).await, "pending");
        let display = tale.display(&change).await.body;
        assert!(display.contains("its one case passes"), "{display}");
    }
}

/// What a rule asks of workflows and of forks is read from the forge.
#[tokio::test(flavor = "multi_thread")]
async fn rules_about_workflows_wait_for_them() {
    let rules = r#"
[[rule]]
name = "built"
require = { count = 0, conditions = [{ has_workflow_result = { workflows = [".github/workflows/build.yml"] } }] }
[[rule]]
name = "signed"
when = { has_valid_signatures = true }
require = { count = 9 }
"#;
    let (tale, town) = Tale::on_the_stand_in(SignIn::App, Some(format!("{USUAL}{rules}"))).await;
    let change = tale.scales("ana", "scale", 5).await;
    tale.says("bo", &change, "/approve").await;
    let display = tale.display(&change).await.body;
    assert_eq!(tale.status(&change).await, "pending", "{display}");
    assert!(display.contains("built"), "{display}");
    for (conclusion, status) in
        [(None, "pending"), (Some("failure"), "pending"), (Some("success"), "success")]
    {
        let file = ".github/workflows/build.yml";
        town.sim.run_workflow(REPO, "scale", file, "pull_request", conclusion, "ana").unwrap();
        tale.says("cy", &change, "it ran").await;
        let display = tale.display(&change).await.body;
        assert_eq!(tale.status(&change).await, status, "{conclusion:?}: {display}");
    }
    tale.says("ana", &change, "/merge").await;
    assert_eq!(tale.state(&change).await, "merged");
    town.assert_clean();
}

/// Whose signature a commit carries, and by which key, decides a rule. One of another, or none, is waited for; where nobody
/// can tell whose it is or whether it holds, the rule cannot be judged.
#[tokio::test(flavor = "multi_thread")]
async fn rules_about_signers_wait_for_the_right_signature() {
    let key = "3262EFF25BA0D270";
    let rules = format!(
        r#"
[[rule]]
name = "signed"
require = {{ count = 0, conditions = [{{ has_valid_signatures_by = {{ teams = ["acme/sre"] }} }}] }}
[[rule]]
name = "by the key"
require = {{ count = 0, conditions = [{{ has_valid_signatures_by_keys = ["{key}"] }}] }}
"#
    );
    let (tale, town) = Tale::on_the_stand_in(SignIn::App, Some(format!("{USUAL}{rules}"))).await;
    town.sim.add_team("acme", "sre", &["ana", "cy"]).unwrap();
    let change = tale.scales("ana", "scale", 5).await;
    tale.says("bo", &change, "/approve").await;
    assert_eq!(tale.status(&change).await, "pending", "not signed: {}", tale.display(&change).await.body);
    let own = || SealedBy::OpenPgp(key.to_owned());
    for (by, signer, state, status) in [
        (own(), Some("ana"), "EXPIRED_KEY", "pending"),
        (own(), Some("ana"), "OCSP_PENDING", "failure"),
        (own(), None, "VALID", "failure"),
        (own(), Some("dee"), "VALID", "pending"),
        (SealedBy::Ssh("47DEQpj8HBSa".to_owned()), Some("ana"), "VALID", "pending"),
        (SealedBy::Forge, Some("ana"), "VALID", "failure"),
        (own(), Some("ana"), "VALID", "success"),
    ] {
        let shown = format!("{by:?} {signer:?} {state}");
        town.sim.seal(REPO, &change.head, NewSeal { by, signer, state }).await.unwrap();
        tale.says("cy", &change, "signed now").await;
        let display = tale.display(&change).await.body;
        assert_eq!(tale.status(&change).await, status, "{shown}: {display}");
    }
    tale.says("ana", &change, "/merge").await;
    assert_eq!(tale.state(&change).await, "merged");
    town.assert_clean();
}
