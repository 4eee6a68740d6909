//! Waivers that end and policies that are proposed, in every form of the report.
use insta::assert_snapshot;

use super::super::*;
use super::sample::{finding, quiet, requirement};
use crate::policy::{Finding, Waived, WaiverNotice, WaiverState};

fn notice(state: WaiverState, findings: u32) -> WaiverNotice {
    WaiverNotice {
        check: "registries/deny_latest".into(),
        objects: vec!["apps/Deployment/shop/*".into()],
        environments: vec!["production".into()],
        by: "ana-k".into(),
        reason: "moves in spring".into(),
        until: "2030-03-31".into(),
        state,
        findings,
    }
}

fn report() -> Report {
    let waived = Waived { by: "ana-k".into(), reason: "moves in spring".into(), until: "2030-03-31".into() };
    let proposed = ProposedReport {
        verdict: VerdictReport { outcome: "allow".into(), reasons: Vec::new() },
        requirements: vec![requirement("two of us", 2, "acme/sre", &["bo"])],
        findings_added: vec![finding("few", "too many")],
        findings_removed: Vec::new(),
        findings_waived: vec![Finding { waived: Some(waived), ..finding("registries", "not ours") }],
        cases: 2,
        failed_cases: vec![FailedCase {
            name: "sre agrees".into(),
            line: 7,
            differs: vec!["the verdict is hold, not allow".into()],
        }],
        notes: vec!["`staging` is new, and nothing of it was rendered here".into()],
    };
    Report {
        waivers: vec![notice(WaiverState::EndsSoon, 2), notice(WaiverState::Expired, 0)],
        proposed_policy: Some(Box::new(proposed)),
        ..quiet()
    }
}

#[test]
fn a_comment_tells_in_a_few_lines() {
    assert_snapshot!(markdown(&report(), None), @r"
    ### ✅ Ready

    No objects change in any environment (looked at: production, staging). No file that one of them reads is touched; merge of `3f2c91a`.

    **Waivers**

    - the waiver of `registries/deny_latest` for `apps/Deployment/shop/*` in production ends with 2030-03-31, and 2 findings of this change would block then (by ana-k: moves in spring)
    - the waiver of `registries/deny_latest` for `apps/Deployment/shop/*` in production ended with 2030-03-31: remove it or renew it (by ana-k: moves in spring)

    **If the proposed policy were in force**

    - it could land, as now
    - would be required: `two of us` (2 from acme/sre)
    - would be found: `few` in production
    - would be waived: `registries` in production (by ana-k until 2030-03-31: moves in spring)
    - 1 of its 2 cases fails: `sre agrees`: the verdict is hold, not allow
    - `staging` is new, and nothing of it was rendered here
    ");
}

#[test]
fn a_terminal_tells_the_same() {
    assert_snapshot!(terminal(&report(), Style { width: 100, colour: Colour::Plain }), @r"
    production   ·
    staging      ·

    ⌛ the waiver of registries/deny_latest for apps/Deployment/shop/* in production ends with
      2030-03-31, and 2 findings of this change would block then (by ana-k: moves in spring)
    ⌛ the waiver of registries/deny_latest for apps/Deployment/shop/* in production ended with
      2030-03-31: remove it or renew it (by ana-k: moves in spring)

    if the proposed policy were in force:
        it could land, as now
        would be required: two of us (2 from acme/sre)
        would be found: few in production
        would be waived: registries in production (by ana-k until 2030-03-31: moves in spring)
        1 of its 2 cases fails: sre agrees: the verdict is hold, not allow
        staging is new, and nothing of it was rendered here

    ready                                                2 environments, 0 units, 0 objects would change
    ");
}

#[test]
fn a_page_tells_the_same() {
    let page = html(&report());
    for said in
        ["If the proposed policy were in force", "would be waived", "ends with 2030-03-31", "two of us"]
    {
        assert!(page.contains(said), "{said}");
    }
}

#[test]
fn it_is_in_the_report_for_programs() {
    let saved = serde_json::to_value(report()).unwrap();
    assert_eq!(saved["proposed_policy"]["findings_waived"][0]["waived"]["until"], "2030-03-31");
    assert_eq!(saved["waivers"][0]["state"], "ends-soon");
    assert_eq!(serde_json::from_value::<Report>(saved).unwrap(), report());
    let quiet = serde_json::to_value(quiet()).unwrap();
    assert!(quiet.get("waivers").is_none() && quiet.get("proposed_policy").is_none());
}
