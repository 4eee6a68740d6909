//! Manifests of both sides in, effects out, one line each.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod appliers;
mod digests;
mod objects;
mod properties;
mod risky;
mod secrets;
mod sides;
mod together;
mod unstable;

use super::{Effect, Risk, compare};
use crate::environment::{ApplyMode, Environment, EnvironmentSource, OnUnreachable};
use crate::object::{RenderedObject, Sealer, SealingKey, parse_manifests};

const KEY: SealingKey = SealingKey::new([7; 32]);

/// An environment that prunes.
fn production() -> Environment {
    Environment {
        name: "production".to_owned(),
        source: EnvironmentSource::Yaml(vec!["apps".to_owned()]),
        cluster: None,
        apply: ApplyMode::ClientSide,
        field_manager: "argocd-controller".to_owned(),
        prune: true,
        on_unreachable: OnUnreachable::Hold,
        default_namespace: Some("shop".to_owned()),
        destinations: Vec::new(),
        unforced: false,
        kubernetes: None,
    }
}

fn read(text: &str) -> Vec<RenderedObject> {
    let sealer = Sealer { key: &KEY, environment: "production", mask: &[] };
    parse_manifests(text, Some("app.yaml"), Some("shop"), &sealer).unwrap_or_else(|e| panic!("{e:?}\n{text}"))
}

fn effects(base: &str, head: &str) -> Vec<Effect> {
    compare(&production(), &read(base), &read(head))
}

fn word<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

/// What is said of each effect, in a line: operation, object, dangers, fields, reason.
fn told(effects: &[Effect]) -> String {
    effects.iter().map(line).collect()
}

fn line(effect: &Effect) -> String {
    let risks: Vec<String> = effect.risks.iter().map(word::<Risk>).collect();
    let fields: Vec<&str> = effect.changes.iter().map(|change| change.path.as_str()).collect();
    let mut line = format!("{} {}", word(&effect.operation), effect.object);
    for (name, list) in [("risks", risks.join(" ")), ("fields", fields.join(" "))] {
        if !list.is_empty() {
            line.push_str(&format!(" | {name}: {list}"));
        }
    }
    if let Some(reason) = &effect.reason {
        line.push_str(&format!(" | {reason}"));
    }
    line + "\n"
}
