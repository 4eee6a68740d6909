//! Repositories and branches.

use serde_json::{Map, Value, json};

use super::{Shape, node, permissions, with};
use crate::state::{Activity, Role};

const ADDRESSES: &[(&str, &str)] = &[
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    ("notifications_url", "/notifications{?since,all,participating}"),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
];

impl Shape<'_> {
    /// A repository as it stands inside other answers and in lists.
    pub(crate) fn repository(&self, id: u64) -> Value {
        let Some(repo) = self.state.repos.get(&id) else { return Value::Null };
        let (url, page) = (self.repo_url(id), self.page(id));
        let addresses: Map<String, Value> =
            ADDRESSES.iter().map(|(key, tail)| ((*key).to_owned(), json!(format!("{url}{tail}")))).collect();
        let open = repo.changes.values().filter(|change| change.is_open()).count();
        let facts = json!({
            "id": id, "node_id": node("R", id), "name": repo.name, "full_name": self.state.full_name(id),
            "owner": self.user(repo.owner), "private": repo.private, "html_url": page, "description": null,
            "fork": repo.fork_of.is_some(), "url": url,
            "visibility": if repo.private { "private" } else { "public" },
            "git_url": format!("git:{}/{}.git", self.base.trim_start_matches("http:"), self.state.full_name(id)),
            "ssh_url": format!("git@127.0.0.1:{}.git", self.state.full_name(id)),
            "clone_url": format!("{page}.git"), "svn_url": page, "mirror_url": null, "homepage": null,
        });
        let more = json!({
            "language": null, "license": null, "topics": [], "forks": 0, "forks_count": 0, "stargazers_count": 0,
            "watchers": 0, "watchers_count": 0, "size": 1, "default_branch": repo.default_branch,
            "open_issues": open, "open_issues_count": open, "has_issues": true, "has_projects": true,
            "has_wiki": true, "has_pages": false, "has_downloads": true, "has_discussions": false,
            "archived": false, "disabled": false, "is_template": false, "allow_forking": true,
            "web_commit_signoff_required": false,
            "pushed_at": repo.pushed.to_string(), "created_at": repo.created.to_string(),
            "updated_at": repo.pushed.to_string(),
        });
        with(with(facts, more), Value::Object(addresses))
    }

    /// A repository with what the asker may do in it.
    pub(crate) fn repository_for(&self, id: u64, role: Role) -> Value {
        with(self.repository(id), json!({ "permissions": permissions(role) }))
    }

    /// A repository when it is asked for by name.
    pub(crate) fn full_repository(&self, id: u64, role: Role) -> Value {
        let parent = self.state.repos.get(&id).and_then(|repo| repo.fork_of);
        let whole =
            with(self.repository_for(id, role), json!({ "network_count": 0, "subscribers_count": 1 }));
        match parent {
            Some(parent) => {
                let parent = self.repository(parent);
                with(whole, json!({ "parent": parent, "source": parent }))
            }
            None => whole,
        }
    }

    /// A repository in a delivery: two of its times are numbers in some events, texts in others; these are texts.
    pub(crate) fn organization(&self, owner: u64) -> Value {
        let login = self.state.login(owner);
        let url = format!("{}/orgs/{login}", self.base);
        json!({
            "login": login, "id": owner, "node_id": node("O", owner), "url": url,
            "repos_url": format!("{url}/repos"), "events_url": format!("{url}/events"),
            "hooks_url": format!("{url}/hooks"), "issues_url": format!("{url}/issues"),
            "members_url": format!("{url}/members{{/member}}"),
            "public_members_url": format!("{url}/public_members{{/member}}"),
            "avatar_url": format!("{}/avatars/u/{owner}?v=4", self.base), "description": null,
        })
    }

    /// One move of a branch.
    pub(crate) fn activity(&self, activity: &Activity) -> Value {
        json!({
            "id": activity.id, "node_id": node("PSH", activity.id), "before": activity.before,
            "after": activity.after, "ref": activity.reference, "timestamp": activity.at.to_string(),
            "activity_type": activity.kind.word(), "actor": self.user(activity.actor),
        })
    }
}
