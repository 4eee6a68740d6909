//! Paths of fields as people read them, `spec.containers[name=web].image`: followed down a manifest, and made from the
//! keys and places that programs have.

use serde_json::Value;

use super::keys::{item_key, push_key};

/// The longest path that somebody else gives, in bytes.
const LONGEST: usize = 1_000;

/// One step down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step<'v> {
    /// To what a mapping has under a key.
    Key(&'v str),
    /// To an item of a list, by its place.
    Item(usize),
}

/// How far a path could be followed.
#[derive(Debug, PartialEq)]
pub(crate) struct Walk<'v> {
    /// The steps that are there.
    pub(crate) steps: Vec<Step<'v>>,
    /// Whether that is all of the path; else the rest of it is missing.
    pub(crate) whole: bool,
}

/// What comes next in a path.
enum Segment<'p> {
    Key(String),
    Item(&'p str),
}

/// Follows a path down a value. It ends where something is missing, or an item cannot be told from its siblings.
pub(crate) fn walk<'v>(value: &'v Value, path: &str) -> Walk<'v> {
    let (mut value, mut rest, mut field) = (value, path, "");
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let Some((segment, after)) = next(rest) else { return Walk { steps, whole: false } };
        let step = match (segment, value) {
            (Segment::Key(key), Value::Object(entries)) => {
                entries.get_key_value(&key).map(|(key, inner)| (Step::Key(key), inner))
            }
            (Segment::Item(key), Value::Array(items)) => {
                item(field, items, key).and_then(|at| Some((Step::Item(at), items.get(at)?)))
            }
            (Segment::Key(_) | Segment::Item(_), _) => None,
        };
        let Some((step, inner)) = step else { return Walk { steps, whole: false } };
        if let Step::Key(key) = step {
            field = key;
        }
        steps.push(step);
        (value, rest) = (inner, after);
    }
    Walk { steps, whole: true }
}

fn next(path: &str) -> Option<(Segment<'_>, &str)> {
    if let Some(inner) = path.strip_prefix('[') {
        if inner.starts_with('"') {
            let (key, rest) = text(inner)?;
            return Some((Segment::Key(key), rest.strip_prefix(']')?));
        }
        let end = closing(inner)?;
        return Some((Segment::Item(inner.get(..end)?), inner.get(end + 1..)?));
    }
    let path = path.strip_prefix('.').unwrap_or(path);
    let end = path.find(['.', '[']).unwrap_or(path.len());
    let (key, rest) = path.split_at_checked(end)?;
    (!key.is_empty()).then(|| (Segment::Key(key.to_owned()), rest))
}

/// A text in quotes at the beginning of another, and what follows.
fn text(path: &str) -> Option<(String, &str)> {
    let mut texts = serde_json::Deserializer::from_str(path).into_iter::<String>();
    let text = texts.next()?.ok()?;
    Some((text, path.get(texts.byte_offset()..)?))
}

/// Where the bracket closes that is open at the beginning.
fn closing(path: &str) -> Option<usize> {
    let (mut in_quotes, mut escaped) = (false, false);
    path.bytes().position(|byte| {
        match (byte, in_quotes) {
            _ if escaped => escaped = false,
            (b'\\', true) => escaped = true,
            (b'"', _) => in_quotes = !in_quotes,
            (b']', false) => return true,
            (_, _) => {}
        }
        false
    })
}

/// The one item that is called so; where none is, the one at that place.
fn item(field: &str, items: &[Value], key: &str) -> Option<usize> {
    let called = |item: &Value| item_key(field, item).as_deref() == Some(key);
    let mut found = items.iter().enumerate().filter(|(_, item)| called(item)).map(|(at, _)| at);
    match (found.next(), found.next()) {
        (Some(at), None) => Some(at),
        (Some(_), Some(_)) => None,
        (None, _) => key.parse().ok().filter(|at| *at < items.len()),
    }
}

/// The path that a rule gives, as people read it: a list of keys and places, or a text that is such a path already.
/// `None` for a text that does not begin with a field of the value: then something else was meant.
pub(crate) fn given(value: &Value, path: &Value) -> Option<String> {
    let path = match path {
        Value::String(path) => Some(path.clone()).filter(|path| !walk(value, path).steps.is_empty())?,
        Value::Array(steps) => spelt(value, steps)?,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return None,
    };
    let plain = path.len() <= LONGEST && !path.chars().any(char::is_control);
    (plain && !path.is_empty()).then_some(path)
}

