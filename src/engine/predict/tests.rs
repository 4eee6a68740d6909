//! Rules that a real API server is no help with: races, silence, and what must never be sent.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm
)]

mod ahead;
mod amended;
mod foreseen;
mod ownership;
mod quotas;
mod reading;
mod redefined;
mod stays;
mod warned;
mod wishes;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Mutex;

use async_trait::async_trait;
use countersign_core::effect::{Operation, RenderOperation, Risk};
use countersign_core::environment::EnvironmentSource;
use countersign_core::patch::{Patch, PatchSchema};
use serde_json::json;

use super::*;
use crate::ports::{DryRuns, LiveObjects, Page, Quotas};

/// A cluster that answers as it is told, and remembers what it was asked.
struct Script {
    reads: Mutex<VecDeque<Result<Option<Value>, ClusterError>>>,
    dry_runs: Mutex<VecDeque<Result<Prediction, ClusterError>>>,
    asked: Mutex<Vec<String>>,
    /// What is read ahead; one that has nothing to say of it does not answer.
    ahead: Mutex<Option<LiveObjects>>,
    quotas: Mutex<Option<Result<Quotas, ClusterError>>>,
    lists: Mutex<VecDeque<Result<Page, ClusterError>>>,
}

impl Default for Script {
    fn default() -> Self {
        let ahead = Mutex::new(Some(LiveObjects::default()));
        Self {
            reads: Mutex::default(),
            dry_runs: Mutex::default(),
            asked: Mutex::default(),
            ahead,
            quotas: Mutex::default(),
            lists: Mutex::default(),
        }
    }
}

#[async_trait]
impl Cluster for Script {
    fn name(&self) -> &str {
        "script"
    }

    async fn identity(&self) -> Result<String, ClusterError> {
        Ok("uid".to_owned())
    }

    async fn dry_runs(&self, _namespaces: &BTreeSet<String>) -> Result<DryRuns, ClusterError> {
        Ok(DryRuns::On)
    }

    async fn namespaced(&self, _object: &ObjectRef) -> Result<Option<bool>, ClusterError> {
        Ok(Some(true))
    }

    async fn read(&self, object: &ObjectRef) -> Result<Option<Value>, ClusterError> {
        self.asked.lock().unwrap().push(format!("read {object}"));
        self.reads.lock().unwrap().pop_front().unwrap_or(Ok(None))
    }

    async fn read_ahead(&self, _objects: &[&ObjectRef]) -> Result<LiveObjects, ClusterError> {
        let source = || "no answer".into();
        self.ahead.lock().unwrap().take().ok_or_else(|| ClusterError::Unreachable { source: source() })
    }

    async fn quotas(&self, objects: &[&ObjectRef]) -> Result<Quotas, ClusterError> {
        self.asked.lock().unwrap().push(format!("quotas of {}", objects[0].namespace));
        self.quotas.lock().unwrap().take().unwrap_or_else(|| Ok(Quotas::default()))
    }

    async fn list(&self, kind: &ObjectRef, next: Option<&str>) -> Result<Page, ClusterError> {
        let next = next.map(|next| format!(" from {next}")).unwrap_or_default();
        let what = format!("list {}/{} {}{next}", kind.group, kind.version, kind.kind);
        self.asked.lock().unwrap().push(what);
        self.lists.lock().unwrap().pop_front().unwrap_or_else(|| Ok(Page::default()))
    }

    async fn patch_schema(&self, object: &ObjectRef) -> Result<Option<PatchSchema>, ClusterError> {
        self.asked.lock().unwrap().push(format!("schema {object}"));
        Ok(None)
    }

    async fn dry_run(&self, object: &ObjectRef, write: &Write, manager: &str) -> Result<Tried, ClusterError> {
        let what = match write {
            Write::Apply(_) => "apply".to_owned(),
            Write::ApplyUnforced(_) => "apply unforced".to_owned(),
            Write::Create(_) => "create".to_owned(),
            Write::Replace(manifest) => format!("replace {}", manifest["metadata"]["resourceVersion"]),
            Write::Amend(patch) => format!("amend {patch}"),
            Write::Patch(Patch::Merge(patch)) => format!("merge {patch}"),
            Write::Patch(Patch::Strategic(patch)) => format!("strategic {patch}"),
        };
        self.asked.lock().unwrap().push(format!("{what} {object} as {manager}"));
        self.dry_runs.lock().unwrap().pop_front().expect("a dry run that was scripted").map(Tried::from)
    }
}

