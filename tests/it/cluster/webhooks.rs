//! What admission webhooks make of a dry run: those that refuse it, those that cannot be asked for one, and those that do
//! not answer. Each outcome is that of its object alone.

mod additions;
pub(super) mod hook;

use std::time::Duration;

use reqwest::Method;

use self::hook::Hook;
use super::*;

pub(super) const API: &str = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
/// Nobody listens there.
const NOWHERE: &str = "https://127.0.0.1:9/";

/// A webhook for the objects of one namespace that carry its name as a label.
pub(super) fn webhook(world: &World, name: &str, client: Value, policy: &str) -> Value {
    json!({
        "name": format!("{name}.example.org"),
        "clientConfig": client,
        "failurePolicy": policy,
        "sideEffects": "None",
        "timeoutSeconds": 1,
        "admissionReviewVersions": ["v1"],
        "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": world.namespace } },
        "objectSelector": { "matchLabels": { "webhook": name } },
        "rules": [{
            "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["configmaps"],
        }],
    })
}

pub(super) fn configuration(world: &World, webhooks: &[Value]) -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": { "name": world.namespace },
        "webhooks": webhooks,
    })
}

pub(super) fn labelled(world: &World, label: &str, name: &str, value: &str) -> Value {
    let mut map = world.object("v1", "ConfigMap", name, json!({ "data": { "a": value } }));
    map["metadata"]["labels"] = json!({ "webhook": label });
    map
}

