#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
//! Two manifests in, fields and text out.

use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{fields, unified, yaml};
use crate::effect::FieldChange;
use crate::object::{RenderedObject, Sealer, SealingKey, parse_manifests};

const KEY: SealingKey = SealingKey::new([7; 32]);

fn read(text: &str) -> Value {
    let sealer = Sealer { key: &KEY, environment: "production", mask: &[] };
    let mut objects: Vec<RenderedObject> = parse_manifests(text, None, None, &sealer).unwrap();
    assert_eq!(objects.len(), 1);
    objects.remove(0).body
}

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

fn text(before: &str, after: &str) -> String {
    unified(Some(&read(before)), Some(&read(after)))
}

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  labels: {app: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: registry.example.org/shop:1.4.2
        args: [--port, '80']
        resources: {limits: {cpu: 1000m, memory: 1024Mi}}
        ports: [{containerPort: 53}, {containerPort: 53, protocol: UDP}]
        env:
        - {name: MODE, value: fast}
        - {name: DB_PASSWORD, value: hunter2}
        volumeMounts: [{name: data, mountPath: /data}]
      volumes: [{name: data, emptyDir: {}}]
";

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

#[test]
fn the_text_of_a_change() {
    let after = WEB
        .replace("replicas: 3", "replicas: 5")
        .replace("1.4.2", "1.5.0")
        .replace("hunter2", "hunter3")
        .replace("1000m", "1");
    assert_snapshot!(text(WEB, &after), @r#"
    @@ -6,7 +6,7 @@
       labels:
         app: web
     spec:
    -  replicas: 3
    +  replicas: 5
       selector:
         matchLabels:
           app: web
    @@ -17,7 +17,7 @@
         spec:
           containers:
           - name: web
    -        image: registry.example.org/shop:1.4.2
    +        image: registry.example.org/shop:1.5.0
             args:
             - --port
             - "80"
    @@ -25,7 +25,7 @@
             - name: MODE
               value: fast
             - name: DB_PASSWORD
    -          value: ‹sealed›
    +          value: ‹changed›
             ports:
             - containerPort: 53
             - containerPort: 53
    "#);
}

#[test]
fn the_text_of_a_creation_and_of_a_removal() {
    let body = read(
        "\
apiVersion: v1
kind: ConfigMap
metadata: {name: app, labels: {b: '1', a: 'yes'}}
data:
  app.properties: |
    a=b
    ---
    c=d
  quoted: '‹sealed›'
  number: '1.0'
  plain: --flag=x
  windows: \"a\\r\\nb\"
  reversed: \"a\\u202eb\"
  empty: ''
  password: hunter2
",
    );
    assert_snapshot!(unified(None, Some(&body)), @r#"
    @@ -0,0 +1,19 @@
    +apiVersion: v1
    +kind: ConfigMap
    +metadata:
    +  name: app
    +  labels:
    +    a: "yes"
    +    b: "1"
    +data:
    +  app.properties: |
    +    a=b
    +    ---
    +    c=d
    +  empty: ""
    +  number: "1.0"
    +  password: ‹sealed›
    +  plain: --flag=x
    +  quoted: "\u2039sealed\u203A"
    +  reversed: "a\u202Eb"
    +  windows: "a\r\nb"
    "#);
    let created = unified(None, Some(&body));
    let removed = unified(Some(&body), None);
    let turned: String = created.lines().skip(1).map(|line| line.replacen('+', "-", 1) + "\n").collect();
    assert_eq!(removed.split_once('\n').unwrap().1, turned);
    assert_eq!(unified(None, None), "");
}

#[test]
fn a_long_line_is_broken_so_that_the_change_shows() {
    let long = |tail: &str| json!({"kind": "ConfigMap", "data": {"k": format!("{}{tail}{}", "x".repeat(1000), " y".repeat(500))}});
    let text = unified(Some(&long("a")), Some(&long("b")));
    assert!(text.lines().count() < 15 && text.lines().all(|line| line.len() < 150), "{text}");
}

#[test]
fn a_text_that_is_too_long_says_how_much_is_missing() {
    let numbers = |from: usize| {
        let entries = (from..from + 30_000).map(|n| (format!("k{n:06}"), json!(n)));
        json!({"kind": "ConfigMap", "data": Map::from_iter(entries)})
    };
    let text = unified(Some(&numbers(0)), Some(&numbers(100_000)));
    assert_eq!(text.lines().count(), 5_001);
    assert_eq!(
        text.lines().last().unwrap(),
        "@@ 55003 more lines are not shown: 30000 added, 25003 removed @@"
    );
    let shown = text.lines().filter(|line| line.starts_with('-')).count();
    assert_eq!(shown + 25_003, 30_000);
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (-1e6..1e6f64).prop_map(|n| Value::from((n * 4.0).round() / 4.0 + 0.125)),
        "[ -~]{0,12}".prop_map(Value::from),
        "[a-z \\n\\t:#-]{0,20}".prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        prop::sample::select(vec![
            "yes",
            "~",
            "0x1",
            "1e3",
            "1_000",
            "---",
            "- a",
            "a: b",
            "a #b",
            "<<",
            "=",
            "1:30",
            ".5",
            "+1",
            "-.inf",
            "?",
            "|",
            "‹sealed›",
            "\u{feff}",
            "\u{2028}",
            "a\r\nb",
            "\u{85}"
        ])
        .prop_map(Value::from),
        "[a-z ]{401,900}".prop_map(Value::from),
        "([a-z \\\\\"]{1,300}\\n){2,4}".prop_map(Value::from),
    ]
}

fn tree() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c]|\\PC{1,4}|containers|name|ports|protocol|on|1", inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn manifest() -> impl Strategy<Value = Value> {
    tree().prop_map(
        |spec| json!({"apiVersion": "v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": spec}),
    )
}

proptest! {
    #[test]
    fn nothing_differs_from_itself(a in manifest()) {
        prop_assert_eq!(fields(&a, &a), []);
        prop_assert_eq!(unified(Some(&a), Some(&a)), "");
    }

    #[test]
    fn there_are_fields_exactly_where_the_text_differs(a in manifest(), b in manifest()) {
        let changes = fields(&a, &b);
        prop_assert_eq!(changes.is_empty(), unified(Some(&a), Some(&b)).is_empty());
        prop_assert_eq!(changes.is_empty(), a == b);
        for change in &changes {
            prop_assert_ne!(&change.before, &change.after);
            prop_assert!(!change.path.is_empty());
        }
    }

    #[test]
    fn paths_are_unique(a in manifest(), b in manifest()) {
        let mut paths: Vec<String> = fields(&a, &b).into_iter().map(|change| change.path).collect();
        let all = paths.len();
        paths.sort();
        paths.dedup();
        prop_assert_eq!(paths.len(), all);
    }

    #[test]
    fn what_is_written_is_read_back(a in manifest()) {
        let text = yaml::lines(&a).join("\n");
        let back: Value = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        prop_assert_eq!(back, a, "{}", text);
    }

    #[test]
    fn no_line_holds_a_sign_that_does_not_show(a in manifest()) {
        for line in yaml::lines(&a) {
            prop_assert!(!line.chars().any(|c| c.is_control() && c != '\t' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}' | '\u{feff}')), "{:?}", line);
        }
    }
}
