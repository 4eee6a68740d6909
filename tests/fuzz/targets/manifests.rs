//! Manifests: any text is objects or an error; a secret that was read is in nothing that is kept of it.
#![no_main]

use countersign_core::object::{Sealer, SealingKey, parse_manifests};
use libfuzzer_sys::fuzz_target;

/// What the seeds have for a password.
const SECRET: &str = "correct horse battery staple";

fuzz_target!(|text: &str| {
    let key = SealingKey::new([7; 32]);
    let sealer = Sealer { key: &key, environment: "production", mask: &[] };
    match parse_manifests(text, Some("a.yaml"), Some("default"), &sealer) {
        Err(error) => assert!(!error.message.is_empty() && !error.message.contains(SECRET)),
        Ok(objects) => {
            for object in objects {
                assert!(!object.reference.kind.is_empty());
                let body = object.body.value();
                let data = body.get("stringData").filter(|_| object.reference.kind == "Secret");
                assert!(!data.is_some_and(|data| data.to_string().contains(SECRET)), "{body}");
            }
        }
    }
});
