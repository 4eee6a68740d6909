//! Comments of changes that could not be told whole: failed renders, conflicts, wrong policies, less sure objects.

use super::comment::drawn;
use super::sample::*;
use crate::approval::RequirementState;
use crate::effect::{Operation, Risk, Tier};
use crate::evaluation::{Side, SideState, UnitError};
use crate::policy::{Finding, Waived};
use crate::report::*;
use crate::revision::Diff;
use insta::assert_snapshot;
use serde_json::json;

#[test]
fn a_unit_that_failed_never_looks_like_deletion() {
    let mut report = blocked();
    let broken = UnitReport {
        head: SideState::Failed,
        error: Some(UnitError {
            side: Side::Head,
            message: "`kustomize build` failed: the patch `replicas.yaml` matches no object".into(),
            file: Some("apps/broken/kustomization.yaml".into()),
            line: Some(7),
            column: Some(3),
        }),
        ..unit("broken", Vec::new())
    };
    let old = UnitReport {
        base: SideState::Failed,
        head: SideState::Failed,
        inputs: Diff::default(),
        already_broken: true,
        ..broken.clone()
    };
    let repaired = UnitReport {
        base: SideState::Failed,
        effects: vec![effect(Operation::Create, object("ConfigMap", "shop", "settings"))],
        ..unit("repaired", Vec::new())
    };
    report.environments[1].units.extend([broken, UnitReport { name: "old".into(), ..old }, repaired]);
    let error = |unit: &str, side, undecided| ErrorReport {
        environment: Some("staging".into()),
        unit: Some(unit.into()),
        side: Some(side),
        object: None,
        message: "`kustomize build` failed: the patch `replicas.yaml` matches no object".into(),
        file: Some("apps/broken/kustomization.yaml".into()),
        line: Some(7),
        column: Some(3),
        undecided,
    };
    report.errors = vec![
        error("broken", Side::Head, true),
        error("old", Side::Head, false),
        error("repaired", Side::Base, false),
        ErrorReport {
            environment: Some("dev".into()),
            unit: None,
            side: None,
            object: Some(object("Deployment", "shop", "web")),
            message: "the cluster did not answer within 10 s; say `/retry` or set `on_unreachable`".into(),
            file: None,
            line: None,
            column: None,
            undecided: true,
        },
    ];
    report.findings.clear();
    report.requirements.clear();
    report.outside.clear();
    report.environments[0].units.clear();
    report.environments[0].drift.clear();
    report.verdict = VerdictReport {
        outcome: "undecided".into(),
        reasons: vec![
            reason("render-failed", "staging / broken: …", None, Some("staging")),
            reason("cluster", "dev: the cluster did not answer", None, Some("dev")),
        ],
    };
    assert_snapshot!(drawn(&report, &[], &["/hold"]), @r"
    <!-- countersign:change hub/acme/env#481 -->
    ### ❔ Cannot tell yet: 1 unit does not render, `dev` could not be asked

    **Would change at least 2 objects in staging, none in production.** What would change in dev could not be told. Predicted by the cluster itself (dry run); merge of `3f2c91a` into `main`.

    **Could not be told**

    - staging / broken does not render with this change: `kustomize build` failed: the patch `replicas.yaml` matches no object · `apps/broken/kustomization.yaml:7:3`. None of its objects count as deleted; the other units are shown.
    - staging / old does not render, with or without this change: `kustomize build` failed: the patch `replicas.yaml` matches no object · `apps/broken/kustomization.yaml:7:3`
    - staging / repaired does not render on `main`: `kustomize build` failed: the patch `replicas.yaml` matches no object · `apps/broken/kustomization.yaml:7:3`. All its objects are shown as new, whether they run or not.
    - dev: Deployment `shop/web`: the cluster did not answer within 10 s; say `/retry` or set `on_unreachable`

    | environment | unit | create | change | cluster |
    |---|---|--:|--:|---|
    | **staging** | shop |  | 1 | in sync |
    |  | broken (⚠ does not render) |  |  |  |
    |  | old (already broken before this change) |  |  |  |
    |  | repaired (⚠ did not render before; everything is shown as new) | 1 |  |  |
    | **dev** |  |  |  | ⚠ not all was told |

    | image | from | to | where |
    |---|---|---|---|
    | `registry.example.org/shop` | `1.4.2` | **`1.5.0`** | staging |

    <details><summary><b>staging / shop</b> · 1 object</summary>

    ~ Deployment `shop/web` · `apps/shop/deployment.yaml:14`
    ```diff
     spec:
    -  replicas: 3
    +  replicas: 5
       template:
         spec:
           containers:
           - name: web
    -        image: registry.example.org/shop:1.4.2
    +        image: registry.example.org/shop:1.5.0
             ports:
    ```

    </details>

    <details><summary><b>staging / repaired</b> · 1 object</summary>

    \+ ConfigMap `shop/settings`

    </details>

    You can: `/hold` · [full diff and history](<https://bot.example.org/hub/acme/env/481>)
    ");
}

#[test]
fn a_conflict_compares_nothing_and_says_so() {
    let mut report = quiet();
    report.merged = None;
    report.verdict = VerdictReport {
        outcome: "block".into(),
        reasons: vec![reason(
            "conflict",
            "it conflicts with `main` in `apps/shop/a.yaml`, `b.yaml`: merge or rebase, and resolve",
            None,
            None,
        )],
    };
    assert_snapshot!(drawn(&report, &[], &["/hold"]), @r"
    <!-- countersign:change hub/acme/env#481 -->
    ### ⛔ Cannot land yet: merge conflict

    - it conflicts with `main` in `apps/shop/a.yaml`, `b.yaml`: merge or rebase, and resolve

    There is no merge result, so nothing was compared.

    You can: `/hold` · [full diff and history](<https://bot.example.org/hub/acme/env/481>)
    ");
}

#[test]
fn a_wrong_policy_is_quoted_at_the_top() {
    let mut report = quiet();
    report.verdict = VerdictReport {
        outcome: "block".into(),
        reasons: vec![reason(
            "policy-invalid",
            "the proposed policy is wrong: .countersign.toml:31:24: unknown key",
            None,
            None,
        )],
    };
    let note = fence("text", "error: unknown key `enviroment`\n  --> .countersign.toml:31:24\n");
    assert_snapshot!(drawn(&report, &[&note], &["/hold"]), @r"
    <!-- countersign:change hub/acme/env#481 -->
    ### ⛔ Cannot land yet: the proposed policy is wrong

    ```text
    error: unknown key `enviroment`
      --> .countersign.toml:31:24
    ```

    No objects change in any environment (looked at: production, staging). No file that one of them reads is touched; merge of `3f2c91a` into `main`.

    You can: `/hold` · [full diff and history](<https://bot.example.org/hub/acme/env/481>)
    ");
}

#[test]
fn what_is_less_sure_than_its_environment_is_marked() {
    let mut report = quiet();
    let crd = EffectReport {
        tier: Tier::Render,
        settled: None,
        risks: [Risk::Crd, Risk::DataLoss].into(),
        ..effect(Operation::Delete, object("CustomResourceDefinition", "", "shops.example.org"))
    };
    let unsettled = EffectReport {
        settled: Some(false),
        risks: [Risk::ScaleToZero].into(),
        changes: vec![field("spec.replicas", json!(3), json!(0))],
        ..effect(Operation::Update, object("Deployment", "shop", "worker"))
    };
    let refused = EffectReport {
        reason: Some("spec.clusterIP: Invalid value: field is immutable".into()),
        ..effect(Operation::Fail, object("Service", "shop", "web"))
    };
    let replaced = EffectReport {
        risks: [Risk::Replace].into(),
        changes: vec![field("spec.selector.matchLabels.app", json!("web"), json!("shop"))],
        ..effect(Operation::Replace, object("Deployment", "shop", "web"))
    };
    let left = EffectReport {
        risks: [Risk::Orphan].into(),
        ..effect(Operation::Orphan, object("ConfigMap", "shop", "old"))
    };
    let moved = EffectReport {
        moved_from: Some("legacy".into()),
        ..effect(Operation::None, object("Secret", "shop", "key"))
    };
    report.environments[0].units = vec![unit("shop", vec![crd, unsettled, refused, replaced, left, moved])];
    let mut waived = finding("pinned images", "`:latest` is not a version");
    waived.waived =
        Some(Waived { by: "ana".into(), reason: "vendor image".into(), until: "2027-01-01".into() });
    let broken = Finding {
        errored: true,
        environment: "staging".into(),
        ..finding("registries", "no such field `spec.x`")
    };
    report.findings = vec![waived, broken];
    let mut unknown = requirement("rbac", 1, "acme/security", &[]);
    unknown.state = RequirementState::Unknown;
    unknown.note = Some("the members of `acme/security` could not be read".into());
    report.requirements = vec![unknown];
    report.verdict = VerdictReport {
        outcome: "undecided".into(),
        reasons: vec![
            reason("check-errored", "…", Some("registries"), Some("staging")),
            reason("approval-unknown", "…", Some("rbac"), None),
            reason("status-missing", "the required check `build` has not finished", None, None),
        ],
    };
    assert_snapshot!(drawn(&report, &[], &["/hold"]), @r"
    <!-- countersign:change hub/acme/env#481 -->
    ### ❔ Cannot tell yet: 1 check could not run, 1 rule could not be judged, 1 required check not passed

    - the required check `build` has not finished

    **Would change 5 objects in production, none in staging.** 1 more manifest changes without effect. Predicted by the cluster itself (dry run); 1 object less surely, marked below; merge of `3f2c91a` into `main`.

    > [!WARNING]
    > - **Refused** · production: Service `shop/web` would be refused by the cluster: spec.clusterIP: Invalid value: field is immutable
    > - **Data loss** · production: CustomResourceDefinition `shops.example.org` would be deleted
    > - **Replacement** · production: Deployment `shop/web` would be deleted and made anew (`spec.selector.matchLabels.app` `web` → `shop`)
    > - **Scaled to zero** · production: Deployment `shop/worker` `spec.replicas` `3` → `0`
    > - **Left behind** · production: ConfigMap `shop/old` leaves the tree and stays in the cluster, owned by nobody

    | environment | unit | change | replace | delete | left behind | refused | no effect | policy | cluster |
    |---|---|--:|--:|--:|--:|--:|--:|---|---|
    | **production** | shop | 1 | **1** | **1** | **1** | **1** | 1 |  | in sync |
    | **staging** |  |  |  |  |  |  |  | ⛔ 1 error |  |

    <details><summary><b>production / shop</b> · 5 objects, 1 more without effect</summary>

    – CustomResourceDefinition `shops.example.org` · as rendered, not asked of the cluster

    ~ Deployment `shop/worker` · unsettled: another applier holds some of its fields, so removals stand as rendered
    ```text
    spec.replicas 3 → 0
    ```

    ✗ Service `shop/web` · the cluster will refuse it

    ± Deployment `shop/web` · deleted and made anew
    ```text
    spec.selector.matchLabels.app web → shop
    ```

    ○ ConfigMap `shop/old` · stays in the cluster, owned by nobody

    \= Secret `shop/key` · moves here from legacy · no effect

    </details>

    **Policy**

    - ⛔ `registries` in staging: the check itself failed, which blocks: no such field `spec.x`
    - `pinned images` in production: `:latest` is not a version · waived by ana until 2027-01-01: vendor image

    **Approvals** · `rbac`: could not be judged (asks for 1 of acme/security) — the members of `acme/security` could not be read

    You can: `/hold` · [full diff and history](<https://bot.example.org/hub/acme/env/481>)
    ");
}

#[test]
fn units_that_fail_of_one_cause_are_one_line() {
    use SideState::{Absent, Failed, Rendered};
    let mut report = quiet();
    let at = |name: &str, base, head| UnitReport { base, head, ..unit(name, Vec::new()) };
    report.environments[0].units = vec![
        at("a", Rendered, Failed),
        at("b", Absent, Failed),
        at("both", Failed, Failed),
        at("gone", Failed, Absent),
        at("repaired", Failed, Rendered),
        at("c", Rendered, Failed),
    ];
    let environment = report.environments[0].name.clone();
    let error = |unit: &str, side, message: &str| ErrorReport {
        environment: Some(environment.clone()),
        unit: Some(unit.into()),
        side: Some(side),
        object: None,
        message: message.into(),
        file: Some("base/kustomization.yaml".into()),
        line: Some(3),
        column: None,
        undecided: side == Side::Head,
    };
    report.errors = vec![
        error("a", Side::Head, "`base/x.yaml` is missing"),
        error("b", Side::Head, "`base/x.yaml` is missing"),
        error("both", Side::Base, "`base/x.yaml` is missing"),
        error("both", Side::Head, "`base/x.yaml` is missing"),
        error("gone", Side::Base, "`base/x.yaml` is missing"),
        error("repaired", Side::Base, "`base/x.yaml` is missing"),
        error("c", Side::Head, "`base/y.yaml` is missing"),
    ];
    let comment = markdown(&report, None);
    let told: Vec<&str> = comment.lines().filter(|line| line.contains("is missing")).collect();
    assert_snapshot!(told.join("\n"), @r"
    - 2 units do not render with this change: `base/x.yaml` is missing · `base/kustomization.yaml:3`. None of their objects count as deleted; the other units are shown. In production / a, production / b.
    - production / both does not render, before or after this change: `base/x.yaml` is missing · `base/kustomization.yaml:3`. What the change does to its objects cannot be told.
    - production / gone is removed, and does not render on the target branch: `base/x.yaml` is missing · `base/kustomization.yaml:3`. Which objects are deleted with it cannot be told.
    - production / repaired does not render on the target branch: `base/x.yaml` is missing · `base/kustomization.yaml:3`. All its objects are shown as new, whether they run or not.
    - production / c does not render with this change: `base/y.yaml` is missing · `base/kustomization.yaml:3`. None of its objects count as deleted; the other units are shown.
    ");
    let text = terminal(&report, Style { width: 110, colour: Colour::Plain });
    let told: Vec<&str> =
        text.lines().skip_while(|line| !line.starts_with('?')).take_while(|line| !line.is_empty()).collect();
    assert_snapshot!(told.join("\n"), @r"
    ? 2 units do not render with this change: base/kustomization.yaml:3: base/x.yaml is missing. None of their
      objects count as deleted; the other units are shown. In production / a, production / b.
    ? production / both does not render, before or after this change: base/kustomization.yaml:3: base/x.yaml is
      missing. What the change does to its objects cannot be told.
    ? production / gone is removed, and does not render on the target branch: base/kustomization.yaml:3:
      base/x.yaml is missing. Which objects are deleted with it cannot be told.
    ? production / repaired does not render on the target branch: base/kustomization.yaml:3: base/x.yaml is
      missing. All its objects are shown as new, whether they run or not.
    ? production / c does not render with this change: base/kustomization.yaml:3: base/y.yaml is missing. None of
      its objects count as deleted; the other units are shown.
    ");
}
