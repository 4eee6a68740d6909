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

/// What is said of a definition that allows less than before, among these pages of live objects.
async fn said(
    pages: Vec<Result<Page, ClusterError>>,
    more: Vec<PredictInput>,
) -> (Effect, Vec<EnvironmentError>, Vec<String>) {
    let script = Script::default();
    let live = |most| {
        let mut live = definition(most);
        live["metadata"]["uid"] = json!("u");
        live["metadata"]["resourceVersion"] = json!("1");
        live
    };
    script.reads.lock().unwrap().extend([Ok(Some(live(9))), Ok(Some(live(9)))]);
    for most in [9, 5] {
        script.dry_runs.lock().unwrap().push_back(Ok(Prediction::Object(Box::new(live(most)))));
    }
    script.lists.lock().unwrap().extend(pages);
    let one = input("apiextensions.k8s.io", "CustomResourceDefinition", map(json!({})), map(json!({})));
    let object =
        ObjectRef { namespace: String::new(), name: "widgets.example.org".to_owned(), ..one.effect.object };
    let after = Some(Body::from(&definition(5)));
    let inputs = vec![PredictInput {
        effect: Effect { object, after, ..one.effect },
        base: Manifest::Raw(definition(9)),
        head: Manifest::Raw(definition(5)),
    }];
    let all = inputs.into_iter().chain(more).collect();
    let predicted = predict(&script, &environment(ApplyMode::ServerSide), all).await;
    let asked =
        script.asked.lock().unwrap().iter().filter(|asked| asked.starts_with("list ")).cloned().collect();
    (predicted.effects[0].clone(), predicted.errors, asked)
}

fn page(objects: Vec<Value>, next: Option<&str>) -> Result<Page, ClusterError> {
    Ok(Page { objects, next: next.map(str::to_owned) })
}

#[tokio::test]
async fn all_pages_are_looked_at_and_few_objects_are_named() {
    let many = (0..7).map(|number| widget(&format!("w-{number}"), 8)).collect();
    let pages = vec![page(many, Some("more")), page(vec![widget("fits", 5), widget("x", 9)], None)];
    let (effect, errors, asked) = said(pages, Vec::new()).await;
    let reason = effect.reason.unwrap();
    assert!(reason.contains("8 live objects are not valid any more: `shop/w-0` (`spec.size` "), "{reason}");
    assert!(reason.ends_with(" and 3 more"), "{reason}");
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
    let full = || page((0..MOST / 2).map(|number| widget(&format!("w-{number}"), 1)).collect(), Some("more"));
    let (effect, _, asked) = said(vec![full(), full(), full()], Vec::new()).await;
    let reason = effect.reason.unwrap();
    assert!(reason.ends_with("; only the first 10000 were looked at"), "{reason}");
    assert_eq!(asked.len(), 2);
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
