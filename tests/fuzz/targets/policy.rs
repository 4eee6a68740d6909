//! Policy files: any text is a policy or errors that show their place.
#![no_main]

use countersign_core::config::{Level, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(errors) = parse(text, ".countersign.toml") {
        assert!(!errors.is_empty());
        for error in errors {
            assert!(error.render(Level::Error, None).contains(".countersign.toml"));
        }
    }
});
