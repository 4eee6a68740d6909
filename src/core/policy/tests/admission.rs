//! ValidatingAdmissionPolicies as they are: what they are for, what they say, and what cannot be told.
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{effect, environment, lines, lines_in};
use crate::config::Judge;
use crate::effect::Effect;
use crate::evaluation::{Inventory, InventoryObject, SideState};
use crate::policy::inventory_wanted;

fn found(text: &str, before: Option<Value>, after: Option<Value>) -> String {
    let judge = Judge::Admission(vec!["policies".into()]);
    lines(judge, &[("policies/p.yaml", text)], vec![effect("apps/Deployment shop/web", before, after)])
}

fn deployment(replicas: i64, image: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": { "name": "web", "namespace": "shop", "labels": { "tier": "front" } },
        "spec": { "replicas": replicas, "template": { "spec": { "containers": [{ "name": "web", "image": image }] } } },
    })
}

/// A policy over Deployments with this rest, and a binding with that.
fn policy(rest: &str, binding: &str) -> String {
    format!(
        "apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {{name: replicas}}
spec:
  matchConstraints:
    resourceRules:
      - {{apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}}
{rest}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {{name: everywhere}}
spec:
  policyName: replicas
{binding}
"
    )
}

const TWO: &str = "  validations: [{expression: 'object.spec.replicas >= 2', message: ' too few '}]";
const DENY: &str = "  validationActions: [Deny]";

#[test]
fn the_same_words_of_another_validation_are_new() {
    let text = "  validations:
    - {expression: 'object.spec.replicas != 1', message: too few}
    - {expression: 'object.spec.replicas != 2', message: too few}";
    let after =
        |before: i64| found(&policy(text, DENY), Some(deployment(before, "a")), Some(deployment(2, "a")));
    assert_snapshot!(after(1), @"error replicas: too few");
    assert_snapshot!(after(2), @"error replicas: too few (existing)");
}

#[test]
fn a_policy_denies_warns_or_tells_as_its_binding_says() {
    let with = |actions: &str| {
        let text = policy(TWO, &format!("  validationActions: {actions}"));
        found(&text, None, Some(deployment(1, "nginx:1")))
    };
    assert_snapshot!(with("[Deny]"), @"error replicas: too few");
    assert_snapshot!(with("[Warn, Audit]"), @"warning replicas: too few");
    assert_snapshot!(with("[Audit]"), @"info replicas: too few");
    assert_snapshot!(found(&policy(TWO, DENY), None, Some(deployment(2, "nginx:1"))), @"");
    assert_snapshot!(found(&policy(TWO, DENY), Some(deployment(1, "a")), Some(deployment(1, "b"))), @"error replicas: too few (existing)");
    assert_snapshot!(found(&policy(TWO, DENY), Some(deployment(1, "a")), None), @"");
}

#[test]
fn the_message_is_the_expression_s_or_the_text_or_the_rule_itself() {
    let with = |message: &str| {
        let rest = format!("  validations: [{{expression: ' object.spec.replicas >= 2 '{message}}}]");
        found(&policy(&rest, DENY), None, Some(deployment(1, "nginx:1")))
    };
    assert_snapshot!(with(", messageExpression: \"'%s has %d'.format([object.metadata.name, object.spec.replicas])\""), @"error replicas: web has 1");
    assert_snapshot!(with(", message: few, messageExpression: \"string(object.missing)\""), @"error replicas: few");
    assert_snapshot!(with(", message: few, messageExpression: \"'a\\\\nb'\""), @"error replicas: few");
    assert_snapshot!(with(""), @"error replicas: failed expression: object.spec.replicas >= 2");
}

#[test]
fn variables_are_composed_and_fail_only_where_they_are_read() {
    let rest = "  variables:
    - {name: containers, expression: 'object.spec.template.spec.containers'}
    - {name: images, expression: 'variables.containers.map(c, c.image)'}
    - {name: broken, expression: 'object.missing'}
  validations:
    - {expression: '!variables.images.exists(i, i.endsWith(\":latest\"))', message: latest}
    - {expression: 'variables.images.size() > 0 || variables.broken', message: none}";
    assert_snapshot!(found(&policy(rest, DENY), None, Some(deployment(1, "nginx:latest"))), @"error replicas: latest");
    let rest = format!("{rest}\n    - {{expression: 'variables.broken == 1'}}");
    assert_snapshot!(found(&policy(&rest, DENY), None, Some(deployment(1, "nginx:1"))), @"error: check `c` could not judge Deployment shop/web: `replicas`: `variables.broken`: there is no `missing`; where it may be absent, write `has(…)` or `.?missing.orValue(…)` (errored)");
}

