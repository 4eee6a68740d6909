//! What looks like a secret outside a Secret: by the name it goes by, by its form, by its randomness.
//!
//! Errs on the side of sealing: a value that is sealed for nothing costs a reader a look at the file, one that is
//! printed cannot be called back.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use super::names::{names_secret, words};

/// What kind of text surrounds a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Surroundings {
    /// Fields of a manifest.
    Manifest,
    /// Labels and annotations: only the end of a key says what the value is.
    Labels,
    /// Settings of a program: a ConfigMap's data, environment variables, parameters.
    Settings,
    /// A manifest that says where secrets are: its `secretKey` is the name of one.
    References,
    /// A schema: its texts speak about secrets and hold none.
    Schema,
}

impl Surroundings {
    /// The surroundings of what stands under `key`.
    pub(super) fn within(self, key: &str, named_value: bool) -> Self {
        match self {
            Self::Schema => Self::Schema,
            Self::Manifest | Self::Labels | Self::References | Self::Settings
                if matches!(key, "labels" | "annotations") =>
            {
                Self::Labels
            }
            Self::Manifest if named_value => Self::Settings,
            Self::Manifest | Self::Labels | Self::References | Self::Settings => self,
        }
    }
}

/// Whether a text that goes by `key` must be sealed.
pub(super) fn text(key: &str, text: &str, surroundings: Surroundings) -> bool {
    if text.is_empty() {
        return false;
    }
    if key.contains("last-applied") || is_credential(text) {
        return true;
    }
    match surroundings {
        Surroundings::Schema => false,
        Surroundings::Manifest | Surroundings::Labels | Surroundings::References | Surroundings::Settings => {
            (names_secret(key, surroundings) && !is_reference(text))
                || holds_assignment(text)
                || is_random(key, text, surroundings)
        }
    }
}

/// Whether a number that goes by `key` must be sealed.
pub(super) fn number(key: &str, surroundings: Surroundings) -> bool {
    surroundings != Surroundings::Schema
        && names_secret(key, surroundings)
        && words(key)
            .iter()
            .any(|word| matches!(word.as_str(), "password" | "passwd" | "pwd" | "pass" | "secret" | "token"))
}

/// Whether an argument is an option whose value follows it: `--db-password`.
pub(super) fn flag(argument: &str) -> bool {
    argument.starts_with('-')
        && !argument.contains(['=', ' '])
        && names_secret(argument, Surroundings::Settings)
}

/// A constant pattern.
macro_rules! pattern {
    ($name:ident, $text:expr) => {
        static $name: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new($text).ok());
    };
}

