//! Constructs of the language, each as a body of `deny` or as a whole module.

use serde_json::{Value, json};

use super::ask::Question;
use super::modules::MODULES;

/// Conditions over the inputs below. Each is asked as it is, negated where it can be, and as a value.
pub(crate) const CONDITIONS: &[&str] = &[
    "input.missing",
    "input.kind",
    "input.flag",
    "input.no",
    "input.nothing",
    "input.kind == \"Pod\"",
    "input.kind != \"Pod\"",
    "input.missing == 1",
    "input.missing != 1",
    "input.count > 1",
    "input.missing > 1",
    "input.list[0]",
    "input.list[5]",
    "input.list[0] == 1",
    "input[\"kind\"]",
    "input.map.a",
    "input.map.a.b",
    "input.map.a == 1",
    "input.map[\"x.y\"] == \"z\"",
    "startswith(input.kind, \"P\")",
    "startswith(input.missing, \"P\")",
    "startswith(input.count, \"P\")",
    "count(input.list) > 2",
    "count(input.missing) > 2",
    "count(input.kind) == 3",
    "lower(input.kind) == \"pod\"",
    "\"Pod\" == input.kind",
    "\"a\" in input.names",
    "input.kind in [\"Pod\", \"Job\"]",
    "input.kind in {\"Pod\", \"Job\"}",
    "input.missing in [\"Pod\"]",
    "1 in input.map",
    "\"a\" in input.missing",
    "input.kind in input.kind",
    "helper(input.kind)",
    "helper(input.missing)",
    "helper(\"x\")",
    "other_rule",
    "missing_rule",
    "false_rule",
    "number_rule == 7",
    "set_rule[\"a\"]",
    "set_rule[\"q\"]",
    "object_rule.a == 1",
    "object_rule.q == 1",
    "data.main.number_rule == 7",
    "data.lib.allowed[\"a\"]",
    "data.lib.twice(2) == 4",
    "lib.twice(input.count) == 6",
    "input.count + 1 == 4",
    "input.missing + 1 == 4",
    "input.count - 1 < 3",
    "input.count * 2 >= 6",
    "input.count / 2 == 1.5",
    "input.count % 2 == 1",
    "input.count / 0 == 1",
    "input.kind + 1 == 2",
    "{1, 2} & {2} == {2}",
    "{1} | {2} == {1, 2}",
    "{1, 2} - {1} == {2}",
    "[1, 2] == input.list",
    "{\"a\": 1} == input.map",
    "{x | some x in input.list} == {1, 2, 3}",
    "[x | some x in input.list; x > 1] == [2, 3]",
    "{k: v | some k, v in input.map} == input.map",
    "count([x | x := input.list[_]; x > 1]) == 2",
    "count({x | x := input.missing[_]}) == 0",
    "object.get(input, \"missing\", \"d\") == \"d\"",
    "object.get(input, [\"map\", \"a\"], 0) == 1",
    "is_string(input.kind)",
    "is_null(input.nothing)",
    "input.nothing == null",
    "input.flag == true",
    "input.no == false",
    "type_name(input.list) == \"array\"",
    "input.nested[0].image",
    "input.nested[0].image == \"nginx\"",
    "regex.match(`^P`, input.kind)",
    "glob.match(\"P*\", [], input.kind)",
    "sprintf(\"%v\", [input.count]) == \"3\"",
    "to_number(\"3\") == input.count",
    "to_number(input.kind) == 1",
    "walked",
    "every_positive",
    "else_rule == \"second\"",
    "default_rule == \"none\"",
    "chain(1) == \"one\"",
    "chain(5) == \"many\"",
    "chain(input.missing) == \"many\"",
    "count(set_rule) == 2",
    "partial.a == 1",
    "nested_rule.deep.name == 1",
    "concat(\",\", input.names) == \"a,b\"",
    "concat(\",\", [input.missing]) == \"a\"",
    "array.concat(input.list, [4]) == [1, 2, 3, 4]",
    "input.list[count(input.list) - 1] == 3",
    "input.list[input.missing] == 1",
    "input[lower(\"KIND\")] == \"Pod\"",
    "(input.count + 1) * 2 == 8",
    "input.map == {\"a\": 1, \"b\": 2}",
    "set() == {x | x := input.missing}",
    "max(input.list) == 3",
    "sum(input.list) == 6",
    "sort(input.names) == [\"a\", \"b\"]",
    "input.kind == input.kind",
    "input.missing == input.missing",
    "[input.missing] == [1]",
    "{input.kind} == {\"Pod\"}",
    "input.list[-1]",
    "input.list[\"0\"]",
    "input.kind[0]",
    "input.count.x",
    "-1 < 0",
    "input.count == 3.5",
    "\"\" == input.empty",
    "input.empty",
    "input.zero",
    "input.zero == 0",
    "union({{1}, {2}}) == {1, 2}",
];

