//! Every sentence that is said of the change digest, the risk set and the effects, on changes that nobody thought of.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, Value, json};

use super::digests::{environment, outside, place, unit};
use super::{production, read};
use crate::change::RepoId;
use crate::effect::{Effect, Operation, change_digest, compare, environment_digest, risk_set};
use crate::environment::{ApplyMode, EnvironmentSource};
use crate::evaluation::Evaluation;
use crate::revision::{Digest, ObjectId};

/// A manifest before it is written down.
#[derive(Debug, Clone, PartialEq)]
struct Model {
    kind: u8,
    name: String,
    values: std::collections::BTreeMap<String, String>,
}

impl Model {
    fn body(&self) -> Value {
        let values: Map<String, Value> =
            self.values.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect();
        let (version, kind, rest) = match self.kind {
            0 => ("v1", "ConfigMap", json!({"data": values})),
            1 => ("v1", "Secret", json!({"stringData": values})),
            2 => {
                let container = |(key, value): (&String, &Value)| json!({"name": key, "image": value, "args": ["-a", value]});
                let containers: Vec<Value> = values.iter().map(container).collect();
                (
                    "apps/v1",
                    "Deployment",
                    json!({"spec": {"replicas": 2, "template": {"spec": {"containers": containers}}}}),
                )
            }
            3 => {
                let rule = |value: &Value| json!({"apiGroups": [""], "resources": [value], "verbs": ["get"]});
                let rules: Vec<Value> = values.values().map(rule).collect();
                ("rbac.authorization.k8s.io/v1", "ClusterRole", json!({"rules": rules}))
            }
            _ => ("example.org/v1", "Planet", json!({"spec": {"password": values, "orbits": [[values]]}})),
        };
        let mut body = json!({"apiVersion": version, "kind": kind, "metadata": {"name": self.name}});
        body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        body
    }
}

fn model(names: &'static str) -> impl Strategy<Value = Model> {
    (0..5_u8, names, prop::collection::btree_map("k[a-d]", "v[a-c]{0,2}", 1..4))
        .prop_map(|(kind, name, values)| Model { kind, name, values })
}

fn models(names: &'static str) -> impl Strategy<Value = Vec<Model>> {
    prop::collection::vec(model(names), 0..7).prop_map(|mut all| {
        all.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
        all.dedup_by(|a, b| (a.kind, &a.name) == (b.kind, &b.name));
        all
    })
}

/// As JSON in a line, keys turned around or not, or as YAML in blocks.
fn written(models: &[Model], style: u8) -> String {
    let document = |model: &Model| match style % 3 {
        0 => format!("--- # {}\n{}\n", model.name, model.body()),
        1 => format!("---\n{}\n", turned(&model.body())),
        _ => format!("---\n{}\n", serde_saphyr::to_string(&model.body()).unwrap()),
    };
    models.iter().map(document).collect()
}

