//! What is read as a command, and what never is.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::time::{Duration, Instant};

use insta::assert_snapshot;
use proptest::prelude::*;

use super::help::every;
use super::{Command, help, parse};

fn approve(environments: &[&str], pin: Option<&str>) -> Command {
    Command::Approve {
        environments: environments.iter().map(|name| (*name).to_owned()).collect(),
        pin: pin.map(str::to_owned),
    }
}

fn hold(reason: &str) -> Command {
    Command::Hold { reason: (!reason.is_empty()).then(|| reason.to_owned()) }
}

const MERGE: Command = Command::Merge { when_ready: false };
const WHEN_READY: Command = Command::Merge { when_ready: true };

#[track_caller]
fn check(body: &str, want: &[Command]) {
    match parse(body, "countersign[bot]") {
        Ok(parsed) => assert_eq!(parsed.commands, want, "{body:?}"),
        Err(errors) => panic!("{body:?} is refused: {errors:?}"),
    }
}

#[track_caller]
fn refused(body: &str) -> String {
    match parse(body, "countersign[bot]") {
        Ok(parsed) => panic!("{body:?} is read as {parsed:?}"),
        Err(errors) => errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    }
}

#[track_caller]
fn dropped(body: &str) -> String {
    let parsed = parse(body, "countersign[bot]").unwrap();
    let said = |commands: Vec<String>| commands.join(", ");
    let run = said(parsed.commands.iter().map(ToString::to_string).collect());
    let left = said(parsed.dropped.iter().map(|(command, why)| format!("{command} ({why})")).collect());
    format!("runs {run}; leaves out {left}")
}

#[test]
fn every_form_of_every_command_is_read() {
    check("/merge", &[MERGE]);
    check("/cs-merge", &[MERGE]);
    check("/CS-Merge when-ready", &[WHEN_READY]);
    check("@countersign merge", &[MERGE]);
    check("@Countersign[bot] MERGE When-Ready", &[WHEN_READY]);
    check("/merge when-ready", &[WHEN_READY]);
    check("@countersign /merge", &[MERGE]);
    check("/approve", &[approve(&[], None)]);
    check("/approve production", &[approve(&["production"], None)]);
    check("/approve production staging 3f2c91a", &[approve(&["production", "staging"], Some("3f2c91a"))]);
    check("/approve sha256:9F1C2A3B production", &[approve(&["production"], Some("sha256:9f1c2a3b"))]);
    check("/approve 3f2c91", &[approve(&["3f2c91"], None)]);
    check("/unapprove", &[Command::Unapprove]);
    check("/hold", &[hold("")]);
    check(
        "/hold \t  the migration runs until noon; see `db`  ",
        &[hold("the migration runs until noon; see `db`")],
    );
    check("/unhold", &[Command::Unhold]);
    check("/cancel", &[Command::Cancel]);
    check("/status", &[Command::Status]);
    check("/help", &[Command::Help]);
}

#[test]
fn a_command_stands_at_the_start_of_a_line_of_a_plain_paragraph() {
    check("Looks good to me.\n/merge", &[MERGE]);
    check("Looks good.\r\n\r\n   /merge  \r\n", &[MERGE]);
    check("one\r/merge\rtwo", &[MERGE]);
    check("/approve\n/merge", &[approve(&[], None), MERGE]);
    check("/approve\n\nand then\n\n/merge", &[approve(&[], None), MERGE]);
    check("> how about it?\n\n/merge", &[MERGE]);
    check("/merge\n\n> how about it?", &[MERGE]);
    check("/merge <!-- added by a mail program -->\n", &[MERGE]);
    check("<!-- a\n<div>\n/hold\n-->\n\n/merge", &[MERGE]);
    check("/merge\n<!-- footer -->", &[MERGE]);
    check("- <b>open\n\ndone\n\n/merge", &[MERGE]);
    check("```\n<!--\n```\n/merge", &[MERGE]);
    check("<br>\n\n/merge", &[MERGE]);
    check("<details><summary>log</summary>\n\n```\n/hold\n```\n</details>\n\n/merge", &[MERGE]);
}

