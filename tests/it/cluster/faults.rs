//! Connections that drop, answers that are cut, late or somebody else's, servers that are busy or gone: the report is the
//! one without faults, or what it could not be told is undecided and says why. Never anything else, and nobody waits.

pub(super) mod between;
mod redefined;

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use self::between::{Asked, Between, Fault};
use super::self_check::Deployed;
use super::*;
use crate::rego::dice::Dice;

/// Where there are faults, a healthy answer may be waited for as long as ever.
const PATIENT: Patience = Patience { again: Duration::from_millis(20), ..Patience::USUAL };
/// Where answers stay out, nobody has all day.
const HASTY: Patience = Patience { answer: Duration::from_millis(400), ..PATIENT };
/// No run comes near to this: one that does hangs.
const HANGING: Duration = Duration::from_secs(120);

const NGINX: &str = "<html><head><title>503 Service Temporarily Unavailable</title></head></html>";
const BUSY: &str = "Too many requests, please try again later.\n";
const LOGIN: &str = "<!doctype html><html><title>Log in</title></html>";
const STATUS: &str = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"the server is currently unable to handle the request","reason":"ServiceUnavailable","code":503}"#;

/// A change with something of everything, and how it is applied.
struct Change {
    environment: Environment,
    inputs: Vec<PredictInput>,
}

impl Change {
    /// Objects that are really there, as this way to apply leaves them.
    async fn new(world: &World, apply: ApplyMode) -> Self {
        let map = |name: &str, rest: Value| world.object("v1", "ConfigMap", name, rest);
        let data = |name: &str, value: &str| map(name, json!({ "data": { "a": value } }));
        let fixed = |value: &str| map("fixed", json!({ "immutable": true, "data": { "a": value } }));
        let widget = world.object("nowhere.example.org/v1", "Widget", "w", json!({}));
        let mut elsewhere = data("elsewhere", "1");
        elsewhere["metadata"]["namespace"] = json!("not-yet");
        let (rich, plain) = (world.deployment(rich_spec()), world.deployment(json!({})));
        for live in [&rich, &data("edited", "1"), &data("gone", "1"), &fixed("1"), &data("wrong", "1")] {
            match apply {
                ApplyMode::ServerSide => drop(world.apply(live, MANAGER).await),
                ApplyMode::ClientSide | ApplyMode::Helm | ApplyMode::Replace => {
                    world.apply_client_side(live).await;
                }
            }
        }
        world.edit(&data("edited", "1"), json!({ "data": { "a": "7" } })).await;
        let wrong = map("wrong", json!({ "data": { "a": "2" }, "dat": {} }));
        let inputs = vec![
            input(Some(&rich), Some(&plain)),
            input(Some(&data("edited", "1")), Some(&data("edited", "2"))),
            input(Some(&data("gone", "1")), None),
            input(Some(&data("never", "1")), None),
            input(None, Some(&data("new", "1"))),
            input(Some(&fixed("1")), Some(&fixed("2"))),
            input(Some(&data("wrong", "1")), Some(&wrong)),
            input(None, Some(&elsewhere)),
            input(None, Some(&widget)),
        ];
        Self { environment: Environment { apply, ..environment() }, inputs }
    }

    async fn predict(&self, cluster: &KubeCluster) -> Predicted {
        let predicted = predict(cluster, &self.environment, self.inputs.clone());
        tokio::time::timeout(HANGING, predicted).await.expect("an end")
    }

    /// How many objects could not be told of; each is as it was rendered, and an error says why. All others are as in the
    /// `truth`.
    fn undecided(&self, about: &str, truth: &Predicted, said: &Predicted) -> usize {
        let mut undecided = 0;
        for ((input, truth_of), of) in self.inputs.iter().zip(&truth.effects).zip(&said.effects) {
            let is_about = |object: &Option<ObjectRef>| object.as_ref().is_none_or(|one| *one == of.object);
            let untold = said.errors.iter().any(|error| error.undecided && is_about(&error.object));
            let drift =
                |of: &Predicted| of.drift.iter().find(|one| one.object == input.effect.object).cloned();
            if untold && *of == input.effect {
                assert_eq!(drift(said), None, "{about}: {}", of.object);
                undecided += 1;
                continue;
            }
            assert_eq!(of, truth_of, "{about}: {}\n{}", of.object, words(said));
            assert_eq!(drift(said), drift(truth), "{about}: {}", of.object);
        }
        undecided
    }
}

pub(super) async fn through(
    between: &Between,
    server: &crate::parts::ApiServer,
    token: &str,
    patience: Patience,
) -> KubeCluster {
    let access = Access::Kubeconfig { file: Some(between.kubeconfig(server, token)), context: None };
    KubeCluster::connect("test".to_owned(), &access, patience).await.unwrap()
}

/// What is asked, by what stands in its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Discovery,
    Schema,
    Read,
    DryRun,
}

const PLACES: [Place; 4] = [Place::Schema, Place::Discovery, Place::Read, Place::DryRun];

