//! Comments, reactions, reviews, statuses and checks.

use crate::Sim;
use crate::acts::{NewComment, NewReview};
use crate::error::SimError;
use crate::state::{Comment, ReviewState, State, Status};
use crate::views::{CheckSeen, CommentSeen, ReviewSeen, StatusSeen};

/// A review that somebody gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewGiven {
    /// Yes.
    Approve,
    /// No.
    RequestChanges,
    /// Neither.
    Comment,
}

/// A status that somebody sets directly.
#[derive(Debug, Clone, Copy)]
pub struct NewStatus<'a> {
    /// Its name.
    pub context: &'a str,
    /// `error`, `failure`, `pending` or `success`.
    pub state: &'a str,
    /// Its words.
    pub description: &'a str,
}

impl Sim {
    /// Comments. Returns the comment's id.
    pub fn comment(&self, repo: &str, number: u64, author: &str, body: &str) -> Result<u64, SimError> {
        let (id, author) = self.actor(repo, author)?;
        let new = NewComment { author, via_app: None, body };
        Ok(self.world().write_comment(id, number, new)?.id)
    }

    /// Changes a comment's text, as its author or somebody who may.
    pub fn edit_comment(&self, repo: &str, comment: u64, who: &str, body: &str) -> Result<(), SimError> {
        let (id, actor) = self.actor(repo, who)?;
        self.world().change_comment(id, comment, actor, body).map(drop)
    }

    /// Deletes a comment.
    pub fn delete_comment(&self, repo: &str, comment: u64, who: &str) -> Result<(), SimError> {
        let (id, actor) = self.actor(repo, who)?;
        self.world().remove_comment(id, comment, actor)
    }

    /// Reacts to a comment with `+1`, `eyes` and so on.
    pub fn react(&self, repo: &str, comment: u64, who: &str, content: &str) -> Result<(), SimError> {
        let (id, actor) = self.actor(repo, who)?;
        self.world().react(id, comment, actor, content).map(drop)
    }

    /// Reviews the head. Returns the review's id.
    pub fn review(
        &self,
        repo: &str,
        number: u64,
        author: &str,
        given: ReviewGiven,
        body: &str,
    ) -> Result<u64, SimError> {
        let (id, author) = self.actor(repo, author)?;
        let state = match given {
            ReviewGiven::Approve => ReviewState::Approved,
            ReviewGiven::RequestChanges => ReviewState::ChangesRequested,
            ReviewGiven::Comment => ReviewState::Commented,
        };
        let new = NewReview { author, state, body, commit: None };
        Ok(self.world().give_review(id, number, new)?.id)
    }

    /// Edits a review: its author, or whoever may write.
    pub fn edit_review(&self, repo: &str, number: u64, review: u64, body: &str) -> Result<(), SimError> {
        let id = self.world().state().repo_id(repo)?;
        self.world().edit_review(id, number, review, body)
    }

    /// Takes a review back.
    pub fn dismiss_review(&self, repo: &str, number: u64, review: u64, who: &str) -> Result<(), SimError> {
        let (id, actor) = self.actor(repo, who)?;
        self.world().dismiss(id, number, review, actor)
    }

    /// Sets a status, as some other program would.
    pub fn set_status(&self, repo: &str, sha: &str, who: &str, text: NewStatus<'_>) -> Result<(), SimError> {
        let (repo, creator) = self.actor(repo, who)?;
        let mut state = self.world().state();
        let (id, created) = (state.id(), state.now());
        state.repo_mut(repo)?.statuses.push(Status {
            id,
            sha: sha.to_owned(),
            context: text.context.to_owned(),
            state: text.state.to_owned(),
            description: Some(text.description.to_owned()),
            target_url: None,
            creator,
            created,
        });
        Ok(())
    }

    /// The conversation, oldest first.
    pub fn comments(&self, repo: &str, number: u64) -> Result<Vec<CommentSeen>, SimError> {
        let state = self.world().state();
        let comments = &state.change(state.repo_id(repo)?, number)?.comments;
        Ok(comments.iter().map(|comment| seen(&state, comment)).collect())
    }

