//! What a code scanner's view is given. That it is valid by its schema is told in the tests of the program.

use insta::{assert_json_snapshot, assert_snapshot};
use proptest::prelude::*;
use serde_json::Value;

use super::hostile::carrying;
use super::html::full;
use super::sample::*;
use crate::approval::RequirementState;
use crate::policy::Waived;
use crate::report::*;

fn run(report: &Report) -> Value {
    let log: Value = serde_json::from_str(&sarif(report)).unwrap();
    log["runs"][0].clone()
}

/// `level rule file:line what`
fn lines(report: &Report) -> String {
    let run = run(report);
    let results = run["results"].as_array().unwrap().iter().map(|result| {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        format!(
            "{} {} {} {}:{} {}\n",
            result["level"].as_str().unwrap(),
            result["baselineState"].as_str().unwrap(),
            result["ruleId"].as_str().unwrap(),
            place["artifactLocation"]["uri"].as_str().unwrap_or_default(),
            place["region"]["startLine"],
            result["message"]["text"].as_str().unwrap()
        )
    });
    results.collect()
}

#[test]
fn findings_risks_and_errors_are_results() {
    let mut report = full();
    report.environments.pop();
    assert_snapshot!(lines(&report), @r#"
    error new policy/two replicas apps/shop/canary.yaml:9 production runs at least two replicas
    warning unchanged policy/registries :null registry.example.org is about to be retired
    note new risk/image apps/shop/deployment.yaml:14 image: Deployment shop/web in production: spec.replicas 3 → 5; spec.template.spec.containers[name=web].image registry.example.org/shop:1.4.2 → registry.example.org/shop:1.5.0
    warning new risk/data-loss apps/shop/pvc.yaml:1 data loss: PersistentVolumeClaim shop/db-data in production: would be deleted (removed from apps/shop/pvc.yaml)
    warning new risk/deletion apps/shop/pvc.yaml:1 deletion: PersistentVolumeClaim shop/db-data in production: would be deleted (removed from apps/shop/pvc.yaml)
    warning new risk/privilege apps/shop/rbac.yaml:22 privilege: ClusterRole shop-reader in production: rules[0].resources gains secrets
    note new risk/image apps/shop/deployment.yaml:14 image: Deployment shop/web in staging: spec.replicas 3 → 5; spec.template.spec.containers[name=web].image registry.example.org/shop:1.4.2 → registry.example.org/shop:1.5.0
    warning new risk/secret apps/vault:null secret: Secret shop/db in staging: data.password changes (secret)
    warning new risk/replacement apps/vault:null replacement: Deployment shop/worker in staging: would be replaced: spec.selector cannot change in place
    error new evaluation/render-failed apps/broken/kustomization.yaml:4 production / broken: apps/broken/kustomization.yaml names missing.yaml, which is not there: add it or remove the line
    none new approval/production needs two .countersign.toml:null production needs two has 1 of 2 approvals from acme/sre; approved by bo
    "#);
}

#[test]
fn what_is_asked_for_elsewhere_is_at_no_place_of_the_repository() {
    let mut report = quiet();
    let own = requirement("own", 1, "acme/sre", &[]);
    report.requirements =
        vec![RequirementReport { elsewhere: true, ..requirement("floor", 1, "acme/sre", &[]) }, own];
    assert_snapshot!(lines(&report), @"
    none new approval/floor :null floor has 0 of 1 approvals from acme/sre
    none new approval/own .countersign.toml:null own has 0 of 1 approvals from acme/sre
    ");
}

#[test]
fn one_result_in_full() {
    let mut report = blocked();
    report.environments.clear();
    report.requirements.clear();
    report.findings.truncate(1);
    report.findings[0].waived = Some(Waived {
        by: "ana-k".into(),
        reason: "until the canary is gone".into(),
        until: "2026-12-01".into(),
    });
    assert_json_snapshot!(run(&report), @r#"
    {
      "automationDetails": {
        "id": "countersign/"
      },
      "columnKind": "unicodeCodePoints",
      "invocations": [
        {
          "executionSuccessful": true
        }
      ],
      "originalUriBaseIds": {
        "%SRCROOT%": {
          "description": {
            "text": "The root of the judged tree."
          }
        }
      },
      "properties": {
        "base": "81d0b5581d0b5581d0b5581d0b5581d0b5581d0b",
        "changeDigest": "sha256:9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c9f1c",
        "discovered": false,
        "head": "3f2c91a3f2c91a3f2c91a3f2c91a3f2c91a3f2c9",
        "tree": "abababababababababababababababababababab",
        "verdict": {
          "outcome": "block",
          "reasons": [
            {
              "code": "policy",
              "environment": "production",
              "message": "`two replicas` fails on Deployment shop/web-canary",
              "rule": "two replicas"
            },
            {
              "code": "approval-missing",
              "message": "`production needs two` has 1 of 2 approvals: acme/sre",
              "rule": "production needs two"
            }
          ]
        }
      },
      "results": [
        {
          "baselineState": "new",
          "level": "error",
          "locations": [
            {
              "logicalLocations": [
                {
                  "fullyQualifiedName": "production/Deployment.apps/shop/web-canary",
                  "kind": "resource",
                  "name": "Deployment shop/web-canary"
                }
              ],
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "apps/shop/canary.yaml",
                  "uriBaseId": "%SRCROOT%"
                },
                "region": {
                  "startLine": 9
                }
              }
            }
          ],
          "message": {
            "text": "production runs at least two replicas"
          },
          "partialFingerprints": {
            "countersign/v1": "bdcd4d81ec57f99505e72fc5cd4932622bc67897550da744d244f247f4706e11"
          },
          "properties": {
            "environment": "production",
            "text": "source",
            "verdict": "block"
          },
          "ruleId": "policy/two replicas",
          "ruleIndex": 0,
          "suppressions": [
            {
              "justification": "waived by ana-k until 2026-12-01: until the canary is gone",
              "kind": "external",
              "status": "accepted"
            }
          ]
        }
      ],
      "tool": {
        "driver": {
          "name": "Countersign",
          "rules": [
            {
              "id": "policy/two replicas",
              "shortDescription": {
                "text": "The policy's check two replicas"
              }
            }
          ],
          "semanticVersion": "0.1.0"
        }
      }
    }
    "#);
}

/// Fingerprints of all results, in their order.
fn fingerprints(report: &Report) -> Vec<String> {
    let run = run(report);
    let of = |result: &Value| result["partialFingerprints"]["countersign/v1"].as_str().unwrap().to_owned();
    run["results"].as_array().unwrap().iter().map(of).collect()
}

#[test]
fn a_fingerprint_outlives_what_moves_around_it() {
    let before = full();
    let known = fingerprints(&before);
    let unique: std::collections::BTreeSet<&String> = known.iter().collect();
    assert_eq!(unique.len(), known.len());
    let mut after = before.clone();
    after.head.commit = "e".repeat(40);
    after.change_digest = format!("sha256:{}", "d".repeat(64));
    after.verdict.outcome = "hold".into();
    for finding in &mut after.findings {
        finding.line = finding.line.map(|line| line + 40);
        finding.column = Some(7);
    }
    for effect in after.environments.iter_mut().flat_map(|e| &mut e.units).flat_map(|unit| &mut unit.effects)
    {
        effect.object.version = "v2".into();
        effect.source.iter_mut().for_each(|origin| origin.line += 40);
    }
    for error in &mut after.errors {
        error.line = error.line.map(|line| line + 40);
        error.message.push_str(", again");
    }
    assert_eq!(fingerprints(&after), known);
    // Another environment, and what it brings, comes between; the others stay who they are.
    let mut more = before.clone();
    more.environments.insert(0, environment("dev", vec![before.environments[0].units[0].clone()]));
    more.findings.insert(0, finding("registries", "x"));
    let found = fingerprints(&more);
    assert!(known.iter().all(|fingerprint| found.contains(fingerprint)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn no_name_breaks_a_log(text in "([\"\\\\\\[\\](){}/:%?# \\n]|\u{1b}|\u{202e}|[a-c]|ß|\\.\\.){0,12}") {
        let log = sarif(&carrying(&text));
        let run: Value = serde_json::from_str::<Value>(&log).unwrap()["runs"][0].clone();
        for result in run["results"].as_array().unwrap() {
            let said = result["message"]["text"].as_str().unwrap();
            prop_assert!(!said.contains("](") && !said.contains(is_invisible), "{said:?}");
            if let Some(uri) = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str() {
                prop_assert!(uri.bytes().all(|b| b.is_ascii_alphanumeric() || b"/.-_~%".contains(&b)), "{uri:?}");
            }
        }
    }
}

#[test]
fn a_shipped_rule_comes_with_its_rationale_and_what_to_do() {
    let mut report = blocked();
    report.environments.clear();
    let rule = crate::policy::packs::rule("pod-security/baseline/privileged").unwrap();
    let mut found = finding("pod security", "container `web` runs privileged");
    found.rule = Some(rule.id.to_owned());
    found.fix = Some(rule.fix.clone());
    assert_eq!(found.told(), format!("container `web` runs privileged. {}", rule.fix));
    report.findings = vec![found];
    let run = run(&report);
    let told = &run["tool"]["driver"]["rules"][0];
    assert_eq!(told["id"], "pod-security/baseline/privileged");
    assert_eq!(told["shortDescription"]["text"], rule.title);
    assert!(told["help"]["text"].as_str().unwrap().starts_with(&rule.description), "{told}");
    let properties = &run["results"][0]["properties"];
    assert_eq!((&properties["check"], &properties["rule"]), (&"pod security".into(), &rule.id.into()));
    assert_eq!(run["results"][0]["message"]["text"], "container web runs privileged");
}

#[test]
fn what_people_have_to_do_is_a_result_and_no_failure() {
    let mut report = blocked();
    (report.findings, report.environments) = (Vec::new(), Vec::new());
    let mut unknown = requirement("owners", 1, "`*`", &[]);
    (unknown.state, unknown.note) = (RequirementState::Unknown, Some("a team could not be read".into()));
    let met = requirement("anybody", 1, "acme", &["ana"]);
    report.requirements[0].about = Some("Deployment shop/web in production".into());
    report.requirements[0].could = vec!["dee".into()];
    report.requirements.extend([unknown, met]);
    let told = run(&report);
    let results = told["results"].as_array().unwrap().iter().map(|result| {
        let [kind, level, rule] = ["kind", "level", "ruleId"].map(|name| result[name].as_str().unwrap());
        format!("{kind} {level} {rule}: {}\n", result["message"]["text"].as_str().unwrap())
    });
    // The rule that does not apply is none of them.
    assert_snapshot!(results.collect::<String>(), @r"
    review none approval/production needs two: production needs two has 1 of 2 approvals from acme/sre: dee; approved by bo; because of Deployment shop/web in production
    open none approval/owners: owners could not be judged from *; a team could not be read
    pass none approval/anybody: anybody has 1 of 1 approvals from acme; approved by ana
    ");
    let properties = &told["results"][0]["properties"];
    assert_eq!((&properties["state"], &properties["needed"]), (&"pending".into(), &2.into()));
    assert_eq!(properties["ignored"][0]["reason"], "author of the change");
}

#[test]
fn waivers_that_end_and_a_proposed_policy_are_notifications() {
    let mut report = full();
    let empty = run(&quiet());
    assert_eq!(empty["invocations"][0].get("toolConfigurationNotifications"), None);
    assert_eq!(empty["properties"].get("proposedPolicy"), None);
    let then = VerdictReport { outcome: "allow".into(), reasons: Vec::new() };
    report.proposed_policy = Some(Box::new(ProposedReport {
        verdict: then,
        requirements: Vec::new(),
        findings_added: Vec::new(),
        findings_removed: Vec::new(),
        findings_waived: Vec::new(),
        cases: 2,
        failed_cases: Vec::new(),
        notes: Vec::new(),
    }));
    report.waivers = vec![crate::policy::WaiverNotice {
        check: "two replicas".into(),
        objects: vec!["web".into()],
        environments: Vec::new(),
        by: "bo".into(),
        reason: "until the move".into(),
        until: "2026-12-01".into(),
        state: crate::policy::WaiverState::EndsSoon,
        findings: 0,
    }];
    let told = run(&report);
    let notifications = told["invocations"][0]["toolConfigurationNotifications"].as_array().unwrap();
    let lines = notifications.iter().map(|one| {
        format!("{} {}\n", one["level"].as_str().unwrap(), one["message"]["text"].as_str().unwrap())
    });
    assert_snapshot!(lines.collect::<String>(), @r"
    warning the waiver of two replicas for web ends with 2026-12-01 (by bo: until the move)
    note If the proposed policy were in force: it could land
    note If the proposed policy were in force: would be required: nothing
    note If the proposed policy were in force: its 2 cases pass
    ");
    assert_eq!(told["properties"]["proposedPolicy"]["verdict"]["outcome"], "allow");
}
