//! `policy explain`: a recorded snapshot, decided again.

use std::io::IsTerminal as _;
use std::path::Path;

use clap::ValueEnum;
use countersign_core::decide::{decide, explain};
use countersign_core::explanation::Explanation;
use countersign_core::plan::Plan;
use countersign_core::verdict::Verdict;
use serde::Serialize;

use crate::cli::{Exit, deliver};

/// How a decision is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    /// A tree of sentences
    Text,
    /// The plan and the tree
    Json,
}

/// What was decided, and why.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    plan: &'a Plan,
    explanation: &'a Explanation,
}

pub(super) fn run(input: &Path, format: Option<Format>) -> anyhow::Result<Exit> {
    let snapshot = super::snapshot(input)?;
    let plan = decide(&snapshot);
    let explanation = explain(&snapshot);
    let on_terminal = || if std::io::stdout().is_terminal() { Format::Text } else { Format::Json };
    match format.unwrap_or_else(on_terminal) {
        Format::Text => deliver(&explanation.to_text(), None)?,
        Format::Json => {
            let told = Told { plan: &plan, explanation: &explanation };
            deliver(&format!("{}\n", serde_json::to_string_pretty(&told)?), None)?;
        }
    }
    Ok(match plan.verdict {
        Verdict::Allow | Verdict::Hold(_) => Exit::Fine,
        Verdict::Block(_) => Exit::Blocked,
        Verdict::Undecided(_) => Exit::Undecided,
    })
}
