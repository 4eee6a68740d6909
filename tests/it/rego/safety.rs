//! Variables that get no value: what OPA refuses when it compiles a policy is refused when it is loaded, and nothing
//! else is.

use serde_json::{Map, json};

use super::ask::{Question, ours, theirs};
use crate::parts;

/// Each in the newer syntax, with what OPA takes.
const SAFE: &[&str] = &[
    // The order of lines makes no difference.
    "deny contains x if { startswith(x, \"a\"); x = input.name }",
    "deny contains \"x\" if { z == 3; z = y + 1; y = x + 1; x = 1 }",
    "deny contains \"x\" if { y > 0; x = y; x = 1 }",
    "deny contains \"x\" if { count(xs) > 0; xs = {x | some x in ys}; ys = input.list }",
    // Declared here, given there.
    "deny contains x if { some x; input.a[x] }",
    "deny contains k if { some k, v; input.a[k] = v; v == 1 }",
    "deny contains x if some x in input.list",
    "deny contains k if some k, _ in input.a",
    "deny contains x if some [x, _] in input.pairs",
    "deny contains x if { some x in y; y = input.list }",
    // References go through what is there.
    "deny contains x if input.a[x]",
    "deny contains x if input.a[x][y] == y",
    "deny contains x if { y := input.a; y[x] }",
    "deny contains x if { y[x]; y = input.a }",
    "deny contains \"x\" if input.a[_]",
    "deny contains x if { [_, x] = input.pair }",
    "deny contains x if { [_, x] := input.pair }",
    "deny contains \"x\" if { _ = input.name }",
    "deny contains \"x\" if { _ := input.name }",
    "deny contains \"x\" if count(input.list, _)",
    "deny contains \"x\" if { some _ in input.list }",
    "deny contains x if { some _, x in input.list }",
    "deny contains \"x\" if input.a[_][_] == input.list[_]",
    "deny contains \"x\" if { f(1, _) }\nf(y) := y",
    "s contains [1, 2]\ndeny contains \"x\" if s[[_, 2]]",
    "deny contains x if count(input.a[x]) > 0",
    "deny contains x if input.list[input.a[x]]",
    "deny contains x if [1, 2, 3][x] == 2",
    "deny contains x if object.keys(input.a)[x]",
    "deny contains input.a[x]",
    "s contains [1, 2]\ndeny contains x if s[[x, 2]]",
    "p[x] := y if y := input.a[x]\ndeny contains x if p[x]",
    "deny contains x if data.things[x] == 1",
    // Unification.
    "deny contains y if [x, y] = [1, 2]",
    "deny contains y if { [x, y] = z; z = input.pair; x == 1 }",
    "deny contains x if { [1, x] = [y, y] }",
    "deny contains x if { [x, y] := [1, 2]; y == 2 }",
    "deny contains y if { x := {\"a\": 1}; x = {\"a\": y} }",
    "deny contains x if 1 = x",
    "deny contains x if count(input.list) = x",
    "deny contains y if { count(input.list, y) }",
    "deny contains x if { f(1, x) }\nf(y) := y",
    "deny contains path if walk(input, [path, \"b\"])",
    "deny contains value if { walk(input, [_, value]); is_string(value) }",
    "deny contains p if { [p, _] = walk(input) }",
    // Negation.
    "deny contains \"x\" if { x := input.name; not startswith(x, \"a\") }",
    "deny contains \"x\" if { some x in input.list; not input.a[x] }",
    "deny contains \"x\" if { not input.name }",
    "deny contains \"x\" if { not count([x | some x in input.list]) == 0 }",
    "deny contains \"x\" if { x := 1; not count([y | y := x]) == 0 }",
    "deny contains \"x\" if { some x; not count(input.a[x]) == 0 }",
    // Comprehensions.
    "deny contains x if { xs := [y | some y in input.list]; x := xs[0] }",
    "deny contains x if x := {y: z | some y; z := input.a[y]}",
    "deny contains \"x\" if { x := input.name; count({y | y := x}) == 1 }",
    "deny contains \"x\" if count({y | y := x}) == 1\nx := 1",
    "deny contains \"x\" if { xs := {x | input.a[x]}; input.b[x]; xs[x] }",
    "deny contains \"x\" if count([y | z := [w | some w in input.list]; y := z[_]]) > 0",
    "deny contains \"x\" if { some x in input.list; count([1 | input.a[x]]) == 0 }",
    "deny contains [x | some x in input.list]",
    "deny contains concat(\",\", [x | some x in xs]) if xs := input.list",
    "deny contains m if m := sprintf(\"%v\", [[x | some x in input.list]])",
    // `every`, `with`, `else`, functions, names of the package.
    "deny contains \"x\" if every x in input.list { x > 0 }",
    "deny contains \"x\" if every k, v in input.a { k != \"\"; v > 0 }",
    "deny contains \"x\" if { y := 1; every x in input.list { x > y } }",
    "deny contains \"x\" if { every x in xs { x > 0 }; xs = input.list }",
    "deny contains \"x\" if { every x in input.list { some y in input.list; y == x } }",
    "deny contains \"x\" if { x := 1; q with input as x }\nq if input == 1",
    "deny contains \"x\" if { q with input as {\"a\": x}; x = 1 }\nq if input.a == 1",
    "p := x if { x := input.name } else := y if { y := input.kind }\ndeny contains \"x\" if p",
    "f(x) := y if { y := x + 1 }\ndeny contains \"x\" if f(1) == 2",
    "f([x, y]) := x + y\ndeny contains \"x\" if f([1, 2]) == 3",
    "f(x, _) := x\ndeny contains \"x\" if f(1, 2) == 1",
    "least := 2\ndeny contains \"x\" if input.least < least",
    "import input.a as mine\ndeny contains k if mine[k]",
    "import data.lib\ndeny contains \"x\" if lib.x == 1",
    "deny contains \"x\" if { x := input.list[_]; y := x; z := {x: y}; z[x] }",
];

