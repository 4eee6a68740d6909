//! May the bot land on a branch, and may anybody else? Reads classic protection and rulesets, judges them as values.
//!
//! Checks that are required do not stand in the way: GitHub takes a merge of a pull request that passed them.

use countersign_core::actor::ActorId;
use countersign_core::change::RepoPath;
use countersign_core::revision::BranchName;
use countersign_core::snapshot::LandCapability;
use serde::Deserialize;
use std::collections::BTreeMap;

use super::auth::Access;
use super::call::Api;
use super::status::{branch, rules};
use super::wire::{BypassActor, Protection, Repository, Restrictions, Rule, Ruleset, Switch, User};
use super::{GitHub, repo_route};
use crate::forge::answer::Ask;
use crate::forge::route::Segment;
use crate::ports::{ForgeError, ForgeReader as _};

/// Whom protection must let through.
#[derive(Debug, Clone)]
pub(super) enum Bot {
    App { id: u64, login: String },
    User { id: ActorId, login: String, admin: bool },
}

/// Classic protection, as far as it is known.
#[derive(Debug, Clone)]
pub(super) enum Classic {
    None,
    /// In GitHub's words, why it is not shown.
    Hidden(String),
    Known(Box<Protection>),
}

/// All that was seen of a branch's protection.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) bot: Bot,
    pub(super) branch: String,
    /// What keeps the bot from pushing to any branch.
    pub(super) lacking: Vec<String>,
    pub(super) classic: Classic,
    /// Rules with the rulesets that they come from; `None` where GitHub does not tell.
    pub(super) rules: Option<Vec<(Rule, Ruleset)>>,
}

#[derive(Deserialize)]
struct Granted {
    #[serde(default)]
    permissions: BTreeMap<String, String>,
}

impl GitHub {
    pub(super) async fn read_capability(
        &self,
        repo: &RepoPath,
        target: &BranchName,
    ) -> Result<LandCapability, ForgeError> {
        let ask = Ask::Read("reading the protection of the branch");
        let (api, me) = (self.access.repo(repo).await?, self.me().await?);
        let route = repo_route(repo);
        let (found, tip, rules) = futures::try_join!(
            api.get::<Repository>(ask, &route),
            branch(&api, ask, repo, target),
            rules(&api, ask, repo, target),
        )?;
        let mut lacking = Vec::new();
        if found.archived {
            lacking.push(format!("`{repo}` is archived: unarchive it"));
        }
        let bot = match &self.access {
            Access::App(app) => {
                let granted: Granted = app.api.get(ask, &format!("{route}/installation")).await?;
                if granted.permissions.get("contents").map(String::as_str) != Some("write") {
                    lacking
                        .push("the app may not push: grant it the permission `contents: write`".to_owned());
                }
                Bot::App { id: app.id, login: me.login }
            }
            Access::Token { .. } => {
                let permissions = found.permissions.unwrap_or_default();
                if !permissions.push {
                    lacking.push(format!("`{}` may not push: give it the role Write on `{repo}`", me.login));
                }
                Bot::User { id: me.id, login: me.login, admin: permissions.admin }
            }
        };
        let classic = if tip.protected { classic(&api, ask, &route, target).await? } else { Classic::None };
        let rules = match rules {
            Some(rules) => Some(with_rulesets(&api, ask, &route, rules).await?),
            None => None,
        };
        Ok(judge(&Seen { bot, branch: target.as_str().to_owned(), lacking, classic, rules }))
    }
}

async fn classic(api: &Api, ask: Ask, repo: &str, target: &BranchName) -> Result<Classic, ForgeError> {
    let route = format!("{repo}/branches/{}/protection", Segment(target.as_str()));
    let answer = api.look(ask, &route, None).await?;
    let said = answer.said();
    match answer.settle(ask) {
        Ok(answer) => Ok(Classic::Known(answer.json(ask)?)),
        Err(ForgeError::NotFound { .. }) if said.contains("Branch not protected") => Ok(Classic::None),
        Err(ForgeError::NotFound { .. } | ForgeError::Refused { .. }) => Ok(Classic::Hidden(said)),
        Err(error) => Err(error),
    }
}

