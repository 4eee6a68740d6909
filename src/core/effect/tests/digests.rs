//! What moves the digest and what does not: each sentence of the design, one test.

use proptest::prelude::*;
use serde_json::json;

use super::{effects, production};
use crate::change::RepoId;
use crate::effect::{Effect, Operation, Risk, Tier, change_digest, environment_digest, risk_set};
use crate::evaluation::{
    ChangedPath, EnvironmentError, EnvironmentEvaluation, Evaluation, PathEntry, PathOperation, SideState,
    UnitError, UnitEvaluation,
};
use crate::revision::{BranchName, Diff, Digest};

pub(super) fn place() -> (RepoId, BranchName) {
    (RepoId { forge: "hub".to_owned(), path: "acme/env".parse().unwrap() }, "main".parse().unwrap())
}

pub(super) fn unit(name: &str, effects: Vec<Effect>) -> UnitEvaluation {
    UnitEvaluation {
        name: name.to_owned(),
        path: format!("apps/{name}"),
        renderer: "kustomize".to_owned(),
        sides: Diff { base: SideState::Rendered, head: SideState::Rendered },
        errors: Vec::new(),
        objects: Diff { base: 3, head: 3 },
        stable: true,
        input_digest: Digest::of(b"input"),
        inputs: Diff::default(),
        already_broken: false,
        effects,
    }
}

pub(super) fn environment(name: &str, units: Vec<UnitEvaluation>) -> EnvironmentEvaluation {
    let mut environment = production();
    environment.name = name.to_owned();
    EnvironmentEvaluation {
        environment,
        cluster_identity: Some("uid-1".to_owned()),
        tier: Tier::Render,
        units,
        drift: Vec::new(),
        errors: Vec::new(),
        inventory: None,
    }
}

pub(super) fn outside(path: &str, blob: char) -> ChangedPath {
    let entry = |digit: char| {
        Some(PathEntry { mode: "100644".to_owned(), blob: digit.to_string().repeat(40).parse().unwrap() })
    };
    ChangedPath {
        path: path.to_owned(),
        operation: PathOperation::Change,
        entry: Diff { base: entry('1'), head: entry(blob) },
    }
}

const BASE: &str = "\
{apiVersion: v1, kind: ConfigMap, metadata: {name: app}, data: {k: one}}
---
{apiVersion: v1, kind: Secret, metadata: {name: app}, stringData: {k: hunter2}}
";

fn shop() -> Vec<Effect> {
    effects(BASE, &BASE.replace("one", "two").replace("hunter2", "hunter3"))
}

/// A change of one unit in production, another in staging, and a file that nothing reads.
fn change() -> Evaluation {
    Evaluation {
        environments: vec![
            environment("production", vec![unit("shop", shop()), unit("cache", effects("", BASE))]),
            environment("staging", vec![unit("shop", shop())]),
        ],
        outside: vec![outside("README.md", '2'), outside("docs/a.md", '3')],
        discovered: false,
    }
}

fn digest(evaluation: &Evaluation) -> Digest {
    let (repo, target) = place();
    change_digest(&repo, &target, evaluation)
}

#[track_caller]
fn check(moves: bool, edit: impl FnOnce(&mut Evaluation)) {
    let mut edited = change();
    edit(&mut edited);
    assert_eq!(digest(&edited) != digest(&change()), moves);
}

fn shop_of(evaluation: &mut Evaluation) -> &mut UnitEvaluation {
    &mut evaluation.environments[0].units[0]
}

#[test]
fn the_encoding_is_this_one() {
    insta::assert_snapshot!(digest(&change()), @"sha256:883d625553f81707536ad3ed1bcecbf3c1d65f32da4a4ce32ad1b12105919e6c");
    insta::assert_snapshot!(digest(&Evaluation::default()), @"sha256:050fb9cdd49b04478668fd762498424e0c5703b5d12b626c933979dfb46816ad");
    insta::assert_snapshot!(environment_digest(&change().environments[0]), @"sha256:5936f2f39b0b0fd8c54c7dd5f9883a9788080f1c4f82a9e03a8e85b164ad3815");
}

