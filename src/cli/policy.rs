//! `policy check`, `policy test`, `policy list`, `policy explain`: offline, on files.

mod check;
mod explain;
mod list;
mod packs;
mod test;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use countersign_core::config::{self, Level, POLICY_PATH, Policy as Declared};

use super::{Exit, deliver, files};

pub(super) const EXAMPLES: &str = "Examples:\n  countersign policy check\n  countersign policy test\n  countersign policy list\n  countersign policy explain --input snapshot.json";

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
}

impl Policy {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        match self {
            Self::Check { file, settings } => check::run(&file, settings.as_deref()),
            Self::Test { file } => test::run(&file),
            Self::List { packs: true, .. } => packs::list(),
            Self::List { file, packs: false } => list::run(&file),
            Self::Explain { input, format } => explain::run(&input, format),
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