impl Place {
    fn of(asked: &Asked) -> Self {
        match asked.target.as_str() {
            "/api" | "/apis" => Self::Discovery,
            target if target.starts_with("/openapi/") => Self::Schema,
            target if target.contains("dryRun=All") => Self::DryRun,
            _ => Self::Read,
        }
    }
}

/// What becomes of objects whose answers go wrong like this, once or always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The bot gets its answer all the same.
    Told,
    /// It does not, and says this.
    Untold(&'static str),
}

use Outcome::{Told, Untold};

/// A gateway that lost its route says the same as a server that does not have a kind.
pub(super) const LOST_ROUTE: Fault = Fault::Instead(404, None, "404 page not found\n");

/// Fault, how it ends where it happens once, and where it happens always.
pub(super) const FAULTS: [(Fault, Outcome, Outcome); 15] = [
    (Fault::Dropped, Told, Untold("the connection failed")),
    (Fault::Unanswered, Told, Untold("the connection failed")),
    (Fault::Reset, Told, Untold("Connection reset by peer")),
    (Fault::Cut, Told, Untold("end of file before message length reached")),
    (Fault::Shortened, Untold("unexpected: "), Untold("unexpected: ")),
    (Fault::Late(Duration::from_millis(100)), Told, Told),
    (Fault::Stalled, Untold("no answer within 0.4 seconds"), Untold("no answer within 0.4 seconds")),
    (Fault::Dripping, Untold("no answer within 0.4 seconds"), Untold("no answer within 0.4 seconds")),
    (Fault::Instead(429, None, BUSY), Told, Untold("it is too busy")),
    (Fault::Instead(429, Some("1"), BUSY), Told, Untold("it is too busy")),
    (Fault::Instead(429, Some("86400"), ""), Told, Untold("it is too busy")),
    (
        Fault::Instead(503, None, NGINX),
        Untold("it answered with status 503"),
        Untold("it answered with status 503"),
    ),
    (Fault::Instead(503, Some("1"), STATUS), Told, Untold("it answered with status 503")),
    (
        Fault::Instead(503, None, STATUS),
        Untold("it answered with status 503"),
        Untold("it answered with status 503"),
    ),
    (Fault::Instead(200, None, LOGIN), Untold("unexpected: "), Untold("unexpected: ")),
];

/// Whether an answer stays out, so that it is waited for until the end.
pub(super) fn holds_back(fault: Fault) -> bool {
    matches!(fault, Fault::Stalled | Fault::Dripping)
}

/// How long is waited where this fault is. A machine that has other things to do may take longer for what is healthy.
pub(super) fn patience(fault: Fault) -> Patience {
    if holds_back(fault) { HASTY } else { PATIENT }
}

/// Each fault at each place, once and always.
fn rows<T: Copy>(places: &[T]) -> impl Iterator<Item = (T, u32, Fault, Outcome)> {
    let times =
        |(fault, once, always): (Fault, Outcome, Outcome)| [(1, fault, once), (u32::MAX, fault, always)];
    places.iter().flat_map(move |place| {
        FAULTS.into_iter().flat_map(times).map(|(times, fault, outcome)| (*place, times, fault, outcome))
    })
}

#[tokio::test]
async fn each_fault_leaves_what_is_right_or_undecided() {
    let Some(world) = World::new().await else { return };
    let Some(other) = World::new().await else { return };
    let changes =
        [Change::new(&world, ApplyMode::ServerSide).await, Change::new(&other, ApplyMode::ClientSide).await];
    for change in &changes {
        let truth = change.predict(&world.cluster).await;
        // A server-side apply needs no schema.
        let places = if change.environment.apply == ApplyMode::ServerSide { &PLACES[1..] } else { &PLACES };
        for (place, times, fault, outcome) in rows(places) {
            let plan = move |asked: &Asked| {
                if Place::of(asked) == place && asked.before < times { fault } else { Fault::None }
            };
            let between = Between::start(world.server, plan).await;
            let cluster = through(&between, world.server, world.server.admin_token(), patience(fault)).await;
            let said = change.predict(&cluster).await;
            let about = format!("{fault:?} {place:?} {times} {:?}", change.environment.apply);
            let undecided = change.undecided(&about, &truth, &said);
            match outcome {
                Told => assert_eq!(undecided, 0, "{about}: {}", words(&said)),
                Untold(why) => {
                    assert!(undecided > 0, "{about}");
                    assert!(words(&said).contains(why), "{about}: {}", words(&said));
                }
            }
        }
    }
}

