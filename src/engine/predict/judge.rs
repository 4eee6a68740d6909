//! From what was seen of one object to what is said of it. Pure.

use std::collections::BTreeSet;

use countersign_core::diff;
use countersign_core::effect::{
    Applier, Effect, FieldChange, Operation, RenderOperation, Risk, Tier, applier,
};
use countersign_core::environment::{ApplyMode, Environment};
use countersign_core::evaluation::{Drift, EnvironmentError};
use countersign_core::object::ObjectRef;
use serde_json::Value;

use super::PredictInput;
use super::foreseen::{Made, is_within};
use super::input::writing;
use super::refused::{Refusal, refused};
use super::standing::Standing;
use super::stays;
use super::warned;
use super::wishes::{not_helms, wished};
use super::words::Words;
use crate::ports::{Prediction, Tried};
use countersign_core::live::{self, Manifests};

/// Live, and the predictions of both sides; `None` where the object is not there, or not on that side.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    pub(super) live: Option<Value>,
    pub(super) base: Option<Prediction>,
    pub(super) head: Option<Prediction>,
    /// What the server warns of at head.
    pub(super) warnings: BTreeSet<String>,
    /// What head makes of live, where nothing becomes of live if base is written once more: that is known, and was not asked.
    pub(super) made: Option<Made>,
}

/// What is said of one object.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Judged {
    pub(super) effect: Effect,
    pub(super) drift: Option<Drift>,
    pub(super) error: Option<EnvironmentError>,
    /// It was not asked about, because the cluster does not answer.
    pub(super) silent: bool,
}

impl Judged {
    /// The render's answer, unchanged.
    pub(super) fn as_rendered(effect: Effect) -> Self {
        Self { effect, drift: None, error: None, silent: false }
    }

    pub(super) fn silent(effect: Effect) -> Self {
        Self { silent: true, ..Self::as_rendered(effect) }
    }

    pub(super) fn failed(effect: Effect, error: EnvironmentError) -> Self {
        Self { error: Some(error), ..Self::as_rendered(effect) }
    }

    /// The render's answer, and why there is no other.
    pub(super) fn rendered_because(effect: Effect, why: String) -> Self {
        let effect = with_reason(effect, format!("predicted by rendering: {why}"));
        Self::as_rendered(Effect { tier: Tier::Render, settled: None, ..effect })
    }

    /// The same, known to be refused.
    pub(super) fn failing(self, why: String) -> Self {
        let effect = Effect { operation: Operation::Fail, ..with_reason(self.effect, why) };
        Self { effect, ..self }
    }

    /// The render's answer, although the cluster was asked, and why.
    pub(super) fn unsettled_because(effect: Effect, why: String) -> Self {
        Self::unsettled(with_reason(effect, format!("unsettled: {why}")))
    }

    /// The render's answer, although the cluster was asked.
    pub(super) fn unsettled(effect: Effect) -> Self {
        Self::as_rendered(Effect { tier: Tier::DryRun, settled: Some(false), ..effect })
    }
}

impl Seen {
    pub(super) fn of(live: Option<Value>, base: Option<Tried>, head: Option<Tried>) -> Self {
        let warnings = head.as_ref().map(|head| head.warnings.clone()).unwrap_or_default();
        let prediction = |side: Option<Tried>| side.map(|tried| tried.prediction);
        Self { live, base: prediction(base), head: prediction(head), warnings, made: None }
    }

    /// What there is to see of an object whose name the server makes up.
    pub(super) fn nameless() -> Self {
        let why = "it gets a new name at each apply".to_owned();
        Self::of(None, None, Some(Prediction::Unpredictable { why }.into()))
    }

    /// Whether all answers are about the same object at the same moment.
    pub(super) fn consistent(&self) -> bool {
        let stamp = |object: &Value| {
            let part = |path| object.pointer(path).and_then(Value::as_str).map(str::to_owned);
            (part("/metadata/uid"), part("/metadata/resourceVersion"))
        };
        let live = self.live.as_ref().map(stamp);
        [&self.base, &self.head].into_iter().flatten().all(|prediction| match (prediction, &live) {
            (Prediction::Object(object), Some(live)) => stamp(object) == *live,
            // A dry run that creates invents a uid, but no resource version.
            (Prediction::Object(object), None) => stamp(object).1.is_none(),
            (
                Prediction::Refused { .. } | Prediction::NotYet { .. } | Prediction::Unpredictable { .. },
                _,
            ) => true,
        })
    }
}