/// A value in JSON with the keys of every mapping turned around.
fn turned(value: &Value) -> String {
    match value {
        Value::Object(entries) => {
            let mut parts: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{}: {}", Value::from(key.as_str()), turned(value)))
                .collect();
            parts.reverse();
            format!("{{{}}}", parts.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(turned).collect::<Vec<_>>().join(", ")),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

fn changes(base: &str, head: &str) -> Vec<Effect> {
    compare(&production(), &read(base), &read(head))
}

/// A change of one unit, with two paths that no render reads.
fn evaluation(base: &str, head: &str) -> Evaluation {
    Evaluation {
        environments: vec![environment("production", vec![unit("shop", changes(base, head))])],
        outside: vec![outside("README.md", '2'), outside("docs/a.md", '3')],
        discovered: false,
    }
}

fn digest(evaluation: &Evaluation) -> Digest {
    let (repo, target) = place();
    change_digest(&repo, &target, evaluation)
}

/// Every leaf of a value that says something, each with another value in its place.
fn with_another_leaf(value: &Value, which: Index) -> Value {
    fn leaves(value: &Value) -> usize {
        match value {
            Value::Object(entries) => entries.values().map(leaves).sum(),
            Value::Array(items) => items.iter().map(leaves).sum(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
        }
    }
    fn replace(value: &mut Value, at: &mut usize) {
        match value {
            Value::Object(entries) => entries.values_mut().for_each(|value| replace(value, at)),
            Value::Array(items) => items.iter_mut().for_each(|value| replace(value, at)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                if *at == 0 {
                    *value = match value.as_i64() {
                        Some(number) => Value::from(number + 1),
                        None => Value::from(format!("{}x", value.as_str().unwrap_or_default())),
                    };
                }
                *at = at.wrapping_sub(1);
            }
        }
    }
    let mut other = value.clone();
    replace(&mut other, &mut which.index(leaves(value)));
    other
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// It does not move when somebody merges an unrelated change, in the same unit or in another.
    #[test]
    fn what_others_merge_does_not_move_it(
        base in models("[a-c]"), head in models("[a-c]"), others in models("[x-z]"), style in 0..3_u8,
    ) {
        let alone = evaluation(&written(&base, style), &written(&head, style));
        let beside = |own: &[Model]| written(&[own, &others].concat(), style);
        let mut merged = evaluation(&beside(&base), &beside(&head));
        merged.environments[0].units[0].objects.base += 1;
        let all = written(&others, style);
        merged.environments[0].units.push(unit("theirs", changes(&all, &all)));
        prop_assert_eq!(digest(&alone), digest(&merged));
        prop_assert_eq!(environment_digest(&alone.environments[0]), environment_digest(&merged.environments[0]));
        prop_assert_eq!(risk_set(&alone), risk_set(&merged));
    }

    /// It does not move on a rebase that leaves the render as it is, whatever order and whatever spelling.
    #[test]
    fn another_order_or_spelling_does_not_move_it(
        base in models("[a-d]"), mut head in models("[a-d]"), styles in (0..3_u8, 0..3_u8), by in 0..7_usize,
    ) {
        let one = evaluation(&written(&base, styles.0), &written(&head, styles.0));
        let length = head.len().max(1);
        head.rotate_left(by % length);
        let other = evaluation(&written(&base, styles.1), &written(&head, styles.1));
        prop_assert_eq!(digest(&one), digest(&other));
        prop_assert_eq!(risk_set(&one), risk_set(&other));
        let told = |evaluation: &Evaluation| super::told(&evaluation.environments[0].units[0].effects);
        prop_assert_eq!(told(&one), told(&other));
    }

    /// It moves on any change of any leaf of any object at head, sealed or not.
    #[test]
    fn any_leaf_moves_it(base in models("[a-d]"), head in models("[a-d]"), which in any::<(Index, Index)>()) {
        prop_assume!(!head.is_empty());
        let bodies: Vec<Value> = head.iter().map(Model::body).collect();
        let mut others = bodies.clone();
        let at = which.0.index(others.len());
        others[at] = with_another_leaf(&bodies[at], which.1);
        let text = |bodies: &[Value]| bodies.iter().map(|body| format!("---\n{body}\n")).collect::<String>();
        let base = written(&base, 0);
        let (one, other) = (evaluation(&base, &text(&bodies)), evaluation(&base, &text(&others)));
        prop_assert_ne!(digest(&one), digest(&other), "{}\n{}", bodies[at], others[at]);
        prop_assert_ne!(environment_digest(&one.environments[0]), environment_digest(&other.environments[0]));
    }

    /// It moves on content and mode of a path that no render reads, and on where the change lands.
    #[test]
    fn paths_and_places_move_it(base in models("[a-c]"), head in models("[a-c]"), what in 0..14_u8) {
        prop_assume!(base != head);
        let one = evaluation(&written(&base, 0), &written(&head, 0));
        let (repo, target) = place();
        let before = change_digest(&repo, &target, &one);
        let mut other = one.clone();
        let (mut new_repo, mut new_target) = (repo.clone(), target.clone());
        let environment = &mut other.environments[0];
        match what {
            0 => other.outside[1] = outside("docs/a.md", '4'),
            1 => other.outside[1].entry.head.as_mut().unwrap().mode = "100755".to_owned(),
            2 => other.outside[1].entry.base.as_mut().unwrap().blob = "5".repeat(40).parse::<ObjectId>().unwrap(),
            3 => other.outside[1].entry.head = None,
            4 => other.outside.push(outside("docs/b.md", '3')),
            5 => environment.environment.default_namespace = Some("elsewhere".to_owned()),
            6 => environment.environment.field_manager = "another".to_owned(),
            7 => environment.environment.apply = ApplyMode::ServerSide,
            8 => environment.environment.cluster = Some("another".to_owned()),
            9 => environment.cluster_identity = Some("another".to_owned()),
            10 => environment.environment.source = EnvironmentSource::Kustomize(vec!["apps".to_owned()]),
            11 => environment.environment.prune = false,
            12 => new_repo = RepoId { path: "acme/another".parse().unwrap(), ..repo },
            _ => new_target = "release".parse().unwrap(),
        }
        prop_assert_ne!(change_digest(&new_repo, &new_target, &other), before);
    }

    /// There and back: what appears one way goes the other way, and what changes changes both ways.
    #[test]
    fn sides_that_change_places_swap_creations_and_deletions(base in models("[a-d]"), head in models("[a-d]")) {
        let (base, head) = (written(&base, 0), written(&head, 0));
        let there = changes(&base, &head);
        let back = changes(&head, &base);
        prop_assert_eq!(there.len(), back.len());
        for (there, back) in there.iter().zip(&back) {
            prop_assert_eq!(&there.object, &back.object);
            prop_assert_eq!((&there.before, &there.after), (&back.after, &back.before));
            let swapped = match there.operation {
                Operation::Create => Operation::Delete,
                Operation::Delete => Operation::Create,
                Operation::Update
                | Operation::Replace
                | Operation::Orphan
                | Operation::Fail
                | Operation::None => there.operation,
            };
            prop_assert_eq!(swapped, back.operation);
        }
        prop_assert_eq!(changes(&base, &base), []);
    }
}