#[test]
fn what_was_rendered_moves_it() {
    check(true, |e| shop_of(e).effects[0].after = Some(json!({"x": 1}).into()));
    check(true, |e| shop_of(e).effects[0].before = None);
    check(true, |e| shop_of(e).effects[0].object.namespace = "other".to_owned());
    check(true, |e| shop_of(e).effects[0].rendered = crate::effect::RenderOperation::Add);
    check(true, |e| shop_of(e).effects[0].moved_from = Some("cache".to_owned()));
    check(true, |e| drop(shop_of(e).effects.pop()));
    check(true, |e| drop(e.environments.pop()));
}

#[test]
fn a_secret_moves_it() {
    check(true, |e| {
        shop_of(e).effects = effects(BASE, &BASE.replace("one", "two").replace("hunter2", "hunter4"));
    });
    check(true, |e| shop_of(e).effects = effects(BASE, &BASE.replace("one", "two")));
}

#[test]
fn where_it_lands_moves_it() {
    check(true, |e| e.environments[0].environment.name = "other".to_owned());
    check(true, |e| e.environments[0].environment.field_manager = "flux".to_owned());
    check(true, |e| e.environments[0].environment.apply = crate::environment::ApplyMode::Helm);
    check(true, |e| e.environments[0].environment.cluster = Some("prod-us".to_owned()));
    check(true, |e| e.environments[0].environment.default_namespace = None);
    check(true, |e| e.environments[0].cluster_identity = Some("uid-2".to_owned()));
    check(true, |e| {
        e.environments[0].environment.source = crate::environment::EnvironmentSource::Kustomize(Vec::new());
    });
    let (repo, target) = place();
    let other = RepoId { path: "acme/other".parse().unwrap(), ..repo.clone() };
    assert_ne!(change_digest(&other, &target, &change()), digest(&change()));
    assert_ne!(change_digest(&repo, &"release".parse().unwrap(), &change()), digest(&change()));
}

#[test]
fn any_path_that_no_render_reads_moves_it() {
    check(true, |e| e.outside.push(outside("docs/b.md", '4')));
    check(true, |e| drop(e.outside.pop()));
    check(true, |e| e.outside[0] = outside("README.md", '5'));
    check(true, |e| e.outside[0].entry.head.as_mut().unwrap().mode = "100755".to_owned());
    check(true, |e| e.outside[0].entry.base = None);
}

#[test]
fn order_does_not_move_it() {
    check(false, |e| e.outside.reverse());
    check(false, |e| e.environments.reverse());
    check(false, |e| e.environments[0].units.reverse());
    check(false, |e| shop_of(e).effects.reverse());
}

// It does not move when somebody merges an unrelated change, or when live drifts.
#[test]
fn what_is_not_of_the_change_does_not_move_it() {
    check(false, |e| e.environments.push(environment("new", vec![unit("untouched", Vec::new())])));
    check(false, |e| e.environments.push(environment("empty", Vec::new())));
    check(false, |e| e.environments[0].units.push(unit("untouched", Vec::new())));
    check(false, |e| e.environments[0].tier = Tier::DryRun);
    check(false, |e| e.discovered = true);
    check(false, |e| shop_of(e).objects.base = 99);
    check(false, |e| shop_of(e).input_digest = Digest::of(b"other"));
    check(false, |e| {
        let effect = &mut shop_of(e).effects[0];
        effect.tier = Tier::DryRun;
        effect.settled = Some(true);
        effect.operation = Operation::Fail;
        effect.reason = Some("refused".to_owned());
        effect.risks.insert(Risk::Replace);
        effect.changes.clear();
        effect.source = None;
        effect.made = Some(crate::object::Place::Rendered { line: 9 });
    });
    check(false, |e| {
        e.environments[0].errors.push(EnvironmentError {
            object: None,
            message: "x".to_owned(),
            undecided: true,
        });
    });
    check(false, |e| {
        let mut broken = unit("broken", Vec::new());
        broken.sides = Diff { base: SideState::Failed, head: SideState::Failed };
        broken.already_broken = true;
        e.environments[0].units.push(broken);
    });
}