/// What merging does to one object, as the cluster tells it.
pub(super) fn judge(environment: &Environment, input: PredictInput, mut seen: Seen) -> Judged {
    let sides = Manifests { base: input.base.raw(), head: input.head.raw() };
    // Where nothing changes, neither does what is warned of.
    let changes = sides.base != sides.head;
    let words = Words::of(seen.live.as_ref(), &sides);
    let warning = warned::sentence(&seen.warnings, &words).filter(|_| changes);
    seen.base = seen.base.map(|base| words.told(base));
    seen.head = seen.head.map(|head| words.told(head));
    let judged = without_warnings(environment, &input, seen);
    match warning {
        Some(warning) => Judged { effect: with_reason(judged.effect, warning), ..judged },
        None => judged,
    }
}

fn without_warnings(environment: &Environment, input: &PredictInput, seen: Seen) -> Judged {
    let effect = input.effect.clone();
    let sides = Manifests { base: input.base.raw(), head: input.head.raw() };
    if let Some(judged) = wished(environment, &effect, sides.head, seen.live.as_ref()) {
        return judged;
    }
    if seen.head.is_some() && seen.live.as_ref().is_some_and(is_leaving) {
        return Judged::rendered_because(effect, LEAVING.to_owned());
    }
    match (seen.head, seen.live) {
        (None, live) => removed(environment, effect, live.as_ref()),
        (Some(Prediction::NotYet { missing }), _) => {
            Judged::rendered_because(effect, format!("{missing} is not in the cluster yet"))
        }
        (Some(Prediction::Unpredictable { why }), _) => Judged::rendered_because(effect, why),
        (Some(Prediction::Refused { why, immutable, .. }), live) => {
            let also_base = matches!(seen.base, Some(Prediction::Refused { .. }));
            let forces = |live| sides.head.is_some_and(|head| applier::forces(environment, head, Some(live)));
            let made_anew = immutable && live.as_ref().is_some_and(forces);
            let refusal = Refusal { why: &why, immutable: immutable && live.is_some(), made_anew, also_base };
            refused(effect, &refusal)
        }
        (Some(Prediction::Object(_)), None) => created(effect),
        (Some(Prediction::Object(head)), Some(live)) => match (seen.base, sides.base) {
            (base, Some(manifest)) => match Compared::of(seen.made, base.as_ref(), &live, &head) {
                Some(compared) => changed(environment, effect, (&live, manifest), &compared, &sides),
                None => Judged::unsettled_because(effect, of_base(base.as_ref(), manifest, sides.head)),
            },
            // What base says was not given, e.g. because another unit said it.
            (base, None) if base.is_some() || effect.rendered != RenderOperation::Add => {
                Judged::unsettled_because(effect, "what base says of it is not known".to_owned())
            }
            (_, None) => match not_helms(environment, &live) {
                Some(why) => refused(effect, &Refusal { why: &why, ..Refusal::default() }),
                None => adopted(effect, &live, &head, &sides),
            },
        },
    }
}

const LEAVING: &str =
    "it is being deleted in the cluster, and whether it is made anew once it is gone is its applier's to say";

/// Whether an object waits only for its finalizers, or for its grace period, to be gone. What is written to it goes too.
fn is_leaving(live: &Value) -> bool {
    live.pointer("/metadata/deletionTimestamp").is_some()
}

/// Why nothing is known of base, where something is of head.
fn of_base(base: Option<&Prediction>, manifest: &Value, head: Option<&Value>) -> String {
    let version = |manifest: &Value| manifest.get("apiVersion").and_then(Value::as_str).map(str::to_owned);
    if let (Some(old), Some(new)) = (version(manifest), head.and_then(version))
        && old != new
    {
        return format!(
            "it goes from `{old}` to `{new}`, and what becomes of base in that version is not known"
        );
    }
    match base {
        Some(Prediction::Refused { why, .. }) => {
            format!("base is refused, so that it cannot be told apart: {why}")
        }
        Some(Prediction::NotYet { missing }) => {
            format!("of base nothing is known: {missing} is not in the cluster")
        }
        Some(Prediction::Unpredictable { why }) => format!("of base nothing is known: {why}"),
        Some(Prediction::Object(_)) | None => "of base nothing is known".to_owned(),
    }
}

