//! The bot's signature.

use super::BoxError;

/// Signs as the bot, with an SSH key.
pub trait Signer: Send + Sync {
    /// An armoured SSH signature (`-----BEGIN SSH SIGNATURE-----`) over these bytes, in this namespace: `git` for
    /// commits, `countersign` for statements.
    fn sign(&self, namespace: &'static str, bytes: &[u8]) -> Result<String, BoxError>;
    /// The public key as a line of `allowed_signers` without the principal: `ssh-ed25519 AAAA…`.
    fn public_key(&self) -> String;
}
