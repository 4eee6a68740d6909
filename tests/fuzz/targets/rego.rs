//! Policies in Rego: any text is a policy or one that is told to be none, and judging by it ends, with an outcome that is told.
#![no_main]

mod staged;

use std::sync::LazyLock;

use countersign_core::config::{Policy, parse};
use countersign_core::evaluation::Evaluation;
use countersign_core::library::{Library, LibraryFile};
use countersign_core::policy::{broken_checks, run_checks};
use libfuzzer_sys::fuzz_target;

const POLICY: &str = "version = 1\n[environment.production]\nsource = { yaml = \"shop\" }\n\
                      [[check]]\nname = \"written\"\nrego = \"written.rego\"\n";

static POLICY_READ: LazyLock<Policy> =
    LazyLock::new(|| parse(POLICY, ".countersign.toml").expect("the policy can be read"));
static SEEN: LazyLock<Evaluation> = LazyLock::new(|| seen().expect("the change can be read"));

fn seen() -> Option<Evaluation> {
    let mut evaluation = serde_json::from_value(staged::evaluation()).inspect_err(|error| eprintln!("{error}")).ok()?;
    staged::scale(&mut evaluation);
    Some(evaluation)
}

fuzz_target!(|text: &str| {
    let file = LibraryFile { blob: "a".repeat(40).parse().expect("a blob"), text: text.to_owned() };
    let mut library = Library::default();
    library.insert("written.rego".to_owned(), file);
    let broken = broken_checks(&POLICY_READ, &library);
    let findings = run_checks(&POLICY_READ, &library, &SEEN);
    // A policy that cannot be used says so of the change too, and blocks it.
    assert!(broken.is_empty() || findings.iter().any(|finding| finding.errored));
    assert!(findings.iter().all(|finding| finding.check == "written" && !finding.message.is_empty()));
});
