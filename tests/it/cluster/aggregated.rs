//! Kinds that somebody else serves behind the API server. When he is down, his kinds cannot be told, each of them says
//! so, and the cluster is not down.

mod api;

use std::time::Duration;

use reqwest::Method;

use self::api::{Api, Health};
use super::*;

const APIS: &str = "/apis/apiregistration.k8s.io/v1/apiservices";
/// Nobody waits longer for what hangs.
const HASTY: Patience = Patience { answer: Duration::from_secs(2), ..Patience::USUAL };

/// An API behind the server, taken away again when it is done with.
struct Behind<'a> {
    world: &'a World,
    group: String,
}

impl<'a> Behind<'a> {
    /// At this port of the machine.
    async fn register(world: &'a World, port: u16) -> Self {
        let group = group(world);
        // The name of the machine is one that the server resolves itself, and it asks nobody else for it.
        let service = json!({
            "spec": { "type": "ExternalName", "externalName": "localhost", "ports": [{ "port": port }] },
        });
        world.make(&world.object("v1", "Service", "behind", service)).await;
        let service = json!({ "namespace": world.namespace, "name": "behind", "port": port });
        let registered = json!({ "metadata": { "name": format!("v1.{group}") }, "spec": {
            "group": group, "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 10,
            "insecureSkipTLSVerify": true, "service": service,
        }});
        world.server.call(Method::POST, APIS, Some(registered)).await;
        Self { world, group }
    }