/// The same, with what OPA does not take.
const UNSAFE: &[&str] = &[
    "deny contains x if true",
    "deny contains x if { x == 1 }",
    "deny contains x if { some x; x == 1 }",
    "deny contains \"x\" if { some x; startswith(x, \"a\") }",
    "deny contains x if { some x; not input.a[x] }",
    "deny contains x if { some x; not startswith(x, \"a\") }",
    "deny contains \"x\" if { some x; not x }",
    "deny contains \"x\" if { some x; not input.a[x] == 0 }",
    "deny contains \"x\" if { some x; not input.a[x] < 1 }",
    "deny contains \"x\" if { some x; not startswith(input.a[x], \"a\") }",
    "deny contains \"x\" if { some x; not [x] == [0] }",
    // In a circle.
    "deny contains x if { some x, y; x = y }",
    "deny contains x if { some x, y; x = y; y = x }",
    "deny contains x if { some x, y; x = y + 1; y = x - 1 }",
    "deny contains x if { some x, y, z; x = input.a; y = x + z; z = y }",
    "deny contains k if { some k, v; input.a[k] == v }",
    "deny contains x if { some x, y; [x, 1] = [y, 1] }",
    "deny contains x if { some x, y; [x, y] = [1, y] }",
    // Where only something else is given.
    "deny contains y if { some x, y; y = x[_]; x = y }",
    "deny contains x if { some x, y; y[x] }",
    "deny contains x if { some x, y; x in y }",
    "deny contains x if { some x; x in input.list }",
    "deny contains \"x\" if { some x; some y in x }",
    "deny contains x if { some x; count(x) == 1 }",
    "deny contains x if { some x; f(x) == 1 }\nf(y) := y",
    "deny contains x if { some x; input.a == x + 1 }",
    "deny contains \"x\" if { some x; {x} == {1} }",
    "deny contains \"x\" if { some x; {x: 1} == {\"a\": 1} }",
    "deny contains \"x\" if { some x; y := [x]; count(y) == 1 }",
    "deny contains \"x\" if { some x; [x, 2] == [1, 2] }",
    "deny contains \"x\" if { some x; walk(x, [_, _]) }",
    "deny contains \"x\" if { some x; {x} = {1} }",
    "deny contains \"x\" if { some x; {x: 1} = {\"a\": 1} }",
    "deny contains \"x\" if { some x; count(x, 1) }",
    "deny contains x if { some x, y; f(y, x) }\nf(y) := y",
    "deny contains x if { f(x) }\nf(y) := y",
    // What has no name has no value of its own.
    "deny contains \"x\" if startswith(_, \"a\")",
    "deny contains \"x\" if _ > 1",
    "deny contains \"x\" if _ == 1",
    "deny contains \"x\" if { x := _; x == 1 }",
    "deny contains \"x\" if { x := _ + 1; x == 1 }",
    "deny contains \"x\" if { some x in _; x == 1 }",
    "deny contains \"x\" if not input.a[_]",
    "deny contains \"x\" if f(_)\nf(y) := y",
    "deny contains \"x\" if count([_]) == 1",
    "deny contains [_] if true",
    "deny contains \"x\" if _ in input.list",
    "deny contains \"x\" if count({_ | input.list}) == 1",
    "deny contains \"x\" if [_, 1] == input.pair",
    "deny contains m if { some x; m := sprintf(\"%v\", [x]) }",
    // Comprehensions.
    "deny contains \"x\" if count({x | true}) == 1",
    "deny contains \"x\" if { some x; count({x | input.a}) == 1 }",
    "deny contains \"x\" if count([x | some x; x > 1]) == 1",
    "deny contains \"x\" if count({x: y | some x; some y in input.list}) == 1",
    "deny contains \"x\" if count({k: x | some x; some k in input.list}) == 1",
    "deny contains \"x\" if count([y | z := [w | some w; w > 1]; y := z[_]]) > 0",
    "deny contains \"x\" if { some x; xs := {x | input.a[x]}; x == 1; xs }",
    "deny contains [x | some x; x > 1]",
    "deny contains \"x\" if { xs := {y | some y in input.list}; count(xs) > 0; some y; y > 1 }",
    "deny contains \"x\" if not count([x | some x; x > 1]) == 0",
    // `every`, `with`, `else`, functions.
    "deny contains \"x\" if { some y; every x in input.list { x > y } }",
    "deny contains \"x\" if { some xs; every x in xs { x > 0 } }",
    "deny contains x if { some x; every y in input.list { x = y } }",
    "deny contains \"x\" if { every x in input.list { some y; y > x } }",
    "deny contains \"x\" if { some x; q with input as x }\nq if input == 1",
    "p := x if { some x; input.name }\ndeny contains \"x\" if p",
    "p := 1 if { input.name } else := x if { some x; input.kind }\ndeny contains \"x\" if p",
    "p := 1 if { x := input.name; x } else := 2 if { some x; x == 1 }\ndeny contains \"x\" if p",
    "p[x] := 1 if { some x; input.name }\ndeny contains \"x\" if p",
    "f(x) := y if { some y; x > 1 }\ndeny contains \"x\" if f(1)",
    "f(x) := x if { some y; y > x }\ndeny contains \"x\" if f(1)",
    "f(x) if { some z; not z == x }\ndeny contains \"x\" if f(1)",
];

