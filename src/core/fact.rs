//! The ledger's entries. Everything that was ever executed, displayed or landed is one; all effects follow from them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::actor::{Actor, ActorId};
use crate::change::{CommentId, ReviewId, Reviewer};
use crate::effect::Risk;
use crate::object::ObjectRef;
use crate::revision::{CommitSha, Digest};

/// One danger that was on display: what, on which object, where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DisplayedRisk {
    /// Environment.
    pub environment: String,
    /// Object.
    pub object: ObjectRef,
    /// Danger.
    pub risk: Risk,
}

/// The set of dangers that were on display, sorted.
pub type RiskSet = std::collections::BTreeSet<DisplayedRisk>;

/// What was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Display {
    /// The head that was judged.
    pub head: CommitSha,
    /// The change digest that was shown.
    pub digest: Digest,
    /// The dangers that were shown.
    pub risks: RiskSet,
    /// SHA-256 of the comment's bytes.
    pub body_hash: Digest,
}

/// How a person said yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// `/approve` in this comment.
    Comment(CommentId),
    /// The forge's own review.
    Review(ReviewId),
}

/// In which words a person said yes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Said {
    /// `/approve`.
    #[default]
    Command,
    /// The forge's own approval.
    Review,
    /// A comment with texts, or matched by expressions, that rules of the policy name: these.
    Words(Vec<String>),
}

impl Said {
    fn is_command(&self) -> bool {
        *self == Self::Command
    }
}

/// A person's yes to one head, digest and risk set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Approval {
    /// Who.
    pub actor: Actor,
    /// How.
    pub via: Via,
    /// When, by the forge's clock.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// The head that was on display.
    pub head: CommitSha,
    /// The change digest that was on display.
    pub digest: Digest,
    /// The dangers that were on display.
    pub risks: RiskSet,
    /// Environments it is limited to; empty means all.
    pub environments: Vec<String>,
    /// In which words.
    #[serde(default, skip_serializing_if = "Said::is_command")]
    pub said: Said,
    /// SHA-256 of the comment or review body at execution: an edit voids the approval.
    pub body_hash: Digest,
}

/// How a landing ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum LandingOutcome {
    /// The merge commit is the target's history and the forge says merged.
    Landed {
        /// The merge commit (M).
        commit: CommitSha,
    },
    /// The merge commit is in, but the request stayed open because its head moved meanwhile.
    LandedOpen {
        /// The merge commit (M).
        commit: CommitSha,
    },
    /// Nothing was pushed.
    Aborted {
        /// Why, in a sentence.
        why: String,
    },
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "fact")]
pub enum FactKind {
    /// All commands of a comment or review body were read; at most once per comment, in one transaction with
    /// the facts that they caused. `reply` is what the bot answers.
    Handled {
        /// Where the commands stood.
        via: Via,
        /// Who wrote it.
        actor: Actor,
        /// SHA-256 of the body that was read.
        body_hash: Digest,
        /// The answer, Markdown; `None` where nothing was asked.
        reply: Option<String>,
    },
    /// Somebody said yes.
    Approved(Approval),
    /// Somebody took their yes back.
    Unapproved {
        /// Who.
        actor: Actor,
        /// Where.
        via: Via,
    },
    /// Somebody stopped the change.
    Held {
        /// Who.
        actor: Actor,
        /// Where.
        via: Via,
        /// Why.
        reason: Option<String>,
    },
    /// A review that asks for changes was seen. Whoever may write can dismiss it on the forge; what it asks for stands.
    ChangesRequested {
        /// Who.
        actor: Actor,
        /// Which review.
        review: ReviewId,
        /// When, by the forge's clock.
        #[schemars(with = "String")]
        at: Timestamp,
    },
    /// A hold was lifted, or a request for changes.
    HoldLifted {
        /// Who lifted it.
        actor: Actor,
        /// Whose.
        holder: ActorId,
        /// Where.
        via: Via,
    },
    /// Somebody asked for the merge.
    MergeRequested {
        /// Who.
        actor: Actor,
        /// Where.
        via: Via,
        /// The head at that time: a new head ends the request.
        head: CommitSha,
        /// The digest at that time.
        digest: Digest,
        /// Whether it waits until nothing is missing.
        when_ready: bool,
    },
    /// The request for a merge was taken back, or refused.
    MergeCancelled {
        /// Who, or the bot.
        actor: Actor,
        /// Why.
        why: String,
    },
    /// A display is about to be posted.
    DisplayPlanned(Display),
    /// A display is posted.
    DisplayPosted {
        /// What.
        display: Display,
        /// Where.
        comment: CommentId,
        /// When, by the forge's clock.
        #[schemars(with = "String")]
        at: Timestamp,
    },
    /// The posted comment was found to carry other bytes than were posted.
    DisplayTampered {
        /// The comment.
        comment: CommentId,
    },
    /// A landing began.
    LandingBegun {
        /// The landing's number in the store.
        landing: u64,
        /// Base tip (B).
        base: CommitSha,
        /// Head (H).
        head: CommitSha,
        /// The merge commit (M).
        commit: CommitSha,
    },
    /// A landing ended.
    LandingEnded {
        /// The landing's number in the store.
        landing: u64,
        /// How.
        outcome: LandingOutcome,
    },
    /// Somebody was asked for a review.
    ReviewRequested {
        /// Whom.
        whom: Reviewer,
        /// The head at that time.
        head: CommitSha,
        /// Why the forge did not want to, where it did not.
        refused: Option<String>,
    },
    /// The forge told who pushed a head.
    Pushed {
        /// Who.
        actor: Actor,
        /// What.
        head: CommitSha,
    },
}

/// One entry of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Fact {
    /// Its number, growing within a store.
    pub seq: u64,
    /// When it was written, by the bot's clock. Kinds have an `at` of their own, by the forge's clock.
    #[serde(rename = "recorded_at")]
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub kind: FactKind,
}
