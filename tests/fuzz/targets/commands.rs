//! Comments: what they command is the same when it is written down again.
#![no_main]

use countersign_core::command::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &str| {
    let Ok(parsed) = parse(body, "countersign") else { return };
    for command in parsed.commands {
        assert_eq!(parse(&command.to_string(), "countersign").unwrap().commands, [command]);
    }
});
