//! Findings as notes beside the lines they are about, and beside them who has to agree. A note that would stand beside
//! another line is none.

use std::collections::BTreeMap;

use crate::config::Severity;
use crate::plan::{Annotation, AnnotationLevel, Annotations};
use crate::policy::{Finding, FindingPlace};
use crate::report::{self, Report};
use crate::snapshot::Snapshot;

/// The most notes on one commit; a forge takes them fifty at a time.
const MOST: usize = 500;
/// The longest text of a note, and its longest title, in characters.
const MESSAGE: usize = 4_000;
const TITLE: usize = 200;

/// What is noted of a report's findings, the heaviest first; the same in several environments once.
pub(super) fn annotations(snapshot: &Snapshot, report: &Report) -> Annotations {
    let mut noted: BTreeMap<Annotation, Vec<&str>> = BTreeMap::new();
    let mut elsewhere = 0_usize;
    for finding in &report.findings {
        match note(snapshot, finding) {
            None => elsewhere += 1,
            Some(note) => {
                let environments = noted.entry(note).or_default();
                if !environments.contains(&finding.environment.as_str()) {
                    environments.push(&finding.environment);
                }
            }
        }
    }
    let mut notes: Vec<Annotation> = noted.into_iter().map(|(note, names)| within(note, &names)).collect();
    elsewhere += notes.len().saturating_sub(MOST);
    notes.truncate(MOST);
    Annotations {
        notes,
        elsewhere: u32::try_from(elsewhere).unwrap_or(u32::MAX),
        approvals: report::approvals(report),
    }
}

/// `None` for what is beside no line of the head commit.
fn note(snapshot: &Snapshot, finding: &Finding) -> Option<Annotation> {
    let (file, line) = match finding.place()? {
        FindingPlace::Source { file, line, column: _ } => (file, line?),
        FindingPlace::Rendered { .. } => return None,
    };
    if snapshot.shifted.contains(file) {
        return None;
    }
    let level = match (finding.waived.is_some(), finding.errored, finding.existing, finding.severity) {
        (false, true, _, _) | (false, false, false, Severity::Error) => AnnotationLevel::Failure,
        (false, false, false, Severity::Warning) => AnnotationLevel::Warning,
        (true, ..) | (false, false, true, _) | (false, false, false, Severity::Info) => {
            AnnotationLevel::Notice
        }
    };
    let title = match &finding.rule {
        Some(rule) => format!("{} / {rule}", finding.check),
        None => finding.check.clone(),
    };
    let failed = if finding.errored { "the check itself failed, which blocks: " } else { "" };
    let mut message = format!("{failed}{}", finding.told());
    if let Some(object) = &finding.object {
        message = format!("{object}: {message}");
    }
    if let Some(waived) = &finding.waived {
        message.push_str(&format!(" (waived by {} until {}: {})", waived.by, waived.until, waived.reason));
    } else if finding.existing && !finding.errored {
        message.push_str(" (the target branch has it too, so it does not block)");
    }
    Some(Annotation {
        level,
        path: file.to_owned(),
        line,
        title: cut(&report::terminal_safe(&title).replace('\n', " "), TITLE),
        message: cut(&report::terminal_safe(&message), MESSAGE),
    })
}

/// A note that says where its finding holds.
fn within(note: Annotation, environments: &[&str]) -> Annotation {
    let named: Vec<&str> = environments.iter().copied().filter(|name| !name.is_empty()).collect();
    if named.is_empty() {
        return note;
    }
    let named = report::terminal_safe(&named.join(", "));
    Annotation { message: cut(&format!("{named}: {}", note.message), MESSAGE), ..note }
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}
