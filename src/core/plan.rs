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
        /// What is told beside the state, where the forge can show it there; `None` leaves what is there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        annotations: Option<Annotations>,
    },
    /// Ask for a review.
    RequestReview {
        /// Whom.
        whom: Reviewer,
    },
    /// Land it.
    Land(Box<LandOrder>),
}

/// How heavy a note is, the heaviest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnnotationLevel {
    /// It blocks.
    Failure,
    /// It is told.
    Warning,
    /// It is known already, or waived, or of little weight.
    Notice,
}

/// A note beside a line of the head commit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Annotation {
    /// How heavy.
    pub level: AnnotationLevel,
    /// The file.
    pub path: String,
    /// Line, from 1.
    pub line: u32,
    /// The check and its rule, in plain text.
    pub title: String,
    /// What is wrong, in plain text.
    pub message: String,
}

/// What a status can carry on some forges: findings beside lines of the head commit, and who has to agree.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Annotations {
    /// Each beside its line, the heaviest first.
    pub notes: Vec<Annotation>,
    /// How many findings have no line there.
    pub elsewhere: u32,
    /// Who has to agree and why, in lines of Markdown that are safe to show.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<String>,
}

impl Annotations {
    /// The same for the same: sixteen digits for the notes, then a dot and sixteen for what is told in words; each is
    /// empty where there is nothing.
    pub fn digest(&self) -> String {
        let elsewhere = (self.elsewhere > 0).then(|| self.elsewhere.to_string());
        let words = digits(elsewhere.iter().chain(&self.approvals).map(String::as_str));
        let dot = if words.is_empty() { "" } else { "." };
        format!("{}{dot}{words}", self.notes_digest())
    }

    /// The part of it that is about the notes.
    pub fn notes_digest(&self) -> String {
        let told = self.notes.iter().map(|Annotation { level, path, line, title, message }| {
            [format!("{level:?} {line}"), path.clone(), title.clone(), message.clone()]
        });
        let told: Vec<String> = told.flatten().collect();
        digits(told.iter().map(String::as_str))
    }
}

/// Sixteen digits; none for nothing.
fn digits<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    // Lengths first: no text can pass for two.
    let text: String = parts.map(|part| format!("{}:{part}", part.len())).collect();
    if text.is_empty() {
        return String::new();
    }
    let digest = Digest::of(text.as_bytes());
    let hex = digest.as_str().rsplit(':').next().unwrap_or_default();
    hex.chars().take(16).collect()
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
