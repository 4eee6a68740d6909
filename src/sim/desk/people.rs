//! Accounts, organisations, teams, Apps, repositories and their settings.

use std::collections::BTreeMap;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::Sim;
use crate::error::SimError;
use crate::state::{
    Account, AccountKind, App, Holder, Installation, Protection, Repo, Role, Ruleset, State, Team, Token,
};
use crate::views::{AppSeen, Person};

/// An App to make.
#[derive(Debug, Clone)]
pub struct AppSpec<'a> {
    /// Its slug; it acts as `slug[bot]`.
    pub slug: &'a str,
    /// The account it belongs to.
    pub owner: &'a str,
    /// `("contents", "write")` and so on.
    pub permissions: &'a [(&'a str, &'a str)],
}

impl AppSpec<'_> {
    /// All that a bot which lands changes needs.
    pub const LANDING: &'static [(&'static str, &'static str)] = &[
        ("metadata", "read"),
        ("actions", "read"),
        ("administration", "read"),
        ("checks", "write"),
        ("contents", "write"),
        ("issues", "write"),
        ("members", "read"),
        ("pull_requests", "write"),
        ("statuses", "write"),
    ];
}

impl Sim {
    /// A person.
    pub fn add_user(&self, login: &str) -> Result<Person, SimError> {
        self.add_account(login, AccountKind::User)
    }

    /// A user that is a machine, with a token and no App.
    pub fn add_machine(&self, login: &str) -> Result<Person, SimError> {
        self.add_account(login, AccountKind::Bot)
    }

    /// An organisation.
    pub fn add_organization(&self, login: &str) -> Result<(), SimError> {
        self.add_account(login, AccountKind::Organization).map(drop)
    }

    /// The account with this login.
    pub fn user(&self, login: &str) -> Result<Person, SimError> {
        let state = self.world().state();
        let account = state.account(login)?;
        let own = |(_, token): &(&String, &Token)| token.holder == Holder::Account(account.id);
        let token = state.tokens.iter().find(own).map_or("", |(text, _)| text.as_str());
        Ok(Person {
            id: account.id,
            login: account.login.clone(),
            token: token.to_owned(),
            email: account.email().to_owned(),
        })
    }

    /// Makes commits with this address belong to an account as well.
    pub fn add_email(&self, login: &str, email: &str) -> Result<(), SimError> {
        let mut state = self.world().state();
        let id = state.account_id(login)?;
        if let Some(account) = state.accounts.get_mut(&id) {
            account.emails.push(email.to_owned());
        }
        Ok(())
    }

    /// A team of an organisation. Asked again, it has these members instead.
    pub fn add_team(&self, organization: &str, slug: &str, members: &[&str]) -> Result<(), SimError> {
        let mut state = self.world().state();
        let org = state.account_id(organization)?;
        let members = members.iter().map(|login| state.account_id(login)).collect::<Result<_, _>>()?;
        if let Some(team) = state.teams.values_mut().find(|team| team.org == org && team.slug == slug) {
            team.members = members;
            return Ok(());
        }
        let id = state.id();
        state.teams.insert(id, Team { id, org, slug: slug.to_owned(), members });
        Ok(())
    }

    /// An App with a new key, installed nowhere.
    pub fn add_app(&self, spec: &AppSpec<'_>) -> Result<AppSeen, SimError> {
        let key = KeyPair::generate(KeySize::Rsa2048).map_err(|_| SimError::Key)?;
        let private: Pkcs8V1Der<'_> = key.as_der().map_err(|_| SimError::Key)?;
        let public: PublicKeyX509Der<'_> = key.public_key().as_der().map_err(|_| SimError::Key)?;
        let login = format!("{}[bot]", spec.slug);
        let account = self.add_account(&login, AccountKind::Bot)?.id;
        let mut state = self.world().state();
        // An App's account has no token of its own.
        state.tokens.retain(|_, token| token.holder != Holder::Account(account));
        let (id, owner, created) = (state.id(), state.account_id(spec.owner)?, state.now());
        let permissions: BTreeMap<String, String> =
            spec.permissions.iter().map(|(name, level)| ((*name).to_owned(), (*level).to_owned())).collect();
        let slug = spec.slug.to_owned();
        let public_key = public.as_ref().to_vec();
        state
            .apps
            .insert(id, App { id, slug: slug.clone(), account, owner, created, public_key, permissions });
        Ok(AppSeen { id, slug, login, account, private_key_pem: pem(private.as_ref()) })
    }

    /// Installs an App on the owner of these repositories, for just these. Returns the installation's id.
    pub fn install(&self, app: u64, repos: &[&str]) -> Result<u64, SimError> {
        let mut state = self.world().state();
        let repos: std::collections::BTreeSet<u64> =
            repos.iter().map(|repo| state.repo_id(repo)).collect::<Result<_, _>>()?;
        let first = repos.first().ok_or_else(|| SimError::refused("name at least one repository"))?;
        let account = state.repo(*first)?.owner;
        let known = state.apps.get(&app).ok_or_else(|| SimError::missing("App", &app.to_string()))?;
        let permissions = known.permissions.clone();
        let (id, created) = (state.id(), state.now());
        state.installations.insert(id, Installation { id, app, account, repos, permissions, created });
        Ok(id)
    }

    /// An empty private repository with the default branch `main`.
    pub async fn create_repo(&self, owner: &str, name: &str) -> Result<(), SimError> {
        self.create(owner, name, None).await
    }

