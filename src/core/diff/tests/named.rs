//! Fields by the paths that people read.

use serde_json::{Value, json};

use super::{WEB, read, unified};
use crate::diff::fields;
use crate::effect::FieldChange;

fn lines(changes: &[FieldChange]) -> String {
    let side = |value: &Option<Value>| value.as_ref().map_or_else(|| "-".to_owned(), Value::to_string);
    let line = |change: &FieldChange| match change.masked {
        true => format!("{}: masked\n", change.path),
        false => format!("{}: {} → {}\n", change.path, side(&change.before), side(&change.after)),
    };
    changes.iter().map(line).collect()
}

/// The fields that differ; and the text must differ exactly where they do.
fn compared(before: &str, after: &str) -> String {
    let (before, after) = (read(before), read(after));
    let changes = fields(&before, &after);
    let text = unified(Some(&before), Some(&after));
    assert_eq!(changes.is_empty(), text.is_empty(), "{}\n{text}", lines(&changes));
    lines(&changes)
}

#[track_caller]
fn check_web(edits: &[(&str, &str)], want: &str) {
    let after = edits.iter().fold(WEB.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    });
    assert_eq!(compared(WEB, &after).trim_end(), want);
}

#[test]
fn paths_are_as_people_read_them() {
    check_web(&[("replicas: 3", "replicas: 5")], "spec.replicas: 3 → 5");
    check_web(
        &[("shop:1.4.2", "shop:1.5.0")],
        "spec.template.spec.containers[name=web].image: \"registry.example.org/shop:1.4.2\" → \"registry.example.org/shop:1.5.0\"",
    );
    check_web(
        &[("value: fast", "value: slow")],
        "spec.template.spec.containers[name=web].env[name=MODE].value: \"fast\" → \"slow\"",
    );
    check_web(
        &[("protocol: UDP", "protocol: UDP, name: dns")],
        "spec.template.spec.containers[name=web].ports[containerPort=53,protocol=UDP].name: - → \"dns\"",
    );
    check_web(
        &[("mountPath: /data", "mountPath: /data, readOnly: true")],
        "spec.template.spec.containers[name=web].volumeMounts[mountPath=/data].readOnly: - → true",
    );
    check_web(
        &[("labels: {app: web}\nspec", "labels: {app: web, example.org/tier: a}\nspec")],
        "metadata.labels[\"example.org/tier\"]: - → \"a\"",
    );
    check_web(
        &[("[--port, '80']", "[--verbose, --port, '80']")],
        "spec.template.spec.containers[name=web].args: [\"--port\",\"80\"] → [\"--verbose\",\"--port\",\"80\"]",
    );
}

#[test]
fn other_spellings_are_no_difference() {
    check_web(&[("cpu: 1000m, memory: 1024Mi", "cpu: 1, memory: 1Gi")], "");
    check_web(&[("{containerPort: 53}", "{containerPort: 53, protocol: TCP}")], "");
    check_web(
        &[("cpu: 1000m", "cpu: 1001m")],
        "spec.template.spec.containers[name=web].resources.limits.cpu: \"1000m\" → \"1001m\"",
    );
    check_web(
        &[("'80'", "80m"), ("80m", "0.08")],
        "spec.template.spec.containers[name=web].args: [\"--port\",\"80\"] → [\"--port\",0.08]",
    );
}

// 25. Port lists with the same port number and different protocol merge by their composite key.
#[test]
fn ports_are_told_by_number_and_protocol() {
    let service = |udp: u16, tcp: &str| {
        format!(
            "{{apiVersion: v1, kind: Service, metadata: {{name: a}}, spec: {{ports: [{{port: 53, protocol: UDP, targetPort: {udp}}}, {{port: 53, {tcp}}}]}}}}"
        )
    };
    assert_eq!(
        compared(&service(1, "targetPort: 2"), &service(3, "targetPort: 2, protocol: TCP")),
        "spec.ports[port=53,protocol=UDP].targetPort: 1 → 3\n"
    );
    assert_eq!(
        compared(&service(1, "targetPort: 2"), &service(1, "targetPort: 4")),
        "spec.ports[port=53].targetPort: 2 → 4\n"
    );
}

// 30. What no schema knows is compared all the same.
#[test]
fn fields_that_nobody_knows_are_fields() {
    let planet = |deep: &str| {
        format!(
            "{{apiVersion: example.org/v1, kind: Planet, metadata: {{name: a}}, spec: {{any: {{x-y: [[{{z: {deep}}}]]}}}}}}"
        )
    };
    assert_eq!(compared(&planet("1"), &planet("2")), "spec.any.x-y[0][0].z: 1 → 2\n");
}