pattern!(
    CREDENTIAL,
    concat!(
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY|AGE-SECRET-KEY-1|\bENC\[[A-Z0-9_]+,|",
        r"\b(?:gh[opusr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,}|gl(?:pat|dt|rt|cbt|ptt|ft|soat)-[A-Za-z0-9_-]{16,}|",
        r"xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}|(?:AKIA|ASIA)[A-Z0-9]{16}|",
        r"[sr]k_(?:live|test)_[A-Za-z0-9]{10,}|sk-(?:ant-|proj-|svcacct-)?[A-Za-z0-9_-]{20,}|npm_[A-Za-z0-9]{30,}|",
        r"pypi-[A-Za-z0-9_-]{30,}|AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,}|hv[sb]\.[A-Za-z0-9_-]{20,}|",
        r"dckr_[po]at_[A-Za-z0-9_-]{16,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|dop_v1_[a-f0-9]{32,}|",
        r"gls[ab]_[A-Za-z0-9_]{20,}|glc_[A-Za-z0-9+/=]{20,}|ATATT3[A-Za-z0-9_=-]{20,}|tskey-[a-z]+-[A-Za-z0-9-]{10,}|",
        r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{20,}|xkeysib-[a-f0-9]{32,}|",
        r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)|",
        r"[A-Za-z][A-Za-z0-9+.-]*://[^/\s:@]*:(?:[^/\s@${<]|\$[^/\s@({]|\{[^/\s@{])[^/\s@]*@|",
        r"[^\s:/@]+:[^\s:/@]+@(?:tcp|unix)\(|",
        r#"\\*"auth\\*"\s*:\s*\\*"[A-Za-z0-9+/=]{8,}|"#,
        r"\b(?:Bearer|Basic) +[A-Za-z0-9+/_.=-]{12,}",
    )
);
pattern!(HINT, r"(?i)pass|pwd|secret|token|cred|key|connection|webhook|netrc|kubeconfig|dockerconfig");
// `password: …` or `password=…` on a line of its own.
pattern!(LINE, r#"(?m)^[ \t]*(?:export +|- )?["']?([A-Za-z0-9_.-]{2,80})["']?[ \t]*[:=][ \t]*(\S[^\r\n]*)"#);
// `--password=…`, `;Password=…;`, `?token=…`.
pattern!(INLINE, r#"(?:^|[\s;,&?"'{])-{0,2}([A-Za-z0-9_. -]{2,40}?)=(["']?[^\s"',;&]+)"#);
// `{"password": …}`, also inside another quoted text.
pattern!(FLOW, r#"[{,]\s*\\*["']?([A-Za-z0-9_. -]{2,80}?)\\*["']?\s*:\s*(\\*"[^"]+|'[^']+|[^\s,}\]"']+)"#);
pattern!(
    REFERENCE,
    r"^(?:\$\{.*\}|\$\([^)]*\)|\$[A-Z_][A-Z0-9_]*|\{\{.*\}\}|<[^<>]*>|%[^%]*%|(?i:true|false|null|none))$"
);

/// Whether a text carries something that is a credential by its form.
fn is_credential(text: &str) -> bool {
    text.len() >= 8 && (finds(&CREDENTIAL, text) || encodes_private_key(text))
}

fn finds(pattern: &LazyLock<Option<Regex>>, text: &str) -> bool {
    // A pattern that did not compile would seal everything rather than nothing; a test compiles them.
    pattern.as_ref().is_none_or(|pattern| pattern.is_match(text))
}

/// `-----BEGIN` in base64, with the words that tell a private key.
fn encodes_private_key(text: &str) -> bool {
    use base64::Engine as _;
    let Some(start) = text.find("LS0tLS1CRUdJTi") else { return false };
    let head: String = text.get(start..).unwrap_or_default().chars().take(64).collect();
    base64::engine::general_purpose::STANDARD
        .decode(head.get(..head.len() / 4 * 4).unwrap_or_default())
        .is_ok_and(|bytes| bytes.windows(11).any(|window| window == b"PRIVATE KEY"))
}

/// Whether a value only says where the secret is.
fn is_reference(value: &str) -> bool {
    const PLACES: &[&str] = &[
        "/run/",
        "/var/",
        "/etc/",
        "/mnt/",
        "/vault/",
        "/opt/",
        "/home/",
        "/tmp/",
        "/secrets/",
        "vault:",
        ">>vault:",
        "ref+",
        "secretref:",
        "file:",
    ];
    REFERENCE.as_ref().is_some_and(|pattern| pattern.is_match(value))
        || PLACES.iter().any(|place| value.starts_with(place))
}

/// Whether a longer text sets a secret somewhere.
fn holds_assignment(text: &str) -> bool {
    let several = text.contains(['\n', '=', '{']);
    several && finds(&HINT, text) && [&LINE, &INLINE, &FLOW].into_iter().any(|pattern| sets(pattern, text))
}

fn sets(pattern: &LazyLock<Option<Regex>>, text: &str) -> bool {
    pattern.as_ref().is_none_or(|pattern| {
        pattern.captures_iter(text).any(|found| {
            let part = |index| found.get(index).map_or("", |part| part.as_str());
            let value = part(2).trim().trim_end_matches([',', ';']).trim_matches(['"', '\'', '\\']);
            // What opens a bracket is looked at by itself.
            !value.is_empty()
                && !value.starts_with(['{', '['])
                && names_secret(part(1), Surroundings::Settings)
                && !is_reference(value)
        })
    })
}

/// Names of values that are random and public.
const PUBLIC_WORDS: &[&str] = &[
    "bundle",
    "ca",
    "cert",
    "certificate",
    "certs",
    "checksum",
    "commit",
    "crt",
    "digest",
    "fingerprint",
    "hash",
    "id",
    "image",
    "integrity",
    "public",
    "ref",
    "revision",
    "sha",
    "tag",
    "thumbprint",
    "uid",
    "uuid",
    "version",
];

/// Whether a text is one long random word.
fn is_random(key: &str, text: &str, surroundings: Surroundings) -> bool {
    if !(32..=4096).contains(&text.len()) || text.starts_with("LS0tLS1CRUdJTiBD") {
        return false;
    }
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'_' | b'-')) {
        return false;
    }
    if words(key).iter().any(|word| PUBLIC_WORDS.contains(&word.as_str())) {
        return false;
    }
    if text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return surroundings == Surroundings::Settings && entropy(text) >= 3.0;
    }
    let has = |test: fn(&u8) -> bool| text.bytes().any(|b| test(&b));
    let mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit);
    mixed && entropy(text) >= 4.0 && restless(text)
}

/// Whether neighbouring letters change class often, as in random text and not in words set together.
fn restless(text: &str) -> bool {
    let class = |b: u8| (b.is_ascii_lowercase(), b.is_ascii_uppercase(), b.is_ascii_digit());
    let changes = text.bytes().zip(text.bytes().skip(1)).filter(|(a, b)| class(*a) != class(*b)).count();
    changes * 5 >= text.len() * 2
}

/// Bits per letter.
#[expect(clippy::cast_precision_loss, reason = "texts of a few thousand letters")]
fn entropy(text: &str) -> f64 {
    let mut counts = BTreeMap::<u8, usize>::new();
    for byte in text.bytes() {
        *counts.entry(byte).or_default() += 1;
    }
    let total = text.len() as f64;
    counts.values().map(|count| *count as f64 / total).map(|share| -share * share.log2()).sum()
}
