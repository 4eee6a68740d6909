//! How clusters differ from what a repository says, without any change.

use std::fmt::{Display, Write as _};

use serde::Serialize;
use serde_json::Value;

use super::escape::{code_span, terminal_safe};
use crate::effect::FieldChange;
use crate::evaluation::Drifted;

/// What was found of each environment that was asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DriftReport {
    /// The commit that clusters are held to.
    pub commit: String,
    /// In the policy's order.
    pub environments: Vec<EnvironmentDrift>,
}

/// What was found of one environment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EnvironmentDrift {
    /// The environment.
    pub environment: String,
    /// Its cluster, as the policy calls it.
    pub cluster: String,
    /// What differs, is missing or was not told.
    #[serde(flatten)]
    pub drifted: Drifted,
}

impl DriftReport {
    /// Whether something is known to be different.
    pub fn differs(&self) -> bool {
        self.environments.iter().any(|found| found.drifted.differs())
    }

    /// Whether everything could be told.
    pub fn is_told(&self) -> bool {
        self.environments.iter().all(|found| found.drifted.errors.iter().all(|error| !error.undecided))
    }
}

impl EnvironmentDrift {
    /// How many objects differ, of how many.
    pub(super) fn counts(&self) -> String {
        let Drifted { compared, left_out, drift, missing, errors: _ } = &self.drifted;
        let count = drift.len().saturating_add(missing.len());
        format!("{count} of {compared} objects differ; {left_out} are never looked at")
    }
}

/// Lines for a terminal.
pub fn drift_terminal(report: &DriftReport) -> String {
    lines(report, "", "  ", terminal_safe)
}

/// A list in Markdown.
pub fn drift_markdown(report: &DriftReport) -> String {
    lines(report, "### ", "- ", code_span)
}

/// `spec.replicas is 5, base says 3`
pub(super) fn drifted_words(change: &FieldChange) -> String {
    let value = |value: &Option<Value>| value.as_ref().map_or("absent".to_owned(), Value::to_string);
    if change.masked {
        return format!("{} differs (secret)", change.path);
    }
    format!("{} is {}, base says {}", change.path, value(&change.before), value(&change.after))
}

/// `quote` makes what comes from elsewhere harmless where it is printed.
fn lines<T: Display>(report: &DriftReport, title: &str, item: &str, quote: impl Fn(&str) -> T) -> String {
    let mut text = String::new();
    for found in &report.environments {
        let EnvironmentDrift { environment, cluster, drifted } = found;
        let (environment, cluster) = (quote(environment), quote(cluster));
        let _ = writeln!(text, "{title}{environment}, cluster {cluster}: {}", found.counts());
        for object in &drifted.missing {
            let _ = writeln!(text, "{item}{} is not in the cluster", quote(&object.to_string()));
        }
        for drift in &drifted.drift {
            for change in &drift.changes {
                let (object, said) = (quote(&drift.object.to_string()), quote(&drifted_words(change)));
                let _ = writeln!(text, "{item}{object}: {said}");
            }
        }
        for error in &drifted.errors {
            let word = if error.undecided { "not told" } else { "note" };
            let _ = writeln!(text, "{item}{word}: {}", quote(&error.message));
        }
    }
    text
}
