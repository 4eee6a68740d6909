//! Units beside each other: moves, and objects with two owners.

use insta::assert_snapshot;

use super::digests::{environment, unit};
use super::{effects, production, read, told};
use crate::effect::{Owners, Risk, reconcile_environments, reconcile_units};
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

// 34. What is new at each sync has no owner, and does not move.
#[test]
fn names_that_are_generated_do_not_change_hands() {
    let job = "{apiVersion: batch/v1, kind: Job, metadata: {generateName: migrate-}}";
    assert_snapshot!(lines(&reconciled(&[("old", job, ""), ("one", "", job), ("two", job, job)])), @r"
    old (moved from: )
    delete Job shop/migrate-* | risks: prune
    one (moved from: )
    create Job shop/migrate-* | a new object at each sync, since its name is generated
    two (moved from: )
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

/// Environments with their cluster and the manifests of both sides, reconciled.
fn environments(sides: &[(&str, Option<&str>, &str, &str)]) -> String {
    let owners: Vec<Owners> = sides
        .iter()
        .map(|(name, _, _, head)| {
            let held = read(head).into_iter().map(|object| object.reference).collect();
            Owners::from([((*name).to_owned(), held)])
        })
        .collect();
    let mut all: Vec<_> = sides
        .iter()
        .map(|(name, cluster, base, head)| {
            let mut evaluation = environment(name, vec![unit("shop", effects(base, head))]);
            evaluation.environment.cluster = cluster.map(str::to_owned);
            evaluation
        })
        .collect();
    reconcile_environments(&mut all, &owners);
    all.iter().map(|one| format!("{}\n{}", one.environment.name, told(&one.units[0].effects))).collect()
}

// 44. Changing the destination is a deletion there and a creation here; on one cluster each says so of the other.
#[test]
fn an_object_that_moves_between_environments_is_deleted_there_and_created_here() {
    assert_snapshot!(environments(&[("a", Some("eu"), &claim("1Gi"), ""), ("b", Some("us"), "", &claim("1Gi"))]), @r"
    a
    delete PersistentVolumeClaim shop/data | risks: data-loss prune
    b
    create PersistentVolumeClaim shop/data
    ");
    assert_snapshot!(environments(&[("a", Some("eu"), &claim("1Gi"), ""), ("b", Some("eu"), "", &claim("1Gi"))]), @r"
    a
    delete PersistentVolumeClaim shop/data | risks: data-loss prune | environment b applies it to the same cluster: pruned after that, it is lost there too
    b
    create PersistentVolumeClaim shop/data | environment a gives it up on the same cluster: pruned late, it is lost
    ");
}

#[test]
fn what_two_environments_apply_to_one_cluster_has_two_owners() {
    let sides = |one, other| {
        environments(&[("a", one, &claim("1Gi"), &claim("1Gi")), ("b", other, "", &claim("2Gi"))])
    };
    assert_snapshot!(sides(Some("eu"), Some("eu")), @r"
    a
    b
    create PersistentVolumeClaim shop/data | risks: two-owners | environment a applies it to the same cluster too: the last one wins
    ");
    assert_snapshot!(sides(None, None), @r"
    a
    b
    create PersistentVolumeClaim shop/data
    ");
}
