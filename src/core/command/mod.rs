//! Commands in comments: what people may say, and how a comment is read.

mod parse;

pub use parse::{CommandError, parse};

use serde::{Deserialize, Serialize};

/// One command, parsed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "verb")]
pub enum Command {
    /// `/approve [env…] [digest|sha]`
    Approve {
        /// Environments named; empty means all.
        environments: Vec<String>,
        /// A prefix (at least eight digits) of the change digest or of the head commit, as written.
        pin: Option<String>,
    },
    /// `/unapprove`
    Unapprove,
    /// `/hold [reason]`
    Hold {
        /// Why, in the holder's words.
        reason: Option<String>,
    },
    /// `/unhold`
    Unhold,
    /// `/merge [when-ready]`
    Merge {
        /// Land as soon as nothing is missing.
        when_ready: bool,
    },
    /// `/cancel`
    Cancel,
    /// `/status`
    Status,
    /// `/help`
    Help,
}

impl Command {
    /// The command's word.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Approve { .. } => "approve",
            Self::Unapprove => "unapprove",
            Self::Hold { .. } => "hold",
            Self::Unhold => "unhold",
            Self::Merge { .. } => "merge",
            Self::Cancel => "cancel",
            Self::Status => "status",
            Self::Help => "help",
        }
    }
}
