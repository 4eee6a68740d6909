//! Bodies as a real API server (1.36) sent them, and what they mean. No value that they quote may come out.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use countersign_core::object::ObjectRef;
use insta::assert_snapshot;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::answer::{Absence, Answer, Reply, Trouble, read};
use super::discovery::{Cache, Lookup, Resource, Served};

fn answer(status: u16, body: &str) -> Answer {
    read(&Reply { status, warnings: Vec::new(), retry_after: None, body: body.as_bytes().to_vec() })
}

fn status(code: u16, message: &str, details: Value) -> Answer {
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "details": details, "code": code,
    });
    answer(code, &body.to_string())
}

/// In one line, for snapshots.
fn check(answer: &Answer) -> String {
    let line = match answer {
        Answer::Refused { why, immutable: true, .. } => format!("immutable: {why}"),
        Answer::Refused { why, immutable: false, .. } => format!("refused: {why}"),
        Answer::Unpredictable { why } => format!("unpredictable: {why}"),
        Answer::Trouble(Trouble::Forbidden { why }) => format!("forbidden: {why}"),
        Answer::Trouble(Trouble::Failed { why }) => format!("failed: {why}"),
        Answer::Trouble(Trouble::Unavailable { why }) => format!("unavailable: {why}"),
        Answer::Trouble(Trouble::OutOfOrder { why }) => format!("out of order: {why}"),
        Answer::Trouble(Trouble::Odd { why }) => format!("odd: {why}"),
        Answer::Object(_)
        | Answer::Absent(_)
        | Answer::Trouble(Trouble::Conflict | Trouble::Throttled { .. }) => {
            format!("{answer:?}")
        }
    };
    assert!(!line.contains("hunter2"), "a value came out: {line}");
    line
}

fn cause(reason: &str, field: &str, message: &str) -> Value {
    json!({ "reason": reason, "field": field, "message": message })
}

#[test]
fn who_is_asked_to_wait_waits_as_long_as_it_is_told() {
    let after =
        |retry_after| read(&Reply { status: 429, warnings: Vec::new(), retry_after, body: Vec::new() });
    let waits = |after| Answer::Trouble(Trouble::Throttled { after });
    assert_eq!(after(Some(Duration::from_secs(7))), waits(Duration::from_secs(7)));
    assert_eq!(after(Some(Duration::ZERO)), waits(Duration::ZERO));
}

#[test]
fn absence_is_told_by_the_body() {
    assert_eq!(answer(404, "404 page not found\n"), Answer::Absent(Absence::Kind));
    let unknown = status(404, "the server could not find the requested resource", json!({}));
    assert_eq!(unknown, Answer::Absent(Absence::Kind));
    let namespace =
        status(404, "namespaces \"nope\" not found", json!({ "name": "nope", "kind": "namespaces" }));
    assert_eq!(namespace, Answer::Absent(Absence::Namespace("nope".to_owned())));
    let object = status(404, "configmaps \"c\" not found", json!({ "name": "c", "kind": "configmaps" }));
    assert_eq!(object, Answer::Absent(Absence::Object));
    assert_snapshot!(check(&answer(404, "<html>no such host hunter2</html>")), @"odd: status 404 with a body that is not the API server's");
}

