//! The report: one value behind the comment, the terminal, the pages and the evidence.

mod build;
mod comment;
mod danger;
mod escape;
mod failure;
mod html;
mod image;
mod model;
mod sarif;
mod standing;
mod summary;
mod terminal;

pub use build::{ReportInput, build};
pub(crate) use build::{approval, proposed};
pub use comment::{CommentInput, comment, markdown, marker};
pub(crate) use escape::is_invisible;
pub use escape::{code_span, fence, inert, prose, terminal_safe};
pub use html::html;
pub use model::*;
pub use sarif::sarif;
pub use standing::{proposed as proposed_words, waivers as waiver_words};
pub use terminal::{Colour, Style, terminal};

/// A list for a sentence: at most `limit` items, then how many more.
pub fn listed(items: &[String], limit: usize) -> String {
    let shown: Vec<String> = items.iter().take(limit).map(|item| escape::code_span(item)).collect();
    let more = items.len().saturating_sub(limit);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

#[cfg(test)]
mod tests;
