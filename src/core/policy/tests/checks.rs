//! What expressions answer, what they may cost, and which findings come of it.
use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::expression::{Input, Language, Prepared, on_large_stack};
use super::super::names::{Given, Request};
use super::super::*;
use super::{effect, environment, evaluation};
use crate::config::{CelCheck, Check, Judge, Policy};
use crate::effect::Effect;
use crate::library::Library;

fn check(cel: &str) -> Check {
    Check {
        name: "c".into(),
        judge: Judge::Cel(CelCheck {
            expression: cel.into(),
            parameters: None,
            message: "no".into(),
            path: None,
        }),
        severity: Severity::Error,
        environments: Vec::new(),
        kinds: Vec::new(),
    }
}

fn run(check: Check, effects: Vec<Effect>) -> Vec<Finding> {
    let policy = Policy { checks: vec![check], ..Policy::builtin() };
    run_checks(&policy, &Library::default(), &evaluation(vec![environment("production", effects)], &[]))
}

fn sealed() -> Value {
    json!({ "$sealed": "ab".repeat(32) })
}

fn deployment(replicas: i64) -> Value {
    json!({
        "kind": "Deployment",
        "metadata": { "name": "web", "labels": { "b": "2", "a": "1" } },
        "spec": { "replicas": replicas, "containers": [
            { "name": "web", "image": "registry.example.org/web:1", "limits": { "cpu": 0.5 } },
            { "name": "log", "image": "registry.example.org/log:1", "args": ["--token", sealed()] },
        ] },
        "data": { "password": sealed(), "user": "shop" },
        "annotations": null,
    })
}

/// What an expression answers about a Deployment with three replicas that had two.
fn answer(cel: &str) -> Result<bool, String> {
    let expression = Expression::compile(cel).map_err(|error| format!("refused: {}", error.message))?;
    on_large_stack(|| {
        let (object, old) = (deployment(3), deployment(2));
        let language = Language::new().unwrap();
        let request = Request {
            operation: "UPDATE",
            object: effect("apps/Deployment shop/web", None, None).object,
            resource: Some("deployments".to_owned()),
        };
        let input = Input {
            object: Some(&object),
            old_object: Some(&old),
            request: &request,
            environment: "production",
            params: Given::Known(None),
            namespace: Given::Unknown("not evaluated"),
        };
        expression.evaluate(&Prepared::new(&language, input))
    })
    .unwrap()
}

#[test]
fn expressions_answer_about_both_sides_of_a_change() {
    for (cel, want) in [
        ("object.spec.replicas >= 2", true),
        ("object.spec.replicas + 1 == 4", true),
        ("object.spec.replicas > oldObject.spec.replicas", true),
        ("request.operation == 'UPDATE' && environment == 'production'", true),
        ("object.kind != 'Deployment' || object.spec.replicas >= 4", false),
        ("object.spec.containers.all(c, c.image.startsWith('registry.example.org/'))", true),
        ("object.spec.containers.exists(c, c.name == 'side')", false),
        ("object.spec.containers.map(c, c.name) == ['web', 'log']", true),
        ("object.spec.containers.filter(c, has(c.limits)).size() == 1", true),
        ("object.spec.containers[0].limits.cpu < 1.0", true),
        ("has(object.spec.paused)", false),
        ("object.?spec.?paused.orValue(false)", false),
        ("'a' in object.metadata.labels", true),
        ("object.metadata.labels == {'a': '1', 'b': '2'}", true),
        ("{'a': '1', 'b': '2'} == object.metadata.labels", true),
        ("object.metadata.labels in [{'a': '1', 'b': '2'}]", true),
        ("object.annotations == null", true),
        ("object.metadata.name.matches('^[a-z]+$')", true),
        ("object.spec.containers.map(c, c.name).sort() == ['log', 'web']", true),
        ("object.spec.containers.sortBy(c, c.name)[0].name == 'log'", true),
        ("object.spec.containers.map(c, c.image).distinct().size() == 2", true),
        ("math.greatest(object.spec.replicas, 2) == 3", true),
        ("base64.decode('aGk=') == b'hi'", true),
        ("type(object.spec.replicas) == int", true),
        ("optional.of(1).hasValue()", true),
    ] {
        assert_eq!(answer(cel), Ok(want), "{cel}");
    }
}

