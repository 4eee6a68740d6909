//! Units beside each other: moves, and objects with two owners.

use insta::assert_snapshot;

use super::digests::unit;
use super::{effects, production, read, told};
use crate::effect::{Owners, Risk, reconcile_units};
use crate::evaluation::UnitEvaluation;

fn claim(size: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: data}}, spec: {{resources: {{requests: {{storage: {size}}}}}}}}}"
    )
}

/// Units by name with the manifests of both sides, reconciled.
fn reconciled(units: &[(&str, &str, &str)]) -> Vec<UnitEvaluation> {
    let owners: Owners = units
        .iter()
        .map(|(name, _, head)| {
            ((*name).to_owned(), read(head).into_iter().map(|object| object.reference).collect())
        })
        .collect();
    let mut all: Vec<UnitEvaluation> =
        units.iter().map(|(name, base, head)| unit(name, effects(base, head))).collect();
    reconcile_units(&production(), &mut all, &owners);
    all
}

fn lines(units: &[UnitEvaluation]) -> String {
    let line = |unit: &UnitEvaluation| {
        let from: Vec<&str> = unit.effects.iter().filter_map(|effect| effect.moved_from.as_deref()).collect();
        format!("{} (moved from: {})\n{}", unit.name, from.join(" "), told(&unit.effects))
    };
    units.iter().map(line).collect()
}

#[test]
fn an_object_that_changes_hands_is_a_move() {
    let units = reconciled(&[("old", &claim("1Gi"), ""), ("new", "", &claim("1Gi"))]);
    assert_snapshot!(lines(&units), @r"
    old (moved from: )
    new (moved from: old)
    none PersistentVolumeClaim shop/data | only changes hands
    ");
    assert!(!units[1].effects[0].risks.contains(&Risk::DataLoss));
}

#[test]
fn an_object_that_changes_on_the_way_is_one_change() {
    let units = reconciled(&[("new", "", &claim("2Gi")), ("old", &claim("1Gi"), "")]);
    assert_snapshot!(lines(&units), @r"
    new (moved from: old)
    update PersistentVolumeClaim shop/data | fields: spec.resources.requests.storage
    old (moved from: )
    ");
}

#[test]
fn what_two_units_have_at_head_is_marked() {
    let units = reconciled(&[("one", &claim("1Gi"), &claim("1Gi")), ("two", "", &claim("2Gi"))]);
    assert_snapshot!(lines(&units), @r"
    one (moved from: )
    two (moved from: )
    create PersistentVolumeClaim shop/data | risks: two-owners | also owned by one: the one that applies last wins
    ");
    let units =
        reconciled(&[("old", &claim("1Gi"), ""), ("one", "", &claim("1Gi")), ("two", "", &claim("1Gi"))]);
    assert_snapshot!(lines(&units), @r"
    old (moved from: )
    delete PersistentVolumeClaim shop/data | risks: data-loss prune two-owners | also owned by one, two: the one that applies last wins
    one (moved from: )
    create PersistentVolumeClaim shop/data | risks: two-owners | also owned by two: the one that applies last wins
    two (moved from: )
    create PersistentVolumeClaim shop/data | risks: two-owners | also owned by one: the one that applies last wins
    ");
}

#[test]
fn units_that_share_nothing_stay_as_they_are() {
    let other = claim("1Gi").replace("name: data", "name: other");
    let before = [("one", claim("1Gi"), String::new()), ("two", String::new(), other)];
    let sides: Vec<(&str, &str, &str)> =
        before.iter().map(|(n, b, h)| (*n, b.as_str(), h.as_str())).collect();
    let untouched: Vec<UnitEvaluation> = sides.iter().map(|(n, b, h)| unit(n, effects(b, h))).collect();
    assert_eq!(reconciled(&sides), untouched);
}