#[test]
fn an_immutable_field_is_told_from_an_invalid_one() {
    let selector = cause(
        "FieldValueInvalid",
        "spec.selector",
        "Invalid value: {\"matchLabels\":{\"app\":\"hunter2\"}}: field is immutable",
    );
    let replicas =
        cause("FieldValueInvalid", "spec.replicas", "Invalid value: -3: must be greater than or equal to 0");
    let claims =
        "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals' are forbidden";
    let claim = "Forbidden: spec is immutable after creation except resources.requests\n- hunter2\n+ hunter3";
    let class = "Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n@@ -10,7 +10,7 @@\n  \"VolumeName\": \"\",\n- \"StorageClassName\": \"hunter2\",\n+ \"StorageClassName\": \"hunter3\",\n- \"DNSPolicy\": null,\n-  \"hunter2\": \"below\",\n";
    let pod = "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.tolerations` (only additions to existing tolerations)\n-  \"HostNetwork\": false,\n";
    let ip = cause(
        "FieldValueInvalid",
        "spec.clusterIPs[0]",
        "Invalid value: [\"10.0.0.77\"]: may not change once set",
    );
    let enumerated = cause(
        "FieldValueNotSupported",
        "spec.mode",
        "Unsupported value: \"hunter2\": supported values: \"a\"",
    );
    let stopped =
        cause("FieldValueInvalid", "<nil>", "Invalid value: null: some validation rules were not checked");
    let ours = cause("FieldValueInvalid", "spec.fixed", "Invalid value: \"hunter2\": Value is immutable");
    let theirs = cause("FieldValueInvalid", "spec.pin", "Invalid value: \"immutable\": hunter2 is no pin");
    let invalid = |causes: Value| {
        check(&status(422, "Deployment.apps \"web\" is invalid: hunter2", json!({ "causes": causes })))
    };
    assert_snapshot!(invalid(json!([selector])), @"immutable: `spec.selector` cannot be changed once it is set");
    assert_snapshot!(invalid(json!([replicas])), @"refused: `spec.replicas` has an invalid value: must be greater than or equal to 0");
    assert_snapshot!(invalid(json!([selector, replicas])), @"refused: `spec.selector` cannot be changed once it is set; `spec.replicas` has an invalid value: must be greater than or equal to 0");
    assert_snapshot!(invalid(json!([cause("FieldValueForbidden", "spec", claims)])), @"immutable: `spec` cannot be changed once it is set, except `replicas`, `ordinals`");
    assert_snapshot!(invalid(json!([cause("FieldValueForbidden", "spec", claim)])), @"immutable: `spec` cannot be changed once it is set, except `resources.requests`");
    assert_snapshot!(invalid(json!([cause("FieldValueForbidden", "spec", class)])), @"immutable: `spec.dnsPolicy`, `spec.storageClassName` cannot be changed once it is set");
    assert_snapshot!(invalid(json!([cause("FieldValueForbidden", "spec", pod)])), @"immutable: `spec` cannot be changed once it is set, except `spec.containers[*].image`, `spec.tolerations`");
    assert_snapshot!(invalid(json!([ip])), @"immutable: `spec.clusterIPs[0]` cannot be changed once it is set");
    assert_snapshot!(invalid(json!([enumerated, stopped])), @"refused: `spec.mode` has a value that is not one of those supported");
    assert_snapshot!(invalid(json!([ours])), @"immutable: `spec.fixed` cannot be changed once it is set");
    assert_snapshot!(invalid(json!([theirs])), @"refused: `spec.pin` has an invalid value");
    assert_snapshot!(invalid(json!([])), @"refused: it is not a valid object of its kind");
}

