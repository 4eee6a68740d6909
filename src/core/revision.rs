//! Names of content: commits, trees, branches, digests. Parsing is the only way in; nothing here touches git.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What was given where an id, a branch or a digest was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {expected}")]
pub struct InvalidName {
    text: String,
    expected: &'static str,
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidName { text: text.chars().take(200).collect(), expected: $expected })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name_type!(
    /// A full commit id: 40 or 64 lower-case hexadecimal digits.
    CommitSha,
    "full commit id",
    |text| matches!(text.len(), 40 | 64) && is_hex(text)
);

name_type!(
    /// A full id of a tree or a blob: 40 or 64 lower-case hexadecimal digits.
    ObjectId,
    "full object id",
    |text| matches!(text.len(), 40 | 64) && is_hex(text)
);

name_type!(
    /// A branch name without `refs/heads/`, valid for git and free of anything that an option could look like.
    BranchName,
    "branch name",
    valid_branch
);

name_type!(
    /// `sha256:` and 64 lower-case hexadecimal digits.
    Digest,
    "sha256 digest",
    |text| text.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && is_hex(hex))
);

impl CommitSha {
    /// The first seven digits, for people.
    pub fn short(&self) -> &str {
        self.0.get(..7).unwrap_or(&self.0)
    }
}

impl Digest {
    /// SHA-256 of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self::of_parts(&[bytes])
    }

    /// The same of bytes that stand in several places, one after the other.
    pub(crate) fn of_parts(parts: &[&[u8]]) -> Self {
        use sha2::Digest as _;
        let mut hash = sha2::Sha256::new();
        parts.iter().for_each(|part| hash.update(part));
        let hash = hash.finalize();
        Self(hash.iter().fold(String::from("sha256:"), |hex, byte| format!("{hex}{byte:02x}")))
    }

    /// `sha256:` and the first twelve digits, for people; [`Digest::starts_with`] accepts it.
    pub fn short(&self) -> &str {
        self.0.get(..19).unwrap_or(&self.0)
    }

    /// Whether `prefix` (at least eight digits, `sha256:` optional) names this digest.
    pub fn starts_with(&self, prefix: &str) -> bool {
        let digits = prefix.strip_prefix("sha256:").unwrap_or(prefix);
        digits.len() >= 8 && self.0.strip_prefix("sha256:").is_some_and(|own| own.starts_with(digits))
    }
}

/// The rules of `git check-ref-format --branch`, and no leading dash.
fn valid_branch(text: &str) -> bool {
    let forbidden =
        |c: char| c.is_ascii_control() || matches!(c, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\');
    !text.is_empty()
        && text.len() <= 255
        && !text.starts_with(['-', '/'])
        && !text.ends_with(['/', '.'])
        && text != "@"
        && !text.contains("..")
        && !text.contains("//")
        && !text.contains("@{")
        && !text.contains(forbidden)
        && text.split('/').all(|part| !part.starts_with('.') && !part.ends_with(".lock"))
}

/// A base tip and a head that are judged together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Revision {
    /// The tip of the target branch (B).
    pub base: CommitSha,
    /// The head of the change request (H).
    pub head: CommitSha,
}

/// Two values of one thing: as it is at base and as it is at head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Diff<T> {
    /// At base.
    pub base: T,
    /// At head.
    pub head: T,
}
