//! The sticky comment.
use super::Report;
use crate::change::ChangeRequest;

/// What the comment needs beside the report.
#[derive(Debug, Clone, Copy)]
pub struct CommentInput<'a> {
    /// The report.
    pub report: &'a Report,
    /// The change request.
    pub change: &'a ChangeRequest,
    /// Notes for the top, e.g. errors of the policy file (Markdown, already safe).
    pub notes: &'a [String],
    /// The commands that are valid now, ready to copy.
    pub commands: &'a [String],
    /// The full page, where there is one.
    pub page: Option<&'a str>,
    /// Byte budget, 60,000 on GitHub.
    pub budget: usize,
}

/// The hidden marker of a change's sticky comment: its first line starts with it.
pub fn marker(_change: &crate::change::ChangeId) -> String {
    todo!()
}

/// The comment, marker first, within the budget. The same report gives the same bytes.
pub fn comment(_input: &CommentInput<'_>) -> String {
    todo!()
}
