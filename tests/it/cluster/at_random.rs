//! Changes at random, predicted and then really made by each applier: what is said to be settled comes true field by
//! field, what is said to be refused is refused, and nothing else is.
//!
//! Each run prints its seed. `COUNTERSIGN_APPLIED_SEED` makes another run of it, `COUNTERSIGN_APPLIED_PAIRS` a longer
//! one: so many pairs of base and head over all appliers.

mod appliers;
mod edits;
mod found;
mod kinds;
mod others;
mod outcome;
mod unamended;
mod values;

use appliers::Applier;
use kinds::{GROUP, KINDS, Kind};
use others::Meanwhile;
use outcome::{Came, Count, Verdict, judge};
use unamended::Unamended;

use countersign_core::evaluation::EnvironmentError;

use super::*;
use crate::rego::dice::Dice;

const SEED: u64 = 0x9E37_79B9_7F4A_7C15;
const PAIRS: usize = 128;
/// Appliers among which the pairs are divided.
const APPLIERS: usize = 8;
/// Pairs that are applied together.
const ROUND: usize = 32;

/// One object at base and at head.
struct Pair {
    base: Option<Value>,
    head: Value,
    meanwhile: Option<Meanwhile>,
}

impl Pair {
    fn new(dice: &mut Dice, namespace: &str, name: &str) -> Self {
        let kind = &KINDS[dice.below(KINDS.len())];
        let mut base = kind.make(dice, namespace, name);
        if dice.below(20) == 0 {
            return Self { base: None, head: base, meanwhile: None };
        }
        let mut head = edits::edited(dice, kind, &base);
        if kind.kind == "HorizontalPodAutoscaler" && dice.often(3) {
            let older = if dice.often(8) { &mut base } else { &mut head };
            *older = kinds::older_autoscaler(older.take(), dice);
        }
        let meanwhile = others::meanwhile(dice, kind, &base);
        Self { base: Some(base), head, meanwhile }
    }

    fn path(&self) -> String {
        path_of(&self.head)
    }

    fn about(&self) -> String {
        let base = self.base.as_ref().map_or("–".to_owned(), Value::to_string);
        let meanwhile = self.meanwhile.as_ref().map_or("nothing", |meanwhile| meanwhile.about);
        format!("base {base}\nmeanwhile: {meanwhile}\nhead {}", self.head)
    }
}

fn path_of(manifest: &Value) -> String {
    let (kind, version) = (Kind::of(manifest), manifest["apiVersion"].as_str().unwrap());
    let root = if version == "v1" { "api" } else { "apis" };
    let text = |key| manifest["metadata"][key].as_str().unwrap();
    let place =
        if kind.is_namespaced() { format!("/namespaces/{}", text("namespace")) } else { String::new() };
    format!("/{root}/{version}{place}/{}/{}", kind.plural, text("name"))
}

/// What is live, secrets and rights too.
async fn live(world: &World, manifest: &Value) -> Option<Value> {
    let url = format!("{}{}", world.server.url(), path_of(manifest));
    let request = world.server.http().get(url).bearer_auth(world.server.admin_token());
    let answer = request.send().await.unwrap();
    if answer.status() == reqwest::StatusCode::NOT_FOUND {
        return None;
    }
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    Some(answer.json().await.unwrap())
}

/// A pair whose base the server takes, from whoever asks.
async fn fitting(world: &World, dice: &mut Dice, name: &str) -> Pair {
    for _ in 0..50 {
        let pair = Pair::new(dice, &world.namespace, name);
        let Some(base) = &pair.base else { return pair };
        if !Kind::of(base).is_asked() {
            // They are made so that it takes them all.
            return pair;
        }
        let mut taken = true;
        for write in [Write::Create(base.clone()), Write::Apply(base.clone())] {
            let answer = world.cluster.dry_run(&reference(base), &write, "somebody").await.unwrap();
            taken &= matches!(answer.prediction, Prediction::Object(_));
        }
        if taken {
            return pair;
        }
    }
    panic!("no manifest that the server takes was found for {name}");
}

