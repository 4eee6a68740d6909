//! Whole comments.

use insta::assert_snapshot;

use super::sample::*;
use crate::effect::Tier;
use crate::report::*;

/// The comment as it is posted.
pub(super) fn drawn(report: &Report, notes: &[&str], commands: &[&str]) -> String {
    let own = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>();
    comment(&CommentInput {
        report,
        change: &change(),
        notes: &own(notes),
        commands: &own(commands),
        page: Some("https://bot.example.org/hub/acme/env/481"),
        budget: 60_000,
    })
}

#[test]
fn a_blocked_change_says_what_is_missing_and_what_is_dangerous() {
    assert_snapshot!(drawn(&blocked(), &[], &["/approve sha256:9f1c9f1c9f1c", "/hold", "/help"]), @r"
    <!-- countersign:change hub/acme/env#481 -->
    ### ⛔ Cannot land yet: 1 policy error, 1 of 2 approvals

    **Would change 4 objects in production, 1 in staging, none in dev.** 1 more manifest changes without effect. Predicted by the clusters themselves (dry run); merge of `3f2c91a` into `main`.

    > [!WARNING]
    > - **Data loss** · production: PersistentVolumeClaim `shop/db-data` would be deleted (removed from `apps/shop/pvc.yaml`)
    > - **Privilege** · production: ClusterRole `shop-reader` `rules[0].resources` gains `secrets`

    | environment | unit | create | change | delete | no effect | policy | cluster |
    |---|---|--:|--:|--:|--:|---|---|
    | **production** | shop | 1 | 2 | **1** |  | ⛔ 1 error | 1 object differs |
    |  | shop-cache |  |  |  | 1 |  |  |
    | **staging** | shop |  | 1 |  |  | ⚠ 1 warning | in sync |

    | image | from | to | where |
    |---|---|---|---|
    | `registry.example.org/shop` | `1.4.2` | **`1.5.0`** | production, staging |

    <details><summary><b>production / shop</b> · 4 objects</summary>

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

    \+ Deployment `shop/web-canary` · `apps/shop/canary.yaml:2`
    ```diff
    +apiVersion: apps/v1
    +kind: Deployment
    +metadata:
    +  name: web-canary
    ```

    – PersistentVolumeClaim `shop/db-data` · `apps/shop/pvc.yaml:1`
    ```diff
    -apiVersion: v1
    -kind: PersistentVolumeClaim
    -metadata:
    -  name: db-data
    -  namespace: shop
    -spec:
    -  resources:
    -    requests:
    -      storage: 20Gi
    ```

    ~ ClusterRole `shop-reader` · `apps/shop/rbac.yaml:22`
    ```diff
     rules:
     - apiGroups: ['']
       resources:
       - configmaps
    +  - secrets
       verbs: [get, list]
    ```

    </details>

    <details><summary><b>production / shop-cache</b> · 1 manifest without effect</summary>

    \= Service `shop/cache` · no effect: the server fills in the same default
    ```text
    spec.type is added: ClusterIP
    ```

    </details>

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

    <details><summary>Already different in the cluster, and would be overwritten: production (1 object)</summary>

    - Deployment `shop/cache`: `spec.replicas` is `4`, `main` says `2`

    </details>

    **Policy**

    - ⛔ `two replicas` in production, Deployment `shop/web-canary`: production runs at least two replicas · `apps/shop/canary.yaml:9`
    - ⚠ `registries` in staging: registry.example.org is about to be retired · `main` has it too, so it does not block

    **Approvals**

    - `production needs two`: bo ✓ — needs 1 more of acme/sre
    - not counted: cy (author of the change)

    **Also changed, read by no environment:** `docs/runbook.md`, `.gitlab-ci.yml` (new)

    You can: `/approve sha256:9f1c9f1c9f1c` · `/hold` · `/help` · [full diff and history](<https://bot.example.org/hub/acme/env/481>)
    ");
}

#[test]
fn a_change_that_does_nothing_is_two_lines() {
    assert_snapshot!(drawn(&quiet(), &[], &["/merge", "/hold"]), @r"
    <!-- countersign:change hub/acme/env#481 -->
    ### ✅ Ready: say `/merge`

    No objects change in any environment (looked at: production, staging). No file that one of them reads is touched; merge of `3f2c91a` into `main`.

    You can: `/merge` · `/hold` · [full diff and history](<https://bot.example.org/hub/acme/env/481>)
    ");
}

#[test]
fn a_ready_change_shows_who_agreed() {
    let mut report = blocked();
    report.verdict = VerdictReport { outcome: "allow".into(), reasons: Vec::new() };
    report.environments.remove(0);
    report.environments[0].tier = Tier::Render;
    report.environments[0].cluster = None;
    report.environments[0].units[0].effects[0].tier = Tier::Render;
    report.environments[0].units[0].effects[0].settled = None;
    report.findings.clear();
    report.outside.clear();
    report.requirements = vec![requirement("default", 1, "write permission", &["bo"])];
    assert_snapshot!(drawn(&report, &[], &["/merge", "/hold"]), @r"
    <!-- countersign:change hub/acme/env#481 -->
    ### ✅ Ready: say `/merge`

    **Would change 1 object in staging, none in dev.** From the rendered manifests alone, no cluster was asked; merge of `3f2c91a` into `main`.

    | environment | unit | change | cluster |
    |---|---|--:|---|
    | **staging** | shop | 1 | none |

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

    **Approvals** · `default`: bo ✓

    You can: `/merge` · `/hold` · [full diff and history](<https://bot.example.org/hub/acme/env/481>)
    ");
}

#[test]
fn a_hold_names_the_holder_and_who_may_lift_it() {
    let mut report = quiet();
    report.verdict = VerdictReport {
        outcome: "hold".into(),
        reasons: vec![
            reason(
                "held",
                "held by dee (“until the 2nd `db` migration is in”): dee or an administrator can say `/unhold`",
                None,
                None,
            ),
            reason("draft", "it is a draft: mark it as ready for review", None, None),
            reason("approval-missing", "…", Some("production needs two"), None),
            reason("approval-missing", "…", Some("rbac"), None),
        ],
    };
    let pending = requirement("production needs two", 2, "acme/sre", &[]);
    report.requirements = vec![
        pending,
        requirement("rbac", 1, "acme/security", &[]),
        requirement("default", 1, "write permission", &["bo", "em"]),
    ];
    assert_snapshot!(drawn(&report, &[], &["/approve sha256:9f1c9f1c9f1c", "/unhold"]), @r"
    <!-- countersign:change hub/acme/env#481 -->
    ### ⏳ Not yet: on hold, draft, 2 rules waiting for approvals

    - held by dee (“until the 2nd `db` migration is in”): dee or an administrator can say `/unhold`
    - it is a draft: mark it as ready for review

    No objects change in any environment (looked at: production, staging). No file that one of them reads is touched; merge of `3f2c91a` into `main`.

    **Approvals**

    - `production needs two`: needs 2 of acme/sre
    - `rbac`: needs 1 of acme/security
    - `default`: bo ✓, em ✓

    You can: `/approve sha256:9f1c9f1c9f1c` · `/unhold` · [full diff and history](<https://bot.example.org/hub/acme/env/481>)
    ");
}

#[test]
fn neither_base_nor_times_change_the_bytes() {
    let mut report = blocked();
    let before = drawn(&report, &[], &["/hold"]);
    report.base.commit = "c".repeat(40);
    assert_eq!(drawn(&report, &[], &["/hold"]), before);
}

#[test]
fn markdown_is_the_comment_without_its_marker() {
    let text = markdown(&blocked(), None);
    assert!(text.starts_with("### ⛔ Cannot land yet: 1 policy error, 1 of 2 approvals\n"), "{text}");
    assert!(!text.contains("countersign:change"));
}
