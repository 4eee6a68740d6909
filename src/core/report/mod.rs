//! The report: one value behind the comment, the terminal, the pages and the evidence.

mod asked;
mod build;
mod comment;
mod danger;
mod drift;
mod escape;
mod failure;
mod html;
mod image;
mod model;
mod sarif;
mod standing;
mod summary;
mod terminal;

pub use asked::approvals;
pub use build::{ReportInput, build};
pub(crate) use build::{approval, proposed};
pub use comment::{CommentInput, comment, markdown, marker};
pub use drift::{DriftReport, EnvironmentDrift, drift_markdown, drift_terminal};
pub(crate) use escape::is_invisible;
pub use escape::{code_span, fence, inert, prose, terminal_safe};
pub use html::{drift_html, html};
pub use model::*;
pub use sarif::{drift_sarif, sarif};
pub use standing::{proposed as proposed_words, waivers as waiver_words};
pub use terminal::{Colour, Style, terminal};

/// People who are named where somebody is missing; of more the number is told.
const PEOPLE: usize = 5;

/// Whom a rule asks for, and who of them could still say yes: `acme/sre: dee, emil`.
pub(crate) fn whom(from: &str, could: &[String]) -> String {
    let could: Vec<&str> = could.iter().map(String::as_str).collect();
    match summary::names(&could, PEOPLE) {
        people if people.is_empty() || people == from => from.to_owned(),
        people => format!("{from}: {people}"),
    }
}

/// A list for a sentence: at most `limit` items, then how many more.
pub fn listed(items: &[String], limit: usize) -> String {
    let shown: Vec<String> = items.iter().take(limit).map(|item| escape::code_span(item)).collect();
    let more = items.len().saturating_sub(limit);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

#[cfg(test)]
mod tests;
