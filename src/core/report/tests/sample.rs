//! Reports to draw.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::actor::{Actor, ActorId, ActorKind};
use crate::approval::RequirementState;
use crate::change::{ChangeId, ChangeRequest, ChangeState, RepoId};
use crate::config::Severity;
use crate::effect::{FieldChange, Operation, Risk, Tier};
use crate::evaluation::{Drift, PathOperation, SideState};
use crate::object::{ObjectRef, Origin};
use crate::policy::Finding;
use crate::report::*;
use crate::revision::Diff;
use crate::verdict::Reason;

pub(super) fn change() -> ChangeRequest {
    ChangeRequest {
        id: ChangeId { repo: RepoId { forge: "hub".into(), path: "acme/env".parse().unwrap() }, number: 481 },
        title: "Shop 1.5.0".into(),
        url: "https://git.example.org/acme/env/pulls/481".into(),
        author: Actor { id: ActorId::new(77), login: "cy".into(), kind: ActorKind::Human },
        state: ChangeState::Open,
        target: "main".parse().unwrap(),
        source: "shop-1.5".into(),
        head: "3f2c91a".repeat(6)[..40].parse().unwrap(),
        draft: false,
        fork: false,
        into_default: true,
    }
}

pub(super) fn object(kind: &str, namespace: &str, name: &str) -> ObjectRef {
    ObjectRef {
        group: if kind == "Deployment" { "apps".into() } else { String::new() },
        version: "v1".into(),
        kind: kind.into(),
        namespace: namespace.into(),
        name: name.into(),
    }
}

pub(super) fn field(path: &str, before: Value, after: Value) -> FieldChange {
    let some = |value: Value| (!value.is_null()).then_some(value);
    FieldChange { path: path.into(), before: some(before), after: some(after), masked: false }
}

pub(super) fn effect(operation: Operation, object: ObjectRef) -> EffectReport {
    EffectReport {
        operation,
        object,
        tier: Tier::DryRun,
        settled: Some(true),
        risks: BTreeSet::new(),
        reason: None,
        source: None,
        place: None,
        changes: Vec::new(),
        diff: String::new(),
        moved_from: None,
    }
}

pub(super) fn unit(name: &str, effects: Vec<EffectReport>) -> UnitReport {
    UnitReport {
        name: name.into(),
        path: format!("apps/{name}"),
        renderer: "kustomize".into(),
        base: SideState::Rendered,
        head: SideState::Rendered,
        error: None,
        inputs: Diff::default(),
        already_broken: false,
        objects: Diff { base: 12, head: 12 },
        stable: true,
        effects,
    }
}

pub(super) fn environment(name: &str, units: Vec<UnitReport>) -> EnvironmentReport {
    EnvironmentReport {
        name: name.into(),
        cluster: Some(name.into()),
        tier: Tier::DryRun,
        change_digest: format!("sha256:{}", "0".repeat(64)),
        units,
        drift: Vec::new(),
    }
}

pub(super) fn reason(code: &str, message: &str, rule: Option<&str>, environment: Option<&str>) -> Reason {
    Reason {
        code: code.into(),
        message: message.into(),
        rule: rule.map(str::to_owned),
        environment: environment.map(str::to_owned),
    }
}

/// Nothing missing, nothing changing.
pub(super) fn quiet() -> Report {
    Report {
        schema: SCHEMA.into(),
        base: CommitRef { commit: "81d0b55".repeat(6)[..40].into() },
        head: CommitRef { commit: "3f2c91a".repeat(6)[..40].into() },
        merged: Some(TreeRef { tree: "ab".repeat(20) }),
        change_digest: format!("sha256:{}", "9f1c".repeat(16)),
        verdict: VerdictReport { outcome: "allow".into(), reasons: Vec::new() },
        discovered: false,
        environments: vec![environment("production", Vec::new()), environment("staging", Vec::new())],
        outside: Vec::new(),
        findings: Vec::new(),
        requirements: Vec::new(),
        waivers: Vec::new(),
        proposed_policy: None,
        floor: None,
        errors: Vec::new(),
    }
}

const WEB: &str = " spec:
-  replicas: 3
+  replicas: 5
   template:
     spec:
       containers:
       - name: web
-        image: registry.example.org/shop:1.4.2
+        image: registry.example.org/shop:1.5.0
         ports:
";

fn web() -> EffectReport {
    EffectReport {
        source: Some(Origin { file: "apps/shop/deployment.yaml".into(), line: 14 }),
        risks: [Risk::Image].into(),
        changes: vec![
            field("spec.replicas", json!(3), json!(5)),
            field(
                "spec.template.spec.containers[name=web].image",
                json!("registry.example.org/shop:1.4.2"),
                json!("registry.example.org/shop:1.5.0"),
            ),
        ],
        diff: WEB.into(),
        ..effect(Operation::Update, object("Deployment", "shop", "web"))
    }
}

