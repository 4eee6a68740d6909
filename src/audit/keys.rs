//! An Ed25519 SSH key, read from a file or made in the data folder.

use std::path::Path;

use ssh_key::{HashAlg, LineEnding, PrivateKey};

use crate::ports::{BoxError, Signer};
use crate::settings::write_private;

/// Signs with an SSH key held in memory.
pub struct SshSigner {
    key: PrivateKey,
    public: String,
}

impl SshSigner {
    /// Reads an OpenSSH private key without a passphrase.
    pub fn read(file: &Path) -> Result<Self, BoxError> {
        let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let key = PrivateKey::from_openssh(&text)
            .map_err(|_| format!("{}: is not an OpenSSH private key without a passphrase", file.display()))?;
        if key.is_encrypted() {
            return Err(
                format!("{}: has a passphrase; the bot needs a key without one", file.display()).into()
            );
        }
        Self::from_key(key)
    }

    /// Reads the key of the data folder, or makes one there that only this user can read.
    pub fn read_or_make(data_dir: &Path) -> Result<Self, BoxError> {
        let file = data_dir.join("signing.key");
        if !file.exists() {
            std::fs::create_dir_all(data_dir)?;
            let mut seed = [0_u8; 32];
            aws_lc_rs::rand::fill(&mut seed).map_err(|_| "the system gave no random bytes")?;
            let pair = ssh_key::private::Ed25519Keypair::from_seed(&seed);
            let key = PrivateKey::new(pair.into(), "countersign")?;
            write_private(&file, key.to_openssh(LineEnding::LF)?.as_bytes())?;
        }
        Self::read(&file)
    }

    fn from_key(key: PrivateKey) -> Result<Self, BoxError> {
        let public = key.public_key().to_openssh()?;
        // Without the comment: only type and key matter to `allowed_signers`.
        let public = public.split(' ').take(2).collect::<Vec<_>>().join(" ");
        Ok(Self { key, public })
    }
}

impl Signer for SshSigner {
    fn sign(&self, namespace: &'static str, bytes: &[u8]) -> Result<String, BoxError> {
        let signature = self.key.sign(namespace, HashAlg::Sha512, bytes)?;
        Ok(signature.to_pem(LineEnding::LF)?)
    }

    fn public_key(&self) -> String {
        self.public.clone()
    }
}
