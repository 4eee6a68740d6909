//! Which objects are touched, and how: one test for each sentence about the render alone.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::{effects, production, read, told};
use crate::effect::{Operation, RenderOperation, compare};
use crate::environment::Environment;

fn config(name: &str, data: &str) -> String {
    format!("---\n{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}}}, data: {{{data}}}}}\n")
}

#[test]
fn objects_appear_change_and_vanish_in_the_order_of_their_identity() {
    let base = config("gone", "a: b") + &config("changed", "a: b") + &config("same", "a: b");
    let head = config("same", "a: b") + &config("new", "a: b") + &config("changed", "a: c");
    let effects = effects(&base, &head);
    assert_snapshot!(told(&effects), @r"
    update ConfigMap shop/changed | fields: data.a
    delete ConfigMap shop/gone | risks: prune
    create ConfigMap shop/new
    ");
    assert_eq!(effects[0].source.as_ref().unwrap().line, 6, "head's place");
    assert_eq!(effects[1].source.as_ref().unwrap().line, 2, "base's place");
    assert_eq!(effects[1].rendered, RenderOperation::Remove);
}

// 13. An object without namespace gets the default namespace when namespaced and none when cluster-scoped.
#[test]
fn a_namespace_that_is_spelled_out_is_no_change() {
    let text = |namespace: &str| {
        format!(
            "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: a{namespace}}}}}\n---\n{{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {{name: a{namespace}}}}}\n"
        )
    };
    assert_eq!(effects(&text(""), &text(", namespace: shop")), []);
    assert_snapshot!(told(&effects(&text(""), &text(", namespace: other"))), @r"
    create ConfigMap other/a
    delete ConfigMap shop/a | risks: prune
    ");
}

// 14. Same kind and name in two API groups are two objects.
#[test]
fn a_group_is_part_of_the_identity_and_a_version_is_not() {
    let ingress = |version: &str| format!("{{apiVersion: {version}, kind: Ingress, metadata: {{name: a}}}}");
    assert_snapshot!(told(&effects(&ingress("extensions/v1beta1"), &ingress("networking.k8s.io/v1"))), @r"
    delete Ingress shop/a | risks: prune
    create Ingress shop/a
    ");
    assert_snapshot!(told(&effects(&ingress("networking.k8s.io/v1beta1"), &ingress("networking.k8s.io/v1"))), @"update Ingress shop/a | fields: apiVersion");
}

// 15. The same object rendered twice in one unit is reported as a conflict.
#[test]
fn an_object_that_comes_twice_is_never_dropped() {
    let one = config("a", "k: v");
    let two = config("a", "k: w");
    let of = |base: &str, head: &str| told(&effects(base, head));
    assert_snapshot!(of(&one, &(one.clone() + &two)), @"update ConfigMap shop/a | risks: two-owners | fields: data.k | head has this object 2 times, more often than base: the last one wins");
    assert_snapshot!(of(&one, &(one.clone() + &one)), @"none ConfigMap shop/a | risks: two-owners | head has this object 2 times, more often than base: the last one wins");
    assert_snapshot!(of("", &(one.clone() + &two)), @r"
    create ConfigMap shop/a | risks: two-owners | head has this object 2 times, more often than base: the last one wins
    create ConfigMap shop/a | risks: two-owners | head has this object 2 times, more often than base: the last one wins
    ");
    assert_snapshot!(of(&(one.clone() + &two), &(one.clone() + &config("a", "k: x"))), @"update ConfigMap shop/a | risks: two-owners | fields: data.k | head has this object 2 times: the last one wins");
    assert_snapshot!(of(&(one.clone() + &two), &one), @"none ConfigMap shop/a | base has this object more than once, head once: it stays");
    assert_snapshot!(of(&(one.clone() + &two), ""), @r"
    delete ConfigMap shop/a | risks: prune
    delete ConfigMap shop/a | risks: prune
    ");
    assert_eq!(of(&(one.clone() + &two), &(two + &one)), "", "the same copies in another order");
}

// 22. Changing a selector, volumeClaimTemplate, roleRef or Service clusterIP is reported as immutable.
#[test]
fn fields_that_cannot_change_in_place() {
    for (kind, base, head, field) in [
        (
            "apps/v1 Deployment",
            "spec: {selector: {matchLabels: {a: b}}}",
            "spec: {selector: {matchLabels: {a: c}}}",
            "spec.selector",
        ),
        ("apps/v1 StatefulSet", "spec: {serviceName: a}", "spec: {serviceName: b}", "spec.serviceName"),
        (
            "apps/v1 StatefulSet",
            "spec: {volumeClaimTemplates: [{metadata: {name: a}, spec: {resources: {requests: {storage: 1Gi}}}}]}",
            "spec: {volumeClaimTemplates: [{metadata: {name: a}, spec: {resources: {requests: {storage: 2Gi}}}}]}",
            "spec.volumeClaimTemplates",
        ),
        ("rbac.authorization.k8s.io/v1 RoleBinding", "roleRef: {name: a}", "roleRef: {name: b}", "roleRef"),
        ("v1 Service", "spec: {clusterIP: 10.0.0.1}", "spec: {clusterIP: None}", "spec.clusterIP"),
        (
            "v1 PersistentVolumeClaim",
            "spec: {storageClassName: a}",
            "spec: {storageClassName: b}",
            "spec.storageClassName",
        ),
        (
            "v1 PersistentVolumeClaim",
            "spec: {resources: {requests: {storage: 2Gi}}}",
            "spec: {resources: {requests: {storage: 1Gi}}}",
            "spec.resources.requests.storage",
        ),
        (
            "batch/v1 Job",
            "spec: {template: {spec: {restartPolicy: Never}}}",
            "spec: {template: {spec: {restartPolicy: OnFailure}}}",
            "spec.template",
        ),
        ("v1 ConfigMap", "{immutable: true, data: {a: b}}", "{immutable: true, data: {a: c}}", "data"),
        ("storage.k8s.io/v1 StorageClass", "provisioner: a", "provisioner: b", "provisioner"),
        (
            "v1 Pod",
            "spec: {containers: [{name: a, command: [x]}]}",
            "spec: {containers: [{name: a, command: [y]}]}",
            "spec.containers[name=a].command",
        ),
    ] {
        let (version, name) = kind.split_once(' ').unwrap();
        let text = |fields: &str| {
            let fields = fields.strip_prefix('{').and_then(|f| f.strip_suffix('}')).unwrap_or(fields);
            format!("{{apiVersion: {version}, kind: {name}, metadata: {{name: a}}, {fields}}}")
        };
        let effects = effects(&text(base), &text(head));
        assert_eq!(effects.len(), 1, "{kind}");
        assert_eq!(effects[0].operation, Operation::Replace, "{kind} {base}");
        let reason = effects[0].reason.clone().unwrap();
        assert!(reason.starts_with(&format!("`{field}` cannot be changed in place")), "{reason}");
    }
}

#[test]
fn fields_that_can_change_in_place() {
    for (kind, base, head) in [
        ("apps/v1 StatefulSet", "spec: {replicas: 1}", "spec: {replicas: 2}"),
        (
            "v1 PersistentVolumeClaim",
            "spec: {resources: {requests: {storage: 1Gi}}}",
            "spec: {resources: {requests: {storage: 2Gi}}}",
        ),
        ("v1 Service", "spec: {type: ClusterIP}", "spec: {clusterIP: 10.0.0.1}"),
        ("v1 ConfigMap", "data: {a: b}", "data: {a: c}"),
        ("v1 Pod", "spec: {containers: [{name: a, image: x}]}", "spec: {containers: [{name: a, image: y}]}"),
        (
            "apps/v1 StatefulSet",
            "spec: {a: 1, volumeClaimTemplates: [{metadata: {name: a}, spec: {resources: {requests: {storage: 1Gi}}}}], replicas: 1}",
            "spec: {a: 1, volumeClaimTemplates: [{metadata: {name: a}, spec: {resources: {requests: {storage: 1024Mi}}}}], replicas: 2}",
        ),
    ] {
        let (version, name) = kind.split_once(' ').unwrap();
        let text = |fields: &str| {
            format!("{{apiVersion: {version}, kind: {name}, metadata: {{name: a}}, {fields}}}")
        };
        let effects = effects(&text(base), &text(head));
        assert_eq!(effects[0].operation, Operation::Update, "{kind} {base} {:?}", effects[0].reason);
    }
}

// 24, 25, 26, 27, 31: what reads differently and is the same.
#[test]
fn other_spellings_have_no_effect() {
    for (base, head) in [
        (
            "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, resources: {limits: {cpu: 1000m, memory: 1024Mi}}, ports: [{containerPort: 80}]}]}}",
            "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, resources: {limits: {cpu: 1, memory: 1Gi}}, ports: [{containerPort: 80, protocol: TCP}]}]}}",
        ),
        (
            "{apiVersion: v1, kind: Secret, metadata: {name: a}, stringData: {k: hunter2}}",
            "{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {k: aHVudGVyMg==}}",
        ),
        (
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}",
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, uid: x, generation: 3, annotations: {kubectl.kubernetes.io/last-applied-configuration: '{}'}}, status: {a: b}}",
        ),
        (
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {}}",
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {k: null}}",
        ),
    ] {
        assert_eq!(effects(base, head), [], "{head}");
    }
}

