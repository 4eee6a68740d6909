//! Whose token came with a request, and what it may do.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::StatusCode;
use http::header::{AUTHORIZATION, USER_AGENT};
use http::request::Parts;
use jiff::Timestamp;

use super::Refusal;
use super::jwt;
use crate::state::{Holder, Installation, Role, State};
use crate::world::World;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Nobody.
    Anonymous,
    /// A person or machine user.
    Account(u64),
    /// An App itself, by a signed token: it may only see to its installations.
    App(u64),
    /// An App in one of its installations.
    Installation(u64),
}

/// What a request needs: the App permission (any one of them) and the role of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    Metadata,
    ReadContents,
    ReadPulls,
    ReadConversation,
    ReadStatuses,
    ReadChecks,
    ReadActions,
    ReadAdministration,
    WriteAdministration,
    WriteContents,
    WritePulls,
    WriteConversation,
    WriteStatuses,
    WriteChecks,
}

impl Need {
    fn of_app(self) -> (&'static [&'static str], &'static str) {
        match self {
            Self::Metadata => (&["metadata"], "read"),
            Self::ReadContents => (&["contents"], "read"),
            Self::ReadPulls => (&["pull_requests"], "read"),
            Self::ReadConversation => (&["issues", "pull_requests"], "read"),
            Self::ReadStatuses => (&["statuses"], "read"),
            Self::ReadChecks => (&["checks"], "read"),
            Self::ReadActions => (&["actions"], "read"),
            Self::ReadAdministration => (&["administration"], "read"),
            Self::WriteAdministration => (&["administration"], "write"),
            Self::WriteContents => (&["contents"], "write"),
            Self::WritePulls => (&["pull_requests"], "write"),
            Self::WriteConversation => (&["issues", "pull_requests"], "write"),
            Self::WriteStatuses => (&["statuses"], "write"),
            Self::WriteChecks => (&["checks"], "write"),
        }
    }

    fn of_person(self) -> Option<Role> {
        match self {
            Self::Metadata
            | Self::ReadContents
            | Self::ReadPulls
            | Self::ReadConversation
            | Self::ReadStatuses
            | Self::ReadChecks
            | Self::ReadActions
            | Self::WritePulls
            | Self::WriteConversation => Some(Role::Read),
            Self::WriteContents | Self::WriteStatuses => Some(Role::Write),
            Self::ReadAdministration | Self::WriteAdministration => Some(Role::Admin),
            // Check runs are for Apps alone.
            Self::WriteChecks => None,
        }
    }
}

impl Caller {
    /// Reads a token. A wrong one is refused, a missing one is nobody.
    pub(crate) fn of_token(world: &World, token: &str) -> Result<Self, Refusal> {
        let bad = || Refusal::new(StatusCode::UNAUTHORIZED, "Bad credentials");
        if token.matches('.').count() == 2 {
            return jwt::verify(&world.state(), token).map(Self::App);
        }
        let state = world.state();
        let found = state.tokens.get(token).ok_or_else(bad)?;
        if found.expires.is_some_and(|expires| expires <= Timestamp::now()) {
            return Err(bad());
        }
        Ok(match found.holder {
            Holder::Account(id) => Self::Account(id),
            Holder::Installation(id) => Self::Installation(id),
        })
    }

    /// The account that acts, if there is one.
    pub(crate) fn account(self, state: &State) -> Option<u64> {
        match self {
            Self::Account(id) => Some(id),
            Self::Installation(id) => {
                let app = state.installation(id)?.app;
                Some(state.apps.get(&app)?.account)
            }
            Self::Anonymous | Self::App(_) => None,
        }
    }

    /// The App behind an installation.
    pub(crate) fn app(self, state: &State) -> Option<u64> {
        match self {
            Self::Installation(id) => state.installation(id).map(|found| found.app),
            Self::App(id) => Some(id),
            Self::Anonymous | Self::Account(_) => None,
        }
    }

