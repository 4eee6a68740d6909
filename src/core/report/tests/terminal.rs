//! What a terminal shows.

use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::json;

use super::html::full;
use super::sample::*;
use crate::effect::{Operation, Risk};
use crate::report::*;

fn plain(report: &Report, width: usize) -> String {
    terminal(report, Style { width, colour: Colour::Plain })
}

#[test]
fn a_blocked_change_ends_with_its_verdict() {
    assert_snapshot!(plain(&blocked(), 100), @r"
    production   shop         +1 ~2 -1   ⛔ two replicas   1 drifted   predicted by the cluster
                 shop-cache   =1
    staging      shop         ~1   predicted by the cluster
    dev          ·

    ! data loss   production: PersistentVolumeClaim shop/db-data would be deleted (removed from
                  apps/shop/pvc.yaml)
    ! privilege   production: ClusterRole shop-reader rules[0].resources gains secrets

    production / shop                                                                           +1 ~2 -1

    ~ Deployment shop/web                                                   apps/shop/deployment.yaml:14
        spec.replicas 3 → 5
        spec.template.spec.containers[name=web].image registry.example.org/shop:1.4.2 →
        registry.example.org/shop:1.5.0

    + Deployment shop/web-canary                                                 apps/shop/canary.yaml:2
        +apiVersion: apps/v1
        +kind: Deployment
        +metadata:
        +  name: web-canary

    – PersistentVolumeClaim shop/db-data                                            apps/shop/pvc.yaml:1
        data loss · would be deleted (removed from apps/shop/pvc.yaml)
        -apiVersion: v1
        -kind: PersistentVolumeClaim
        -metadata:
        -  name: db-data
        -  namespace: shop
        -spec:
        -  resources:
        -    requests:
        -      storage: 20Gi

    ~ ClusterRole shop-reader                                                     apps/shop/rbac.yaml:22
        privilege
        rules[0].resources gains secrets

    production / shop-cache                                                                           =1

    = Service shop/cache
        its manifest changes, the cluster does not: the server fills in the same default
        spec.type is added: ClusterIP

    staging / shop                                                                                    ~1

    ~ Deployment shop/web                                                   apps/shop/deployment.yaml:14
        spec.replicas 3 → 5
        spec.template.spec.containers[name=web].image registry.example.org/shop:1.4.2 →
        registry.example.org/shop:1.5.0

    already different in the cluster, not by this change: production
        Deployment shop/cache
            spec.replicas is 4, base says 2: merging will overwrite this

    ⛔ two replicas in production on Deployment shop/web-canary: production runs at least two replicas
       (apps/shop/canary.yaml:9)
    ⚠ registries in staging: registry.example.org is about to be retired (base has it too)

    … production needs two: 1 of 2 from acme/sre (bo); not counted: cy (author of the change)

    also changed, read by no environment:
        ~ docs/runbook.md
        + .gitlab-ci.yml

    blocked: 1 policy error; 1 of 2 approvals            3 environments, 3 units, 5 objects would change
    ");
}

#[test]
fn a_quiet_change_is_short() {
    assert_snapshot!(plain(&quiet(), 80), @r"
    production   ·
    staging      ·

    ready                            2 environments, 0 units, 0 objects would change
    ");
}

#[test]
fn colour_is_asked_for() {
    let text = terminal(&blocked(), Style { width: 100, colour: Colour::Ansi });
    assert!(text.contains("\u{1b}[31mblocked: 1 policy error; 1 of 2 approvals\u{1b}[0m"), "{text}");
    let bare = text.replace("\u{1b}[0m", "");
    let bare = ["31", "32", "33", "1", "2"]
        .iter()
        .fold(bare, |text, code| text.replace(&format!("\u{1b}[{code}m"), ""));
    assert_eq!(bare, plain(&blocked(), 100));
}

#[test]
fn a_narrow_terminal_is_not_overrun_and_loses_nothing() {
    let squeezed = |text: &str| text.split_whitespace().collect::<String>();
    let wide = squeezed(&plain(&full(), 10_000));
    for width in (40..=200).step_by(9) {
        let text = plain(&full(), width);
        let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= width, "{widest} > {width}:\n{text}");
        // Only names in the summary's table are cut; each stands whole in its block.
        let said = squeezed(&text);
        assert!(said.len() + 40 > wide.len(), "{text}");
        for words in ["blocked:1policyerror;1of2approvals", "⛔tworeplicas", "doesnotrender", "1drifted"] {
            assert!(said.contains(words), "{width}: no {words} in\n{text}");
        }
    }
}

#[test]
fn forty_columns_are_enough() {
    let mut report = blocked();
    report.environments.truncate(1);
    report.environments[0].units.truncate(1);
    report.environments[0].units[0].effects.drain(..2);
    assert_snapshot!(plain(&report, 40), @r"
    production   shop   ~1 -1   1 drifted
                        predicted by the
                        cluster

    ! data loss   production:
                  PersistentVolumeClaim
                  shop/db-data would be
                  deleted (removed from
                  apps/shop/pvc.yaml)
    ! privilege   production: ClusterRole
                  shop-reader
                  rules[0].resources gains
                  secrets

    production / shop                  ~1 -1

    – PersistentVolumeClaim shop/db-data
        apps/shop/pvc.yaml:1
        data loss · would be deleted
        (removed from apps/shop/pvc.yaml)
        -apiVersion: v1
        -kind: PersistentVolumeClaim
        -metadata:
        -  name: db-data
        -  namespace: shop
        -spec:
        -  resources:
        -    requests:
        -      storage: 20Gi

    ~ ClusterRole shop-reader
        apps/shop/rbac.yaml:22
        privilege
        rules[0].resources gains secrets

    already different in the cluster, not by
    this change: production
        Deployment shop/cache
            spec.replicas is 4, base says 2:
            merging will overwrite this

    ⛔ two replicas in production on
       Deployment shop/web-canary:
       production runs at least two replicas
       (apps/shop/canary.yaml:9)
    ⚠ registries in staging:
      registry.example.org is about to be
      retired (base has it too)

    … production needs two: 1 of 2 from
      acme/sre (bo); not counted: cy (author
      of the change)

    also changed, read by no environment:
        ~ docs/runbook.md
        + .gitlab-ci.yml

    blocked: 1 policy error; 1 of 2
    approvals
        1 environment, 1 unit, 2 objects
        would change
    ");
}

#[test]
fn what_is_long_is_folded_and_dangers_are_not() {
    let mut effects: Vec<EffectReport> = (0..100)
        .map(|at| effect(Operation::Create, object("ConfigMap", "shop", &format!("c{at}"))))
        .collect();
    effects[0].diff = "+a: 1\n".repeat(100);
    effects[1].changes = vec![field("data.a", json!("1"), json!("2")); 43];
    effects[99].risks = [Risk::Privilege].into();
    let report =
        Report { environments: vec![environment("production", vec![unit("shop", effects)])], ..quiet() };
    let text = plain(&report, 80);
    for line in [
        "    … 60 more lines\n",
        "    … 3 more fields\n",
        "… 49 more objects without danger: +49\n",
        "+ ConfigMap shop/c99\n    privilege\n",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(text.contains("+ ConfigMap shop/c49\n") && !text.contains("shop/c50\n"), "{text}");
}

proptest! {
    #[test]
    fn no_text_reaches_the_terminal_as_a_control(text in "([a-z:;0-9]|\\[|\u{1b}|\u{9b}|\r|\n|\u{202e}|\u{200b}|語){0,16}") {
        let mut report = blocked();
        let evil = EffectReport {
            reason: Some(text.clone()),
            changes: vec![field(&text, json!(text), json!(text))],
            ..effect(Operation::Fail, object(&text, &text, &text))
        };
        let bare = EffectReport { diff: format!("+{text}\n"), ..effect(Operation::Create, object("Pod", "a", &text)) };
        report.environments.push(environment(&text, vec![unit(&text, vec![evil, bare])]));
        let mut found = finding(&text, &text);
        found.file = Some(text.clone());
        report.findings.push(found);
        report.verdict.reasons.push(reason(&text, &text, None, None));
        report.requirements.push(requirement(&text, 1, &text, &[&text]));
        report.errors.push(ErrorReport { environment: Some(text.clone()), unit: Some(text.clone()), side: None, object: None, message: text.clone(), file: None, line: None, column: None, undecided: true });
        let shown = plain(&report, 80);
        prop_assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown:?}");
        prop_assert!(!shown.contains(is_invisible), "{shown:?}");
        prop_assert!(shown.lines().last().unwrap().contains("would change"), "{shown}");
    }
}