#[test]
fn quantities_are_equal_only_where_the_api_has_them() {
    for (a, b, same) in [
        ("1000m", "1", true),
        ("1024Mi", "1Gi", true),
        ("1e3", "1k", true),
        ("0.5", "500m", true),
        ("1.5Gi", "1536Mi", true),
        ("100000000n", "100m", true),
        ("1E", "1000P", true),
        ("1", "2", false),
        ("1M", "1Mi", false),
        ("1x", "1y", false),
        ("", "0", false),
        ("99999999999999999999999999999999999999", "1", false),
    ] {
        let pod = |amount: &str| json!({"kind": "Pod", "spec": {"containers": [{"name": "a", "resources": {"requests": {"cpu": amount}}}]}});
        assert_eq!(fields(&pod(a), &pod(b)).is_empty(), same, "{a} {b}");
        let map = |amount: &str| json!({"kind": "ConfigMap", "data": {"cpu": amount}});
        assert_eq!(fields(&map(a), &map(b)).len(), 1, "{a} {b}");
    }
}

#[test]
fn added_and_removed_items_are_one_field_each() {
    check_web(
        &[("      volumes:", "      - {name: proxy, image: proxy:1}\n      volumes:")],
        "spec.template.spec.containers[name=proxy]: - → {\"image\":\"proxy:1\",\"name\":\"proxy\"}",
    );
    check_web(
        &[("        - {name: MODE, value: fast}\n", "")],
        "spec.template.spec.containers[name=web].env[name=MODE]: {\"name\":\"MODE\",\"value\":\"fast\"} → -",
    );
}

#[test]
fn a_new_order_is_shown_as_such() {
    check_web(
        &[
            ("        - {name: MODE, value: fast}\n", ""),
            ("value: hunter2}\n", "value: hunter2}\n        - {name: MODE, value: fast}\n"),
        ],
        "spec.template.spec.containers[name=web].env: [\"name=MODE\",\"name=DB_PASSWORD\"] → [\"name=DB_PASSWORD\",\"name=MODE\"]",
    );
}

#[test]
fn items_without_a_key_keep_together_at_both_ends() {
    let role = |rules: &str| {
        format!(
            "{{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {{name: a}}, rules: [{rules}]}}"
        )
    };
    let (a, b, c) = ("{verbs: [get]}", "{verbs: [list]}", "{verbs: [watch]}");
    assert_eq!(
        compared(&role(&format!("{a}, {c}")), &role(&format!("{a}, {b}, {c}"))),
        "rules[1]: - → {\"verbs\":[\"list\"]}\n"
    );
    assert_eq!(
        compared(&role(&format!("{a}, {b}, {c}")), &role(&format!("{b}, {c}"))),
        "rules[0]: {\"verbs\":[\"get\"]} → -\n"
    );
    assert_eq!(
        compared(&role(a), &role("{verbs: [get, list]}")),
        "rules[0].verbs: [\"get\"] → [\"get\",\"list\"]\n"
    );
}

#[test]
fn keys_that_are_not_unique_are_no_keys() {
    let pod = |env: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {{containers: [{{name: c, env: [{env}]}}]}}}}"
        )
    };
    assert_eq!(
        compared(
            &pod("{name: A, value: a}, {name: A, value: b}"),
            &pod("{name: A, value: a}, {name: A, value: c}")
        ),
        "spec.containers[name=c].env[1].value: \"b\" → \"c\"\n"
    );
}

#[test]
fn what_the_server_keeps_never_appears() {
    let text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}";
    let live = "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: a
  uid: b
  resourceVersion: '1'
  generation: 2
  creationTimestamp: '2026-01-01T00:00:00Z'
  managedFields: [{manager: x}]
  annotations: {kubectl.kubernetes.io/last-applied-configuration: '{}'}
status: {ready: true}
";
    assert_eq!(compared(text, live), "");
    assert_eq!(compared(live, text), "");
    assert!(!unified(None, Some(&read(live))).contains("uid"));
}

#[test]
fn secrets_show_which_keys_change() {
    let secret = |data: &str| {
        format!("{{apiVersion: v1, kind: Secret, metadata: {{name: a}}, stringData: {{{data}}}}}")
    };
    assert_eq!(compared(&secret("k: a, l: b"), &secret("k: c, l: b")), "data.k: masked\n");
    assert_eq!(compared(&secret("k: a"), &secret("k: a, l: b, m: c")), "data.l: masked\ndata.m: masked\n");
    assert_eq!(
        compared(
            "{apiVersion: v1, kind: Secret, metadata: {name: a}, stringData: {k: hunter2}}",
            "{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {k: aHVudGVyMg==}}"
        ),
        ""
    );
    check_web(
        &[("hunter2", "hunter3")],
        "spec.template.spec.containers[name=web].env[name=DB_PASSWORD].value: masked",
    );
    check_web(
        &[("        - {name: DB_PASSWORD, value: hunter2}\n", "")],
        "spec.template.spec.containers[name=web].env[name=DB_PASSWORD].name: \"DB_PASSWORD\" → -\nspec.template.spec.containers[name=web].env[name=DB_PASSWORD].value: masked",
    );
}
