//! A webhook that adds to what is applied: a sidecar, a label, a field. What it adds is no part of a change, however the
//! change is applied, unless the change makes it add something else.

use super::*;

const MODES: [ApplyMode; 4] =
    [ApplyMode::ServerSide, ApplyMode::ClientSide, ApplyMode::Helm, ApplyMode::Replace];

/// A Deployment of this version of its own image, that a webhook looks at.
fn web(world: &World, label: &str, apply: ApplyMode, version: u32) -> Value {
    let mut web = world.deployment(json!({ "replicas": 2 }));
    web["metadata"]["name"] = json!(format!("{label}-{apply:?}").to_lowercase());
    web["metadata"]["labels"] = json!({ "webhook": label });
    let image = format!("registry.example.org/web:{version}");
    web["spec"]["template"]["spec"]["containers"][0]["image"] = json!(image);
    web
}

/// As each applier leaves what it makes.
async fn applied(world: &World, apply: ApplyMode, manifest: &Value) {
    match apply {
        ApplyMode::ServerSide => drop(world.apply(manifest, MANAGER).await),
        ApplyMode::ClientSide => world.apply_client_side(manifest).await,
        ApplyMode::Replace => world.make(manifest).await,
        ApplyMode::Helm => {
            let mut released = manifest.clone();
            released["metadata"]["annotations"] = json!({ "meta.helm.sh/release-name": "shop" });
            world.make(&released).await;
        }
    }
}

/// Has the server ask these webhooks about Deployments, and waits until it does.
async fn install(world: &World, name: &str, webhooks: &[(&str, Value)]) {
    let of = |(label, client): &(&str, Value)| {
        let mut webhook = webhook(world, label, client.clone(), "Fail");
        webhook["rules"][0]["apiGroups"] = json!(["apps"]);
        webhook["rules"][0]["resources"] = json!(["deployments"]);
        webhook["timeoutSeconds"] = json!(10);
        webhook
    };
    let mut configuration = configuration(world, &webhooks.iter().map(of).collect::<Vec<_>>());
    configuration["kind"] = json!("MutatingWebhookConfiguration");
    let name = format!("{name}-{}", world.namespace);
    configuration["metadata"]["name"] = json!(name);
    let path = API.replace("validating", "mutating");
    world.server.call(Method::POST, &path, Some(configuration)).await;
}

