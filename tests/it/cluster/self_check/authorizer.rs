//! An authorizer that keeps no list of rules, beside RBAC: what an account may do is told one question at a time.

use std::sync::{Arc, Mutex};

use axum::routing::post;
use axum::{Json, Router};
use tokio::task::JoinHandle;

use super::*;
use crate::parts::apiserver_with;

const ACCOUNT: &str = "system:serviceaccount:countersign:countersign";

/// Allows the bot's account what a test says, and has no opinion else.
struct Authorizer {
    /// Each as attributes of a request; those that are not named may be any.
    allowed: Arc<Mutex<Vec<Value>>>,
    kubeconfig: tempfile::NamedTempFile,
    serving: JoinHandle<()>,
}

impl Authorizer {
    async fn start() -> Self {
        let allowed: Arc<Mutex<Vec<Value>>> = Arc::default();
        let known = Arc::clone(&allowed);
        let answer = async move |Json(mut review): Json<Value>| {
            let asked = &review["spec"]["resourceAttributes"];
            let is =
                |wanted: &Value| wanted.as_object().unwrap().iter().all(|(key, value)| asked[key] == *value);
            let allowed = review["spec"]["user"] == ACCOUNT && known.lock().unwrap().iter().any(is);
            review["status"] = json!({ "allowed": allowed });
            Json(review)
        };
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move {
            axum::serve(listener, Router::new().route("/", post(answer))).await.unwrap();
        });
        let kubeconfig = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "a",
            "clusters": [{ "name": "a", "cluster": { "server": server } }],
            "users": [{ "name": "a", "user": {} }],
            "contexts": [{ "name": "a", "context": { "cluster": "a", "user": "a" } }],
        });
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), kubeconfig.to_string()).unwrap();
        Self { allowed, kubeconfig: file, serving }
    }

    fn flags(&self) -> Vec<String> {
        let cache = "--authorization-webhook-cache";
        vec![
            "--authorization-mode=Webhook".to_owned(),
            "--authorization-webhook-version=v1".to_owned(),
            format!("{cache}-authorized-ttl=1ms"),
            format!("{cache}-unauthorized-ttl=1ms"),
            format!("--authorization-webhook-config-file={}", self.kubeconfig.path().display()),
        ]
    }

    fn allow(&self, rights: &[Value]) {
        *self.allowed.lock().unwrap() = rights.to_vec();
    }
}

impl Drop for Authorizer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

#[tokio::test]
async fn rights_that_cannot_be_listed_are_asked_for_one_by_one() {
    let authorizer = Authorizer::start().await;
    let flags = authorizer.flags();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let Some(server) = apiserver_with(&flags).await else { return };
    let deployed = Deployed::on(server).await;
    let review = json!({ "spec": { "namespace": "default" } });
    let rules = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
    let review = deployed.server.call(Method::POST, rules, Some(review)).await;
    assert_eq!(review["status"]["incomplete"], true, "{review}");

    authorizer.allow(&[json!({ "verb": "get", "resource": "secrets" })]);
    assert_snapshot!(deployed.dry_runs().await, @"the account may do more than deploy/cluster gives it: get `secrets`; take these rights away");
    let there = json!({ "verb": "create", "resource": "pods", "subresource": "exec", "namespace": deployed.namespace });
    authorizer.allow(&[there]);
    assert_snapshot!(deployed.dry_runs().await, @"the account may do more than deploy/cluster gives it: create `pods/exec`; take these rights away");
    authorizer.allow(&[json!({ "verb": "list", "resource": "secrets", "namespace": "elsewhere" })]);
    assert_eq!(deployed.dry_runs().await, "On");

    // It may clean up after itself, and no more than that.
    let own = json!({ "verb": "delete", "resource": "configmaps", "name": "countersign-probe" });
    authorizer.allow(&[own]);
    assert_eq!(deployed.dry_runs().await, "On");
    let said = deployed.unbind().await;
    assert_snapshot!(said, @"a write that is no dry run succeeded: `countersign-dry-run-only` is missing, not bound, or does not deny; apply deploy/cluster (the ConfigMap `default/countersign-probe` that it made was deleted again)");
    assert_eq!(deployed.probes().await, Vec::<Value>::new());
}
