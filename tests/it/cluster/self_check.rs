//! Before dry runs are used, the bot's account is seen to do no harm: it has no right too many, and our policy refuses a
//! real write. Otherwise live objects are only read, and the report says why.

mod authorizer;
mod refused;
mod told;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use reqwest::Method;

use super::*;
use crate::parts::{ApiServer, another_apiserver};

const POLICY: &str = "countersign-dry-run-only";
const ADMISSION: &str = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings";
/// For a server that acts on what it was told, on a machine that has other things to do as well.
const PATIENCE: Duration = Duration::from_secs(60);
const RIGHTS: &str = "/apis/rbac.authorization.k8s.io/v1";

/// The account of `deploy/cluster`, on a server of its own: the policy holds for the whole of it.
pub(super) struct Deployed {
    pub(super) server: ApiServer,
    pub(super) namespace: String,
    pub(super) token: String,
}

impl Deployed {
    pub(super) async fn new() -> Option<Self> {
        Some(Self::on(another_apiserver().await?).await)
    }

    async fn on(server: ApiServer) -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/cluster");
        let kubectl = crate::parts::tools::kubectl().expect("kubectl is built where the API server is");
        let mut command = tokio::process::Command::new(kubectl);
        command.arg("--kubeconfig").arg(server.kubeconfig()).args(["apply", "-k", folder]);
        let output = command.output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let path = "/api/v1/namespaces/countersign/serviceaccounts/countersign/token";
        let made = server.call(Method::POST, path, Some(json!({ "spec": { "audiences": [] } }))).await;
        let token = made["status"]["token"].as_str().unwrap().to_owned();
        for namespace in ["default", "kube-system"] {
            exists(&server, &format!("/api/v1/namespaces/{namespace}")).await;
        }
        let namespace = server.create_namespace().await;
        let deployed = Self { server, namespace, token };
        deployed.until("On").await;
        // What was tried while the policy was not acted upon yet.
        for probe in deployed.probes().await {
            deployed.remove(&probe).await;
        }
        deployed
    }

    /// The bot's view, as one that has just started.
    async fn bot(&self) -> KubeCluster {
        connect(&self.server.kubeconfig_for(&self.namespace, &self.token)).await.checked()
    }

    async fn dry_runs(&self) -> String {
        let namespaces = BTreeSet::from([self.namespace.clone()]);
        match self.bot().await.dry_runs(&namespaces).await.unwrap() {
            DryRuns::On => "On".to_owned(),
            DryRuns::Off { why } => why.replace(&self.namespace, "NS"),
        }
    }

    /// A server acts on policies and rights after a moment.
    async fn until(&self, start: &str) -> String {
        let mut said = String::new();
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            said = self.dry_runs().await;
            if said.starts_with(start) {
                return said;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it never says `{start}`, but: {said}");
    }

    async fn give(&self, rules: Value, namespace: Option<&str>) {
        let (kind, scope) = match namespace {
            Some(namespace) => ("Role", format!("{RIGHTS}/namespaces/{namespace}/role")),
            None => ("ClusterRole", format!("{RIGHTS}/clusterrole")),
        };
        let role = json!({ "metadata": { "name": "more" }, "rules": rules });
        self.server.call(Method::POST, &format!("{scope}s"), Some(role)).await;
        let binding = json!({
            "metadata": { "name": "more" },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": "more" },
            "subjects": [{ "kind": "ServiceAccount", "namespace": "countersign", "name": "countersign" }],
        });
        self.server.call(Method::POST, &format!("{scope}bindings"), Some(binding)).await;
    }

    async fn take_back(&self, namespace: Option<&str>) {
        let scope = match namespace {
            Some(namespace) => format!("{RIGHTS}/namespaces/{namespace}/role"),
            None => format!("{RIGHTS}/clusterrole"),
        };
        for kind in ["bindings", "s"] {
            self.server.call(Method::DELETE, &format!("{scope}{kind}/more"), None).await;
        }
        self.until("On").await;
    }

    /// Takes the policy out of force, and says how that shows.
    pub(super) async fn unbind(&self) -> String {
        self.server.call(Method::DELETE, &format!("{ADMISSION}/{POLICY}"), None).await;
        self.until("a write that is no dry run succeeded").await
    }

    async fn probes(&self) -> Vec<Value> {
        let maps = self.server.call(Method::GET, "/api/v1/configmaps", None).await;
        let is_probe = |map: &&Value| map["metadata"]["name"] == "countersign-probe";
        maps["items"].as_array().unwrap().iter().filter(is_probe).cloned().collect()
    }

    async fn remove(&self, probe: &Value) {
        let namespace = probe["metadata"]["namespace"].as_str().unwrap();
        let path = format!("/api/v1/namespaces/{namespace}/configmaps/countersign-probe");
        self.server.call(Method::DELETE, &path, None).await;
    }
}

