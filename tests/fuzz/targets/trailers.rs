//! Commits of others, read for an audit: any bytes are read or refused.
#![no_main]

use countersign_core::audit::{fold_user_text, parse_commit, parse_trailers};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(parts) = parse_commit(bytes) {
        drop(parse_trailers(&parts.message));
    }
    let text = String::from_utf8_lossy(bytes);
    let folded = fold_user_text(&text, 200);
    assert!(!folded.contains('\n'));
    // Whatever a person writes never becomes a trailer of the bot's.
    let message = format!("Merge x\n\n{folded}\n\nMerged-by: bot\n");
    assert_eq!(parse_trailers(&message).len(), 1, "{message:?}");
});