#[test]
fn text_that_is_not_a_plain_paragraph_is_never_a_command() {
    for body in [
        "please /merge",
        "    /merge",
        "\t/merge",
        "a\n    /merge",
        "```\n/merge\n```",
        "```\n/merge",
        "~~~sh\n/merge\n~~~",
        "`/merge`",
        "`a\n/merge`",
        "``a\n/merge\nb``",
        "> /merge",
        "> a\n/merge",
        ">>>\n/merge\n>>>",
        ">>>\n\n/merge\n\n/hold\n\n>>>",
        "- /merge",
        "- a\n  /merge",
        "- a\n/merge",
        "1. /merge",
        "- [ ] /merge",
        "# /merge",
        "/merge\n===",
        "/merge\n---",
        "<!-- /merge -->",
        "<!--\n/merge\n-->",
        "<!--\n\n/merge\n\n-->",
        "text <!--\n/merge\n-->",
        "text <!--\n\n/merge\n\n-->",
        "<div>\n/merge\n</div>",
        "<div>\n\n/merge\n\n</div>",
        "<details>\n<summary>quoted</summary>\n\n/merge\n\n</details>",
        "<blockquote>\n\n/merge\n\n</blockquote>",
        "text <b>\n/merge</b>",
        "<pre>\n\n/merge\n\n</pre>",
        "<script>\n/merge\n</script>",
        "<span title='\n/merge\n'>x</span>",
        "| a | b |\n|---|---|\n| /merge | x |\n",
        "/merge | b\n---|---\n",
        "a | b\n---|---\n/merge\n",
        "text\na | b\n--|--\n/merge",
        "[/merge](https://x.example)",
        "[a\n/merge](https://x.example)",
        "![a\n/merge](https://x.example)",
        "*a\n/merge*",
        "**/merge**",
        "~~a\n/merge~~",
        "\\/merge",
        "&#47;merge",
        "[a]: <https://x.example>\n  '\n/merge\n'",
        "[^1]: note\n\n    /merge\n\nx[^1]",
        "$$\n/merge\n$$",
        "/merged",
        "/merge-it",
        "/etc/passwd",
        "/lgtm\n/assign @bo",
        "@countersign-fan merge",
        "@someone merge",
        "@countersign, thanks",
        "mail@countersign merge",
        "merge",
        "/",
        "/ merge",
        "",
    ] {
        check(body, &[]);
    }
}

