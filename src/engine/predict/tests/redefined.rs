//! What is told of live objects whose definition changes, where a real server would have to be a large one, or a poor one.

use countersign_core::object::Body;
use serde_json::json;

use super::super::redefined::MOST;
use super::*;
use crate::ports::Page;

fn definition(most: u32) -> Value {
    let size = json!({ "type": "integer", "maximum": most });
    let spec = json!({ "type": "object", "properties": { "size": size } });
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": "widgets.example.org" },
        "spec": {
            "group": "example.org", "names": { "kind": "Widget", "plural": "widgets" },
            "versions": [{ "name": "v1", "served": true, "storage": true, "schema": {
                "openAPIV3Schema": { "type": "object", "properties": { "spec": spec } },
            }}],
        },
    })
}

fn widget(name: &str, size: u32) -> Value {
    json!({ "metadata": { "namespace": "shop", "name": name }, "spec": { "size": size } })
}

/// One that needs another field.
fn needing(field: &str) -> Value {
    let mut needing = definition(9);
    needing["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["required"] =
        json!([field]);
    needing
}

/// One with a rule in CEL.
fn ruled() -> Value {
    let mut ruled = definition(9);
    let schema = &mut ruled["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    schema["x-kubernetes-validations"] = json!([{ "rule": "self.spec.size > 1" }]);
    ruled
}

fn live(mut definition: Value) -> Value {
    definition["metadata"]["uid"] = json!("u");
    definition["metadata"]["resourceVersion"] = json!("1");
    definition
}

fn change(next: &Value) -> PredictInput {
    let one = input("apiextensions.k8s.io", "CustomResourceDefinition", map(json!({})), map(json!({})));
    let object =
        ObjectRef { namespace: String::new(), name: "widgets.example.org".to_owned(), ..one.effect.object };
    PredictInput {
        effect: Effect { object, after: Some(Body::from(next)), ..one.effect },
        base: Manifest::Raw(definition(9)),
        head: Manifest::Raw(next.clone()),
    }
}

/// What is said of a definition that becomes another, among these pages of live objects.
async fn said_of(
    next: Value,
    pages: Vec<Result<Page, ClusterError>>,
    more: Vec<PredictInput>,
) -> (Effect, Vec<EnvironmentError>, Vec<String>) {
    let script = Script::default();
    script.reads.lock().unwrap().extend([Ok(Some(live(definition(9)))), Ok(Some(live(definition(9))))]);
    for side in [definition(9), next.clone()] {
        script.dry_runs.lock().unwrap().push_back(Ok(Prediction::Object(Box::new(live(side)))));
    }
    script.lists.lock().unwrap().extend(pages);
    let all = std::iter::once(change(&next)).chain(more).collect();
    let predicted = predict(&script, &environment(ApplyMode::ServerSide), all).await;
    (predicted.effects[0].clone(), predicted.errors, lists(&script))
}

fn lists(script: &Script) -> Vec<String> {
    script.asked.lock().unwrap().iter().filter(|asked| asked.starts_with("list ")).cloned().collect()
}

/// The same, of one that allows less than before.
async fn said(
    pages: Vec<Result<Page, ClusterError>>,
    more: Vec<PredictInput>,
) -> (Effect, Vec<EnvironmentError>, Vec<String>) {
    said_of(definition(5), pages, more).await
}

/// Something for which nothing else is sent to the cluster.
fn admission() -> PredictInput {
    input("kyverno.io", "Policy", map(json!({})), map(json!({})))
}

fn page(objects: Vec<Value>, next: Option<&str>) -> Result<Page, ClusterError> {
    Ok(Page { objects, next: next.map(str::to_owned) })
}

#[tokio::test]
async fn all_pages_are_looked_at_and_few_objects_are_named() {
    let many: Vec<Value> = (0..7).map(|number| widget(&format!("w-{number}"), 8)).collect();
    let pages =
        || vec![page(many.clone(), Some("more")), page(vec![widget("fits", 5), widget("x", 9)], None)];
    let (effect, errors, asked) = said_of(needing("color"), pages(), Vec::new()).await;
    let reason = effect.reason.unwrap();
    let named = "9 live objects are not valid any more: `shop/fits` (`spec.color` is missing), ";
    assert!(reason.contains(named) && reason.ends_with(" and 4 more"), "{reason}");
    // Whose value it is that is not valid any more is not told.
    let (effect, ..) = said(pages(), Vec::new()).await;
    let reason = effect.reason.unwrap();
    assert!(reason.ends_with("8 live objects have values that are not valid any more"), "{reason}");
    assert_eq!(errors, []);
    assert_eq!(asked, ["list example.org/v1 Widget", "list example.org/v1 Widget from more"]);
}

#[tokio::test]
async fn what_the_change_names_is_told_where_it_stands() {
    let mut own = input("example.org", "Widget", Manifest::Sealed, Manifest::Sealed);
    own.effect.object.name = "own".to_owned();
    let (effect, ..) = said(vec![page(vec![widget("own", 9), widget("fits", 5)], None)], vec![own]).await;
    let reason = effect.reason.unwrap();
    assert!(
        reason.contains("the live object of its kind that the change does not name stays valid"),
        "{reason}"
    );
    let (effect, ..) = said(vec![page(Vec::new(), None)], Vec::new()).await;
    assert!(effect.reason.unwrap().contains("there are no live objects of its kind"));
}

#[tokio::test]
async fn there_is_an_end_to_looking() {
    let full = |page_number: usize| {
        let names = (0..MOST / 2).map(|number| format!("w-{page_number}-{number}"));
        page(names.map(|name| widget(&name, 1)).collect(), Some("more"))
    };
    let (effect, _, asked) = said(vec![full(0), full(1), full(2)], Vec::new()).await;
    let reason = effect.reason.unwrap();
    let told = "the first 10000 live objects of its kind that the change does not name stay valid; there are more, which \
                were not looked at";
    assert!(reason.ends_with(told), "{reason}");
    assert_eq!(asked.len(), 2);
    let (effect, ..) = said_of(needing("color"), vec![full(0), full(1)], Vec::new()).await;
    let reason = effect.reason.unwrap();
    assert!(reason.contains("at least 10000 live objects are not valid any more: "), "{reason}");
    assert!(reason.ends_with("; only the first 10000 were looked at"), "{reason}");
}

#[tokio::test]
async fn what_cannot_be_looked_at_is_an_error() {
    let why = "the account may not list `widgets`".to_owned();
    let forbidden = ClusterError::Forbidden { verb: "list", resource: "widgets".to_owned(), why };
    let (effect, errors, _) = said(vec![Err(forbidden)], Vec::new()).await;
    let reason = effect.reason.unwrap();
    assert!(reason.ends_with("what becomes of live objects of its kind could not be looked at"), "{reason}");
    assert_eq!(effect.operation, Operation::Update);
    let [error] = &errors[..] else { panic!("{errors:?}") };
    assert!(error.undecided && error.message.contains("may not list `widgets`"), "{}", error.message);
}

#[tokio::test]
async fn what_was_not_tried_is_not_said_to_stay_valid() {
    let rules = "its rules in CEL change, and were not tried";
    for (count, these) in [(1, "the live object"), (2, "all 2 live objects")] {
        let objects = (0..count).map(|number| widget(&format!("w-{number}"), 1)).collect();
        let (effect, ..) = said_of(ruled(), vec![page(objects, None)], Vec::new()).await;
        let told = format!("it cannot be told of {these} of its kind that the change does not name: {rules}");
        assert!(effect.reason.as_ref().unwrap().ends_with(&told), "{effect:?}");
    }
    let mut both = ruled();
    both["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["required"] = json!(["status"]);
    let (effect, ..) = said_of(both, vec![page(vec![widget("w", 1)], None)], Vec::new()).await;
    let reason = effect.reason.unwrap();
    let told = format!(
        "1 live object is not valid any more: `shop/w` (`status` is missing); of others it cannot be told: {rules}"
    );
    assert!(reason.ends_with(&told), "{reason}");
}

#[tokio::test]
async fn an_environment_is_told_of_its_own_destinations_alone() {
    for (destinations, asks) in [(&["shop"][..], false), (&["pay*"], false), (&["*"], true)] {
        let environment = Environment {
            destinations: destinations.iter().map(|name| (*name).to_owned()).collect(),
            ..environment(ApplyMode::ServerSide)
        };
        let script = Script::default();
        script.reads.lock().unwrap().push_back(Ok(Some(live(definition(9)))));
        script.lists.lock().unwrap().push_back(page(vec![widget("w", 9)], None));
        let predicted = predict(&script, &environment, vec![change(&definition(5)), admission()]).await;
        let reason = predicted.effects[0].reason.clone().unwrap();
        assert_eq!(lists(&script).len(), usize::from(asks), "{destinations:?}");
        assert_eq!(script.asked.lock().unwrap().is_empty(), !asks, "{destinations:?}");
        let told =
            if asks { "1 live object has a value that is not valid any more" } else { "were not looked at" };
        assert!(reason.ends_with(told), "{destinations:?}: {reason}");
    }
}

#[tokio::test]
async fn what_was_looked_at_is_not_said_to_be_as_rendered() {
    let script = Script::default();
    script.reads.lock().unwrap().push_back(Ok(Some(live(definition(9)))));
    let predicted =
        predict(&script, &environment(ApplyMode::ServerSide), vec![change(&definition(5)), admission()])
            .await;
    assert_eq!((predicted.tier, predicted.effects[0].tier), (Tier::Live, Tier::Live));
    assert_eq!((predicted.effects[0].settled, predicted.effects[1].tier), (None, Tier::Render));
}

#[tokio::test]
async fn nobody_waits_for_a_cluster_that_does_not_answer() {
    let script = Script::default();
    let silence = || Err(ClusterError::Unreachable { source: "no answer".into() });
    script.reads.lock().unwrap().extend((0..5).map(|_| Ok(Some(live(definition(9))))));
    script.lists.lock().unwrap().extend([silence(), silence(), silence()]);
    let mut inputs: Vec<PredictInput> = (0..5).map(|_| change(&definition(5))).collect();
    inputs.push(admission());
    let predicted = predict(&script, &environment(ApplyMode::ServerSide), inputs).await;
    assert_eq!(lists(&script).len(), 3);
    assert_eq!(script.asked.lock().unwrap().iter().filter(|asked| asked.starts_with("read ")).count(), 3);
    let told = "it did not answer several times in a row, and was not asked any more";
    let errors: Vec<bool> = predicted.errors.iter().map(|error| error.message.contains(told)).collect();
    assert_eq!(errors, [false, false, false, true, true]);
    assert!(predicted.errors.iter().all(|error| error.undecided));
}

#[tokio::test]
async fn whose_time_is_over_is_said() {
    let script = Script::default();
    let environment = environment(ApplyMode::ServerSide);
    let input = change(&definition(5));
    let mut asking = Asking::of(&script, &environment, Scope::default(), &[]).await;
    asking.until = Instant::now();
    let mut judged = [(0, Judged::as_rendered(input.effect))];
    asking.tell_of_redefined(&mut judged).await;
    let message = &judged[0].1.error.as_ref().unwrap().message;
    assert!(message.contains("the five minutes are over that an environment is given"), "{message}");
    assert_eq!(*script.asked.lock().unwrap(), Vec::<String>::new());
}
