//! Truth tables of predicates, and what rules claim.
use proptest::prelude::*;
use serde_json::json;

use super::super::*;
use super::{effect, environment, evaluation, undecided, unit, unrendered};
use crate::config::{EffectMatch, Pattern, Predicate, Rule, parse};
use crate::effect::{Effect, Operation};
use crate::evaluation::{Evaluation, SideState};

use Truth::{False, True, Unknown};

/// The rule whose `when` is this text.
fn rule(when: &str) -> Rule {
    let when = if when.is_empty() { String::new() } else { format!("when = {when}\n") };
    let text = format!("version = 1\n[[rule]]\nname = \"r\"\nrequire = {{ count = 1 }}\n{when}");
    let policy = parse(&text, "policy")
        .unwrap_or_else(|errors| panic!("{}", errors[0].render(crate::config::Level::Error, None)));
    policy.rules[0].clone()
}

fn update(object: &str) -> Effect {
    effect(object, Some(json!({})), Some(json!({})))
}

fn deletion(object: &str) -> Effect {
    effect(object, Some(json!({})), None)
}

#[track_caller]
fn check(evaluation: &Evaluation, rows: &[(&str, Truth)]) {
    let target = "main".parse().unwrap();
    let scope = Scope { evaluation, target: &target, seen: None };
    for (when, truth) in rows {
        assert_eq!(applies(&rule(when), &scope), *truth, "{when}");
    }
}

#[test]
fn kleene_tables_hold() {
    let all = [False, Unknown, True];
    let table = |f: fn(Truth, Truth) -> Truth| all.map(|a| all.map(|b| f(a, b)));
    assert_eq!(table(Truth::and), [[False, False, False], [False, Unknown, Unknown], [False, Unknown, True]]);
    assert_eq!(table(Truth::or), [[False, Unknown, True], [Unknown, Unknown, True], [True, True, True]]);
    assert_eq!(all.map(Truth::negate), [True, Unknown, False]);
}

