//! Manifests: any text is objects or an error with a place, and what was read is read again from its own JSON.
#![no_main]

use countersign_core::object::{Sealer, SealingKey, parse_manifests};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let key = SealingKey::new([7; 32]);
    let sealer = Sealer { key: &key, environment: "production", mask: &[] };
    match parse_manifests(text, Some("a.yaml"), Some("default"), &sealer) {
        Err(error) => assert!(!error.message.is_empty()),
        Ok(objects) => {
            for object in objects {
                assert!(!object.object.kind.is_empty());
                let written = serde_json::to_string(&object).unwrap();
                assert_eq!(serde_json::from_str::<serde_json::Value>(&written).unwrap()["object"]["kind"], object.object.kind);
            }
        }
    }
});
