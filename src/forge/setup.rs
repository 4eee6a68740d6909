//! What can be wrong with a forge's settings. Found before the first request, never during one.

use crate::ports::BoxError;

/// Why a forge cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Its URL is not one.
    #[error("forge `{name}`: `{url}` is not an http or https URL without user, query and fragment")]
    Url {
        /// The forge's name in the settings.
        name: String,
        /// As given.
        url: String,
    },
    /// A pattern of `repositories` says nothing.
    #[error(
        "forge `{name}`: `{pattern}` in `repositories` is not a pattern like owner/name, owner/* or group/**"
    )]
    Pattern {
        /// The forge's name in the settings.
        name: String,
        /// As given.
        pattern: String,
    },
    /// Without patterns nothing would be allowed.
    #[error("forge `{name}`: `repositories` is empty; name those that it may touch, such as owner/*")]
    NoRepositories {
        /// The forge's name in the settings.
        name: String,
    },
    /// A secret without content protects nothing.
    #[error("forge `{name}`: {what} is empty")]
    Empty {
        /// The forge's name in the settings.
        name: String,
        /// Which secret.
        what: &'static str,
    },
    /// A key or a token that cannot be used.
    #[error("forge `{name}`: {what} cannot be used; {advice}")]
    Credential {
        /// The forge's name in the settings.
        name: String,
        /// Which one.
        what: &'static str,
        /// What to do.
        advice: &'static str,
        /// Beneath.
        #[source]
        source: BoxError,
    },
    /// The HTTP client could not be built.
    #[error("forge `{name}`: the HTTP client could not be built")]
    Client {
        /// The forge's name in the settings.
        name: String,
        /// Beneath.
        #[source]
        source: BoxError,
    },
}