async fn with_rulesets(
    api: &Api,
    ask: Ask,
    repo: &str,
    rules: Vec<Rule>,
) -> Result<Vec<(Rule, Ruleset)>, ForgeError> {
    let mut known: BTreeMap<u64, Ruleset> = BTreeMap::new();
    let mut joined = Vec::with_capacity(rules.len());
    for rule in rules {
        let ruleset = match rule.ruleset_id {
            None => Ruleset::default(),
            Some(id) => {
                if let Some(known) = known.get(&id) {
                    known.clone()
                } else {
                    let ruleset = match api.get::<Ruleset>(ask, &format!("{repo}/rulesets/{id}")).await {
                        // Hidden: who bypasses it is not known, which is not the same as nobody.
                        Err(ForgeError::NotFound { .. } | ForgeError::Refused { .. }) => Ruleset::default(),
                        answered => answered?,
                    };
                    known.insert(id, ruleset.clone());
                    ruleset
                }
            }
        };
        joined.push((rule, ruleset));
    }
    Ok(joined)
}

/// Pure: what the protection that was seen means for the bot and for everybody else.
pub(super) fn judge(seen: &Seen) -> LandCapability {
    let mut missing = seen.lacking.clone();
    missing.extend(in_classic(seen));
    missing.extend(seen.rules.iter().flatten().filter_map(|(rule, ruleset)| in_rule(seen, rule, ruleset)));
    missing.dedup();
    let can = missing.is_empty();
    let exclusive = match others(seen) {
        None => true,
        Some(open) => {
            missing.push(open);
            false
        }
    };
    LandCapability { can, exclusive, missing }
}

/// What of classic protection stands in the bot's way.
fn in_classic(seen: &Seen) -> Vec<String> {
    let Classic::Known(protection) = &seen.classic else { return Vec::new() };
    let (branch, bot) = (&seen.branch, &seen.bot);
    let mut missing = Vec::new();
    if on(protection.lock_branch.as_ref()) {
        missing.push(format!("`{branch}` is locked: unlock it in its protection"));
    }
    // Administrators pass all of the rest, unless the protection includes them.
    if bot.is_admin() && !on(protection.enforce_admins.as_ref()) {
        return missing;
    }
    if protection.restrictions.as_ref().is_some_and(|only| !bot.is_in(only)) {
        missing.push(format!(
            "only some may push to `{branch}`, and {bot} is not one of them: add it to \"Restrict who can push to \
             matching branches\" in the protection of `{branch}`"
        ));
    }
    if let Some(reviews) = &protection.required_pull_request_reviews
        && !reviews.bypass_pull_request_allowances.as_ref().is_some_and(|let_by| bot.is_in(let_by))
    {
        missing.push(format!(
            "`{branch}` takes changes through pull requests only: add {bot} to \"Allow specified actors to bypass \
             required pull requests\" in the protection of `{branch}`"
        ));
    }
    if on(protection.required_signatures.as_ref()) {
        missing.push(format!(
            "`{branch}` takes only commits that GitHub can verify: replace \"Require signed commits\" by a ruleset with \
             {bot} on its bypass list"
        ));
    }
    if on(protection.required_linear_history.as_ref()) {
        missing.push(format!(
            "`{branch}` takes no merge commits: switch off \"Require linear history\" in the protection of `{branch}`"
        ));
    }
    missing
}

/// What of a rule stands in the bot's way.
fn in_rule(seen: &Seen, rule: &Rule, ruleset: &Ruleset) -> Option<String> {
    let (branch, bot) = (&seen.branch, &seen.bot);
    let why = match rule.kind.as_str() {
        "update" => "lets nobody update the branch",
        "pull_request" => "takes changes through pull requests only",
        "required_signatures" => "takes only commits that GitHub can verify",
        "required_linear_history" => "takes no merge commits",
        "merge_queue" => "takes changes through the merge queue only",
        // Landing neither creates, deletes nor rewinds; checks see above; the rest looks at files and reviews.
        "creation"
        | "deletion"
        | "non_fast_forward"
        | "required_status_checks"
        | "copilot_code_review"
        | "file_path_restriction"
        | "max_file_path_length"
        | "file_extension_restriction"
        | "max_file_size"
        | "branch_name_pattern"
        | "tag_name_pattern" => return None,
        _ => "may refuse a push",
    };
    if bot.bypasses(ruleset) {
        return None;
    }
    let (kind, name) = (&rule.kind, ruleset.shown());
    Some(format!("{name} {why} on `{branch}` (rule `{kind}`): add {bot} to its bypass list, always allowed"))
}

