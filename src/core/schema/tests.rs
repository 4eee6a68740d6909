//! The shipped schemas and those of definitions against what a real API server answers; `tests/it/schemas.rs` asks one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::object::ObjectRef;

/// Objects that Kubernetes 1.36 accepts.
const GOOD: &str = include_str!("../../../tests/fixtures/schemas/good.yaml");
/// What the server answers where one field of them is altered.
const CHANGED: &str = include_str!("../../../tests/fixtures/schemas/changed.yaml");

static OBJECTS: LazyLock<Vec<Value>> = LazyLock::new(|| serde_saphyr::from_multiple(GOOD).unwrap());
static KINDS: LazyLock<Vec<CustomKind>> = LazyLock::new(|| OBJECTS.iter().filter_map(custom_kinds).collect());

fn good() -> Vec<Value> {
    OBJECTS.clone()
}

/// Everything that is wrong with an object, in words; what is only doubtful begins with `~`.
fn flaws(object: &Value) -> Vec<String> {
    let kinds = &*KINDS;
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let api_version = text("/apiVersion");
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    let reference = ObjectRef {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: text("/kind"),
        namespace: String::new(),
        name: String::new(),
    };
    let catalogue = Catalogue::for_version(Some("1.36")).unwrap();
    let custom = kinds.iter().find(|custom| custom.group == group && custom.kind == reference.kind);
    let kind = match custom.map(|custom| &custom.versions[version]) {
        Some(Served::By(schema)) => Kind::Custom(schema, Some(catalogue)),
        Some(other) => panic!("{other:?}"),
        None => catalogue.kind(&reference).unwrap(),
    };
    let words = |flaw: Flaw| {
        let mark = if flaw.weight == Weight::Doubtful { "~" } else { "" };
        format!("{mark}{} {}", flaw.path, flaw.message)
    };
    judge(kind, object).unwrap().into_iter().map(words).collect()
}

fn altered(row: &Value) -> Value {
    let of = |object: &&Value| object["metadata"]["name"] == row["of"] && object["kind"] == row["kind"];
    let mut object = good().iter().find(of).unwrap_or_else(|| panic!("no object for {row}")).clone();
    let (parent, last) = row["at"].as_str().unwrap().rsplit_once('/').unwrap();
    let last = &last.replace("~1", "/").replace("~0", "~");
    match (object.pointer_mut(parent).unwrap_or_else(|| panic!("no place for {row}")), row.get("to")) {
        (Value::Object(map), Some(to)) => _ = map.insert(last.to_owned(), to.clone()),
        (Value::Object(map), None) => _ = map.remove(last),
        (Value::Array(items), to) => {
            let index: usize = last.parse().unwrap();
            match to {
                Some(to) if index < items.len() => items[index] = to.clone(),
                Some(to) => items.push(to.clone()),
                None => _ = items.remove(index),
            }
        }
        (other, _) => panic!("{other} has no parts"),
    }
    object
}

#[test]
fn what_the_server_accepts_is_never_wrong() {
    for object in good() {
        assert_eq!(flaws(&object), Vec::<String>::new(), "{}", object["metadata"]["name"]);
    }
}