/// Whole bodies of `deny contains msg if`.
const BODIES: &[&str] = &[
    "some x in input.list; msg := sprintf(\"%d\", [x])",
    "some i, x in input.list; msg := sprintf(\"%d %d\", [i, x])",
    "some k, v in input.map; msg := sprintf(\"%s %v\", [k, v])",
    "some x in input.missing; msg := \"a\"",
    "x := input.list[_]; x > 1; msg := sprintf(\"%v\", [x])",
    "x := input.list[i]; i > 0; msg := sprintf(\"%v %v\", [i, x])",
    "some i; input.list[i] == 2; msg := sprintf(\"%v\", [i])",
    "input.nested[_].image == \"nginx\"; msg := \"found\"",
    "container := input.nested[_]; not container.limits; msg := container.image",
    "container := input.nested[_]; not startswith(container.image, \"registry/\"); msg := container.image",
    "some container in input.nested; not container.limits.cpu; msg := container.image",
    "some container in input.nested; not endswith(container.tag, \"x\"); msg := container.image",
    "every x in input.list { x > 0 }; msg := \"all\"",
    "every x in input.list { x > 1 }; msg := \"all\"",
    "every x in input.missing { x > 1 }; msg := \"all\"",
    "every k, v in input.map { is_number(v); k != \"\" }; msg := \"all\"",
    "every x in [] { x > 1 }; msg := \"all\"",
    "every c in input.nested { not c.missing }; msg := \"all\"",
    "every c in input.nested { not startswith(c.missing, \"a\") }; msg := \"all\"",
    "[a, b] := [1, 2]; msg := sprintf(\"%v%v\", [a, b])",
    "[a, b] := input.names; msg := concat(a, [b])",
    "[a, b, c] := input.names; msg := concat(a, [b])",
    "{\"a\": x} := {\"a\": 1}; msg := sprintf(\"%v\", [x])",
    "{\"a\": x} := input.map; msg := sprintf(\"%v\", [x])",
    "{\"a\": x, \"b\": _} := input.map; msg := sprintf(\"%v\", [x])",
    "{\"a\": x} = input.map; msg := sprintf(\"%v\", [x])",
    "some [x, y] in [[1, 2], [3, 4]]; msg := sprintf(\"%v %v\", [x, y])",
    "some [x, 4] in [[1, 2], [3, 4], [5]]; msg := sprintf(\"%v\", [x])",
    "[x, _] = [1, 2]; msg := sprintf(\"%v\", [x])",
    "x = 1; x == 1; msg := \"a\"",
    "msg := \"late\"; y == 2; y := 2",
    "y := x + 1; x := 1; msg := sprintf(\"%v\", [y])",
    "not x == 2; x := 1; msg := \"reordered\"",
    "msg := input.kind with input as {\"kind\": \"mocked\"}",
    "data.lib.allowed.a with data.lib.allowed as {\"a\"}; msg := \"with\"",
    "not helper(input.kind) with input as {\"kind\": \"x\"}; msg := \"with\"",
    "number_rule == 8 with input.count as 8; msg := \"with\"",
    "walk(input.map, [path, value]); value == 1; msg := sprintf(\"%v\", [path])",
    "[path, value] := walk(input.map); value == 1; msg := sprintf(\"%v\", [path])",
    "[path, value] := walk(input); path[count(path) - 1] == \"image\"; msg := value",
    "[_, value] := walk(input); value.image; msg := value.image",
    "[path, value] = walk(input.nested); is_string(value); msg := value",
    "some path, value; walk(input.nested, [path, value]); is_string(value); msg := value",
    "values := {path: value | [path, value] := walk(input.map); count(path) == 1}; msg := sprintf(\"%v\", [values])",
    "values := [value | [_, value] := walk(input.nested); is_string(value)]; msg := sprintf(\"%v\", [values])",
    "values := {value | [_, value] := walk(input.nested); is_string(value)}; msg := sprintf(\"%v\", [values])",
    "msg := sprintf(\"%v\", [{x: y | some x, y in input.map}])",
    "msg := sprintf(\"%v\", [[x | some x in input.list; x > 5]])",
    "msg := [x | some x in input.names][_]",
    "msg := {\"a\", \"b\"}[_]",
    "msg := input.names[_]; msg != \"a\"",
    "msg := object_rule[k]; is_string(msg); k != \"\"",
    "set_rule[msg]",
    "msg := set_rule[_]",
    "some msg in set_rule",
    "some msg; set_rule[msg]",
    "x := {\"k\": input.missing}; msg := \"object\"",
    "x := [input.missing]; msg := \"array\"",
    "x := {input.missing}; msg := \"set\"",
    "msg := sprintf(\"%v\", [input.missing])",
    "msg := concat(\"-\", [x | x := input.names[_]])",
    "msg := input.map[\"x.y\"]",
    "msg := input.kind; print(\"said\", input.missing)",
    "count(input.nested) > count([c | some c in input.nested; c.limits]); msg := \"some without\"",
    "{c.image | some c in input.nested} & {\"nginx\"} != set(); msg := \"both\"",
    "some c in input.nested; c.image == [\"nginx\", \"redis\"][_]; msg := c.image",
    "some i, j; input.nested[i].image == input.nested[j].image; i != j; msg := \"twice\"",
    "names := {n | some n in input.names}; not names.z; msg := \"no z\"",
    "names := {n | some n in input.names}; not names[\"a\"]; msg := \"no a\"",
    "names := {n | some n in input.names}; names[\"a\"]; msg := \"a\"",
    "m := input.map; not m.z; msg := \"no z\"",
    "x := false; msg := \"assigned\"",
    "x := input.no; not x; msg := \"no\"",
    "x := input.no; x; msg := \"yes\"",
    "x := input.missing; not x; msg := \"no\"",
    "ok := input.count > 1; ok; msg := \"ok\"",
    "ok := input.count > 5; not ok; msg := \"not ok\"",
    "ok := \"a\" in input.names; ok; msg := \"in\"",
    "ok := \"z\" in input.names; ok == false; msg := \"not in\"",
    "ok := \"z\" in input.missing; ok == false; msg := \"not in\"",
    "msg := else_rule",
    "msg := default_rule",
    "msg := chain(2)",
    "msg := chain(input.count)",
    "msg := ref.head.rule",
    "msg := ref.multi[\"x\"]",
    "msg := data.lib.words[_]",
    "msg := data.words.few",
    "msg := data.words[\"missing\"]",
    "lib.ok; msg := \"lib\"",
    "msg := lib.describe(input)",
    "input.kind == \"Pod\" ; input.count == 3 ; msg = \"three\"",
    "some x in numbers.range(1, 3); x == input.count; msg := \"range\"",
    "some x in input.kind; msg := \"text\"",
    "some x in input.nothing; msg := \"null\"",
    "some x in input.count; msg := \"number\"",
    "x := input.kind[_]; msg := \"text\"",
    "x := input.nothing[_]; msg := \"null\"",
    "input.nested[_][\"image\"] = msg",
    "msg = input.nested[i].image; i == 0",
    "input.nested[i]; not input.nested[i].limits; msg := sprintf(\"%v\", [i])",
    "a := input.list; b := a; count(b) == 3; msg := \"alias\"",
    "msg := trim_space(` a `)",
    "msg := \"tab\\tquote\\\"\"",
    "msg := `raw \\n`",
    "msg := \"\\u00e4\"",
    "msg := input.names[0]; true",
    "true; msg := \"true\"",
    "false; msg := \"false\"",
    "null; msg := \"null\"",
    "0; msg := \"zero\"",
    "\"\"; msg := \"empty\"",
    "[]; msg := \"list\"",
    "kind := input.kind; kind == \"Pod\"; msg := \"shadow\"",
    "other_rule; msg := \"rule\"",
    "x := other_rule; msg := \"rule\"",
    "msg := json.marshal(input.map)",
    "r := recursive(3); msg := sprintf(\"%v\", [r])",
];