#[test]
fn a_bad_command_is_answered_and_stops_the_others() {
    assert_snapshot!(refused("/approve\n/cs-mrege"), @"there is no command `mrege`; did you mean `/merge`?");
    assert_snapshot!(refused("@countersign thank you"), @"there is no command `thank`; `/help` lists them");
    assert_snapshot!(refused("@countersign"), @"the command is missing; `/help` lists them");
    assert_snapshot!(refused("/cs-`</details>`|@acme/sre"), @r#"there is no command <code>\`&lt;/details&gt;\`\|@&#8203;acme/sre</code>; `/help` lists them"#);
    assert_snapshot!(refused("/merge now"), @"`/merge` takes `when-ready` or nothing, not `now`");
    assert_snapshot!(refused("/merge when-ready please"), @"`/merge` takes `when-ready` or nothing, not `please`");
    assert_snapshot!(refused("/unhold bo"), @"`/unhold` takes nothing after it, but `bo` follows");
    assert_snapshot!(refused("/approve Production"), @"`/approve`: `Production` is neither an environment's name nor a digest nor a commit");
    assert_snapshot!(refused("/approve 1234567 89abcdef"), @"`/approve` takes one digest or commit, but 1234567 and 89abcdef are given");
    assert_snapshot!(refused("/approve sha256:9f1c"), @"`/approve`: `sha256:9f1c` is not a digest: `sha256:` and 8 to 64 hexadecimal digits");
    assert_snapshot!(refused(&format!("/approve {}", "a".repeat(65))), @"`/approve`: `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…` is longer than any digest or commit");
    assert_snapshot!(refused("/apply\n/plan\n/cs-retry\n/override x"), @r"
    `/apply`: this bot never applies; merging is the deploy
    `/plan` is not available in this version; `/help` lists what is
    `/retry` is not available in this version; `/help` lists what is
    `/override` is not available in this version; `/help` lists what is
    ");
    assert_snapshot!(refused("/status\n/status\n/status\n/status\n/help\n/help"), @"6 commands in one comment; at most 5 are read: split them");
}

#[test]
fn look_alikes_and_hidden_characters_are_refused_with_the_reason() {
    assert_snapshot!(refused("/mer\u{200b}ge"), @"`/merge`: the line holds an invisible character (U+200B), so it was not read; type it again with plain characters");
    assert_snapshot!(refused("\u{feff}/merge"), @"`/merge`: the line holds an invisible character (U+FEFF), so it was not read; type it again with plain characters");
    assert_snapshot!(refused("text\n\u{feff}/merge"), @"`/merge`: the line holds an invisible character (U+FEFF), so it was not read; type it again with plain characters");
    assert_snapshot!(refused("\u{a0}/merge"), @"`/merge`: the line holds a space that is not a plain one (U+00A0), so it was not read; type it again with plain characters");
    assert_snapshot!(refused("/approve\u{a0}production"), @"`/approve production`: the line holds a space that is not a plain one (U+00A0), so it was not read; type it again with plain characters");
    assert_snapshot!(refused("/approve production\u{202e}gnigats"), @"`/approve productiongnigats`: the line holds a character that changes the direction of text (U+202E), so it was not read; type it again with plain characters");
    assert_snapshot!(refused("／merge"), @"`/merge`: the line holds a look-alike character (U+FF0F), so it was not read; type it again with plain characters");
    assert_snapshot!(refused("/ｍｅｒｇｅ"), @"`/merge`: the line holds a look-alike character (U+FF4D), so it was not read; type it again with plain characters");
    assert_snapshot!(refused("@countersign\u{2009}merge"), @"`@countersign merge`: the line holds a space that is not a plain one (U+2009), so it was not read; type it again with plain characters");
    assert_snapshot!(refused("/cs-ap\u{ad}prove"), @"`/cs-approve`: the line holds an invisible character (U+00AD), so it was not read; type it again with plain characters");
    assert_snapshot!(refused("/hold because \u{202e}yes"), @"`/hold because yes`: the line holds a character that changes the direction of text (U+202E), so it was not read; type it again with plain characters");
    assert_snapshot!(refused("/hold\u{a0}because"), @"`/hold because`: the line holds a space that is not a plain one (U+00A0), so it was not read; type it again with plain characters");
    check(
        "/hold 請等一下：週末，還有 👩\u{200d}💻\u{fe0f}",
        &[hold("請等一下：週末，還有 👩\u{200d}💻\u{fe0f}")],
    );
    check("/hold pas maintenant\u{a0}!", &[hold("pas maintenant\u{a0}!")]);
    check("> /mer\u{200b}ge", &[]);
    check("/lgt\u{200b}m", &[]);
}

#[test]
fn of_two_commands_that_pull_apart_the_safer_one_counts() {
    assert_snapshot!(dropped("/approve\n/hold\n/merge\n/unhold"), @"runs /hold; leaves out /approve (the same comment says `/hold`, and the safer one counts), /merge (the same comment says `/hold`, and the safer one counts), /unhold (the same comment says `/hold`, and the safer one counts)");
    assert_snapshot!(dropped("/merge\n/cancel"), @"runs /cancel; leaves out /merge (the same comment says `/cancel`, and the safer one counts)");
    assert_snapshot!(dropped("/unapprove\n/approve"), @"runs /unapprove; leaves out /approve (the same comment says `/unapprove`, and the safer one counts)");
    assert_snapshot!(dropped("/merge when-ready\n/merge"), @"runs /merge; leaves out /merge when-ready (the same comment says `/merge`, which asks for less)");
    assert_snapshot!(dropped("/approve staging\n/approve production\n/approve staging"), @"runs /approve staging, /approve production; leaves out /approve staging (it is said twice)");
}

#[test]
fn help_names_every_command_once() {
    let text = help();
    for command in every() {
        assert_eq!(text.matches(&format!("\n| `/{}", command.verb())).count(), 1, "{command}");
    }
    assert_snapshot!(text, @r"
    | command | what it does |
    |---|---|
    | `/approve [environment…] [digest or commit]` | agree to what was on display, in all environments or in those named; with a digest, to that and nothing else |
    | `/unapprove` | take your approval back |
    | `/hold [reason]` | stop the change until you or an administrator lift it |
    | `/unhold` | lift your hold |
    | `/merge [when-ready]` | land it now, or as soon as nothing is missing; else list everything that is missing |
    | `/cancel` | take a `/merge` back |
    | `/status` | say what is missing |
    | `/help` | this table |

    Each stands at the start of a line of its own; `/cs-merge` and a mention of the bot followed by `merge` say the same as `/merge`. Code, quotes and lists are never read as commands, and neither is an edit: say it again in a new comment.
    ");
}

#[test]
fn hostile_markdown_is_read_fast() {
    let size = 65_536;
    let command = "\n\n/merge\n";
    for piece in [
        "[",
        "![",
        "> ",
        "*a ",
        "`",
        "``` ",
        "<a ",
        "<!--",
        "[a](",
        "**a **",
        "- ",
        "| a ",
        "$",
        "&",
        "_a*",
        "<details>",
        "\u{200b}",
        "/x\n",
        "[a]: b\n",
        "[^a]:",
        "```\n>\n",
        "/cs-x\n",
    ] {
        let body = format!("{}{command}", piece.repeat(size / piece.len()));
        let start = Instant::now();
        let _ = parse(&body, "countersign");
        assert!(start.elapsed() < Duration::from_secs(2), "{piece:?} took {:?}", start.elapsed());
    }
}

fn any_command() -> impl Strategy<Value = Command> {
    let environment = "[a-z][a-z0-9._-]{0,8}".prop_filter("looks like a commit", |name| {
        name.len() < 7 || !name.bytes().all(|byte| byte.is_ascii_hexdigit())
    });
    let pin = prop_oneof!["[0-9a-f]{7,64}", "sha256:[0-9a-f]{8,64}"];
    let environments =
        prop::collection::btree_set(environment, 0..4).prop_map(|set| set.into_iter().collect());
    let reason =
        "[!-~äß|`*]([ -~äß|`*]{0,40}[!-~äß])?".prop_filter("hides itself", |reason| !reason.contains("<!"));
    prop_oneof![
        (environments, prop::option::of(pin))
            .prop_map(|(environments, pin)| Command::Approve { environments, pin }),
        Just(Command::Unapprove),
        prop::option::of(reason).prop_map(|reason| Command::Hold { reason }),
        Just(Command::Unhold),
        any::<bool>().prop_map(|when_ready| Command::Merge { when_ready }),
        Just(Command::Cancel),
        Just(Command::Status),
        Just(Command::Help),
    ]
}

/// Pieces that Markdown and the reading give a meaning to.
fn any_body() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("/merge".to_owned()),
        Just("/cs-hold x".to_owned()),
        Just("@countersign approve".to_owned()),
        Just("\n".to_owned()),
        Just("\n\n".to_owned()),
        Just("\r".to_owned()),
        Just("\r\n".to_owned()),
        "[ \t>`~*_<!\\-\\[\\]()|#=$&;/:+1-3]{1,4}",
        Just("<!--".to_owned()),
        Just("-->".to_owned()),
        Just("<details>".to_owned()),
        Just("</details>".to_owned()),
        Just("```".to_owned()),
        "\\PC{1,4}",
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn quoted(body: &str) -> String {
    let lines = body.replace("\r\n", "\n").replace('\r', "\n");
    lines.split('\n').map(|line| format!("> {line}\n")).collect()
}

proptest! {
    #[test]
    fn reading_never_panics(body in any_body(), text in ".*") {
        let _ = parse(&body, "countersign");
        let _ = parse(&text, "countersign");
    }

    #[test]
    fn what_is_printed_is_read_back(command in any_command()) {
        prop_assert_eq!(parse(&command.to_string(), "countersign").unwrap().commands, vec![command.clone()]);
        let prefixed = command.to_string().replacen('/', "/cs-", 1);
        prop_assert_eq!(parse(&prefixed, "countersign").unwrap().commands, vec![command]);
    }

    #[test]
    fn quoting_a_comment_never_executes_it(body in any_body()) {
        let parsed = parse(&quoted(&body), "countersign").unwrap();
        prop_assert_eq!(parsed.commands, vec![]);
    }

    #[test]
    fn fencing_a_comment_never_executes_it(body in any_body()) {
        let parsed = parse(&crate::report::fence("", &body), "countersign").unwrap();
        prop_assert_eq!(parsed.commands, vec![]);
    }

    #[test]
    fn a_quote_above_changes_nothing(body in any_body(), command in any_command()) {
        let answer = format!("{}\n\n{command}", quoted(&body));
        prop_assert_eq!(parse(&answer, "countersign").unwrap().commands, vec![command]);
    }
}
