//! Comments, reactions, reviews, and the issue that a change request also is.

use serde_json::{Value, json};

use super::{Shape, node};
use crate::state::{Change, Comment, Reaction, Review};

const REACTIONS: [&str; 8] = ["+1", "-1", "laugh", "confused", "heart", "hooray", "eyes", "rocket"];

impl Shape<'_> {
    /// A comment.
    pub(crate) fn comment(&self, repo: u64, number: u64, comment: &Comment) -> Value {
        let url = format!("{}/issues/comments/{}", self.repo_url(repo), comment.id);
        let app = comment.via_app.and_then(|id| self.state.apps.get(&id));
        json!({
            "id": comment.id, "node_id": node("IC", comment.id), "url": url,
            "html_url": format!("{}/pull/{number}#issuecomment-{}", self.page(repo), comment.id),
            "issue_url": format!("{}/issues/{number}", self.repo_url(repo)),
            "user": self.user(comment.author), "body": comment.body,
            "created_at": comment.created.to_string(), "updated_at": comment.updated.to_string(),
            "author_association": self.association(repo, comment.author),
            "performed_via_github_app": app.map_or(Value::Null, |app| self.app(app)),
            "reactions": rollup(&comment.reactions, &format!("{url}/reactions")),
        })
    }

    /// A reaction.
    pub(crate) fn reaction(&self, reaction: &Reaction) -> Value {
        json!({
            "id": reaction.id, "node_id": node("REA", reaction.id), "user": self.user(reaction.user),
            "content": reaction.content, "created_at": reaction.created.to_string(),
        })
    }

    /// A review.
    pub(crate) fn review(&self, repo: u64, number: u64, review: &Review) -> Value {
        let html = format!("{}/pull/{number}#pullrequestreview-{}", self.page(repo), review.id);
        let pull = format!("{}/pulls/{number}", self.repo_url(repo));
        json!({
            "id": review.id, "node_id": node("PRR", review.id), "user": self.user(review.author),
            "body": review.body, "state": review.state.word(), "html_url": html, "pull_request_url": pull,
            "_links": { "html": { "href": html }, "pull_request": { "href": pull } },
            "submitted_at": review.submitted.to_string(), "commit_id": review.commit,
            "author_association": self.association(repo, review.author),
        })
    }

    /// The issue that a change request also is.
    pub(crate) fn issue(&self, repo: u64, change: &Change) -> Value {
        let url = format!("{}/issues/{}", self.repo_url(repo), change.number);
        let html = format!("{}/pull/{}", self.page(repo), change.number);
        json!({
            "id": change.id + 1, "node_id": node("PR", change.id), "number": change.number, "url": url,
            "repository_url": self.repo_url(repo), "labels_url": format!("{url}/labels{{/name}}"),
            "comments_url": format!("{url}/comments"), "events_url": format!("{url}/events"), "html_url": html,
            "timeline_url": format!("{url}/timeline"),
            "title": change.title, "user": self.user(change.author), "labels": [],
            "state": if change.is_open() { "open" } else { "closed" }, "locked": false, "assignee": null,
            "assignees": [], "milestone": null, "comments": change.comments.len(),
            "created_at": change.created.to_string(), "updated_at": change.updated.to_string(),
            "closed_at": change.closed.map(|at| at.to_string()),
            "author_association": self.association(repo, change.author), "active_lock_reason": null,
            "draft": change.draft, "body": change.body, "performed_via_github_app": null,
            "reactions": rollup(&[], &format!("{url}/reactions")),
            "pull_request": {
                "url": format!("{}/pulls/{}", self.repo_url(repo), change.number), "html_url": html,
                "diff_url": format!("{html}.diff"), "patch_url": format!("{html}.patch"),
                "merged_at": change.merged.as_ref().map(|merged| merged.at.to_string()),
            },
        })
    }
}

/// Whether the forge has such a reaction.
pub(crate) fn is_reaction(content: &str) -> bool {
    REACTIONS.contains(&content)
}

fn rollup(reactions: &[Reaction], url: &str) -> Value {
    let mut counts = serde_json::Map::new();
    for content in REACTIONS {
        let count = reactions.iter().filter(|reaction| reaction.content == content).count();
        counts.insert(content.to_owned(), json!(count));
    }
    counts.insert("total_count".to_owned(), json!(reactions.len()));
    counts.insert("url".to_owned(), json!(url));
    Value::Object(counts)
}