/// How others could still update the branch; nothing when only the bot can.
///
/// Whom a ruleset lets by is shown only to those who may change it, which is more than the bot should be given: classic
/// protection is what it is advised to be let in by.
fn others(seen: &Seen) -> Option<String> {
    let (branch, bot) = (&seen.branch, &seen.bot);
    let closed: Vec<_> = seen
        .rules
        .iter()
        .flatten()
        .filter(|(rule, _)| rule.kind == "update" && !rule.follows_upstream())
        .map(|(_, ruleset)| (ruleset, ruleset.bypass_actors.as_ref()))
        .collect();
    let alone = |actors: Option<&Vec<BypassActor>>| {
        actors.is_some_and(|actors| actors.iter().all(|actor| bot.is_actor(actor)))
    };
    if closed.iter().any(|(_, actors)| alone(*actors)) {
        return None;
    }
    let open = match (&seen.classic, closed.first()) {
        (Classic::Known(protection), _) if protection.restrictions.is_some() => {
            let only = protection.restrictions.as_ref().is_some_and(|only| bot.is_alone_in(only));
            match (only, on(protection.enforce_admins.as_ref())) {
                (true, true) => return None,
                (true, false) => format!("administrators may update `{branch}` past its protection"),
                (false, _) => format!("others than {bot} may push to `{branch}`"),
            }
        }
        (_, Some((ruleset, None))) => {
            format!("{} does not tell whom it lets update `{branch}`", ruleset.shown())
        }
        (_, Some((ruleset, Some(_)))) => format!("{} lets others update `{branch}` too", ruleset.shown()),
        (Classic::Hidden(why), None) => {
            format!("the protection of `{branch}` cannot be read ({why}), so others may update it")
        }
        (Classic::None | Classic::Known(_), None) => format!("others may update `{branch}` too"),
    };
    Some(format!(
        "{open}: let its branch protection restrict who can push to {bot} alone, with \"Do not allow bypassing the above \
         settings\"; until then no status of the bot passes"
    ))
}

fn on(switch: Option<&Switch>) -> bool {
    switch.is_some_and(|switch| switch.enabled)
}

impl Rule {
    /// A fork whose branch may be synchronised by anybody who may press that button.
    fn follows_upstream(&self) -> bool {
        self.parameters.as_ref().is_some_and(|given| given.update_allows_fetch_and_merge)
    }
}

impl Ruleset {
    fn shown(&self) -> String {
        if self.name.is_empty() { "a ruleset".to_owned() } else { format!("the ruleset `{}`", self.name) }
    }
}

impl std::fmt::Display for Bot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::App { login, .. } => write!(f, "the app `{}`", login.trim_end_matches("[bot]")),
            Self::User { login, .. } => write!(f, "the user `{login}`"),
        }
    }
}

impl Bot {
    fn is_admin(&self) -> bool {
        match self {
            Self::App { .. } => false,
            Self::User { admin, .. } => *admin,
        }
    }

    fn is_in(&self, named: &Restrictions) -> bool {
        match self {
            Self::App { id, .. } => named.apps.iter().any(|app| app.id == *id),
            Self::User { id, .. } => named.users.iter().any(|user| account(user) == Some(*id)),
        }
    }

    fn is_alone_in(&self, named: &Restrictions) -> bool {
        let (users, apps) = match self {
            Self::App { id, .. } => (named.users.is_empty(), named.apps.iter().all(|app| app.id == *id)),
            Self::User { id, .. } => {
                (named.users.iter().all(|user| account(user) == Some(*id)), named.apps.is_empty())
            }
        };
        users && apps && named.teams.is_empty()
    }

    fn is_actor(&self, actor: &BypassActor) -> bool {
        match self {
            Self::App { id, .. } => actor.actor_type == "Integration" && actor.actor_id == Some(*id),
            Self::User { id, .. } => actor.actor_type == "User" && actor.actor_id == Some(id.get()),
        }
    }

    /// Whether it may push past a ruleset. Bypassing for pull requests only is no help to a push.
    fn bypasses(&self, ruleset: &Ruleset) -> bool {
        let always = |mode: Option<&str>| matches!(mode, Some("always" | "exempt"));
        let listed = |actor: &BypassActor| self.is_actor(actor) && always(actor.bypass_mode.as_deref());
        always(ruleset.current_user_can_bypass.as_deref())
            || ruleset.bypass_actors.iter().flatten().any(listed)
    }
}

fn account(user: &User) -> Option<ActorId> {
    user.clone().actor().map(|actor| actor.id)
}