#[test]
fn every_row_is_judged_as_the_server_does() {
    let rows: Vec<Value> = serde_saphyr::from_str(CHANGED).unwrap();
    let mut wrong = Vec::new();
    for row in &rows {
        let found = flaws(&altered(row));
        let refused = found.iter().any(|flaw| !flaw.starts_with('~'));
        let want = match row["server"].as_str().unwrap() {
            // Its own code refuses what no schema says: this program accepts it.
            "accepts" | "refuses in code" => false,
            "refuses" | "accepts too much" => true,
            other => panic!("{other}"),
        };
        if refused != want {
            wrong.push(format!("{row}: {found:?}"));
        }
    }
    assert!(rows.len() >= 100 && wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Seals the leaf that so many others stand before.
fn seal(value: &mut Value, skip: &mut usize) -> bool {
    match value {
        Value::Object(map) => map
            .iter_mut()
            .filter(|(key, _)| !matches!(key.as_str(), "apiVersion" | "kind"))
            .any(|(_, inner)| seal(inner, skip)),
        Value::Array(items) => items.iter_mut().any(|inner| seal(inner, skip)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let here = *skip == 0;
            *skip = skip.saturating_sub(1);
            if here {
                *value = json!({ "$sealed": "ab".repeat(32) });
            }
            here
        }
    }
}

proptest! {
    #[test]
    fn a_masked_value_is_never_wrong(which in 0_usize..1000, leaf in 0_usize..60) {
        let mut all = good();
        let index = which % all.len();
        let object = &mut all[index];
        seal(object, &mut leaf.clone());
        prop_assert_eq!(flaws(object), Vec::<String>::new());
    }

    #[test]
    fn whatever_a_schema_says_it_ends(text in "\\PC{0,40}", depth in 0_usize..150) {
        let mut schema = json!({ "pattern": text, "$ref": text });
        for _ in 0..depth {
            schema = json!({ "properties": { "a": schema } });
        }
        let read = Plain::read("a.json", &schema);
        prop_assert!(read.is_none_or(|read| read.is_err() || depth < 100));
    }
}

#[test]
fn three_versions_are_shipped_with_all_their_kinds() {
    assert_eq!(versions(), ["1.34", "1.35", "1.36"]);
    for (version, shipped) in
        [("1.34", true), ("1.36.9", true), ("v1.35", true), ("1.33", false), ("1", false)]
    {
        assert_eq!(is_shipped(version), shipped, "{version}");
    }
    for minor in versions() {
        let catalogue = Catalogue::for_version(Some(minor)).unwrap();
        for (group, version, kind) in
            [("", "v1", "Pod"), ("apps", "v1", "Deployment"), ("networking.k8s.io", "v1", "Ingress")]
        {
            let (group, version, kind) = (group.to_owned(), version.to_owned(), kind.to_owned());
            let object = ObjectRef { group, version, kind, namespace: String::new(), name: String::new() };
            assert!(catalogue.has(&object), "{minor} {object}");
        }
    }
}

#[test]
fn formats_are_those_of_the_server() {
    for (name, text, fits) in [
        ("quantity", "100m", Some(true)),
        ("quantity", "1e3", Some(true)),
        ("quantity", "0.5Gi", Some(true)),
        ("quantity", "-1", Some(true)),
        ("quantity", "1 Gi", Some(false)),
        ("quantity", "1GB", Some(false)),
        ("quantity", "", Some(false)),
        ("quantity", "1.2.3", Some(false)),
        ("date-time", "2030-01-31T12:00:00Z", Some(true)),
        ("date-time", "2030-01-31T12:00:00.123+02:00", Some(true)),
        ("date-time", "2030-02-31T12:00:00Z", Some(false)),
        ("date-time", "2030-01-31", Some(false)),
        ("date", "2030-01-31", Some(true)),
        ("date", "20300131", Some(false)),
        ("byte", "aGVsbG8=", Some(true)),
        ("byte", "hello", Some(false)),
        ("cidr", "10.0.0.0/8", Some(true)),
        ("cidr", "10.0.0.0/33", Some(false)),
        ("ipv6", "::1", Some(true)),
        ("ipv4", "::1", Some(false)),
        ("duration", "1h30m", Some(true)),
        ("duration", "90", Some(false)),
        ("uuid", "123e4567-e89b-12d3-a456-426614174000", Some(true)),
        ("uuid", "123", Some(false)),
        ("isbn", "x", None),
        ("something", "x", None),
    ] {
        assert_eq!(format::fits(name, text), fits, "{name} {text}");
    }
}

#[test]
fn patterns_mean_what_they_mean_to_the_server() {
    for (text, on, matches) in [
        (r"^\d+$", "12", true),
        (r"^\d+$", "\u{663}", false),
        (r"^[\w.-]+$", "a.b-c_1", true),
        (r"^[a-z\d]*$", "a1", true),
        (r"[[]", "[", true),
        (r"^[^\]]+$", "a", true),
        (r"a\/b", "a/b", true),
        (r"^\S+$", "a b", false),
        (r"b", "abc", true),
    ] {
        assert_eq!(pattern::compile(text).unwrap().is_match(on), matches, "{text} {on}");
    }
    for text in ["(", "(?=a)", &"a".repeat(9000), "((a{1,999}){1,999}){1,999}"] {
        assert!(pattern::compile(text).is_err());
    }
}
