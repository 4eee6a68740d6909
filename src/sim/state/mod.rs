//! What the stand-in remembers: accounts, repositories, conversations, checks, protection. Plain data; it never
//! runs a program and never sends anything.

mod accounts;
mod change;
mod checks;
mod protection;
mod repo;
mod seal;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

pub(crate) use accounts::{Account, App, Holder, Installation, Team, Token};
pub use accounts::{AccountKind, Role};
pub(crate) use change::{Change, Comment, Facts, Merged, Reaction, Review, Side};
pub use change::{ChangeState, ReviewState};
pub(crate) use checks::{CheckRun, Status, WorkflowRun};
pub(crate) use protection::{Asked, BranchRules, Door, Judged};
pub use protection::{
    Bypass, BypassActor, BypassMode, Enforcement, OnPush, Protection, Restrictions, ReviewRule, Rule,
    Ruleset, StatusRule, Toggle, UpToDate,
};
pub(crate) use repo::Repo;
pub use repo::{Activity, ActivityKind};
pub(crate) use seal::Seal;
pub use seal::SealedBy;

use crate::error::SimError;

/// Everything, behind one lock.
#[derive(Debug)]
pub(crate) struct State {
    next_id: u64,
    shift: SignedDuration,
    pub(crate) accounts: BTreeMap<u64, Account>,
    pub(crate) tokens: BTreeMap<String, Token>,
    pub(crate) teams: BTreeMap<u64, Team>,
    pub(crate) apps: BTreeMap<u64, App>,
    pub(crate) installations: BTreeMap<u64, Installation>,
    /// Tokens for less than a whole installation stand for one of these.
    pub(crate) narrowed: BTreeMap<u64, Installation>,
    pub(crate) repos: BTreeMap<u64, Repo>,
    /// What was found of a commit's signature, wherever the commit is.
    pub(crate) seals: BTreeMap<String, Seal>,
}

impl State {
    pub(crate) fn new() -> Self {
        Self {
            next_id: 1,
            shift: SignedDuration::ZERO,
            accounts: BTreeMap::new(),
            tokens: BTreeMap::new(),
            teams: BTreeMap::new(),
            apps: BTreeMap::new(),
            installations: BTreeMap::new(),
            narrowed: BTreeMap::new(),
            repos: BTreeMap::new(),
            seals: BTreeMap::new(),
        }
    }

    /// A number that nothing else has. Steps are uneven so that nobody can lean on neighbours.
    pub(crate) fn id(&mut self) -> u64 {
        self.next_id += 1 + self.next_id % 3;
        self.next_id
    }

    /// The forge's time, in whole seconds as the forge tells it.
    pub(crate) fn now(&self) -> Timestamp {
        let now = Timestamp::now().saturating_add(self.shift).unwrap_or(Timestamp::MAX);
        Timestamp::from_second(now.as_second()).unwrap_or(now)
    }

    pub(crate) fn advance(&mut self, by: SignedDuration) {
        self.shift = self.shift.saturating_add(by);
    }

    pub(crate) fn account(&self, login: &str) -> Result<&Account, SimError> {
        self.accounts
            .values()
            .find(|account| account.login.eq_ignore_ascii_case(login))
            .ok_or_else(|| SimError::missing("account", login))
    }

    pub(crate) fn account_id(&self, login: &str) -> Result<u64, SimError> {
        self.account(login).map(|account| account.id)
    }

    /// Whether somebody is in a team.
    pub(crate) fn is_member(&self, team: u64, account: u64) -> bool {
        self.teams.get(&team).is_some_and(|team| team.members.contains(&account))
    }

    /// The login, or the one that the forge shows for deleted accounts.
    pub(crate) fn login(&self, id: u64) -> &str {
        self.accounts.get(&id).map_or("ghost", |account| account.login.as_str())
    }

    /// An installation, or what a token has of it.
    pub(crate) fn installation(&self, id: u64) -> Option<&Installation> {
        self.installations.get(&id).or_else(|| self.narrowed.get(&id))
    }

    /// The account that a commit's address belongs to.
    pub(crate) fn by_email(&self, email: &str) -> Option<u64> {
        self.accounts
            .values()
            .find(|account| account.emails.iter().any(|known| known.eq_ignore_ascii_case(email)))
            .map(|account| account.id)
    }

    pub(crate) fn repo_named(&self, owner: &str, name: &str) -> Option<&Repo> {
        self.repos.values().find(|repo| {
            repo.name.eq_ignore_ascii_case(name) && self.login(repo.owner).eq_ignore_ascii_case(owner)
        })
    }

    /// A repository by `owner/name`.
    pub(crate) fn repo_id(&self, path: &str) -> Result<u64, SimError> {
        path.split_once('/')
            .and_then(|(owner, name)| self.repo_named(owner, name))
            .map(|repo| repo.id)
            .ok_or_else(|| SimError::missing("repository", path))
    }

    pub(crate) fn repo(&self, id: u64) -> Result<&Repo, SimError> {
        self.repos.get(&id).ok_or_else(|| SimError::missing("repository", &id.to_string()))
    }

    pub(crate) fn repo_mut(&mut self, id: u64) -> Result<&mut Repo, SimError> {
        self.repos.get_mut(&id).ok_or_else(|| SimError::missing("repository", &id.to_string()))
    }

    pub(crate) fn change(&self, repo: u64, number: u64) -> Result<&Change, SimError> {
        self.repo(repo)?
            .changes
            .get(&number)
            .ok_or_else(|| SimError::missing("change request", &number.to_string()))
    }

    pub(crate) fn change_mut(&mut self, repo: u64, number: u64) -> Result<&mut Change, SimError> {
        self.repo_mut(repo)?
            .changes
            .get_mut(&number)
            .ok_or_else(|| SimError::missing("change request", &number.to_string()))
    }

    /// `owner/name`.
    pub(crate) fn full_name(&self, repo: u64) -> String {
        self.repos
            .get(&repo)
            .map_or_else(String::new, |found| format!("{}/{}", self.login(found.owner), found.name))
    }

    /// The repository and number of the change that a comment stands on.
    pub(crate) fn comment_at(&self, repo: u64, comment: u64) -> Option<(u64, &Comment)> {
        self.repos.get(&repo)?.changes.values().find_map(|change| {
            change.comments.iter().find(|found| found.id == comment).map(|found| (change.number, found))
        })
    }

    /// What somebody may do in a repository: the owner everything, others what was granted to them or their teams.
    pub(crate) fn role(&self, repo: u64, account: u64) -> Role {
        let Some(found) = self.repos.get(&repo) else { return Role::None };
        if found.owner == account {
            return Role::Admin;
        }
        let own = found.collaborators.get(&account).copied().unwrap_or(Role::None);
        let teams = self
            .teams
            .values()
            .filter(|team| team.members.contains(&account))
            .filter_map(|team| found.teams.get(&team.id).copied());
        let open = if found.private { Role::None } else { Role::Read };
        teams.chain([own, open]).max().unwrap_or(Role::None)
    }
}