/// The rule, as a policy that is asked of nothing.
fn question(rules: &&str) -> Question {
    let (imports, rules): (Vec<&str>, Vec<&str>) =
        rules.lines().partition(|line| line.starts_with("import "));
    let module = format!("package main\nimport rego.v1\n{}\n{}\n", imports.join("\n"), rules.join("\n"));
    Question {
        note: String::new(),
        modules: vec![module],
        inputs: vec![json!({ "name": "a", "list": [1], "a": { "x": 1 } })],
        data: Map::from_iter([("things".to_owned(), json!({ "x": 1 }))]),
    }
}

#[test]
fn a_variable_without_a_value_is_refused_where_opa_refuses_it() {
    let Some(tool) = parts::tools::opa() else { return };
    let mut wrong = Vec::new();
    for (rules, safe) in [(SAFE, true), (UNSAFE, false)] {
        let questions: Vec<Question> = rules.iter().map(question).collect();
        let both = ours(&questions).into_iter().zip(theirs(&tool, &questions));
        for (question, (ours, theirs)) in questions.iter().zip(both) {
            let as_said = match safe {
                true => theirs.refused.is_empty() && ours.refused.is_empty(),
                false => theirs.refused.contains("is unsafe") && !ours.refused.is_empty(),
            };
            if !as_said {
                let policy = &question.modules[0];
                wrong.push(format!("{policy}  ours:   {}\n  theirs: {}", ours.refused, theirs.refused));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
