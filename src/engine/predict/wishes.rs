//! Objects that their applier does not simply write: it passes them over, makes them anew, or will not take them over.

use countersign_core::effect::{Effect, Operation, Tier, applier};
use countersign_core::environment::{ApplyMode, Environment};
use serde_json::Value;

use super::judge::{Judged, with_reason};
use super::marks;

/// What comes of marks on an object by which its applier does otherwise than to write it.
pub(super) fn wished(
    environment: &Environment,
    effect: &Effect,
    head: Option<&Value>,
    live: Option<&Value>,
) -> Option<Judged> {
    let (head, live) = head.zip(live)?;
    let as_live = || Effect { tier: Tier::Live, settled: None, ..effect.clone() };
    if let Some(why) = applier::passed_over(environment, head, Some(live)) {
        let mut effect = as_live();
        if effect.operation != Operation::None {
            effect = with_reason(Effect { operation: Operation::None, ..effect }, why);
        }
        return Some(Judged::as_rendered(Effect { settled: Some(true), ..effect }));
    }
    let why = applier::made_anew(environment, head)?;
    let mut effect = as_live();
    if effect.operation != Operation::Replace {
        effect = with_reason(effect.becoming(Operation::Replace), why);
    }
    Some(Judged::as_rendered(effect))
}

/// Why Helm does not take over an object that it finds in the cluster. Then the whole release fails.
pub(super) fn not_helms(environment: &Environment, live: &Value) -> Option<String> {
    let is_marked = || marks::HELM.iter().all(|(place, key)| marks::entry(live, place, key).is_some());
    (environment.apply == ApplyMode::Helm && !is_marked())
        .then(|| "it is there already, and Helm takes over only what a release of its made".to_owned())
}