/// The same, where only live was read: whether the object is there is known, and what an apply makes of it is not.
pub(super) fn read(environment: &Environment, effect: Effect, live: Option<&Value>) -> Judged {
    let live_tier = |effect: Effect| Effect { tier: Tier::Live, settled: None, ..effect };
    match (effect.rendered, live) {
        (RenderOperation::Remove, live) => removed(environment, effect, live),
        (RenderOperation::Add | RenderOperation::Change, Some(live)) if is_leaving(live) => {
            Judged::as_rendered(live_tier(with_reason(effect, LEAVING.to_owned())))
        }
        (RenderOperation::Add, None) | (RenderOperation::Change, Some(_)) => {
            Judged::as_rendered(live_tier(effect))
        }
        (RenderOperation::Change, None) => {
            let effect = with_reason(effect, "it is not in the cluster, and would be created".to_owned());
            Judged::as_rendered(live_tier(Effect { operation: Operation::Create, ..effect }))
        }
        (RenderOperation::Add, Some(_)) => {
            let reason = "it is in the cluster already, and what would be changed was not asked";
            let effect = with_reason(effect, reason.to_owned());
            Judged::as_rendered(live_tier(Effect { operation: Operation::Update, ..effect }))
        }
    }
}

/// What becomes of a live object, without what the server keeps about it.
struct Compared {
    /// What becomes of base was known beforehand: nothing.
    is_foreseen: bool,
    /// What is live, where that is not what base makes of it.
    drifted: Option<Value>,
    base: Value,
    head: Value,
    /// What differs between the two.
    changes: Vec<FieldChange>,
}

impl Compared {
    /// `None` where nothing is predicted of base.
    fn of(made: Option<Made>, base: Option<&Prediction>, live: &Value, head: &Value) -> Option<Self> {
        if let Some(Made { live, head, changes }) = made {
            return Some(Self { is_foreseen: true, drifted: None, base: live, head, changes });
        }
        let base = live::essence(base?.object()?);
        let (live, head) = (live::essence(live), live::essence(head));
        let changes = diff::fields(&base, &head);
        let drifted = (live != base).then_some(live);
        Some(Self { is_foreseen: false, drifted, base, head, changes })
    }
}

fn changed(
    environment: &Environment,
    effect: Effect,
    (live, manifest): (&Value, &Value),
    compared: &Compared,
    sides: &Manifests<'_>,
) -> Judged {
    let own = writing(environment, manifest);
    let Compared { is_foreseen, drifted, base, head, .. } = compared;
    let standing = Standing::of(&own, &effect.object, live, manifest, sides, *is_foreseen);
    if drifted.is_none() && standing.owns && passed_over(environment, base, head) {
        let why =
            "no effect on the cluster: Flux looks for differences in labels, annotations and content alone";
        let effect = with_reason(effect, why.to_owned());
        let (operation, risks, changes) = (Operation::None, BTreeSet::new(), Vec::new());
        let (tier, settled) = (Tier::DryRun, Some(true));
        return Judged::as_rendered(Effect { operation, risks, changes, tier, settled, ..effect });
    }
    if drifted.is_none() && standing.owns {
        return Judged::as_rendered(settled(effect, compared, sides));
    }
    let drift = drifted.as_ref().filter(|_| standing.applies);
    let drift = drift.and_then(|live| drift_of(&effect.object, live, (base, head), sides));
    let drift = drift.map(|drift| match standing.takes_over {
        true => {
            Drift { overwritten: drift.changes.iter().map(|change| change.path.clone()).collect(), ..drift }
        }
        false => drift,
    });
    let effect = match standing.why {
        Some(why) => with_reason(effect, format!("unsettled: {why}")),
        None if drifted.is_some() => {
            with_reason(effect, "unsettled: what is live is not what base says".to_owned())
        }
        None => effect,
    };
    Judged { drift, ..Judged::unsettled(effect) }
}

/// Whether Flux takes two objects that differ for the same: of metadata it compares labels and annotations.
fn passed_over(environment: &Environment, base: &Value, head: &Value) -> bool {
    let compared = |object: &Value| {
        let mut object = object.clone();
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.retain(|key, _| matches!(key.as_str(), "labels" | "annotations"));
        }
        object
    };
    let by_flux = environment.apply == ApplyMode::ServerSide && Applier::of(environment) == Applier::Flux;
    by_flux && base != head && compared(base) == compared(head)
}

