//! What marks on an object make of a change, and on which side they count.

use super::*;

const OPTIONS: &str = "argocd.argoproj.io/sync-options";
const RECONCILE: &str = "kustomize.toolkit.fluxcd.io/reconcile";
const SSA: &str = "kustomize.toolkit.fluxcd.io/ssa";
const FORCE: &str = "kustomize.toolkit.fluxcd.io/force";

fn marked(marks: &[(&str, &str)], value: &str) -> Value {
    let annotations: serde_json::Map<String, Value> = marks
        .iter()
        .chain(&[("team", "shop")])
        .map(|(key, value)| ((*key).to_owned(), json!(value)))
        .collect();
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": "web", "annotations": annotations }, "data": { "a": value },
    })
}

fn live(marks: &[(&str, &str)], value: &str) -> Value {
    let mut object = marked(marks, value);
    object["metadata"]["uid"] = json!("u");
    object["metadata"]["resourceVersion"] = json!("1");
    object
}

/// What is said of an object, by what is live and what dry runs answer, and what was asked.
async fn said(
    (manager, apply): (&str, ApplyMode),
    (base, head): (Option<Value>, Option<Value>),
    live: Option<Value>,
    answers: &[Prediction],
) -> (Effect, Vec<String>) {
    let script = Script::default();
    script.reads.lock().unwrap().push_back(Ok(live));
    script.dry_runs.lock().unwrap().extend(answers.iter().cloned().map(Ok));
    let environment = Environment { field_manager: manager.to_owned(), ..environment(apply) };
    let rendered = |manifest: Option<&Value>| {
        let text = manifest.map(Value::to_string).unwrap_or_default();
        let sealer = countersign_core::object::Sealer {
            key: &countersign_core::object::SealingKey::new([7; 32]),
            environment: "production",
            mask: &[],
        };
        countersign_core::object::parse_manifests(&text, None, Some("shop"), &sealer).unwrap()
    };
    let (old, new) = (rendered(base.as_ref()), rendered(head.as_ref()));
    let effect = countersign_core::effect::compare(&environment, &old, &new).remove(0);
    let side = |manifest: Option<Value>| manifest.map_or(Manifest::Absent, Manifest::Raw);
    let input = PredictInput { effect, base: side(base), head: side(head) };
    let said = predict(&script, &environment, vec![input]).await;
    let asked = script.asked.lock().unwrap().clone();
    (said.effects.into_iter().next().unwrap(), asked)
}

const FLUX: (&str, ApplyMode) = ("kustomize-controller", ApplyMode::ServerSide);
const ARGO: (&str, ApplyMode) = ("argocd-controller", ApplyMode::ClientSide);
const HELM: (&str, ApplyMode) = ("helm", ApplyMode::Helm);

#[tokio::test]
async fn who_leaves_the_tree_stays_where_what_is_live_asks_for_it() {
    let check = async |who, base: &[(&str, &str)], now: &[(&str, &str)], want: Operation, risk: Risk| {
        let (effect, _) = said(who, (Some(marked(base, "1")), None), Some(live(now, "1")), &[]).await;
        assert_eq!((effect.operation, effect.risks), (want, [risk].into()), "{base:?} {now:?}");
        assert!(want == Operation::Delete && base.is_empty() || effect.reason.is_some());
    };
    let (keep, prune) = ((OPTIONS, "Prune=false"), ("kustomize.toolkit.fluxcd.io/prune", "disabled"));
    check(ARGO, &[keep], &[keep], Operation::Orphan, Risk::Orphan).await;
    check(ARGO, &[keep], &[], Operation::Delete, Risk::Prune).await;
    check(ARGO, &[], &[keep], Operation::Orphan, Risk::Orphan).await;
    check(ARGO, &[], &[], Operation::Delete, Risk::Prune).await;
    check(FLUX, &[prune], &[], Operation::Delete, Risk::Prune).await;
    check(FLUX, &[], &[prune], Operation::Orphan, Risk::Orphan).await;
    let (effect, _) = said(ARGO, (Some(marked(&[keep], "1")), None), None, &[]).await;
    assert_eq!(effect.operation, Operation::None);
}

#[tokio::test]
async fn flux_passes_over_what_is_marked_in_the_cluster() {
    let changed = || (Some(marked(&[], "1")), Some(marked(&[], "2")));
    let made = Prediction::Object(Box::new(live(&[], "2")));
    let answers = [made.clone(), made.clone(), made.clone(), made.clone()];
    let (effect, _) = said(FLUX, changed(), Some(live(&[(RECONCILE, "disabled")], "1")), &answers).await;
    let reason =
        "`kustomize.toolkit.fluxcd.io/reconcile: disabled` on what is in the cluster has it passed over";
    assert_eq!((effect.operation, effect.reason.as_deref()), (Operation::None, Some(reason)));
    let (effect, _) = said(FLUX, changed(), Some(live(&[], "1")), &answers).await;
    assert_ne!(effect.operation, Operation::None);
}

