//! A custom kind, which has a field of each sort that a schema can declare.

use serde_json::{Value, json};

use super::{Field, GROUP, always, map_of, one_of, some_of};

pub(super) const WIDGET: &[Field] = &[
    ("spec.size", |dice| Some(always(dice, json!([0, 1, 2, 3])))),
    ("spec.color", |dice| one_of(dice, json!(["red", "blue", ""]))),
    ("spec.memory", |dice| one_of(dice, json!(["1Gi", "1024Mi", 5]))),
    ("spec.parts", |dice| {
        dice.often(6).then(|| {
            some_of(dice, json!([
        { "name": "a", "weight": 1 }, { "name": "b" }, { "name": "c", "weight": 3, "tags": ["x", "y"] },
    ]), 0).into()
        })
    }),
    ("spec.ports", |dice| {
        dice.often(6).then(|| some_of(dice, json!([
        { "port": 80, "note": "http" }, { "port": 53, "protocol": "UDP" }, { "port": 53, "protocol": "TCP", "note": "" },
    ]), 0).into())
    }),
    ("spec.tags", |dice| dice.often(6).then(|| some_of(dice, json!(["one", "two", "three"]), 0).into())),
    ("spec.steps", |dice| {
        dice.often(6).then(|| some_of(dice, json!(["one", "two", "three", "two"]), 0).into())
    }),
    ("spec.limits", |dice| dice.often(6).then(|| map_of(dice, &["low", "high", "mid"], &json!([0, 1, 2])))),
    ("spec.whole", |dice| one_of(dice, json!([{ "a": "1" }, { "a": "2", "b": "" }, {}]))),
    ("spec.free", |dice| {
        one_of(
            dice,
            json!([
                { "a": 1, "b": { "c": [1, 2, { "d": null }] } }, { "a": "1", "list": [{ "name": "x" }] }, [1, 2], "text", {},
            ]),
        )
    }),
    ("spec.enabled", |dice| one_of(dice, json!([true, false]))),
];

/// The definition of `Widget`.
pub(in super::super) fn definition() -> Value {
    let text = json!({ "type": "string" });
    let number = json!({ "type": "integer" });
    let list =
        |items: Value, kind: &str| json!({ "type": "array", "items": items, "x-kubernetes-list-type": kind });
    let mut parts = list(
        json!({ "type": "object", "required": ["name"], "properties": {
            "name": text, "weight": { "type": "integer", "default": 1 }, "tags": list(text.clone(), "set"),
        }}),
        "map",
    );
    parts["x-kubernetes-list-map-keys"] = json!(["name"]);
    let mut ports = list(
        json!({ "type": "object", "required": ["port"], "properties": {
            "port": number, "protocol": { "type": "string", "default": "TCP" }, "note": text,
        }}),
        "map",
    );
    ports["x-kubernetes-list-map-keys"] = json!(["port", "protocol"]);
    let spec = json!({ "type": "object", "required": ["size"], "properties": {
        "size": { "type": "integer", "maximum": 100 },
        "color": { "type": "string", "default": "red" },
        "memory": { "x-kubernetes-int-or-string": true },
        "parts": parts, "ports": ports, "tags": list(text.clone(), "set"), "steps": list(text.clone(), "atomic"),
        "limits": { "type": "object", "additionalProperties": number },
        "whole": { "type": "object", "additionalProperties": text, "x-kubernetes-map-type": "atomic" },
        "free": { "x-kubernetes-preserve-unknown-fields": true },
        "enabled": { "type": "boolean" },
    }});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("widgets.{GROUP}") },
        "spec": {
            "group": GROUP, "scope": "Namespaced", "names": { "kind": "Widget", "plural": "widgets" },
            "versions": [{ "name": "v1", "served": true, "storage": true, "schema": {
                "openAPIV3Schema": { "type": "object", "properties": { "spec": spec } },
            }}],
        },
    })
}
