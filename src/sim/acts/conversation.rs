//! Comments, reactions and reviews.

use serde_json::json;

use crate::error::SimError;
use crate::shape::is_reaction;
use crate::state::{Comment, Reaction, Review, ReviewState};
use crate::world::World;

/// No comment is longer than this, in characters.
pub(crate) const COMMENT_LIMIT: usize = 65_536;

/// A comment to write.
pub(crate) struct NewComment<'a> {
    pub(crate) author: u64,
    pub(crate) via_app: Option<u64>,
    pub(crate) body: &'a str,
}

/// A review to give.
pub(crate) struct NewReview<'a> {
    pub(crate) author: u64,
    pub(crate) state: ReviewState,
    pub(crate) body: &'a str,
    /// `None` for the head.
    pub(crate) commit: Option<&'a str>,
}

impl World {
    pub(crate) fn write_comment(
        &self,
        repo: u64,
        number: u64,
        new: NewComment<'_>,
    ) -> Result<Comment, SimError> {
        check_body(new.body)?;
        let comment = {
            let mut state = self.state();
            let (id, now) = (state.id(), state.now());
            let comment = Comment {
                id,
                author: new.author,
                via_app: new.via_app,
                body: new.body.to_owned(),
                created: now,
                updated: now,
                earlier: Vec::new(),
                reactions: Vec::new(),
            };
            let change = state.change_mut(repo, number)?;
            change.comments.push(comment.clone());
            change.updated = now;
            comment
        };
        self.tell_comment(repo, number, "created", &comment, new.author, json!({}))?;
        Ok(comment)
    }

    pub(crate) fn change_comment(
        &self,
        repo: u64,
        comment: u64,
        actor: u64,
        body: &str,
    ) -> Result<(u64, Comment), SimError> {
        check_body(body)?;
        let (number, changed, from) = {
            let mut state = self.state();
            let number = self.comment_place(&state, repo, comment)?;
            let now = state.now();
            let change = state.change_mut(repo, number)?;
            change.updated = now;
            let found = change.comments.iter_mut().find(|found| found.id == comment);
            let found = found.ok_or_else(|| SimError::missing("comment", &comment.to_string()))?;
            let from = std::mem::replace(&mut found.body, body.to_owned());
            found.earlier.push(from.clone());
            found.updated = now;
            (number, found.clone(), from)
        };
        let changes = json!({ "changes": { "body": { "from": from } } });
        self.tell_comment(repo, number, "edited", &changed, actor, changes)?;
        Ok((number, changed))
    }

    pub(crate) fn remove_comment(&self, repo: u64, comment: u64, actor: u64) -> Result<(), SimError> {
        let (number, gone) = {
            let mut state = self.state();
            let number = self.comment_place(&state, repo, comment)?;
            let change = state.change_mut(repo, number)?;
            let at = change.comments.iter().position(|found| found.id == comment);
            let at = at.ok_or_else(|| SimError::missing("comment", &comment.to_string()))?;
            (number, change.comments.remove(at))
        };
        self.tell_comment(repo, number, "deleted", &gone, actor, json!({}))
    }

    /// Reacts. `false` if the same reaction was there already.
    pub(crate) fn react(
        &self,
        repo: u64,
        comment: u64,
        user: u64,
        content: &str,
    ) -> Result<(Reaction, bool), SimError> {
        if !is_reaction(content) {
            return Err(SimError::refused("Validation Failed: content"));
        }
        let mut state = self.state();
        let number = self.comment_place(&state, repo, comment)?;
        let (id, now) = (state.id(), state.now());
        let change = state.change_mut(repo, number)?;
        let found = change.comments.iter_mut().find(|found| found.id == comment);
        let found = found.ok_or_else(|| SimError::missing("comment", &comment.to_string()))?;
        let same = |old: &&Reaction| old.user == user && old.content == content;
        if let Some(old) = found.reactions.iter().find(same) {
            return Ok((old.clone(), false));
        }
        let reaction = Reaction { id, user, content: content.to_owned(), created: now };
        found.reactions.push(reaction.clone());
        Ok((reaction, true))
    }

    pub(crate) fn give_review(&self, repo: u64, number: u64, new: NewReview<'_>) -> Result<Review, SimError> {
        check_length(new.body)?;
        let review = {
            let mut state = self.state();
            let (id, now) = (state.id(), state.now());
            let change = state.change_mut(repo, number)?;
            let judges = matches!(new.state, ReviewState::Approved | ReviewState::ChangesRequested);
            if judges && change.author == new.author {
                let word = if new.state == ReviewState::Approved { "approve" } else { "request changes on" };
                return Err(SimError::refused(format!("Can not {word} your own pull request")));
            }
            if new.state != ReviewState::Approved && new.body.is_empty() {
                return Err(SimError::refused("body can't be blank"));
            }
            let review = Review {
                id,
                author: new.author,
                state: new.state,
                body: new.body.to_owned(),
                commit: new.commit.unwrap_or(&change.head.sha).to_owned(),
                submitted: now,
                edited: None,
            };
            change.reviews.push(review.clone());
            change.updated = now;
            // Who has reviewed is asked no more, nor are their teams.
            change.requested.retain(|asked| *asked != new.author);
            let asked = std::mem::take(&mut change.requested_teams);
            let left = asked.into_iter().filter(|team| !state.is_member(*team, new.author)).collect();
            state.change_mut(repo, number)?.requested_teams = left;
            review
        };
        self.tell_review(repo, number, "submitted", &review, new.author)?;
        Ok(review)
    }

    /// Its author edits a review, or whoever may write. No delivery tells of it: who relies on one would miss lost ones.
    pub(crate) fn edit_review(
        &self,
        repo: u64,
        number: u64,
        review: u64,
        body: &str,
    ) -> Result<(), SimError> {
        check_length(body)?;
        let mut state = self.state();
        let now = state.now();
        let change = state.change_mut(repo, number)?;
        let found = change.reviews.iter_mut().find(|found| found.id == review);
        let found = found.ok_or_else(|| SimError::missing("review", &review.to_string()))?;
        body.clone_into(&mut found.body);
        found.edited = Some(now);
        Ok(())
    }

    pub(crate) fn dismiss(&self, repo: u64, number: u64, review: u64, actor: u64) -> Result<(), SimError> {
        let dismissed = {
            let mut state = self.state();
            let change = state.change_mut(repo, number)?;
            let found = change.reviews.iter_mut().find(|found| found.id == review);
            let found = found.ok_or_else(|| SimError::missing("review", &review.to_string()))?;
            if found.state == ReviewState::Commented || found.state == ReviewState::Dismissed {
                return Err(SimError::refused("Can not dismiss a commented or dismissed review"));
            }
            found.state = ReviewState::Dismissed;
            found.clone()
        };
        self.tell_review(repo, number, "dismissed", &dismissed, actor)
    }

    fn comment_place(&self, state: &crate::state::State, repo: u64, comment: u64) -> Result<u64, SimError> {
        let found = state.comment_at(repo, comment).map(|(number, _)| number);
        found.ok_or_else(|| SimError::missing("comment", &comment.to_string()))
    }
}

fn check_body(body: &str) -> Result<(), SimError> {
    if body.trim().is_empty() {
        return Err(SimError::refused("body can't be blank"));
    }
    check_length(body)
}

fn check_length(body: &str) -> Result<(), SimError> {
    if body.chars().count() > COMMENT_LIMIT {
        return Err(SimError::refused("body is too long (maximum is 65536 characters)"));
    }
    Ok(())
}
