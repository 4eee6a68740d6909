//! No secret leaves by any door: not in effects, not in the text, not in what is hashed.

use base64::Engine as _;
use proptest::prelude::*;
use serde_json::json;

use super::{effects, production};
use crate::diff::unified;
use crate::effect::digest;
use crate::evaluation::{EnvironmentEvaluation, Evaluation};
use crate::report::{self, Colour, ReportInput, Style};
use crate::revision::Digest;
use crate::verdict::Verdict;

/// Every text that can leave of a change.
fn everything(base: &str, head: &str) -> String {
    let effects = effects(base, head);
    let texts: String = effects.iter().map(|e| unified(e.before.as_ref(), e.after.as_ref())).collect();
    let unit = super::digests::unit("shop", effects.clone());
    let environment = EnvironmentEvaluation {
        environment: production(),
        cluster_identity: None,
        tier: crate::effect::Tier::Render,
        units: vec![unit],
        drift: Vec::new(),
        errors: Vec::new(),
        inventory: None,
    };
    let evaluation = Evaluation { environments: vec![environment], outside: Vec::new(), discovered: false };
    let (repo, target) = super::digests::place();
    let hashed = String::from_utf8(digest::change(&repo, &target, &evaluation)).unwrap();
    let reported = reported(&evaluation);
    format!("{effects:?}\n{}\n{texts}\n{hashed}\n{reported}", serde_json::to_string(&evaluation).unwrap())
}

/// Every form that a report has.
fn reported(evaluation: &Evaluation) -> String {
    let report = report::build(&ReportInput {
        base: &"1".repeat(40).parse().unwrap(),
        head: &"2".repeat(40).parse().unwrap(),
        tree: None,
        digest: &Digest::of(b"x"),
        evaluation,
        verdict: &Verdict::Allow,
        findings: &[],
        requirements: &[],
    });
    let style = Style { width: 100, colour: Colour::Plain };
    let terminal = report::terminal(&report, style);
    format!("{}\n{}\n{terminal}", serde_json::to_string(&report).unwrap(), report::markdown(&report, None))
}

/// Manifests that hold one value where a value is secret.
fn holders(value: &str) -> Vec<String> {
    let coded = base64::engine::general_purpose::STANDARD.encode(value);
    let object = |kind: &str, rest: serde_json::Value| {
        let mut body = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "a"}});
        body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        body.to_string()
    };
    let env = |entry: serde_json::Value| json!({"spec": {"containers": [{"name": "c", "env": [entry]}]}});
    vec![
        object("Secret", json!({"stringData": {"k": value}})),
        object("Secret", json!({"data": {"k": coded}})),
        object("secret", json!({"data": {"k": value}})),
        object("ConfigMap", json!({"data": {"db-password": value}})),
        object("ConfigMap", json!({"data": {"url": format!("https://user:{value}@example.org")}})),
        object("ConfigMap", json!({"data": {"app.ini": format!("[db]\npassword = {value}\n")}})),
        object("ConfigMap", json!({"data": {"$sealed": value}})),
        object("Pod", env(json!({"name": "API_TOKEN", "value": value}))),
        object("Pod", json!({"spec": {"containers": [{"name": "c", "args": ["--password", value]}]}})),
        object(
            "Pod",
            json!({"spec": {"containers": [{"name": "c", "args": [format!("--password={value}")]}]}}),
        ),
        object(
            "Thing",
            json!({"metadata": {"name": "a", "annotations": {
            "kubectl.kubernetes.io/last-applied-configuration": format!("{{\"data\":\"{value}\"}}")}}}),
        ),
        object("HelmRelease", json!({"spec": {"values": {"auth": {"password": value}}}})),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn no_secret_appears_anywhere(one in "[A-Za-z0-9]{12,30}", two in "[A-Za-z0-9]{12,30}") {
        let coded = |value: &str| base64::engine::general_purpose::STANDARD.encode(value).trim_end_matches('=').to_owned();
        for (base, head) in holders(&one).into_iter().zip(holders(&two)) {
            for (base, head) in [(base.as_str(), head.as_str()), ("", head.as_str()), (base.as_str(), "")] {
                let all = everything(base, head);
                for secret in [&one, &two, &coded(&one), &coded(&two)] {
                    prop_assert!(!all.contains(secret.as_str()), "{} in {}", secret, head);
                }
            }
        }
    }

    // 54. Two different secret values always show as changed and equal ones never do.
    #[test]
    fn a_changed_secret_always_shows(one in "[A-Za-z0-9]{4,30}", two in "[A-Za-z0-9]{4,30}") {
        for (base, head) in holders(&one).into_iter().zip(holders(&two)) {
            let effects = effects(&base, &head);
            let hidden = base.contains("last-applied");
            prop_assert_eq!(effects.is_empty(), one == two || hidden, "{}", head);
            if let Some(effect) = effects.first() {
                prop_assert!(effect.changes.iter().all(|change| change.masked), "{:?}", effect.changes);
                prop_assert!(unified(effect.before.as_ref(), effect.after.as_ref()).contains("+"));
            }
        }
    }
}
