//! What reaches a comment or a terminal: no text breaks out of where it stands, nothing in it becomes HTML or a link.
#![no_main]

use countersign_core::report::{code_span, fence, inert, prose, terminal_safe};
use libfuzzer_sys::fuzz_target;
use pulldown_cmark::{Event, Options, Parser, Tag};

/// Whether Markdown holds only text and code.
fn is_plain(markdown: &str) -> bool {
    Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH).all(|event| match event {
        // How an empty code span is written.
        Event::InlineHtml(html) if matches!(&*html, "<code>" | "</code>") => true,
        Event::Html(_) | Event::InlineHtml(_) => false,
        Event::Start(tag) => !matches!(tag, Tag::Link { .. } | Tag::Image { .. } | Tag::HtmlBlock | Tag::Heading { .. }),
        _ => true,
    })
}

fuzz_target!(|text: &str| {
    let safe = terminal_safe(text);
    assert!(!safe.chars().any(char::is_control), "{safe:?}");
    let fenced = fence("diff", text);
    let marker: String = fenced.chars().take_while(|c| *c == '`').collect();
    let closing = fenced.lines().filter(|line| line.trim_start().starts_with(&marker)).count();
    assert_eq!(closing, 2, "{fenced:?}");
    assert!(!code_span(text).contains('\n'));
    assert!(!inert(text).contains(['<', '>']));
    for shown in [inert(text), prose(text)] {
        assert!(is_plain(&shown), "{shown:?}");
    }
});
