//! Branch protection and rulesets: what they say, and whether they let somebody move a branch.

use std::collections::{BTreeMap, BTreeSet};

use super::{Role, State};

/// A switch of classic branch protection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Toggle {
    /// Administrators are not exempt.
    EnforceAdmins,
    /// No merge commits.
    LinearHistory,
    /// Signed commits only.
    Signatures,
    /// Nobody pushes.
    Locked,
    /// Whoever may push may also rewind.
    ForcePushes,
    /// Whoever may push may also delete.
    Deletions,
}

/// Classic protection of one branch.
#[derive(Debug, Clone, Default)]
pub struct Protection {
    /// Only these may push; `None` for everybody with write permission.
    pub restrictions: Option<Restrictions>,
    /// Changes come as reviewed change requests.
    pub reviews: Option<ReviewRule>,
    /// Checks that must have passed.
    pub statuses: Option<StatusRule>,
    /// The rest.
    pub toggles: BTreeSet<Toggle>,
}

/// Who may push.
#[derive(Debug, Clone, Default)]
pub struct Restrictions {
    /// Logins.
    pub users: Vec<String>,
    /// Slugs of teams.
    pub teams: Vec<String>,
    /// Slugs of Apps.
    pub apps: Vec<String>,
}

/// Reviews that are needed before the forge's merge button works.
#[derive(Debug, Clone)]
pub struct ReviewRule {
    /// How many.
    pub approvals: u64,
    /// What a push does to an approval.
    pub on_push: OnPush,
    /// Who need not open a change request: may push at once.
    pub bypass: Restrictions,
}

/// What a push does to an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnPush {
    /// Nothing.
    Keep,
    /// It is dismissed.
    Dismiss,
}

/// Checks that must have passed on what is pushed or merged.
#[derive(Debug, Clone)]
pub struct StatusRule {
    /// Whether the head must contain the base.
    pub up_to_date: UpToDate,
    /// Context, and the App it must come from.
    pub contexts: Vec<(String, Option<u64>)>,
}

/// Whether the head must contain the tip of the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpToDate {
    /// It must.
    Required,
    /// It need not.
    Optional,
}

/// A ruleset.
#[derive(Debug, Clone)]
pub struct Ruleset {
    /// Given by the stand-in when it is added; put 0.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Whether it counts.
    pub enforcement: Enforcement,
    /// Full ref names, `~ALL` or `~DEFAULT_BRANCH`.
    pub include: Vec<String>,
    /// What it demands.
    pub rules: Vec<Rule>,
    /// Who is exempt.
    pub bypass: Vec<Bypass>,
}

/// Whether a ruleset counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enforcement {
    /// It does.
    Active,
    /// It is only tried.
    Evaluate,
    /// It does not.
    Disabled,
}

impl Enforcement {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Evaluate => "evaluate",
            Self::Disabled => "disabled",
        }
    }
}

/// One demand of a ruleset.
#[derive(Debug, Clone)]
pub enum Rule {
    /// Only the exempt may create the branch.
    Creation,
    /// Only the exempt may move the branch.
    Update,
    /// Only the exempt may delete the branch.
    Deletion,
    /// Nobody rewinds.
    NonFastForward,
    /// No merge commits.
    LinearHistory,
    /// Signed commits only.
    Signatures,
    /// Changes come as change requests with so many approvals.
    PullRequest {
        /// How many.
        approvals: u64,
        /// What a push does to an approval.
        on_push: OnPush,
    },
    /// Checks that must have passed.
    StatusChecks(StatusRule),
    /// A workflow that must have run.
    Workflow {
        /// Its file.
        path: String,
    },
}

/// Who is exempt from a ruleset, and when.
#[derive(Debug, Clone)]
pub struct Bypass {
    /// Who.
    pub actor: BypassActor,
    /// When.
    pub mode: BypassMode,
}

/// Who is exempt.
#[derive(Debug, Clone)]
pub enum BypassActor {
    /// An App, by slug.
    App(String),
    /// A team, by slug.
    Team(String),
    /// Everybody with this role or more: write, maintain or admin.
    Role(Role),
}

