//! Dangers: each kind with what calls for it and what does not.

use super::{effects, word};
use crate::effect::Risk;

/// The dangers of the one effect between two manifests; an empty text is no manifest.
#[track_caller]
fn check(base: &str, head: &str, want: &str) {
    let effects = effects(base, head);
    assert_eq!(effects.len(), 1, "{base}\n{head}");
    let risks: Vec<String> = effects[0].risks.iter().map(word::<Risk>).collect();
    assert_eq!(risks.join(" "), want, "{base}\n{head}");
}

fn object(kind: &str, fields: &str) -> String {
    let (version, kind) = kind.split_once(' ').unwrap();
    format!("{{apiVersion: {version}, kind: {kind}, metadata: {{name: a}}, {fields}}}")
}

#[test]
fn data_loss() {
    let gone = |kind: &str, fields: &str, want: &str| check(&object(kind, fields), "", want);
    gone("v1 PersistentVolumeClaim", "spec: {}", "data-loss prune");
    gone("v1 PersistentVolume", "spec: {}", "data-loss prune");
    gone("v1 Namespace", "spec: {}", "data-loss prune namespace");
    gone("apiextensions.k8s.io/v1 CustomResourceDefinition", "spec: {}", "data-loss prune crd");
    gone("apps/v1 StatefulSet", "spec: {volumeClaimTemplates: [{metadata: {name: a}}]}", "data-loss prune");
    gone("apps/v1 StatefulSet", "spec: {}", "prune");
    gone("apps/v1 Deployment", "spec: {}", "prune");
    let claim =
        |class: &str| object("v1 PersistentVolumeClaim", &format!("spec: {{storageClassName: {class}}}"));
    check(&claim("a"), &claim("b"), "replace data-loss");
}

#[test]
fn privilege_of_pods() {
    let pod =
        |fields: &str| object("apps/v1 Deployment", &format!("spec: {{template: {{spec: {{{fields}}}}}}}"));
    let container =
        |context: &str| pod(&format!("containers: [{{name: a, image: x, securityContext: {{{context}}}}}]"));
    let plain = container("");
    for context in [
        "privileged: true",
        "allowPrivilegeEscalation: true",
        "runAsUser: 0",
        "capabilities: {add: [NET_ADMIN]}",
        "procMount: Unmasked",
        "seccompProfile: {type: Unconfined}",
    ] {
        check(&plain, &container(context), "privilege");
        check("", &container(context), "privilege");
    }
    for context in [
        "privileged: false",
        "allowPrivilegeEscalation: false",
        "runAsUser: 1000",
        "capabilities: {drop: [ALL]}",
        "runAsNonRoot: true",
    ] {
        check(&plain, &container(context), "");
    }
    for bound in ["allowPrivilegeEscalation: false", "capabilities: {drop: [ALL]}", "runAsNonRoot: true"] {
        check(&container(bound), &plain, "privilege");
    }
    for field in
        ["hostNetwork: true", "hostPID: true", "hostIPC: true", "volumes: [{name: v, hostPath: {path: /}}]"]
    {
        let with = pod(&format!("containers: [{{name: a, image: x, securityContext: {{}}}}], {field}"));
        check(&plain, &with, "privilege");
        check(&with, &plain, "");
    }
    let account = |name: &str| pod(&format!("containers: [], serviceAccountName: {name}"));
    check(&account("a"), &account("b"), "privilege");
    let rollout = |privileged: &str| {
        object(
            "argoproj.io/v1alpha1 Rollout",
            &format!(
                "spec: {{template: {{spec: {{containers: [{{name: a, securityContext: {{privileged: {privileged}}}}}]}}}}}}"
            ),
        )
    };
    check(&rollout("false"), &rollout("true"), "privilege");
}

