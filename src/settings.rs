//! The server's settings, `countersign.toml`: the only reader of the environment.
//!
//! Secrets come from files or from the environment, never from the settings file itself, and end up in
//! [`Secret`], which shows nothing. An unknown key is an error with file, line and column.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::ports::Secret;

/// What is wrong with the settings, with file, line and column where there are.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {message}")]
pub struct SettingsError {
    place: String,
    message: String,
}

impl SettingsError {
    fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into() }
    }
}

/// Everything the server needs to know.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where it listens and how it is reached.
    #[serde(default)]
    pub server: Server,
    /// Where it remembers.
    #[serde(default)]
    pub store: StoreSettings,
    /// Forges; names are unique.
    #[serde(default)]
    pub forge: Vec<ForgeSettings>,
    /// Clusters that policies may name.
    #[serde(default)]
    pub cluster: Vec<ClusterSettings>,
    /// Renderers and their limits.
    #[serde(default)]
    pub render: RenderSettings,
    /// The bot's signature.
    #[serde(default)]
    pub signing: Signing,
    /// What no repository can weaken.
    #[serde(default)]
    pub policy: PolicySettings,
}

/// `[server]`
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Address and port.
    #[schemars(with = "String")]
    pub listen: SocketAddr,
    /// The base URL of the bot's own pages, for links in comments.
    pub public_url: Option<String>,
    /// How many changes are looked at side by side.
    pub workers: usize,
}

impl Default for Server {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 8080)), public_url: None, workers: 4 }
    }
}

/// `[store]`
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StoreSettings {
    /// `sqlite:FILE`.
    pub url: String,
    /// Mirrors, scratch files and the installation's key.
    pub data_dir: PathBuf,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self { url: "sqlite:countersign.db".to_owned(), data_dir: PathBuf::from("countersign-data") }
    }
}

/// Which forge it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ForgeKind {
    /// GitHub, GitHub Enterprise.
    Github,
    /// Gitea, Forgejo.
    Gitea,
}

/// `[[forge]]`
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForgeSettings {
    /// Its name, also in the path of its webhook.
    pub name: String,
    /// Which.
    pub kind: ForgeKind,
    /// The base URL of its API (GitHub) or of the whole (Gitea).
    pub url: String,
    /// Authentication as an app.
    pub app: Option<AppSettings>,
    /// A file with a token.
    pub token_file: Option<PathBuf>,
    /// A file with the secret of the webhook; or `COUNTERSIGN_FORGE_<NAME>_WEBHOOK_SECRET`.
    pub webhook_secret_file: Option<PathBuf>,
    /// What may be touched: `owner/name` with globs.
    pub repositories: Vec<String>,
    /// Seconds between two looks at the list of open changes.
    #[serde(default = "default_poll")]
    pub poll_seconds: u64,
}

fn default_poll() -> u64 {
    300
}

/// `app = { … }`
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppSettings {
    /// The app's id.
    pub id: u64,
    /// Its private key, PEM.
    pub private_key_file: PathBuf,
}

/// `[[cluster]]`
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClusterSettings {
    /// The name that policies use.
    pub name: String,
    /// A kubeconfig file.
    pub kubeconfig: Option<PathBuf>,
    /// A context in it; the current one by default.
    pub context: Option<String>,
    /// Use the pod's own account.
    #[serde(default)]
    pub in_cluster: bool,
}

/// `[render]`
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RenderSettings {
    /// The `helm` program.
    pub helm: String,
    /// The `kustomize` program.
    pub kustomize: String,
    /// Seconds that one render may take.
    pub timeout_seconds: u64,
    /// Megabytes that one render may use.
    pub memory_mb: u64,
    /// Renders side by side.
    pub parallel: usize,
}

impl Default for RenderSettings {
    fn default() -> Self {
        Self {
            helm: "helm".to_owned(),
            kustomize: "kustomize".to_owned(),
            timeout_seconds: 60,
            memory_mb: 1024,
            parallel: 2,
        }
    }
}

