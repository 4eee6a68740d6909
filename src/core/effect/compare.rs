//! Base against head, object by object.
//!
//! Identity is exact: group, kind, namespace, name. Nothing is paired by likeness; that a generated name replaces
//! another is said beside the creation and the removal, never instead of them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use super::{Effect, Operation, RenderOperation, Risk, Tier, applier, custom, generated, immutable, risks};
use crate::diff;
use crate::environment::Environment;
use crate::object::{Body, ObjectRef, RenderedObject, holds_unstable, is_built_in, unstable_paths};
use crate::threads;

/// Group, kind, namespace, name.
pub(super) type Identity<'a> = (&'a str, &'a str, &'a str, &'a str);

/// The effects of going from `base` to `head` in one unit, sorted by object. Objects that are equal give none.
///
/// An object that a side has more than once gives an effect for each copy that the other side lacks, marked
/// [`Risk::TwoOwners`] with the reason.
pub fn compare(environment: &Environment, base: &[RenderedObject], head: &[RenderedObject]) -> Vec<Effect> {
    let mut sides: BTreeMap<Identity<'_>, (Vec<&RenderedObject>, Vec<&RenderedObject>)> = BTreeMap::new();
    for object in base {
        sides.entry(object.reference.identity()).or_default().0.push(object);
    }
    for object in head {
        sides.entry(object.reference.identity()).or_default().1.push(object);
    }
    let sides: Vec<_> = sides.into_values().collect();
    let threads = threads::worth(sides.len(), WORTH_A_THREAD);
    let of_each = threads::each(sides, threads, |(old, new)| effects(environment, old, new));
    let mut effects: Vec<Effect> = of_each.into_iter().flatten().collect();
    generated::pair(&mut effects);
    effects
}

/// Fewer objects are not worth a thread.
const WORTH_A_THREAD: usize = 64;

/// The effects on one object, as base and head have it.
fn effects(environment: &Environment, old: Vec<&RenderedObject>, new: Vec<&RenderedObject>) -> Vec<Effect> {
    match (old.as_slice(), new.as_slice()) {
        ([old], [new]) => effect(environment, Some(old), Some(new)).into_iter().collect(),
        ([old], []) => effect(environment, Some(old), None).into_iter().collect(),
        ([], [new]) => effect(environment, None, Some(new)).into_iter().collect(),
        _ => several(environment, old, new),
    }
}

/// What becomes of one object; `None` where nothing does.
pub(super) fn effect(
    environment: &Environment,
    base: Option<&RenderedObject>,
    head: Option<&RenderedObject>,
) -> Option<Effect> {
    if base.zip(head).is_some_and(|(base, head)| is_same(base, head)) {
        return None;
    }
    let object = &head.or(base)?.reference;
    let (before, after) = (base.map(meaning), head.map(meaning));
    let RenderedObject { origin, made, .. } = head.or(base)?;
    assess(environment, object, before.as_ref(), after.as_ref()).map(|effect| Effect {
        source: origin.clone(),
        made: made.clone(),
        ..effect
    })
}

/// Whether two manifests of one object can be seen to be equal as they are.
fn is_same(base: &RenderedObject, head: &RenderedObject) -> bool {
    base.body == head.body
        && base.reference.namespace == head.reference.namespace
        && !holds_unstable(&head.body)
}

/// A manifest as [`Effect::before`] has it, and what it says.
pub(super) struct Opened {
    body: Body,
    value: Value,
}

impl From<Body> for Opened {
    fn from(body: Body) -> Self {
        Self { value: body.value(), body }
    }
}

/// The effect of one manifest becoming another.
pub(super) fn assess(
    environment: &Environment,
    object: &ObjectRef,
    before: Option<&Opened>,
    after: Option<&Opened>,
) -> Option<Effect> {
    let body = |opened: Option<&Opened>| opened.map(|opened| opened.body.clone());
    let mut effect = Effect {
        object: object.clone(),
        operation: Operation::Update,
        rendered: RenderOperation::Change,
        tier: Tier::Render,
        settled: None,
        risks: std::collections::BTreeSet::new(),
        reason: None,
        source: None,
        made: None,
        changes: Vec::new(),
        before: body(before),
        after: body(after),
        moved_from: None,
    };
    let (before, after) = (before.map(|opened| &opened.value), after.map(|opened| &opened.value));
    match (before, after) {
        (None, None) => return None,
        (None, Some(after)) => {
            effect.rendered = RenderOperation::Add;
            (effect.operation, effect.reason) = addition(environment, object, after);
        }
        (Some(body), None) => {
            effect.rendered = RenderOperation::Remove;
            (effect.operation, effect.reason) = applier::removal(environment, body);
        }
        (Some(_), Some(after)) if effect.before == effect.after => {
            if !effect.after.as_ref().is_some_and(holds_unstable) {
                return None;
            }
            let paths = unstable_paths(after);
            effect.reason = Some(format!("each sync changes it: {} differs at each render", named(&paths)));
        }
        (Some(before), Some(after)) => {
            effect.changes = diff::fields(before, after);
            if effect.changes.is_empty() && before.get("status") == after.get("status") {
                return None;
            }
            (effect.operation, effect.reason) = if effect.changes.is_empty() {
                (Operation::None, Some(ONLY_STATUS.to_owned()))
            } else {
                change(environment, object, before, after)
            };
        }
    }
    effect.risks = risks::of(&effect, before, after);
    if effect.risks.contains(&Risk::Suspended) && effect.reason.is_none() {
        effect.reason =
            Some("an applier that is suspended: what it applies waits until it is resumed".to_owned());
    }
    Some(effect)
}