#[test]
fn an_unstable_unit_stands_by_its_input() {
    let unstable = |output: &str, input: &[u8]| {
        let mut evaluation = change();
        let unit = shop_of(&mut evaluation);
        unit.stable = false;
        unit.input_digest = Digest::of(input);
        unit.effects = effects(BASE, &BASE.replace("one", output));
        digest(&evaluation)
    };
    assert_eq!(unstable("random1", b"a"), unstable("random2", b"a"));
    assert_ne!(unstable("random1", b"a"), unstable("random1", b"b"));
    assert_ne!(unstable("two", b"input"), digest(&change()));
}

#[test]
fn a_failed_side_is_a_fact() {
    let failed = |base, head, input: &[u8]| {
        let mut evaluation = change();
        let unit = shop_of(&mut evaluation);
        unit.sides = Diff { base, head };
        unit.input_digest = Digest::of(input);
        unit.effects.clear();
        unit.errors.push(UnitError {
            side: crate::evaluation::Side::Head,
            message: String::from_utf8_lossy(input).into_owned(),
            file: None,
            line: None,
            column: None,
        });
        digest(&evaluation)
    };
    use SideState::{Absent, Failed, Rendered};
    let all = [
        failed(Rendered, Rendered, b"a"),
        failed(Rendered, Failed, b"a"),
        failed(Failed, Rendered, b"a"),
        failed(Absent, Failed, b"a"),
        failed(Rendered, Failed, b"b"),
    ];
    for (index, one) in all.iter().enumerate() {
        assert!(all.iter().skip(index + 1).all(|other| other != one), "{index}");
    }
}

#[test]
fn an_environment_has_a_digest_of_its_own() {
    let one = change().environments.remove(0);
    let mut other = one.clone();
    assert_eq!(environment_digest(&one), environment_digest(&other));
    other.units[0].effects.pop();
    assert_ne!(environment_digest(&one), environment_digest(&other));
    assert_ne!(environment_digest(&one), environment_digest(&change().environments[1]));
}

#[test]
fn the_risk_set_names_every_danger_once() {
    let set = risk_set(&change());
    let told: Vec<String> = set
        .iter()
        .map(|risk| format!("{} {} {}", risk.environment, risk.object, super::word(&risk.risk)))
        .collect();
    assert_eq!(told, ["production Secret shop/app secret", "staging Secret shop/app secret"]);
    assert!(risk_set(&Evaluation::default()).is_empty());
}

proptest! {
    /// A rebased branch renders the same objects in whatever order from whatever lines.
    #[test]
    fn the_same_objects_have_the_same_digest(values in prop::collection::btree_map("[a-f]", "[a-c]{1,3}", 1..6), seed in any::<u64>()) {
        let objects: Vec<String> = values.iter().map(|(name, value)| {
            format!("---\n{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}}}, data: {{k: {value}, l: m}}}}\n")
        }).collect();
        let mut shuffled = objects.clone();
        let length = u64::try_from(shuffled.len()).unwrap();
        shuffled.rotate_left(usize::try_from(seed % length).unwrap());
        let respelled = format!("# rebased\n{}", shuffled.concat().replace("l: m", "'l': \"m\""));
        let of = |head: &str| digest(&Evaluation { environments: vec![environment("production", vec![unit("shop", effects("", head))])], ..Evaluation::default() });
        prop_assert_eq!(of(&objects.concat()), of(&respelled));
        prop_assert_ne!(of(&objects.concat()), of(&respelled.replacen("\"m\"", "n", 1)));
    }
}
