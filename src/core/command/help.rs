//! What `/help` says.

use super::Command;

/// The commands as a Markdown table, and how to say them.
pub fn help() -> String {
    let rows: Vec<String> = every()
        .iter()
        .map(|command| {
            let (arguments, meaning) = explained(command);
            format!("| `/{}{arguments}` | {meaning} |", command.verb())
        })
        .collect();
    format!(
        "| command | what it does |\n|---|---|\n{}\n\n\
         Each stands at the start of a line of its own; `/cs-merge` and a mention of the bot followed by `merge` say the same as `/merge`. \
         Code, quotes and lists are never read as commands, and neither is an edit: say it again in a new comment.",
        rows.join("\n")
    )
}

/// One of each, in the order of the help.
pub(super) fn every() -> [Command; 8] {
    [
        Command::Approve { environments: Vec::new(), pin: None },
        Command::Unapprove,
        Command::Hold { reason: None },
        Command::Unhold,
        Command::Merge { when_ready: false },
        Command::Cancel,
        Command::Status,
        Command::Help,
    ]
}

/// Arguments and meaning. Every field is named, so that a new command or argument is not forgotten here.
fn explained(command: &Command) -> (&'static str, &'static str) {
    match command {
        Command::Approve { environments: _, pin: _ } => (
            " [environment…] [digest or commit]",
            "agree to what was on display, in all environments or in those named; with a digest, to that and nothing else",
        ),
        Command::Unapprove => ("", "take your approval back"),
        Command::Hold { reason: _ } => (" [reason]", "stop the change until you or an administrator lift it"),
        Command::Unhold => ("", "lift your hold"),
        Command::Merge { when_ready: _ } => (
            " [when-ready]",
            "land it now, or as soon as nothing is missing; else list everything that is missing",
        ),
        Command::Cancel => ("", "take a `/merge` back"),
        Command::Status => ("", "say what is missing"),
        Command::Help => ("", "this table"),
    }
}
