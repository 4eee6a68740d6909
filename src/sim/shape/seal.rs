//! Signatures of commits, in the words of either door.

use serde_json::{Value, json};

use super::Shape;
use crate::git::log::Commit;
use crate::state::SealedBy;

/// The long id of the forge's own key.
const FORGE_KEY: &str = "B5690EEEBB952194";

impl Shape<'_> {
    /// What the REST API tells.
    pub(super) fn verification(&self, commit: &Commit) -> Value {
        let found = self.state.seals.get(&commit.sha).map(|seal| seal.state.as_str());
        let state = found.unwrap_or(if commit.signed { "UNKNOWN_KEY" } else { "UNSIGNED" });
        json!({
            "verified": state == "VALID", "reason": state.to_ascii_lowercase(),
            "payload": null, "signature": null, "verified_at": null,
        })
    }

    /// What GraphQL tells.
    pub(crate) fn signature(&self, commit: &Commit) -> Value {
        let Some(seal) = self.state.seals.get(&commit.sha) else {
            let unknown = json!({
                "__typename": "GpgSignature", "isValid": false, "state": "UNKNOWN_KEY", "wasSignedByGitHub": false,
                "signer": null, "keyId": null,
            });
            return if commit.signed { unknown } else { Value::Null };
        };
        let signer = seal.signer.map(|id| json!({ "databaseId": id, "login": self.state.login(id) }));
        let mut found = json!({
            "isValid": seal.state == "VALID", "state": seal.state, "signer": signer,
            "wasSignedByGitHub": seal.by == SealedBy::Forge,
        });
        let (kind, key) = match &seal.by {
            SealedBy::OpenPgp(id) => ("GpgSignature", Some(("keyId", id.as_str()))),
            SealedBy::Forge => ("GpgSignature", Some(("keyId", FORGE_KEY))),
            SealedBy::Ssh(print) => ("SshSignature", Some(("keyFingerprint", print.as_str()))),
            SealedBy::Certificate => ("SmimeSignature", None),
        };
        if let Value::Object(found) = &mut found {
            found.insert("__typename".to_owned(), json!(kind));
            found.extend(key.map(|(name, key)| (name.to_owned(), json!(key))));
        }
        found
    }

    /// Whether the forge made it for its author, and signed it.
    pub(crate) fn via_web(&self, commit: &Commit) -> bool {
        self.state.seals.get(&commit.sha).is_some_and(|seal| seal.by == SealedBy::Forge)
    }
}
