//! A cluster that several environments share: what one of them brings, the objects of another may depend on.

use std::process::Command;

use super::*;
use crate::source::git;

#[tokio::test(flavor = "multi_thread")]
async fn what_one_environment_brings_counts_for_the_others_of_its_cluster() {
    let Some(world) = World::new().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let env = folder.path().join("env");
    for part in ["infra", "apps"] {
        std::fs::create_dir_all(env.join(part)).unwrap();
        std::fs::write(env.join(part).join("none.yaml"), "# Nothing yet.\n").unwrap();
    }
    let environment = |name: &str| {
        format!(
            "[environment.{name}]\nsource = {{ yaml = \"{name}\" }}\ncluster = \"prod\"\napply = \"server-side\"\n"
        )
    };
    let policy = format!("version = 1\n{}{}", environment("apps"), environment("infra"));
    std::fs::write(env.join(".countersign.toml"), policy).unwrap();
    git(&env, &["init", "-q", "-b", "main"]);
    git(&env, &["add", "-A"]);
    git(&env, &["commit", "-q", "-m", "main"]);
    let quota =
        world.object("v1", "ResourceQuota", "few", json!({ "spec": { "hard": { "configmaps": "1" } } }));
    std::fs::write(env.join("apps/map.yaml"), world.config_map(json!({ "a": "1" })).to_string()).unwrap();
    let reason = |branch: &str| {
        git(&env, &["checkout", "-q", "-b", branch]);
        git(&env, &["add", "-A"]);
        git(&env, &["commit", "-q", "-m", branch]);
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.args([
            "review",
            "--base",
            "main",
            "--head",
            branch,
            "--format",
            "json",
            "--fail-on",
            "never",
        ]);
        command.args(["--no-cache", "--cluster", "prod=test", "--kubeconfig"]).arg(world.server.kubeconfig());
        command.current_dir(&env).env("HOME", folder.path());
        let output = command.output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let environments = report["environments"].as_array().unwrap();
        let effects = environments.iter().flat_map(|one| one["units"].as_array().unwrap());
        let mut effects = effects.flat_map(|unit| unit["effects"].as_array().unwrap());
        let map = effects.find(|effect| effect["object"]["kind"] == "ConfigMap").unwrap();
        (map["tier"].clone(), map["reason"].to_string())
    };
    assert_eq!(reason("alone").0, "dry-run");
    std::fs::write(env.join("infra/quota.yaml"), quota.to_string()).unwrap();
    let (tier, why) = reason("together");
    assert_eq!(tier, "render");
    assert!(why.contains("the same change touches the limits of its namespace"), "{why}");
}