/// `[signing]`
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Signing {
    /// An OpenSSH Ed25519 private key without a passphrase; made in the data folder where none is named.
    pub ssh_key_file: Option<PathBuf>,
}

/// `[policy]`
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PolicySettings {
    /// A fragment of a policy that holds for every repository and that none can weaken. Files that its checks name are
    /// looked for beside it.
    pub floor_file: Option<PathBuf>,
}

impl Settings {
    /// Reads a settings file, with values from the environment over it.
    pub fn read(file: &Path) -> Result<Self, SettingsError> {
        let text = std::fs::read_to_string(file).map_err(|error| {
            SettingsError::new(file.display().to_string(), format!("cannot be read: {error}"))
        })?;
        let overrides = std::env::vars().filter(|(name, _)| name.starts_with(PREFIX));
        Self::parse(&text, &file.display().to_string(), overrides)
    }

    /// Reads settings from text; `overrides` are `COUNTERSIGN_SECTION__KEY` pairs.
    pub fn parse(
        text: &str,
        file: &str,
        overrides: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let mut table: toml::Table = toml::from_str(text).map_err(|error| located(&error, text, file))?;
        let mut changed = false;
        for (name, value) in overrides {
            changed |= set(&mut table, &name, &value)?;
        }
        let settings: Self = if changed {
            Self::deserialize(table).map_err(|error| SettingsError::new(file, error.message().to_owned()))?
        } else {
            toml::from_str(text).map_err(|error| located(&error, text, file))?
        };
        settings.sound(file)?;
        Ok(settings)
    }

    fn sound(&self, file: &str) -> Result<(), SettingsError> {
        let mut names = BTreeMap::new();
        for forge in &self.forge {
            let safe = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if forge.name.is_empty() || !forge.name.chars().all(safe) {
                let message = format!("forge name `{}`: use a-z, 0-9 and -", forge.name);
                return Err(SettingsError::new(file, message));
            }
            if names.insert(&forge.name, ()).is_some() {
                return Err(SettingsError::new(file, format!("two forges are named `{}`", forge.name)));
            }
            if forge.repositories.is_empty() {
                let message =
                    format!("forge `{}` lists no repositories: name what may be touched", forge.name);
                return Err(SettingsError::new(file, message));
            }
        }
        Ok(())
    }
}

impl ForgeSettings {
    /// The secret that signs this forge's deliveries. There is no server without one.
    pub fn webhook_secret(&self) -> Result<Secret, SettingsError> {
        self.secret("WEBHOOK_SECRET", self.webhook_secret_file.as_deref())?.ok_or_else(|| {
            let message =
                "no webhook secret: set webhook_secret_file, deliveries without a signature are not taken";
            SettingsError::new(format!("forge `{}`", self.name), message)
        })
    }

    /// The token, where one is configured.
    pub fn token(&self) -> Result<Option<Secret>, SettingsError> {
        self.secret("TOKEN", self.token_file.as_deref())
    }

    fn secret(&self, what: &str, file: Option<&Path>) -> Result<Option<Secret>, SettingsError> {
        let variable = format!("{PREFIX}FORGE_{}_{what}", self.name.to_ascii_uppercase().replace('-', "_"));
        if let Ok(value) = std::env::var(&variable) {
            return not_empty(value, &variable).map(Some);
        }
        file.map(read_secret).transpose()
    }
}

/// Reads a secret file; one trailing line end does not belong to it.
pub fn read_secret(file: &Path) -> Result<Secret, SettingsError> {
    let place = file.display().to_string();
    let text = std::fs::read_to_string(file)
        .map_err(|error| SettingsError::new(place.clone(), format!("cannot be read: {error}")))?;
    not_empty(text, &place)
}

fn not_empty(text: String, place: &str) -> Result<Secret, SettingsError> {
    let trimmed = text.trim_end_matches(['\n', '\r']);
    if trimmed.is_empty() {
        return Err(SettingsError::new(place, "is empty: a secret is needed"));
    }
    Ok(Secret::new(trimmed.to_owned()))
}

