//! From a plan back to the ports. Facts first, in one transaction; then the actions in their order. Nothing is repeated
//! blindly: an action that is cut off is planned again from what the next observation finds.

use countersign_core::change::{ChangeId, CommentId, Reviewer};
use countersign_core::fact::{Display, FactKind};
use countersign_core::plan::{Action, LandOrder, Plan};
use countersign_core::revision::Digest;

use super::{Engine, Observed};
use crate::ports::{ForgeError, StatusUpdate, StoreError};

/// Why a plan was not enacted to its end.
#[derive(Debug, thiserror::Error)]
pub enum EnactError {
    /// Somebody else executed the same commands meanwhile: look again.
    #[error("the commands were executed by somebody else meanwhile")]
    Overtaken,
    /// The forge.
    #[error("the forge could not be written")]
    Forge(#[from] ForgeError),
    /// The store.
    #[error("the store could not be written")]
    Store(#[from] StoreError),
}

impl Engine {
    /// Does everything that a plan says except landing, and hands back the landing to do.
    pub(super) async fn enact(&self, seen: &Observed, plan: &Plan) -> Result<Option<LandOrder>, EnactError> {
        let id = &seen.snapshot.change.id;
        if !plan.facts.is_empty() && !self.store.append(id, &plan.facts, self.clock.now()).await? {
            return Err(EnactError::Overtaken);
        }
        let mut land = None;
        for action in &plan.actions {
            match action {
                Action::React { comment, reaction } => {
                    // A reaction is a courtesy: the reply says the same, and failing here must not delay it.
                    if let Err(error) = seen.forge.react(id, *comment, *reaction).await {
                        tracing::debug!(change = %id, error = %error, "a reaction was not placed");
                    }
                }
                Action::Reply { body, .. } => drop(seen.forge.create_comment(id, body).await?),
                Action::Display { comment, body, display } => {
                    self.show(seen, *comment, body, display).await?
                }
                Action::Status { head, context, state, description, annotations } => {
                    let url = self.links.change(id);
                    let update = StatusUpdate {
                        head,
                        context,
                        state: *state,
                        description,
                        url: url.as_deref(),
                        annotations: annotations.as_ref(),
                    };
                    seen.forge.set_status(&id.repo.path, update).await?;
                }
                Action::RequestReview { whom } => self.request_review(seen, whom).await?,
                Action::Land(order) => land = Some(order.as_ref().clone()),
            }
        }
        Ok(land)
    }

    /// Asks somebody for a review, then records it: a crash in between is found at the next look, since the forge tells
    /// whom it asked. Whom the forge does not want to ask is recorded too, so that somebody else is asked instead.
    async fn request_review(&self, seen: &Observed, whom: &Reviewer) -> Result<(), EnactError> {
        let change = &seen.snapshot.change;
        let refused = match seen.forge.request_review(&change.id, whom).await {
            Ok(()) => None,
            Err(error @ (ForgeError::Refused { .. } | ForgeError::NotFound { .. })) => {
                tracing::warn!(change = %change.id, reviewer = whom.name(), error = %error, "nobody was asked for a review");
                Some(error.to_string())
            }
            Err(error) => return Err(error.into()),
        };
        let fact = FactKind::ReviewRequested { whom: whom.clone(), head: change.head.clone(), refused };
        self.store.append(&change.id, &[fact], self.clock.now()).await?;
        Ok(())
    }

    /// Posts or edits the sticky comment, recording the display before and after: what people approve is what was
    /// recorded, and a crash in between is found at the next look.
    async fn show(
        &self,
        seen: &Observed,
        comment: Option<CommentId>,
        body: &str,
        display: &Display,
    ) -> Result<(), EnactError> {
        let id = &seen.snapshot.change.id;
        let found = comment.and_then(|id| seen.snapshot.comments.iter().find(|comment| comment.id == id));
        let posted = match found {
            Some(found) if found.body == body => found.clone(),
            Some(found) => {
                self.plan_display(id, display).await?;
                seen.forge.update_comment(id, found.id, body).await?
            }
            None => {
                self.plan_display(id, display).await?;
                seen.forge.create_comment(id, body).await?
            }
        };
        // The forge's own bytes: one that trims a line end must not look like somebody else's edit.
        let display = Display { body_hash: Digest::of(posted.body.as_bytes()), ..display.clone() };
        let fact = FactKind::DisplayPosted { display, comment: posted.id, at: posted.updated_at };
        self.store.append(id, &[fact], self.clock.now()).await?;
        Ok(())
    }

    async fn plan_display(&self, id: &ChangeId, display: &Display) -> Result<(), StoreError> {
        let fact = FactKind::DisplayPlanned(display.clone());
        self.store.append(id, &[fact], self.clock.now()).await.map(drop)
    }
}
