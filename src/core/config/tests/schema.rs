//! The JSON Schema says what the reader accepts: the same keys in every table, neither more nor fewer.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::*;

/// A key that nothing is near to, so that the reader lists all that it knows.
const STRANGE: &str = "qqqqqqqqqqqqqqqqqqqq";

/// Every table of the file: where the schema describes it, and a policy with the strange key in it.
const TABLES: [(&str, &str); 37] = [
    ("", "KEY"),
    ("/$defs/environment", "[environment.a]\nKEY"),
    ("/$defs/source", "environment.a.source = { KEY }"),
    ("/$defs/check", "[[check]]\nKEY"),
    ("/$defs/waiver", "[[waiver]]\nKEY"),
    ("/$defs/rule", "[[rule]]\nKEY"),
    ("/$defs/rule/properties/require", "rule = [{ require = { KEY } }]"),
    ("/$defs/rule/properties/options", "rule = [{ options = { KEY } }]"),
    ("/$defs/people", "rule = [{ require = { count = 1, from = { KEY } } }]"),
    ("/$defs/predicate", "rule = [{ when = { KEY } }]"),
    ("/$defs/predicate/properties/effect", "rule = [{ when = { effect = { KEY } } }]"),
    ("/$defs/predicate/properties/paths", "rule = [{ when = { paths = { KEY } } }]"),
    ("/$defs/match", "rule = [{ when = { effect.any = { KEY } } }]"),
    ("/$defs/tree/anyOf/2", "approval = { KEY }"),
    ("/$defs/image", "rule = [{ when = { effect.any = { image = { KEY } } } }]"),
    ("/$defs/files", "rule = [{ when = { changed_files = { KEY } } }]"),
    ("/$defs/only_files", "rule = [{ when = { file_added = { KEY } } }]"),
    ("/$defs/text", "rule = [{ when = { title = { KEY } } }]"),
    ("/$defs/branch", "rule = [{ when = { from_branch = { KEY } } }]"),
    ("/$defs/lines", "rule = [{ when = { modified_lines = { KEY } } }]"),
    ("/$defs/status", "rule = [{ when = { has_status = { KEY } } }]"),
    ("/$defs/workflow", "rule = [{ when = { has_workflow_result = { KEY } } }]"),
    ("/$defs/window", "rule = [{ when = { window = { KEY } } }]"),
    ("/$defs/rule/properties/methods", "rule = [{ methods = { KEY } }]"),
    ("/properties/disapproval", "[disapproval]\nKEY"),
    ("/properties/commands", "[commands]\nKEY"),
    ("/properties/mask", "[mask]\nKEY"),
    ("/properties/merge", "[merge]\nKEY"),
    ("/$defs/policy_test", "[[policy_test]]\nKEY"),
    ("/$defs/given", "policy_test = [{ given = { KEY } }]"),
    (
        "/$defs/rule/properties/options/properties/request_review",
        "rule = [{ options = { request_review = { KEY } } }]",
    ),
    ("/$defs/given_commit", "policy_test = [{ given = { commits = [{ KEY }] } }]"),
    ("/$defs/given_file", "policy_test = [{ given = { files = [{ KEY }] } }]"),
    ("/$defs/given_status", "policy_test = [{ given = { statuses = [{ KEY }] } }]"),
    ("/$defs/given_run", "policy_test = [{ given = { workflows = [{ KEY }] } }]"),
    ("/$defs/effect", "policy_test = [{ given = { effects = [{ KEY }] } }]"),
    ("/$defs/policy_test/properties/expect", "policy_test = [{ expect = { KEY } }]"),
];