    /// A fork under another owner; same name.
    pub async fn fork(&self, repo: &str, owner: &str) -> Result<(), SimError> {
        let (id, name) = {
            let state = self.world().state();
            let id = state.repo_id(repo)?;
            (id, state.repo(id)?.name.clone())
        };
        self.create(owner, &name, Some(id)).await
    }

    async fn create(&self, owner: &str, name: &str, fork_of: Option<u64>) -> Result<(), SimError> {
        let world = self.world();
        let login = {
            let state = world.state();
            if state.repo_named(owner, name).is_some() {
                return Err(SimError::refused(format!("{owner}/{name} exists already")));
            }
            state.account(owner)?.login.clone()
        };
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if name.is_empty() || name.starts_with('.') || !plain(name) || !plain(&login) {
            return Err(SimError::refused(format!("{owner}/{name} is not a name for a repository")));
        }
        let from = fork_of.map(|id| world.bare(id));
        let bare = world.git.create(&format!("{login}/{name}"), "main", from.as_ref()).await?;
        let branches = bare.branches().await?;
        let mut state = world.state();
        let (id, now) = (state.id(), state.now());
        let repo = Repo {
            id,
            owner: state.account_id(owner)?,
            name: name.to_owned(),
            private: true,
            default_branch: "main".to_owned(),
            fork_of,
            created: now,
            pushed: now,
            next_number: 1,
            collaborators: BTreeMap::new(),
            teams: BTreeMap::new(),
            branches,
            changes: BTreeMap::new(),
            statuses: Vec::new(),
            checks: Vec::new(),
            workflows: Vec::new(),
            protection: BTreeMap::new(),
            rulesets: Vec::new(),
            activity: Vec::new(),
        };
        state.repos.insert(id, repo);
        Ok(())
    }

    /// Lets anybody read a repository.
    pub fn make_public(&self, repo: &str) -> Result<(), SimError> {
        self.with_repo(repo, |repo| repo.private = false)
    }

    /// Gives somebody a role in a repository; [`Role::None`] takes it away.
    pub fn grant(&self, repo: &str, login: &str, role: Role) -> Result<(), SimError> {
        let account = self.world().state().account_id(login)?;
        self.with_repo(repo, |repo| match role {
            Role::None => {
                repo.collaborators.remove(&account);
            }
            Role::Read | Role::Triage | Role::Write | Role::Maintain | Role::Admin => {
                repo.collaborators.insert(account, role);
            }
        })
    }

    /// Gives a team a role in a repository.
    pub fn grant_team(&self, repo: &str, slug: &str, role: Role) -> Result<(), SimError> {
        let team = self.world().state().teams.values().find(|team| team.slug == slug).map(|team| team.id);
        let team = team.ok_or_else(|| SimError::missing("team", slug))?;
        self.with_repo(repo, |repo| {
            repo.teams.insert(team, role);
        })
    }

    /// Protects a branch in the classic way, instead of how it was.
    pub fn protect(&self, repo: &str, branch: &str, rules: Protection) -> Result<(), SimError> {
        self.with_repo(repo, |repo| drop(repo.protection.insert(branch.to_owned(), rules)))
    }

    /// Takes classic protection away.
    pub fn unprotect(&self, repo: &str, branch: &str) -> Result<(), SimError> {
        self.with_repo(repo, |repo| drop(repo.protection.remove(branch)))
    }

    /// Adds a ruleset. Returns its id.
    pub fn add_ruleset(&self, repo: &str, mut set: Ruleset) -> Result<u64, SimError> {
        let id = self.world().state().id();
        set.id = id;
        self.with_repo(repo, |repo| repo.rulesets.push(set))?;
        Ok(id)
    }

    /// Takes all rulesets away.
    pub fn clear_rulesets(&self, repo: &str) -> Result<(), SimError> {
        self.with_repo(repo, |repo| repo.rulesets.clear())
    }

    fn with_repo(&self, repo: &str, change: impl FnOnce(&mut Repo)) -> Result<(), SimError> {
        let mut state = self.world().state();
        let id = state.repo_id(repo)?;
        change(state.repo_mut(id)?);
        Ok(())
    }

    fn add_account(&self, login: &str, kind: AccountKind) -> Result<Person, SimError> {
        let seed = self.world().config.seed;
        let mut state = self.world().state();
        if state.account(login).is_ok() {
            return Err(SimError::refused(format!("{login} exists already")));
        }
        let (id, created) = (state.id(), state.now());
        let emails = vec![format!("{id}+{login}@users.noreply.github.com")];
        state.accounts.insert(id, Account { id, login: login.to_owned(), kind, created, emails });
        if kind != AccountKind::Organization {
            add_token(&mut state, id, login, seed);
        }
        drop(state);
        self.user(login)
    }
}

fn add_token(state: &mut State, id: u64, login: &str, seed: u64) {
    let text = format!("ghp_sim_{login}_{:012x}", (seed + id).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16);
    state.tokens.insert(text, Token { holder: Holder::Account(id), expires: None });
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut lines = vec!["-----BEGIN PRIVATE KEY-----".to_owned()];
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, next) = rest.split_at(rest.len().min(64));
        lines.push(line.to_owned());
        rest = next;
    }
    lines.push("-----END PRIVATE KEY-----\n".to_owned());
    lines.join("\n")
}
