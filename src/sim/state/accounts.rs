//! People, bots, organisations, teams, Apps and the tokens that stand for them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

/// What an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountKind {
    /// A person.
    User,
    /// A machine: an App's own account, or a user that runs by itself.
    Bot,
    /// An organisation.
    Organization,
}

impl AccountKind {
    /// The forge's word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Bot => "Bot",
            Self::Organization => "Organization",
        }
    }
}

/// What somebody may do in a repository, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Not even see it.
    None,
    /// See it.
    Read,
    /// Manage its conversations.
    Triage,
    /// Push.
    Write,
    /// Manage it without its dangerous settings.
    Maintain,
    /// Everything.
    Admin,
}

impl Role {
    /// The forge's word for the role.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read => "read",
            Self::Triage => "triage",
            Self::Write => "write",
            Self::Maintain => "maintain",
            Self::Admin => "admin",
        }
    }

    /// The forge's older word, which knows neither triage nor maintain.
    pub(crate) fn legacy_word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read | Self::Triage => "read",
            Self::Write | Self::Maintain => "write",
            Self::Admin => "admin",
        }
    }
}

/// A person, bot or organisation.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) id: u64,
    pub(crate) login: String,
    pub(crate) kind: AccountKind,
    pub(crate) created: Timestamp,
    /// Commit addresses that map to this account; the first is the forge's own no-reply address.
    pub(crate) emails: Vec<String>,
}

impl Account {
    pub(crate) fn email(&self) -> &str {
        self.emails.first().map_or("", String::as_str)
    }
}

/// A team of an organisation.
#[derive(Debug, Clone)]
pub(crate) struct Team {
    pub(crate) id: u64,
    pub(crate) org: u64,
    pub(crate) slug: String,
    pub(crate) members: BTreeSet<u64>,
}

/// Whom a token stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    /// A person or machine user.
    Account(u64),
    /// An installation of an App.
    Installation(u64),
}

/// A token.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) holder: Holder,
    pub(crate) expires: Option<Timestamp>,
}

/// An App.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) id: u64,
    pub(crate) slug: String,
    /// The account that acts: `slug[bot]`.
    pub(crate) account: u64,
    pub(crate) owner: u64,
    pub(crate) created: Timestamp,
    /// The public half of its key, DER.
    pub(crate) public_key: Vec<u8>,
    /// `contents` → `write` and so on.
    pub(crate) permissions: BTreeMap<String, String>,
}

/// An App on an account, with the repositories it may touch.
#[derive(Debug, Clone)]
pub(crate) struct Installation {
    pub(crate) id: u64,
    pub(crate) app: u64,
    pub(crate) account: u64,
    pub(crate) repos: BTreeSet<u64>,
    /// `contents` → `write` and so on.
    pub(crate) permissions: BTreeMap<String, String>,
    pub(crate) created: Timestamp,
}