fn environment(apply: ApplyMode) -> Environment {
    Environment {
        name: "production".to_owned(),
        source: EnvironmentSource::Yaml(Vec::new()),
        cluster: Some("script".to_owned()),
        apply,
        field_manager: "flux".to_owned(),
        prune: true,
        on_unreachable: OnUnreachable::Hold,
        default_namespace: None,
        destinations: Vec::new(),
        unforced: false,
        kubernetes: None,
    }
}

fn input(group: &str, kind: &str, base: Manifest, head: Manifest) -> PredictInput {
    let object = ObjectRef {
        group: group.to_owned(),
        version: "v1".to_owned(),
        kind: kind.to_owned(),
        namespace: "shop".to_owned(),
        name: "web".to_owned(),
    };
    let effect = Effect {
        object,
        operation: Operation::Update,
        rendered: RenderOperation::Change,
        tier: Tier::Render,
        settled: None,
        risks: Default::default(),
        reason: None,
        source: None,
        changes: Vec::new(),
        before: None,
        after: None,
        made: None,
        moved_from: None,
    };
    PredictInput { effect, base, head }
}

fn map(data: Value) -> Manifest {
    Manifest::Raw(json!({ "apiVersion": "v1", "kind": "ConfigMap", "data": data }))
}

/// Live, or predicted, at one moment.
fn at(version: &str, data: Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "web",
            "uid": "u",
            "resourceVersion": version,
            "managedFields": [{
                "manager": "flux", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1",
                "fieldsV1": { "f:data": { "f:a": {} } },
            }],
        },
        "data": data,
    })
}

fn predicted(version: &str, data: Value) -> Prediction {
    Prediction::Object(Box::new(at(version, data)))
}

#[tokio::test]
async fn a_pair_of_two_moments_is_asked_for_again_and_given_up_after_three() {
    let check = async |moments: &[&str], want: (Option<bool>, usize)| {
        let script = Script::default();
        for moment in moments {
            script.reads.lock().unwrap().push_back(Ok(Some(at("1", json!({ "a": "1" })))));
            script.dry_runs.lock().unwrap().push_back(Ok(predicted(moment, json!({ "a": "2" }))));
        }
        let input = input("", "ConfigMap", map(json!({ "a": "1" })), map(json!({ "a": "2" })));
        let said = predict(&script, &environment(ApplyMode::ServerSide), vec![input]).await;
        let asked = script.asked.lock().unwrap().len();
        assert_eq!((said.effects[0].settled, asked), want, "{moments:?}");
        assert_eq!(said.effects[0].operation, Operation::Update);
    };
    check(&["1"], (Some(true), 2)).await;
    check(&["2", "1"], (Some(true), 4)).await;
    check(&["2", "3", "1"], (Some(true), 6)).await;
    check(&["2", "3", "4"], (Some(false), 6)).await;
}

#[tokio::test]
async fn a_write_that_came_too_late_is_made_again_for_what_is_live_then() {
    let script = Script::default();
    for version in ["1", "2"] {
        script.reads.lock().unwrap().push_back(Ok(Some(at(version, json!({ "a": "1" })))));
    }
    let later = [predicted("2", json!({ "a": "1" })), predicted("2", json!({ "a": "2" }))].map(Ok);
    let late = [Ok(predicted("1", json!({ "a": "1" }))), Err(ClusterError::Moved)];
    script.dry_runs.lock().unwrap().extend(late.into_iter().chain(later));
    let side =
        |data| Manifest::Raw(json!({ "kind": "ConfigMap", "metadata": { "name": "web" }, "data": data }));
    let changed = input("", "ConfigMap", side(json!({ "a": "1" })), side(json!({ "a": "2" })));
    let said = predict(&script, &environment(ApplyMode::Replace), vec![changed]).await;
    assert_eq!((said.effects[0].settled, said.errors), (Some(true), Vec::new()));
    let object = "ConfigMap shop/web";
    let replace = |version| format!("replace \"{version}\" {object} as flux");
    let look = |version| [format!("read {object}"), replace(version), replace(version)];
    assert_eq!(script.asked.lock().unwrap().as_slice(), [look(1), look(2)].concat());
}

