//! Certificates and keys of a kubeconfig, from PEM. What is wrong with them is said without a byte of them.

use ::kube::Config;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A client's certificate, with those above it, and its key.
pub(super) struct Certificate {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Certificate {
    /// # Errors
    /// What is missing, as the end of a sentence about both.
    pub(super) fn read(chain: &[u8], key: &[u8]) -> Result<Self, &'static str> {
        let chain = certificates(chain).ok_or("its client certificate is no certificate in PEM")?;
        let key = PrivateKeyDer::from_pem_slice(key);
        Ok(Self {
            chain,
            key: key.map_err(|_| "its client key is no private key in PEM without a passphrase")?,
        })
    }

    /// Makes it the client's own. One file may hold certificate and key, so each is taken from where it belongs.
    pub(super) fn put_into(&self, config: &mut Config) {
        let kind = match &self.key {
            PrivateKeyDer::Pkcs1(_) => "RSA PRIVATE KEY",
            PrivateKeyDer::Sec1(_) => "EC PRIVATE KEY",
            PrivateKeyDer::Pkcs8(_) | _ => "PRIVATE KEY",
        };
        let chain: String = self.chain.iter().map(|der| pem("CERTIFICATE", der)).collect();
        let key = pem(kind, self.key.secret_der());
        config.auth_info.client_certificate_data = Some(BASE64_STANDARD.encode(chain));
        config.auth_info.client_key_data = Some(BASE64_STANDARD.encode(key).into());
    }
}

/// The certificates of an authority; `None` where there is none, or something else beside them.
pub(super) fn authorities(text: &[u8]) -> Option<Vec<Vec<u8>>> {
    let all = certificates(text)?;
    let mut trusted = RootCertStore::empty();
    all.iter().try_for_each(|der| trusted.add(der.clone())).ok()?;
    Some(all.iter().map(|der| der.to_vec()).collect())
}

fn certificates(text: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let all: Vec<_> = CertificateDer::pem_slice_iter(text).collect::<Result<_, _>>().ok()?;
    (!all.is_empty()).then_some(all)
}

fn pem(kind: &str, der: &[u8]) -> String {
    format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", BASE64_STANDARD.encode(der))
}
