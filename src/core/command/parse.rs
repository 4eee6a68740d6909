//! Reading a comment.
use super::Command;

/// Why the commands of a comment do not run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CommandError {
    /// What is wrong and what was probably meant; Markdown-safe.
    pub message: String,
}

/// All commands of a comment, in order; none when it has none. One bad command and none runs.
pub fn parse(_body: &str, _bot_login: &str) -> Result<Vec<Command>, Vec<CommandError>> {
    todo!()
}
