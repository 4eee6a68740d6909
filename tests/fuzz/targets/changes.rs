//! Two texts of manifests: their comparison is total, the same on both sides is no change, and turning the sides round
//! turns what is created into what is deleted.
#![no_main]

use countersign_core::effect::{Effect, Operation, compare};
use countersign_core::environment::{ApplyMode, Environment, EnvironmentSource, OnUnreachable};
use countersign_core::object::{Sealer, SealingKey, parse_manifests};
use libfuzzer_sys::fuzz_target;

/// What stands between the two sides of an input.
const BETWEEN: &str = "\n=====\n";

fn production() -> Environment {
    Environment {
        name: "production".to_owned(),
        source: EnvironmentSource::Yaml(vec!["production".to_owned()]),
        cluster: None,
        apply: ApplyMode::default(),
        field_manager: "kubectl".to_owned(),
        prune: true,
        on_unreachable: OnUnreachable::default(),
        default_namespace: None,
    }
}

fn count(effects: &[Effect], wanted: Operation) -> usize {
    effects.iter().filter(|effect| effect.operation == wanted).count()
}

fuzz_target!(|text: &str| {
    let Some((base, head)) = text.split_once(BETWEEN) else { return };
    let key = SealingKey::new([7; 32]);
    let sealer = Sealer { key: &key, environment: "production", mask: &[] };
    let read = |text| parse_manifests(text, None, None, &sealer);
    let (Ok(base), Ok(head)) = (read(base), read(head)) else { return };
    let environment = production();
    assert_eq!(compare(&environment, &base, &base), []);
    let there = compare(&environment, &base, &head);
    let back = compare(&environment, &head, &base);
    assert_eq!(count(&there, Operation::Create), count(&back, Operation::Delete));
    assert_eq!(there.len(), back.len());
    for effect in &there {
        let unified = countersign_core::diff::unified(effect.before.as_ref(), effect.after.as_ref());
        assert!(effect.operation == Operation::None || effect.before == effect.after || !unified.is_empty());
    }
});
