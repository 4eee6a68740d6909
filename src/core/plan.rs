//! All that will be done about one change request. Enacting a plan twice is the same as enacting it once.

use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::change::{CommentId, Reviewer};
use crate::fact::{Display, FactKind, Via};
use crate::report::Report;
use crate::revision::{CommitSha, Digest};
use crate::snapshot::StatusState;
use crate::verdict::Verdict;

/// A reaction on a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reaction {
    /// Seen.
    Eyes,
}

/// What to land: exactly what was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LandOrder {
    /// B.
    pub base: CommitSha,
    /// H.
    pub head: CommitSha,
    /// The digest that everybody agreed to.
    pub digest: Digest,
    /// Who asked for it; the bot where policy lands on approval.
    pub requested_by: Actor,
    /// Title and trailers, all but `Evidence`, which is known only when the evidence is written.
    pub message: crate::audit::MergeMessage,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "action")]
pub enum Action {
    /// Show that a command was seen.
    React {
        /// Where.
        comment: CommentId,
        /// How.
        reaction: Reaction,
    },
    /// Answer a command; one reply per comment, found again by its hidden marker.
    Reply {
        /// What is answered.
        to: Via,
        /// Markdown, marker included.
        body: String,
    },
    /// Post or edit the sticky comment.
    Display {
        /// The comment that stands there, if one does.
        comment: Option<CommentId>,
        /// Markdown, marker included.
        body: String,
        /// What is recorded about it.
        display: Display,
    },
    /// Publish the required status on a head.
    Status {
        /// On which commit.
        head: CommitSha,
        /// Its name; see [`crate::decide::status_context`].
        context: String,
        /// Passing or not.
        state: StatusState,
        /// At most 140 characters.
        description: String,
    },
    /// Ask for a review.
    RequestReview {
        /// Whom.
        whom: Reviewer,
    },
    /// Land it.
    Land(Box<LandOrder>),
}

/// What was decided. Facts are appended in one transaction before any action.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// May it land?
    pub verdict: Verdict,
    /// The report, for every form it is shown in.
    pub report: Report,
    /// What to record first.
    pub facts: Vec<FactKind>,
    /// What to do then, in this order.
    pub actions: Vec<Action>,
}