#[test]
fn maps_run_over_their_keys_in_order_every_time() {
    for _ in 0..20 {
        assert_eq!(answer("object.metadata.labels.map(k, k) == ['a', 'b']"), Ok(true));
        assert_eq!(answer("object.map(k, k)[0] == 'annotations'"), Ok(true));
    }
}

#[test]
fn what_cannot_be_answered_is_said_and_shows_no_values() {
    let cases = [
        "object.spec.paused",
        "object.spec.replicas",
        "object.spec.replicas + 'x' == 'y'",
        "object.spec.containers[7].name == 'x'",
        "1 / (object.spec.replicas - 3) == 1",
        "object.kind",
        "object.spec.replicas * 9223372036854775807 > 0",
        "object.metadata.name.matches('(')",
        "oldObject == null ? true : object.nothing == oldObject.nothing",
    ];
    let told: Vec<String> = cases.map(|cel| format!("{cel}: {}", answer(cel).unwrap_err())).into();
    assert_snapshot!(told.join("\n"), @r#"
    object.spec.paused: there is no `paused`; where it may be absent, write `has(…)` or `.?paused.orValue(…)`
    object.spec.replicas: it answers with `int`, not with true or false
    object.spec.replicas + 'x' == 'y': it mixes types that do not go together
    object.spec.containers[7].name == 'x': an index is past the end of its list
    1 / (object.spec.replicas - 3) == 1: it divides by zero
    object.kind: it answers with `string`, not with true or false
    object.spec.replicas * 9223372036854775807 > 0: a number becomes too large
    object.metadata.name.matches('('): `matches`: '(' not a valid regex:
    oldObject == null ? true : object.nothing == oldObject.nothing: there is no `nothing`; where it may be absent, write `has(…)` or `.?nothing.orValue(…)`
    "#);
}

#[test]
fn a_sealed_leaf_is_never_answered_about() {
    for cel in [
        "object.data.password == ''",
        "object.data.password != ''",
        "'' != object.data.password",
        "object.data.password == oldObject.data.password",
        "object.data == oldObject.data",
        "object.data != {}",
        "object == oldObject",
        "'x' in [object.data.password]",
        "object.data.password in ['x']",
        "object.data.map(k, object.data[k]) == ['x', 'y']",
        "object.?data.?password.orValue('') == ''",
        "optional.of('x') == object.?data.?password",
        "object.spec.containers.exists(c, c.?args.orValue([]).exists(a, a == '--debug'))",
        "object.spec.containers[1].args.sort().size() == 2",
        "{'x': 1}[?object.data.password].hasValue() || true",
        "object.data.password == '' || true",
        "string(object.data.password) == ''",
        "type(object.data.password) == string",
        "object.data.password.startsWith('x')",
        "[object.data.password] + ['x'] == ['x', 'x']",
    ] {
        assert_eq!(answer(cel), Err("it reads a masked value".to_owned()), "{cel}");
    }
}

#[test]
fn whether_a_sealed_leaf_is_there_may_be_asked() {
    for (cel, want) in [
        ("has(object.data.password)", true),
        ("oldObject != null && object != null && object.data.password != null", true),
        ("'password' in object.data", true),
        ("object.?data.?password.hasValue()", true),
        ("object.data.all(k, k in ['password', 'user'])", true),
        ("object.data.size() == 2", true),
        ("object.spec.containers[1].args.size() == 2", true),
        ("object.spec.containers[1].args[0] == '--token'", true),
        ("object.data.user == 'shop'", true),
        ("object.spec.containers.map(c, c.?args).size() == 2", true),
        ("object.spec.containers.filter(c, has(c.args)).map(c, c.name) == ['log']", true),
    ] {
        assert_eq!(answer(cel), Ok(want), "{cel}");
    }
    for cel in ["object.data.password", "object.data.password || false", "!object.data.password"] {
        assert!(answer(cel).is_err(), "{cel}");
    }
}

#[test]
fn an_expression_pays_for_what_it_costs() {
    let list = format!("[{}]", vec!["1"; 400].join(","));
    let nested = format!("{list}.all(a, {list}.all(b, {list}.all(c, true)))");
    assert_eq!(answer(&nested), Err("it is too expensive".to_owned()), "loops");
    let copies =
        "[object].map(x, [x,x,x,x,x,x,x,x,x,x])".to_owned() + &".map(x, [x,x,x,x,x,x,x,x,x,x])".repeat(12);
    assert_eq!(answer(&format!("{copies}.size() > 0")), Err("it is too expensive".to_owned()), "copies");
    let hidden = format!("{nested} || true");
    assert_eq!(answer(&hidden), Err("it is too expensive".to_owned()), "an error that is swallowed");
    let doubled = "['xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx']".to_owned() + &".map(x, x+x)".repeat(40);
    assert_eq!(answer(&format!("{doubled}.size() == 1")), Err("it is too expensive".to_owned()), "texts");
    let long = format!("object.kind == '{}'", "x".repeat(LONGEST));
    assert_eq!(answer(&long), Err("refused: this expression is longer than 4096 bytes".to_owned()));
}

#[test]
fn deep_expressions_are_refused_before_they_can_hurt() {
    for (open, middle, close) in [
        ("(", "1", ")"),
        ("[", "1", "]"),
        ("!", "true", ""),
        ("-", "1", ""),
        ("1+", "1", ""),
        ("true&&", "true", ""),
        ("true||", "true", ""),
        ("true?true:", "true", ""),
        ("", "object", ".a"),
        ("", "object", "[0]"),
        ("", "object", ".map(x,x)"),
        ("size(", "object", ")"),
        ("{1:", "1", "}"),
    ] {
        let times = (LONGEST - middle.len()) / (open.len() + close.len());
        let text = format!("{}{middle}{}", open.repeat(times), close.repeat(times));
        // Some of these are balanced, and answer; all of them come back.
        match answer(&text) {
            Ok(_) => {}
            Err(why) => assert!(!why.is_empty(), "{open}{middle}{close}"),
        }
    }
}

#[test]
fn a_violation_is_a_finding_where_it_stands() {
    let mut findings = run(
        check("object.spec.replicas >= 4"),
        vec![
            effect("apps/Deployment shop/web", None, Some(deployment(3))),
            effect("apps/Deployment shop/api", None, Some(deployment(4))),
        ],
    );
    let finding = findings.pop().unwrap();
    assert!(findings.is_empty());
    assert_eq!((finding.check.as_str(), finding.message.as_str()), ("c", "no"));
    assert_eq!((finding.environment.as_str(), finding.severity), ("production", Severity::Error));
    assert_eq!(finding.object.unwrap().to_string(), "Deployment shop/web");
    assert_eq!((finding.file.as_deref(), finding.line), (Some("web.yaml"), Some(3)));
    assert!(!finding.errored && !finding.existing);
}

#[test]
fn a_violation_that_base_has_too_is_existing_unless_the_change_is_judged() {
    let both = || vec![effect("apps/Deployment shop/web", Some(deployment(2)), Some(deployment(3)))];
    let flags = |cel: &str, effects: Vec<Effect>| -> Vec<(bool, bool)> {
        run(check(cel), effects).iter().map(|finding| (finding.errored, finding.existing)).collect()
    };
    assert_eq!(flags("object.spec.replicas >= 4", both()), [(false, true)], "both sides");
    assert_eq!(flags("object.spec.replicas < 3", both()), [(false, false)], "head only");
    assert_eq!(flags("object.spec.replicas >= 3", both()), [], "repaired");
    assert_eq!(flags("request.operation != 'UPDATE'", both()), [(false, false)], "it judges the change");
    assert_eq!(flags("object.spec.replicas < oldObject.spec.replicas", both()), [(false, false)]);
    let newcomer = vec![effect("apps/Deployment shop/web", Some(json!({})), Some(deployment(3)))];
    assert_eq!(flags("object.spec.replicas >= 4", newcomer), [(false, false)], "base cannot be judged");
}

#[test]
fn a_deletion_is_judged_only_by_checks_that_judge_the_change() {
    let gone = || vec![effect("apps/Deployment shop/web", Some(deployment(2)), None)];
    assert_eq!(run(check("object.spec.replicas >= 4"), gone()).len(), 0);
    assert_eq!(run(check("request.operation != 'DELETE'"), gone()).len(), 1);
    assert_eq!(run(check("object != null || oldObject.spec.replicas == 0"), gone()).len(), 1);
    // A variable of a loop that happens to be called so does not count.
    assert_eq!(run(check("[1].all(request, request == 2)"), gone()).len(), 0);
}

#[test]
fn a_check_that_fails_is_a_finding_that_blocks_whatever_its_severity() {
    let mut info = check("object.spec.paused");
    info.severity = Severity::Info;
    let findings = run(info, vec![effect("apps/Deployment shop/web", None, Some(deployment(3)))]);
    assert_eq!(findings.len(), 1);
    assert!(findings[0].errored && !findings[0].existing);
    assert_snapshot!(findings[0].message, @"check `c` could not judge Deployment shop/web: there is no `paused`; where it may be absent, write `has(…)` or `.?paused.orValue(…)`");
    let broken = run(check("object.("), vec![effect("apps/Deployment shop/web", None, Some(deployment(3)))]);
    assert!(broken[0].errored, "an expression that does not compile cannot pass");
}

#[test]
fn a_check_looks_only_where_it_is_meant_to() {
    let effects = || {
        vec![
            effect("apps/Deployment shop/web", None, Some(json!({}))),
            effect("/Pod shop/web", None, Some(json!({}))),
        ]
    };
    let count = |environments: &[&str], kinds: &[&str]| {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        run(Check { environments: texts(environments), kinds: texts(kinds), ..check("false") }, effects())
            .len()
    };
    assert_eq!(count(&[], &[]), 2);
    assert_eq!(count(&["prod*"], &["apps/*"]), 1);
    assert_eq!(count(&["production"], &["/Pod"]), 1);
    assert_eq!(count(&["staging"], &[]), 0);
    assert_eq!(count(&[], &["*/*"]), 2);
    assert_eq!(count(&[], &["batch/*"]), 0);
}

#[test]
fn findings_come_in_the_order_of_checks_then_of_the_change() {
    let named = |name: &str| Check { name: name.into(), ..check("false") };
    let policy = Policy { checks: vec![named("z"), named("a")], ..Policy::builtin() };
    let effects =
        vec![effect("/Pod shop/two", None, Some(json!({}))), effect("/Pod shop/one", None, Some(json!({})))];
    let findings =
        run_checks(&policy, &Library::default(), &evaluation(vec![environment("production", effects)], &[]));
    let order: Vec<_> =
        findings.iter().map(|f| (f.check.as_str(), f.object.as_ref().unwrap().name.as_str())).collect();
    assert_eq!(order, [("z", "two"), ("z", "one"), ("a", "two"), ("a", "one")]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever the text, compiling and evaluating it comes back, and says nothing of what is sealed.
    #[test]
    fn any_text_compiles_or_is_refused(
        text in "(object|oldObject|request|a|b|1|'x'|true|null|\\.data|\\.password|\\.spec|\\.\\?x|\\[0\\]|\\[|\\]|\\(|\\)|\\.all\\(a,|\\.map\\(b,|size\\(|has\\(|==|\\+|-|&&|\\|\\||!|\\?|:| in |,|é){0,14}"
    ) {
        match Expression::compile(&text) {
            Ok(_) => { let _ = answer(&text); }
            Err(error) => {
                prop_assert!(error.offset <= text.len() && text.is_char_boundary(error.offset), "{error:?}");
                prop_assert!(error.width >= 1 || text.is_empty());
            }
        }
    }
}