/// When somebody is exempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BypassMode {
    /// Always.
    Always,
    /// Only when merging a change request.
    PullRequest,
}

impl BypassMode {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::PullRequest => "pull_request",
        }
    }
}

/// What is asked of one push to one ref. The rest is for the hook, which has the objects.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// Refused for these reasons, whatever the commits are.
    pub(crate) refused: Vec<String>,
    pub(crate) forward_only: bool,
    pub(crate) linear: bool,
    pub(crate) signed: bool,
}

/// A move of a branch that somebody asks for.
#[derive(Debug, Clone)]
pub(crate) struct Asked<'a> {
    pub(crate) new: &'a str,
    pub(crate) creates: bool,
    pub(crate) deletes: bool,
    pub(crate) actor: u64,
    pub(crate) by: Door,
}

/// By which door a branch is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    Push,
    MergeButton,
}

/// All that holds for one branch.
pub(crate) struct BranchRules<'a> {
    state: &'a State,
    repo: u64,
    classic: Option<&'a Protection>,
    sets: Vec<&'a Ruleset>,
}

impl<'a> BranchRules<'a> {
    pub(crate) fn of(state: &'a State, repo: u64, branch: &str) -> Self {
        let found = state.repos.get(&repo);
        let classic = found.and_then(|repo| repo.protection.get(branch));
        let sets = found.map_or_else(Vec::new, |repo| {
            let full = format!("refs/heads/{branch}");
            let applies = |set: &&Ruleset| {
                set.include.iter().any(|pattern| match pattern.as_str() {
                    "~ALL" => true,
                    "~DEFAULT_BRANCH" => repo.default_branch == branch,
                    name => name == full,
                })
            };
            repo.rulesets.iter().filter(applies).collect()
        });
        Self { state, repo, classic, sets }
    }

