//! What a test sees of the stand-in: copies, safe to keep.

use std::fmt;

use jiff::Timestamp;

use crate::state::{ChangeState, ReviewState};

/// An account with its token.
#[derive(Clone)]
pub struct Person {
    /// Its id.
    pub id: u64,
    /// Its login.
    pub login: String,
    /// A token that acts as this account; also its password for git.
    pub token: String,
    /// The address that its commits carry.
    pub email: String,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").field("id", &self.id).field("login", &self.login).finish_non_exhaustive()
    }
}

/// An App with its key.
#[derive(Clone)]
pub struct AppSeen {
    /// Its id.
    pub id: u64,
    /// Its slug.
    pub slug: String,
    /// The account that acts: `slug[bot]`.
    pub login: String,
    /// The id of that account.
    pub account: u64,
    /// Its private key, PKCS#8 PEM.
    pub private_key_pem: String,
}

impl fmt::Debug for AppSeen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppSeen").field("id", &self.id).field("slug", &self.slug).finish_non_exhaustive()
    }
}

/// A change request.
#[derive(Debug, Clone)]
pub struct ChangeSeen {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Its author's login.
    pub author: String,
    /// Open, closed or merged.
    pub state: ChangeState,
    /// The branch it comes from.
    pub source: String,
    /// The branch it goes to.
    pub target: String,
    /// Its head.
    pub head: String,
    /// The commit that landed it, if it landed.
    pub merged_as: Option<String>,
    /// Who landed it.
    pub merged_by: Option<String>,
}

/// A comment.
#[derive(Debug, Clone)]
pub struct CommentSeen {
    /// Its id.
    pub id: u64,
    /// Its author's login.
    pub author: String,
    /// Its text.
    pub body: String,
    /// When it was written.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// Earlier texts, oldest first.
    pub earlier: Vec<String>,
    /// `(login, content)` of its reactions.
    pub reactions: Vec<(String, String)>,
}

/// A review.
#[derive(Debug, Clone)]
pub struct ReviewSeen {
    /// Its id.
    pub id: u64,
    /// Its author's login.
    pub author: String,
    /// What it says now.
    pub state: ReviewState,
    /// Its text.
    pub body: String,
    /// The commit it was given on.
    pub commit: String,
}

/// A commit status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusSeen {
    /// Its name.
    pub context: String,
    /// `error`, `failure`, `pending` or `success`.
    pub state: String,
    /// Its words.
    pub description: String,
    /// Where to read more.
    pub target_url: Option<String>,
    /// Who set it.
    pub creator: String,
}

/// A check run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckSeen {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// `queued`, `in_progress` or `completed`.
    pub status: String,
    /// What it came to.
    pub conclusion: Option<String>,
    /// Its title.
    pub title: String,
    /// Its text.
    pub summary: String,
    /// Its annotations, as they were sent.
    pub annotations: Vec<serde_json::Value>,
}
