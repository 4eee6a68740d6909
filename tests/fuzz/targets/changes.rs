//! Two texts of manifests: their comparison is total, the same on both sides is no change, and turning the sides round
//! turns what is created into what is deleted. Reading both at once is reading each for itself.
#![no_main]

use countersign_core::effect::{Effect, Operation, compare};
use countersign_core::environment::{ApplyMode, Environment, EnvironmentSource, OnUnreachable};
use countersign_core::object::{ManifestText, Sealer, SealingKey, parse_manifests, parse_sides};
use countersign_core::revision::Diff;
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
        destinations: Vec::new(),
        unforced: false,
        kubernetes: None,
    }
}

/// How many effects are of these operations. A name that is generated is new at each sync, whichever way one looks.
fn count(effects: &[Effect], wanted: &[Operation]) -> usize {
    let named = effects.iter().filter(|effect| !effect.object.name.ends_with('*'));
    named.filter(|effect| wanted.contains(&effect.operation)).count()
}

fuzz_target!(|text: &str| {
    let Some((base, head)) = text.split_once(BETWEEN) else { return };
    let key = SealingKey::new([7; 32]);
    let sealer = Sealer { key: &key, environment: "production", mask: &[] };
    let read = |text| parse_manifests(text, None, None, &sealer);
    let of = |text| vec![ManifestText { file: None, text, sources: None }];
    let both = parse_sides(&Diff { base: of(base), head: of(head) }, None, &sealer, 1);
    let (base, head) = (read(base), read(head));
    assert_eq!((both.base.is_ok(), both.head.is_ok()), (base.is_ok(), head.is_ok()));
    let (Ok(base), Ok(head)) = (base, head) else { return };
    let environment = production();
    assert_eq!(compare(&environment, &base, &base), []);
    let there = compare(&environment, &base, &head);
    let back = compare(&environment, &head, &base);
    if let (Ok(base), Ok(head)) = (both.base, both.head) {
        assert_eq!(compare(&environment, &base.objects, &head.objects), there);
    }
    let (appear, vanish) = ([Operation::Create], [Operation::Delete, Operation::Orphan]);
    assert_eq!(count(&there, &appear), count(&back, &vanish));
    assert_eq!(there.len(), back.len());
    for effect in &there {
        let unified = countersign_core::diff::unified(effect.before.as_ref(), effect.after.as_ref());
        assert!(effect.operation == Operation::None || effect.before == effect.after || !unified.is_empty());
    }
});
