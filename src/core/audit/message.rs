//! The merge commit's message.
use serde::{Deserialize, Serialize};

/// One trailer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trailer {
    /// `Approved-by`.
    pub key: String,
    /// Its value; one line.
    pub value: String,
}

/// Title and trailers of a merge commit. User text in it is already folded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergeMessage {
    /// `Merge acme/env#481: Shop 1.5.0`
    pub title: String,
    /// In the order of the design.
    pub trailers: Vec<Trailer>,
}

/// Folds user text to one harmless line: no control characters, no trailer-like start, no `[skip ci]`, no closing
/// keywords, at most `limit` characters.
pub fn fold_user_text(_text: &str, _limit: usize) -> String {
    todo!()
}

/// Title, blank line, trailers.
pub fn render_message(_message: &MergeMessage) -> String {
    todo!()
}

/// The trailers of a commit message, as `git interpret-trailers --parse` reads them.
pub fn parse_trailers(_message: &str) -> Vec<Trailer> {
    todo!()
}
