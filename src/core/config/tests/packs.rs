//! `use` in a check: what is read, and what is wrong with it.
use serde_json::json;

use super::super::*;

fn read(check: &str) -> Result<Policy, Vec<PolicyError>> {
    parse(&format!("version = 1\n[[check]]\nname = \"x\"\n{check}\n"), POLICY_PATH)
}

/// What is wrong with a check, a line each: where, what, and what to do.
#[track_caller]
fn check(check: &str, wanted: &[&str]) {
    let errors = read(check).expect_err(check);
    let line = |error: &PolicyError| {
        let hint = error.hint.as_deref().unwrap_or_default();
        format!("{}:{} {}: {hint}", error.line, error.column, error.message)
    };
    assert_eq!(errors.iter().map(line).collect::<Vec<_>>(), wanted, "{check}");
}

#[test]
fn a_check_uses_packs() {
    let text = "use = [\"pod-security/restricted\", \"images/registries\"]\nexcept = [\"host-ports\", \"pod-security/baseline/sysctls\"]\nparameters = { kubernetes = \"v1.33.2\", registries = [\"registry.example.org\"] }";
    let wanted = PackCheck {
        uses: vec!["pod-security/restricted".into(), "images/registries".into()],
        except: vec!["host-ports".into(), "pod-security/baseline/sysctls".into()],
        parameters: json!({ "kubernetes": "v1.33.2", "registries": ["registry.example.org"] })
            .as_object()
            .unwrap()
            .clone(),
    };
    assert_eq!(read(text).unwrap().checks[0].judge, Judge::Pack(wanted));
    assert!(read("use = \"gitops\"").is_ok(), "a family of packs");
}

#[test]
fn what_a_pack_does_not_have_is_an_error_at_its_place() {
    check(
        "use = [\"images\", \"good-practise\"]",
        &["4:18 there is no pack or rule `good-practise`: did you mean `good-practice`?"],
    );
    check(
        "use = \"images/latst\"",
        &["4:7 there is no pack or rule `images/latst`: did you mean `images/latest`?"],
    );
    check(
        "use = \"images\"\nexcept = \"digests\"",
        &["5:10 this check uses no rule `digests`: did you mean `digest`?"],
    );
    check(
        "use = \"images/latest\"\nexcept = \"latest\"",
        &["4:7 this check leaves out every rule that it uses: keep one"],
    );
    check(
        "use = \"images\"\nparameters = { registry = [\"x\"] }",
        &["5:16 no rule of this check has a parameter `registry`: did you mean `registries`?"],
    );
    check(
        "use = \"images/registries\"\nparameters = { registries = \"x\" }",
        &[
            "5:29 `registries` has to be a list of texts: Registries, or beginnings of names, that images may come from; none means any.",
        ],
    );
    check(
        "use = \"pod-security/baseline\"\nparameters = { kubernetes = \"2.0\" }",
        &[
            "5:29 `kubernetes` has to be a version like \"1.33\": The version of Kubernetes that the cluster runs.",
        ],
    );
    check(
        "use = \"images\"\nmessage = \"no\"\ndata = \"x\"",
        &[
            "5:1 `message` goes with `cel` only: leave it out",
            "6:1 `data` goes with `rego` only: leave it out",
        ],
    );
    check("cel = \"true\"\nexcept = \"x\"", &["5:1 `except` goes with `use` only: leave it out"]);
    check(
        "use = \"images\"\nrego = \"p\"",
        &["5:1 a check is either `use` or `rego`: make two checks of it"],
    );
}
