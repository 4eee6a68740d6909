//! Branch protection, rulesets and branches.

use serde_json::{Value, json};

use super::{Shape, with};
use crate::git::log::Commit;
use crate::state::{
    BranchRules, Bypass, BypassActor, OnPush, Protection, Restrictions, ReviewRule, Role, Rule, Ruleset,
    StatusRule, Toggle, UpToDate,
};

impl Shape<'_> {
    /// A branch with its protection in short.
    pub(crate) fn branch(&self, repo: u64, name: &str, tip: &Commit) -> Value {
        let rules = BranchRules::of(self.state, repo, name);
        let url = format!("{}/branches/{name}", self.repo_url(repo));
        let guarded = rules.classic().is_some() || rules.active().next().is_some();
        let statuses = rules.classic().and_then(|classic| classic.statuses.as_ref());
        json!({
            "name": name, "commit": self.commit(repo, tip), "protected": guarded,
            "_links": { "self": url, "html": format!("{}/tree/{name}", self.page(repo)) },
            "protection_url": format!("{url}/protection"),
            "protection": {
                "enabled": rules.classic().is_some(),
                "required_status_checks": match statuses {
                    Some(rule) => status_checks(rule),
                    None => json!({ "enforcement_level": "off", "contexts": [], "checks": [] }),
                },
            },
        })
    }

    /// Classic protection.
    pub(crate) fn protection(&self, repo: u64, branch: &str, rules: &Protection) -> Value {
        let url = format!("{}/branches/{branch}/protection", self.repo_url(repo));
        let on = |toggle| json!({ "enabled": rules.toggles.contains(&toggle) });
        let link = |part: &str, toggle| with(on(toggle), json!({ "url": format!("{url}/{part}") }));
        let mut found = json!({
            "url": url,
            "enforce_admins": link("enforce_admins", Toggle::EnforceAdmins),
            "required_signatures": link("required_signatures", Toggle::Signatures),
            "required_linear_history": on(Toggle::LinearHistory), "lock_branch": on(Toggle::Locked),
            "allow_force_pushes": on(Toggle::ForcePushes), "allow_deletions": on(Toggle::Deletions),
            "block_creations": { "enabled": false }, "allow_fork_syncing": { "enabled": false },
            "required_conversation_resolution": { "enabled": false },
        });
        if let Some(rule) = &rules.statuses {
            let more = json!({ "url": format!("{url}/required_status_checks") });
            found = with(found, json!({ "required_status_checks": with(status_checks(rule), more) }));
        }
        if let Some(rule) = &rules.reviews {
            let part = format!("{url}/required_pull_request_reviews");
            found = with(found, json!({ "required_pull_request_reviews": self.reviews(&part, rule) }));
        }
        if let Some(only) = &rules.restrictions {
            let part = format!("{url}/restrictions");
            let links = json!({
                "url": part, "users_url": format!("{part}/users"), "teams_url": format!("{part}/teams"),
                "apps_url": format!("{part}/apps"),
            });
            found = with(found, json!({ "restrictions": with(self.names(only), links) }));
        }
        found
    }

    fn reviews(&self, url: &str, rule: &ReviewRule) -> Value {
        json!({
            "url": url, "dismiss_stale_reviews": rule.on_push == OnPush::Dismiss,
            "require_code_owner_reviews": false, "require_last_push_approval": false,
            "required_approving_review_count": rule.approvals,
            "bypass_pull_request_allowances": self.names(&rule.bypass),
        })
    }

    fn names(&self, names: &Restrictions) -> Value {
        let users: Vec<Value> = names
            .users
            .iter()
            .filter_map(|login| self.state.account_id(login).ok())
            .map(|id| self.user(id))
            .collect();
        let teams = self.state.teams.values().filter(|team| names.teams.contains(&team.slug));
        let apps = self.state.apps.values().filter(|app| names.apps.contains(&app.slug));
        json!({
            "users": users,
            "teams": teams.map(|team| self.team(team)).collect::<Vec<_>>(),
            "apps": apps.map(|app| with(self.app(app), json!({ "description": "" }))).collect::<Vec<_>>(),
        })
    }

    /// A ruleset; whole, or as in lists. Who is exempt is told only to those who may change it.
    pub(crate) fn ruleset(&self, repo: u64, set: &Ruleset, detail: Detail) -> Value {
        let href = format!("{}/rulesets/{}", self.repo_url(repo), set.id);
        let short = json!({
            "id": set.id, "name": set.name, "target": "branch", "source_type": "Repository",
            "source": self.state.full_name(repo), "enforcement": set.enforcement.word(),
            "node_id": format!("RRS_{:08x}", set.id),
            "_links": { "self": { "href": href }, "html": { "href": format!("{}/rules/{}", self.page(repo), set.id) } },
        });
        if detail == Detail::Short {
            return short;
        }
        let rules: Vec<Value> = set.rules.iter().map(|rule| self.rule(repo, rule)).collect();
        let whole = with(
            short,
            json!({
                "conditions": { "ref_name": { "include": set.include, "exclude": [] } }, "rules": rules,
            }),
        );
        if detail == Detail::Whole {
            return whole;
        }
        let bypass: Vec<Value> = set.bypass.iter().map(|bypass| self.bypass(bypass)).collect();
        with(whole, json!({ "bypass_actors": bypass, "current_user_can_bypass": "never" }))
    }

    fn bypass(&self, bypass: &Bypass) -> Value {
        let (kind, id) = match &bypass.actor {
            BypassActor::App(slug) => {
                ("Integration", self.state.apps.values().find(|app| app.slug == *slug).map(|app| app.id))
            }
            BypassActor::Team(slug) => {
                ("Team", self.state.teams.values().find(|team| team.slug == *slug).map(|team| team.id))
            }
            BypassActor::Role(role) => ("RepositoryRole", role_id(*role)),
        };
        json!({ "actor_id": id, "actor_type": kind, "bypass_mode": bypass.mode.word() })
    }

    /// A rule.
    pub(crate) fn rule(&self, repo: u64, rule: &Rule) -> Value {
        match rule {
            Rule::Creation => json!({ "type": "creation" }),
            Rule::Update => {
                json!({ "type": "update", "parameters": { "update_allows_fetch_and_merge": false } })
            }
            Rule::Deletion => json!({ "type": "deletion" }),
            Rule::NonFastForward => json!({ "type": "non_fast_forward" }),
            Rule::LinearHistory => json!({ "type": "required_linear_history" }),
            Rule::Signatures => json!({ "type": "required_signatures" }),
            Rule::PullRequest { approvals, on_push } => json!({ "type": "pull_request", "parameters": {
                "required_approving_review_count": approvals,
                "dismiss_stale_reviews_on_push": *on_push == OnPush::Dismiss,
                "require_code_owner_review": false, "require_last_push_approval": false,
                "required_review_thread_resolution": false,
                "allowed_merge_methods": ["merge", "squash", "rebase"],
            } }),
            Rule::StatusChecks(rule) => json!({ "type": "required_status_checks", "parameters": {
                "strict_required_status_checks_policy": rule.up_to_date == UpToDate::Required,
                "do_not_enforce_on_create": false,
                "required_status_checks": rule.contexts.iter().map(|(context, app)| match app {
                    Some(app) => json!({ "context": context, "integration_id": app }),
                    None => json!({ "context": context }),
                }).collect::<Vec<_>>(),
            } }),
            Rule::Workflow { path } => json!({ "type": "workflows", "parameters": {
                "do_not_enforce_on_create": false, "workflows": [{ "path": path, "repository_id": repo }],
            } }),
        }
    }

    /// A rule in force for a branch, with where it comes from.
    pub(crate) fn rule_in_force(&self, repo: u64, set: &Ruleset, rule: &Rule) -> Value {
        let source = json!({
            "ruleset_source_type": "Repository", "ruleset_source": self.state.full_name(repo), "ruleset_id": set.id,
        });
        with(self.rule(repo, rule), source)
    }
}

/// How much of a ruleset is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// As in lists.
    Short,
    /// Without the list of those who are exempt.
    Whole,
    /// Everything.
    WithBypass,
}

fn status_checks(rule: &StatusRule) -> Value {
    json!({
        "strict": rule.up_to_date == UpToDate::Required, "enforcement_level": "everyone",
        "contexts": rule.contexts.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        "checks": rule.contexts.iter().map(|(name, app)| json!({ "context": name, "app_id": app })).collect::<Vec<_>>(),
    })
}

fn role_id(role: Role) -> Option<u64> {
    match role {
        Role::Maintain => Some(2),
        Role::Write => Some(4),
        Role::Admin => Some(5),
        Role::None | Role::Read | Role::Triage => None,
    }
}