const PREFIX: &str = "COUNTERSIGN_";

/// Puts `COUNTERSIGN_SECTION__KEY` into the table. Variables without `__` are not settings.
fn set(table: &mut toml::Table, name: &str, value: &str) -> Result<bool, SettingsError> {
    let Some((section, key)) = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once("__")) else {
        return Ok(false);
    };
    let (section, key) = (section.to_ascii_lowercase(), key.to_ascii_lowercase());
    let entry = table.entry(section).or_insert_with(|| toml::Value::Table(toml::Table::new()));
    let toml::Value::Table(section) = entry else {
        return Err(SettingsError::new(name, "only sections with one entry can be set from the environment"));
    };
    let typed = match (value.parse::<i64>(), value.parse::<bool>()) {
        (Ok(number), _) => toml::Value::Integer(number),
        (_, Ok(truth)) => toml::Value::Boolean(truth),
        _ => toml::Value::String(value.to_owned()),
    };
    section.insert(key, typed);
    Ok(true)
}

/// An error with line and column, and without the text around it.
fn located(error: &toml::de::Error, text: &str, file: &str) -> SettingsError {
    let place = error.span().map_or_else(
        || file.to_owned(),
        |span| {
            let before = text.get(..span.start).unwrap_or(text);
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
            format!("{file}:{line}:{column}")
        },
    );
    SettingsError::new(place, error.message().to_owned())
}

/// Reads a key of the data folder, or makes one there that only this user can read.
pub fn key(file: &Path) -> Result<[u8; 32], SettingsError> {
    let place = file.display().to_string();
    let failed = |error: std::io::Error| SettingsError::new(place.clone(), format!("{error}"));
    if !file.exists() {
        let mut bytes = [0_u8; 32];
        aws_lc_rs::rand::fill(&mut bytes)
            .map_err(|_| SettingsError::new(&*place, "the system gave no random bytes"))?;
        write_private(file, &bytes).map_err(failed)?;
    }
    let bytes = std::fs::read(file).map_err(failed)?;
    <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| {
        SettingsError::new(
            &*place,
            "is not a key of 32 bytes; restore it, or delete it: approvals are then void",
        )
    })
}

/// Writes a file that only this user can read; it must not exist.
pub fn write_private(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut out = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    out.write_all(bytes)?;
    out.sync_all()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const GOOD: &str = r#"
[server]
listen = "127.0.0.1:9000"

[[forge]]
name = "hub"
kind = "gitea"
url = "http://127.0.0.1:3000"
repositories = ["acme/*"]
"#;

    fn error(text: &str) -> String {
        Settings::parse(text, "c.toml", []).unwrap_err().to_string()
    }

    #[test]
    fn an_unknown_key_is_named_with_its_place() {
        let wrong = GOOD.replace("repositories", "repositry");
        assert!(error(&wrong).starts_with("c.toml:9:1: unknown field `repositry`"), "{}", error(&wrong));
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let overrides = [("COUNTERSIGN_SERVER__LISTEN".to_owned(), "127.0.0.1:1".to_owned())];
        let settings = Settings::parse(GOOD, "c.toml", overrides).unwrap();
        assert_eq!(settings.server.listen.port(), 1);
    }

    #[test]
    fn two_forges_of_one_name_are_an_error() {
        let twice =
            format!("{GOOD}{}", GOOD.split_once("[[forge]]").map(|(_, f)| format!("[[forge]]{f}")).unwrap());
        assert_eq!(error(&twice), "c.toml: two forges are named `hub`");
    }

    #[test]
    fn a_forge_without_a_webhook_secret_is_refused() {
        let settings = Settings::parse(GOOD, "c.toml", []).unwrap();
        let forge = settings.forge.first().unwrap();
        assert!(forge.webhook_secret().unwrap_err().to_string().contains("no webhook secret"));
    }
}
