//! The shape of the report, `countersign.report/v1`. Additions are fine; renames are not.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::approval::RequirementState;
use crate::effect::{FieldChange, Operation, Risk, Tier};
use crate::evaluation::{Drift, PathOperation, Side, SideState, UnitError, UnitInputs};
use crate::object::{ObjectRef, Origin, Place};
use crate::policy::{Finding, FindingPlace, WaiverNotice};
use crate::revision::Diff;
use crate::verdict::Reason;

/// The form of the report.
pub const SCHEMA: &str = "countersign.report/v1";

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommitRef {
    /// Full id.
    pub commit: String,
}

/// A tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TreeRef {
    /// Full id.
    pub tree: String,
}

/// Allow, hold, block or undecided, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VerdictReport {
    /// `allow`, `hold`, `block`, `undecided`.
    pub outcome: String,
    /// Everything that stands in the way.
    pub reasons: Vec<Reason>,
}

/// One object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EffectReport {
    /// What happens.
    pub operation: Operation,
    /// To what.
    pub object: ObjectRef,
    /// How it is known.
    pub tier: Tier,
    /// Whether the prediction stands; null where nothing was predicted.
    pub settled: Option<bool>,
    /// Dangers.
    pub risks: BTreeSet<Risk>,
    /// Why it will fail, or why there is no effect.
    pub reason: Option<String>,
    /// Where it stands in the tree, where a file has it as it is.
    pub source: Option<Origin>,
    /// Where it can be read: in a file that it is made of, or only in what the unit renders to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Fields.
    pub changes: Vec<FieldChange>,
    /// Unified text, masked.
    pub diff: String,
    /// The unit it comes from, when it only changes hands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved_from: Option<String>,
}

impl EffectReport {
    /// Where it stands in the tree, in words.
    pub fn source_words(&self) -> Option<String> {
        let said = match (&self.place, &self.source) {
            (Some(Place::Source { file, line: Some(line) }), _) => format!("{file}:{line}"),
            (Some(Place::Source { file, line: None }), _) => file.clone(),
            (Some(Place::Rendered { .. }) | None, Some(origin)) => format!("{}:{}", origin.file, origin.line),
            (Some(Place::Rendered { .. }) | None, None) => return None,
        };
        Some(said)
    }
}

/// One unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UnitReport {
    /// Name.
    pub name: String,
    /// Path in the tree.
    pub path: String,
    /// Renderer.
    pub renderer: String,
    /// What the renderer is given on each side beside the path; null where the unit does not exist.
    #[serde(default)]
    pub inputs: Diff<Option<UnitInputs>>,
    /// Base side.
    pub base: SideState,
    /// Head side.
    pub head: SideState,
    /// What failed first.
    pub error: Option<UnitError>,
    /// Whether neither side renders and nothing that the unit reads was touched.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub already_broken: bool,
    /// Number of objects.
    pub objects: Diff<u32>,
    /// Same input, same output?
    pub stable: bool,
    /// What changes.
    pub effects: Vec<EffectReport>,
}

/// One environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EnvironmentReport {
    /// Name.
    pub name: String,
    /// Cluster, if one.
    pub cluster: Option<String>,
    /// The best tier reached.
    pub tier: Tier,
    /// Digest of this environment's part.
    pub change_digest: String,
    /// Units touched.
    pub units: Vec<UnitReport>,
    /// What was different before.
    pub drift: Vec<Drift>,
}

/// A changed path that no render reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OutsideReport {
    /// Path.
    pub path: String,
    /// What happened.
    pub change: PathOperation,
}

/// A yes that does not count, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IgnoredReport {
    /// Who.
    pub who: String,
    /// Why not.
    pub reason: String,
}

/// One yes that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalReport {
    /// Who, by name today.
    pub who: String,
    /// Who, by the forge's number.
    pub id: u64,
    /// The review or the comment: `review-998`, `comment-9921`.
    pub via: String,
    /// The head that was on display.
    pub head: String,
    /// The change digest that was on display.
    pub digest: String,
    /// Environments it is limited to; empty means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<String>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RequirementReport {
    /// The rule.
    pub rule: String,
    /// Where it stands.
    pub state: RequirementState,
    /// How many.
    pub needed: u32,
    /// Whom it asks for, in words.
    pub from: String,
    /// Who counts.
    pub by: Vec<String>,
    /// The same with everything an auditor asks for.
    #[serde(default)]
    pub approvals: Vec<ApprovalReport>,
    /// Who does not, and why.
    pub ignored: Vec<IgnoredReport>,
    /// While somebody is missing: who could say yes, by name, as far as the rule names people or sets of people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub could: Vec<String>,
    /// Why it is pending or unknown, where the number does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What of the change makes it apply, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Whether it is asked for elsewhere than in the judged repository: in the server's floor, or in a policy that was
    /// given in place of the repository's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub elsewhere: bool,
}

