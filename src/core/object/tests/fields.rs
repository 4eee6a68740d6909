//! Where the fields of manifests stand in texts of all shapes.

use serde_json::{Value, json};

use super::super::{Likeness, Mark, Sought, marks};
use crate::object::parse::plain_manifests;

/// `line:column` of each path in the object that begins at a line; `-` where it stands nowhere.
fn places(text: &str, line: u32, body: &Value, likeness: Likeness, paths: &[&str]) -> Vec<String> {
    let sought: Vec<Sought<'_>> = paths.iter().map(|path| Sought { line, body, path, likeness }).collect();
    let told = |mark: Option<Mark>| {
        mark.map_or_else(|| "-".to_owned(), |Mark { line, column }| format!("{line}:{column}"))
    };
    marks(text, &sought).into_iter().map(told).collect()
}

/// Each path in the object of a text that is called so, as the text itself has it.
fn own(text: &str, name: &str, paths: &[&str]) -> Vec<String> {
    let all = plain_manifests(text).unwrap();
    let mut called = all.iter().filter(|(_, body)| body["metadata"]["name"] == name);
    let (line, body) = called.next().unwrap();
    assert!(called.next().is_none(), "{name} comes twice");
    places(text, *line, body, Likeness::Same, paths)
}

/// The same of an object that was made of the text's first.
fn made(text: &str, body: &Value, paths: &[&str]) -> Vec<String> {
    let line = plain_manifests(text).unwrap()[0].0;
    places(text, line, body, Likeness::Made, paths)
}

const WEB: &str = "\
# the shop
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  annotations:
    example.org/team: \"shop\"   # who
    'a b': \"1\"
spec:
  replicas: 1
  template:
    spec:
      containers:
      # the first
      - name: web
        image: nginx
        args: [--x, \"--y\"]
        env:
          - { name: A, value: '1' }
          - {name: B,
             value: '2'}
      -
        name: log
        command:
          - sh
          - -c
          - |
            image: not this
            replicas: 3
      volumes: []
      securityContext:
        runAsNonRoot: true
";

#[test]
fn a_field_stands_at_its_key_and_an_item_where_it_begins() {
    let container = "spec.template.spec.containers";
    for (path, wanted) in [
        ("spec", "9:1"),
        ("spec.replicas", "10:3"),
        (r#"metadata.annotations["example.org/team"]"#, "7:5"),
        (r#"metadata.annotations["a b"]"#, "8:5"),
        (container, "13:7"),
        (&format!("{container}[name=web]"), "15:9"),
        (&format!("{container}[name=web].image"), "16:9"),
        (&format!("{container}[name=web].args[1]"), "17:21"),
        (&format!("{container}[name=web].env[name=A].value"), "19:24"),
        (&format!("{container}[name=web].env[name=B].value"), "21:14"),
        (&format!("{container}[name=log]"), "23:9"),
        (&format!("{container}[name=log].command[2]"), "28:13"),
        ("spec.template.spec.securityContext.runAsNonRoot", "32:9"),
    ] {
        assert_eq!(own(WEB, "web", &[path]), [wanted], "{path}");
    }
}

#[test]
fn what_is_missing_stands_where_the_nearest_thing_around_it_does() {
    let container = "spec.template.spec.containers[name=web]";
    let paths = [
        &format!("{container}.resources.limits.memory"),
        &format!("{container}.image.x"),
        "spec.template.spec.hostUsers",
        "spec.template.spec.containers[name=gone].image",
        "status.x",
        "",
    ];
    assert_eq!(own(WEB, "web", &paths), ["15:9", "16:9", "12:5", "13:7", "-", "-"]);
}

#[test]
fn line_ends_and_a_mark_of_the_encoding_do_not_count() {
    for text in [WEB.replace('\n', "\r\n"), format!("\u{feff}{WEB}"), format!("---\n{WEB}")] {
        let shift = u32::from(text.starts_with("---"));
        assert_eq!(own(&text, "web", &["spec.replicas"]), [format!("{}:3", 10 + shift)]);
    }
}

const SEVERAL: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: one}
data:
  text: |
    data:
      key: not this
    --- not a marker
  key: a
---
# nothing
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: two
data:
  data: {data: x}
  \"key\": b
  key2: c
...
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: three}
  data:
    key: d
- {apiVersion: v1, kind: ConfigMap, metadata: {name: four}, data: {key: e}}
- apiVersion: v1
  kind: List
  items:
  - apiVersion: v1
    kind: ConfigMap
    metadata: {name: five}
    data: {key: f}
";

#[test]
fn each_object_of_a_text_has_fields_of_its_own() {
    for (name, wanted) in
        [("one", "9:3"), ("two", "19:3"), ("three", "30:5"), ("four", "31:68"), ("five", "38:12")]
    {
        assert_eq!(own(SEVERAL, name, &["data.key"]), [wanted], "{name}");
    }
    assert_eq!(own(SEVERAL, "two", &["data.data"]), ["18:3"]);
}

#[test]
fn anchors_and_merged_keys_stand_where_they_are_written() {
    let text = "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: x
  labels: &labels
    app: web
  annotations: *labels
spec:
  base: &base
    image: nginx
    tag: a
  over:
    <<: *base
    tag: b
  list:
  - *base
  - &own
    image: c
";
    let paths = ["metadata.annotations", "metadata.annotations.app", "spec.over.image", "spec.over.tag"];
    assert_eq!(own(text, "x", &paths), ["7:3", "6:5", "10:5", "14:5"]);
    assert_eq!(own(text, "x", &["spec.list[0].tag", "spec.list[1].image"]), ["11:5", "18:5"]);
}

#[test]
fn keys_that_the_reader_sees_otherwise_than_they_are_written_are_passed_over() {
    let text = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: x}
data:
  1: a
  on: b
  ? complex
  : c
  \"quo\\u0074ed\": d
";
    let paths = ["data[\"1\"]", "data.1", "data.true", "data.complex", "data.quoted"];
    assert_eq!(own(text, "x", &paths), ["5:3", "5:3", "4:1", "7:5", "9:3"]);
}

