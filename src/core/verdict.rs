//! The answer to "may this land?".

use serde::{Deserialize, Serialize};

/// One thing that stands between a change and landing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Reason {
    /// A stable word for programs, e.g. `approval-missing`.
    pub code: String,
    /// A sentence for people: what is missing and who can supply it.
    pub message: String,
    /// The rule or check it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The environment it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
}

/// May it land? The three refusals carry every reason that was found, of whatever weight, the heaviest first.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "outcome", content = "reasons")]
pub enum Verdict {
    /// Nothing is missing.
    Allow,
    /// People have to act: approvals, holds.
    Hold(Vec<Reason>),
    /// The change has to be repaired.
    Block(Vec<Reason>),
    /// It could not be told; never passes.
    Undecided(Vec<Reason>),
}

impl Verdict {
    /// Every reason; empty only for [`Verdict::Allow`].
    pub fn reasons(&self) -> &[Reason] {
        match self {
            Self::Allow => &[],
            Self::Hold(reasons) | Self::Block(reasons) | Self::Undecided(reasons) => reasons,
        }
    }

    /// The word of the report: allow, hold, block, undecided.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Hold(_) => "hold",
            Self::Block(_) => "block",
            Self::Undecided(_) => "undecided",
        }
    }
}
