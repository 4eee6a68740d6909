use std::collections::BTreeMap;

use super::super::plan::{SidePlan, Sides};
use super::narrow;
use crate::ports::{ReadSet, UnitSource, UnitSpec};

/// `over > base` is a kustomize root that includes another; `chart` a chart, `chart ? values.yaml` one that lacks a
/// values file.
fn plan(text: &str) -> (String, SidePlan) {
    let words: Vec<&str> = text.split(' ').collect();
    let (name, source, reads) = match words.as_slice() {
        [name, ">", included @ ..] => {
            let files = included.iter().chain([name]).map(|root| format!("{root}/kustomization.yaml"));
            let reads = ReadSet { files: files.collect(), ..ReadSet::default() };
            (*name, UnitSource::Kustomize { root: (*name).to_owned() }, reads)
        }
        [name, rest @ ..] => {
            let values: Vec<String> = rest.iter().skip(1).map(|file| (*file).to_owned()).collect();
            let reads = ReadSet { absent: values.iter().cloned().collect(), ..ReadSet::default() };
            let (chart, release) = ((*name).to_owned(), (*name).to_owned());
            let namespace = "default".to_owned();
            (*name, UnitSource::Helm { chart, values, release, namespace, kubernetes: None }, reads)
        }
        [] => unreachable!("a split has at least one part"),
    };
    let spec = UnitSpec { name: name.to_owned(), path: name.to_owned(), source };
    (name.to_owned(), SidePlan { spec, reads: reads.into() })
}

#[track_caller]
fn check(base: &[&str], head: &[&str], want: [&[&str]; 2]) {
    let mut units: BTreeMap<String, Sides> = BTreeMap::new();
    for (name, plan) in base.iter().map(|text| plan(text)) {
        units.entry(name).or_default().base = Some(plan);
    }
    for (name, plan) in head.iter().map(|text| plan(text)) {
        units.entry(name).or_default().head = Some(plan);
    }
    narrow(&mut units);
    let left = |side: fn(&Sides) -> bool| -> Vec<&str> {
        units.iter().filter(|(_, sides)| side(sides)).map(|(name, _)| name.as_str()).collect()
    };
    assert_eq!([left(|sides| sides.base.is_some()), left(|sides| sides.head.is_some())], want);
}

#[test]
fn what_another_unit_includes_is_no_unit_on_that_side() {
    // An overlay takes a root in, and gives it up again.
    check(&["base >"], &["base >", "over > base"], [&["base"], &["over"]]);
    check(&["base >", "over > base"], &["base >"], [&["over"], &["base"]]);
    // Through another one; and what includes nothing stays.
    check(&["a >", "b >"], &["a >", "b > a", "c > b a", "d >"], [&["a", "b"], &["c", "d"]]);
    // A circle is told by the render.
    check(&["a > b", "b > a"], &["a > b", "b > a"], [&["a", "b"], &["a", "b"]]);
}

#[test]
fn a_chart_is_there_where_its_values_are() {
    check(&["chart ? prod.yaml"], &["chart"], [&[], &["chart"]]);
    check(&["chart"], &["chart ? prod.yaml"], [&["chart"], &[]]);
    check(&["chart ? prod.yaml"], &["chart ? prod.yaml"], [&["chart"], &["chart"]]);
    check(&["chart"], &["chart"], [&["chart"], &["chart"]]);
}