#[test]
fn json_has_fields_too() {
    let text = "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [\n  {\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\",\n   \"metadata\": {\"name\": \"one\"},\n   \"data\": {\"key\": \"a\"}},\n  {\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"two\"},\n   \"data\": {\n     \"key\": \"b\"}}]}\n";
    assert_eq!(own(text, "one", &["data.key"]), ["4:13"]);
    assert_eq!(own(text, "two", &["data.key", "data"]), ["7:6", "6:4"]);
    let twice = text.replace("\"two\"", "\"one\"");
    let body = plain_manifests(&twice).unwrap()[1].1.clone();
    assert_eq!(places(&twice, 1, &body, Likeness::Same, &["data.key"]), ["-"]);
}

#[test]
fn values_of_a_secret_stand_where_they_are_written() {
    let text = "\
apiVersion: v1
kind: Secret
metadata: {name: x}
data:
  one: YQ==
stringData:
  two: b
";
    let body = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "x" },
        "data": { "one": { "$sealed": "x" }, "two": { "$sealed": "y" } },
    });
    let paths = ["data.one", "data.two", "data"];
    assert_eq!(places(text, 1, &body, Likeness::Same, &paths), ["5:3", "7:3", "4:1"]);
}

/// What a kustomization made of [`WEB`].
fn patched(change: impl FnOnce(&mut Value)) -> Value {
    let mut body = plain_manifests(WEB).unwrap()[0].1.clone();
    body["metadata"]["name"] = json!("prod-web");
    change(&mut body);
    body
}

#[test]
fn what_was_made_of_a_text_stands_there_only_as_far_as_it_was_left_alone() {
    let pod = "spec.template.spec";
    let body = patched(|body| {
        body["spec"]["replicas"] = json!(3);
        body["spec"]["paused"] = json!(true);
        let pod = &mut body["spec"]["template"]["spec"];
        pod["containers"][0]["image"] = json!("nginx:1.2");
        pod["containers"][0]["args"] = json!(["--y"]);
        pod["containers"].as_array_mut().unwrap().insert(0, json!({ "name": "new", "image": "x" }));
        pod["securityContext"]["runAsUser"] = json!(0);
    });
    for (path, wanted) in [
        // Left alone.
        ("kind", "3:1"),
        (&format!("{pod}.containers[name=log].command"), "24:9"),
        (&format!("{pod}.containers[name=log].command[1]"), "26:13"),
        (&format!("{pod}.containers[name=web].env[name=B].value"), "21:14"),
        (&format!("{pod}.securityContext.runAsNonRoot"), "32:9"),
        // Altered or new.
        ("spec.replicas", "-"),
        ("spec.paused", "-"),
        (&format!("{pod}.containers[name=web].image"), "-"),
        (&format!("{pod}.containers[name=web]"), "-"),
        (&format!("{pod}.containers[name=new].image"), "-"),
        (&format!("{pod}.securityContext.runAsUser"), "-"),
        ("metadata.name", "-"),
        // Missing: what is around it is certain, or it is new as well.
        (&format!("{pod}.containers[name=web].resources"), "15:9"),
        (&format!("{pod}.containers[name=new].resources"), "-"),
        (&format!("{pod}.securityContext.seccompProfile.type"), "31:7"),
    ] {
        assert_eq!(made(WEB, &body, &[path]), [wanted], "{path}");
    }
}

