//! Many objects of one kind are read together, and told exactly as when each is read alone.

use super::faults::between::{Asked, Between, Fault};
use super::faults::{FAULTS, LOST_ROUTE, holds_back, patience, through};
use super::*;

const FORBIDDEN: &str = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"configmaps is forbidden: User \"u\" cannot list resource \"configmaps\" in API group \"\" in the namespace \"n\"","reason":"Forbidden","details":{"kind":"configmaps"},"code":403}"#;
const EXPIRED: &str = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"The provided continue parameter is too old to display a consistent list result.","reason":"Expired","code":410}"#;

/// Objects, of which some are there as base says, some edited, some gone, some new.
fn inputs(world: &World, count: usize) -> Vec<(Value, PredictInput)> {
    let one = |number: usize| {
        let map = |value: &str| {
            let data = json!({ "data": { "a": value, "b": "1" } });
            world.object("v1", "ConfigMap", &format!("map-{number:03}"), data)
        };
        let (base, head) = (map("1"), map("2"));
        let input = match number % 5 {
            3 => input(Some(&base), None),
            4 => input(None, Some(&head)),
            _ => input(Some(&base), Some(&head)),
        };
        (base, input)
    };
    (0..count).map(one).collect()
}

/// What is told of them, and how often the way there saw a list and a single read.
async fn told(world: &World, inputs: &[PredictInput], plan: fn(&Asked) -> Fault) -> (String, [u32; 2]) {
    let between = Between::start(world.server, plan).await;
    let cluster = connect(&between.kubeconfig(world.server, world.server.admin_token())).await;
    let predicted = predict(&cluster, &environment(), inputs.to_vec()).await;
    let [lists, reads] = ["/configmaps?limit=", "/configmaps/"]
        .map(|place| between.asked(|path| path.contains(place) && !path.contains("dryRun=")));
    (world.check(&predicted), [lists, reads])
}

fn is_list(asked: &Asked) -> bool {
    asked.target.contains("/configmaps?limit=")
}

fn no_lists(asked: &Asked) -> Fault {
    if is_list(asked) { Fault::Instead(403, None, FORBIDDEN) } else { Fault::None }
}

async fn applied(world: &World, inputs: &[(Value, PredictInput)]) {
    for (number, (base, _)) in inputs.iter().enumerate().filter(|(number, _)| number % 7 != 6) {
        world.apply(base, MANAGER).await;
        if number % 7 == 5 {
            world.edit(base, json!({ "data": { "b": "theirs" } })).await;
        }
    }
}

#[tokio::test]
async fn many_of_a_kind_are_read_in_one_answer() {
    let Some(world) = World::new().await else { return };
    let all = inputs(&world, 24);
    applied(&world, &all).await;
    let inputs: Vec<PredictInput> = all.into_iter().map(|(_, input)| input).collect();
    let (alone, asked) = told(&world, &inputs, no_lists).await;
    assert_eq!(asked, [1, 24]);
    for operation in ["Update ", "Delete ", "Create ", "None ", "drift "] {
        assert!(alone.contains(operation), "{operation}: {alone}");
    }
    let (together, asked) = told(&world, &inputs, |_| Fault::None).await;
    assert_eq!(asked, [1, 0]);
    assert_eq!(together, alone);
    let (few, asked) = told(&world, &inputs[..7], |_| Fault::None).await;
    assert_eq!(asked, [0, 7]);
    assert!(!few.is_empty());
}

#[tokio::test]
async fn a_list_of_what_nobody_asked_for_is_left_after_a_page() {
    let Some(world) = World::new().await else { return };
    let all = inputs(&world, 60);
    applied(&world, &all).await;
    let inputs: Vec<PredictInput> = all.into_iter().take(10).map(|(_, input)| input).collect();
    let (said, asked) = told(&world, &inputs, |_| Fault::None).await;
    // Their names come first, but for the namespace's own map of certificates.
    assert!(asked[0] == 1 && asked[1] < 10, "{asked:?}");
    assert_eq!(said, told(&world, &inputs, no_lists).await.0);
}

#[tokio::test]
async fn objects_of_a_list_that_breaks_off_are_read_alone() {
    let Some(world) = World::new().await else { return };
    let all = inputs(&world, 24);
    applied(&world, &all).await;
    // Others stand between: it takes two pages.
    for number in 0..12 {
        let name = format!("map-000-{number}");
        world.apply(&world.object("v1", "ConfigMap", &name, json!({ "data": {} })), MANAGER).await;
    }
    let inputs: Vec<PredictInput> = all.into_iter().map(|(_, input)| input).collect();
    let (alone, _) = told(&world, &inputs, no_lists).await;
    let (whole, asked) = told(&world, &inputs, |_| Fault::None).await;
    assert_eq!((whole.as_str(), asked), (alone.as_str(), [2, 0]));
    let (broken, asked) = told(&world, &inputs, |asked| {
        if asked.target.contains("&continue=") { Fault::Instead(410, None, EXPIRED) } else { Fault::None }
    })
    .await;
    assert_eq!(broken, alone);
    assert!(asked[0] == 2 && (1..24).contains(&asked[1]), "{asked:?}");
}

#[tokio::test]
async fn objects_of_a_custom_kind_are_read_together_in_the_version_that_is_served() {
    let Some(world) = World::new().await else { return };
    let group = super::client_side::widgets(&world).await;
    let widget = |number: usize, size: usize| {
        let name = format!("w-{number}");
        world.object(&format!("{group}/v1"), "Widget", &name, json!({ "spec": { "size": size } }))
    };
    for number in 0..10 {
        world.apply(&widget(number, 1), MANAGER).await;
    }
    let inputs: Vec<PredictInput> =
        (0..10).map(|number| input(Some(&widget(number, 1)), Some(&widget(number, 2)))).collect();
    let between = Between::start(world.server, |_| Fault::None).await;
    let cluster = connect(&between.kubeconfig(world.server, world.server.admin_token())).await;
    let predicted = predict(&cluster, &environment(), inputs).await;
    assert!(predicted.effects.iter().all(|effect| effect.settled == Some(true)), "{}", words(&predicted));
    assert_eq!(between.asked(|path| path.contains("/widgets") && !path.contains("dryRun=")), 1);
}

#[tokio::test]
async fn whatever_goes_wrong_with_a_list_leaves_every_object_told() {
    let Some(world) = World::new().await else { return };
    let all = inputs(&world, 10);
    applied(&world, &all).await;
    let inputs: Vec<PredictInput> = all.into_iter().map(|(_, input)| input).collect();
    let truth = predict(&world.cluster, &environment(), inputs.clone()).await;
    for fault in FAULTS.into_iter().map(|(fault, ..)| fault).chain([LOST_ROUTE]) {
        for times in [1, u32::MAX] {
            let plan = move |asked: &Asked| {
                if is_list(asked) && asked.before < times { fault } else { Fault::None }
            };
            let between = Between::start(world.server, plan).await;
            let cluster = through(&between, world.server, world.server.admin_token(), patience(fault)).await;
            let said = predict(&cluster, &environment(), inputs.clone()).await;
            // Who waits but a moment may find a healthy answer late, too.
            if !holds_back(fault) {
                assert_eq!(words(&said), words(&truth), "{fault:?} {times}");
            }
            assert!(between.asked(|path| path.contains("/configmaps?limit=")) > 0, "{fault:?}");
        }
    }
}
