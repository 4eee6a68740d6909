//! What is shown of warnings, and of the words of who refuses: once, harmless, and without live values.

use std::collections::BTreeSet;

use serde_json::json;

use crate::engine::predict::warned::sentence;
use crate::engine::predict::words::Words;
use crate::ports::Prediction;
use countersign_core::live::Manifests;

#[track_caller]
fn check(warnings: &[&str], want: Option<&str>) {
    let live = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": "settings", "namespace": "shop", "uid": "0815", "labels": { "team": "payments" } },
        "data": { "ours": "named", "theirs": "hunter2", "longer": "hunter2 and more", "port": 48213, "on": "yes" },
    });
    let head = json!({ "data": { "ours": "named" } });
    let sides = Manifests { base: None, head: Some(&head) };
    let warnings: BTreeSet<String> = warnings.iter().map(|text| (*text).to_owned()).collect();
    assert_eq!(sentence(&warnings, &Words::of(Some(&live), &sides)).as_deref(), want);
}

#[test]
fn live_values_that_the_change_does_not_name_are_withheld() {
    check(&[], None);
    check(&["v1 Endpoints is deprecated"], Some("the cluster warns: `v1 Endpoints is deprecated`"));
    let said = "the cluster warns: `ConfigMap shop/settings: named, ‹live› (‹live›, ‹live›), ‹live›, yes`";
    check(&["ConfigMap shop/settings: named, hunter2 (hunter2 and more, payments), 48213, yes"], Some(said));
}

#[test]
fn what_reads_the_same_is_said_once_and_stays_in_its_quotes() {
    let said = "the cluster warns: `''' one line`, `two`";
    check(&["``` one\n\tline ", "```  one line", "two"], Some(said));
    let many: Vec<String> = (0..8).map(|number| format!("{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    check(&many, Some("the cluster warns: `0`, `1`, `2`, `3`, `4`, and 3 more"));
    let long = "ü".repeat(500);
    check(&[&long], Some(&format!("the cluster warns: `{}…`", "ü".repeat(240))));
}

#[test]
fn who_refuses_is_quoted_without_live_values() {
    let live = json!({ "kind": "ConfigMap", "data": { "ours": "named", "theirs": "hunter2" } });
    let (base, head) = (json!({ "data": { "ours": "named" } }), json!({ "data": { "ours": "later" } }));
    let sides = Manifests { base: Some(&base), head: Some(&head) };
    let words = Words::of(Some(&live), &sides);
    let refused = |words: Option<&str>| {
        let why = "admission webhook `w` denies it".to_owned();
        Prediction::Refused { why, immutable: false, words: words.map(str::to_owned) }
    };
    let why = |said: Option<&str>| match words.told(refused(said)) {
        Prediction::Refused { why, words: None, .. } => why,
        other => panic!("{other:?}"),
    };
    let said = "admission webhook `w` denies it: `ask the 'team': named is not later; ‹live› <b>`";
    assert_eq!(why(Some("ask the `team`:\n named is not later; hunter2 <b>")), said);
    assert_eq!(why(None), "admission webhook `w` denies it");
    let long = format!("admission webhook `w` denies it: `{}…`", "ü".repeat(240));
    assert_eq!(why(Some(&"ü".repeat(5000))), long);
}
