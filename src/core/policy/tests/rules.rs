//! Rules in CEL of definitions, row by row as a real API server answers them: `tests/fixtures/schemas/rules.yaml` says
//! what it answers, and the integration tests ask one.

use serde_json::{Value, json};

use super::schemas::{changed, found, with_rules};

const RULES: &str = include_str!("../../../../tests/fixtures/schemas/rules.yaml");

fn pool(row: &Value, spec: &Value) -> Value {
    let name = row["name"].as_str().unwrap_or("web");
    json!({ "apiVersion": "example.org/v1", "kind": "Pool", "metadata": { "name": name }, "spec": spec })
}

#[test]
fn rules_of_definitions_are_answered_as_a_server_does() {
    let table: Value = serde_saphyr::from_str(RULES).unwrap();
    let definition = with_rules(table["schema"].clone());
    let rows = table["rows"].as_array().unwrap();
    let mut wrong = Vec::new();
    for row in rows {
        let before = row.get("before").map(|spec| pool(row, spec));
        let effect = changed("example.org/Pool shop/web", before, Some(pool(row, &row["after"])));
        let words = found(&[("crds/pool.json", &definition)], None, vec![effect]);
        let want = row.get("ours").unwrap_or(&row["server"]).as_str().unwrap();
        let refused = words.lines().any(|line| {
            line.starts_with("Error rule: ") && row["says"].as_str().is_none_or(|says| line.contains(says))
        });
        let right = match want {
            "accepts" => words.is_empty(),
            "refuses" => refused && words.lines().count() == 1,
            "not evaluated" => !refused && words.contains("Info not-evaluated: "),
            other => panic!("{other} is no answer"),
        };
        if !right {
            wrong.push(format!("{row}\n  {words}"));
        }
    }
    assert!(
        rows.len() >= 100 && wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        rows.len(),
        wrong.join("\n")
    );
}
