//! Whether the quotas of a namespace have room for all that a change makes there. A dry run counts each object as if it
//! came alone, so the second of two that pass may be refused in the end.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::diff::nano;
use countersign_core::effect::{Effect, Operation};
use countersign_core::object::{Body, ObjectRef};
use serde_json::Value;

use super::judge::Judged;
use crate::ports::{Cluster, ClusterError, Quotas};

const ONE: i128 = 1_000_000_000;
/// How the objects of the core group are counted beside `count/…`.
const COUNTED: [&str; 7] = [
    "configmaps",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "services",
];
const OF_CLASS: &str = ".storageclass.storage.k8s.io/";

/// Takes back what was settled of objects that pass one by one, and perhaps not together. Quotas are read of namespaces
/// alone in which several objects of one kind are made.
pub(super) async fn hold(cluster: &dyn Cluster, judged: &mut [(usize, Judged)]) {
    let mut silent = false;
    for namespace in crowded(judged) {
        let takers: Vec<Taker> =
            judged.iter().filter_map(|(_, one)| Taker::of(&one.effect, &namespace)).collect();
        let objects: Vec<&ObjectRef> = takers.iter().map(|taker| &taker.object).collect();
        let quotas = if silent { None } else { Some(cluster.quotas(&objects).await) };
        silent |= matches!(quotas, Some(Err(ClusterError::Unreachable { .. })));
        let why = match &quotas {
            Some(Ok(quotas)) => shortages(quotas, &takers),
            Some(Err(error)) => untold(&takers, &error.to_string()),
            None => untold(&takers, "the cluster did not answer"),
        };
        for (_, one) in judged.iter_mut().filter(|(_, one)| one.effect.settled == Some(true)) {
            if let Some(why) = why.get(&one.effect.object) {
                unsettle(&mut one.effect, why);
            }
        }
    }
}

fn unsettle(effect: &mut Effect, why: &str) {
    let own = effect.reason.take().map(|own| format!("{own}; ")).unwrap_or_default();
    effect.reason = Some(format!("{own}unsettled: {why}"));
    effect.settled = Some(false);
}

/// An object that takes of what quotas give.
struct Taker {
    object: ObjectRef,
    before: Option<Value>,
    after: Value,
}

impl Taker {
    fn of(effect: &Effect, namespace: &str) -> Option<Self> {
        if !takes(effect) || effect.object.namespace != namespace {
            return None;
        }
        let value = |side: &Option<Body>| side.as_ref().map(Body::value);
        let before = if effect.operation == Operation::Create { None } else { value(&effect.before) };
        Some(Self { object: effect.object.clone(), before, after: value(&effect.after).unwrap_or_default() })
    }

    fn kind(&self) -> (&str, &str) {
        (&self.object.group, &self.object.kind)
    }
}

/// Whether it may take of a quota, and more than before.
fn takes(effect: &Effect) -> bool {
    let ObjectRef { group, kind, .. } = &effect.object;
    match effect.operation {
        Operation::Create => true,
        Operation::Update => group.is_empty() && matches!(kind.as_str(), "Service" | "PersistentVolumeClaim"),
        Operation::Replace | Operation::Delete | Operation::Orphan | Operation::Fail | Operation::None => {
            false
        }
    }
}

/// Namespaces in which something is settled that takes as others of its kind do.
fn crowded(judged: &[(usize, Judged)]) -> BTreeSet<String> {
    let mut of_kind: BTreeMap<[&str; 3], (usize, bool)> = BTreeMap::new();
    let effects = judged.iter().map(|(_, one)| &one.effect);
    for effect in effects.filter(|effect| takes(effect) && !effect.object.namespace.is_empty()) {
        let ObjectRef { group, kind, namespace, .. } = &effect.object;
        let (number, settled) = of_kind.entry([namespace, group, kind]).or_default();
        *number = number.saturating_add(1);
        *settled |= effect.settled == Some(true);
    }
    let crowded = of_kind.into_iter().filter(|(_, (number, settled))| *number > 1 && *settled);
    crowded.map(|([namespace, ..], _)| namespace.to_owned()).collect()
}

/// Of each that is not alone of its kind.
fn untold(takers: &[Taker], why: &str) -> BTreeMap<ObjectRef, String> {
    let mut of_kind: BTreeMap<(&str, &str), Vec<&Taker>> = BTreeMap::new();
    for taker in takers {
        of_kind.entry(taker.kind()).or_default().push(taker);
    }
    let why = format!("whether quotas have room for all that the change makes here cannot be told: {why}");
    let several = of_kind.into_values().filter(|takers| takers.len() > 1).flatten();
    several.map(|taker| (taker.object.clone(), why.clone())).collect()
}

/// How much of something an object takes.
enum Need {
    Nothing,
    Amount(i128),
    /// Of what the server adds to it, or of a scope that it may be in, nothing is known here.
    Unknown,
}

