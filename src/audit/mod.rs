//! The bot's key, its signatures, and reading them back: `audit verify` needs a clone and nothing else.

mod keys;
mod signature;
mod verify;

pub use keys::SshSigner;
pub use signature::{SignatureError, allowed_signer, sign_commit, split_signature, verify_signature};
pub use verify::{CommitFinding, Standing, Verifier, VerifyError};