fn spelt(value: &Value, steps: &[Value]) -> Option<String> {
    let (mut value, mut path, mut field) = (Some(value), String::new(), "");
    for step in steps {
        match step {
            Value::String(key) => {
                push_key(&mut path, key);
                field = key;
                value = value.and_then(|value| value.get(key));
            }
            Value::Number(number) => {
                let at = usize::try_from(number.as_u64()?).ok()?;
                let items = value.and_then(Value::as_array);
                let key = items.and_then(|items| {
                    // What does not lead back here is no name.
                    item_key(field, items.get(at)?).filter(|key| item(field, items, key) == Some(at))
                });
                path.push_str(&format!("[{}]", key.unwrap_or_else(|| at.to_string())));
                value = items.and_then(|items| items.get(at));
            }
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
        }
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod() -> Value {
        json!({
            "metadata": { "annotations": { "a.b/c": "1", "": "2" } },
            "spec": {
                "containers": [
                    { "name": "web", "ports": [{ "containerPort": 80 }, { "containerPort": 80, "protocol": "UDP" }] },
                    { "name": "a]b\"c", "args": ["--x", "--y"] },
                    { "name": "twice" },
                    { "name": "twice" },
                ],
            },
        })
    }

    #[test]
    fn a_path_leads_where_it_says_and_ends_where_something_is_missing() {
        use Step::{Item, Key};
        let containers = [Key("spec"), Key("containers")];
        let below = |steps: &[Step<'static>]| [&containers[..], steps].concat();
        for (path, steps, whole) in [
            ("", vec![], true),
            ("spec", vec![Key("spec")], true),
            (
                r#"metadata.annotations["a.b/c"]"#,
                vec![Key("metadata"), Key("annotations"), Key("a.b/c")],
                true,
            ),
            (r#"metadata.annotations[""]"#, vec![Key("metadata"), Key("annotations"), Key("")], true),
            ("spec.containers[name=web].image", below(&[Item(0)]), false),
            (
                "spec.containers[name=web].ports[containerPort=80,protocol=UDP]",
                below(&[Item(0), Key("ports"), Item(1)]),
                true,
            ),
            (r#"spec.containers[name="a]b\"c"].args[1]"#, below(&[Item(1), Key("args"), Item(1)]), true),
            ("spec.containers[name=twice]", below(&[]), false),
            ("spec.containers[3]", below(&[Item(3)]), true),
            ("spec.containers[4]", below(&[]), false),
            ("spec.containers.image", below(&[]), false),
            ("spec..x", vec![Key("spec")], false),
            ("spec[", vec![Key("spec")], false),
            ("nothing", vec![], false),
        ] {
            assert_eq!(walk(&pod(), path), Walk { steps, whole }, "{path}");
        }
    }

    #[test]
    fn what_a_rule_gives_becomes_a_path_that_leads_there() {
        for (given_path, wanted) in [
            (json!(["spec", "containers", 0, "image"]), Some("spec.containers[name=web].image")),
            (json!(["spec", "containers", 1, "args", 0]), Some(r#"spec.containers[name="a]b\"c"].args[0]"#)),
            (json!(["spec", "containers", 3]), Some("spec.containers[3]")),
            (json!(["spec", "volumes", 2, "name"]), Some("spec.volumes[2].name")),
            (json!(["metadata", "annotations", "a.b/c"]), Some(r#"metadata.annotations["a.b/c"]"#)),
            (json!("spec.containers[name=web]"), Some("spec.containers[name=web]")),
            (json!("/etc/passwd"), None),
            (json!("spec.a\nb"), None),
            (json!("status"), None),
            (json!(["status", 0, "x"]), Some("status[0].x")),
            (json!(["spec", -1]), None),
            (json!(["spec", null]), None),
            (json!({ "spec": 1 }), None),
            (json!([]), None),
        ] {
            assert_eq!(given(&pod(), &given_path).as_deref(), wanted, "{given_path}");
        }
    }
}