    /// Waits until the server says this of it in its discovery.
    async fn until(&self, freshness: &str) {
        let asked = || {
            let asked = self.world.server.http().get(format!("{}/apis", self.world.server.url()));
            let asked = asked.bearer_auth(self.world.server.admin_token());
            asked
                .header("accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
                .send()
        };
        let mut all = Value::Null;
        for _ in 0..900 {
            all = asked().await.unwrap().json().await.unwrap();
            let mut groups = all["items"].as_array().unwrap().iter();
            let of = groups.find(|one| one["metadata"]["name"] == self.group.as_str());
            if of.is_some_and(|of| of["versions"][0]["freshness"] == freshness) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{} is never {freshness}: {all}", self.group);
    }

    async fn remove(self) {
        self.world.server.call(Method::DELETE, &format!("{APIS}/v1.{}", self.group), None).await;
    }
}

fn group(world: &World) -> String {
    format!("{}.example.org", world.namespace)
}

fn thing(world: &World, name: &str) -> Value {
    world.object(&format!("{}/v1", group(world)), "Thing", name, json!({ "spec": { "size": 1 } }))
}

/// Ten objects that are well, among as many that are not.
fn inputs(world: &World) -> Vec<PredictInput> {
    let map = |number: u32| world.object("v1", "ConfigMap", &format!("m-{number}"), json!({ "data": {} }));
    let pairs = (0..10).flat_map(|number| [thing(world, &format!("t-{number}")), map(number)]);
    pairs.map(|head| input(None, Some(&head))).collect()
}

/// All that are well are told, all others say the same; what is said of the first.
fn check(world: &World, about: &str, predicted: &Predicted) -> String {
    let said = world.check(predicted);
    for effect in &predicted.effects {
        let want = if effect.object.kind == "ConfigMap" { Some(true) } else { None };
        assert_eq!(effect.settled, want, "{about}: {}\n{said}", effect.object);
    }
    assert_eq!(predicted.errors.len(), 10, "{about}: {said}");
    assert!(
        predicted.errors.iter().all(|error| error.undecided && error.object.is_some()),
        "{about}: {said}"
    );
    predicted.errors[0].message.replace(&world.namespace, "NS")
}

async fn hasty(world: &World) -> KubeCluster {
    let access = Access::Kubeconfig { file: Some(world.server.kubeconfig().to_owned()), context: None };
    KubeCluster::connect("test".to_owned(), &access, HASTY).await.unwrap()
}

const DOWN: &str = "Thing NS/t-0: cluster `test`: the cluster cannot tell now: whoever serves `NS.example.org/v1` is out of order: `kubectl get apiservice v1.NS.example.org` says more";

#[tokio::test]
async fn an_api_that_was_never_there_is_down_and_the_cluster_is_not() {
    let Some(world) = World::with_all_plugins().await else { return };
    // Nobody listens there.
    let behind = Behind::register(&world, 9).await;
    behind.until("Stale").await;
    let mut all = inputs(&world);
    all.push(input(Some(&thing(&world, "old")), None));
    let mut predicted = world.predict(&environment(), all).await;
    let old = predicted.errors.pop().unwrap().message.replace(&world.namespace, "NS");
    assert_eq!(old, DOWN.replace("t-0", "old"));
    predicted.effects.pop();
    assert_eq!(check(&world, "never", &predicted), DOWN);
    let asked = world.cluster.namespaced(&reference(&thing(&world, "t"))).await.unwrap_err();
    assert!(matches!(asked, ClusterError::OutOfOrder { .. }), "{asked}");
    behind.remove().await;
}

#[tokio::test]
async fn an_api_that_goes_down_is_told_so_however_it_does_and_the_cluster_is_not_down() {
    let Some(world) = World::with_all_plugins().await else { return };
    let api = Api::start(world.server, group(&world)).await;
    let behind = Behind::register(&world, api.port).await;
    behind.until("Current").await;
    let cluster = hasty(&world).await;
    let predicted = predict(&cluster, &environment(), inputs(&world)).await;
    let told = predicted.effects.iter().all(|effect| effect.settled == Some(true));
    assert!(told && predicted.errors.is_empty(), "{}", world.check(&predicted));
    // The bot has seen it, and so has the server.
    for health in [Health::Sorry, Health::Broken, Health::Hanging, Health::Down] {
        api.is_now(health);
        for apply in [ApplyMode::ServerSide, ApplyMode::ClientSide] {
            let environment = Environment { apply, ..environment() };
            let predicted = predict(&cluster, &environment, inputs(&world)).await;
            assert_eq!(check(&world, &format!("{health:?} {apply:?}"), &predicted), DOWN);
        }
    }
    // The server lists the kind still, as what it remembers.
    behind.until("Stale").await;
    let anew = hasty(&world).await;
    let predicted = predict(&anew, &environment(), inputs(&world)).await;
    assert_eq!(check(&world, "anew", &predicted), DOWN);
    behind.remove().await;
}

/// Not an API behind the server, and yet somebody whom it has to ask about each object of a kind.
#[tokio::test]
async fn a_conversion_webhook_that_is_down_is_that_of_its_kind_alone() {
    let Some(world) = World::new().await else { return };
    let group = super::client_side::widgets(&world).await;
    let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.{group}");
    let mut definition = world.server.call(Method::GET, &path, None).await;
    let mut old = definition["spec"]["versions"][0].clone();
    old["name"] = json!("v1beta1");
    old["storage"] = json!(false);
    definition["spec"]["versions"].as_array_mut().unwrap().push(old);
    definition["spec"]["conversion"] = json!({ "strategy": "Webhook", "webhook": {
        "conversionReviewVersions": ["v1"], "clientConfig": { "url": "https://127.0.0.1:9/" },
    }});
    let widget = |version: &str, name: &str, size: u32| {
        world.object(&format!("{group}/{version}"), "Widget", name, json!({ "spec": { "size": size } }))
    };
    for number in 0..4 {
        world.apply(&widget("v1", &format!("w-{number}"), 1), MANAGER).await;
    }
    world.server.call(Method::PUT, &path, Some(definition)).await;
    let map = |number: u32| world.object("v1", "ConfigMap", &format!("m-{number}"), json!({ "data": {} }));
    let inputs = (0..4).flat_map(|number| {
        let [base, head] = [1, 2].map(|size| widget("v1beta1", &format!("w-{number}"), size));
        [input(Some(&base), Some(&head)), input(None, Some(&map(number)))]
    });
    let inputs: Vec<_> = inputs.collect();
    let mut predicted = world.predict(&environment(), inputs.clone()).await;
    for _ in 0..200 {
        if predicted.errors.len() == 4 {
            break;
        }
        // The version is served after a moment.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let cluster = connect(world.server.kubeconfig()).await;
        predicted = predict(&cluster, &environment(), inputs.clone()).await;
    }
    let said = world.check(&predicted);
    let told = predicted.effects.iter().filter(|effect| effect.settled == Some(true)).count();
    assert_eq!((told, predicted.errors.len()), (4, 4), "{said}");
    assert_snapshot!(predicted.errors[0].message.replace(&world.namespace, "NS"), @"Widget NS/w-0: cluster `test`: the cluster cannot tell now: the conversion webhook of its kind fails");
}
