//! Text to policy.
use super::Policy;

/// What is wrong with a policy file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize)]
#[error("{file}:{line}:{column}: {message}")]
pub struct PolicyError {
    /// Path of the file.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// How many characters are meant.
    pub width: u32,
    /// What is wrong.
    pub message: String,
    /// What was probably meant, or what to do.
    pub hint: Option<String>,
    /// The line itself.
    pub source_line: String,
}

/// Reads a policy, or says everything that is wrong with it.
pub fn parse(_text: &str, _file: &str) -> Result<Policy, Vec<PolicyError>> {
    todo!()
}
