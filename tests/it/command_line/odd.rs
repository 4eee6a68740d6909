//! What lies in a tree and is no plain file: named where a render needs it, followed never.

use super::{Desk, done, web};
use crate::parts::tools;
use crate::source::git;

/// What a report says of units that do not render: file and sentence.
fn errors(report: &serde_json::Value) -> Vec<String> {
    let environments = report["environments"].as_array().unwrap();
    let units = environments.iter().flat_map(|environment| environment["units"].as_array().unwrap());
    let error = |unit: &serde_json::Value| {
        let error = unit["error"].as_object()?;
        Some(format!("{}: {}", error["file"].as_str().unwrap_or("-"), error["message"].as_str().unwrap()))
    };
    units.filter_map(error).collect()
}

const POLICY: &str = "version = 1
[environment.pointer]
source = { yaml = \"pointer\" }
[environment.outside]
source = { yaml = \"outside\" }
[environment.inside]
source = { yaml = \"inside\" }
[environment.module]
source = { kustomize = \"module\" }
[environment.through]
source = { kustomize = \"through\" }
";

#[test]
fn submodules_pointers_and_symlinks_are_named_and_never_followed() {
    let Some(kustomize) = tools::kustomize() else { return };
    let desk = Desk::new(&[
        (".countersign.toml", POLICY),
        ("inside/web.yaml", &web(2)),
        ("shared/web.yaml", &web(2)),
    ]);
    let env = desk.path("env");
    git(&env, &["checkout", "-q", "-b", "topic"]);
    let secret = desk.path("secret.yaml");
    std::fs::write(&secret, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: stolen}\n").unwrap();
    desk.write(&[
        ("pointer/big.yaml", "version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 9\n"),
        ("module/kustomization.yaml", "resources: [../vendor/module]\n"),
        ("through/kustomization.yaml", "resources: [gate/secret.yaml]\n"),
    ]);
    for folder in ["outside", "vendor"] {
        std::fs::create_dir(env.join(folder)).unwrap();
    }
    std::os::unix::fs::symlink(&secret, env.join("outside/link.yaml")).unwrap();
    std::os::unix::fs::symlink("../../", env.join("through/gate")).unwrap();
    std::fs::remove_file(env.join("inside/web.yaml")).unwrap();
    std::os::unix::fs::symlink("../shared/web.yaml", env.join("inside/web.yaml")).unwrap();
    let commit = git(&env, &["rev-parse", "main"]);
    git(&env, &["add", "-A"]);
    git(&env, &["update-index", "--add", "--cacheinfo", &format!("160000,{commit},vendor/module")]);
    git(&env, &["commit", "-q", "-m", "odd"]);

    let tools = format!("{}:{}", kustomize.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut command = desk.command("env", &["review", "--base", "main", "--format", "json"]);
    let ran = done(command.env("PATH", tools).output().unwrap());
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(!ran.out.contains("stolen"), "{}", ran.out);
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    insta::assert_snapshot!(errors(&report).join("\n"), @r"
    pointer/big.yaml: `pointer/big.yaml` is a Git LFS pointer: its content is not in the repository
    outside/link.yaml: `outside/link.yaml` is a symlink that leads out of the repository or in circles
    vendor/module: `vendor/module` is a submodule, whose content is not in the repository
    through/kustomization.yaml: `gate/secret.yaml` is a symlink that leads out of the repository
    ");
    let outside: Vec<&str> =
        report["outside"].as_array().unwrap().iter().map(|path| path["path"].as_str().unwrap()).collect();
    assert_eq!(outside, Vec::<&str>::new());
}

#[test]
fn policy_check_finds_checks_that_do_not_load() {
    let policy = "version = 1\n\n[environment.production]\nsource = { yaml = \"production\" }\n\n[[check]]\nname = \"cluster\"\nadmission = \"policies\"\n";
    let admission = |expression: &str| {
        format!(
            "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {{name: it}}\nspec:\n  matchConstraints: {{resourceRules: [{{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*']}}]}}\n  validations: [{{expression: '{expression}'}}]\n---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\nmetadata: {{name: it}}\nspec: {{policyName: it, validationActions: [Deny]}}\n"
        )
    };
    let desk = Desk::new(&[
        (".countersign.toml", policy),
        ("production/web.yaml", ""),
        ("policies/it.yaml", &admission("object.spec.words.fist() == 1")),
    ]);
    let done = desk.run("env", &["policy", "check"]);
    assert_eq!(done.code, 64, "{}", done.out);
    let said = "error: check `cluster` cannot be used: policies/it.yaml:1: ValidatingAdmissionPolicy `it`: validations[0].expression: at `fist`: there is no function `fist` with these arguments\n --> .countersign.toml:";
    assert!(done.out.starts_with(said), "{}", done.out);
    desk.write(&[("policies/it.yaml", &admission("object.spec.words.size() == 1"))]);
    let done = desk.run("env", &["policy", "check"]);
    assert_eq!(done.code, 0, "{}", done.out);
}
