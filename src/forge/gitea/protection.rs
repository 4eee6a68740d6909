//! May the bot land on a branch, and may anybody else? Reads branch protection, judges it as a value.
//!
//! A push that protection allows is bound by no review and no check of Gitea's, so these do not stand in the way. Whoever
//! may press the merge button can land a tree that nobody judged, so that is an update like any other.

use countersign_core::change::RepoPath;
use countersign_core::revision::BranchName;
use countersign_core::snapshot::LandCapability;
use serde::de::IgnoredAny;

use super::wire::{Branch, Permissions, Protection, Repository};
use super::{Gitea, repo_route};
use crate::forge::answer::Ask;
use crate::forge::route::Segment;
use crate::ports::{ForgeError, ForgeReader as _};

/// Protection, as far as it is known.
#[derive(Debug, Clone)]
pub(super) enum Known {
    /// There is none.
    None,
    /// There is some, and the bot may not read it.
    Hidden,
    Rule(Box<Protection>),
}

/// How Gitea learns that a request was landed by a push.
#[derive(Debug, Clone, Copy)]
pub(super) enum Notice {
    /// It looks by itself.
    Detects,
    /// It takes the bot's word.
    IsTold,
    /// Neither.
    Never,
}

/// All that was seen.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) login: String,
    pub(super) repo: String,
    pub(super) target: String,
    pub(super) archived: bool,
    pub(super) permissions: Permissions,
    pub(super) notice: Notice,
    pub(super) branch: Branch,
    pub(super) protection: Known,
    /// Whether the bot's account has a key that Gitea can verify a signature with.
    pub(super) has_key: bool,
}

impl Gitea {
    pub(super) async fn read_capability(
        &self,
        repo: &RepoPath,
        target: &BranchName,
    ) -> Result<LandCapability, ForgeError> {
        let ask = Ask::Read("reading the protection of the branch");
        let me = self.me().await?;
        let found: Repository = self.api.get(ask, &repo_route(repo)).await?;
        let branch = self.branch(ask, repo, target).await?;
        let protection = self.protection(ask, repo, &branch).await?;
        let signed = match &protection {
            Known::Rule(rule) => rule.require_signed_commits,
            Known::None | Known::Hidden => false,
        };
        let has_key = signed && self.has_key(ask).await?;
        Ok(judge(&Seen {
            login: me.login,
            repo: repo.to_string(),
            target: target.to_string(),
            archived: found.archived,
            permissions: found.permissions.unwrap_or_default(),
            notice: match (found.autodetect_manual_merge, found.allow_manual_merge) {
                (true, _) => Notice::Detects,
                (false, true) => Notice::IsTold,
                (false, false) => Notice::Never,
            },
            branch,
            protection,
            has_key,
        }))
    }

    async fn protection(&self, ask: Ask, repo: &RepoPath, branch: &Branch) -> Result<Known, ForgeError> {
        if !branch.protected {
            return Ok(Known::None);
        }
        let rule = &branch.effective_branch_protection_name;
        if rule.is_empty() {
            return Ok(Known::Hidden);
        }
        let route = format!("{}/branch_protections/{}", repo_route(repo), Segment(rule));
        match self.api.get(ask, &route).await {
            Ok(rule) => Ok(Known::Rule(Box::new(rule))),
            Err(ForgeError::NotFound { .. } | ForgeError::Refused { .. }) => Ok(Known::Hidden),
            Err(error) => Err(error),
        }
    }

    async fn has_key(&self, ask: Ask) -> Result<bool, ForgeError> {
        let ssh = self.api.get::<Vec<IgnoredAny>>(ask, "/user/keys").await?;
        Ok(!ssh.is_empty() || !self.api.get::<Vec<IgnoredAny>>(ask, "/user/gpg_keys").await?.is_empty())
    }
}

/// Pure: what the protection that was seen means for the bot and for everybody else.
pub(super) fn judge(seen: &Seen) -> LandCapability {
    let mut missing = in_the_way(seen);
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

fn in_the_way(seen: &Seen) -> Vec<String> {
    let Seen { login, repo, target, .. } = seen;
    let mut missing = Vec::new();
    if seen.archived {
        missing.push(format!("`{repo}` is archived: unarchive it"));
    }
    if !seen.permissions.push {
        missing.push(format!("`{login}` may not push: give it write access to `{repo}`"));
    } else if !seen.branch.user_can_push {
        missing.push(match &seen.protection {
            Known::Rule(rule) if !rule.enable_push => format!(
                "nobody may push to `{target}`: choose \"Whitelist restricted push\" in its protection, with `{login}` alone"
            ),
            Known::Rule(_) | Known::Hidden | Known::None => format!(
                "`{login}` may not push to `{target}`: add it to those who may push in the protection of `{target}`"
            ),
        });
    }
    match seen.notice {
        Notice::Detects => {}
        Notice::IsTold if seen.branch.user_can_merge => {}
        Notice::IsTold => missing.push(format!(
            "`{login}` may not mark a request as merged: add it to those who may merge in the protection of `{target}`"
        )),
        Notice::Never => missing.push(format!(
            "Gitea would not notice that a request landed: allow \"Mark pull request as manually merged\" in the settings of \
             `{repo}`"
        )),
    }
    if let Known::Rule(rule) = &seen.protection
        && rule.require_signed_commits
        && !seen.has_key
    {
        missing.push(format!(
            "`{target}` takes only signed commits and `{login}` has no key: add the bot's public signing key to its account"
        ));
    }
    missing
}

/// How others could still update the branch; nothing when only the bot can.
fn others(seen: &Seen) -> Option<String> {
    let Seen { login, repo, target, .. } = seen;
    let advice =
        format!("until only `{login}` may push to and merge into `{target}`, no status of the bot passes");
    let rule = match &seen.protection {
        Known::Rule(rule) => rule,
        Known::None => {
            return Some(format!("`{target}` is not protected: protect it, with `{login}` alone; {advice}"));
        }
        Known::Hidden => {
            let admin = if seen.permissions.admin { "" } else { ": make the bot an administrator of it" };
            return Some(format!("the protection of `{target}` in `{repo}` cannot be read{admin}; {advice}"));
        }
    };
    let alone = |users: Option<&Vec<String>>, teams: Option<&Vec<String>>| {
        users.is_none_or(|users| users.iter().all(|user| user.eq_ignore_ascii_case(login)))
            && teams.is_none_or(Vec::is_empty)
    };
    let push = !rule.enable_push
        || rule.enable_push_whitelist
            && !rule.push_whitelist_deploy_keys
            && alone(rule.push_whitelist_usernames.as_ref(), rule.push_whitelist_teams.as_ref());
    let merge = rule.enable_merge_whitelist
        && alone(rule.merge_whitelist_usernames.as_ref(), rule.merge_whitelist_teams.as_ref());
    let open = match (push, merge) {
        (true, true) => return None,
        (false, true) => "push to",
        (true, false) => "merge into",
        (false, false) => "push to and merge into",
    };
    let rule = &rule.rule_name;
    Some(format!(
        "others may {open} `{target}`: in the protection `{rule}`, whitelist `{login}` alone; {advice}"
    ))
}
