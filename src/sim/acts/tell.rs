//! Telling the webhook what happened.

use serde_json::{Value, json};

use crate::error::SimError;
use crate::git::ZERO;
use crate::git::log::Commit;
use crate::shape::{Mergeable, Shape, with};
use crate::state::{Activity, ActivityKind, Comment, Review, State};
use crate::world::World;

impl World {
    pub(crate) fn shape<'a>(&'a self, state: &'a State) -> Shape<'a> {
        Shape { base: &self.base, state }
    }

    /// Sends a delivery about a change request.
    pub(crate) fn tell_change(
        &self,
        repo: u64,
        number: u64,
        action: &str,
        sender: u64,
        more: Value,
    ) -> Result<(), SimError> {
        let body = {
            let state = self.state();
            let shape = self.shape(&state);
            let change = state.change(repo, number)?;
            let pull = shape.pull(repo, change, Mergeable::Unknown);
            let own = json!({ "action": action, "number": number, "pull_request": pull });
            with(with(own, more), surroundings(&shape, repo, sender))
        };
        self.tell("pull_request", action, body);
        Ok(())
    }

    pub(crate) fn tell_comment(
        &self,
        repo: u64,
        number: u64,
        action: &str,
        comment: &Comment,
        sender: u64,
        more: Value,
    ) -> Result<(), SimError> {
        let body = {
            let state = self.state();
            let shape = self.shape(&state);
            let issue = shape.issue(repo, state.change(repo, number)?);
            let own =
                json!({ "action": action, "issue": issue, "comment": shape.comment(repo, number, comment) });
            with(with(own, more), surroundings(&shape, repo, sender))
        };
        self.tell("issue_comment", action, body);
        Ok(())
    }

    pub(crate) fn tell_review(
        &self,
        repo: u64,
        number: u64,
        action: &str,
        review: &Review,
        sender: u64,
    ) -> Result<(), SimError> {
        let body = {
            let state = self.state();
            let shape = self.shape(&state);
            let pull = shape.pull_in_review(repo, state.change(repo, number)?);
            let mut told = shape.review(repo, number, review);
            if let Value::Object(told) = &mut told {
                // Deliveries say it in small letters, the API in capitals.
                told.insert("state".to_owned(), json!(review.state.word().to_lowercase()));
            }
            let own = json!({ "action": action, "pull_request": pull, "review": told });
            with(own, surroundings(&shape, repo, sender))
        };
        self.tell("pull_request_review", action, body);
        Ok(())
    }

    pub(crate) fn tell_push(&self, repo: u64, moved: &Activity, commits: &[Commit]) {
        let body = {
            let state = self.state();
            let shape = self.shape(&state);
            let login = state.login(moved.actor);
            let email = state.accounts.get(&moved.actor).map_or("", |account| account.email());
            let told: Vec<Value> = commits.iter().map(|commit| shape.pushed_commit(repo, commit)).collect();
            let own = json!({
                "ref": moved.reference, "before": moved.before, "after": moved.after, "base_ref": null,
                "created": moved.before == ZERO, "deleted": moved.after == ZERO,
                "forced": moved.kind == ActivityKind::ForcePush,
                "compare": format!("{}/compare/{}...{}", shape.page(repo), moved.before, moved.after),
                "head_commit": told.last().cloned(), "commits": told,
                "pusher": { "name": login, "email": email },
            });
            let mut body = with(own, surroundings(&shape, repo, moved.actor));
            let created = state.repos.get(&repo).map_or(0, |found| found.created.as_second());
            let pushed = state.repos.get(&repo).map_or(0, |found| found.pushed.as_second());
            if let Some(Value::Object(found)) = body.get_mut("repository") {
                // This event alone tells times as numbers.
                found.insert("created_at".to_owned(), json!(created));
                found.insert("pushed_at".to_owned(), json!(pushed));
            }
            body
        };
        self.tell("push", "", body);
    }

    fn tell(&self, event: &str, action: &str, body: Value) {
        if let Some(contract) = &self.config.contract {
            for complaint in contract.delivery(event, action, &body) {
                self.record.complain(complaint);
            }
        }
        self.hooks.send(event, action, body.to_string().into_bytes());
    }
}

/// Where it happened and who did it.
fn surroundings(shape: &Shape<'_>, repo: u64, sender: u64) -> Value {
    let state = shape.state;
    let mut found = json!({ "repository": shape.repository(repo), "sender": shape.user(sender) });
    let Value::Object(object) = &mut found else { return found };
    if let Some(owner) = state.repos.get(&repo).map(|repo| repo.owner) {
        let kind = state.accounts.get(&owner).map(|account| account.kind);
        if kind == Some(crate::AccountKind::Organization) {
            object.insert("organization".to_owned(), shape.organization(owner));
        }
    }
    if let Some(installation) = state.installations.values().find(|found| found.repos.contains(&repo)) {
        object.insert(
            "installation".to_owned(),
            json!({ "id": installation.id, "node_id": format!("MDIz{:08x}", installation.id) }),
        );
    }
    found
}
