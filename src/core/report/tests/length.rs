//! The byte budget.

use std::time::{Duration, Instant};

use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::json;

use super::sample::*;
use crate::effect::{Operation, Risk};
use crate::evaluation::PathOperation;
use crate::report::*;

fn within(report: &Report, budget: usize) -> String {
    let change = change();
    let commands = ["/hold".to_owned()];
    let page = Some("https://bot.example.org/hub/acme/env/481");
    comment(&CommentInput { report, change: &change, notes: &[], commands: &commands, page, budget })
}

/// So many objects in each of so many units, each with a diff of 15 lines.
fn huge(units: usize, objects: usize) -> Report {
    let mut report = blocked();
    let many = |unit_number: usize| {
        let effects = (0..objects).map(|n| EffectReport {
            risks: if n % 100 == 7 { [Risk::DataLoss].into() } else { [].into() },
            changes: vec![field("spec.replicas", json!(1), json!(n))],
            diff: (0..5)
                .map(|line| format!(" before: {line}\n"))
                .chain(["-  replicas: 1\n".into(), format!("+  replicas: {n}\n")])
                .chain((0..8).map(|line| format!(" after: {line}\n")))
                .collect(),
            ..effect(
                if n % 100 == 7 { Operation::Delete } else { Operation::Update },
                object("Deployment", "shop", &format!("web-{unit_number}-{n}")),
            )
        });
        unit(&format!("app-{unit_number}"), effects.collect())
    };
    report.environments[1].units = (0..units).map(many).collect();
    report
}

/// Every fence that opens also closes, and so does every fold.
#[track_caller]
fn whole(text: &str) {
    let mut open: Option<&str> = None;
    for line in text.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match open {
            None if ticks >= 3 => open = line.get(..ticks),
            Some(fence) if line == fence => open = None,
            None | Some(_) => {}
        }
    }
    assert_eq!(open, None, "{text}");
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count(), "{text}");
}

/// The lines before the first fold and the notice of what was left out.
fn outline(text: &str) -> String {
    let top = text.split("<details>").next().unwrap();
    let notice = text.lines().find(|line| line.starts_with("_Left out")).unwrap_or("nothing left out");
    format!("{top}[…]\n{notice}")
}

#[test]
fn context_goes_first() {
    let report = huge(1, 4);
    let full = within(&report, usize::MAX);
    assert!(full.contains(" before: 0\n") && !full.contains("_Left out"));
    let shorter = within(&report, full.len() - 1);
    whole(&shorter);
    assert!(
        shorter.contains(" before: 4\n")
            && !shorter.contains(" before: 0\n")
            && shorter.contains("+  replicas: 3\n"),
        "{shorter}"
    );
    assert!(
        shorter.contains("_Left out here for want of room: the unchanged lines around changes."),
        "{shorter}"
    );
}

