//! What every command says of itself.
#![allow(clippy::unwrap_used, clippy::panic)]

use clap::{Command, CommandFactory as _, Parser as _};

use super::Arguments;

/// Every command, by the words that call it.
fn commands() -> Vec<(String, Command)> {
    fn collect(name: &str, command: &Command, all: &mut Vec<(String, Command)>) {
        all.push((name.to_owned(), command.clone()));
        for inner in command.get_subcommands() {
            collect(&format!("{name} {}", inner.get_name()), inner, all);
        }
    }
    let mut all = Vec::new();
    collect("countersign", &Arguments::command(), &mut all);
    all
}

/// The words of a line that are ours: no comment, and nothing of what a shell does with the output.
fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().take_while(|word| !["#", "|", ">"].contains(word)).collect()
}

/// The indented lines of what follows the options.
fn examples(command: &Command) -> Vec<String> {
    let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    text.lines().filter_map(|line| line.strip_prefix("  ")).map(|line| words(line).join(" ")).collect()
}

#[track_caller]
fn parses(line: &str) {
    if let Err(error) = Arguments::try_parse_from(words(line)) {
        panic!("{line}: {error}");
    }
}

#[test]
fn every_command_has_examples_that_parse() {
    for (name, command) in commands() {
        let examples = examples(&command);
        assert!(!examples.is_empty(), "`{name} --help` ends without examples");
        for example in examples {
            assert!(example.starts_with(&name), "an example of `{name}`: {example}");
            parses(&example);
        }
    }
}

#[test]
fn the_commands_of_the_readme_parse() {
    const README: &str = include_str!("../../README.md");
    let commands: Vec<&str> =
        README.lines().map(str::trim_start).filter(|line| line.starts_with("countersign ")).collect();
    assert!(commands.len() > 5, "{commands:?}");
    commands.into_iter().for_each(parses);
}

#[test]
fn the_arguments_hold_together() {
    Arguments::command().debug_assert();
}
