//! Accounts, Apps, installations, teams.

use serde_json::{Value, json};

use super::{Shape, node};
use crate::state::{AccountKind, App, Installation, Team};

impl Shape<'_> {
    /// An account; a deleted one is the forge's ghost.
    pub(crate) fn user(&self, id: u64) -> Value {
        let login = self.state.login(id);
        let kind = self.state.accounts.get(&id).map_or(AccountKind::User, |account| account.kind);
        let path = login.replace('[', "%5B").replace(']', "%5D");
        let url = format!("{}/users/{path}", self.base);
        json!({
            "login": login, "id": id, "node_id": node("U", id),
            "avatar_url": format!("{}/avatars/u/{id}?v=4", self.base), "gravatar_id": "",
            "url": url, "html_url": format!("{}/{path}", self.base),
            "followers_url": format!("{url}/followers"),
            "following_url": format!("{url}/following{{/other_user}}"),
            "gists_url": format!("{url}/gists{{/gist_id}}"),
            "starred_url": format!("{url}/starred{{/owner}}{{/repo}}"),
            "subscriptions_url": format!("{url}/subscriptions"),
            "organizations_url": format!("{url}/orgs"),
            "repos_url": format!("{url}/repos"),
            "events_url": format!("{url}/events{{/privacy}}"),
            "received_events_url": format!("{url}/received_events"),
            "type": kind.word(), "user_view_type": "public", "site_admin": false,
        })
    }

    /// An account as anybody sees it when they ask for it by name.
    pub(crate) fn public_user(&self, id: u64) -> Value {
        let created = self.state.accounts.get(&id).map(|account| account.created.to_string());
        with(
            self.user(id),
            json!({
                "name": self.state.login(id), "company": null, "blog": "", "location": null, "email": null,
                "hireable": null, "bio": null, "twitter_username": null, "public_repos": 0, "public_gists": 0,
                "followers": 0, "following": 0, "created_at": created, "updated_at": created,
            }),
        )
    }

    /// An account as it sees itself.
    pub(crate) fn private_user(&self, id: u64) -> Value {
        with(
            self.public_user(id),
            json!({
                "private_gists": 0, "total_private_repos": 0, "owned_private_repos": 0, "disk_usage": 0,
                "collaborators": 0, "two_factor_authentication": true,
                "plan": { "name": "free", "space": 1, "collaborators": 0, "private_repos": 1 },
            }),
        )
    }

    /// A member of a team, or a collaborator, with what they may do.
    pub(crate) fn permission(&self, repo: u64, id: u64) -> Value {
        let role = self.state.role(repo, id);
        let user = with(self.user(id), json!({ "permissions": permissions(role), "role_name": role.word() }));
        json!({ "permission": role.legacy_word(), "role_name": role.word(), "user": user })
    }

    /// An App as it sees itself, or as it stands on what it made.
    pub(crate) fn app(&self, app: &App) -> Value {
        json!({
            "id": app.id, "slug": app.slug, "node_id": node("A", app.id), "client_id": format!("Iv1.{:016x}", app.id),
            "owner": self.user(app.owner), "name": app.slug, "description": null,
            "external_url": format!("{}/apps/{}", self.base, app.slug),
            "html_url": format!("{}/apps/{}", self.base, app.slug),
            "created_at": app.created.to_string(), "updated_at": app.created.to_string(),
            "permissions": app.permissions, "events": events(), "installations_count": 1,
        })
    }

    /// An installation.
    pub(crate) fn installation(&self, found: &Installation, app: &App) -> Value {
        json!({
            "id": found.id, "account": self.user(found.account), "repository_selection": "selected",
            "access_tokens_url": format!("{}/app/installations/{}/access_tokens", self.base, found.id),
            "repositories_url": format!("{}/installation/repositories", self.base),
            "html_url": format!("{}/settings/installations/{}", self.base, found.id),
            "app_id": app.id, "app_slug": app.slug, "target_id": found.account, "target_type": "Organization",
            "permissions": found.permissions, "events": events(), "single_file_name": null,
            "created_at": found.created.to_string(), "updated_at": found.created.to_string(),
            "suspended_by": null, "suspended_at": null,
        })
    }

    /// A team.
    pub(crate) fn team(&self, team: &Team) -> Value {
        let org = self.state.login(team.org);
        let url = format!("{}/organizations/{}/team/{}", self.base, team.org, team.id);
        json!({
            "id": team.id, "node_id": node("T", team.id), "name": team.slug, "slug": team.slug, "description": null,
            "privacy": "closed", "permission": "pull", "url": url, "type": "organization",
            "html_url": format!("{}/orgs/{org}/teams/{}", self.base, team.slug),
            "members_url": format!("{url}/members{{/member}}"), "repositories_url": format!("{url}/repos"),
            "organization_id": team.org, "parent": null,
        })
    }
}

/// What a role lets somebody do, in the forge's words.
pub(crate) fn permissions(role: crate::Role) -> Value {
    use crate::Role;
    json!({
        "pull": role >= Role::Read, "triage": role >= Role::Triage, "push": role >= Role::Write,
        "maintain": role >= Role::Maintain, "admin": role >= Role::Admin,
    })
}

fn events() -> Value {
    json!(["push", "pull_request", "issue_comment", "pull_request_review"])
}

/// An object with more members.
pub(crate) fn with(mut object: Value, more: Value) -> Value {
    if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
        object.extend(more);
    }
    object
}
