//! What reaches a comment or a terminal: no text breaks out of where it stands.
#![no_main]

use countersign_core::report::{code_span, fence, prose, terminal_safe};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let safe = terminal_safe(text);
    assert!(!safe.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{safe:?}");
    let fenced = fence("diff", text);
    let marker: String = fenced.chars().take_while(|c| *c == '`').collect();
    let closing = fenced.lines().filter(|line| line.trim_start().starts_with(&marker)).count();
    assert_eq!(closing, 2, "{fenced:?}");
    assert!(!code_span(text).contains('\n'));
    assert!(!prose(text).contains("</"));
});
