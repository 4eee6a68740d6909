//! From what was found to the report.
use super::Report;
use crate::approval::Requirement;
use crate::evaluation::Evaluation;
use crate::policy::Finding;
use crate::revision::{CommitSha, Digest, ObjectId};
use crate::verdict::Verdict;

/// Everything a report is made of.
#[derive(Debug, Clone, Copy)]
pub struct ReportInput<'a> {
    /// B.
    pub base: &'a CommitSha,
    /// H.
    pub head: &'a CommitSha,
    /// The judged tree.
    pub tree: Option<&'a ObjectId>,
    /// The change digest.
    pub digest: &'a Digest,
    /// What the change does.
    pub evaluation: &'a Evaluation,
    /// May it land?
    pub verdict: &'a Verdict,
    /// What checks saw.
    pub findings: &'a [Finding],
    /// Rules.
    pub requirements: &'a [Requirement],
}

/// Builds the report.
pub fn build(_input: &ReportInput<'_>) -> Report {
    todo!()
}
