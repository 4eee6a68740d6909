//! Statuses and check runs on a commit, as one list. What protection asks for and nobody reported is pending.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::actor::ActorId;
use countersign_core::change::RepoPath;
use countersign_core::details::Outcome;
use countersign_core::revision::{BranchName, CommitSha};
use countersign_core::snapshot::{CommitStatus, StatusState};

use super::auth::Access;
use super::call::Api;
use super::wire::{AppInfo, Branch, CheckRun, CheckRuns, RequiredCheck, RequiredChecks, Rule, Status, User};
use super::{GitHub, repo_route};
use crate::forge::answer::Ask;
use crate::forge::route::Segment;
use crate::ports::{ForgeError, ForgeReader as _};

/// The app's number, and the account that it acts as.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ours {
    pub(super) app: u64,
    pub(super) account: ActorId,
}

/// Everything that says something about a commit.
#[derive(Debug, Default)]
pub(super) struct Reported {
    /// Newest first.
    pub(super) statuses: Vec<Status>,
    pub(super) runs: Vec<CheckRun>,
    /// Which app a bot's account belongs to, by its name.
    pub(super) apps: BTreeMap<String, u64>,
}

/// What must be there, and by whom where that is fixed.
pub(super) type Required = BTreeMap<String, BTreeSet<Option<u64>>>;

impl GitHub {
    pub(super) async fn read_statuses(
        &self,
        repo: &RepoPath,
        head: &CommitSha,
        target: &BranchName,
    ) -> Result<Vec<CommitStatus>, ForgeError> {
        let ask = Ask::Read("reading statuses");
        let api = self.access.repo(repo).await?;
        let commit = format!("{}/commits/{head}", repo_route(repo));
        let (statuses, runs) = (format!("{commit}/statuses"), format!("{commit}/check-runs?filter=latest"));
        let (statuses, runs, required) = futures::try_join!(
            api.list(ask, &statuses, |page: Vec<Status>| page),
            api.list(ask, &runs, |page: CheckRuns| page.check_runs),
            required_checks(&api, repo, target),
        )?;
        let apps = apps_of(&api, &statuses, &required).await?;
        let ours = match &self.access {
            Access::App(app) => Some(Ours { app: app.id, account: self.me().await?.id }),
            Access::Token { .. } => None,
        };
        Ok(merged(&Reported { statuses, runs, apps }, &required, ours))
    }
}

impl GitHub {
    /// What each check run and status ended with: the newest of each name and setter.
    pub(super) async fn read_outcomes(
        &self,
        repo: &RepoPath,
        head: &CommitSha,
    ) -> Result<Vec<Outcome>, ForgeError> {
        let ask = Ask::Read("reading what checks ended with");
        let api = self.access.repo(repo).await?;
        let commit = format!("{}/commits/{head}", repo_route(repo));
        let (statuses, runs) = (format!("{commit}/statuses"), format!("{commit}/check-runs?filter=latest"));
        let (statuses, mut runs) = futures::try_join!(
            api.list(ask, &statuses, |page: Vec<Status>| page),
            api.list(ask, &runs, |page: CheckRuns| page.check_runs),
        )?;
        let mut newest = BTreeMap::new();
        // Newest first.
        for status in statuses.into_iter().rev() {
            let by = status.creator.and_then(User::actor).map(|actor| actor.login);
            newest.insert((status.context, by), (status.state != "pending").then_some(status.state));
        }
        runs.sort_by_key(|run| run.id);
        for run in runs {
            let conclusion = run.conclusion.filter(|_| run.status == "completed");
            newest.insert((run.name, run.app.and_then(|app| app.slug)), conclusion);
        }
        let outcome = |((name, by), conclusion)| Outcome { name, conclusion, by };
        Ok(newest.into_iter().map(outcome).collect())
    }
}