#[test]
fn privilege_of_roles() {
    let role = |rules: &str| object("rbac.authorization.k8s.io/v1 ClusterRole", &format!("rules: [{rules}]"));
    let reads = "{apiGroups: [''], resources: [pods, secrets], verbs: [get, list]}";
    check("", &role(reads), "privilege");
    check(&role(reads), "", "prune");
    check(&role(reads), &role("{apiGroups: [''], resources: [pods], verbs: [get]}"), "");
    check(
        &role(reads),
        &role("{apiGroups: [''], resources: [pods, secrets], verbs: [get, list, delete]}"),
        "privilege",
    );
    check(&role(reads), &role("{apiGroups: ['', apps], resources: [pods], verbs: [get]}"), "privilege");
    let all = "{apiGroups: ['*'], resources: ['*'], verbs: ['*']}";
    check(&role(all), &role(reads), "");
    check(&role(reads), &role(all), "privilege");
    let named = "{apiGroups: [''], resources: [secrets], resourceNames: [a], verbs: [get]}";
    check(&role(reads), &role(named), "");
    check(&role(named), &role(reads), "privilege");
    check(
        &role(reads),
        &role(
            "{apiGroups: [''], resources: [pods], verbs: [get, list]}, {apiGroups: [''], resources: [secrets], verbs: [list, get]}",
        ),
        "",
    );
    check(
        &role("{nonResourceURLs: [/metrics], verbs: [get]}"),
        &role("{nonResourceURLs: ['*'], verbs: [get]}"),
        "privilege",
    );
    let aggregate = |label: &str| {
        format!(
            "{{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {{name: a, labels: {{{label}}}}}}}"
        )
    };
    check(&aggregate(""), &aggregate("rbac.authorization.k8s.io/aggregate-to-admin: 'true'"), "privilege");
}

#[test]
fn privilege_of_bindings_and_guards() {
    let binding = |role: &str, who: &str| {
        object(
            "rbac.authorization.k8s.io/v1 RoleBinding",
            &format!("roleRef: {{name: {role}}}, subjects: [{who}]"),
        )
    };
    check("", &binding("view", "{kind: Group, name: a}"), "privilege");
    check(
        &binding("view", "{kind: Group, name: a}"),
        &binding("view", "{kind: Group, name: a}, {kind: Group, name: b}"),
        "privilege",
    );
    check(
        &binding("view", "{kind: Group, name: a}, {kind: Group, name: b}"),
        &binding("view", "{kind: Group, name: a}"),
        "",
    );
    check(
        &binding("view", "{kind: Group, name: a}"),
        &binding("admin", "{kind: Group, name: a}"),
        "replace privilege",
    );
    let webhook = object("admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration", "webhooks: []");
    check(&webhook, "", "privilege prune");
    check("", &webhook, "privilege");
    let namespace = |level: &str| {
        format!(
            "{{apiVersion: v1, kind: Namespace, metadata: {{name: a, labels: {{pod-security.kubernetes.io/enforce: {level}}}}}}}"
        )
    };
    check(&namespace("restricted"), &namespace("privileged"), "privilege namespace");
    check(&namespace("baseline"), &namespace("restricted"), "namespace");
}

#[test]
fn exposure() {
    let service = |fields: &str| object("v1 Service", &format!("spec: {{{fields}}}"));
    check(&service("type: ClusterIP"), &service("type: LoadBalancer"), "exposure");
    check(&service("type: ClusterIP"), &service("type: NodePort"), "exposure");
    check("", &service("type: LoadBalancer"), "exposure");
    check("", &service("type: ClusterIP"), "");
    check(&service("type: LoadBalancer"), &service("type: ClusterIP"), "");
    check(&service("type: ClusterIP"), &service("type: ClusterIP, externalIPs: [192.0.2.1]"), "exposure");
    check(
        &service("type: LoadBalancer, loadBalancerSourceRanges: [10.0.0.0/8]"),
        &service("type: LoadBalancer"),
        "exposure",
    );
    check(
        &service("type: NodePort, ports: [{port: 80}]"),
        &service("type: NodePort, ports: [{port: 80}, {port: 81}]"),
        "exposure",
    );

    let ingress = |hosts: &[&str]| {
        let rules: Vec<String> =
            hosts.iter().map(|host| format!("{{host: {host}, http: {{paths: [{{path: /}}]}}}}")).collect();
        object("networking.k8s.io/v1 Ingress", &format!("spec: {{rules: [{}]}}", rules.join(", ")))
    };
    check("", &ingress(&["a.example.org"]), "exposure");
    check(&ingress(&["a.example.org"]), &ingress(&["a.example.org", "b.example.org"]), "exposure");
    check(&ingress(&["a.example.org", "b.example.org"]), &ingress(&["a.example.org"]), "");

    let policy = |spec: &str| {
        object("networking.k8s.io/v1 NetworkPolicy", &format!("spec: {{podSelector: {{}}, {spec}}}"))
    };
    let narrow = policy("policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {a: b}}}]}]");
    check(&narrow, "", "exposure prune");
    check("", &narrow, "");
    check(&narrow, &policy("policyTypes: [Ingress], ingress: [{}]"), "exposure");
    check(&narrow, &policy("policyTypes: [Egress], ingress: []"), "exposure");
    check(&narrow, &policy("policyTypes: [Ingress], ingress: []"), "");
    check(&narrow, &policy("policyTypes: [Ingress, Egress], ingress: []"), "");

    let pod = |ports: &str| {
        object(
            "apps/v1 Deployment",
            &format!("spec: {{template: {{spec: {{containers: [{{name: a, ports: [{ports}]}}]}}}}}}"),
        )
    };
    check(&pod("{containerPort: 80}"), &pod("{containerPort: 80, hostPort: 80}"), "exposure");
}