#[test]
fn a_schema_error_of_apply_is_a_refusal_and_not_an_outage() {
    let typed = |text: &str| {
        check(&status(
            500,
            &format!("failed to create typed patch object (t1/web; apps/v1, Kind=Deployment): {text}"),
            json!({}),
        ))
    };
    assert_snapshot!(typed(".spec.replicaz: field not declared in schema"), @"refused: `spec.replicaz` is not a field of its kind");
    assert_snapshot!(typed(".spec.replicas: expected numeric (int or float), got string"), @"refused: `spec.replicas` has a value of the wrong type: numeric (int or float) is expected");
    assert_snapshot!(typed(".spec.template.spec.containers[name=\"web\"].env: duplicate entries for key [name=\"A\"]"), @r#"refused: `spec.template.spec.containers[name="web"].env` has two entries with the same key"#);
    assert_snapshot!(typed("errors:\n  .spec.a: field not declared in schema\n  .spec.b: expected string, got &value{\"hunter2\"}"), @"refused: `spec.a` is not a field of its kind; `spec.b` has a value of the wrong type: string is expected");
    assert_snapshot!(typed(".metadata.finalizers[=\"hunter2\"]: hunter2"), @"refused: `metadata.finalizers[…]` does not fit the schema of its kind");
}

#[test]
fn a_value_that_the_server_cannot_read_is_a_refusal_and_not_an_outage() {
    let said = |message: &str| check(&status(500, message, json!({})));
    assert_snapshot!(said("Internal error occurred: unable to convert: illegal base64 data at input byte 4: hunter2"), @"refused: a value is not base64");
    assert_snapshot!(said("quantities must match the regular expression '^([+-]?[0-9.]+)$': hunter2"), @"refused: a value is not a quantity");
    assert_snapshot!(said("duplicate nodePort: {TCP 32720}"), @"refused: two of its ports have the same name, and would get the same node port");
    assert_snapshot!(said("The order in patch list:\n[map[name:hunter2]]\n doesn't match $setElementOrder list:\n[map[name:hunter2]]\n"), @"refused: a list has two entries with the same key, which cannot be put in order");
    assert_snapshot!(said("failed to create typed live object (t1/web): hunter2"), @"unpredictable: the live object does not fit the schema of its kind");
}

#[test]
fn a_missing_permission_is_told_from_an_admission_that_denies() {
    let forbidden = |message: &str| check(&status(403, message, json!({ "name": "web" })));
    assert_snapshot!(forbidden("deployments.apps \"web\" is forbidden: User \"system:serviceaccount:t2:sa\" cannot patch resource \"deployments\" in API group \"apps\" in the namespace \"t2\""), @"forbidden: the account may not patch `deployments.apps` in namespace `t2`");
    assert_snapshot!(forbidden("nodes \"n\" is forbidden: User \"sa\" cannot get resource \"nodes\" in API group \"\" at the cluster scope"), @"forbidden: the account may not get `nodes` in the whole cluster");
    assert_snapshot!(forbidden("deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'at most five' with binding 'b' denied request: has hunter2"), @"refused: ValidatingAdmissionPolicy `at most five` denies it");
    assert_snapshot!(forbidden("admission webhook \"v.ex.org\" denied the request: hunter2"), @"refused: admission webhook `v.ex.org` denies it");
    assert_snapshot!(forbidden("configmaps \"a\" is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=1"), @"refused: it exceeds the quota `q`: `configmaps`");
    assert_snapshot!(forbidden("pods \"p\" is forbidden: violates PodSecurity \"restricted:latest\": host namespaces (hostNetwork=true)"), @"refused: it violates PodSecurity `restricted:latest`: `host namespaces`");
    assert_snapshot!(forbidden("pods \"p\" is forbidden: maximum cpu usage per Container is 1, but limit is 2"), @"refused: it is outside the LimitRange of its namespace: `maximum cpu usage per Container`");
    let about = |text: &str| forbidden(&format!("pods \"p\" is forbidden: {text}"));
    assert_snapshot!(about("failed quota: q: must specify limits.cpu,requests.memory for: c; hunter2"), @"refused: the quota `q` wants it to say its resources: `limits.cpu`; `requests.memory`");
    assert_snapshot!(about("status unknown for quota: q, resources: pods"), @"out of order: the quota `q` is not counted yet");
    assert_snapshot!(about("[memory max limit to request ratio per Container is 2, but provided ratio is 4.5, minimum memory usage per Pod is 1Mi, but request is 1Ki]"), @"refused: it is outside the LimitRange of its namespace: `memory max limit to request ratio per Container`; `minimum memory usage per Pod`");
    assert_snapshot!(about("no PriorityClass with name fast was found"), @"refused: its PriorityClass `fast` is not in the cluster");
    assert_snapshot!(about("pod rejected: RuntimeClass \"g\" not found"), @"refused: its RuntimeClass `g` is not in the cluster");
    assert_snapshot!(about("error looking up service account shop/bot: serviceaccount \"bot\" not found"), @"refused: its ServiceAccount `bot` is not in the cluster");
    assert_snapshot!(about("the integer value of priority (7) must not be provided in pod spec; hunter2"), @"refused: `spec.priority` is not what its PriorityClass says");
    assert_snapshot!(about("not yet ready to handle request"), @"out of order: its admission is not ready yet");
    assert_snapshot!(about("cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: , <nil>"), @"forbidden: the account may not set finalizers of the object's owners (`blockOwnerDeletion`)");
    assert_snapshot!(about("unable to validate against any security context constraint: [provider \"hunter2\": Forbidden]"), @"forbidden: no security context constraint lets the account make such a Pod");
    assert_snapshot!(about("a plugin of ours says hunter2"), @"refused: admission denies it, in words that may quote values");
    assert_snapshot!(about("User \"hunter2\" may not, says our authorizer"), @"forbidden: it does not say which permission is missing");
    assert_snapshot!(forbidden("hunter2 says no"), @"forbidden: it does not say why in words that are known");
    let ending = json!({ "causes": [cause("NamespaceTerminating", "metadata.namespace", "namespace t2x is being terminated")] });
    assert_snapshot!(check(&status(403, "unable to create new content in namespace t2x because it is being terminated", ending)), @"refused: its namespace is being deleted");
    assert_snapshot!(check(&status(401, "Unauthorized", json!({}))), @"forbidden: the credentials are not accepted");
}

/// The words of whoever wrote a policy or a webhook are kept apart.
#[test]
fn who_wrote_a_policy_or_a_webhook_is_quoted() {
    let check = |message: &str, want: &str, words: Option<&str>| {
        let (why, words) = (want.to_owned(), words.map(str::to_owned));
        assert_eq!(status(403, message, json!({})), Answer::Refused { why, immutable: false, words });
    };
    check(
        r#"configmaps "a" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: ask the team: 'x' denied request: y"#,
        "ValidatingAdmissionPolicy `p` denies it",
        Some("ask the team: 'x' denied request: y"),
    );
    check(
        r#"configmaps "a" is forbidden: ValidatingAdmissionPolicy 'p' denied request: failed to configure"#,
        "ValidatingAdmissionPolicy `p` denies it",
        Some("failed to configure"),
    );
    let webhook = "admission webhook `w.ex.org` denies it";
    check(r#"admission webhook "w.ex.org" denied the request: ask: us"#, webhook, Some("ask: us"));
    check(r#"admission webhook "w.ex.org" denied the request without explanation"#, webhook, None);
    check(r#"admission webhook "w.ex.org" denied the request:  "#, webhook, None);
    // Before it says that it is forbidden there is nothing to say.
    check(
        "policy 'inj' with binding 'inj-b' denied request: no such key: a is forbidden: User \"x\"",
        "MutatingAdmissionPolicy `inj` denies it",
        Some("no such key: a is forbidden: User \"x\""),
    );
    check(
        r#"policy "inj" denied request: failed to configure policy: x"#,
        "MutatingAdmissionPolicy `inj` denies it",
        Some("failed to configure policy: x"),
    );
    for unknown in ["policy 'a b' with binding 'c' denied request: x", "policy 'a with binding 'c' denied it"]
    {
        let told = answer_of(403, unknown);
        assert_eq!(told, "forbidden: it does not say why in words that are known");
    }
    let invalid = answer_of(422, "policy 'inj' with binding 'b' denied request: x");
    assert_eq!(invalid, "refused: it is not a valid object of its kind");
}

fn answer_of(code: u16, message: &str) -> String {
    check(&status(code, message, json!({})))
}

#[test]
fn what_a_value_or_a_webhook_says_is_not_taken_for_the_servers_words() {
    let said = |code: u16, message: &str| check(&status(code, message, json!({})));
    let quoting = cause(
        "FieldValueInvalid",
        "spec.selector",
        r#"Invalid value: "admission webhook "w" denied the request": field is immutable"#,
    );
    let message = r#"ConfigMap "a" is invalid: spec: Invalid value: "x " is forbidden: ValidatingAdmissionPolicy 'p' with": no"#;
    assert_snapshot!(check(&status(422, message, json!({ "causes": [quoting] }))), @"immutable: `spec.selector` cannot be changed once it is set");
    assert_snapshot!(said(422, r#"configmaps "a" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no"#), @"refused: ValidatingAdmissionPolicy `p` denies it");
    // The code is the policy's, or the webhook's, to choose.
    assert_snapshot!(said(401, r#"configmaps "a" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no"#), @"refused: ValidatingAdmissionPolicy `p` denies it");
    for code in [400, 401, 404, 409, 429, 500, 503] {
        let denied = r#"admission webhook "w" denied the request: namespaces "a" is forbidden: ValidatingAdmissionPolicy 'p' does not support dry run"#;
        assert_eq!(said(code, denied), "refused: admission webhook `w` denies it");
    }
    assert_snapshot!(said(400, r#"admission webhook "w" denied the request: does not support dry run"#), @"refused: admission webhook `w` denies it");
    assert_snapshot!(said(500, r#"Internal error occurred: hunter2: failed calling webhook "w""#), @"out of order: it answered with status 500");
}

#[test]
fn an_outage_is_not_a_refusal() {
    assert_snapshot!(check(&status(500, "Internal error occurred: failed calling webhook \"w.ex.org\": failed to call webhook: Post \"https://hunter2/\": connection refused", json!({}))), @"out of order: its admission webhook `w.ex.org` does not answer");
    assert_snapshot!(check(&status(503, "the server is currently unable to handle the request", json!({}))), @"unavailable: it answered with status 503");
    assert_snapshot!(check(&answer(503, "service unavailable\n")), @"unavailable: it answered with status 503");
    assert_snapshot!(check(&answer(503, "error trying to reach service: dial tcp hunter2: connection refused\n")), @"unavailable: it answered with status 503");
    assert_snapshot!(check(&answer(503, "<html>Service Unavailable</html>")), @"failed: it answered with status 503");
    assert_snapshot!(check(&status(504, "Timeout: request did not complete within the allotted duration", json!({}))), @"out of order: it did not finish in time");
    let given_up = r#"{"metadata":{},"status":"Failure","message":"Timeout: request did not complete within the allotted timeout","reason":"Timeout","details":{},"code":504}"#;
    assert_snapshot!(check(&answer(504, given_up)), @"out of order: it did not finish in time");
    assert_snapshot!(check(&answer(504, "<html>gateway time-out</html>")), @"failed: it answered with status 504");
    assert_snapshot!(check(&answer(502, "<html>bad gateway</html>")), @"failed: it answered with status 502");
    assert_snapshot!(check(&answer(200, "<html>please log in</html>")), @"odd: a success whose body is no object");
    assert_snapshot!(check(&status(400, "admission webhook \"w.ex.org\" does not support dry run", json!({}))), @"unpredictable: admission webhook `w.ex.org` does not support dry run");
    assert_eq!(status(409, "the object has been modified", json!({})), Answer::Trouble(Trouble::Conflict));
    assert_eq!(
        answer(429, "slow down"),
        Answer::Trouble(Trouble::Throttled { after: Duration::from_secs(1) })
    );
}

#[test]
fn a_field_that_would_be_dropped_in_silence_is_a_refusal() {
    let warnings = vec![
        r#"unknown field "spec.replicaz""#.to_owned(),
        "v1 Endpoints is deprecated".to_owned(),
        r#"somebody says: unknown field "hunter2""#.to_owned(),
    ];
    let body = json!({ "kind": "Deployment", "metadata": { "name": "web" } }).to_string().into_bytes();
    let dropped = read(&Reply { status: 200, warnings, retry_after: None, body });
    assert_snapshot!(check(&dropped), @"refused: `spec.replicaz` is not a field of its kind");
}

#[test]
fn each_warning_of_a_line_is_read() {
    let check = |line: &str, want: &[&str]| assert_eq!(super::warning::texts(line), want, "{line}");
    check(r#"299 - "v1 Endpoints is deprecated""#, &["v1 Endpoints is deprecated"]);
    check(r#"299 - "unknown field \"a\\b\"""#, &[r#"unknown field "a\b""#]);
    check(
        r#"299 - "one, two", 299 a:80 "three" "Wed, 21 Oct 2015 07:28:00 GMT",199 - "four""#,
        &["one, two", "three", "four"],
    );
    check(r#"299 - "never ends"#, &["never ends"]);
    check(r#"299 - "ends in \"#, &["ends in "]);
    check("no warning", &["no warning"]);
    check(" ", &[]);
}

#[test]
fn another_version_is_the_one_that_the_server_prefers_and_that_somebody_serves() {
    let version = |name: &str, freshness: &str| {
        json!({ "version": name, "freshness": freshness, "resources": [
            { "resource": "widgets", "scope": "Namespaced",
              "responseKind": { "group": "example.org", "version": name, "kind": "Widget" } }] })
    };
    let other = |versions: &[Value]| {
        let mut served = Served::default();
        let group = json!({ "metadata": { "name": "example.org" }, "versions": versions });
        let all = json!({ "kind": "APIGroupDiscoveryList", "items": [group] });
        served.add(all.to_string().as_bytes()).unwrap();
        let mut cache = Cache::default();
        cache.store(served, Instant::now());
        let (namespace, name) = Default::default();
        let (group, version, kind) = ("example.org".to_owned(), "v9".to_owned(), "Widget".to_owned());
        cache.find(&ObjectRef { group, version, kind, namespace, name }, Instant::now()).unwrap()
    };
    let widgets = Resource { plural: "widgets".to_owned(), namespaced: true };
    let all = [version("v2", "Current"), version("v1", "Current"), version("v1alpha1", "Current")];
    let names = ["v2", "v1", "v1alpha1"].map(str::to_owned).to_vec();
    assert_eq!(other(&all), Lookup::OtherVersions(names.clone(), widgets.clone()));
    let all = [version("v2", "Stale"), version("v1", "Current")];
    assert_eq!(other(&all), Lookup::OtherVersions(names[1..2].to_vec(), widgets));
    assert_eq!(other(&all[..1]), Lookup::Stale);
}

#[test]
fn an_unknown_kind_is_asked_for_again_only_after_a_while() {
    let mut served = Served::default();
    let apis = json!({ "kind": "APIGroupDiscoveryList", "items": [
        { "metadata": { "name": "apps" }, "versions": [{ "version": "v1", "freshness": "Current", "resources": [
            { "resource": "deployments", "scope": "Namespaced",
              "responseKind": { "group": "apps", "version": "v1", "kind": "Deployment" } }] }] },
        { "metadata": { "name": "metrics.k8s.io" }, "versions": [{ "version": "v1", "freshness": "Stale" }] },
        { "metadata": { "name": "was.example.org" }, "versions": [{ "version": "v1", "freshness": "Stale", "resources": [
            { "resource": "widgets", "scope": "Namespaced",
              "responseKind": { "group": "was.example.org", "version": "v1", "kind": "Widget" } }] }] },
    ]});
    assert_eq!(served.add(br#"{"kind":"APIGroupList","groups":[]}"#), None);
    served.add(apis.to_string().as_bytes()).unwrap();
    let (mut cache, start) = (Cache::default(), Instant::now());
    let kind = |group: &str, version: &str, kind: &str| ObjectRef {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
        namespace: String::new(),
        name: String::new(),
    };
    assert_eq!(cache.find(&kind("apps", "v1", "Deployment"), start), None, "it was not asked yet");
    cache.store(served, start);
    let find = |group, version, name, now| cache.find(&kind(group, version, name), now);
    let later = start + Duration::from_secs(31);
    let deployments = Resource { plural: "deployments".to_owned(), namespaced: true };
    let known = Some(Lookup::Served(deployments.clone()));
    assert_eq!(find("apps", "v1", "Deployment", later), known);
    assert_eq!(find("apps", "v1", "Foo", start), Some(Lookup::Unknown));
    assert_eq!(find("apps", "v1", "Foo", later), None);
    let other = Lookup::OtherVersions(vec!["v1".to_owned()], deployments);
    assert_eq!(find("apps", "v1beta1", "Deployment", start), Some(other));
    assert_eq!(find("metrics.k8s.io", "v1", "PodMetrics", start), Some(Lookup::Stale));
    // What the server remembers of it is not what can be asked now.
    assert_eq!(find("was.example.org", "v1", "Widget", start), Some(Lookup::Stale));
}