async fn lives(world: &World, pairs: &[Pair]) -> Vec<Option<Value>> {
    let mut all = Vec::new();
    for pair in pairs {
        all.push(live(world, &pair.head).await);
    }
    all
}

/// Bases are applied, others write, heads are predicted, then applied, and what came is held against what was said.
async fn round(world: &World, environment: &Environment, applier: &mut Applier, pairs: &[Pair]) -> Count {
    let bases: Vec<&Value> = pairs.iter().filter_map(|pair| pair.base.as_ref()).collect();
    applier.apply(world, &bases).await.unwrap_or_else(|why| panic!("bases were not applied: {why}"));
    for pair in pairs {
        if let Some(meanwhile) = &pair.meanwhile {
            meanwhile.happens(world, &pair.path()).await;
        }
    }
    let before = lives(world, pairs).await;
    let inputs = || pairs.iter().map(|pair| input(pair.base.as_ref(), Some(&pair.head))).collect();
    let predicted = world.predict(environment, inputs()).await;
    let unamended = Unamended::of(&world.cluster);
    let otherwise = predict(&unamended, environment, inputs()).await;
    let amended = unamended.holds(&predicted, &otherwise);
    assert_eq!(lives(world, pairs).await, before, "a prediction writes nothing");
    // What is refused would keep the rest from being applied: until its own turn comes, it stays at base.
    let refused = |place: usize| outcome::may_be_refused(&predicted.effects[place]);
    let (mut all, mut places, mut each) = (Vec::new(), Vec::new(), Vec::new());
    for (place, pair) in pairs.iter().enumerate() {
        if refused(place) {
            let own = if pair.base.is_some() { all.len() } else { usize::MAX - place };
            each.push((own, &pair.head));
            places.push(place);
        }
        if let Some(manifest) = if refused(place) { pair.base.as_ref() } else { Some(&pair.head) } {
            all.push(manifest);
        }
    }
    let mut came: Vec<Result<(), String>> = vec![Ok(()); pairs.len()];
    if let Err(why) = applier.apply(world, &all).await {
        // Who is meant is seen when each is applied alone. What was applied all the same is not applied twice: a server that
        // takes a manifest once need not take it again.
        let between = lives(world, pairs).await;
        let told = (0..pairs.len()).filter(|place| !refused(*place)).enumerate();
        let told: Vec<(usize, usize)> = told.filter(|(_, place)| between[*place] == before[*place]).collect();
        let alone: Vec<(usize, &Value)> =
            told.iter().map(|(_, place)| (*place, &pairs[*place].head)).collect();
        eprintln!("applied one by one, because together: {why}");
        for ((_, place), outcome) in told.into_iter().zip(applier.apply_each(world, &all, &alone).await) {
            came[place] = outcome;
        }
    }
    let after = lives(world, pairs).await;
    for (place, outcome) in places.iter().zip(applier.apply_each(world, &all, &each).await) {
        came[*place] = outcome;
    }
    let finally = lives(world, pairs).await;
    let mut count = Count::default();
    count.amended = amended;
    for (place, pair) in pairs.iter().enumerate() {
        // Until then base was applied to it once more.
        let (before, after) = if refused(place) { (&after, &finally) } else { (&before, &after) };
        let came = Came { outcome: &came[place], before: &before[place], after: &after[place] };
        let effect = &predicted.effects[place];
        let drift = predicted.drift.iter().find(|drift| drift.object == effect.object);
        let own =
            |error: &&EnvironmentError| error.undecided && error.object.as_ref() == Some(&effect.object);
        if let Some(error) = predicted.errors.iter().find(own) {
            count.take(Verdict::Wrong(format!("nothing was told: {}", error.message)), || pair.about());
            continue;
        }
        count.take(judge(effect, drift.is_some(), &came), || pair.about());
        if let Some(drift) = drift {
            count.take_drift(drift, &came, || pair.about());
        }
    }
    count
}

/// A world whose server may take its time: a machine that is busy elsewhere says nothing about predictions.
async fn patient() -> Option<World> {
    let world = World::new().await?;
    let access = Access::Kubeconfig { file: Some(world.server.kubeconfig().to_owned()), context: None };
    let long = std::time::Duration::from_secs(120);
    let patience = Patience { connect: long, read: long, answer: long, ..Patience::USUAL };
    let cluster = KubeCluster::connect("test".to_owned(), &access, patience).await.unwrap();
    Some(World { cluster, ..world })
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
}

