//! What becomes of base and of head, asked as seldom and as cheaply as nothing is lost by.

use countersign_core::live::Manifests;
use serde_json::Value;

use super::Asking;
use super::amended;
use super::foreseen::{self, Made};
use super::input::writing;
use super::reading::Reading;
use super::writes::Known;
use crate::ports::{ClusterError, Prediction, Tried, Write};

/// What becomes of base and of head.
pub(super) struct Answers {
    pub(super) base: Option<Tried>,
    pub(super) head: Option<Tried>,
    /// Where base stands, which then was not asked about.
    pub(super) made: Option<Made>,
}

impl Asking<'_> {
    pub(super) async fn pair(&self, known: &Known<'_>) -> Result<Answers, ClusterError> {
        let Manifests { base, head } = known.sides;
        if base == head {
            let same = self.dry_run(known, head).await?;
            let idle = known
                .live
                .zip(head)
                .filter(|(_, head)| known.is_passed_over(&writing(self.environment, head)));
            let stays = idle.map(|(live, _)| Prediction::Object(Box::new(live.clone())).into());
            return Ok(Answers { base: same.clone(), head: stays.or(same), made: None });
        }
        let Some(foreseen) = self.foreseen(known) else {
            let (base, head) = futures::join!(self.dry_run(known, base), self.dry_run(known, head));
            return Ok(Answers { base: base?, head: head?, made: None });
        };
        if let Some((head, made)) = self.amended(known, foreseen).await? {
            return Ok(Answers { base: None, head: Some(head), made: Some(made) });
        }
        let head = self.dry_run(known, head).await?;
        let made = head.as_ref().and_then(|head| head.prediction.object());
        let made = made.and_then(|head| foreseen::explained(&known.sides, foreseen, head));
        let base = if made.is_some() { None } else { self.dry_run(known, base).await? };
        Ok(Answers { base, head, made })
    }

    /// What becomes of base, as long as nobody has a hand in it whom only the server knows.
    fn foreseen<'b>(&self, known: &Known<'b>) -> Option<&'b Value> {
        let (live, base) = known.live.zip(known.sides.base)?;
        let environment = writing(self.environment, base);
        let reading = Reading::of(&environment, known.object);
        let manager = &self.environment.field_manager;
        let stands = match known.write(&environment, &reading.sent(base)) {
            Ok(Write::Apply(sent) | Write::ApplyUnforced(sent)) => foreseen::stands(live, manager, &sent),
            Ok(Write::Patch(patch)) => patch.is_empty(),
            Ok(Write::Create(_) | Write::Replace(_) | Write::Amend(_)) | Err(_) => false,
        };
        (is_plain(reading, base) && reading.passes_over(live).is_none() && stands).then_some(live)
    }

    /// What becomes of head where all that its apply does is to give other values to fields that it owns: asked as that, which
    /// is a third less work for the server. Only an object in which exactly that has happened counts. Whatever else comes of
    /// it, such as a refusal or a webhook's addition, is asked about as the applier itself would.
    async fn amended(&self, known: &Known<'_>, live: &Value) -> Result<Option<(Tried, Made)>, ClusterError> {
        let Some(write) = self.amendment(known, live) else { return Ok(None) };
        let tried = self.cluster.dry_run(known.object, &write, &self.environment.field_manager).await?;
        let made = tried.prediction.object().and_then(|head| foreseen::explained(&known.sides, live, head));
        Ok(made.map(|made| (tried, made)))
    }

    fn amendment(&self, known: &Known<'_>, live: &Value) -> Option<Write> {
        let Manifests { base: Some(base), head: Some(head) } = known.sides else { return None };
        let (before, after) = (writing(self.environment, base), writing(self.environment, head));
        let reading = Reading::of(&after, known.object);
        if before != after || !is_plain(reading, head) {
            return None;
        }
        let applied = |manifest| match known.write(&after, &reading.sent(manifest)) {
            Ok(Write::Apply(sent)) => Some(sent),
            Ok(
                Write::ApplyUnforced(_)
                | Write::Create(_)
                | Write::Replace(_)
                | Write::Patch(_)
                | Write::Amend(_),
            )
            | Err(_) => None,
        };
        let (base, head) = (applied(base)?, applied(head)?);
        amended::of(&known.object.group, live, &after.field_manager, &base, &head).map(Write::Amend)
    }
}

/// Whether what is sent of a manifest is what it says.
fn is_plain(reading: Reading, manifest: &Value) -> bool {
    reading.obscures(manifest).is_none() && reading.otherwise(manifest).is_none()
}