#[test]
fn conditions_and_failure_policies_are_those_of_the_api_server() {
    let with = |conditions: &str, failure: &str| {
        let rest = format!("  failurePolicy: {failure}\n  matchConditions: {conditions}\n{TWO}");
        found(&policy(&rest, DENY), None, Some(deployment(1, "nginx:1")))
    };
    assert_snapshot!(with("[{name: a, expression: 'object.spec.replicas == 7'}]", "Fail"), @"");
    assert_snapshot!(with("[{name: a, expression: 'object.missing == 1'}, {name: b, expression: 'false'}]", "Fail"), @"");
    assert_snapshot!(with("[{name: a, expression: 'object.missing == 1'}]", "Fail"), @"error: check `c` could not judge Deployment shop/web: `replicas`: there is no `missing`; where it may be absent, write `has(…)` or `.?missing.orValue(…)` (errored)");
    assert_snapshot!(with("[{name: a, expression: 'object.missing == 1'}]", "Ignore"), @"warning replicas: it could not be told, and its failure policy is to ignore that: there is no `missing`; where it may be absent, write `has(…)` or `.?missing.orValue(…)`");
}

#[test]
fn what_a_policy_is_for_is_matched_as_the_api_server_does() {
    let with = |constraints: &str, binding: &str| {
        let text = policy(TWO, &format!("{DENY}\n{binding}")).replace(
            "{apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}",
            constraints,
        );
        !found(&text, None, Some(deployment(1, "nginx:1"))).is_empty()
    };
    let rule = |groups: &str, resources: &str, more: &str| {
        format!(
            "{{apiGroups: [{groups}], apiVersions: [v1beta1], operations: [CREATE], resources: [{resources}]{more}}}"
        )
    };
    for (matches, groups, resources, more) in [
        (true, "apps", "deployments", ""),
        (true, "'*'", "'*'", ""),
        (true, "apps", "'deployments/*'", ""),
        (true, "apps", "'*/*'", ""),
        (false, "apps", "deployments/scale", ""),
        (false, "apps", "statefulsets", ""),
        (false, "batch", "deployments", ""),
        (true, "apps", "deployments", ", scope: Namespaced"),
        (false, "apps", "deployments", ", scope: Cluster"),
        (true, "apps", "deployments", ", resourceNames: [web]"),
        (false, "apps", "deployments", ", resourceNames: [api]"),
    ] {
        assert_eq!(with(&rule(groups, resources, more), ""), matches, "{groups} {resources}{more}");
    }
    let all = rule("'*'", "'*'", "");
    for (matches, resources) in [
        (true, "objectSelector: {matchLabels: {tier: front}}"),
        (false, "objectSelector: {matchLabels: {tier: back}}"),
        (true, "objectSelector: {matchExpressions: [{key: tier, operator: NotIn, values: [back]}]}"),
        (false, "objectSelector: {matchExpressions: [{key: tier, operator: DoesNotExist}]}"),
        (true, "namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}"),
        (false, "namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: other}}"),
        (
            false,
            "excludeResourceRules: [{apiGroups: [apps], apiVersions: ['*'], operations: ['*'], resources: ['*']}]",
        ),
        (
            false,
            "matchPolicy: Exact, resourceRules: [{apiGroups: [apps], apiVersions: [v2], operations: ['*'], resources: ['*']}]",
        ),
    ] {
        assert_eq!(with(&all, &format!("  matchResources: {{{resources}}}")), matches, "{resources}");
    }
}

