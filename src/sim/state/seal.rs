//! Signatures of commits, as the forge found them.

/// By which kind of key, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SealedBy {
    /// An OpenPGP key, by its long id.
    OpenPgp(String),
    /// An SSH key, by its fingerprint.
    Ssh(String),
    /// A certificate.
    Certificate,
    /// The forge's own key.
    Forge,
}

/// A signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seal {
    pub(crate) by: SealedBy,
    /// Whose the key is, where the forge knows.
    pub(crate) signer: Option<u64>,
    /// GraphQL's word for what was found, such as `VALID`.
    pub(crate) state: String,
}