/// The keys that the reader takes where the policy has the strange one.
fn accepted(policy: &str) -> BTreeSet<String> {
    let text = policy.replace("KEY", &format!("{STRANGE} = 1"));
    let errors = parse(&text, POLICY_PATH).unwrap_err();
    let strange = errors.iter().find(|error| error.message.contains(&format!("unknown key `{STRANGE}`")));
    let hint =
        strange.and_then(|error| error.hint.clone()).unwrap_or_else(|| panic!("{policy}: {errors:#?}"));
    hint.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

#[test]
fn the_schema_has_the_keys_that_the_reader_accepts() {
    let schema = schema();
    for (pointer, policy) in TABLES {
        let table = schema.pointer(pointer).unwrap_or_else(|| panic!("no {pointer}"));
        let described: BTreeSet<String> = table["properties"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(described, accepted(policy), "{pointer}");
    }
}

/// Every place in the schema that lists keys, and every key without a description.
fn listing(schema: &Value, at: &str, lists: &mut BTreeSet<String>, silent: &mut Vec<String>) {
    if let Some(keys) = schema.get("properties").and_then(Value::as_object) {
        lists.insert(at.to_owned());
        assert_eq!(schema["additionalProperties"], false, "{at} lets unknown keys in");
        for (key, value) in keys {
            let described = value.get("description").is_some() || value.get("$ref").is_some();
            if !described {
                silent.push(format!("{at}/{key}"));
            }
        }
    }
    let inside = |key: &str| format!("{at}/{key}");
    match schema {
        Value::Object(keys) => {
            keys.iter().for_each(|(key, value)| listing(value, &inside(key), lists, silent))
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(n, value)| listing(value, &inside(&n.to_string()), lists, silent));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_table_of_the_schema_is_held_to_the_reader_and_described() {
    let (mut lists, mut silent) = (BTreeSet::new(), Vec::new());
    listing(&schema(), "", &mut lists, &mut silent);
    let held: BTreeSet<String> = TABLES.iter().map(|(pointer, _)| (*pointer).to_owned()).collect();
    assert_eq!(lists, held);
    assert_eq!(silent, [""; 0]);
}

#[test]
fn the_schema_has_the_words_that_the_reader_accepts() {
    let check = |pointer: &str, policy: &str| {
        let text = policy.replace("WORD", STRANGE);
        let errors = parse(&text, POLICY_PATH).unwrap_err();
        let strange = errors.iter().find(|error| error.message.contains(STRANGE)).unwrap();
        let accepted: BTreeSet<String> =
            strange.hint.as_ref().unwrap().split('`').skip(1).step_by(2).map(str::to_owned).collect();
        let schema = schema();
        let words =
            schema.pointer(pointer).and_then(Value::as_array).unwrap_or_else(|| panic!("no {pointer}"));
        let described: BTreeSet<String> =
            words.iter().map(|word| word.as_str().unwrap().to_owned()).collect();
        assert_eq!(described, accepted, "{pointer}");
    };
    check("/$defs/environment/properties/apply/enum", "environment.a.apply = \"WORD\"");
    check("/$defs/environment/properties/on_unreachable/enum", "environment.a.on_unreachable = \"WORD\"");
    check("/$defs/check/properties/severity/enum", "check = [{ severity = \"WORD\" }]");
    check(
        "/$defs/match/properties/operations/anyOf/0/enum",
        "rule = [{ when = { effect.any = { operations = \"WORD\" } } }]",
    );
    check(
        "/$defs/match/properties/risks/anyOf/0/enum",
        "rule = [{ when = { effect.any = { risks = \"WORD\" } } }]",
    );
    check(
        "/$defs/people/properties/permissions/anyOf/0/enum",
        "rule = [{ require = { count = 1, from = { permissions = \"WORD\" } } }]",
    );
    check(
        "/$defs/image/properties/moves/anyOf/0/enum",
        "rule = [{ when = { effect.any = { image = { moves = \"WORD\" } } } }]",
    );
    check(
        "/$defs/rule/properties/options/properties/on_push/enum",
        "rule = [{ options = { on_push = \"WORD\" } }]",
    );
    check("/properties/merge/properties/when/enum", "merge.when = \"WORD\"");
    check("/properties/merge/properties/how/enum", "merge.how = \"WORD\"");
    check(
        "/$defs/effect/properties/operation/enum",
        "policy_test = [{ given = { effects = [{ operation = \"WORD\" }] } }]",
    );
    check(
        "/$defs/policy_test/properties/expect/properties/verdict/enum",
        "policy_test = [{ expect = { verdict = \"WORD\" } }]",
    );
    check(
        "/$defs/rule/properties/options/properties/request_review/properties/mode/enum",
        "rule = [{ options = { request_review = { mode = \"WORD\" } } }]",
    );
    check(
        "/$defs/given_file/properties/operation/enum",
        "policy_test = [{ given = { files = [{ path = \"a\", operation = \"WORD\" }] } }]",
    );
    check(
        "/$defs/given_status/properties/conclusion/enum",
        "policy_test = [{ given = { statuses = [{ name = \"a\", conclusion = \"WORD\" }] } }]",
    );
    check(
        "/$defs/given_run/properties/conclusion/enum",
        "policy_test = [{ given = { workflows = [{ workflow = \"a\", conclusion = \"WORD\" }] } }]",
    );
    check(
        "/$defs/given/properties/permissions/additionalProperties/enum",
        "policy_test = [{ given = { permissions = { a = \"WORD\" } } }]",
    );
}
