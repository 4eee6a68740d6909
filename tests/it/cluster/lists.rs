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

/// More than is read of an answer, to whoever asks for more than so many at a time.
fn heavy(most: usize) -> impl Fn(&Asked) -> Fault + Send + Sync + 'static {
    let body: &'static str = Box::leak("x".repeat(33 << 20).into_boxed_str());
    move |asked| {
        let limit = asked.target.split_once("/configmaps?limit=").map(|(_, rest)| rest);
        let limit = limit.and_then(|rest| rest.split('&').next()?.parse::<usize>().ok());
        if limit.is_some_and(|limit| limit > most) { Fault::Instead(200, None, body) } else { Fault::None }
    }
}

#[tokio::test]
async fn a_list_of_large_objects_is_read_in_smaller_parts() {
    let Some(world) = World::new().await else { return };
    let all = inputs(&world, 24);
    applied(&world, &all).await;
    let inputs: Vec<PredictInput> = all.into_iter().map(|(_, input)| input).collect();
    let truth = world.predict(&environment(), inputs.clone()).await;
    for (most, wants) in [(7, [24, 12, 6]), (0, [24, 3, 1])] {
        let between = Between::start(world.server, heavy(most)).await;
        let cluster = connect(&between.kubeconfig(world.server, world.server.admin_token())).await;
        let said = predict(&cluster, &environment(), inputs.clone()).await;
        assert_eq!(words(&said), words(&truth));
        // Whatever is too large once is so again, and not asked for.
        for limit in wants {
            let path = format!("/configmaps?limit={limit}");
            let first = |asked: &str| asked.ends_with(&path);
            assert_eq!(between.asked(first), 1, "{limit} of {most}");
        }
        let alone = between.asked(|path| path.contains("/configmaps/") && !path.contains("dryRun="));
        assert_eq!(alone, if most == 0 { 24 } else { 0 });
    }
}

fn maps() -> ObjectRef {
    let (group, namespace, name) = Default::default();
    ObjectRef { group, version: "v1".to_owned(), kind: "ConfigMap".to_owned(), namespace, name }
}

#[tokio::test]
async fn a_whole_list_is_asked_for_in_smaller_parts_from_there_on() {
    let Some(world) = World::new().await else { return };
    for name in ["a", "b", "c"] {
        world.apply(&world.object("v1", "ConfigMap", name, json!({ "data": {} })), MANAGER).await;
    }
    let between = Between::start(world.server, heavy(2)).await;
    let cluster = connect(&between.kubeconfig(world.server, world.server.admin_token())).await;
    let first = cluster.list(&maps(), None).await.unwrap();
    assert_eq!(first.objects.len(), 1);
    let second = cluster.list(&maps(), first.next.as_deref()).await.unwrap();
    assert_eq!(second.objects.len(), 1);
    assert_ne!(first.objects, second.objects);
    let of = |limit: &str| between.asked(|path| path.contains(&format!("?limit={limit}")));
    assert_eq!((of("500"), of("250"), of("1&continue=")), (1, 1, 1));
    let none = Between::start(world.server, heavy(0)).await;
    let cluster = connect(&none.kubeconfig(world.server, world.server.admin_token())).await;
    let error = cluster.list(&maps(), None).await.unwrap_err();
    assert!(matches!(error, ClusterError::TooLarge { megabytes: 32 }), "{error:?}");
}

const EXPIRED_HERE: &str = r#"{"kind":"Status","apiVersion":"v1","metadata":{"continue":"from+here"},"status":"Failure","message":"The provided continue parameter is too old","reason":"Expired","code":410}"#;
const FIRST: &str = r#"{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"continue":"old"},"items":[{"metadata":{"name":"a"}}]}"#;
const LAST: &str =
    r#"{"kind":"ConfigMapList","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"b"}}]}"#;

#[tokio::test]
async fn a_list_that_expires_is_gone_on_with_once() {
    let Some(world) = World::new().await else { return };
    let told = async |expired: &'static str, last: &'static str| {
        let plan = move |asked: &Asked| match asked.target.split_once("?limit=500") {
            Some((_, "")) => Fault::Instead(200, None, FIRST),
            Some((_, "&continue=old")) => Fault::Instead(410, None, expired),
            Some((_, "&continue=from%2Bhere")) => {
                Fault::Instead(if last == LAST { 200 } else { 410 }, None, last)
            }
            Some(_) | None => Fault::None,
        };
        let between = Between::start(world.server, plan).await;
        let cluster = connect(&between.kubeconfig(world.server, world.server.admin_token())).await;
        let first = cluster.list(&maps(), None).await.unwrap();
        match cluster.list(&maps(), first.next.as_deref()).await {
            Ok(page) => format!("{} {:?}", page.objects[0]["metadata"]["name"], page.next),
            Err(error) => error.to_string(),
        }
    };
    assert_eq!(told(EXPIRED_HERE, LAST).await, "\"b\" None");
    let why = "the cluster answered something unexpected: the list expired while it was read: try again";
    assert_eq!(told(EXPIRED_HERE, EXPIRED_HERE).await, why);
    assert_eq!(told(EXPIRED, LAST).await, why);
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