    /// The name for the record of requests.
    pub(crate) fn label(self, state: &State) -> String {
        match self {
            Self::Anonymous => String::new(),
            Self::Account(id) => state.login(id).to_owned(),
            Self::App(_) | Self::Installation(_) => {
                let slug = self.app(state).and_then(|id| state.apps.get(&id)).map(|app| app.slug.as_str());
                format!("app {}", slug.unwrap_or_default())
            }
        }
    }

    /// The repository, if the caller may do that there. What cannot be seen is not found; what can be seen and is not
    /// allowed is forbidden.
    pub(crate) fn repo(self, state: &State, owner: &str, name: &str, need: Need) -> Result<u64, Refusal> {
        let found = state.repo_named(owner, name).ok_or_else(Refusal::not_found)?;
        let (id, private) = (found.id, found.private);
        match self {
            Self::Anonymous | Self::App(_) if private => Err(Refusal::not_found()),
            Self::Anonymous | Self::App(_) => match need.of_person() {
                Some(Role::Read) if need != Need::WritePulls && need != Need::WriteConversation => Ok(id),
                _ => Err(Refusal::new(StatusCode::UNAUTHORIZED, "Requires authentication")),
            },
            Self::Account(account) => {
                let role = state.role(id, account);
                if role == Role::None {
                    return Err(Refusal::not_found());
                }
                match need.of_person() {
                    Some(needed) if role >= needed => Ok(id),
                    Some(_) => {
                        Err(Refusal::new(StatusCode::FORBIDDEN, "Must have admin rights to Repository."))
                    }
                    None => {
                        Err(Refusal::new(StatusCode::FORBIDDEN, "You must authenticate via a GitHub App."))
                    }
                }
            }
            Self::Installation(installation) => {
                let installation = state.installation(installation).ok_or_else(Refusal::not_found)?;
                if !installation.repos.contains(&id) {
                    return Err(Refusal::not_found());
                }
                allowed(installation, need)?;
                Ok(id)
            }
        }
    }

    /// What the caller may do in a repository, as a role.
    pub(crate) fn role(self, state: &State, repo: u64) -> Role {
        match self {
            Self::Account(id) => state.role(repo, id),
            Self::Installation(id) => {
                let installation = state.installation(id);
                let sees = installation.is_some_and(|found| found.repos.contains(&repo));
                match installation.and_then(|found| found.permissions.get("contents")).map(String::as_str) {
                    Some("write") if sees => Role::Write,
                    Some(_) if sees => Role::Read,
                    _ => Role::None,
                }
            }
            Self::Anonymous | Self::App(_) => Role::None,
        }
    }
}

fn allowed(installation: &Installation, need: Need) -> Result<(), Refusal> {
    let (names, level) = need.of_app();
    let has = |name: &&str| {
        let given = installation.permissions.get(*name).map(String::as_str);
        *name == "metadata" || given == Some("write") || given == Some("admin") || given == Some(level)
    };
    if names.iter().any(has) {
        return Ok(());
    }
    Err(Refusal::new(StatusCode::FORBIDDEN, "Resource not accessible by integration"))
}

impl FromRequestParts<Arc<World>> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, world: &Arc<World>) -> Result<Self, Refusal> {
        if !parts.headers.contains_key(USER_AGENT) {
            let why = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header";
            return Err(Refusal::new(StatusCode::FORBIDDEN, why));
        }
        let Some(header) = parts.headers.get(AUTHORIZATION) else { return Ok(Self::Anonymous) };
        let text = header.to_str().unwrap_or_default();
        let token = text.split_once(' ').filter(|(scheme, _)| {
            scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token")
        });
        match token {
            Some((_, token)) => Self::of_token(world, token.trim()),
            None => Err(Refusal::new(StatusCode::UNAUTHORIZED, "Bad credentials")),
        }
    }
}
