//! What is said of an object that the server refuses.

use countersign_core::effect::{Effect, Operation, Risk, Tier};
use countersign_core::live;

use super::judge::{Judged, with_reason};

/// What the server says against an object.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Refusal<'a> {
    pub(super) why: &'a str,
    /// It cannot be changed in place.
    pub(super) immutable: bool,
    /// Its applier deletes it then, and makes it anew.
    pub(super) made_anew: bool,
    pub(super) also_base: bool,
}

pub(super) fn refused(effect: Effect, refusal: &Refusal<'_>) -> Judged {
    let Refusal { why, immutable, made_anew, also_base } = *refusal;
    let mut risks = effect.risks.clone();
    if immutable {
        risks.insert(Risk::Replace);
    }
    if immutable && live::holds_data(&effect.object) {
        risks.insert(Risk::DataLoss);
    }
    let operation = if made_anew { Operation::Replace } else { Operation::Fail };
    let before = if also_base { "; base is refused as well" } else { "" };
    let what_to_do = match (immutable, made_anew) {
        (true, true) => "; its applier is told to delete it then and to make it anew",
        (true, false) => "; it would have to be deleted and made anew",
        (false, _) => "",
    };
    let reason = format!("the cluster refuses it: {why}{what_to_do}{before}");
    let effect = match effect.operation {
        // The render guessed what the cluster now says.
        Operation::Replace => Effect { reason: Some(reason), ..effect },
        Operation::Create
        | Operation::Update
        | Operation::Delete
        | Operation::Orphan
        | Operation::Fail
        | Operation::None => with_reason(effect, reason),
    };
    Judged::as_rendered(Effect { operation, risks, tier: Tier::DryRun, settled: Some(false), ..effect })
}