#[tokio::test]
async fn what_is_made_only_where_there_is_none_is_looked_for() {
    let side = |value| Some(marked(&[(SSA, "IfNotPresent")], value));
    let made =
        [Prediction::Object(Box::new(marked(&[], "2"))), Prediction::Object(Box::new(marked(&[], "1")))];
    let (effect, asked) = said(FLUX, (side("1"), side("2")), None, &made).await;
    assert_eq!(effect.operation, Operation::Create, "{asked:?}");
    let seen = live(&[], "1");
    let made = [Prediction::Object(Box::new(seen.clone())), Prediction::Object(Box::new(seen.clone()))];
    let (effect, _) = said(FLUX, (side("1"), side("2")), Some(seen), &made).await;
    assert_eq!(effect.operation, Operation::None);
}

#[tokio::test]
async fn argo_writes_an_object_as_its_options_say() {
    let check = async |options: &str, writes: &str| {
        let side = |value| Some(marked(&[(OPTIONS, options)], value));
        let made = Prediction::Object(Box::new(live(&[(OPTIONS, options)], "2")));
        let answers = [made.clone(), made];
        let (_, asked) =
            said(ARGO, (side("1"), side("2")), Some(live(&[(OPTIONS, options)], "1")), &answers).await;
        assert!(asked.iter().any(|asked| asked.starts_with(writes)), "{options}: {asked:?}");
    };
    check("Validate=false", "merge ").await;
    check("Replace=true", "replace ").await;
    check("ServerSideApply=true", "apply ").await;
}

#[tokio::test]
async fn what_argo_makes_anew_is_no_update_whatever_the_server_takes() {
    let options = [(OPTIONS, "Force=true,Replace=true")];
    let sides = || (Some(marked(&options, "1")), Some(marked(&options, "2")));
    let made = |value| Prediction::Object(Box::new(live(&options, value)));
    let (effect, _) = said(ARGO, sides(), Some(live(&options, "1")), &[made("1"), made("2")]).await;
    assert_eq!(effect.operation, Operation::Replace);
    assert!(effect.risks.contains(&Risk::Replace), "{:?}", effect.risks);
    assert_ne!(effect.settled, Some(true));
}

#[tokio::test]
async fn what_cannot_be_changed_in_place_fails_unless_the_applier_is_told_to_force_it() {
    let refused =
        Prediction::Refused { why: "data: field is immutable".to_owned(), immutable: true, words: None };
    let check = async |who, head: &[(&str, &str)], now: &[(&str, &str)], want: Operation| {
        let sides = (Some(marked(&[], "1")), Some(marked(head, "2")));
        let base = Prediction::Object(Box::new(live(now, "1")));
        let (effect, _) =
            said(who, sides, Some(live(now, "1")), &[base, refused.clone(), refused.clone()]).await;
        assert_eq!(effect.operation, want, "{head:?} {now:?} {:?}", effect.reason);
        assert!(effect.risks.contains(&Risk::Replace));
    };
    let kubectl = ("kubectl", ApplyMode::ServerSide);
    check(kubectl, &[], &[], Operation::Fail).await;
    check(kubectl, &[(FORCE, "enabled")], &[], Operation::Fail).await;
    check(FLUX, &[], &[], Operation::Fail).await;
    check(FLUX, &[(FORCE, "enabled")], &[], Operation::Replace).await;
    check(FLUX, &[], &[(FORCE, "enabled")], Operation::Replace).await;
}

#[tokio::test]
async fn helm_takes_over_only_what_a_release_made() {
    let marks = [("meta.helm.sh/release-name", "shop"), ("meta.helm.sh/release-namespace", "shop")];
    let mut own = live(&marks, "1");
    own["metadata"]["labels"] = json!({ "app.kubernetes.io/managed-by": "Helm" });
    for (now, want) in [(own, Operation::Update), (live(&[], "1"), Operation::Fail)] {
        let made = Prediction::Object(Box::new(live(&[], "2")));
        let (effect, _) = said(HELM, (None, Some(marked(&[], "2"))), Some(now), &[made]).await;
        assert_eq!(effect.operation, want, "{:?}", effect.reason);
    }
}