/// Only where a status could stand for an app that is asked for: which app its author is.
async fn apps_of(
    api: &Api,
    statuses: &[Status],
    required: &Required,
) -> Result<BTreeMap<String, u64>, ForgeError> {
    let ask = Ask::Read("reading which app set a status");
    let mut apps = BTreeMap::new();
    for status in statuses {
        let pinned = required.get(&status.context).is_some_and(|apps| apps.iter().any(Option::is_some));
        let login = status.creator.clone().and_then(User::actor).map(|actor| actor.login);
        let Some(login) = login.filter(|login| pinned && !apps.contains_key(login)) else { continue };
        let Some(slug) = login.strip_suffix("[bot]") else { continue };
        match api.get::<AppInfo>(ask, &format!("/apps/{}", Segment(slug))).await {
            Ok(app) => drop(apps.insert(login, app.id)),
            Err(ForgeError::NotFound { .. } | ForgeError::Refused { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(apps)
}

async fn required_checks(api: &Api, repo: &RepoPath, target: &BranchName) -> Result<Required, ForgeError> {
    let ask = Ask::Read("reading which checks are required");
    let branch = branch(api, ask, repo, target);
    let (branch, rules) = futures::try_join!(branch, rules(api, ask, repo, target))?;
    let classic = branch.protection.and_then(|protection| protection.required_status_checks);
    let rules = rules.into_iter().flatten().filter(|rule| rule.kind == "required_status_checks");
    let rules = rules.filter_map(|rule| rule.parameters).flat_map(|given| given.required_status_checks);
    Ok(gather(classic.unwrap_or_default(), rules.collect()))
}

pub(super) fn gather(classic: RequiredChecks, rules: Vec<RequiredCheck>) -> Required {
    let mut required = Required::new();
    for check in classic.checks.into_iter().chain(rules) {
        let app = check.app_id.and_then(|id| u64::try_from(id).ok());
        required.entry(check.context).or_default().insert(app);
    }
    for context in classic.contexts {
        required.entry(context).or_insert_with(|| BTreeSet::from([None]));
    }
    required
}

pub(super) async fn branch(
    api: &Api,
    ask: Ask,
    repo: &RepoPath,
    target: &BranchName,
) -> Result<Branch, ForgeError> {
    api.get(ask, &format!("{}/branches/{}", repo_route(repo), Segment(target.as_str()))).await
}

/// The rules that hold on a branch; `None` where GitHub does not tell, as in Enterprise without rulesets.
pub(super) async fn rules(
    api: &Api,
    ask: Ask,
    repo: &RepoPath,
    target: &BranchName,
) -> Result<Option<Vec<Rule>>, ForgeError> {
    let route = format!("{}/rules/branches/{}", repo_route(repo), Segment(target.as_str()));
    match api.list(ask, &route, |page: Vec<Rule>| page).await {
        Ok(rules) => Ok(Some(rules)),
        Err(ForgeError::NotFound { .. } | ForgeError::Refused { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// One line per name: the newest run, else the newest status; where an app is asked for, only what that app said.
pub(super) fn merged(reported: &Reported, required: &Required, ours: Option<Ours>) -> Vec<CommitStatus> {
    let statuses = reported.statuses.iter().map(|status| status.context.as_str());
    let runs = reported.runs.iter().map(|run| run.name.as_str());
    let names: BTreeSet<&str> = statuses.chain(runs).chain(required.keys().map(String::as_str)).collect();
    names
        .into_iter()
        .flat_map(|name| match required.get(name) {
            None => vec![line(reported, name, None, false, ours)],
            Some(apps) => apps.iter().map(|app| line(reported, name, *app, true, ours)).collect(),
        })
        .collect()
}

fn line(
    reported: &Reported,
    name: &str,
    app: Option<u64>,
    required: bool,
    ours: Option<Ours>,
) -> CommitStatus {
    let by_app = |run: &&CheckRun| app.is_none() || run.app.as_ref().map(|app| app.id) == app;
    let runs = reported.runs.iter().filter(|run| run.name == name).filter(by_app);
    if let Some(run) = runs.max_by_key(|run| run.id) {
        return from_run(run, required, ours);
    }
    let by_app = |status: &&Status| {
        let login = status.creator.clone().and_then(User::actor).map(|actor| actor.login);
        app.is_none() || login.and_then(|login| reported.apps.get(&login).copied()) == app
    };
    if let Some(status) = reported.statuses.iter().filter(|status| status.context == name).find(by_app) {
        return from_status(status, required);
    }
    let description = match app {
        Some(app) => format!("required from the app {app}, which has not reported"),
        None => "required, not reported yet".to_owned(),
    };
    CommitStatus {
        context: name.to_owned(),
        state: StatusState::Pending,
        description,
        author: None,
        required,
        annotated: None,
    }
}

fn from_run(run: &CheckRun, required: bool, ours: Option<Ours>) -> CommitStatus {
    let state = match (run.status.as_str(), run.conclusion.as_deref()) {
        // What GitHub itself counts as passing.
        ("completed", Some("success" | "neutral" | "skipped")) => StatusState::Success,
        ("completed", _) => StatusState::Failure,
        _ => StatusState::Pending,
    };
    let title = run.output.as_ref().and_then(|output| output.title.clone());
    let otherwise = run.conclusion.as_ref().unwrap_or(&run.status);
    let ours = ours.filter(|ours| run.app.as_ref().is_some_and(|app| app.id == ours.app));
    CommitStatus {
        context: run.name.clone(),
        state,
        description: title.unwrap_or_else(|| otherwise.clone()),
        // An app's number is no account's number.
        author: ours.map(|ours| ours.account),
        required,
        annotated: ours.and_then(|_| run.annotated(&run.name)).map(str::to_owned),
    }
}

fn from_status(status: &Status, required: bool) -> CommitStatus {
    CommitStatus {
        context: status.context.clone(),
        state: match status.state.as_str() {
            "success" => StatusState::Success,
            "pending" => StatusState::Pending,
            _ => StatusState::Failure,
        },
        description: status.description.clone().unwrap_or_default(),
        author: status.creator.clone().and_then(User::actor).map(|actor| actor.id),
        required,
        annotated: None,
    }
}
