//! Keys that are rotated: what a retired key still signs, whatever date it writes, is no landing.

use std::sync::Arc;

use countersign::audit::{SshSigner, allowed_signer};
use countersign::engine::Engine;
use countersign::ports::{Clock, Signer as _};
use jiff::Timestamp;

use super::stand_in_story;
use super::tale::Tale;

struct Stopped(Timestamp);

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// The bot signs with this key, and dates what it signs so.
fn signs(tale: &mut Tale, signer: &Arc<SshSigner>, at: &str) {
    let engine: &mut Engine = Arc::get_mut(&mut tale.engine).unwrap();
    engine.signer = Arc::clone(signer) as _;
    engine.clock = Arc::new(Stopped(at.parse().unwrap()));
}

async fn lands(tale: &Tale, replicas: u32) {
    let change = tale.scales("ana", &format!("scale-{replicas}"), replicas).await;
    tale.says("bo", &change, "/approve").await;
    tale.says("ana", &change, "/merge").await;
    assert_eq!(tale.state(&change).await, "merged");
}

stand_in_story! {
    async fn a_retired_key_cannot_date_itself_back(tale, _town) {
        let mut tale = tale;
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let [old, new] = folders.each_ref().map(|dir| Arc::new(SshSigner::read_or_make(dir.path()).unwrap()));
        signs(&mut tale, &old, "2025-01-01T00:00:00Z");
        lands(&tale, 5).await;
        signs(&mut tale, &new, "2025-08-01T00:00:00Z");
        lands(&tale, 6).await;
        signs(&mut tale, &old, "2025-01-02T00:00:00Z");
        lands(&tale, 7).await;

        let clone = tale.clone();
        let lines = [
            allowed_signer("countersign", &old.public_key())
                .replacen("namespaces", "valid-before=\"20250601Z\",namespaces", 1),
            allowed_signer("countersign", &new.public_key()),
        ];
        let pinned = folders[0].path().join("allowed_signers");
        std::fs::write(&pinned, lines.concat()).unwrap();
        let verify = |range: &str| {
            let mut verify = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"));
            verify.args(["audit", "verify", range, "--repo"]).arg(clone.path());
            let output = verify.arg("--allowed-signers").arg(&pinned).output().unwrap();
            (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
        };
        let (status, text) = verify("origin/main~3..origin/main~1");
        assert_eq!(status, 0, "{text}");
        let (status, text) = verify("origin/main~3..origin/main");
        assert_eq!((status, text.contains("not among the allowed signers")), (1, true), "{text}");
    }
}