#[test]
fn a_known_change_makes_every_predicate_known() {
    let evaluation = evaluation(
        vec![
            environment(
                "production",
                vec![update("apps/Deployment shop/web"), deletion("/ConfigMap shop/old")],
            ),
            environment("staging", vec![]),
        ],
        &["docs/runbook.md"],
    );
    check(
        &evaluation,
        &[
            ("", True),
            (r#"{ effect.any = { environment = ["production"] } }"#, True),
            (r#"{ effect.any = { environment = ["prod*", "x"] } }"#, True),
            (r#"{ effect.any = { environment = ["staging"] } }"#, False),
            (r#"{ effect.any = { kinds = ["apps/*"], names = "web" } }"#, True),
            (r#"{ effect.any = { kinds = ["apps/*"], names = "old" } }"#, False),
            (r#"{ effect.any = { kinds = "/ConfigMap" } }"#, True),
            (r#"{ effect.any = { kinds = "*/ConfigMap" } }"#, True),
            (r#"{ effect.any = { kinds = "apps/ConfigMap" } }"#, False),
            (r#"{ effect.any = { namespaces = "shop" } }"#, True),
            (r#"{ effect.any = { namespaces = "sho?" } }"#, True),
            (r#"{ effect.any = { namespaces = "web" } }"#, False),
            (r#"{ effect.any = { operations = "delete", kinds = "apps/*" } }"#, False),
            (r#"{ effect.any = { operations = ["create", "delete"] } }"#, True),
            (r#"{ effect.any = { risks = "image" } }"#, True),
            (r#"{ effect.any = { risks = "data-loss" } }"#, False),
            (r#"{ effect.only = { namespaces = "shop" } }"#, True),
            (r#"{ effect.only = { kinds = "apps/*" } }"#, False),
            (r#"{ effect.none = { kinds = "apps/*" } }"#, False),
            (r#"{ effect.none = { kinds = "batch/*" } }"#, True),
            (r#"{ not = { effect.none = { kinds = "batch/*" } } }"#, False),
            (r#"{ paths.any = "docs/**" }"#, True),
            (r#"{ paths.any = "docs" }"#, False),
            (r#"{ paths.any = "web.yaml" }"#, True),
            (r#"{ targets_branch = "main" }"#, True),
            (r#"{ targets_branch = ["release/*", "ma*"] }"#, True),
            (r#"{ targets_branch = "release/*" }"#, False),
            (r#"{ all = [{ targets_branch = "main" }, { paths.any = "x" }] }"#, False),
            (r#"{ any = [{ targets_branch = "main" }, { paths.any = "x" }] }"#, True),
            (r#"{ targets_branch = "main", paths.any = "x" }"#, False),
        ],
    );
}

#[test]
fn over_no_effects_any_and_only_are_false_and_none_is_true() {
    check(
        &evaluation(vec![environment("production", vec![])], &[]),
        &[
            (r#"{ effect.any = { environment = "*" } }"#, False),
            (r#"{ effect.only = { environment = "*" } }"#, False),
            (r#"{ effect.none = { environment = "*" } }"#, True),
            (r#"{ paths.any = "**" }"#, False),
        ],
    );
}

#[test]
fn what_does_not_render_is_unknown_where_it_could_matter() {
    let open = [
        unrendered("production", vec![update("apps/Deployment shop/web")]),
        environment("staging", vec![update("apps/Deployment shop/web")]),
    ];
    check(
        &evaluation(open.to_vec(), &[]),
        &[
            (r#"{ effect.any = { environment = "production" } }"#, True),
            (r#"{ effect.any = { kinds = "apps/*" } }"#, True),
            (r#"{ effect.any = { kinds = "batch/*" } }"#, Unknown),
            (r#"{ effect.any = { environment = "staging", kinds = "batch/*" } }"#, False),
            (r#"{ effect.none = { kinds = "apps/*" } }"#, False),
            (r#"{ effect.none = { kinds = "batch/*" } }"#, Unknown),
            (r#"{ effect.none = { environment = "staging", kinds = "batch/*" } }"#, True),
            (r#"{ effect.only = { kinds = "apps/*" } }"#, Unknown),
            (r#"{ effect.only = { kinds = "batch/*" } }"#, False),
            (r#"{ effect.only = { environment = "staging" } }"#, False),
            (r#"{ not = { effect.any = { kinds = "batch/*" } } }"#, Unknown),
            (r#"{ any = [{ effect.any = { kinds = "batch/*" } }, { targets_branch = "main" }] }"#, True),
            (r#"{ all = [{ effect.any = { kinds = "batch/*" } }, { targets_branch = "x" }] }"#, False),
            (r#"{ all = [{ effect.any = { kinds = "batch/*" } }, { targets_branch = "main" }] }"#, Unknown),
        ],
    );
    let nothing_known = evaluation(vec![undecided("production"), environment("staging", vec![])], &[]);
    check(
        &nothing_known,
        &[
            (r#"{ effect.any = { environment = "production" } }"#, Unknown),
            (r#"{ effect.any = { environment = "staging" } }"#, False),
            (r#"{ effect.only = { environment = "staging" } }"#, Unknown),
        ],
    );
}

#[test]
fn what_goes_with_a_unit_that_never_rendered_is_unknown() {
    let mut removed = unit(vec![]);
    removed.sides.base = SideState::Failed;
    removed.sides.head = SideState::Absent;
    let mut production = environment("production", vec![]);
    production.units = vec![removed];
    check(
        &evaluation(vec![production], &[]),
        &[
            (r#"{ effect.any = { operations = ["delete"] } }"#, Unknown),
            (r#"{ effect.any = { environment = "staging" } }"#, False),
        ],
    );
}

#[test]
fn what_was_broken_before_and_what_is_repaired_is_known() {
    let mut broken = unit(vec![]);
    broken.sides.head = SideState::Failed;
    broken.sides.base = SideState::Failed;
    broken.already_broken = true;
    let mut repaired = unit(vec![update("apps/Deployment shop/web")]);
    repaired.sides.base = SideState::Failed;
    let mut production = environment("production", vec![]);
    production.units = vec![broken, repaired];
    check(
        &evaluation(vec![production], &[]),
        &[
            (r#"{ effect.any = { kinds = "batch/*" } }"#, False),
            (r#"{ effect.any = { kinds = "apps/*" } }"#, True),
        ],
    );
}

#[test]
fn without_a_merge_only_the_target_is_known() {
    let evaluation = evaluation(vec![environment("production", vec![])], &[]);
    let target = "main".parse().unwrap();
    let view =
        View::of(&Scope { evaluation: &evaluation, target: &target, seen: None }, Completeness::NoMerge);
    for (when, truth) in [
        (r#"{ effect.any = { environment = "production" } }"#, Unknown),
        (r#"{ effect.none = { environment = "production" } }"#, Unknown),
        (r#"{ effect.only = { environment = "production" } }"#, Unknown),
        (r#"{ paths.any = "docs/**" }"#, Unknown),
        (r#"{ targets_branch = "main" }"#, True),
        (r#"{ targets_branch = "x" }"#, False),
    ] {
        assert_eq!(judge(&rule(when), &view).truth, truth, "{when}");
    }
}

#[test]
fn a_rule_claims_what_its_predicate_names() {
    let evaluation = evaluation(
        vec![environment(
            "production",
            vec![update("apps/Deployment shop/web"), deletion("/ConfigMap shop/old")],
        )],
        &["docs/runbook.md"],
    );
    let target = "main".parse().unwrap();
    let scope = Scope { evaluation: &evaluation, target: &target, seen: None };
    let effects = &evaluation.environments[0].units[0].effects;
    for (when, web, old, docs) in [
        ("", true, true, true),
        (r#"{ targets_branch = "main" }"#, true, true, true),
        (r#"{ effect.any = { kinds = "apps/*" } }"#, true, false, false),
        (r#"{ effect.only = { namespaces = "shop" } }"#, true, true, false),
        (r#"{ paths.any = "docs/**" }"#, false, false, true),
        (r#"{ effect.any = { kinds = "apps/*" }, paths.any = "docs/**" }"#, true, false, true),
        // Under `not` and `none` nothing is claimed.
        (r#"{ effect.none = { kinds = "batch/*" } }"#, false, false, false),
        (r#"{ not = { effect.any = { kinds = "batch/*" } } }"#, false, false, false),
        // A branch that does not hold claims nothing, though the rule applies.
        (
            r#"{ any = [{ effect.any = { names = "web" }, targets_branch = "x" }, { effect.any = { names = "old" } }] }"#,
            false,
            true,
            false,
        ),
    ] {
        let rule = rule(when);
        let claimed = (
            claims_effect(&rule, "production", &effects[0], &scope),
            claims_effect(&rule, "production", &effects[1], &scope),
            claims_path(&rule, &evaluation.outside[0], &scope),
        );
        assert_eq!(claimed, (web, old, docs), "{when}");
    }
}

fn predicate() -> impl Strategy<Value = Predicate> {
    let wanted = (
        prop::option::of(prop::sample::select(vec!["production", "staging"])),
        prop::option::of(prop::sample::select(vec!["apps/*", "/ConfigMap", "batch/*"])),
        prop::option::of(prop::sample::select(vec![Operation::Update, Operation::Delete])),
    )
        .prop_map(|(environment, kinds, operations)| EffectMatch {
            environment: environment.into_iter().map(str::to_owned).collect(),
            kinds: kinds.into_iter().map(str::to_owned).collect(),
            operations: operations.into_iter().collect(),
            ..EffectMatch::default()
        });
    let leaf = prop_oneof![
        wanted.clone().prop_map(Predicate::EffectAny),
        wanted.clone().prop_map(Predicate::EffectOnly),
        wanted.prop_map(Predicate::EffectNone),
        Just(Predicate::TargetsBranch(Pattern::Glob("main".into()))),
        Just(Predicate::TargetsBranch(Pattern::Glob("x".into()))),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..3).prop_map(Predicate::All),
            prop::collection::vec(inner.clone(), 1..3).prop_map(Predicate::Any),
            inner.prop_map(|inner| Predicate::Not(Box::new(inner))),
        ]
    })
}

fn some_effects() -> impl Strategy<Value = Vec<Effect>> {
    let one = prop_oneof![
        Just(update("apps/Deployment shop/web")),
        Just(deletion("/ConfigMap shop/old")),
        Just(update("batch/Job shop/job"))
    ];
    prop::collection::vec(one, 0..3)
}

proptest! {
    /// Whatever hides behind a unit that does not render, a known answer stays the answer once it renders.
    #[test]
    fn a_known_answer_survives_what_was_hidden(
        when in predicate(), known in some_effects(), hidden in some_effects(), staging in some_effects()
    ) {
        let target = "main".parse().unwrap();
        let rule = Rule { when: Some(when), ..rule("") };
        let before = evaluation(vec![unrendered("production", known.clone()), environment("staging", staging.clone())], &[]);
        let all = [known, hidden].concat();
        let after = evaluation(vec![environment("production", all), environment("staging", staging)], &[]);
        let then = applies(&rule, &Scope { evaluation: &before, target: &target, seen: None });
        let now = applies(&rule, &Scope { evaluation: &after, target: &target, seen: None });
        prop_assert!(now != Unknown);
        prop_assert!(then == Unknown || then == now, "{then:?} became {now:?}");
    }
}
