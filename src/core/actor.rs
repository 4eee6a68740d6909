//! People and bots as the forge knows them: by number, never by name alone.

use serde::{Deserialize, Serialize};

/// The forge's own number for an account. Names change hands; numbers do not.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct ActorId(u64);

impl ActorId {
    /// An id as the forge gave it.
    pub const fn new(id: u64) -> Self {
        Self(id)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl std::fmt::Display for ActorId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether an account is a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ActorKind {
    /// A person.
    Human,
    /// An app, a bot or a service account; its comments are never commands.
    Bot,
}

/// One account on a forge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Actor {
    /// Identity.
    pub id: ActorId,
    /// Its name today, for display only.
    pub login: String,
    /// Person or bot.
    pub kind: ActorKind,
}

/// What an account may do in a repository, weakest first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Permission {
    /// Nothing.
    None,
    /// Read.
    Read,
    /// Read and sort issues.
    Triage,
    /// Push to unprotected branches.
    Write,
    /// Manage without dangerous rights.
    Maintain,
    /// Everything.
    Admin,
}

/// The answer of a look-up that may have failed. A failure is never an empty answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Known<T> {
    /// The forge answered.
    Yes(T),
    /// The forge did not answer; why, in words for people.
    Unknown(String),
}

impl<T> Known<T> {
    /// The answer, where there is one.
    pub fn as_option(&self) -> Option<&T> {
        match self {
            Self::Yes(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }
}