/// Waits until the sidecar of this version is put beside what carries this label.
async fn in_force(world: &World, label: &str, version: u32) {
    let mut probe = web(world, label, ApplyMode::Replace, 1);
    probe["metadata"]["name"] = json!("probe");
    let image = format!("registry.example.org/proxy:{version}");
    for _ in 0..600 {
        let query = "dryRun=All&force=true&fieldManager=probe";
        let made = world.patch(&probe, "application/apply-patch+yaml", query, &probe).await;
        let mut containers = made["spec"]["template"]["spec"]["containers"].as_array().unwrap().iter();
        if containers.any(|one| one["image"] == image.as_str()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the webhook `{label}` never adds {image}");
}

/// What is said of another image of each.
async fn said(world: &World, label: &str) -> String {
    let mut all = String::new();
    for apply in MODES {
        let environment = Environment { apply, ..environment() };
        let [base, head] = [1, 2].map(|version| web(world, label, apply, version));
        let mut predicted = world.predict(&environment, vec![input(Some(&base), Some(&head))]).await;
        // What Helm's predictions presume is another test's matter.
        predicted.errors.retain(|error| error.undecided);
        all.push_str(&format!("{apply:?}:\n{}\n", world.check(&predicted)));
        let paths: Vec<&str> =
            predicted.effects[0].changes.iter().map(|change| change.path.as_str()).collect();
        assert!(paths.contains(&"spec.template.spec.containers[name=web].image"), "{label} {apply:?}: {all}");
    }
    all
}

#[tokio::test]
async fn what_a_webhook_adds_is_no_part_of_a_change() {
    let Some(world) = World::new().await else { return };
    let hook = Hook::start(world.server).await;
    install(&world, "adds", &[("adds", hook.client("adds/1"))]).await;
    in_force(&world, "adds", 1).await;
    for apply in MODES {
        applied(&world, apply, &web(&world, "adds", apply, 1)).await;
    }
    assert_snapshot!(said(&world, "adds").await, @r#"
    ServerSide:
    Update Deployment (DryRun, settled Some(true))
      spec.template.spec.containers[name=web].image: "registry.example.org/web:1" → "registry.example.org/web:2"
    ClientSide:
    Update Deployment (DryRun, settled Some(true))
      spec.template.spec.containers[name=web].image: "registry.example.org/web:1" → "registry.example.org/web:2"
    Helm:
    Update Deployment (DryRun, settled Some(true))
      spec.template.spec.containers[name=web].image: "registry.example.org/web:1" → "registry.example.org/web:2"
    Replace:
    Update Deployment (DryRun, settled Some(true))
      spec.template.spec.containers[name=web].image: "registry.example.org/web:1" → "registry.example.org/web:2"
    "#);
}

#[tokio::test]
async fn what_a_webhook_adds_otherwise_because_of_the_change_is_shown() {
    let Some(world) = World::new().await else { return };
    let hook = Hook::start(world.server).await;
    install(&world, "named", &[("named", hook.client("adds-named/1"))]).await;
    in_force(&world, "named", 1).await;
    for apply in MODES {
        applied(&world, apply, &web(&world, "named", apply, 1)).await;
    }
    assert_snapshot!(said(&world, "named").await, @r#"
    ServerSide:
    Update Deployment (DryRun, settled Some(true))
      metadata.labels.injected: "‹live›" → "‹live, changed›"
      spec.template.spec.containers[name=web].image: "registry.example.org/web:1" → "registry.example.org/web:2"
    ClientSide:
    Update Deployment (DryRun, settled Some(true))
      metadata.labels.injected: "‹live›" → "‹live, changed›"
      spec.template.spec.containers[name=web].image: "registry.example.org/web:1" → "registry.example.org/web:2"
    Helm:
    Update Deployment (DryRun, settled Some(true))
      metadata.labels.injected: "‹live›" → "‹live, changed›"
      spec.template.spec.containers[name=web].image: "registry.example.org/web:1" → "registry.example.org/web:2"
    Replace:
    Update Deployment (DryRun, settled Some(true))
      metadata.labels.injected: "‹live›" → "‹live, changed›"
      spec.template.spec.containers[name=web].image: "registry.example.org/web:1" → "registry.example.org/web:2"
    "#);
}

#[tokio::test]
async fn what_a_webhook_has_yet_to_add_is_told_apart_from_the_change() {
    let Some(world) = World::new().await else { return };
    let hook = Hook::start(world.server).await;
    for apply in MODES {
        applied(&world, apply, &web(&world, "late", apply, 1)).await;
    }
    install(&world, "late", &[("late", hook.client("adds/1"))]).await;
    in_force(&world, "late", 1).await;
    assert_snapshot!(said(&world, "late").await, @r#"
    ServerSide:
    Update Deployment (DryRun, settled Some(false))
      reason: unsettled: what is live is not what base says
    drift Deployment
      metadata.labels.injected: – → "‹live›"
      spec.minReadySeconds: – → "‹live›"
      spec.template.spec.containers[name=proxy]: – → {"image":"registry.example.org/proxy:1","imagePullPolicy":"‹live›","name":"proxy","resources":{},"terminationMessagePath":"‹live›","terminationMessagePolicy":"‹live›"}
    ClientSide:
    Update Deployment (DryRun, settled Some(false))
      reason: unsettled: what is live is not what base says
    drift Deployment
      metadata.labels.injected: – → "‹live›"
      spec.minReadySeconds: – → "‹live›"
      spec.template.spec.containers[name=proxy]: – → {"image":"registry.example.org/proxy:1","imagePullPolicy":"‹live›","name":"proxy","resources":{},"terminationMessagePath":"‹live›","terminationMessagePolicy":"‹live›"}
    Helm:
    Update Deployment (DryRun, settled Some(false))
      reason: unsettled: what is live is not what base says
    drift Deployment
      metadata.labels.injected: – → "‹live›"
      spec.minReadySeconds: – → "‹live›"
      spec.template.spec.containers[name=proxy]: – → {"image":"registry.example.org/proxy:1","imagePullPolicy":"‹live›","name":"proxy","resources":{},"terminationMessagePath":"‹live›","terminationMessagePolicy":"‹live›"}
    Replace:
    Update Deployment (DryRun, settled Some(false))
      reason: unsettled: what is live is not what base says
    drift Deployment
      metadata.labels.injected: – → "‹live›"
      spec.minReadySeconds: – → "‹live›"
      spec.template.spec.containers[name=proxy]: – → {"image":"registry.example.org/proxy:1","imagePullPolicy":"‹live›","name":"proxy","resources":{},"terminationMessagePath":"‹live›","terminationMessagePolicy":"‹live›"}
    "#);
}

#[tokio::test]
async fn what_a_webhook_adds_anew_since_base_is_told_apart_from_the_change() {
    let Some(world) = World::new().await else { return };
    let hook = Hook::start(world.server).await;
    install(&world, "newer", &[("newer", hook.client("adds/1"))]).await;
    in_force(&world, "newer", 1).await;
    for apply in MODES {
        applied(&world, apply, &web(&world, "newer", apply, 1)).await;
    }
    let path = format!("{}/newer-{}", API.replace("validating", "mutating"), world.namespace);
    world.server.call(Method::DELETE, &path, None).await;
    install(&world, "newer", &[("newer", hook.client("adds/2"))]).await;
    in_force(&world, "newer", 2).await;
    assert_snapshot!(said(&world, "newer").await, @r#"
    ServerSide:
    Update Deployment (DryRun, settled Some(false))
      reason: unsettled: what is live is not what base says
    drift Deployment
      spec.template.spec.containers[name=proxy].image: "registry.example.org/proxy:1" → "registry.example.org/proxy:2"
    ClientSide:
    Update Deployment (DryRun, settled Some(false))
      reason: unsettled: what is live is not what base says
    drift Deployment
      spec.template.spec.containers[name=proxy].image: "registry.example.org/proxy:1" → "registry.example.org/proxy:2"
    Helm:
    Update Deployment (DryRun, settled Some(false))
      reason: unsettled: what is live is not what base says
    drift Deployment
      spec.template.spec.containers[name=proxy].image: "registry.example.org/proxy:1" → "registry.example.org/proxy:2"
    Replace:
    Update Deployment (DryRun, settled Some(false))
      reason: unsettled: what is live is not what base says
    drift Deployment
      spec.template.spec.containers[name=proxy].image: "registry.example.org/proxy:1" → "registry.example.org/proxy:2"
    "#);
}
