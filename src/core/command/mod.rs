//! Commands in comments: what people may say, and how a comment is read. Nothing here executes a command or knows who
//! may use it.

mod help;
mod lines;
mod parse;
mod verb;

pub use help::help;
pub(crate) use lines::spoken_lines;
pub use parse::{CommandError, MAX_COMMANDS, Parsed, parse};

use std::fmt;

use serde::{Deserialize, Serialize};

/// One command, parsed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "verb")]
pub enum Command {
    /// `/approve [env…] [digest|sha]`
    Approve {
        /// Environments named; empty means all.
        environments: Vec<String>,
        /// A prefix of the change digest (`sha256:` and at least eight digits, or the digits alone) or of the head
        /// commit (at least seven digits), in lower case.
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

/// The command as it is written: `/approve production sha256:9f1c2a3b`.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}", self.verb())?;
        match self {
            Self::Approve { environments, pin } => {
                environments.iter().chain(pin).try_for_each(|argument| write!(f, " {argument}"))
            }
            Self::Hold { reason } => reason.iter().try_for_each(|reason| write!(f, " {reason}")),
            Self::Merge { when_ready: true } => f.write_str(" when-ready"),
            Self::Merge { when_ready: false }
            | Self::Unapprove
            | Self::Unhold
            | Self::Cancel
            | Self::Status
            | Self::Help => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