/// A description of kinds that never comes is waited for once, and not once by each object that needs it.
#[tokio::test]
async fn whoever_waits_for_the_same_answer_waits_once() {
    let Some(world) = World::new().await else { return };
    let web = |name: &str, replicas: u32| {
        let mut web = world.deployment(json!({ "replicas": replicas }));
        web["metadata"]["name"] = json!(name);
        web
    };
    let names: Vec<String> = (0..24).map(|number| format!("web-{number}")).collect();
    for name in &names {
        world.apply_client_side(&web(name, 1)).await;
    }
    let inputs: Vec<_> = names.iter().map(|name| input(Some(&web(name, 1)), Some(&web(name, 2)))).collect();
    let environment = Environment { apply: ApplyMode::ClientSide, ..environment() };
    for place in [Place::Schema, Place::Discovery] {
        let plan = move |asked: &Asked| if Place::of(asked) == place { Fault::Stalled } else { Fault::None };
        let between = Between::start(world.server, plan).await;
        let patience = Patience { answer: Duration::from_secs(3), ..PATIENT };
        let cluster = through(&between, world.server, world.server.admin_token(), patience).await;
        let said = predict(&cluster, &environment, inputs.clone()).await;
        assert!(said.errors.iter().all(|error| error.undecided), "{}", words(&said));
        assert_eq!(said.effects, inputs.iter().map(|input| input.effect.clone()).collect::<Vec<_>>());
        let asked = between.asked(|target| match place {
            Place::Schema => target.starts_with("/openapi/"),
            Place::Discovery | Place::Read | Place::DryRun => target == "/api",
        });
        assert_eq!(asked, 1, "{place:?}");
    }
}

/// A fault of some requests, by the dice: the same in each run, in whatever order they come.
fn at_random(seed: u64, of_ten: usize) -> impl Fn(&Asked) -> Fault {
    move |asked| {
        let mut hasher = DefaultHasher::new();
        (seed, asked).hash(&mut hasher);
        let mut dice = Dice(hasher.finish() | 1);
        dice.below(10);
        if !dice.often(of_ten) {
            return Fault::None;
        }
        FAULTS.get(dice.below(FAULTS.len() + 1)).map_or(LOST_ROUTE, |(fault, ..)| *fault)
    }
}

#[tokio::test]
async fn whatever_faults_come_together_the_report_is_right_or_undecided() {
    let Some(world) = World::new().await else { return };
    let Some(other) = World::new().await else { return };
    let mut changes = vec![Change::new(&world, ApplyMode::ServerSide).await];
    let client_side = Change::new(&other, ApplyMode::ClientSide).await;
    for apply in [ApplyMode::Helm, ApplyMode::Replace] {
        let environment = Environment { apply, ..environment() };
        changes.push(Change { environment, inputs: client_side.inputs.clone() });
    }
    changes.push(client_side);
    let (mut told, mut untold) = (0, 0);
    for change in &changes {
        let truth = change.predict(&world.cluster).await;
        for seed in 1..=12 {
            let of_ten = usize::try_from(seed % 3).unwrap() + 1;
            let between = Between::start(world.server, at_random(seed, of_ten)).await;
            let cluster = through(&between, world.server, world.server.admin_token(), HASTY).await;
            // What failed at first may be told later, by the same cluster.
            for look in 0..2 {
                let said = change.predict(&cluster).await;
                let about = format!("seed {seed}, look {look}, {:?}", change.environment.apply);
                let undecided = change.undecided(&about, &truth, &said);
                untold += undecided;
                told += change.inputs.len() - undecided;
            }
        }
    }
    eprintln!("{told} told, {untold} undecided");
    assert!(told > 0 && untold > 0, "{told} told, {untold} undecided");
}

const REVIEWS: [&str; 2] = ["selfsubjectrulesreviews", "selfsubjectaccessreviews"];
/// What it takes to make the probe, and to take it away again.
const PROBES: [&str; 2] = ["/configmaps?", "/configmaps/"];

#[tokio::test]
async fn no_fault_turns_dry_runs_on_that_are_off() {
    let Some(deployed) = Deployed::new().await else { return };
    let (server, namespaces) = (&deployed.server, BTreeSet::from([deployed.namespace.clone()]));
    let check = async |token: &str, places: &[&'static str], harmless: bool| {
        for (place, times, fault, outcome) in rows(places) {
            let plan = move |asked: &Asked| {
                if asked.target.contains(place) && asked.before < times { fault } else { Fault::None }
            };
            let between = Between::start(server, plan).await;
            let cluster = through(&between, server, token, patience(fault)).await.checked();
            let answer = cluster.dry_runs(&namespaces);
            let answer = tokio::time::timeout(HANGING, answer).await.expect("an end");
            let about = format!("{place} {fault:?} {times}: {answer:?}");
            let came_so_far = between.asked(|path| path.contains(place)) > 0;
            assert!(came_so_far || holds_back(fault), "{about}");
            assert_eq!(matches!(answer, Ok(DryRuns::On)), harmless && outcome == Told, "{about}");
        }
        for seed in 1..=12 {
            let between = Between::start(server, at_random(seed, 1)).await;
            let cluster = through(&between, server, token, HASTY).await.checked();
            let answer = cluster.dry_runs(&namespaces);
            match tokio::time::timeout(HANGING, answer).await.expect("an end") {
                Ok(DryRuns::On) => assert!(harmless, "seed {seed}"),
                Ok(DryRuns::Off { why }) => assert!(!harmless, "seed {seed}: {why}"),
                Err(_) => {}
            }
        }
    };
    check(&deployed.token, &[REVIEWS[0], REVIEWS[1], PROBES[0]], true).await;
    check(server.admin_token(), &REVIEWS, false).await;
    // Without its binding the policy refuses nothing, and each probe is a real write.
    deployed.unbind().await;
    check(&deployed.token, &PROBES, false).await;
}
