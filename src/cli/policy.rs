//! `policy check`, `policy test`, `policy list`, `policy explain`, `policy import`: offline, on files.

mod check;
mod explain;
mod import;
mod list;
mod packs;
mod test;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use countersign_core::config::{self, Level, POLICY_PATH, Policy as Declared};
use countersign_core::policybot::POLICY_BOT_PATH;
use countersign_core::snapshot::Snapshot;

use super::{Exit, deliver, files};

pub(super) const EXAMPLES: &str = "Examples:\n  countersign policy check\n  countersign policy test\n  countersign policy list\n  countersign policy explain --input snapshot.json\n  countersign policy import --output .countersign.toml";

#[derive(Debug, Subcommand)]
pub(super) enum Policy {
    /// Check a policy file and the files that it names: every error with file, line and column
    #[command(
        after_help = "Examples:\n  countersign policy check\n  countersign policy check proposed.toml --settings countersign.toml"
    )]
    Check {
        /// The file; what it names is read from the repository around it
        #[arg(default_value = POLICY_PATH)]
        file: PathBuf,
        /// The server's settings, for the floor that they name
        #[arg(long, value_name = "FILE")]
        settings: Option<PathBuf>,
    },
    /// Try a policy on its own cases ([[policy_test]])
    #[command(after_help = "Examples:\n  countersign policy test\n  countersign policy test proposed.toml")]
    Test {
        /// The file; what it names is read from the repository around it
        #[arg(default_value = POLICY_PATH)]
        file: PathBuf,
    },
    /// List what a policy has: environments, checks, waivers, rules; or the packs that come with the program
    #[command(
        after_help = "Examples:\n  countersign policy list\n  countersign policy list proposed.toml\n  countersign policy list --packs"
    )]
    List {
        /// The file
        #[arg(default_value = POLICY_PATH, conflicts_with = "packs")]
        file: PathBuf,
        /// Every rule of every pack: what it asks for, how heavy it is, what can be set
        #[arg(long)]
        packs: bool,
    },
    /// Decide a recorded snapshot again, offline, and say why it comes out as it does
    #[command(
        after_help = "Examples:\n  countersign policy explain --input snapshot.json\n  countersign policy explain --input snapshot.json --format json | jq .explanation"
    )]
    Explain {
        /// A snapshot that the bot saved (JSON)
        #[arg(long)]
        input: PathBuf,
        /// A tree of sentences, or the whole plan with that tree in it; without this, sentences on a terminal and JSON elsewhere
        #[arg(long, value_enum)]
        format: Option<explain::Format>,
    },
    /// Translate a policy of policy-bot's, never laxer; every departure is told
    #[command(
        after_help = "Examples:\n  countersign policy import\n  countersign policy import --output .countersign.toml\n  countersign policy import --compare snapshot.json"
    )]
    Import {
        /// policy-bot's file
        #[arg(default_value = POLICY_BOT_PATH)]
        file: PathBuf,
        /// Write to this file, which must not be there yet, rather than to stdout
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Write nothing: say what policy-bot makes of a snapshot that the bot saved (JSON), and what the translation does
        #[arg(long, value_name = "SNAPSHOT", conflicts_with = "output")]
        compare: Option<PathBuf>,
    },
}

impl Policy {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        match self {
            Self::Check { file, settings } => check::run(&file, settings.as_deref()),
            Self::Test { file } => test::run(&file),
            Self::List { packs: true, .. } => packs::list(),
            Self::List { file, packs: false } => list::run(&file),
            Self::Explain { input, format } => explain::run(&input, format),
            Self::Import { file, compare: Some(input), .. } => import::compare(&file, &input),
            Self::Import { file, output, compare: None } => import::run(&file, output.as_ref()),
        }
    }
}

/// A policy file that can be read; otherwise its errors are delivered, and that is the end.
fn read(file: &Path) -> anyhow::Result<Result<(String, Declared), Exit>> {
    let text = files::text(file)?;
    match config::parse(&text, &file.display().to_string()) {
        Ok(policy) => Ok(Ok((text, policy))),
        Err(errors) => {
            deliver(&files::rendered(&errors, Level::Error), None)?;
            Ok(Err(Exit::Usage))
        }
    }
}

fn snapshot(input: &Path) -> anyhow::Result<Snapshot> {
    let name = input.display().to_string();
    let text = std::fs::read_to_string(input).with_context(|| format!("{name}: cannot be read"))?;
    serde_json::from_str(&text).with_context(|| format!("{name}: is not a snapshot"))
}