fn volume() -> EffectReport {
    EffectReport {
        source: Some(Origin { file: "apps/shop/pvc.yaml".into(), line: 1 }),
        risks: [Risk::DataLoss, Risk::Prune].into(),
        diff: "-apiVersion: v1\n-kind: PersistentVolumeClaim\n-metadata:\n-  name: db-data\n-  namespace: shop\n-spec:\n-  resources:\n-    requests:\n-      storage: 20Gi\n".into(),
        ..effect(Operation::Delete, object("PersistentVolumeClaim", "shop", "db-data"))
    }
}

fn reader() -> EffectReport {
    EffectReport {
        source: Some(Origin { file: "apps/shop/rbac.yaml".into(), line: 22 }),
        risks: [Risk::Privilege].into(),
        changes: vec![field("rules[0].resources", json!(["configmaps"]), json!(["configmaps", "secrets"]))],
        diff: " rules:\n - apiGroups: ['']\n   resources:\n   - configmaps\n+  - secrets\n   verbs: [get, list]\n".into(),
        ..effect(Operation::Update, object("ClusterRole", "", "shop-reader"))
    }
}

pub(super) fn finding(check: &str, message: &str) -> Finding {
    Finding {
        check: check.into(),
        rule: None,
        severity: Severity::Error,
        message: message.into(),
        fix: None,
        environment: "production".into(),
        object: None,
        path: None,
        text: None,
        file: None,
        unit: None,
        line: None,
        column: None,
        errored: false,
        existing: false,
        waived: None,
    }
}

pub(super) fn requirement(rule: &str, needed: u32, from: &str, by: &[&str]) -> RequirementReport {
    RequirementReport {
        rule: rule.into(),
        state: if by.len() >= needed as usize { RequirementState::Met } else { RequirementState::Pending },
        needed,
        from: from.into(),
        by: by.iter().map(|who| (*who).to_owned()).collect(),
        approvals: Vec::new(),
        ignored: Vec::new(),
        could: Vec::new(),
        note: None,
        about: None,
        elsewhere: false,
    }
}

/// One policy error, one approval missing, a volume that goes.
pub(super) fn blocked() -> Report {
    let canary = EffectReport {
        source: Some(Origin { file: "apps/shop/canary.yaml".into(), line: 2 }),
        diff: "+apiVersion: apps/v1\n+kind: Deployment\n+metadata:\n+  name: web-canary\n".into(),
        ..effect(Operation::Create, object("Deployment", "shop", "web-canary"))
    };
    let cache = UnitReport {
        effects: vec![EffectReport {
            reason: Some("the server fills in the same default".into()),
            changes: vec![field("spec.type", Value::Null, json!("ClusterIP"))],
            ..effect(Operation::None, object("Service", "shop", "cache"))
        }],
        ..unit("shop-cache", Vec::new())
    };
    let mut production =
        environment("production", vec![unit("shop", vec![web(), canary, volume(), reader()]), cache]);
    production.drift = vec![Drift {
        object: object("Deployment", "shop", "cache"),
        changes: vec![field("spec.replicas", json!(4), json!(2))],
        overwritten: vec!["spec.replicas".to_owned()],
    }];
    let two = finding("two replicas", "production runs at least two replicas");
    let mut needs_two = requirement("production needs two", 2, "acme/sre", &["bo"]);
    needs_two.ignored = vec![IgnoredReport { who: "cy".into(), reason: "author of the change".into() }];
    Report {
        verdict: VerdictReport {
            outcome: "block".into(),
            reasons: vec![
                reason(
                    "policy",
                    "`two replicas` fails on Deployment shop/web-canary",
                    Some("two replicas"),
                    Some("production"),
                ),
                reason(
                    "approval-missing",
                    "`production needs two` has 1 of 2 approvals: acme/sre",
                    Some("production needs two"),
                    None,
                ),
            ],
        },
        environments: vec![
            production,
            environment("staging", vec![unit("shop", vec![web()])]),
            environment("dev", Vec::new()),
        ],
        outside: vec![
            OutsideReport { path: "docs/runbook.md".into(), change: PathOperation::Change },
            OutsideReport { path: ".gitlab-ci.yml".into(), change: PathOperation::Add },
        ],
        findings: vec![
            Finding {
                object: Some(object("Deployment", "shop", "web-canary")),
                file: Some("apps/shop/canary.yaml".into()),
                line: Some(9),
                ..two
            },
            Finding {
                severity: Severity::Warning,
                environment: "staging".into(),
                existing: true,
                ..finding("registries", "registry.example.org is about to be retired")
            },
        ],
        requirements: vec![
            needs_two,
            RequirementReport {
                state: RequirementState::Skipped,
                ..requirement("rbac", 1, "acme/security", &[])
            },
        ],
        ..quiet()
    }
}
