//! The bench: every command of the program, from arguments to an exit status.
//!
//! Results go to stdout, progress and diagnostics to stderr.

mod advice;
mod audit;
mod cache;
mod demo;
mod doctor;
mod drift;
mod files;
mod init;
mod interruption;
mod manual;
mod policy;
mod progress;
mod review;
mod schema;
mod serve;
#[cfg(test)]
mod tests;
mod wire;

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::error::ErrorKind;
use clap::{Parser, Subcommand, ValueEnum};

/// How a report is printed.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum ReportFormat {
    Terminal,
    Markdown,
    Html,
    Json,
    Sarif,
}

/// How a command ended. The numbers are part of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Nothing blocks.
    Fine,
    /// Blocked, or on hold where that was asked for.
    Blocked,
    /// It could not be told.
    Undecided,
    /// Wrong usage, wrong policy, wrong settings.
    Usage,
    /// Interrupted.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Fine => 0,
            Exit::Blocked => 1,
            Exit::Undecided => 2,
            Exit::Usage => 64,
            Exit::Interrupted => 130,
        })
    }
}

/// Shows what a change really does, holds it to policy, lands it auditably.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, max_term_width = 100)]
#[command(after_help = "\
First steps, in a clone of a repository of manifests, kustomize roots or charts:
  countersign review              # what merging HEAD into the default branch would do
  countersign review --worktree   # the same for the files as they are
  countersign init                # a policy file to begin with, and a check for CI
  countersign demo                # the bot at work on a stand-in forge")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say what merging the commit at hand would do to every environment
    Review(review::Review),
    /// Say how clusters differ from what the repository says
    Drift(drift::DriftArguments),
    /// Write a policy file to begin with, and a check for CI
    Init(init::Init),
    /// Run the bot
    Serve(serve::Serve),
    /// Play a story of four requests on a stand-in forge and a simulated cluster; needs no program but git
    Demo(demo::Demo),
    /// Check settings, forges and clusters, and say what is missing
    Doctor(doctor::Doctor),
    /// Work with policy files
    #[command(subcommand, after_help = policy::EXAMPLES)]
    Policy(policy::Policy),
    /// Prove what landed
    #[command(subcommand, after_help = audit::EXAMPLES)]
    Audit(audit::Audit),
    /// Print the JSON Schema of a file format
    #[command(
        after_help = "Examples:\n  countersign schema policy > countersign.schema.json\n  countersign schema settings > settings.schema.json"
    )]
    Schema {
        /// Which format
        format: Format,
    },
    /// Print what a shell needs to complete our arguments
    Completions(manual::Completions),
    /// Print the manual page, or write the pages of all commands
    Man(manual::Man),
}

/// A file format with a schema.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// The policy file, .countersign.toml
    Policy,
    /// The report of `review --format json`
    Report,
    /// The server's settings
    Settings,
    /// What a landing was decided on, as it is kept on countersign/audit
    Evidence,
}

/// The word that re-executes this program as the sandbox of a renderer.
const SANDBOX: &str = "__render-sandbox";

/// Runs the program.
pub fn run() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if arguments.get(1).is_some_and(|word| word == SANDBOX) {
        return wire::sandbox(arguments.into_iter().skip(2));
    }
    match Arguments::try_parse_from(arguments) {
        Ok(arguments) => start(arguments.command),
        Err(error) => {
            // Nobody is left to tell when the terminal is gone.
            let _unseen = error.print();
            let asked_for = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            if asked_for { Exit::Fine.into() } else { Exit::Usage.into() }
        }
    }
}

fn start(command: Command) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&anyhow::Error::new(error).context("the runtime did not start")).into(),
    };
    let outcome = runtime.block_on(async {
        match command {
            Command::Review(review) => review.run().await,
            Command::Drift(drift) => drift.run().await,
            Command::Init(init) => init.run().await,
            Command::Serve(serve) => serve.run().await,
            Command::Demo(demo) => demo.run().await,
            Command::Doctor(doctor) => doctor.run().await,
            Command::Policy(policy) => interruption::unless_interrupted_computing(move || policy.run()).await,
            Command::Audit(audit) => audit.run().await,
            Command::Schema { format } => schema::print(format),
            Command::Completions(completions) => completions.run(),
            Command::Man(man) => man.run(),
        }
    });
    // A task that still waits for a process or a socket must not keep the program.
    runtime.shutdown_background();
    outcome.unwrap_or_else(|error| failed(&error)).into()
}

/// Says what failed, with everything beneath it.
fn failed(error: &anyhow::Error) -> Exit {
    let mut err = anstream::stderr();
    let _unseen = writeln!(err, "error: {error}");
    for beneath in error.chain().skip(1) {
        let _unseen = writeln!(err, "  because: {beneath}");
    }
    Exit::Usage
}

/// Writes a result: whole to stdout, or whole to a file by renaming, never a part.
fn deliver(text: &str, output: Option<&PathBuf>) -> anyhow::Result<()> {
    match output {
        None => {
            let mut out = anstream::stdout();
            match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
                // `| head` is not an error.
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
                written => written.context("the result could not be written"),
            }
        }
        Some(file) => {
            // Readable as the user's other files are: reports hold no secrets.
            let mut whole = tempfile::Builder::new()
                .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666))
                .tempfile_in(folder_of(file))
                .with_context(|| format!("{}: cannot be written", file.display()))?;
            whole.write_all(text.as_bytes())?;
            whole.persist(file).with_context(|| format!("{}: cannot be written", file.display()))?;
            Ok(())
        }
    }
}

/// Says before the work what would only fail after it.
fn check_output(output: Option<&Path>) -> anyhow::Result<()> {
    let Some(file) = output else { return Ok(()) };
    if !folder_of(file).is_dir() {
        bail!("--output {}: there is no folder {}; make it first", file.display(), folder_of(file).display());
    }
    if file.is_dir() {
        bail!("--output {}: is a folder; name a file in it", file.display());
    }
    Ok(())
}

fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