/// Lets an applier make its share of the pairs, and holds it to what was predicted.
async fn hold(
    who: &str,
    salt: u64,
    environment: Environment,
    applier: impl AsyncFn(&World) -> Option<Applier>,
) {
    let seed = number("COUNTERSIGN_APPLIED_SEED", SEED);
    let pairs = number("COUNTERSIGN_APPLIED_PAIRS", PAIRS as u64);
    let mut left = usize::try_from(pairs).unwrap().div_ceil(APPLIERS);
    let mut dice = Dice(seed.wrapping_add(salt << 17) | 1);
    let mut count = Count::default();
    while left > 0 {
        let Some(world) = patient().await else { return };
        world.define(&kinds::definition(), GROUP).await;
        let Some(mut applier) = applier(&world).await else { return };
        let mut pairs = Vec::new();
        for number in 0..left.min(ROUND) {
            pairs.push(fitting(&world, &mut dice, &format!("made-{number}")).await);
        }
        left -= pairs.len();
        count.add(round(&world, &environment, &mut applier, &pairs).await);
    }
    eprintln!("{who}, seed {seed}: {count}");
    assert!(count.wrong.is_empty(), "{who}, seed {seed}: {count}\n{}", count.wrong.join("\n\n"));
    // Where others wrote meanwhile, a replacement promises little.
    assert!(count.settled * 5 > count.pairs, "{who}, seed {seed}: little is settled: {count}");
}

fn applied(apply: ApplyMode, manager: &str) -> Environment {
    Environment { apply, field_manager: manager.to_owned(), ..environment() }
}

#[tokio::test]
async fn what_kubectl_applies_server_side_unforced_is_what_was_predicted() {
    let environment = Environment { unforced: true, ..applied(ApplyMode::ServerSide, "kubectl") };
    hold("kubectl apply --server-side, unforced", 8, environment, async |_| {
        Applier::kubectl(&["apply", "--server-side"])
    })
    .await;
}

#[tokio::test]
async fn what_kubectl_applies_server_side_is_what_was_predicted() {
    let verb = &["apply", "--server-side", "--force-conflicts"];
    hold("kubectl apply --server-side", 1, applied(ApplyMode::ServerSide, "kubectl"), async |_| {
        Applier::kubectl(verb)
    })
    .await;
}

#[tokio::test]
async fn what_kubectl_applies_client_side_is_what_was_predicted() {
    hold("kubectl apply", 2, applied(ApplyMode::ClientSide, "kubectl-client-side-apply"), async |_| {
        Applier::kubectl(&["apply"])
    })
    .await;
}

#[tokio::test]
async fn what_kubectl_replaces_is_what_was_predicted() {
    hold("kubectl replace", 3, applied(ApplyMode::Replace, "kubectl-replace"), async |_| {
        Applier::kubectl(&["replace"])
    })
    .await;
}

#[tokio::test]
async fn what_helm_upgrades_is_what_was_predicted() {
    hold("helm upgrade", 4, applied(ApplyMode::Helm, "helm"), async |_| Applier::helm()).await;
}

#[tokio::test]
async fn what_argo_cd_applies_client_side_is_what_was_predicted() {
    hold("Argo CD", 5, applied(ApplyMode::ClientSide, "argocd-controller"), async |world| {
        Applier::argo(world, &[]).await
    })
    .await;
}

#[tokio::test]
async fn what_argo_cd_applies_server_side_is_what_was_predicted() {
    let options = &["ServerSideApply=true"];
    hold(
        "Argo CD with ServerSideApply",
        6,
        applied(ApplyMode::ServerSide, "argocd-controller"),
        async |world| Applier::argo(world, options).await,
    )
    .await;
}

#[tokio::test]
async fn what_flux_applies_is_what_was_predicted() {
    hold("Flux", 7, applied(ApplyMode::ServerSide, "kustomize-controller"), async |_| Applier::flux().await)
        .await;
}
