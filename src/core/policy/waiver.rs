//! Waivers: findings that are told and do not block, for a time, and what is to be said of the time. A check that could
//! not judge is never waived: nobody knows what it would have found.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use super::predicate::{compile, matches};
use super::{Finding, Waived};
use crate::config::{Severity, Waiver, waived_rule};
use crate::object::ObjectRef;

/// How many days before its end a waiver is told.
pub const TOLD_BEFORE: i32 = 14;

/// Where a waiver is in its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WaiverState {
    /// It holds, and for a while yet.
    Holds,
    /// It holds, and ends within 14 days.
    EndsSoon,
    /// It is over, and waives nothing.
    Expired,
}

/// What is to be said of a waiver beside the findings that it covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WaiverNotice {
    /// The check, or `check/rule`.
    pub check: String,
    /// The objects, `group/kind/namespace/name` globs.
    pub objects: Vec<String>,
    /// Environments; none means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<String>,
    /// Who granted it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// The last day on which it holds (UTC).
    pub until: String,
    /// Where it is in its time.
    pub state: WaiverState,
    /// How many findings of this change it keeps from blocking, or would if it were not over.
    pub findings: u32,
}

/// The day of a moment, in UTC.
pub fn day(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}

/// Where a waiver is in its time. Its last day belongs to it.
pub fn state(waiver: &Waiver, today: Date) -> WaiverState {
    let told_from = waiver.until.saturating_sub(TOLD_BEFORE.days());
    match (waiver.until < today, told_from <= today) {
        (true, _) => WaiverState::Expired,
        (false, true) => WaiverState::EndsSoon,
        (false, false) => WaiverState::Holds,
    }
}

/// Marks the findings that waivers cover. What was waived already stays so, and what errs is never waived.
pub fn waive(waivers: &[Waiver], now: Timestamp, findings: &mut [Finding]) {
    let today = day(now);
    for waiver in waivers.iter().filter(|waiver| state(waiver, today) != WaiverState::Expired) {
        let Some(cover) = Cover::of(waiver) else { continue };
        for finding in findings.iter_mut().filter(|finding| finding.waived.is_none() && cover.covers(finding))
        {
            finding.waived = Some(Waived {
                by: waiver.by.clone(),
                reason: waiver.reason.clone(),
                until: waiver.until.to_string(),
            });
        }
    }
}

/// The waivers that end soon or are over, in the policy's order.
pub fn notices(waivers: &[Waiver], now: Timestamp, findings: &[Finding]) -> Vec<WaiverNotice> {
    let today = day(now);
    let notice = |waiver: &Waiver| {
        let state = state(waiver, today);
        let covered = || {
            let cover = Cover::of(waiver)?;
            let heavy = |finding: &&Finding| finding.severity == Severity::Error && !finding.existing;
            Some(findings.iter().filter(heavy).filter(|finding| cover.covers(finding)).count())
        };
        (state != WaiverState::Holds).then(|| WaiverNotice {
            check: waiver.check.clone(),
            objects: waiver.objects.clone(),
            environments: waiver.environments.clone(),
            by: waiver.by.clone(),
            reason: waiver.reason.clone(),
            until: waiver.until.to_string(),
            state,
            findings: u32::try_from(covered().unwrap_or_default()).unwrap_or(u32::MAX),
        })
    };
    waivers.iter().filter_map(notice).collect()
}

/// What a waiver is for, compiled; none where a pattern is broken, which then covers nothing.
struct Cover<'a> {
    waiver: &'a Waiver,
    objects: Vec<globset::GlobMatcher>,
    environments: Vec<globset::GlobMatcher>,
}

impl<'a> Cover<'a> {
    fn of(waiver: &'a Waiver) -> Option<Self> {
        let (objects, environments) = (compile(&waiver.objects)?, compile(&waiver.environments)?);
        Some(Self { waiver, objects, environments })
    }

    fn covers(&self, finding: &Finding) -> bool {
        let named = match waived_rule(&self.waiver.check, &finding.check) {
            None => false,
            Some(None) => true,
            Some(Some(rule)) => finding.rule.as_deref() == Some(rule),
        };
        let object = finding.object.as_ref().map(path).unwrap_or_default();
        named
            && !finding.errored
            && matches(&self.environments, &finding.environment)
            && self.objects.iter().any(|glob| glob.is_match(&object))
    }
}

fn path(object: &ObjectRef) -> String {
    let ObjectRef { group, version: _, kind, namespace, name } = object;
    format!("{group}/{kind}/{namespace}/{name}")
}
