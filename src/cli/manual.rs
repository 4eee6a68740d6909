//! `completions` and `man`: what the arguments say of themselves, for shells and for packagers.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man as Page;

use super::{Arguments, Exit, deliver};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  countersign completions bash > ~/.local/share/bash-completion/completions/countersign\n  countersign completions zsh\n  countersign completions fish > ~/.config/fish/completions/countersign.fish"
)]
pub(super) struct Completions {
    /// Which shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "countersign", &mut text);
        deliver(&String::from_utf8(text)?, None)?;
        Ok(Exit::Fine)
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  countersign man | man -l -\n  countersign man --output man1   # countersign.1, countersign-review.1, …"
)]
pub(super) struct Man {
    /// Write a page for every command into this folder instead
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
}

impl Man {
    pub(super) fn run(self) -> anyhow::Result<Exit> {
        let mut command = Arguments::command();
        command.build();
        match self.output {
            None => deliver(&page(command)?, None)?,
            Some(folder) => {
                std::fs::create_dir_all(&folder)
                    .with_context(|| format!("{}: cannot be made", folder.display()))?;
                write_pages(&folder, "countersign", command)?;
            }
        }
        Ok(Exit::Fine)
    }
}

/// The page of a command and those of all commands below it, called as man calls them: `countersign-policy-check.1`.
fn write_pages(folder: &Path, name: &str, command: Command) -> anyhow::Result<()> {
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        write_pages(folder, &format!("{name}-{}", inner.get_name()), inner.clone())?;
    }
    deliver(&page(command)?, Some(&folder.join(format!("{name}.1"))))
}

fn page(command: Command) -> anyhow::Result<String> {
    let mut text = Vec::new();
    let version = format!("countersign {}", env!("CARGO_PKG_VERSION"));
    Page::new(command).source(version).manual("Countersign").render(&mut text)?;
    Ok(String::from_utf8(text)?)
}