/// The server makes some namespaces itself, after it is ready.
async fn exists(server: &ApiServer, path: &str) {
    for _ in 0..200 {
        let asked = server.http().get(format!("{}{path}", server.url())).bearer_auth(server.admin_token());
        if asked.send().await.unwrap().status().is_success() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{path} never comes");
}

fn rule(group: &str, resource: &str, verb: &str) -> Value {
    json!([{ "apiGroups": [group], "resources": [resource], "verbs": [verb] }])
}

#[tokio::test]
async fn dry_runs_are_off_while_a_right_is_too_many_and_the_right_is_named() {
    let Some(deployed) = Deployed::new().await else { return };
    let rows = [
        ("", "secrets", "get", "get `secrets`"),
        ("", "secrets", "patch", "patch `secrets`"),
        ("", "serviceaccounts/token", "create", "create `serviceaccounts/token`"),
        ("", "users", "impersonate", "impersonate `users`"),
        ("", "pods/exec", "create", "create `pods/exec`"),
        ("", "pods/eviction", "create", "create `pods/eviction`"),
        ("", "pods/binding", "create", "create `pods/binding`"),
        ("", "pods/status", "patch", "patch `pods/status`"),
        ("", "bindings", "create", "create `bindings`"),
        ("", "configmaps", "delete", "delete `configmaps`"),
        ("", "configmaps", "deletecollection", "deletecollection `configmaps`"),
        ("", "configmaps", "*", "* `configmaps`"),
        ("", "*", "get", "get `*`"),
        ("*", "widgets", "get", "get `widgets.*`"),
        ("apps", "deployments/scale", "patch", "patch `deployments/scale.apps`"),
        ("rbac.authorization.k8s.io", "roles", "get", "get `roles.rbac.authorization.k8s.io`"),
        (
            "rbac.authorization.k8s.io",
            "clusterroles",
            "bind",
            "bind `clusterroles.rbac.authorization.k8s.io`",
        ),
        (
            "rbac.authorization.k8s.io",
            "clusterroles",
            "escalate",
            "escalate `clusterroles.rbac.authorization.k8s.io`",
        ),
        (
            "admissionregistration.k8s.io",
            "validatingadmissionpolicybindings",
            "patch",
            "patch `validatingadmissionpolicybindings.admissionregistration.k8s.io`",
        ),
        (
            "certificates.k8s.io",
            "certificatesigningrequests",
            "create",
            "create `certificatesigningrequests.certificates.k8s.io`",
        ),
        ("example.org", "widgets", "frobnicate", "frobnicate `widgets.example.org`"),
    ];
    for (group, resource, verb, named) in rows {
        deployed.give(rule(group, resource, verb), None).await;
        let said = deployed.until("the account may do more than deploy/cluster gives it: ").await;
        assert!(said.contains(named), "{named}: {said}");
        deployed.take_back(None).await;
    }
    // In the one namespace that is asked about.
    deployed.give(rule("", "secrets", "list"), Some(&deployed.namespace)).await;
    assert_snapshot!(
        deployed.until("the account may do more").await,
        @"the account may do more than deploy/cluster gives it: list `secrets`; take these rights away"
    );
    deployed.take_back(Some(&deployed.namespace)).await;
    // Rights to read and to try are nobody's worry.
    deployed.give(rule("example.org", "widgets", "patch"), None).await;
    assert_eq!(deployed.dry_runs().await, "On");
    assert_eq!(deployed.probes().await, Vec::<Value>::new());
}

#[tokio::test]
async fn dry_runs_are_off_while_the_policy_does_not_refuse_writes() {
    let Some(deployed) = Deployed::new().await else { return };
    let binding = format!("{ADMISSION}/{POLICY}");
    let written = deployed.server.call(Method::GET, &binding, None).await;
    let bound = |actions: Value| {
        let metadata = json!({ "name": POLICY });
        json!({ "metadata": metadata, "spec": { "policyName": POLICY, "validationActions": actions } })
    };

    // It is only noted who would be refused.
    let mut audits = written.clone();
    audits["spec"]["validationActions"] = json!(["Audit"]);
    deployed.server.call(Method::PUT, &binding, Some(audits)).await;
    let off = "a write that is no dry run succeeded";
    assert_snapshot!(
        deployed.until(off).await,
        @"a write that is no dry run succeeded: `countersign-dry-run-only` is missing, not bound, or does not deny; apply deploy/cluster, and delete the ConfigMap `default/countersign-probe`, which the account may not delete"
    );
    // However often it is asked, one is left at most.
    deployed.dry_runs().await;
    assert_eq!(deployed.probes().await.len(), 1);

    let cluster = deployed.bot().await;
    let object = |name: &str, value: &str| {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "data": { "a": value },
            "metadata": { "name": name, "namespace": deployed.namespace },
        })
    };
    let live = object("live", "1");
    let maps = format!("/api/v1/namespaces/{}/configmaps", deployed.namespace);
    deployed.server.call(Method::POST, &maps, Some(live.clone())).await;
    let inputs = vec![
        input(Some(&live), Some(&object("live", "2"))),
        input(None, Some(&live)),
        input(Some(&live), None),
        input(None, Some(&object("new", "1"))),
        input(Some(&object("gone", "1")), Some(&object("gone", "2"))),
        input(Some(&object("gone", "1")), None),
    ];
    let predicted = predict(&cluster, &environment(), inputs.clone()).await;
    assert_snapshot!(words(&predicted).replace(&deployed.namespace, "NS"), @r"
    Update ConfigMap (Live, settled None)
    Update ConfigMap (Live, settled None)
      reason: it is in the cluster already, and what would be changed was not asked
    Delete ConfigMap (Live, settled None)
    Create ConfigMap (Live, settled None)
    Create ConfigMap (Live, settled None)
      reason: it is not in the cluster, and would be created
    None ConfigMap (Live, settled Some(true))
      reason: no effect on the cluster: it is not there
    undecided: cluster `test`: dry runs are off, live objects are only read: a write that is no dry run succeeded: `countersign-dry-run-only` is missing, not bound, or does not deny; apply deploy/cluster, and delete the ConfigMap `default/countersign-probe`, which the account may not delete
    ");
    let lenient = Environment { on_unreachable: OnUnreachable::Render, ..environment() };
    let predicted = predict(&cluster, &lenient, inputs).await;
    assert!(predicted.errors.iter().all(|error| !error.undecided));

    for probe in deployed.probes().await {
        deployed.remove(&probe).await;
    }
    deployed.server.call(Method::DELETE, &binding, None).await;
    deployed.until(off).await;
    deployed.server.call(Method::POST, ADMISSION, Some(bound(json!(["Deny"])))).await;
    deployed.until("On").await;
    let policy = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
    deployed.server.call(Method::DELETE, &format!("{policy}/{POLICY}"), None).await;
    deployed.until(off).await;
}

#[tokio::test]
async fn a_person_with_an_account_of_their_own_is_not_checked_and_nothing_is_written() {
    let Some(world) = World::new().await else { return };
    let dry_runs = world.cluster.dry_runs(&BTreeSet::from([world.namespace.clone()])).await.unwrap();
    assert_eq!(dry_runs, DryRuns::On);
    // The same account in the bot's settings may do too much, and no write is tried with it.
    let checked = connect(world.server.kubeconfig()).await.checked();
    let dry_runs = checked.dry_runs(&BTreeSet::from([world.namespace.clone()])).await.unwrap();
    let DryRuns::Off { why } = dry_runs else { panic!("an administrator predicts") };
    assert!(why.contains("* `*.*`"), "{why}");
    for namespace in ["default", &world.namespace] {
        let maps =
            world.server.call(Method::GET, &format!("/api/v1/namespaces/{namespace}/configmaps"), None).await;
        let names: Vec<_> =
            maps["items"].as_array().unwrap().iter().map(|map| &map["metadata"]["name"]).collect();
        assert!(!names.iter().any(|name| *name == "countersign-probe"), "{names:?}");
    }
}
