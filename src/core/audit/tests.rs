//! Trailers that git reads, texts that cannot pretend, envelopes that hold.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::io::Write as _;
use std::process::{Command, Stdio};

use proptest::prelude::*;

use super::*;

#[track_caller]
fn folds(text: &str, expected: &str) {
    assert_eq!(fold_user_text(text, 200), expected, "{text:?}");
}

#[test]
fn user_text_becomes_one_harmless_line() {
    folds("Shop 1.5.0", "Shop 1.5.0");
    folds("two\nlines\r\n\tand a tab", "two lines and a tab");
    folds("quick [skip ci] fix", "quick fix");
    folds("sneaky [sk[skip ci]ip ci] fix", "sneaky [sk ip ci] fix");
    folds("[CI SKIP]", "");
    folds("done /pipeline cancel now", "done now");
    folds("fixes #12 and closes: acme/env#3", "fixes - #12 and closes: - acme/env#3");
    folds("hidden\u{202e}direction\u{200b}", "hiddendirection");
    folds("title\n\nApproved-by: mallory", "title Approved-by: mallory");
}

#[test]
fn git_reads_the_trailers_that_were_written() {
    let message = MergeMessage {
        title: "Merge acme/env#481: Shop 1.5.0".to_owned(),
        trailers: vec![
            Trailer { key: "Change-Author".to_owned(), value: "cy (id 77)".to_owned() },
            Trailer { key: "Approved-by".to_owned(), value: "bo (id 12) rule=\"a b\" via=review-1".to_owned() },
        ],
    };
    let text = render_message(&message);
    let mut git = Command::new("git")
        .args(["interpret-trailers", "--parse"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    git.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let read = String::from_utf8(git.wait_with_output().unwrap().stdout).unwrap();
    let ours: String =
        parse_trailers(&text).iter().map(|trailer| format!("{}: {}\n", trailer.key, trailer.value)).collect();
    assert_eq!(read, ours);
    assert_eq!(parse_trailers(&text), message.trailers);
}

#[test]
fn the_pre_authentication_encoding_is_that_of_the_specification() {
    let expected = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world";
    assert_eq!(pre_authentication("http://example.com/HelloWorld", b"hello world"), expected);
}

#[test]
fn an_envelope_gives_its_statement_back_only_with_a_signature_that_holds() {
    let statement = Statement {
        kind: "https://in-toto.io/Statement/v1".to_owned(),
        subject: Vec::new(),
        predicate_type: "x".to_owned(),
        predicate: Landed {
            parents: Vec::new(),
            tree: "a".repeat(40).parse().unwrap(),
            effect_digest: crate::revision::Digest::of(b"e"),
            evidence: crate::revision::Digest::of(b"v"),
            change_request: "https://git.example.org/acme/env/pulls/7".to_owned(),
            branch: "main".to_owned(),
        },
    };
    let signed = Envelope::sign(&statement, "key", |bytes| Ok::<_, ()>(format!("{}", bytes.len()))).unwrap();
    let holds = |bytes: &[u8], signature: &str| {
        if signature == bytes.len().to_string() { Ok(()) } else { Err("no".to_owned()) }
    };
    assert_eq!(signed.verify(holds), Ok(statement));
    assert_eq!(signed.verify(|_, _| Err("no".to_owned())), Err("no".to_owned()));
    let mut other = signed.clone();
    other.payload_type = "text/plain".to_owned();
    assert!(other.verify(holds).is_err());
}

proptest! {
    #[test]
    fn no_text_becomes_a_line_of_its_own(text in "(?s).{0,200}") {
        let folded = fold_user_text(&text, 100);
        prop_assert!(!folded.contains('\n') && folded.chars().count() <= 100);
        let lower = folded.to_ascii_lowercase();
        prop_assert!(!lower.contains("[skip ci]") && !lower.contains("[ci skip]"));
    }

    #[test]
    fn folding_twice_changes_nothing(text in "[ -~\n]{0,100}") {
        let once = fold_user_text(&text, 80);
        prop_assert_eq!(fold_user_text(&once, 80), once.clone());
    }
}