#[test]
fn labels_of_a_namespace_that_nobody_knows_are_no_answer() {
    let binding = format!("{DENY}\n  matchResources: {{namespaceSelector: {{matchLabels: {{team: a}}}}}}");
    let text = policy(TWO, &binding);
    let after = || Some(deployment(1, "nginx:1"));
    assert_snapshot!(found(&text, None, after()), @"error: check `c` could not judge Deployment shop/web: `replicas`: whether it is for this object cannot be told, since the labels of the Namespace `shop` are neither in the change nor in the files of this check (errored)");
    let namespace = |team: &str| {
        format!(
            "{text}---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: shop, labels: {{team: {team}}}}}\n"
        )
    };
    assert_snapshot!(found(&namespace("a"), None, after()), @"error replicas: too few");
    assert_snapshot!(found(&namespace("b"), None, after()), @"");
    let own = json!({ "metadata": { "name": "shop", "labels": { "team": "a" } } });
    let judge = Judge::Admission(vec!["policies".into()]);
    let effects =
        vec![effect("/Namespace /shop", None, Some(own)), effect("apps/Deployment shop/web", None, after())];
    assert_snapshot!(lines(judge, &[("policies/p.yaml", &text)], effects), @"error replicas: too few");
}

const PARAMS: &str = "  paramKind: {apiVersion: v1, kind: ConfigMap}
  validations: [{expression: 'object.spec.replicas >= int(params.data.least)', messageExpression: \"'at least ' + params.data.least\"}]";

#[test]
fn parameters_come_from_the_files() {
    let with = |reference: &str, map: &str| {
        let text = policy(PARAMS, &format!("{DENY}\n  paramRef: {reference}"));
        found(&format!("{text}---\n{map}"), None, Some(deployment(1, "nginx:1")))
    };
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: limits, namespace: policy, labels: {for: shop}}\ndata: {least: '2'}\n";
    let named = "{name: limits, namespace: policy, parameterNotFoundAction: Deny}";
    assert_snapshot!(with(named, map), @"error replicas: at least 2");
    assert_snapshot!(with("{selector: {matchLabels: {for: shop}}, namespace: policy, parameterNotFoundAction: Deny}", map), @"error replicas: at least 2");
    assert_snapshot!(with("{name: limits, parameterNotFoundAction: Allow}", map), @"error: check `c` could not judge Deployment shop/web: `replicas`: the ConfigMap `limits` that `everywhere` takes parameters from is not in the files of this check, and what stands beside the change is not at hand (errored)");
    assert_snapshot!(with("{name: limits}", map), @"error: check `c` could not be run: policies/p.yaml:11: ValidatingAdmissionPolicyBinding `everywhere`: `spec`: missing field `parameterNotFoundAction` (errored)");
}

fn limits(least: i64) -> Value {
    json!({ "metadata": { "name": "limits", "namespace": "shop" }, "data": { "least": least.to_string() } })
}

/// What is said where an environment has parameters, which the change makes others; the files have some too, or none.
fn with_params(file: Option<i64>, before: Option<i64>, after: Option<i64>, action: &str) -> String {
    let reference = format!("  paramRef: {{name: limits, parameterNotFoundAction: {action}}}");
    let mut text = policy(PARAMS, &format!("{DENY}\n{reference}"));
    if let Some(least) = file {
        let mut map = limits(least);
        map["apiVersion"] = json!("v1");
        map["kind"] = json!("ConfigMap");
        text.push_str(&format!("---\n{map}\n"));
    }
    let web = effect("apps/Deployment shop/web", Some(deployment(1, "a")), Some(deployment(1, "b")));
    let mut effects = vec![web];
    let mut beside = Inventory::default();
    match (before.map(limits), after.map(limits)) {
        (None, None) => {}
        (Some(before), Some(after)) if before == after => {
            let object = effect("/ConfigMap shop/limits", None, None).object;
            beside.objects.push(InventoryObject { object, body: (&before).into() });
        }
        (before, after) => effects.push(effect("/ConfigMap shop/limits", before, after)),
    }
    let mut environment = environment("production", effects);
    environment.inventory = Some(beside);
    lines_in(Judge::Admission(vec!["p.yaml".into()]), &[("p.yaml", &text)], environment)
}

#[test]
fn a_change_cannot_loosen_what_it_is_judged_by() {
    // What stands in the environment counts, also before what a file has of the same name.
    assert_snapshot!(with_params(None, Some(2), Some(2), "Deny"), @"error replicas: at least 2 (existing)");
    assert_snapshot!(with_params(Some(3), Some(2), Some(2), "Deny"), @"error replicas: at least 2 (existing)");
    assert_snapshot!(with_params(Some(3), None, None, "Deny"), @"error replicas: at least 3 (existing)");
    // Tightened, removed, brought.
    assert_snapshot!(with_params(None, Some(1), Some(2), "Deny"), @"error replicas: at least 2");
    assert_snapshot!(with_params(None, Some(2), Some(1), "Deny"), @"error replicas: at least 2 (existing)");
    assert_snapshot!(with_params(None, Some(2), None, "Deny"), @"error replicas: at least 2 (existing)");
    assert_snapshot!(with_params(None, None, Some(2), "Deny"), @"error replicas: at least 2");
    assert_eq!(with_params(None, None, Some(1), "Deny"), "");
    assert_snapshot!(with_params(None, None, None, "Deny"), @"error: check `c` could not judge Deployment shop/web: `replicas`: the ConfigMap `limits` that `everywhere` takes parameters from is neither in the files of this check nor in the environment (errored)");
    assert_snapshot!(with_params(None, None, None, "Allow"), @"info replicas: not judged, as its binding allows: the ConfigMap `limits` that `everywhere` takes parameters from is neither in the files of this check nor in the environment");
}

#[test]
fn what_a_change_brings_takes_no_files_place() {
    assert_snapshot!(with_params(Some(3), None, Some(1), "Deny"), @"error replicas: at least 3 (existing)");
    // Of another namespace it is another's.
    let asked = "{name: limits, parameterNotFoundAction: Allow}";
    let mut map = limits(2);
    (map["apiVersion"], map["kind"]) = (json!("v1"), json!("ConfigMap"));
    map["metadata"].as_object_mut().unwrap().remove("namespace");
    let said = |reference: &str, map: &Value, other: Vec<Effect>, broken: bool| {
        let text = policy(PARAMS, &format!("{DENY}\n  paramRef: {reference}"));
        let web = effect("apps/Deployment shop/web", None, Some(deployment(1, "b")));
        let mut environment = environment("production", [vec![web], other].concat());
        environment.inventory = Some(Inventory::default());
        if broken {
            environment.units[0].sides.head = SideState::Failed;
        }
        let text = format!("{text}---\n{map}\n");
        lines_in(Judge::Admission(vec!["p.yaml".into()]), &[("p.yaml", &text)], environment)
    };
    let elsewhere = effect("/ConfigMap other/limits", None, Some(limits(1)));
    assert_snapshot!(said(asked, &map, vec![elsewhere], false), @"error replicas: at least 2");
    // Whoever cannot tell what else is selected does not judge by what was found.
    map["metadata"]["labels"] = json!({ "for": "shop" });
    let selected = "{selector: {matchLabels: {for: shop}}, parameterNotFoundAction: Allow}";
    assert_snapshot!(said(selected, &map, Vec::new(), false), @"error replicas: at least 2");
    for reference in [selected, asked] {
        let said = said(reference, &map, Vec::new(), true);
        assert!(
            said.contains("whether these are all that `everywhere` takes parameters from cannot be told"),
            "{said}"
        );
    }
}

/// A change is judged in its namespace as the target branch has it and as the change makes it: it exempts itself by neither.
#[test]
fn a_change_cannot_exempt_itself_by_its_namespace() {
    let labelled = |team: Option<&str>| {
        let labels = team.map_or(json!({}), |team| json!({ "team": team }));
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "shop", "labels": labels } })
    };
    let binding = format!("{DENY}\n  matchResources: {{namespaceSelector: {{matchLabels: {{team: a}}}}}}");
    let by_selector = policy(TWO, &binding);
    let by_expression = policy(
        "  validations: [{expression: '!(\"team\" in namespaceObject.metadata.?labels.orValue({})) || object.spec.replicas > 1', message: too few}]",
        DENY,
    );
    let said = |text: &str, before: Option<Value>, after: Option<Value>| {
        let judge = Judge::Admission(vec!["policies".into()]);
        let web = effect("apps/Deployment shop/web", None, Some(deployment(1, "nginx:1")));
        let effects = vec![effect("/Namespace /shop", before, after), web];
        lines(judge, &[("policies/p.yaml", text)], effects).trim_end().to_owned()
    };
    for text in [&by_selector, &by_expression] {
        let (a, none) = (|| Some(labelled(Some("a"))), || Some(labelled(None)));
        assert_eq!(said(text, a(), none()), "error replicas: too few");
        assert_eq!(said(text, none(), a()), "error replicas: too few");
        assert_eq!(said(text, a(), a()), "error replicas: too few");
        assert_eq!(said(text, none(), none()), "");
        // The files know it better than who brings it.
        let file = format!("{text}---\n{}\n", labelled(Some("a")));
        assert_eq!(said(&file, None, none()), "error replicas: too few");
    }
}