fn settled(effect: Effect, compared: &Compared, sides: &Manifests<'_>) -> Effect {
    let effect = Effect { tier: Tier::DryRun, settled: Some(true), ..effect };
    let Compared { base, head, changes, .. } = compared;
    let stays = sides.head.and_then(|manifest| stays::sentence(&effect.changes, changes, (manifest, head)));
    let changes = live::showable(changes, base, head, sides);
    if changes.is_empty() {
        let effect =
            with_reason(effect, "no effect on the cluster: it makes the same object of both".to_owned());
        return Effect { operation: Operation::None, risks: BTreeSet::new(), changes, ..effect };
    }
    let effect = match effect.operation {
        // The server, which knows the schema, takes it.
        Operation::Replace => Effect {
            operation: Operation::Update,
            reason: None,
            risks: without_replace(effect.risks),
            ..effect
        },
        Operation::Create
        | Operation::Update
        | Operation::Delete
        | Operation::Orphan
        | Operation::Fail
        | Operation::None => effect,
    };
    let effect = match stays {
        Some(stays) => with_reason(effect, stays),
        None => effect,
    };
    let mut risks = effect.risks.clone();
    if live::replicas(head) == Some(0) && live::replicas(base) != Some(0) {
        risks.insert(Risk::ScaleToZero);
    }
    Effect { risks, changes, ..effect }
}

fn drift_of(
    object: &ObjectRef,
    live: &Value,
    (base, head): (&Value, &Value),
    sides: &Manifests<'_>,
) -> Option<Drift> {
    let changes = live::changes(live, base, sides);
    let written: Vec<String> =
        live::changes(live, head, sides).into_iter().map(|change| change.path).collect();
    let is_written =
        |path: &&String| written.iter().any(|other| is_within(path, other) || is_within(other, path));
    let overwritten = changes.iter().map(|change| &change.path).filter(is_written).cloned().collect();
    (!changes.is_empty()).then(|| Drift { object: object.clone(), changes, overwritten })
}

/// It is at head alone, and in the cluster all the same.
fn adopted(effect: Effect, live: &Value, head: &Value, sides: &Manifests<'_>) -> Judged {
    let changes = live::changes(&live::essence(live), &live::essence(head), sides);
    let reason = if changes.is_empty() {
        "it is in the cluster already, exactly like this"
    } else {
        "it is in the cluster already, and would be changed"
    };
    let effect = with_reason(effect, reason.to_owned());
    Judged::unsettled(Effect { operation: Operation::Update, changes, ..effect })
}

/// It is not in the cluster, and the server would make it. Fields are shown as they were written: what the server
/// adds, it adds to every object of its kind, and what it invents would differ each time.
fn created(effect: Effect) -> Judged {
    let (operation, tier) = (Operation::Create, Tier::DryRun);
    Judged::as_rendered(match effect.rendered {
        RenderOperation::Add => Effect { operation, tier, settled: Some(true), ..effect },
        RenderOperation::Change | RenderOperation::Remove => {
            let effect = with_reason(effect, "it is not in the cluster, and would be created".to_owned());
            Effect { operation, tier, settled: Some(false), ..effect }
        }
    })
}

fn removed(environment: &Environment, effect: Effect, live: Option<&Value>) -> Judged {
    let tier = Tier::Live;
    let Some(live) = live else {
        let effect = with_reason(effect, "no effect on the cluster: it is not there".to_owned());
        let (operation, risks, changes) = (Operation::None, BTreeSet::new(), Vec::new());
        return Judged::as_rendered(Effect {
            operation,
            risks,
            changes,
            tier,
            settled: Some(true),
            ..effect
        });
    };
    // What is live asks to stay, not what base says of it.
    let (operation, reason) = applier::removal(environment, live);
    let effect = match (effect.operation, operation) {
        (Operation::Delete, Operation::Orphan) => Effect { reason, ..effect.becoming(operation) },
        (Operation::Orphan, Operation::Delete) => {
            let reason = "what is live does not ask to stay, whatever base says: it is deleted".to_owned();
            Effect { reason: Some(reason), ..effect.becoming(operation) }
        }
        _ => effect,
    };
    Judged::as_rendered(Effect { tier, ..effect })
}

/// Adds to what the render had to say.
pub(super) fn with_reason(effect: Effect, reason: String) -> Effect {
    let reason = match &effect.reason {
        Some(own) => format!("{own}; {reason}"),
        None => reason,
    };
    Effect { reason: Some(reason), ..effect }
}

fn without_replace(mut risks: BTreeSet<Risk>) -> BTreeSet<Risk> {
    risks.remove(&Risk::Replace);
    risks
}