#[test]
fn the_status_of_a_custom_kind_is_not_passed_over_in_silence() {
    let text = |ready: &str| {
        format!(
            "{{apiVersion: example.org/v1, kind: Planet, metadata: {{name: a}}, status: {{ready: {ready}}}}}"
        )
    };
    assert_snapshot!(told(&effects(&text("yes"), &text("no"))), @"none Planet shop/a | only `status` differs: no effect where the kind keeps it apart (status subresource)");
}

// 28. Removing a field from Git shows the removal even with no last-applied annotation.
#[test]
fn a_field_that_goes_is_a_change() {
    assert_snapshot!(told(&effects(&config("a", "k: v, l: w"), &config("a", "k: v"))), @"update ConfigMap shop/a | fields: data.l");
    assert_snapshot!(told(&effects(&config("a", "k: v, l: w"), &config("a", "k: v, l: null"))), @"update ConfigMap shop/a | fields: data.l");
}

// 33. A hash-suffixed ConfigMap change is paired as content change + reference update; the prune of the old is listed.
#[test]
fn generated_names_are_paired_with_their_predecessors() {
    let side = |hash: &str, value: &str| {
        format!(
            "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: app-{hash}}}, data: {{k: {value}, l: same}}}}\n---\n{{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {{volumes: [{{name: v, configMap: {{name: app-{hash}}}}}]}}}}"
        )
    };
    assert_snapshot!(told(&effects(&side("7h2k9m4tgb", "one"), &side("2bcdfghkm4", "two"))), @r"
    create ConfigMap shop/app-2bcdfghkm4 | fields: data.k | replaces ConfigMap app-7h2k9m4tgb
    delete ConfigMap shop/app-7h2k9m4tgb | risks: prune | replaced by ConfigMap app-2bcdfghkm4
    replace Pod shop/a | risks: replace | fields: spec.volumes[name=v].configMap.name | `spec.volumes` cannot be changed in place: the object is deleted and made anew, or refused
    ");
    let plain = config("app-deployment", "") + &config("app-2bcdfghkm4", "");
    assert!(
        told(&effects(&config("app-deployment", ""), &plain))
            .starts_with("create ConfigMap shop/app-2bcdfghkm4\n")
    );
}

#[test]
fn generated_secrets_are_paired_without_their_hash() {
    let side = |hash: &str, value: &str| {
        format!(
            "{{apiVersion: v1, kind: Secret, metadata: {{name: db-{hash}}}, stringData: {{k: {value}, l: same}}}}"
        )
    };
    let effects = effects(&side("7h2k9m4tgb", "one"), &side("2bcdfghkm4", "two"));
    let created = effects.iter().find(|effect| effect.operation == Operation::Create).unwrap();
    assert!(created.reason.as_deref().unwrap().starts_with("replaces Secret db-‹"));
    let fields: Vec<&str> = created.changes.iter().map(|change| change.path.as_str()).collect();
    assert_eq!(fields, ["data.k"], "the other value is the same under the new name");
    assert!(!format!("{effects:?}").contains("7h2k9m4tgb"));
}

// 34. generateName objects are shown as "new each sync", never as delete+create.
#[test]
fn names_that_the_server_makes() {
    let job = |image: &str| {
        format!(
            "{{apiVersion: batch/v1, kind: Job, metadata: {{generateName: migrate-}}, spec: {{template: {{spec: {{containers: [{{name: a, image: {image}}}]}}}}}}}}"
        )
    };
    assert_eq!(effects(&job("a:1"), &job("a:1")), []);
    assert_snapshot!(told(&effects(&job("a:1"), &job("a:2"))), @"create Job shop/migrate-* | risks: image | fields: spec.template.spec.containers[name=a].image | a new object at each sync, since its name is generated");
    let two = job("a:1") + "\n---\n" + &job("b:1");
    assert_snapshot!(told(&effects("", &two)), @r"
    create Job shop/migrate-* | a new object at each sync, since its name is generated
    create Job shop/migrate-* | a new object at each sync, since its name is generated
    ");
}

// 40. Deleting a manifest with prune off is reported "orphaned, stays running"; with prune on "deleted".
#[test]
fn what_leaves_the_tree_is_deleted_or_orphaned() {
    let base = config("a", "");
    assert_snapshot!(told(&effects(&base, "")), @"delete ConfigMap shop/a | risks: prune");
    let unpruned = Environment { prune: false, ..production() };
    assert_snapshot!(told(&compare(&unpruned, &read(&base), &[])), @"orphan ConfigMap shop/a | risks: orphan | nothing prunes here: it stays in the cluster, owned by nobody");
}

// 57. YAML booleans and dashes inside texts do not mis-key.
#[test]
fn odd_keys_are_keys_of_one_object() {
    let base = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {on: 'a', no: 'b', 1: 'c'}}";
    let head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  on: |-\n    ---\n    kind: Node\n  no: 'b'\n  1: 'c'\n";
    assert_snapshot!(told(&effects(base, head)), @"update ConfigMap shop/a | fields: data.true");
}

fn objects() -> impl Strategy<Value = Vec<String>> {
    let object = ("[a-d]", "[a-c]", 0..3_u8).prop_map(|(name, value, kind)| match kind {
        0 => config(&name, &format!("k: {value}")),
        1 => format!("---\n{{apiVersion: v1, kind: Secret, metadata: {{name: {name}}}, stringData: {{k: {value}}}}}\n"),
        _ => format!("---\n{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: {name}}}, spec: {{replicas: 1, template: {{spec: {{containers: [{{name: c, image: '{value}:1'}}]}}}}}}}}\n"),
    });
    prop::collection::vec(object, 0..8)
}

proptest! {
    #[test]
    fn nothing_happens_between_equal_sides(all in objects()) {
        let text = all.concat();
        prop_assert_eq!(effects(&text, &text), []);
        let turned: String = all.iter().rev().cloned().collect();
        prop_assert_eq!(effects(&text, &turned), []);
    }

    #[test]
    fn every_object_that_differs_has_an_effect(base in objects(), head in objects()) {
        let (old, new) = (read(&base.concat()), read(&head.concat()));
        let effects = compare(&production(), &old, &new);
        let bodies = |side: &[crate::object::RenderedObject], identity: &crate::object::ObjectRef| {
            let mut bodies: Vec<String> = side.iter().filter(|o| o.reference == *identity).map(|o| o.body.text().to_owned()).collect();
            bodies.sort();
            bodies
        };
        for object in old.iter().chain(&new) {
            let differs = bodies(&old, &object.reference) != bodies(&new, &object.reference);
            let told = effects.iter().any(|effect| effect.object == object.reference);
            prop_assert_eq!(differs, told, "{}", object.reference);
        }
    }

    #[test]
    fn going_back_undoes_every_effect(base in objects(), head in objects()) {
        let (there, back) = (effects(&base.concat(), &head.concat()), effects(&head.concat(), &base.concat()));
        let touched = |effects: &[crate::effect::Effect]| {
            effects.iter().map(|effect| effect.object.to_string()).collect::<std::collections::BTreeSet<_>>()
        };
        prop_assert_eq!(touched(&there), touched(&back));
    }
}
