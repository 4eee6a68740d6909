//! A change request with its conversation.

use jiff::Timestamp;

/// Open, or how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeState {
    /// Open.
    Open,
    /// Closed without landing.
    Closed,
    /// Landed.
    Merged,
}

/// What a review says now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewState {
    /// Yes.
    Approved,
    /// No.
    ChangesRequested,
    /// Neither.
    Commented,
    /// Said, and taken back by somebody or by a push.
    Dismissed,
}

impl ReviewState {
    /// The API's word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Approved => "APPROVED",
            Self::ChangesRequested => "CHANGES_REQUESTED",
            Self::Commented => "COMMENTED",
            Self::Dismissed => "DISMISSED",
        }
    }
}

/// A branch of a repository at a commit.
#[derive(Debug, Clone)]
pub(crate) struct Side {
    pub(crate) repo: u64,
    pub(crate) branch: String,
    /// The head as it is; for the base, its tip when the head last moved, which is what the forge tells too.
    pub(crate) sha: String,
}

/// Landed by whom and as which commit.
#[derive(Debug, Clone)]
pub(crate) struct Merged {
    pub(crate) by: u64,
    pub(crate) commit: String,
    pub(crate) at: Timestamp,
}

/// What git says about a change, for one pair of head and base tip.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) head: String,
    pub(crate) base_tip: String,
    /// `None` on a conflict.
    pub(crate) test_merge: Option<String>,
    pub(crate) commits: u64,
    pub(crate) additions: u64,
    pub(crate) deletions: u64,
    pub(crate) files: u64,
}

/// A change request.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) id: u64,
    pub(crate) number: u64,
    pub(crate) author: u64,
    pub(crate) title: String,
    pub(crate) body: Option<String>,
    pub(crate) draft: bool,
    pub(crate) head: Side,
    pub(crate) base: Side,
    pub(crate) merged: Option<Merged>,
    pub(crate) closed: Option<Timestamp>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) comments: Vec<Comment>,
    pub(crate) reviews: Vec<Review>,
    /// Accounts that were asked for a review and have not given one.
    pub(crate) requested: Vec<u64>,
    /// Teams, likewise.
    pub(crate) requested_teams: Vec<u64>,
    pub(crate) facts: Option<Facts>,
}

impl Change {
    pub(crate) fn state(&self) -> ChangeState {
        match (&self.merged, &self.closed) {
            (Some(_), _) => ChangeState::Merged,
            (None, Some(_)) => ChangeState::Closed,
            (None, None) => ChangeState::Open,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.state() == ChangeState::Open
    }
}

/// A comment of the conversation.
#[derive(Debug, Clone)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    pub(crate) author: u64,
    /// The App that spoke, if it was one.
    pub(crate) via_app: Option<u64>,
    pub(crate) body: String,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    /// Earlier texts, oldest first.
    pub(crate) earlier: Vec<String>,
    pub(crate) reactions: Vec<Reaction>,
}

/// A reaction.
#[derive(Debug, Clone)]
pub(crate) struct Reaction {
    pub(crate) id: u64,
    pub(crate) user: u64,
    pub(crate) content: String,
    pub(crate) created: Timestamp,
}

/// A review.
#[derive(Debug, Clone)]
pub(crate) struct Review {
    pub(crate) id: u64,
    pub(crate) author: u64,
    pub(crate) state: ReviewState,
    pub(crate) body: String,
    pub(crate) commit: String,
    pub(crate) submitted: Timestamp,
    pub(crate) edited: Option<Timestamp>,
}
