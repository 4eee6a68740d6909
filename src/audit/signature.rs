//! SSH signatures on commits, as git writes and reads them.

use jiff::{Timestamp, civil, tz::TimeZone};
use ssh_key::{PublicKey, SshSig};

use crate::ports::{BoxError, Signer};

/// Why a signature does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is none.
    #[error("it is not signed")]
    Missing,
    /// It is not an SSH signature, or not over these bytes.
    #[error("the signature does not fit")]
    Wrong,
    /// It fits, but its key is not allowed at that time.
    #[error("the signing key is not among the allowed signers")]
    NotAllowed,
}

/// Puts a signature over a commit's bytes into its header, where git looks for it.
pub fn sign_commit(signer: &dyn Signer, unsigned: &[u8]) -> Result<Vec<u8>, BoxError> {
    let signature = signer.sign("git", unsigned)?;
    let end_of_header = find(unsigned, b"\n\n").ok_or("the commit has no message")?;
    let (header, message) = unsigned.split_at(end_of_header + 1);
    let folded = signature.trim_end().replace('\n', "\n ");
    Ok([header, b"gpgsig ", folded.as_bytes(), b"\n", message].concat())
}

/// A commit's bytes without its signature, and the signature.
pub fn split_signature(commit: &[u8]) -> Result<(Vec<u8>, String), SignatureError> {
    let end_of_header = find(commit, b"\n\n").ok_or(SignatureError::Missing)?;
    let (header, message) = commit.split_at(end_of_header + 1);
    let header = std::str::from_utf8(header).map_err(|_| SignatureError::Wrong)?;
    let (mut kept, mut signature, mut inside) = (String::new(), String::new(), false);
    for line in header.split_inclusive('\n') {
        if let Some(first) = line.strip_prefix("gpgsig ") {
            inside = true;
            signature.push_str(first);
        } else if let (true, Some(more)) = (inside, line.strip_prefix(' ')) {
            signature.push_str(more);
        } else {
            inside = false;
            kept.push_str(line);
        }
    }
    if signature.is_empty() {
        return Err(SignatureError::Missing);
    }
    Ok(([kept.as_bytes(), message].concat(), signature))
}

/// Verifies an armoured signature, and that its key is an allowed signer at that time.
pub fn verify_signature(
    namespace: &str,
    bytes: &[u8],
    armoured: &str,
    allowed_signers: &str,
    at: Timestamp,
) -> Result<(), SignatureError> {
    let signature = SshSig::from_pem(armoured).map_err(|_| SignatureError::Wrong)?;
    let key = PublicKey::from(signature.public_key().clone());
    key.verify(namespace, bytes, &signature).map_err(|_| SignatureError::Wrong)?;
    if allowed_signers.lines().any(|line| allows(line, &key, namespace, at)) {
        Ok(())
    } else {
        Err(SignatureError::NotAllowed)
    }
}

/// A line of `allowed_signers` for a public key.
pub fn allowed_signer(principal: &str, public_key: &str) -> String {
    format!("{principal} namespaces=\"git,countersign\" {public_key}\n")
}

/// Whether a line of `allowed_signers` (principals, options, key type, key) lets this key sign at that time.
fn allows(line: &str, key: &PublicKey, namespace: &str, at: Timestamp) -> bool {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return false;
    }
    let fields: Vec<&str> = line.split_whitespace().collect();
    let Some(position) = fields.iter().position(|field| field.starts_with("ssh-")) else { return false };
    let Some(text) = fields.get(position..position + 2) else { return false };
    let same =
        PublicKey::from_openssh(&text.join(" ")).is_ok_and(|listed| listed.key_data() == key.key_data());
    let options = fields.get(1..position).unwrap_or_default().join(" ");
    same && namespace_allowed(&options, namespace)
        && after(&options, "valid-after").is_none_or(|from| at >= from)
        && after(&options, "valid-before").is_none_or(|until| at < until)
        && !options.contains("cert-authority")
}

fn option<'a>(options: &'a str, name: &str) -> Option<&'a str> {
    let rest = options.split_once(&format!("{name}=\""))?.1;
    rest.split_once('"').map(|(value, _)| value)
}

fn namespace_allowed(options: &str, namespace: &str) -> bool {
    option(options, "namespaces")
        .is_none_or(|list| list.split(',').any(|item| item == namespace || item == "*"))
}

/// `YYYYMMDD[HHMM[SS]][Z]`; without `Z` it is read as UTC too, so that an audit gives one answer everywhere. A date
/// that cannot be read closes the key: the epoch's end for `valid-after`, its start for `valid-before`.
fn after(options: &str, name: &str) -> Option<Timestamp> {
    let text = option(options, name)?.trim_end_matches('Z');
    let unreadable = if name == "valid-after" { Timestamp::MAX } else { Timestamp::MIN };
    Some(read_time(text).unwrap_or(unreadable))
}

fn read_time(text: &str) -> Option<Timestamp> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i16>().ok();
    let small = |range: std::ops::Range<usize>| text.get(range)?.parse::<i8>().ok();
    let (hour, minute) = if text.len() >= 12 { (small(8..10)?, small(10..12)?) } else { (0, 0) };
    let second = if text.len() >= 14 { small(12..14)? } else { 0 };
    let time =
        civil::DateTime::new(number(0..4)?, small(4..6)?, small(6..8)?, hour, minute, second, 0).ok()?;
    time.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}