#[test]
fn parameters_are_asked_of_the_whole_environment() {
    let text =
        policy(PARAMS, &format!("{DENY}\n  paramRef: {{name: limits, parameterNotFoundAction: Deny}}"));
    let check = "version = 1\n[environment.production]\nsource = { yaml = \"p\" }\n[[check]]\nname = \"c\"\nadmission = \"p.yaml\"\n";
    let policy = crate::config::parse(check, ".countersign.toml").unwrap();
    let wanted = inventory_wanted(&policy, &super::library(&[("p.yaml", &text)]));
    let takes = |object: &str| wanted.takes("production", &effect(object, None, None).object);
    assert_eq!((takes("/ConfigMap shop/limits"), takes("/Secret shop/limits")), (true, false));
}

#[test]
fn what_is_not_supported_or_not_sound_is_refused_where_it_is_read() {
    let rest = |rest: &str| found(&policy(rest, DENY), None, Some(deployment(1, "nginx:1")));
    assert_snapshot!(rest("  validations: [{expression: \"authorizer.group('').resource('pods').check('get').allowed()\"}]"), @"error: check `c` could not be run: policies/p.yaml:1: ValidatingAdmissionPolicy `replicas`: validations[0].expression: at `authorizer`: `authorizer` is not supported: who may do what is known to the cluster alone (errored)");
    assert_snapshot!(rest("  validations: [{expression: 'object.spec.contaners.fist() == 1'}]"), @"error: check `c` could not be run: policies/p.yaml:1: ValidatingAdmissionPolicy `replicas`: validations[0].expression: at `fist`: there is no function `fist` with these arguments (errored)");
    assert_snapshot!(rest("  validatons: []"), @"error: check `c` could not be run: policies/p.yaml:1: ValidatingAdmissionPolicy `replicas`: `spec`: unknown field `validatons`, expected one of `paramKind`, `matchConstraints`, `validations`, `failurePolicy`, `auditAnnotations`, `matchConditions`, `variables` (errored)");
    assert_snapshot!(found(&policy(TWO, DENY).replace("policyName: replicas", "policyName: other"), None, Some(deployment(1, "a"))), @"error: check `c` could not be run: policies/p.yaml:10: ValidatingAdmissionPolicyBinding `everywhere`: the policy `other` that it binds is not in the files of this check (errored)");
    let said = found("a: b\n", None, Some(deployment(1, "a")));
    assert!(said.contains("(errored)"), "{said}");
    let said = found(&policy(TWO, "  validationActions: []"), None, Some(deployment(1, "a")));
    assert!(said.contains("`everywhere`: it has no `validationActions` (errored)"), "{said}");
}

#[test]
fn a_policy_without_end_is_ended() {
    let rest = "  validations: [{expression: 'lists.range(1000).all(a, lists.range(1000).all(b, lists.range(1000).all(c, true)))'}]";
    let said = found(&policy(rest, DENY), None, Some(deployment(1, "nginx:1")));
    assert!(said.contains("too expensive") && said.contains("(errored)"), "{said}");
    let long = format!("  validations: [{{expression: '{}'}}]", "true && ".repeat(9_000));
    let said = found(&policy(&long, DENY), None, Some(deployment(1, "nginx:1")));
    assert!(said.contains("longer than 16384 bytes"), "{said}");
    let many = format!("  validations:\n{}", "    - {expression: 'true'}\n".repeat(200));
    assert_eq!(found(&policy(&many, DENY), None, Some(deployment(1, "nginx:1"))), "");
}
