//! What the account of `deploy/cluster` may do: predict, and nothing else, even where it is given too many rights.

use std::time::Duration;

use countersign_core::evaluation::EnvironmentError;
use reqwest::Method;

use super::*;

const POLICY: &str = "countersign-dry-run-only";

/// The bot's own account, as it comes with `deploy/cluster`, on the server that all tests share.
struct Bot<'a> {
    world: &'a World,
    token: String,
}

impl<'a> Bot<'a> {
    async fn deployed(world: &'a World) -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/cluster");
        let kubectl = crate::parts::tools::kubectl().expect("kubectl is built where the API server is");
        let mut command = tokio::process::Command::new(kubectl);
        command.arg("--kubeconfig").arg(world.server.kubeconfig()).args(["apply", "-k", folder]);
        let output = command.output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let path = "/api/v1/namespaces/countersign/serviceaccounts/countersign/token";
        let made = world.server.call(Method::POST, path, Some(json!({ "spec": { "audiences": [] } }))).await;
        let bot = Self { world, token: made["status"]["token"].as_str().unwrap().to_owned() };
        bot.policy_in_force().await;
        bot
    }

    async fn ask(&self, method: Method, path: &str, media_type: &str, body: &Value) -> (u16, String) {
        let server = self.world.server;
        let request = server.http().request(method, format!("{}{path}", server.url()));
        let request = request.bearer_auth(&self.token).header("content-type", media_type);
        let answer = request.body(body.to_string()).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// An API server learns of a new policy after a moment.
    async fn policy_in_force(&self) {
        let map = self.world.object("v1", "ConfigMap", "probe", json!({ "data": {} }));
        let path = format!("/api/v1/namespaces/{}/configmaps", self.world.namespace);
        for _ in 0..100 {
            let (status, body) = self.ask(Method::POST, &path, "application/json", &map).await;
            if status == 422 && body.contains(POLICY) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the policy never comes into force");
    }
}

const MERGE: &str = "application/merge-patch+json";
const JSON: &str = "application/json";

#[tokio::test]
async fn the_deployed_account_predicts_and_writes_nothing_whatever_rights_it_is_given() {
    let Some(world) = World::new().await else { return };
    let bot = Bot::deployed(&world).await;
    let cluster = connect(&world.server.kubeconfig_for(&world.namespace, &bot.token)).await;
    let (base, head) = (world.deployment(json!({ "replicas": 2 })), world.deployment(json!({})));
    world.apply_client_side(&base).await;
    // What replaces asks for `update`, which role.yaml leaves to those who need it.
    for apply in [ApplyMode::ServerSide, ApplyMode::ClientSide, ApplyMode::Helm] {
        let environment = Environment { apply, ..environment() };
        let inputs = vec![input(Some(&base), Some(&head)), input(None, Some(&world.config_map(json!({}))))];
        let predicted = predict(&cluster, &environment, inputs).await;
        let told = |error: &&EnvironmentError| error.undecided || error.object.is_some();
        assert_eq!(predicted.errors.iter().find(told), None, "{apply:?}");
        assert!(predicted.effects.iter().all(|effect| effect.tier == Tier::DryRun), "{apply:?}");
    }

    let namespace = format!("/api/v1/namespaces/{}", world.namespace);
    let web = format!("/apis/apps/v1/namespaces/{}/deployments/web", world.namespace);
    let secret = world.object("v1", "Secret", "s", json!({ "stringData": { "a": "hunter2" } }));
    world.apply(&secret, "somebody").await;
    let admission = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings";
    let account = "/api/v1/namespaces/countersign/serviceaccounts/countersign/token";
    let rights = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
    let role = json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": { "name": "more" }, "rules": [] });
    let forbidden = [
        (Method::GET, format!("{namespace}/secrets/s"), JSON, Value::Null),
        // A dry run of an empty Secret would answer with the live one.
        (Method::PATCH, format!("{namespace}/secrets/s?dryRun=All"), MERGE, json!({})),
        // A dry run of a token request would hand out a working one.
        (Method::POST, format!("{account}?dryRun=All"), JSON, json!({ "spec": {} })),
        (Method::PATCH, format!("{web}/scale"), MERGE, json!({ "spec": { "replicas": 9 } })),
        (Method::DELETE, web.clone(), JSON, json!({})),
        (Method::DELETE, format!("{admission}/{POLICY}"), JSON, json!({})),
        (Method::PATCH, format!("{admission}/{POLICY}?dryRun=All"), MERGE, json!({})),
        (Method::POST, format!("{rights}?dryRun=All"), JSON, role),
        (Method::GET, format!("{namespace}/secrets"), JSON, Value::Null),
        (Method::GET, rights.to_owned(), JSON, Value::Null),
    ];
    for (method, path, media_type, body) in forbidden {
        let (status, text) = bot.ask(method.clone(), &path, media_type, &body).await;
        assert_eq!(status, 403, "{method} {path}: {text}");
        assert!(!text.contains("hunter2"));
    }

    // Somebody means well.
    let binding = json!({
        "metadata": { "name": "countersign-may-do-everything" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin" },
        "subjects": [{ "kind": "ServiceAccount", "namespace": "countersign", "name": "countersign" }],
    });
    let bindings = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
    world.server.call(Method::POST, bindings, Some(binding)).await;
    let before = world.live(&base).await;
    let map = world.object("v1", "ConfigMap", "new", json!({ "data": {} }));
    let writes = [
        (Method::PATCH, web.clone(), MERGE, json!({ "spec": { "replicas": 9 } })),
        (Method::PATCH, format!("{web}/scale"), MERGE, json!({ "spec": { "replicas": 9 } })),
        (Method::PUT, web.clone(), JSON, base.clone()),
        (Method::POST, format!("{namespace}/configmaps"), JSON, map),
        (Method::DELETE, web.clone(), JSON, json!({})),
        (Method::DELETE, format!("{namespace}/secrets"), JSON, json!({})),
    ];
    for (method, path, media_type, body) in writes {
        let (status, text) = bot.ask(method.clone(), &path, media_type, &body).await;
        assert!(status == 422 && text.contains(POLICY), "{method} {path}: {status} {text}");
    }
    assert_eq!(world.live(&base).await, before, "nothing was written");
    world.server.call(Method::DELETE, &format!("{bindings}/countersign-may-do-everything"), None).await;
}
