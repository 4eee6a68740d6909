//! What programs say about a commit.

use jiff::Timestamp;
use serde_json::Value;

/// A commit status.
#[derive(Debug, Clone)]
pub(crate) struct Status {
    pub(crate) id: u64,
    pub(crate) sha: String,
    pub(crate) context: String,
    pub(crate) state: String,
    pub(crate) description: Option<String>,
    pub(crate) target_url: Option<String>,
    pub(crate) creator: u64,
    pub(crate) created: Timestamp,
}

/// A check run.
#[derive(Debug, Clone)]
pub(crate) struct CheckRun {
    pub(crate) id: u64,
    pub(crate) suite: u64,
    pub(crate) app: u64,
    pub(crate) sha: String,
    pub(crate) name: String,
    pub(crate) external_id: String,
    pub(crate) details_url: Option<String>,
    pub(crate) status: String,
    pub(crate) conclusion: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) summary: Option<String>,
    pub(crate) text: Option<String>,
    /// As they were sent.
    pub(crate) annotations: Vec<Value>,
    pub(crate) started: Timestamp,
    pub(crate) completed: Option<Timestamp>,
}

/// A run of a workflow.
#[derive(Debug, Clone)]
pub(crate) struct WorkflowRun {
    pub(crate) id: u64,
    pub(crate) sha: String,
    pub(crate) branch: String,
    pub(crate) file: String,
    pub(crate) event: String,
    pub(crate) number: u64,
    /// `None` while it runs.
    pub(crate) conclusion: Option<String>,
    pub(crate) actor: u64,
    pub(crate) at: Timestamp,
}