#[test]
fn line_numbers_go_and_notices_stay() {
    let mut report = quiet();
    report.environments[0].units = vec![unit(
        "shop",
        vec![EffectReport {
            diff: format!(
                "@@ -1,3 +1,3 @@\n {}\n-b\n+c\n@@ -9 +9 @@\n-d\n+e\n@@ 7 more lines are not shown: 7 added, 0 removed @@\n",
                "a".repeat(400)
            ),
            ..effect(Operation::Update, object("Deployment", "shop", "web"))
        }],
    )];
    let diff = |text: &str| text.split("```diff\n").nth(1).unwrap().split("```").next().unwrap().to_owned();
    let full = within(&report, usize::MAX);
    assert_snapshot!(diff(&full).replace(&"a".repeat(400), "a…a"), @r"
     a…a
    -b
    +c
     …
    -d
    +e
     … 7 more lines are not shown: 7 added, 0 removed
    ");
    assert_snapshot!(diff(&within(&report, full.len() - 1)), @r"
    -b
    +c
     …
    -d
    +e
     … 7 more lines are not shown: 7 added, 0 removed
    ");
}

#[test]
fn ten_thousand_objects_fit() {
    let start = Instant::now();
    let text = within(&huge(1, 10_000), 60_000);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(text.len() <= 60_000 && text.len() > 40_000, "{}", text.len());
    whole(&text);
    assert_snapshot!(outline(&text), @r"
    <!-- countersign:change hub/acme/env#481 -->
    ### ⛔ Cannot land yet: 1 policy error, 1 of 2 approvals

    **Would change 4 objects in production, 10,000 in staging, none in dev.** 1 more manifest changes without effect. Predicted by the clusters themselves (dry run); merge of `3f2c91a` into `main`.

    > [!WARNING]
    > - **Data loss** · production: PersistentVolumeClaim `shop/db-data` would be deleted (removed from `apps/shop/pvc.yaml`)
    > - **Data loss** · staging: Deployment `shop/web-0-7` would be deleted
    > - **Data loss** · staging: Deployment `shop/web-0-107` would be deleted
    > - **Data loss** · staging: Deployment `shop/web-0-207` would be deleted
    > - **Data loss** · staging: Deployment `shop/web-0-307` would be deleted
    > - +97 more: ⚠ stands beside each of their objects

    | environment | unit | create | change | delete | no effect | policy | cluster |
    |---|---|--:|--:|--:|--:|---|---|
    | **production** | shop | 1 | 2 | **1** |  | ⛔ 1 error | 1 object differs |
    |  | shop-cache |  |  |  | 1 |  |  |
    | **staging** | app-0 |  | 9,900 | **100** |  | ⚠ 1 warning | in sync |

    | image | from | to | where |
    |---|---|---|---|
    | `registry.example.org/shop` | `1.4.2` | **`1.5.0`** | production |

    […]
    _Left out here for want of room: 9,268 objects and the unchanged lines around changes. The counts above are complete; nothing was left out of the judgement._ [The full page](<https://bot.example.org/hub/acme/env/481>) shows everything.
    ");
}

#[test]
fn a_thousand_units_are_folded_by_count_with_honest_totals() {
    let text = within(&huge(1_000, 10), 30_000);
    assert!(text.len() <= 30_000);
    whole(&text);
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
    let change =
        |row: &&str| row.split('|').nth(4).unwrap().trim().replace(',', "").parse::<usize>().unwrap_or(0);
    assert_eq!(rows.iter().map(change).sum::<usize>(), 2 + 9_000, "{rows:?}");
    assert_snapshot!(rows.iter().find(|row| row.contains("more row")).unwrap(), @"| … 1 environment | 283 more rows |  | 2,547 | **283** |  |  |  |");
    let notice = text.lines().find(|line| line.starts_with("_Left out")).unwrap();
    assert_snapshot!(notice, @"_Left out here for want of room: 283 table rows, 10,005 objects, 1 finding and 1 file. The counts above are complete; nothing was left out of the judgement._ [The full page](<https://bot.example.org/hub/acme/env/481>) shows everything.");
}

#[test]
fn long_lists_are_cut_by_number() {
    let mut report = quiet();
    report.outside = (0..10_000)
        .map(|n| OutsideReport { path: format!("docs/page-{n}.md"), change: PathOperation::Add })
        .collect();
    report.findings = (0..10_000).map(|n| finding(&format!("check {n}"), "does not hold")).collect();
    let start = Instant::now();
    let text = within(&report, 60_000);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(text.len() <= 60_000, "{}", text.len());
    assert_snapshot!(text.lines().find(|line| line.starts_with("_Left out")).unwrap(), @"_Left out here for want of room: 9,600 findings and 9,600 files. The counts above are complete; nothing was left out of the judgement._ [The full page](<https://bot.example.org/hub/acme/env/481>) shows everything.");
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    assert_eq!(within(&huge(3, 300), 20_000), within(&huge(3, 300), 20_000));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_budget_is_exceeded_and_nothing_is_left_open(budget in 300_usize..20_000, units in 0_usize..12, objects in 0_usize..12) {
        let text = within(&huge(units, objects), budget);
        prop_assert!(text.len() <= budget, "{} > {budget}", text.len());
        whole(&text);
        prop_assert!(text.starts_with("<!-- countersign:change hub/acme/env#481 -->\n"));
    }
}