/// Something that could not be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorReport {
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The unit that did not render.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The side that did not render.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<Side>,
    /// The object it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectRef>,
    /// What failed and what to do, in one line.
    pub message: String,
    /// In which file of the tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// Whether it makes the verdict undecided.
    #[serde(default)]
    pub undecided: bool,
}

/// A case of a policy that does not come out as it should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailedCase {
    /// The case.
    pub name: String,
    /// Its line in the policy file, from 1.
    pub line: u32,
    /// What is not as expected, in sentences.
    pub differs: Vec<String>,
}

/// What would be, if the policy that the change proposes were in force. It decides nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProposedReport {
    /// May it land?
    pub verdict: VerdictReport,
    /// Rules.
    pub requirements: Vec<RequirementReport>,
    /// What would be found and is not now, or is waived now.
    pub findings_added: Vec<Finding>,
    /// What is found now and would not be.
    pub findings_removed: Vec<Finding>,
    /// What would be waived and is not now.
    pub findings_waived: Vec<Finding>,
    /// How many cases (`[[policy_test]]`) the proposed policy has.
    pub cases: u32,
    /// Those that fail.
    pub failed_cases: Vec<FailedCase>,
    /// What cannot be told before it is in force, in sentences.
    pub notes: Vec<String>,
}

impl ErrorReport {
    /// Where it is. Without a file, a line is one of what the unit renders to.
    pub fn place(&self) -> Option<FindingPlace<'_>> {
        error_place(self.file.as_deref(), self.unit.as_deref(), self.line, self.column)
    }
}

impl UnitReport {
    /// Where what failed first is.
    pub fn error_place(&self) -> Option<FindingPlace<'_>> {
        let UnitError { side: _, message: _, file, line, column } = self.error.as_ref()?;
        error_place(file.as_deref(), Some(&self.name), *line, *column)
    }
}

fn error_place<'a>(
    file: Option<&'a str>,
    unit: Option<&'a str>,
    line: Option<u32>,
    column: Option<u32>,
) -> Option<FindingPlace<'a>> {
    match (file, unit, line) {
        (Some(file), _, line) => Some(FindingPlace::Source { file, line, column }),
        (None, Some(unit), Some(line)) => Some(FindingPlace::Rendered { unit, line }),
        (None, None, _) | (None, Some(_), None) => None,
    }
}

impl ProposedReport {
    /// All that would be found.
    pub(super) fn findings_in_force(&self, now: &Report) -> Vec<Finding> {
        let waived = |finding: &Finding| {
            let same = |other: &Finding| {
                Finding { waived: None, ..other.clone() } == Finding { waived: None, ..finding.clone() }
            };
            self.findings_waived.iter().chain(&self.findings_added).any(same)
        };
        let kept = now
            .findings
            .iter()
            .filter(|finding| !self.findings_removed.contains(finding) && !waived(finding));
        kept.chain(&self.findings_added).chain(&self.findings_waived).cloned().collect()
    }
}

/// The report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: String,
    /// B.
    pub base: CommitRef,
    /// H.
    pub head: CommitRef,
    /// The judged tree; null on a conflict.
    pub merged: Option<TreeRef>,
    /// The change digest.
    pub change_digest: String,
    /// May it land?
    pub verdict: VerdictReport,
    /// Whether the environments were found by convention: then nothing ever lands.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub discovered: bool,
    /// Environments, touched or not.
    pub environments: Vec<EnvironmentReport>,
    /// Paths outside.
    pub outside: Vec<OutsideReport>,
    /// Findings.
    pub findings: Vec<Finding>,
    /// Rules.
    pub requirements: Vec<RequirementReport>,
    /// Waivers that end within 14 days, or are over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<WaiverNotice>,
    /// What would be under the policy that the change proposes, where it proposes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed_policy: Option<Box<ProposedReport>>,
    /// SHA-256 over the server's floor, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<String>,
    /// What could not be told.
    pub errors: Vec<ErrorReport>,
}