#[tokio::test]
async fn flux_passes_over_what_differs_in_metadata_it_does_not_compare() {
    let check = async |manager: &str, metadata: Value, operation: Operation| {
        let script = Script::default();
        let mut before = at("1", json!({ "a": "1" }));
        before["metadata"]["managedFields"][0]["manager"] = json!(manager);
        let mut after = before.clone();
        after["metadata"].as_object_mut().unwrap().extend(metadata.as_object().unwrap().clone());
        script.reads.lock().unwrap().extend([Ok(Some(before.clone()))]);
        let answers = [before, after].map(|object| Ok(Prediction::Object(Box::new(object))));
        script.dry_runs.lock().unwrap().extend(answers);
        let side = |metadata: &Value| {
            Manifest::Raw(json!({ "kind": "ConfigMap", "metadata": metadata, "data": { "a": "1" } }))
        };
        let input = input("", "ConfigMap", side(&json!({})), side(&metadata));
        let environment =
            Environment { field_manager: manager.to_owned(), ..environment(ApplyMode::ServerSide) };
        let said = predict(&script, &environment, vec![input]).await;
        let effect = &said.effects[0];
        assert_eq!(
            (effect.operation, effect.settled),
            (operation, Some(true)),
            "{manager}: {:?}",
            effect.reason
        );
    };
    let (finalizers, labels) =
        (json!({ "finalizers": ["a.example.org/b"] }), json!({ "labels": { "a": "b" } }));
    check("kustomize-controller", finalizers.clone(), Operation::None).await;
    check("kustomize-controller", labels, Operation::Update).await;
    check("kubectl", finalizers, Operation::Update).await;
}

