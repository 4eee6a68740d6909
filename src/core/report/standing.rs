//! What every form of the report says about the policy itself, in the same words: waivers that end, and what the policy
//! that a change proposes would do. Sentences quote names in backticks; each form makes of them what it can.

use super::model::*;
use super::summary::{count, missing_of, names, object_words, quote};
use crate::approval::RequirementState;
use crate::policy::{Finding, WaiverNotice, WaiverState};

/// Findings of one sort that are named; of more the number is told.
const NAMED: usize = 3;

/// One sentence for each waiver that ends soon or is over.
pub fn waivers(report: &Report) -> Vec<String> {
    report.waivers.iter().map(waiver).collect()
}

fn waiver(notice: &WaiverNotice) -> String {
    let WaiverNotice { check, objects, environments, by, reason, until, state, findings } = notice;
    let objects: Vec<String> = objects.iter().map(|object| quote(object)).collect();
    let objects: Vec<&str> = objects.iter().map(String::as_str).collect();
    let mut subject = format!("the waiver of {} for {}", quote(check), names(&objects, NAMED));
    if !environments.is_empty() {
        let environments: Vec<&str> = environments.iter().map(String::as_str).collect();
        subject.push_str(&format!(" in {}", names(&environments, NAMED)));
    }
    let what = match (state, findings) {
        (WaiverState::Holds | WaiverState::EndsSoon, 0) => format!("ends with {until}"),
        (WaiverState::Holds | WaiverState::EndsSoon, n) => {
            format!(
                "ends with {until}, and {} of this change would block then",
                count(*n as usize, "finding")
            )
        }
        (WaiverState::Expired, 0) => format!("ended with {until}: remove it or renew it"),
        (WaiverState::Expired, n) => {
            format!(
                "ended with {until} and no longer covers {} of this change",
                count(*n as usize, "finding")
            )
        }
    };
    format!("{subject} {what} (by {by}: {reason})")
}

/// What would be under the proposed policy, a few sentences; none where the change proposes none.
pub fn proposed(report: &Report) -> Vec<String> {
    let Some(then) = &report.proposed_policy else { return Vec::new() };
    let mut lines = vec![verdict(report, then)];
    lines.extend(requirements(report, then));
    let sorts = [
        ("would be found", &then.findings_added),
        ("would no longer be found", &then.findings_removed),
        ("would be waived", &then.findings_waived),
    ];
    lines.extend(sorts.into_iter().filter_map(|(what, findings)| self::findings(what, findings)));
    lines.extend(cases(then));
    lines.extend(then.notes.iter().cloned());
    lines
}

fn verdict(report: &Report, then: &ProposedReport) -> String {
    let opening = match then.verdict.outcome.as_str() {
        "allow" => "it could land",
        "hold" => "it would wait",
        "block" => "it would be blocked",
        _ => "it could not be told",
    };
    let as_now = then.verdict.outcome == report.verdict.outcome;
    let missing = missing_of(&then.verdict, &then.findings_in_force(report), &then.requirements);
    let missing = if missing.is_empty() { String::new() } else { format!(": {}", missing.join(", ")) };
    format!("{opening}{}{missing}", if as_now { ", as now" } else { "" })
}

/// The rules that would ask somebody, where they are not those that ask now.
fn requirements(report: &Report, then: &ProposedReport) -> Option<String> {
    let asked = |rules: &[RequirementReport]| {
        let rules = rules.iter().filter(|rule| rule.state != RequirementState::Skipped);
        rules
            .map(|rule| format!("{} ({} from {})", quote(&rule.rule), rule.needed, rule.from))
            .collect::<Vec<_>>()
    };
    let (before, after) = (asked(&report.requirements), asked(&then.requirements));
    let after: Vec<&str> = after.iter().map(String::as_str).collect();
    match (before == after, after.is_empty()) {
        (true, _) => None,
        (false, true) => Some("would be required: nothing".to_owned()),
        (false, false) => Some(format!("would be required: {}", names(&after, NAMED))),
    }
}

fn findings(what: &str, findings: &[Finding]) -> Option<String> {
    let said: Vec<String> = findings.iter().map(finding).collect();
    let said: Vec<&str> = said.iter().map(String::as_str).collect();
    (!said.is_empty()).then(|| format!("{what}: {}", names(&said, NAMED)))
}

fn finding(finding: &Finding) -> String {
    let object = finding.object.as_ref().map(|object| format!(" on {}", object_words(object)));
    let environment = match finding.environment.is_empty() {
        true => String::new(),
        false => format!(" in {}", finding.environment),
    };
    let mut said = format!("{}{}{environment}", quote(&finding.check), object.unwrap_or_default());
    if let Some(waived) = &finding.waived {
        said.push_str(&format!(" (by {} until {}: {})", waived.by, waived.until, waived.reason));
    } else if finding.existing {
        said.push_str(" (base has it too)");
    }
    said
}

fn cases(then: &ProposedReport) -> Option<String> {
    let failed: Vec<String> = then
        .failed_cases
        .iter()
        .map(|case| format!("{}: {}", quote(&case.name), case.differs.join("; ")))
        .collect();
    let failed: Vec<&str> = failed.iter().map(String::as_str).collect();
    match (then.cases, failed.is_empty()) {
        (0, _) => None,
        (1, true) => Some("its one case passes".to_owned()),
        (n, true) => Some(format!("its {n} cases pass")),
        (1, false) => Some(format!("its one case fails: {}", names(&failed, NAMED))),
        (n, false) => {
            let fail = if failed.len() == 1 { "fails" } else { "fail" };
            Some(format!("{} of its {n} cases {fail}: {}", failed.len(), names(&failed, NAMED)))
        }
    }
}