    pub(crate) fn classic(&self) -> Option<&'a Protection> {
        self.classic
    }

    /// Rules in force, each with its set.
    pub(crate) fn active(&self) -> impl Iterator<Item = (&'a Ruleset, &'a Rule)> {
        self.sets
            .iter()
            .filter(|set| set.enforcement == Enforcement::Active)
            .flat_map(|set| set.rules.iter().map(move |rule| (*set, rule)))
    }

    pub(crate) fn dismisses_on_push(&self) -> bool {
        let classic = self
            .classic
            .and_then(|rules| rules.reviews.as_ref())
            .is_some_and(|reviews| reviews.on_push == OnPush::Dismiss);
        classic
            || self
                .active()
                .any(|(_, rule)| matches!(rule, Rule::PullRequest { on_push: OnPush::Dismiss, .. }))
    }

    pub(crate) fn judge(&self, asked: &Asked<'_>) -> Judged {
        let mut judged = Judged::default();
        self.judge_classic(asked, &mut judged);
        for (set, rule) in self.active() {
            if !self.exempt(set, asked) {
                self.judge_rule(rule, asked, &mut judged);
            }
        }
        judged
    }

    fn judge_classic(&self, asked: &Asked<'_>, judged: &mut Judged) {
        let Some(rules) = self.classic else { return };
        let admin = self.state.role(self.repo, asked.actor) == Role::Admin;
        let on = |toggle| rules.toggles.contains(&toggle);
        judged.forward_only |= !on(Toggle::ForcePushes);
        if asked.deletes && !on(Toggle::Deletions) {
            judged.refused.push("Cannot delete this protected branch".to_owned());
        }
        if admin && !on(Toggle::EnforceAdmins) {
            return;
        }
        if on(Toggle::Locked) {
            judged.refused.push("Cannot change this locked branch".to_owned());
        }
        judged.linear |= on(Toggle::LinearHistory);
        judged.signed |= on(Toggle::Signatures);
        if rules.restrictions.as_ref().is_some_and(|only| !self.named(only, asked.actor)) {
            judged.refused.push("You're not authorized to push to this branch.".to_owned());
        }
        if asked.by == Door::Push {
            if rules.reviews.as_ref().is_some_and(|reviews| !self.named(&reviews.bypass, asked.actor)) {
                judged.refused.push("Changes must be made through a pull request.".to_owned());
            }
            if let Some(statuses) = &rules.statuses {
                self.judge_statuses(statuses, asked, judged);
            }
        }
    }

    fn judge_rule(&self, rule: &Rule, asked: &Asked<'_>, judged: &mut Judged) {
        let push = asked.by == Door::Push;
        match rule {
            Rule::Creation if asked.creates => {
                judged.refused.push("Cannot create ref due to creations being restricted.".to_owned())
            }
            Rule::Update if !asked.creates && !asked.deletes => {
                judged.refused.push("Cannot update this protected ref.".to_owned());
            }
            Rule::Deletion if asked.deletes => {
                judged.refused.push("Cannot delete this protected ref.".to_owned())
            }
            Rule::NonFastForward => judged.forward_only = true,
            Rule::LinearHistory => judged.linear = true,
            Rule::Signatures => judged.signed = true,
            Rule::PullRequest { .. } if push => {
                judged.refused.push("Changes must be made through a pull request.".to_owned());
            }
            Rule::StatusChecks(statuses) if push => self.judge_statuses(statuses, asked, judged),
            Rule::Workflow { path } if push => {
                judged.refused.push(format!("Required workflow {path:?} has not run."));
            }
            Rule::Creation
            | Rule::Update
            | Rule::Deletion
            | Rule::PullRequest { .. }
            | Rule::StatusChecks(_)
            | Rule::Workflow { .. } => {}
        }
    }

    fn judge_statuses(&self, rule: &StatusRule, asked: &Asked<'_>, judged: &mut Judged) {
        let missing = self.missing_statuses(rule, asked.new);
        judged
            .refused
            .extend(missing.iter().map(|name| format!("Required status check \"{name}\" is expected.")));
    }

    /// Contexts of the rule that have not passed on a commit.
    pub(crate) fn missing_statuses(&self, rule: &StatusRule, sha: &str) -> Vec<String> {
        let Some(repo) = self.state.repos.get(&self.repo) else { return Vec::new() };
        let newest: BTreeMap<&str, &str> = repo
            .statuses
            .iter()
            .filter(|status| status.sha == sha)
            .map(|status| (status.context.as_str(), status.state.as_str()))
            .collect();
        let passes = |context: &str, app: Option<u64>| {
            let status = app.is_none() && newest.get(context) == Some(&"success");
            let run = repo.checks.iter().rev().find(|run| run.sha == sha && run.name == context);
            let run = run.is_some_and(|run| {
                app.is_none_or(|app| run.app == app)
                    && matches!(run.conclusion.as_deref(), Some("success" | "neutral" | "skipped"))
            });
            status || run
        };
        rule.contexts.iter().filter(|(name, app)| !passes(name, *app)).map(|(name, _)| name.clone()).collect()
    }

    fn exempt(&self, set: &Ruleset, asked: &Asked<'_>) -> bool {
        set.bypass.iter().any(|bypass| {
            let now = bypass.mode == BypassMode::Always || asked.by == Door::MergeButton;
            now && match &bypass.actor {
                BypassActor::App(slug) => self.is_app(slug, asked.actor),
                BypassActor::Team(slug) => self.in_team(slug, asked.actor),
                BypassActor::Role(role) => self.state.role(self.repo, asked.actor) >= *role,
            }
        })
    }

    fn named(&self, names: &Restrictions, actor: u64) -> bool {
        names.users.iter().any(|login| self.state.login(actor).eq_ignore_ascii_case(login))
            || names.teams.iter().any(|slug| self.in_team(slug, actor))
            || names.apps.iter().any(|slug| self.is_app(slug, actor))
    }

    fn in_team(&self, slug: &str, actor: u64) -> bool {
        self.state.teams.values().any(|team| team.slug == slug && team.members.contains(&actor))
    }

    fn is_app(&self, slug: &str, actor: u64) -> bool {
        self.state.apps.values().any(|app| app.slug == slug && app.account == actor)
    }
}