#[tokio::test]
async fn a_cluster_that_answers_for_ever_is_left_after_a_while() {
    let (script, environment) = (Script::default(), environment(ApplyMode::ServerSide));
    let removed = |_| input("", "ConfigMap", map(json!({ "a": "1" })), Manifest::Absent);
    let inputs: Vec<PredictInput> = (0..3).map(removed).collect();
    let mut asking = Asking::of(&script, &environment, Scope::default(), &inputs).await;
    asking.until = Instant::now();
    let judged = asking.all(inputs.clone()).await;
    let said = asking.gather(judged);
    assert_eq!(said.effects, inputs.into_iter().map(|input| input.effect).collect::<Vec<_>>());
    let message = "cluster `script` takes longer than five minutes: 3 more objects were not asked about";
    assert_eq!((said.errors[0].message.as_str(), said.errors[0].undecided), (message, true));
    assert!(script.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_object_that_never_rests_is_unsettled() {
    let script = Script::default();
    for _ in 0..LOOKS {
        script.reads.lock().unwrap().push_back(Ok(None));
        script.dry_runs.lock().unwrap().push_back(Err(ClusterError::Moved));
    }
    let created = input("", "ConfigMap", Manifest::Absent, map(json!({ "a": "2" })));
    let said = predict(&script, &environment(ApplyMode::ClientSide), vec![created]).await;
    assert_eq!((said.effects[0].settled, said.errors), (Some(false), Vec::new()));
}

#[tokio::test]
async fn what_must_not_be_sent_is_not() {
    let raw = || map(json!({}));
    let inputs = vec![
        input("", "ConfigMap", raw(), Manifest::Sealed),
        input("", "ConfigMap", Manifest::Sealed, Manifest::Absent),
        input("", "Secret", raw(), raw()),
        input("rbac.authorization.k8s.io", "ClusterRole", raw(), raw()),
        input("authorization.k8s.io", "SubjectAccessReview", Manifest::Absent, raw()),
    ];
    for apply in [ApplyMode::ServerSide, ApplyMode::ClientSide, ApplyMode::Helm, ApplyMode::Replace] {
        let script = Script::default();
        let said = predict(&script, &environment(apply), inputs.clone()).await;
        assert_eq!(script.asked.lock().unwrap().as_slice(), [] as [String; 0]);
        assert_eq!(said.effects, inputs.iter().map(|input| input.effect.clone()).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn an_admission_rule_in_the_change_leaves_everything_to_the_render() {
    let rule =
        input("admissionregistration.k8s.io", "ValidatingAdmissionPolicy", map(json!({})), map(json!({})));
    let crd = json!({ "spec": { "group": "example.org", "names": { "kind": "Widget" } } });
    let crd = input("apiextensions.k8s.io", "CustomResourceDefinition", Manifest::Absent, Manifest::Raw(crd));
    let widget = input("example.org", "Widget", map(json!({})), map(json!({ "a": "1" })));
    let script = Script::default();
    for cause in [rule, crd.clone()] {
        let judged = Scope::of(&[cause, widget.clone()]).blind_to(&widget);
        assert!(judged.is_some_and(|why| why.starts_with("the same change touches")));
    }
    let other = input("example.org", "Gadget", map(json!({})), map(json!({})));
    assert_eq!(Scope::of(&[crd]).blind_to(&other), None);
    assert_eq!(script.asked.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn what_the_definition_of_the_same_change_refuses_will_fail() {
    let spec = json!({ "type": "object", "properties": { "size": { "type": "integer", "maximum": 9 } } });
    let schema = json!({ "type": "object", "properties": { "spec": spec } });
    let versions = json!([
        { "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": schema } },
        { "name": "v0", "served": false, "storage": false },
    ]);
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "spec": { "group": "example.org", "names": { "kind": "Widget" }, "versions": versions },
    });
    let definition = input(
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
        Manifest::Absent,
        Manifest::Raw(definition),
    );
    let check = async |manager: &str, spec: Value, version: &str, want: Option<&str>| {
        let widget = json!({
            "apiVersion": format!("example.org/{version}"), "kind": "Widget",
            "metadata": { "name": "web" }, "spec": spec,
        });
        let mut widget = input("example.org", "Widget", Manifest::Absent, Manifest::Raw(widget));
        widget.effect.object.version = version.to_owned();
        let environment =
            Environment { field_manager: manager.to_owned(), ..environment(ApplyMode::ClientSide) };
        let script = Script::default();
        script.dry_runs.lock().unwrap().push_back(Ok(Prediction::NotYet { missing: "kind".to_owned() }));
        let said = predict(&script, &environment, vec![widget, definition.clone()]).await;
        let effect = &said.effects[0];
        let reason = effect.reason.as_deref().unwrap();
        assert!(reason.starts_with("predicted by rendering: the same change touches its custom"), "{reason}");
        let fails = effect.operation == Operation::Fail;
        assert_eq!(
            (fails, want.is_none_or(|want| reason.contains(want))),
            (want.is_some(), true),
            "{reason}"
        );
    };
    check("kubectl", json!({ "size": 3 }), "v1", None).await;
    check("kubectl", json!({ "size": 10 }), "v1", Some("refuses it: `spec.size`")).await;
    check("kubectl", json!({ "sizes": 1 }), "v1", Some("refuses it: `spec.sizes`")).await;
    check("argocd-controller", json!({ "sizes": 1 }), "v1", None).await;
    check("kubectl", json!({}), "v0", Some("its version `v0` is not served")).await;
}

#[tokio::test]
async fn one_silence_is_one_error_and_the_rest_is_asked() {
    let script = Script::default();
    let silence = ClusterError::Unreachable { source: "no answer within 30 seconds".into() };
    script.reads.lock().unwrap().push_back(Err(silence));
    let gone = || input("", "ConfigMap", map(json!({})), Manifest::Absent);
    let said = predict(&script, &environment(ApplyMode::ServerSide), vec![gone(), gone()]).await;
    assert_eq!(said.errors.len(), 1);
    assert!(said.errors[0].undecided);
    assert_eq!(said.effects[0].operation, Operation::Update, "never \"no change\"");
    assert_eq!(said.effects[1].operation, Operation::None);
}