    /// Asks people for a review.
    pub fn request_reviews(&self, repo: &str, number: u64, who: &str, of: &[&str]) -> Result<(), SimError> {
        let (id, actor) = self.actor(repo, who)?;
        let of: Vec<String> = of.iter().map(|login| (*login).to_owned()).collect();
        self.world().request_reviews((id, number), actor, &of, &[])
    }

    /// Takes somebody off again who was asked for a review.
    pub fn withdraw_request(&self, repo: &str, number: u64, who: &str, asked: &str) -> Result<(), SimError> {
        let (id, actor) = self.actor(repo, who)?;
        let asked = self.world().state().account_id(asked)?;
        self.world().withdraw_request((id, number), actor, asked)
    }

    /// Who is asked for a review and has not given one: logins, and slugs of teams.
    pub fn requested(&self, repo: &str, number: u64) -> Result<Vec<String>, SimError> {
        let state = self.world().state();
        let change = state.change(state.repo_id(repo)?, number)?;
        let people = change.requested.iter().map(|id| state.login(*id).to_owned());
        let teams = change.requested_teams.iter().filter_map(|id| state.teams.get(id));
        Ok(people.chain(teams.map(|team| team.slug.clone())).collect())
    }

    /// The reviews, oldest first.
    pub fn reviews(&self, repo: &str, number: u64) -> Result<Vec<ReviewSeen>, SimError> {
        let state = self.world().state();
        let reviews = &state.change(state.repo_id(repo)?, number)?.reviews;
        let seen = reviews.iter().map(|review| ReviewSeen {
            id: review.id,
            author: state.login(review.author).to_owned(),
            state: review.state,
            body: review.body.clone(),
            commit: review.commit.clone(),
        });
        Ok(seen.collect())
    }

    /// The statuses of a commit, newest of each name, by name.
    pub fn statuses(&self, repo: &str, sha: &str) -> Result<Vec<StatusSeen>, SimError> {
        let all = self.status_history(repo, sha)?;
        let newest: std::collections::BTreeMap<String, StatusSeen> =
            all.into_iter().map(|status| (status.context.clone(), status)).collect();
        Ok(newest.into_values().collect())
    }

    /// Every status that was set on a commit, oldest first.
    pub fn status_history(&self, repo: &str, sha: &str) -> Result<Vec<StatusSeen>, SimError> {
        let state = self.world().state();
        let all = state.repo(state.repo_id(repo)?)?.statuses.iter().filter(|status| status.sha == sha);
        let seen = all.map(|status| StatusSeen {
            context: status.context.clone(),
            state: status.state.clone(),
            description: status.description.clone().unwrap_or_default(),
            target_url: status.target_url.clone(),
            creator: state.login(status.creator).to_owned(),
        });
        Ok(seen.collect())
    }

    /// The check runs of a commit, oldest first.
    pub fn checks(&self, repo: &str, sha: &str) -> Result<Vec<CheckSeen>, SimError> {
        let state = self.world().state();
        let all = state.repo(state.repo_id(repo)?)?.checks.iter().filter(|run| run.sha == sha);
        let seen = all.map(|run| CheckSeen {
            id: run.id,
            name: run.name.clone(),
            status: run.status.clone(),
            conclusion: run.conclusion.clone(),
            title: run.title.clone().unwrap_or_default(),
            summary: run.summary.clone().unwrap_or_default(),
            annotations: run.annotations.clone(),
        });
        Ok(seen.collect())
    }
}

fn seen(state: &State, comment: &Comment) -> CommentSeen {
    let reactions = comment.reactions.iter();
    CommentSeen {
        id: comment.id,
        author: state.login(comment.author).to_owned(),
        body: comment.body.clone(),
        created: comment.created,
        updated: comment.updated,
        earlier: comment.earlier.clone(),
        reactions: reactions.map(|one| (state.login(one.user).to_owned(), one.content.clone())).collect(),
    }
}
