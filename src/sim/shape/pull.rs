//! Change requests.

use serde_json::{Value, json};

use super::{Shape, node, with};
use crate::state::{Change, Facts, Role, Side};

impl Shape<'_> {
    /// A change request as it stands in lists.
    pub(crate) fn pull_simple(&self, repo: u64, change: &Change) -> Value {
        let number = change.number;
        let (api, page) = (self.repo_url(repo), self.page(repo));
        let (url, issue) = (format!("{api}/pulls/{number}"), format!("{api}/issues/{number}"));
        let html = format!("{page}/pull/{number}");
        let statuses = format!("{api}/statuses/{}", change.head.sha);
        let link = |href: &str| json!({ "href": href });
        let landed = change.merged.as_ref().map(|merged| merged.commit.clone());
        let test = change.facts.as_ref().and_then(|facts| facts.test_merge.clone());
        json!({
            "url": url, "id": change.id, "node_id": node("PR", change.id), "html_url": html,
            "diff_url": format!("{html}.diff"), "patch_url": format!("{html}.patch"), "issue_url": issue,
            "commits_url": format!("{url}/commits"), "review_comments_url": format!("{url}/comments"),
            "review_comment_url": format!("{api}/pulls/comments{{/number}}"),
            "comments_url": format!("{issue}/comments"), "statuses_url": statuses,
            "number": number, "state": if change.is_open() { "open" } else { "closed" }, "locked": false,
            "title": change.title, "user": self.user(change.author), "body": change.body, "labels": [],
            "milestone": null, "active_lock_reason": null,
            "created_at": change.created.to_string(), "updated_at": change.updated.to_string(),
            "closed_at": change.closed.map(|at| at.to_string()),
            "merged_at": change.merged.as_ref().map(|merged| merged.at.to_string()),
            "merge_commit_sha": landed.or(test), "assignee": null, "assignees": [],
            "requested_reviewers": self.requested(change), "requested_teams": self.requested_teams(change), "head": self.side(&change.head), "base": self.side(&change.base),
            "_links": {
                "comments": link(&format!("{issue}/comments")), "commits": link(&format!("{url}/commits")),
                "statuses": link(&statuses), "html": link(&html), "issue": link(&issue),
                "review_comments": link(&format!("{url}/comments")),
                "review_comment": link(&format!("{api}/pulls/comments{{/number}}")), "self": link(&url),
            },
            "author_association": self.association(repo, change.author), "auto_merge": null, "draft": change.draft,
        })
    }

    /// A change request when it is asked for by number; `facts` where git was asked already.
    pub(crate) fn pull(&self, repo: u64, change: &Change, mergeable: Mergeable<'_>) -> Value {
        let facts = change.facts.as_ref();
        let count = |of: fn(&Facts) -> u64| facts.map_or(0, of);
        let (answer, word) = match (change.is_open(), mergeable) {
            (false, _) | (_, Mergeable::Unknown) => (Value::Null, "unknown"),
            (true, Mergeable::Known(facts)) if facts.test_merge.is_none() => (json!(false), "dirty"),
            (true, Mergeable::Known(_)) if change.draft => (json!(true), "draft"),
            (true, Mergeable::Known(_)) => (json!(true), "clean"),
        };
        with(
            self.pull_simple(repo, change),
            json!({
                "merged": change.merged.is_some(), "mergeable": answer, "rebaseable": answer,
                "mergeable_state": word,
                "merged_by": change.merged.as_ref().map_or(Value::Null, |merged| self.user(merged.by)),
                "comments": change.comments.len(), "review_comments": 0, "maintainer_can_modify": false,
                "commits": count(|facts| facts.commits), "additions": count(|facts| facts.additions),
                "deletions": count(|facts| facts.deletions), "changed_files": count(|facts| facts.files),
            }),
        )
    }

    /// A change request in a delivery about its reviews: the same thing, one shape between the two.
    pub(crate) fn pull_in_review(&self, repo: u64, change: &Change) -> Value {
        self.pull_simple(repo, change)
    }

    /// Who is asked for a review.
    pub(crate) fn requested(&self, change: &Change) -> Vec<Value> {
        change.requested.iter().map(|id| self.user(*id)).collect()
    }

    /// Which teams are.
    pub(crate) fn requested_teams(&self, change: &Change) -> Vec<Value> {
        change
            .requested_teams
            .iter()
            .filter_map(|id| self.state.teams.get(id))
            .map(|team| self.team(team))
            .collect()
    }

    fn side(&self, side: &Side) -> Value {
        let owner = self.state.repos.get(&side.repo).map_or(0, |repo| repo.owner);
        json!({
            "label": format!("{}:{}", self.state.login(owner), side.branch), "ref": side.branch, "sha": side.sha,
            "user": self.user(owner), "repo": self.repository(side.repo),
        })
    }

    /// What somebody is to a repository.
    pub(crate) fn association(&self, repo: u64, account: u64) -> &'static str {
        let owner = self.state.repos.get(&repo).map_or(0, |found| found.owner);
        let member =
            self.state.teams.values().any(|team| team.org == owner && team.members.contains(&account));
        if owner == account {
            "OWNER"
        } else if member {
            "MEMBER"
        } else if self.state.role(repo, account) >= Role::Triage {
            "COLLABORATOR"
        } else {
            "NONE"
        }
    }
}

/// Whether the forge knows by now if two sides merge.
#[derive(Clone, Copy)]
pub(crate) enum Mergeable<'a> {
    Unknown,
    Known(&'a Facts),
}