/// Waits until the server acts on a webhook, which takes it a moment.
async fn in_force(world: &World, label: &str) {
    let probe = labelled(world, label, "probe", "1");
    for _ in 0..600 {
        let tried = world.predict(&environment(), vec![input(None, Some(&probe))]).await;
        if tried.effects[0].settled != Some(true) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the webhook `{label}` is never asked");
}

#[tokio::test]
async fn each_webhook_leaves_its_own_outcome_on_its_own_object() {
    let Some(world) = World::new().await else { return };
    let hook = Hook::start(world.server).await;
    let nowhere = || json!({ "url": NOWHERE });
    // A code of somebody else's choice means nothing: it is read by whose words they are.
    let mut webhooks: Vec<Value> = [400, 401, 403, 404, 409, 422, 429, 500, 503]
        .map(|code| {
            webhook(&world, &format!("refuses-{code}"), hook.client(&format!("refuses/{code}")), "Fail")
        })
        .to_vec();
    webhooks.extend([
        webhook(&world, "allows", hook.client("allows"), "Fail"),
        webhook(&world, "mute", hook.client("mute"), "Fail"),
        webhook(&world, "babbles", hook.client("babbles"), "Fail"),
        webhook(&world, "babbles-ignored", hook.client("babbles"), "Ignore"),
        webhook(&world, "down", nowhere(), "Fail"),
        webhook(&world, "down-ignored", nowhere(), "Ignore"),
        webhook(&world, "sleeps", hook.client("sleeps"), "Fail"),
        webhook(&world, "sleeps-ignored", hook.client("sleeps"), "Ignore"),
        webhook(&world, "untrusted", json!({ "url": hook.client("allows")["url"] }), "Fail"),
    ]);
    let labels: Vec<String> = webhooks
        .iter()
        .map(|one| one["objectSelector"]["matchLabels"]["webhook"].as_str().unwrap().to_owned())
        .collect();
    let mutating = ["mutates-badly", "mutates-nothing"].map(str::to_owned);
    let labels: Vec<String> = labels.into_iter().chain(mutating.clone()).collect();
    let sides = |label: &String| ["1", "2"].map(|value| labelled(&world, label, label, value));
    let pairs: Vec<[Value; 2]> = labels.iter().map(sides).collect();
    for [base, _] in &pairs {
        world.apply(base, MANAGER).await;
    }
    world.server.call(Method::POST, API, Some(configuration(&world, &webhooks))).await;
    let mutating = mutating.map(|name| webhook(&world, &name, hook.client(&name), "Fail"));
    let mut mutating = configuration(&world, &mutating);
    mutating["kind"] = json!("MutatingWebhookConfiguration");
    world.server.call(Method::POST, &API.replace("validating", "mutating"), Some(mutating)).await;
    in_force(&world, "mute").await;
    in_force(&world, "mutates-badly").await;
    let mut said = String::new();
    for (label, [base, head]) in labels.iter().zip(&pairs) {
        let predicted = world.predict(&environment(), vec![input(Some(base), Some(head))]).await;
        said.push_str(&format!("{label}:\n{}\n", world.check(&predicted)));
    }
    assert!(!said.contains("hunter2"), "{said}");
    assert_snapshot!(said, @r#"
    refuses-400:
    Fail ConfigMap (DryRun, settled Some(false))
      reason: the cluster refuses it: admission webhook `refuses-400.example.org` denies it: `namespaces "theirs" not found: 'ask' <b>us</b>`; base is refused as well
    refuses-401:
    Fail ConfigMap (DryRun, settled Some(false))
      reason: the cluster refuses it: admission webhook `refuses-401.example.org` denies it: `namespaces "theirs" not found: 'ask' <b>us</b>`; base is refused as well
    refuses-403:
    Fail ConfigMap (DryRun, settled Some(false))
      reason: the cluster refuses it: admission webhook `refuses-403.example.org` denies it: `namespaces "theirs" not found: 'ask' <b>us</b>`; base is refused as well
    refuses-404:
    Fail ConfigMap (DryRun, settled Some(false))
      reason: the cluster refuses it: admission webhook `refuses-404.example.org` denies it: `namespaces "theirs" not found: 'ask' <b>us</b>`; base is refused as well
    refuses-409:
    Fail ConfigMap (DryRun, settled Some(false))
      reason: the cluster refuses it: admission webhook `refuses-409.example.org` denies it: `namespaces "theirs" not found: 'ask' <b>us</b>`; base is refused as well
    refuses-422:
    Fail ConfigMap (DryRun, settled Some(false))
      reason: the cluster refuses it: admission webhook `refuses-422.example.org` denies it: `namespaces "theirs" not found: 'ask' <b>us</b>`; base is refused as well
    refuses-429:
    Fail ConfigMap (DryRun, settled Some(false))
      reason: the cluster refuses it: admission webhook `refuses-429.example.org` denies it: `namespaces "theirs" not found: 'ask' <b>us</b>`; base is refused as well
    refuses-500:
    Fail ConfigMap (DryRun, settled Some(false))
      reason: the cluster refuses it: admission webhook `refuses-500.example.org` denies it: `namespaces "theirs" not found: 'ask' <b>us</b>`; base is refused as well
    refuses-503:
    Fail ConfigMap (DryRun, settled Some(false))
      reason: the cluster refuses it: admission webhook `refuses-503.example.org` denies it: `namespaces "theirs" not found: 'ask' <b>us</b>`; base is refused as well
    allows:
    Update ConfigMap (DryRun, settled Some(true))
      data.a: "1" → "2"
    mute:
    Fail ConfigMap (DryRun, settled Some(false))
      reason: the cluster refuses it: admission webhook `mute.example.org` denies it; base is refused as well
    babbles:
    Update ConfigMap (Render, settled None)
    undecided: ConfigMap NS/babbles: cluster `test`: the cluster cannot tell now: its admission webhook `babbles.example.org` does not answer
    babbles-ignored:
    Update ConfigMap (DryRun, settled Some(true))
      data.a: "1" → "2"
    down:
    Update ConfigMap (Render, settled None)
    undecided: ConfigMap NS/down: cluster `test`: the cluster cannot tell now: its admission webhook `down.example.org` does not answer
    down-ignored:
    Update ConfigMap (DryRun, settled Some(true))
      data.a: "1" → "2"
    sleeps:
    Update ConfigMap (Render, settled None)
    undecided: ConfigMap NS/sleeps: cluster `test`: the cluster cannot tell now: its admission webhook `sleeps.example.org` does not answer
    sleeps-ignored:
    Update ConfigMap (DryRun, settled Some(true))
      data.a: "1" → "2"
    untrusted:
    Update ConfigMap (Render, settled None)
    undecided: ConfigMap NS/untrusted: cluster `test`: the cluster cannot tell now: its admission webhook `untrusted.example.org` does not answer
    mutates-badly:
    Update ConfigMap (Render, settled None)
    undecided: ConfigMap NS/mutates-badly: cluster `test`: the cluster cannot tell now: it answered with status 500
    mutates-nothing:
    Update ConfigMap (DryRun, settled Some(true))
      data.a: "1" → "2"
    "#);

    // All together: those that do not answer are no reason to give the others up.
    let inputs: Vec<_> = pairs.iter().map(|[base, head]| input(Some(base), Some(head))).collect();
    let crowd = (0..40).map(|number| {
        let name = format!("down-{number}");
        input(None, Some(&labelled(&world, "down", &name, "1")))
    });
    let inputs: Vec<_> = crowd.chain(inputs).collect();
    let predicted = world.predict(&environment(), inputs).await;
    let of = |label: &str| predicted.effects.iter().find(|effect| effect.object.name == label).unwrap();
    assert_eq!(of("allows").settled, Some(true), "{}", world.check(&predicted));
    assert_eq!(of("refuses-403").operation, Operation::Fail);
    let named = predicted.errors.iter().all(|error| error.undecided && error.object.is_some());
    assert!(named, "{}", world.check(&predicted));
    let untold: Vec<&str> =
        predicted.errors.iter().filter_map(|error| Some(error.object.as_ref()?.name.as_str())).collect();
    let silent = ["babbles", "down", "sleeps", "untrusted", "mutates-badly"];
    assert_eq!(untold.len(), 40 + silent.len(), "{untold:?}");
    assert!(silent.iter().all(|label| untold.contains(label)), "{untold:?}");
}

/// The API takes no such webhook any more; those that were made when it did are still there.
#[tokio::test]
async fn a_webhook_that_is_not_fit_for_dry_runs_leaves_the_render() {
    let Some(world) = World::new().await else { return };
    let hook = Hook::start(world.server).await;
    let webhooks = ["Unknown", "Some"].map(|effects| {
        let name = effects.to_lowercase();
        let mut webhook = webhook(&world, &name, hook.client("allows"), "Fail");
        webhook["sideEffects"] = json!(effects);
        webhook
    });
    let configuration = configuration(&world, &webhooks);
    let mut stored = configuration.clone();
    stored["metadata"]["uid"] = json!("0b0e4f3c-0000-4000-8000-000000000000");
    let key = format!("/registry/validatingwebhookconfigurations/{}", world.namespace);
    let maps = ["unknown", "some"]
        .map(|label| [labelled(&world, label, label, "1"), labelled(&world, label, label, "2")]);
    for [base, _] in &maps {
        world.apply(base, MANAGER).await;
    }
    world.server.store(&key, &stored).await;
    in_force(&world, "some").await;
    let inputs = maps.iter().map(|[base, head]| input(Some(base), Some(head))).collect();
    let predicted = world.predict(&environment(), inputs).await;
    assert_snapshot!(world.check(&predicted), @r"
    Update ConfigMap (Render, settled None)
      reason: predicted by rendering: admission webhook `unknown.example.org` does not support dry run
    Update ConfigMap (Render, settled None)
      reason: predicted by rendering: admission webhook `some.example.org` does not support dry run
    ");
}
