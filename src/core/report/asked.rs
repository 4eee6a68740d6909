//! Who has to agree, in one sentence for each rule that applies, and the same as a list in Markdown for where there is
//! no room for the comment. Neither a commit nor a time is told: the same report gives the same bytes.

use super::comment::not_counted;
use super::escape::prose;
use super::model::*;
use super::summary::{cut, quote};
use super::whom;
use crate::approval::RequirementState;

/// Characters of one sentence in a list.
const SENTENCE: usize = 2_000;

/// How many of how many, who said yes, who still could, and what of the change makes the rule apply. `None` for a rule
/// that does not. Names are quoted in backticks.
pub(super) fn words(requirement: &RequirementReport) -> Option<String> {
    let RequirementReport { rule, state, needed, from, by, could, note, about, .. } = requirement;
    let rule = quote(rule);
    let mut said = match state {
        RequirementState::Skipped => return None,
        RequirementState::Unknown => format!("{rule} could not be judged"),
        RequirementState::Met | RequirementState::Pending => {
            format!("{rule} has {} of {needed} approvals", by.len())
        }
    };
    said.push_str(&format!(" from {}", whom(from, could)));
    for (before, more) in [("; approved by ", &(!by.is_empty()).then(|| by.join(", "))), ("; ", note)] {
        said.extend(more.iter().flat_map(|more| [before, more.as_str()]));
    }
    said.extend(about.iter().flat_map(|about| ["; because of ", about.as_str()]));
    Some(said)
}

/// Each rule that applies and where it stands, then everybody who does not count: lines of Markdown, safe to show, none
/// longer than a forge takes.
pub fn approvals(report: &Report) -> Vec<String> {
    let rules = report.requirements.iter().filter_map(|requirement| {
        let stands = match requirement.state {
            RequirementState::Met | RequirementState::Skipped => "✅ met",
            RequirementState::Pending => "⏳ waits",
            RequirementState::Unknown => "❔ unknown",
        };
        let said = prose(&cut(&words(requirement)?, SENTENCE));
        Some(format!("{stands}: {said}"))
    });
    let ignored = not_counted(report).into_iter().map(|who| format!("not counted: {who}"));
    rules.chain(ignored).collect()
}
