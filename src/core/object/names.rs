//! What a name says of the value that goes by it.

use super::suspect::Surroundings;

/// Words that make a name the name of a secret.
const SECRET_WORDS: &[&str] = &[
    "apikey",
    "apitoken",
    "accesskey",
    "accesstoken",
    "authtoken",
    "clientsecret",
    "connectionstring",
    "credential",
    "credentials",
    "passphrase",
    "passwd",
    "password",
    "passwords",
    "privatekey",
    "pwd",
    "secret",
    "secretkey",
    "secrets",
    "token",
    "tokens",
    "dockerconfigjson",
    "htpasswd",
    "kubeconfig",
    "netrc",
];
/// Ends of longer words that do so too: `PGPASSWORD`.
const SECRET_ENDINGS: &[&str] = &["password", "passwd", "passphrase", "apikey", "token"];
/// First words of an amount: `maxTokens`.
const AMOUNT_WORDS: &[&str] = &["max", "maximum", "min", "minimum", "num", "number", "total"];
/// Two words in a row that make a name the name of a secret.
const SECRET_PAIRS: &[(&str, &str)] = &[
    ("access", "key"),
    ("account", "key"),
    ("aes", "key"),
    ("api", "key"),
    ("auth", "key"),
    ("connection", "string"),
    ("encryption", "key"),
    ("hmac", "key"),
    ("jwt", "key"),
    ("license", "key"),
    ("master", "key"),
    ("private", "key"),
    ("secret", "key"),
    ("session", "key"),
    ("shared", "key"),
    ("signing", "key"),
    ("ssh", "key"),
    ("webhook", "url"),
];
/// Last words that make it a name for something about a secret.
const ABOUT_WORDS: &[&str] = &[
    "account",
    "accounts",
    "algorithm",
    "audience",
    "backend",
    "class",
    "conf",
    "config",
    "controller",
    "count",
    "crt",
    "days",
    "dir",
    "directory",
    "duration",
    "enabled",
    "endpoint",
    "engine",
    "env",
    "expiration",
    "expiry",
    "expires",
    "file",
    "files",
    "filename",
    "folder",
    "format",
    "header",
    "hours",
    "id",
    "ini",
    "interval",
    "issuer",
    "json",
    "key",
    "keys",
    "kind",
    "length",
    "lifetime",
    "limit",
    "location",
    "md",
    "method",
    "minutes",
    "mode",
    "mount",
    "name",
    "names",
    "namespace",
    "namespaces",
    "path",
    "paths",
    "pattern",
    "policy",
    "prefix",
    "properties",
    "provider",
    "ref",
    "reference",
    "references",
    "refs",
    "region",
    "role",
    "schema",
    "seconds",
    "service",
    "sh",
    "size",
    "store",
    "suffix",
    "template",
    "threshold",
    "timeout",
    "toml",
    "ttl",
    "type",
    "types",
    "uri",
    "url",
    "urls",
    "version",
    "yaml",
    "yml",
];
/// What stands before `secret` where the value is the name of one.
const NAMING_WORDS: &[&str] = &[
    "ca",
    "cert",
    "certificate",
    "config",
    "credentials",
    "existing",
    "image",
    "pull",
    "service",
    "tls",
    "values",
];

/// Whether a name is that of a secret.
pub(super) fn names_secret(key: &str, surroundings: Surroundings) -> bool {
    if surroundings == Surroundings::References && key == "secretKey" {
        return false;
    }
    let all = words(key);
    let Some(last) = all.last() else { return false };
    let secret_pair = |pair: &[String]| match pair {
        [first, second] => SECRET_PAIRS.contains(&(first, second)),
        _ => false,
    };
    if all.len() >= 2 && all.last_chunk::<2>().is_some_and(|pair| secret_pair(pair)) {
        return true;
    }
    if ABOUT_WORDS.contains(&last.as_str()) {
        return false;
    }
    if matches!(last.as_str(), "secret" | "secrets")
        && all.iter().any(|word| NAMING_WORDS.contains(&word.as_str()))
    {
        return false;
    }
    let secret_word = |word: &String| {
        SECRET_WORDS.contains(&word.as_str()) || SECRET_ENDINGS.iter().any(|ending| word.ends_with(ending))
    };
    if surroundings == Surroundings::Labels {
        return secret_word(last) && !last.starts_with("secret");
    }
    if all.first().is_some_and(|first| AMOUNT_WORDS.contains(&first.as_str())) {
        return false;
    }
    last == "pass" || all.iter().any(secret_word) || all.windows(2).any(secret_pair)
}

/// `dbPassword`, `DB_PASSWORD` and `db-password2` as `db`, `password`.
pub(super) fn words(key: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut previous_lower = false;
    for c in key.chars().chain(std::iter::once('-')) {
        let starts = c.is_ascii_uppercase() && previous_lower;
        if (starts || !c.is_ascii_alphabetic()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_ascii_alphabetic() {
            word.push(c.to_ascii_lowercase());
        }
        previous_lower = c.is_ascii_lowercase();
    }
    words
}