#[test]
fn an_item_that_could_be_another_stands_nowhere() {
    let text = "\
apiVersion: v1
kind: Pod
metadata: {name: x}
spec:
  containers:
  - name: web
    args: [--a, --b, --a]
  - name: twice
  - name: twice
    image: b
";
    let body = plain_manifests(text).unwrap()[0].1.clone();
    let paths = [
        "spec.containers[name=web].args[1]",
        "spec.containers[name=web].args[2]",
        "spec.containers[2].image",
        "spec.containers[name=twice].image",
    ];
    assert_eq!(made(text, &body, &paths), ["7:17", "-", "-", "5:3"]);
}

#[test]
fn a_text_that_does_not_have_the_object_has_no_field_of_it() {
    let body = plain_manifests(WEB).unwrap()[0].1.clone();
    for text in ["", "a: [", "{{ template }}\n", "a: 1\n"] {
        for line in [0, 1, 2, u32::MAX] {
            assert_eq!(
                places(text, line, &body, Likeness::Same, &["spec.replicas"]),
                ["-"],
                "{text:?} {line}"
            );
        }
    }
    // Another line is another object.
    assert_eq!(places(WEB, 3, &body, Likeness::Same, &["spec.replicas"]), ["-"]);
}

#[test]
fn a_template_is_believed_only_where_it_says_what_is_judged() {
    let text = "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data:
  key: a
";
    let body = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "x" }, "data": { "key": "a" } });
    let found = places(text, 1, &body, Likeness::Made, &["data.key", "metadata.name"]);
    assert!(found[0] == "6:3" || found[0] == "-", "{found:?}");
    assert_eq!(found[1], "-");
}

/// Wherever a field stands, there is its key.
#[test]
fn the_fields_of_many_objects_in_one_line_are_found() {
    let item = |number: usize| {
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": format!("map-{number}") },
            "data": { "é": "日本".repeat(20), "key": "a" } })
    };
    let list =
        json!({ "apiVersion": "v1", "kind": "List", "items": (0..3_000).map(item).collect::<Value>() });
    let text = list.to_string();
    let bodies: Vec<Value> = (0..3_000).map(item).collect();
    let sought: Vec<Sought<'_>> = bodies
        .iter()
        .map(|body| Sought { line: 1, body, path: "data.key", likeness: Likeness::Same })
        .collect();
    // To read the line anew for each takes minutes.
    let found = marks(&text, &sought);
    let keys = text.match_indices("\"key\"").map(|(at, _)| at);
    let (mut column, mut last) = (1, 0);
    let wanted = keys.map(|at| {
        column += u32::try_from(text[last..at].chars().count()).unwrap();
        last = at;
        Some(Mark { line: 1, column })
    });
    assert_eq!(found, wanted.collect::<Vec<_>>());
}

#[test]
fn every_field_of_a_text_is_found_where_its_key_is() {
    fn all(value: &Value, path: &mut Vec<Value>, found: &mut Vec<Vec<Value>>) {
        found.push(path.clone());
        match value {
            Value::Object(entries) => {
                for (key, value) in entries {
                    path.push(json!(key));
                    all(value, path, found);
                    path.pop();
                }
            }
            Value::Array(items) => {
                for (at, value) in items.iter().enumerate() {
                    path.push(json!(at));
                    all(value, path, found);
                    path.pop();
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut tried = 0;
    for text in [WEB, SEVERAL] {
        for (line, body) in plain_manifests(text).unwrap() {
            let mut fields = Vec::new();
            all(&body, &mut Vec::new(), &mut fields);
            for field in fields.iter().filter(|field| field.last().is_some_and(Value::is_string)) {
                let path = crate::object::path::given(&body, &json!(field)).unwrap();
                let sought = Sought { line, body: &body, path: &path, likeness: Likeness::Same };
                let mark = marks(text, &[sought])[0].unwrap_or_else(|| panic!("{path} stands nowhere"));
                let row = text.lines().nth(mark.line as usize - 1).unwrap();
                let rest: String = row.chars().skip(mark.column as usize - 1).collect();
                let key = field.last().unwrap().as_str().unwrap();
                assert!(rest.trim_start_matches(['"', '\'']).starts_with(key), "{path}: {rest}");
                tried += 1;
            }
        }
    }
    assert!(tried > 40, "{tried}");
}