#[test]
fn images_charts_and_scale() {
    let pod = |image: &str| {
        object(
            "apps/v1 Deployment",
            &format!("spec: {{template: {{spec: {{containers: [{{name: a, image: '{image}'}}]}}}}}}"),
        )
    };
    check(&pod("shop:1"), &pod("shop:2"), "image");
    check("", &pod("shop:1"), "");
    let two = object(
        "apps/v1 Deployment",
        "spec: {template: {spec: {containers: [{name: a, image: 'shop:1'}], initContainers: [{name: b, image: c}]}}}",
    );
    check(&pod("shop:1"), &two, "image");
    check(&two, &pod("shop:1"), "");
    let custom = |tag: &str| object("example.org/v1 Planet", &format!("spec: {{image: 'planet:{tag}'}}"));
    check(&custom("1"), &custom("2"), "image");
    let application = |version: &str| {
        object(
            "argoproj.io/v1alpha1 Application",
            &format!(
                "spec: {{source: {{repoURL: https://charts.example.org, chart: redis, targetRevision: {version}}}}}"
            ),
        )
    };
    check(&application("17.0.0"), &application("18.0.0"), "chart");
    let release = |version: &str, suspend: &str| {
        object(
            "helm.toolkit.fluxcd.io/v2 HelmRelease",
            &format!("spec: {{suspend: {suspend}, chart: {{spec: {{chart: redis, version: {version}}}}}}}"),
        )
    };
    check(&release("17.0.0", "false"), &release("18.0.0", "false"), "chart");
    check(&release("17.0.0", "false"), &release("17.0.0", "true"), "suspended");
    let replicas = |count: &str| object("apps/v1 Deployment", &format!("spec: {{{count}, template: {{}}}}"));
    check(&replicas("replicas: 2"), &replicas("replicas: 0"), "scale-to-zero");
    check(&replicas("paused: true"), &replicas("replicas: 0"), "scale-to-zero");
    check(&replicas("replicas: 0"), &replicas("replicas: 2"), "");
    check(&replicas("replicas: 3"), &replicas("replicas: 1"), "");
    let cron = |suspend: &str| object("batch/v1 CronJob", &format!("spec: {{suspend: {suspend}}}"));
    check(&cron("false"), &cron("true"), "scale-to-zero");
    check(&cron("true"), &cron("false"), "");
    let of_chart = |version: &str| {
        format!(
            "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: a, labels: {{helm.sh/chart: redis-{version}}}}}}}"
        )
    };
    check(&of_chart("17.0.0"), &of_chart("18.0.0"), "chart");
    check("", &of_chart("17.0.0"), "");
}

// 18. A CRD change that drops a served version says so.
#[test]
fn a_version_that_is_served_no_more_is_named() {
    let crd = |served: bool| {
        object(
            "apiextensions.k8s.io/v1 CustomResourceDefinition",
            &format!(
                "spec: {{scope: Namespaced, versions: [{{name: v1, served: true}}, {{name: v1beta1, served: {served}}}]}}"
            ),
        )
    };
    let told = |base: bool, head: bool| super::told(&effects(&crd(base), &crd(head)));
    insta::assert_snapshot!(told(true, false), @"update CustomResourceDefinition a | risks: crd | fields: spec.versions[name=v1beta1].served | v1beta1 is served no more: objects of that version are refused");
    insta::assert_snapshot!(told(false, true), @"update CustomResourceDefinition a | risks: crd | fields: spec.versions[name=v1beta1].served");
}

#[test]
fn kinds_that_are_dangers_by_themselves() {
    check("", &object("v1 Secret", "stringData: {a: b}"), "secret");
    check("", &object("v1 Namespace", "spec: {}"), "namespace");
    check("", &object("apiextensions.k8s.io/v1 CustomResourceDefinition", "spec: {}"), "crd");
    let config = |password: &str| object("v1 ConfigMap", &format!("data: {{password: {password}}}"));
    check(&config("a"), &config("b"), "secret");
}