/// What the conditions and bodies lean on.
const AROUND: &str = r#"
import data.lib
helper(x) if x == "Pod"
other_rule if input.kind
missing_rule if input.missing
false_rule := false
number_rule := 7 if not input.eight
number_rule := 8 if input.count == 8
set_rule contains "a"
set_rule contains "b" if input.kind
object_rule["a"] := 1
object_rule["b"] := "text" if input.kind
walked if { walk(input, [_, v]); v == "nginx" }
every_positive if { every x in input.list { x > 0 } }
else_rule := "first" if { input.missing } else := "second" if { input.kind } else := "third"
default default_rule := "none"
default_rule := "some" if input.missing
chain(x) := "one" if { x == 1 } else := "two" if { x == 2 } else := "many"
partial[k] := v if some k, v in input.map
nested_rule.deep.name := 1
ref.head.rule := "head" if input.kind
ref.multi[x] := x if x := "x"
"#;

const LIBRARY: &str = r#"package lib
import rego.v1
allowed := {"a", "b"}
twice(x) := x * 2
ok if input.kind
words := ["one", "two"]
describe(x) := sprintf("%s/%v", [x.kind, x.count])
describe(x) := "none" if not x.kind
"#;

fn inputs() -> Vec<Value> {
    vec![
        json!({
            "kind": "Pod", "count": 3, "flag": true, "no": false, "nothing": null, "list": [1, 2, 3], "names": ["a", "b"], "empty": "", "zero": 0,
            "map": { "a": 1, "b": 2 }, "nested": [{ "image": "nginx", "limits": { "cpu": 1 } }, { "image": "redis" }, { "image": "redis", "tag": "v" }]
        }),
        json!({ "kind": "Job", "count": 5, "list": [], "names": ["b", "a", "c"], "map": { "a": { "b": 1 }, "x.y": "z" }, "nested": [] }),
        json!({ "kind": 7, "list": null, "names": "ab", "map": [], "nested": { "one": { "image": "nginx" } }, "count": "3" }),
        json!({}),
        json!(null),
    ]
}

