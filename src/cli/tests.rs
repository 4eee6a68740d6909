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

/// The indented lines of what follows the options, without comments and what a shell does with the output.
fn examples(command: &Command) -> Vec<String> {
    let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.strip_prefix("  "));
    let ours = |line: &str| {
        let words = line.split(' ').take_while(|word| !["#", "|", ">"].contains(word));
        words.collect::<Vec<_>>().join(" ")
    };
    lines.map(ours).collect()
}

#[test]
fn every_command_has_examples_that_parse() {
    for (name, command) in commands() {
        let examples = examples(&command);
        assert!(!examples.is_empty(), "`{name} --help` ends without examples");
        for example in examples {
            assert!(example.starts_with(&name), "an example of `{name}`: {example}");
            Arguments::try_parse_from(example.split_whitespace())
                .unwrap_or_else(|error| panic!("{example}: {error}"));
        }
    }
}

#[test]
fn the_arguments_hold_together() {
    Arguments::command().debug_assert();
}
