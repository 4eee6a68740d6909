//! Sentences that hold of any two manifests.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::unified;
use crate::diff::{fields, yaml};

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (-1e6..1e6f64).prop_map(|n| Value::from((n * 4.0).round() / 4.0 + 0.125)),
        "[ -~]{0,12}".prop_map(Value::from),
        "[a-z \\n\\t:#-]{0,20}".prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        prop::sample::select(vec![
            "yes",
            "~",
            "0x1",
            "1e3",
            "1_000",
            "---",
            "- a",
            "a: b",
            "a #b",
            "<<",
            "=",
            "1:30",
            ".5",
            "+1",
            "-.inf",
            "?",
            "|",
            "‹sealed›",
            "\u{feff}",
            "\u{2028}",
            "a\r\nb",
            "\u{85}"
        ])
        .prop_map(Value::from),
        "[a-z ]{401,900}".prop_map(Value::from),
        "([a-z \\\\\"]{1,300}\\n){2,4}".prop_map(Value::from),
    ]
}

fn tree() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c]|\\PC{1,4}|containers|name|ports|protocol|on|1", inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn manifest() -> impl Strategy<Value = Value> {
    tree().prop_map(
        |spec| json!({"apiVersion": "v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": spec}),
    )
}

proptest! {
    #[test]
    fn nothing_differs_from_itself(a in manifest()) {
        prop_assert_eq!(fields(&a, &a), []);
        prop_assert_eq!(unified(Some(&a), Some(&a)), "");
    }

    #[test]
    fn there_are_fields_exactly_where_the_text_differs(a in manifest(), b in manifest()) {
        let changes = fields(&a, &b);
        prop_assert_eq!(changes.is_empty(), unified(Some(&a), Some(&b)).is_empty());
        prop_assert_eq!(changes.is_empty(), a == b);
        for change in &changes {
            prop_assert_ne!(&change.before, &change.after);
            prop_assert!(!change.path.is_empty());
        }
    }

    #[test]
    fn paths_are_unique(a in manifest(), b in manifest()) {
        let mut paths: Vec<String> = fields(&a, &b).into_iter().map(|change| change.path).collect();
        let all = paths.len();
        paths.sort();
        paths.dedup();
        prop_assert_eq!(paths.len(), all);
    }

    #[test]
    fn what_is_written_is_read_back(a in manifest()) {
        let text = yaml::lines(&a).join("\n") + "\n";
        let back: Value = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        prop_assert_eq!(back, a, "{}", text);
    }

    #[test]
    fn no_line_holds_a_sign_that_does_not_show(a in manifest()) {
        for line in yaml::lines(&a) {
            prop_assert!(!line.chars().any(|c| c.is_control() && c != '\t' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}' | '\u{feff}')), "{:?}", line);
        }
    }
}
