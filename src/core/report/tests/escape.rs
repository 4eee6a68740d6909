//! One text at a time.

use insta::assert_snapshot;
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag};

use crate::report::*;

#[test]
fn a_fence_is_longer_than_any_run_inside() {
    assert_snapshot!(fence("diff", "-a\n+b\n"), @r"
    ```diff
    -a
    +b
    ```
    ");
    assert_snapshot!(fence("text", "```\n/merge\n```"), @r"
    ````text
    ```
    /merge
    ```
    ````
    ");
    assert_snapshot!(fence("a b`\n<", "`````"), @r"
    ``````ab
    `````
    ``````
    ");
    assert_snapshot!(fence("", "one\r\ntwo\rthree\u{202e}four\u{1b}[31m\tfive"), @r"
    ```
    one
    two
    three‹U+202E›four‹U+001B›[31m	five
    ```
    ");
    assert_snapshot!(fence("yaml", ""), @r"
    ```yaml
    ```
    ");
}

#[test]
fn a_code_span_cannot_be_left() {
    assert_snapshot!(code_span("web"), @"`web`");
    assert_snapshot!(code_span("a`b"), @"``a`b``");
    assert_snapshot!(code_span("`a``b`"), @"``` `a``b` ```");
    assert_snapshot!(code_span(" a "), @"`  a  `");
    assert_snapshot!(code_span("a|b `@team` </code>"), @r#"<code>a\|b \`@&#8203;team\` &lt;/code&gt;</code>"#);
    assert_snapshot!(code_span("a\nb\u{200b}c"), @"`a b‹U+200B›c`");
    assert_snapshot!(code_span(""), @"<code></code>");
}

#[test]
fn inert_text_reads_the_same_and_does_nothing() {
    assert_snapshot!(inert("plain words, 1.5.0 (a-b): 3%"), @"plain words, 1.5.0 (a-b): 3%");
    assert_snapshot!(inert("</details><img src=x> &amp; **b** _i_ `c` [l](https://x.example) | ~~s~~ $m$"), @r#"&lt;/details&gt;&lt;img src=x&gt; &amp;amp; \*\*b\*\* \_i\_ \`c\` \[l\](https:&#8203;//x.example) \| \~\~s\~\~ \$m\$"#);
    assert_snapshot!(inert("@acme/sre fixes #12, GH-7, acme/env#3, PROJ-9, !4, %2 and bo@x.example"), @r#"@&#8203;acme/sre fixes \#&#8203;12, GH-&#8203;7, acme/env\#&#8203;3, PROJ-&#8203;9, \!&#8203;4, %&#8203;2 and bo@&#8203;x.example"#);
    assert_snapshot!(inert("see https://x.example or www.x.example :tada: 12:30:45"), @"see https:&#8203;//x.example or www&#8203;.x.example :&#8203;tada: 12:30:45");
    assert_snapshot!(inert("  # title"), @r" \#&#8203; title");
    assert_snapshot!(inert("1) item"), @r"1\) item");
    assert_snapshot!(inert(" - item"), @r" \- item");
    assert_snapshot!(inert("# title"), @r#"\#&#8203; title"#);
    assert_snapshot!(inert("#1"), @r#"\#&#8203;1"#);
    assert_snapshot!(inert("- item"), @r#"\- item"#);
    assert_snapshot!(inert("+ item"), @r#"\+ item"#);
    assert_snapshot!(inert("12. item"), @r#"12\. item"#);
    assert_snapshot!(inert("/close"), @r#"\/close"#);
    assert_snapshot!(inert("==="), @r#"\==="#);
    assert_snapshot!(inert("a\nb\tc\r\nd\u{7}e\u{202e}f\u{feff}g\u{e0041}"), @"a b c d‹U+0007›e‹U+202E›f‹U+FEFF›g‹U+E0041›");
}

#[test]
fn prose_keeps_what_our_sentences_quote() {
    assert_snapshot!(prose("`two replicas` fails on <b> (`a|b`): @team"), @r#"`two replicas` fails on &lt;b&gt; (<code>a\|b</code>): @&#8203;team"#);
    assert_snapshot!(prose("an `open quote and #1"), @r#"an \`open quote and \#&#8203;1"#);
    assert_snapshot!(prose("`` /merge"), @r"<code></code> \/merge");
}

#[test]
fn a_terminal_gets_no_escape_sequence() {
    assert_snapshot!(terminal_safe("a\u{1b}[2Jb\u{9b}31mc\rd\ne\u{202e}f\tg"), @"a‹U+001B›[2Jb‹U+009B›31mc‹U+000D›d‹U+000A›e‹U+202E›f g");
}

/// What Markdown makes of a text: its plain words, and whether it is nothing but words and code.
fn read(markdown: &str) -> (String, bool) {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_MATH;
    let mut words = String::new();
    let mut plain = true;
    for event in Parser::new_ext(markdown, options) {
        match event {
            Event::Text(text) | Event::Code(text) => words.push_str(&text),
            Event::InlineHtml(tag) => plain &= matches!(&*tag, "<code>" | "</code>"),
            Event::Start(Tag::Paragraph) | Event::End(_) => {}
            _ => plain = false,
        }
    }
    (words.replace('\u{200b}', ""), plain)
}

/// What is left of a text once its spaces are evened out.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

proptest! {
    #[test]
    fn inert_text_is_one_paragraph_with_the_same_words(text in "[ -~äß\n]{1,60}") {
        let (words, plain) = read(&inert(&text));
        prop_assert!(plain, "{}", inert(&text));
        prop_assert_eq!(squeezed(&words), squeezed(&text));
    }

    #[test]
    fn a_code_span_is_nothing_but_code(text in "[ -~`|äß]{1,40}") {
        let (words, plain) = read(&format!("x{}y", code_span(&text)));
        prop_assert!(plain, "{}", code_span(&text));
        prop_assert_eq!(squeezed(&words), squeezed(&format!("x{}y", if text.trim().is_empty() { "" } else { &text })));
    }

    #[test]
    fn a_fence_is_one_block(text in "[ -~`\n|]{0,80}") {
        let fenced = fence("diff", &text);
        let blocks = Parser::new(&fenced).filter(|event| matches!(event, Event::Start(_))).count();
        prop_assert_eq!(blocks, 1, "{}", fenced);
    }

    #[test]
    fn what_is_hidden_is_shown(text in ".*") {
        for safe in [inert(&text), code_span(&text), fence("", &text), prose(&text), terminal_safe(&text)] {
            prop_assert!(!safe.contains(is_invisible), "{safe:?}");
        }
    }
}
