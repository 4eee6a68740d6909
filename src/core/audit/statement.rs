//! The signed statement about a landing: in-toto, in a DSSE envelope.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::evidence::{Evidence, canonical};
use crate::revision::{CommitSha, Digest, ObjectId};

/// The payload type of an in-toto statement.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// The type of our predicate.
const PREDICATE_TYPE: &str = "https://countersign.dev/landing/v1";

/// An in-toto statement over a merge commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// `https://in-toto.io/Statement/v1`
    #[serde(rename = "_type")]
    pub kind: String,
    /// The merge commit as `gitCommit` digest.
    pub subject: Vec<Value>,
    /// The predicate's type.
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// What is stated.
    pub predicate: Landed,
}

/// What is stated of a landing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Landed {
    /// Parents B and H.
    pub parents: Vec<CommitSha>,
    /// Tree.
    pub tree: ObjectId,
    /// Change digest.
    pub effect_digest: Digest,
    /// SHA-256 of the evidence bundle.
    pub evidence: Digest,
    /// Page of the change request.
    pub change_request: String,
    /// Target branch.
    pub branch: String,
}

impl Statement {
    /// The statement about a landing.
    pub fn of_landing(
        commit: &CommitSha,
        parents: [&CommitSha; 2],
        tree: &ObjectId,
        evidence: &Evidence,
    ) -> Self {
        let snapshot = &evidence.snapshot;
        Self {
            kind: "https://in-toto.io/Statement/v1".to_owned(),
            subject: vec![json!({
                "name": snapshot.change.id.repo.path.as_str(),
                "digest": { "gitCommit": commit.as_str() },
            })],
            predicate_type: PREDICATE_TYPE.to_owned(),
            predicate: Landed {
                parents: parents.into_iter().cloned().collect(),
                tree: tree.clone(),
                effect_digest: snapshot.digest.clone(),
                evidence: evidence.digest(),
                change_request: snapshot.change.url.clone(),
                branch: snapshot.change.target.to_string(),
            },
        }
    }
}

/// One signature of an envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvelopeSignature {
    /// The public key.
    pub keyid: String,
    /// The armoured SSH signature, base64.
    pub sig: String,
}

/// A DSSE envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// [`PAYLOAD_TYPE`].
    pub payload_type: String,
    /// The statement, base64.
    pub payload: String,
    /// Signatures over [`pre_authentication`].
    pub signatures: Vec<EnvelopeSignature>,
}

impl Envelope {
    /// Signs a statement.
    ///
    /// # Errors
    /// What `sign` answers.
    pub fn sign<E>(
        statement: &Statement,
        keyid: &str,
        sign: impl FnOnce(&[u8]) -> Result<String, E>,
    ) -> Result<Self, E> {
        let payload = canonical(statement);
        let signature = sign(&pre_authentication(PAYLOAD_TYPE, &payload))?;
        Ok(Self {
            payload_type: PAYLOAD_TYPE.to_owned(),
            payload: STANDARD.encode(&payload),
            signatures: vec![EnvelopeSignature { keyid: keyid.to_owned(), sig: STANDARD.encode(signature) }],
        })
    }

    /// The bytes that are stored.
    pub fn bytes(&self) -> Vec<u8> {
        canonical(self)
    }

    /// The statement, if one signature holds; `verify` gets the signed bytes and an armoured signature.
    ///
    /// # Errors
    /// Why it does not hold, in words.
    pub fn verify(&self, verify: impl Fn(&[u8], &str) -> Result<(), String>) -> Result<Statement, String> {
        if self.payload_type != PAYLOAD_TYPE {
            return Err(format!("its payload is of type `{}`", self.payload_type));
        }
        let payload = STANDARD.decode(&self.payload).map_err(|_| "its payload is not base64".to_owned())?;
        let signed = pre_authentication(&self.payload_type, &payload);
        let mut last = "it is not signed".to_owned();
        for signature in &self.signatures {
            let armoured =
                STANDARD.decode(&signature.sig).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            match armoured
                .ok_or_else(|| "a signature is not text".to_owned())
                .and_then(|text| verify(&signed, &text))
            {
                Ok(()) => {
                    return serde_json::from_slice(&payload)
                        .map_err(|error| format!("it cannot be read: {error}"));
                }
                Err(why) => last = why,
            }
        }
        Err(last)
    }
}

/// DSSE's pre-authentication encoding: what is signed.
pub fn pre_authentication(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}
