//! Shipped packs as people use them: `policy list --packs`, and `review` of a policy that uses one.

use countersign_core::policy::packs;

use super::{Desk, git};

const POLICY: &str = r#"version = 1

[environment.production]
source = { yaml = "production" }

[[check]]
name = "pod security"
use = "pod-security/baseline"
except = ["host-ports"]
"#;

fn pod(container: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: web, namespace: shop}}\nspec:\n  containers:\n{container}"
    )
}

const OLD: &str = "  - {name: old, image: a, securityContext: {privileged: true}}\n";
const NEW: &str = "  - {name: new, image: a, securityContext: {privileged: true}, ports: [{containerPort: 1, hostPort: 1}]}\n";

#[test]
fn every_rule_is_listed() {
    let desk = Desk::new(&[]);
    let listed = desk.run(".", &["policy", "list", "--packs"]);
    assert_eq!((listed.code, listed.err.as_str()), (0, ""));
    for rule in packs::rules().unwrap() {
        assert!(listed.out.contains(&format!("  {} ", rule.name())), "{} is not in {}", rule.id, listed.out);
        assert!(listed.out.contains(&rule.title), "{}", rule.id);
    }
    assert!(listed.out.contains("pod-security/restricted\n  and everything of pod-security/baseline\n"));
}

#[test]
fn only_the_container_that_a_change_brings_blocks() {
    let desk = Desk::new(&[(".countersign.toml", POLICY), ("production/web.yaml", &pod(OLD))]);
    git(&desk.path("env"), &["checkout", "-q", "-b", "topic"]);
    desk.commit("topic", &[("production/web.yaml", &pod(&format!("{OLD}{NEW}")))]);
    let report = desk.report("env", &[]);
    let told: Vec<(&str, bool)> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| (finding["message"].as_str().unwrap(), finding["existing"] == true))
        .collect();
    assert_eq!(told, [("container `new` runs privileged", false), ("container `old` runs privileged", true)]);
    let first = &report["findings"][0];
    assert_eq!(
        (&first["check"], &first["rule"]),
        (&"pod security".into(), &"pod-security/baseline/privileged".into())
    );
    assert!(first["fix"].as_str().unwrap().contains("securityContext.privileged"));
    assert_eq!((&first["file"], &first["line"]), (&"production/web.yaml".into(), &7.into()));
    assert_eq!(report["verdict"]["outcome"], "block");
}