fn question(note: &str, policy: String) -> Question {
    let data = json!({ "words": { "few": "too few" } });
    Question {
        note: note.to_owned(),
        modules: vec![policy, LIBRARY.to_owned()],
        inputs: inputs(),
        data: data.as_object().unwrap().clone(),
    }
}

/// A rule with what the conditions lean on.
pub(crate) fn with(note: &str, rule: &str) -> Question {
    question(note, format!("package main\nimport rego.v1\n{AROUND}\n{rule}\n"))
}

pub(crate) fn questions() -> Vec<Question> {
    let mut questions = Vec::new();
    for condition in CONDITIONS {
        questions.push(with(condition, &format!("deny contains \"yes\" if {{ {condition} }}")));
        questions.push(with(condition, &format!("deny contains \"no\" if not {condition}")));
        questions.push(with(
            condition,
            &format!("deny contains \"twice\" if {{ not p }}\np if {{ not {condition} }}"),
        ));
        questions.push(with(
            condition,
            &format!("deny contains sprintf(\"%v\", [x]) if {{ x := [y | y := ({condition})] }}"),
        ));
        questions.push(with(
            condition,
            &format!("deny contains \"every\" if {{ every _ in [1] {{ not {condition} }} }}"),
        ));
        questions.push(with(
            condition,
            &format!("deny contains \"f\" if {{ not f(1) }}\nf(_) := x if {{ x := ({condition}) }}"),
        ));
    }
    questions.extend(BODIES.iter().map(|body| with(body, &format!("deny contains msg if {{ {body} }}"))));
    questions.extend(BODIES.iter().map(|body| {
        with(body, &format!("deny contains sprintf(\"%v\", [all]) if {{ all := [msg | {body}] }}"))
    }));
    questions.extend(MODULES.iter().map(|module| question(module, (*module).to_owned())));
    questions
}
