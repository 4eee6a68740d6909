//! One look at one change: observe, decide, enact, land. Looking again is always safe.

use countersign_core::change::{ChangeId, ChangeState};
use countersign_core::decide::{Found, PolicyInForce, decide_found, status_context};
use countersign_core::fact::FactKind;
use countersign_core::plan::Plan;
use countersign_core::snapshot::{Snapshot, StatusState};

use super::land::{Attempt, LandError};
use super::{EnactError, Engine, ObserveError, Observed, find_fields};
use crate::ports::{StatusUpdate, StoreError};

/// Why a look did not come to its end. It is repeated later.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// Seeing failed.
    #[error("the change could not be observed")]
    Observe(#[from] ObserveError),
    /// Acting failed.
    #[error("the plan could not be enacted")]
    Enact(#[from] EnactError),
    /// Landing failed on the way.
    #[error("the landing was cut off")]
    Land(#[from] LandError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// What a look came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looked {
    /// Nothing is left to do until something changes.
    Settled,
    /// Something was done that has to be looked at again.
    Again,
    /// The forge did not tell everything yet; asking again in a moment may help.
    InAMoment,
}

impl Engine {
    /// Looks at one change and does what follows.
    pub async fn look(&self, id: &ChangeId) -> Result<Looked, LookError> {
        let mut seen = self.observe(id).await?;
        if self.recover_landings(&seen).await? || self.end_late(&seen).await? {
            return Ok(Looked::Again);
        }
        if self.leave_alone(&seen) {
            return Ok(Looked::Settled);
        }
        let plan = self.decide(&mut seen).await;
        self.save_page(&seen.snapshot, &plan).await?;
        let order = self.enact(&seen, &plan).await?;
        match order {
            Some(order) => Ok(match self.land(&seen, &order).await? {
                Attempt::Begun | Attempt::Overtaken => Looked::Again,
                Attempt::Busy => Looked::InAMoment,
            }),
            None if pusher_may_come(&seen.snapshot) => Ok(Looked::InAMoment),
            None => Ok(Looked::Settled),
        }
    }

    /// Says on the head's status that the change could not be looked at: a required status never just stays away.
    pub async fn report_trouble(&self, id: &ChangeId, trouble: &LookError) {
        let told = async {
            let forge = self.forge(&id.repo)?;
            let change = forge.change(id).await?;
            let description = "Could not be looked at; it is tried again. The bot's log says why";
            let update = StatusUpdate {
                head: &change.head,
                context: &status_context(&change),
                state: StatusState::Failure,
                description,
                url: None,
                annotations: None,
            };
            forge.set_status(&id.repo.path, update).await?;
            Ok::<(), ObserveError>(())
        };
        if let Err(error) = told.await {
            tracing::warn!(change = %id, error = %error, trouble = %trouble, "trouble could not be reported");
        }
    }

    /// Only decides: what would be done now.
    pub async fn preview(&self, id: &ChangeId) -> Result<(Snapshot, Plan), LookError> {
        let mut seen = self.observe(id).await?;
        let plan = self.decide(&mut seen).await;
        Ok((seen.snapshot, plan))
    }

    /// Decides, with the lines of what is found.
    pub(super) async fn decide(&self, seen: &mut Observed) -> Plan {
        let in_force = PolicyInForce::of(&seen.snapshot);
        let found = Found::of(&seen.snapshot, &in_force);
        let (source, renderer) = (seen.source.as_ref(), self.renderer.as_ref());
        find_fields(source, renderer, &seen.judged, &mut seen.snapshot, &found).await;
        decide_found(&seen.snapshot, &in_force, &found)
    }

    /// Landings of this change that were cut off come first: nothing else may be decided while one is open.
    async fn recover_landings(&self, seen: &Observed) -> Result<bool, LookError> {
        let id = &seen.snapshot.change.id;
        if !self.store.open().await?.iter().any(|row| row.change == *id) {
            return Ok(false);
        }
        let _one_at_a_time = self.landing.lock().await;
        // Read anew: whoever held the lock may have taken it further.
        for row in self.store.open().await?.into_iter().filter(|row| row.change == *id) {
            self.recover(seen, row).await?;
        }
        Ok(true)
    }

    /// A request that was over before the bot knew it is none of its business.
    fn leave_alone(&self, seen: &Observed) -> bool {
        let shown = seen.snapshot.facts.iter().any(|fact| matches!(fact.kind, FactKind::DisplayPlanned(_)));
        seen.snapshot.change.state != ChangeState::Open && !shown
    }

    /// What the pages show of it.
    async fn save_page(&self, snapshot: &Snapshot, plan: &Plan) -> Result<(), StoreError> {
        let page =
            serde_json::json!({ "snapshot": snapshot, "report": plan.report, "verdict": plan.verdict });
        self.store.save_page(&snapshot.change.id, &page.to_string(), self.clock.now()).await
    }
}

/// Whether a head was seen for the first time and nobody told who pushed it: some forges say so a little later.
fn pusher_may_come(snapshot: &Snapshot) -> bool {
    let known_head = snapshot.facts.iter().any(|fact| {
        matches!(&fact.kind, FactKind::DisplayPosted { display, .. } if display.head == snapshot.change.head)
    });
    snapshot.contributors.pusher.is_none() && !known_head && snapshot.change.state == ChangeState::Open
}