/// Why each object may be refused for want of room. What a namespace has, and has left, is not said.
fn shortages(quotas: &Quotas, takers: &[Taker]) -> BTreeMap<ObjectRef, String> {
    let mut all = BTreeMap::new();
    for quota in &quotas.all {
        let name = quota.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        let hard = quota.pointer("/status/hard").or_else(|| quota.pointer("/spec/hard"));
        for (resource, hard) in hard.and_then(Value::as_object).into_iter().flatten() {
            let used = quota.pointer("/status/used").and_then(|used| used.get(resource));
            let room = nano(hard).zip(used.and_then(nano)).map(|(hard, used)| hard.saturating_sub(used));
            let taking = taking(quotas, quota, resource, takers);
            if taking.len() < 2 {
                continue;
            }
            let amounts = taking.iter().map(|(_, amount)| *amount).collect::<Option<Vec<i128>>>();
            let total = amounts.map(|amounts| amounts.into_iter().fold(0, i128::saturating_add));
            let why = match total.zip(room) {
                Some((total, room)) if total <= room => continue,
                Some(_) => format!(
                    "the quota `{name}` has no room for all {} that the change makes (`{resource}`)",
                    taking.len()
                ),
                None => format!(
                    "whether the quota `{name}` has room for all that the change makes cannot be told (`{resource}`)"
                ),
            };
            for (taker, _) in taking {
                all.entry(taker.object.clone()).or_insert_with(|| why.clone());
            }
        }
    }
    all
}

/// Who takes of a resource, and how much where that is known.
fn taking<'a>(
    quotas: &Quotas,
    quota: &Value,
    resource: &str,
    takers: &'a [Taker],
) -> Vec<(&'a Taker, Option<i128>)> {
    let scoped = ["/spec/scopes", "/spec/scopeSelector"].iter().any(|path| quota.pointer(path).is_some());
    let amount = |taker: &'a Taker| {
        let counted = quotas.counted.get(&taker.object).map_or("", String::as_str);
        match need(taker, counted, resource) {
            Need::Nothing | Need::Amount(..=0) => None,
            // Scopes are those of Pods and of claims; other kinds are in none.
            Need::Amount(_) if scoped && !matches!(counted, "pods" | "persistentvolumeclaims") => None,
            Need::Amount(amount) if !scoped => Some((taker, Some(amount))),
            Need::Amount(_) | Need::Unknown => Some((taker, None)),
        }
    };
    takers.iter().filter_map(amount).collect()
}

fn need(taker: &Taker, counted: &str, resource: &str) -> Need {
    if resource.strip_prefix("count/") == Some(counted)
        || (COUNTED.contains(&resource) && resource == counted)
    {
        return if taker.before.is_none() { Need::Amount(ONE) } else { Need::Nothing };
    }
    if resource.starts_with("count/") || COUNTED.contains(&resource) {
        return Need::Nothing;
    }
    match counted {
        // Limits of the namespace, init containers and overheads count as well.
        "pods" => Need::Unknown,
        "services" => {
            let more = |of: fn(&Value, &str) -> i128| {
                let before = taker.before.as_ref().map_or(0, |before| of(before, resource));
                of(&taker.after, resource).saturating_sub(before)
            };
            Need::Amount(more(of_service).saturating_mul(ONE))
        }
        "persistentvolumeclaims" => of_claim(taker, resource),
        _ => Need::Nothing,
    }
}

fn of_service(service: &Value, resource: &str) -> i128 {
    let spec = service.get("spec");
    let says = |key: &str| spec.and_then(|spec| spec.get(key));
    let of_type = |kind: &str| says("type").is_some_and(|says| says == kind);
    let spared = says("allocateLoadBalancerNodePorts").is_some_and(|says| says == false);
    let ports = says("ports").and_then(Value::as_array).map_or(0, Vec::len);
    match resource {
        "services.loadbalancers" => i128::from(of_type("LoadBalancer")),
        "services.nodeports" if of_type("NodePort") || (of_type("LoadBalancer") && !spared) => {
            i128::try_from(ports).unwrap_or(i128::MAX)
        }
        _ => 0,
    }
}

fn of_claim(taker: &Taker, resource: &str) -> Need {
    let class = taker.after.pointer("/spec/storageClassName").and_then(Value::as_str);
    let what = match (resource.split_once(OF_CLASS), class) {
        (None, _) => resource,
        (Some((of, what)), Some(class)) if of == class => what,
        (Some(_), Some(_)) => return Need::Nothing,
        // It will be in the default class, and which that is, is not looked for.
        (Some(_), None) => return Need::Unknown,
    };
    let size = |claim: &Value| claim.pointer("/spec/resources/requests/storage").and_then(nano);
    match (what, size(&taker.after), &taker.before) {
        ("persistentvolumeclaims", ..) if taker.before.is_none() => Need::Amount(ONE),
        ("requests.storage", None, _) => Need::Unknown,
        ("requests.storage", Some(size), None) => Need::Amount(size),
        ("requests.storage", Some(after), Some(before)) => {
            Need::Amount(after.saturating_sub(size(before).unwrap_or_default()))
        }
        _ => Need::Nothing,
    }
}