/// The first of some paths, and how many more there are.
fn named(paths: &[String]) -> String {
    let first = paths.first().map_or_else(String::new, |path| format!("`{path}`"));
    match paths.len() {
        0 | 1 => first,
        more => format!("{first} (and {} more)", more - 1),
    }
}

const ONLY_STATUS: &str =
    "only `status` differs: no effect where the kind keeps it apart (status subresource)";

/// What of a manifest counts: everything but what the API server keeps for itself, in the namespace that it gets.
/// `status` counts for custom kinds, some of which let an applier write it.
fn meaning(object: &RenderedObject) -> Opened {
    let RenderedObject { reference, body, sealed: _, origin: _, made: _ } = object;
    let whole = body.value();
    let bare = diff::without_metadata(&whole);
    let bare = if is_built_in(&reference.group) { strip_status(bare) } else { bare };
    match placed(bare, &reference.namespace) {
        Cow::Owned(value) => Opened { body: Body::from(&value), value },
        Cow::Borrowed(_) => Opened { body: body.clone(), value: whole },
    }
}

fn strip_status(body: Cow<'_, Value>) -> Cow<'_, Value> {
    match body {
        Cow::Borrowed(body) => diff::without_status(body),
        Cow::Owned(mut body) => {
            if let Some(map) = body.as_object_mut() {
                map.remove("status");
            }
            Cow::Owned(body)
        }
    }
}

/// The manifest with its namespace in it.
fn placed<'a>(body: Cow<'a, Value>, namespace: &str) -> Cow<'a, Value> {
    let wanted = Some(Value::from(namespace)).filter(|_| !namespace.is_empty());
    let metadata = body.get("metadata").and_then(Value::as_object);
    if metadata.is_none_or(|metadata| metadata.get("namespace") == wanted.as_ref()) {
        return body;
    }
    let mut body = body.into_owned();
    if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("namespace");
        metadata.extend(wanted.map(|wanted| ("namespace".to_owned(), wanted)));
    }
    Cow::Owned(body)
}

/// What happens to an object that is only at head.
fn addition(environment: &Environment, object: &ObjectRef, after: &Value) -> (Operation, Option<String>) {
    if let Some((operation, reason)) = applier::application(environment, None, after) {
        return (operation, Some(reason));
    }
    (Operation::Create, is_named_anew(object).then(|| NAMED_ANEW.to_owned()))
}

/// Whether each sync makes the object under another name.
pub(super) fn is_named_anew(object: &ObjectRef) -> bool {
    object.name.ends_with('*')
}

const NAMED_ANEW: &str = "a new object at each sync, since its name is generated";

/// What happens to an object that both sides have, and that differs.
fn change(
    environment: &Environment,
    object: &ObjectRef,
    before: &Value,
    after: &Value,
) -> (Operation, Option<String>) {
    if let Some((operation, reason)) = applier::application(environment, Some(before), after) {
        return (operation, Some(reason));
    }
    if is_named_anew(object) {
        return (Operation::Create, Some(NAMED_ANEW.to_owned()));
    }
    if let Some(field) = immutable::changed(object, before, after) {
        let reason =
            format!("`{field}` cannot be changed in place: the object is deleted and made anew, or refused");
        return (Operation::Replace, Some(reason));
    }
    let reason =
        applier::written_whole(environment, after).or_else(|| custom::dropped(object, before, after));
    (Operation::Update, reason)
}

/// An object that at least one side has more than once. Equal copies cancel out; the rest is paired in order, and
/// what has no partner is measured against a copy of the other side.
fn several(
    environment: &Environment,
    mut old: Vec<&RenderedObject>,
    mut new: Vec<&RenderedObject>,
) -> Vec<Effect> {
    let (first_old, first_new) = (old.first().copied(), new.first().copied());
    let copies = new.len();
    let gains = copies > 1 && copies > old.len();
    old.retain(|object| {
        let equal = new.iter().position(|other| effect(environment, Some(object), Some(other)).is_none());
        equal.map(|index| new.remove(index)).is_none()
    });
    let paired = old.len().min(new.len());
    let mut rest = Vec::new();
    for (before, after) in old.iter().zip(&new) {
        rest.extend(effect(environment, Some(before), Some(after)));
    }
    for extra in new.iter().skip(paired) {
        rest.extend(match first_old {
            None => effect(environment, None, Some(extra)),
            Some(other) => {
                effect(environment, Some(other), Some(extra)).or_else(|| untouched(environment, extra))
            }
        });
    }
    for extra in old.iter().skip(paired) {
        rest.extend(match first_new {
            None => effect(environment, Some(extra), None),
            Some(_) => untouched(environment, extra)
                .map(|effect| Effect { rendered: RenderOperation::Remove, ..effect }),
        });
    }
    let is_generated = first_new.or(first_old).is_some_and(|object| is_named_anew(&object.reference));
    for effect in &mut rest {
        if !is_generated && (copies > 1 || effect.operation == Operation::None) {
            effect.reason = Some(match (copies, gains) {
                (0 | 1, _) => "base has this object more than once, head once: it stays".to_owned(),
                (_, true) => {
                    format!("head has this object {copies} times, more often than base: the last one wins")
                }
                (_, false) => format!("head has this object {copies} times: the last one wins"),
            });
            if copies > 1 {
                effect.risks.insert(Risk::TwoOwners);
            }
        }
    }
    rest
}

/// One more copy of an object, or one fewer, that changes nothing by itself.
fn untouched(environment: &Environment, object: &RenderedObject) -> Option<Effect> {
    let effect = effect(environment, None, Some(object))?;
    Some(Effect {
        operation: Operation::None,
        rendered: RenderOperation::Add,
        risks: std::collections::BTreeSet::new(),
        ..effect
    })
}
