//! Which approvals stand, and why the others do not.
use crate::fact::Approval;
use crate::snapshot::Snapshot;
use serde::{Deserialize, Serialize};

/// An approval that does not count, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ignored {
    /// Who.
    pub who: String,
    /// Why, in words: `author of the change`, `the comment was edited`.
    pub reason: String,
}

/// All approvals given, sorted into those that stand (whoever gave them) and those that no longer do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counted {
    /// Standing, one per person, the newest.
    pub standing: Vec<Approval>,
    /// Void: other head and digest or more risks, edited, withdrawn, tampered display, review not on display.
    pub ignored: Vec<Ignored>,
    /// Everybody whose request for changes (review) is not lifted by themselves.
    pub changes_requested: Vec<crate::actor::Actor>,
}

/// Sorts the approvals of a snapshot: facts and native reviews.
pub fn standing(_snapshot: &Snapshot) -> Counted {
    todo!()
}
