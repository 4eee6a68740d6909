//! `policy check`, `policy explain`: offline, on files.

mod checks;
mod packs;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Subcommand;
use countersign_core::config::{self, Level, POLICY_PATH};
use countersign_core::decide::decide;
use countersign_core::snapshot::Snapshot;
use countersign_core::verdict::Verdict;

use super::{Exit, deliver};

pub(super) const EXAMPLES: &str =
    "Examples:\n  countersign policy check\n  countersign policy explain --input snapshot.json";

#[derive(Debug, Subcommand)]
pub(super) enum Policy {
    /// Check a policy file: every error with file, line and column
    #[command(after_help = "Examples:\n  countersign policy check\n  countersign policy check proposed.toml")]
    Check {
        /// The file
        #[arg(default_value = POLICY_PATH)]
        file: PathBuf,
    },
    /// List the packs of rules that come with the program
    #[command(after_help = "Example:\n  countersign policy list --packs")]
    List {
        /// Every rule of every pack: what it asks for, how heavy it is, what can be set
        #[arg(long, required = true)]
        packs: bool,
    },
    /// Decide a recorded snapshot again, offline
    #[command(after_help = "Example:\n  countersign policy explain --input snapshot.json")]
    Explain {
        /// A snapshot that the bot saved (JSON)
        #[arg(long)]
        input: PathBuf,
    },
}

impl Policy {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        match self {
            Self::Check { file } => check(&file),
            Self::List { packs: _ } => packs::list(),
            Self::Explain { input } => explain(&input),
        }
    }
}

fn check(file: &std::path::Path) -> anyhow::Result<Exit> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).with_context(|| format!("{name}: cannot be read"))?;
    match config::parse(&text, &name) {
        Ok(policy) => {
            let unsound = checks::unsound(&policy, file)?;
            if !unsound.is_empty() {
                let line = |(check, why)| format!("{name}: the check `{check}` cannot be run: {why}\n");
                deliver(&unsound.into_iter().map(line).collect::<String>(), None)?;
                return Ok(Exit::Usage);
            }
            let warnings: String = policy
                .warnings
                .iter()
                .map(|warning| format!("{}\n", warning.render(Level::Warning, None)))
                .collect();
            let (environments, checks, rules) =
                (policy.environments.len(), policy.checks.len(), policy.rules.len());
            deliver(
                &format!(
                    "{warnings}{name}: sound ({environments} environments, {checks} checks, {rules} rules)\n"
                ),
                None,
            )?;
            Ok(Exit::Fine)
        }
        Err(errors) => {
            let all: String =
                errors.iter().map(|error| format!("{}\n", error.render(Level::Error, None))).collect();
            deliver(&all, None)?;
            Ok(Exit::Usage)
        }
    }
}

fn explain(input: &std::path::Path) -> anyhow::Result<Exit> {
    let name = input.display().to_string();
    let text = std::fs::read_to_string(input).with_context(|| format!("{name}: cannot be read"))?;
    let snapshot: Snapshot =
        serde_json::from_str(&text).with_context(|| format!("{name}: is not a snapshot"))?;
    let plan = decide(&snapshot);
    deliver(&format!("{}\n", serde_json::to_string_pretty(&plan)?), None)?;
    Ok(match plan.verdict {
        Verdict::Allow | Verdict::Hold(_) => Exit::Fine,
        Verdict::Block(_) => Exit::Blocked,
        Verdict::Undecided(_) => Exit::Undecided,
    })
}
