//! The text that people see.

use insta::assert_snapshot;
use serde_json::{Map, json};

use super::{WEB, read, unified};

fn text(before: &str, after: &str) -> String {
    unified(Some(&read(before)), Some(&read(after)))
}

#[test]
fn the_text_of_a_change() {
    let after = WEB
        .replace("replicas: 3", "replicas: 5")
        .replace("1.4.2", "1.5.0")
        .replace("hunter2", "hunter3")
        .replace("1000m", "1");
    assert_snapshot!(text(WEB, &after), @r#"
    @@ -6,7 +6,7 @@
       labels:
         app: web
     spec:
    -  replicas: 3
    +  replicas: 5
       selector:
         matchLabels:
           app: web
    @@ -17,7 +17,7 @@
         spec:
           containers:
           - name: web
    -        image: registry.example.org/shop:1.4.2
    +        image: registry.example.org/shop:1.5.0
             args:
             - --port
             - "80"
    @@ -25,7 +25,7 @@
             - name: MODE
               value: fast
             - name: DB_PASSWORD
    -          value: ‹sealed›
    +          value: ‹changed›
             ports:
             - containerPort: 53
             - containerPort: 53
    "#);
}

#[test]
fn the_text_of_a_creation_and_of_a_removal() {
    let body = read(
        "\
apiVersion: v1
kind: ConfigMap
metadata: {name: app, labels: {b: '1', a: 'yes'}}
data:
  app.properties: |
    a=b
    ---
    c=d
  quoted: '‹sealed›'
  number: '1.0'
  plain: --flag=x
  windows: \"a\\r\\nb\"
  reversed: \"a\\u202eb\"
  empty: ''
  password: hunter2
",
    );
    assert_snapshot!(unified(None, Some(&body)), @r#"
    @@ -0,0 +1,19 @@
    +apiVersion: v1
    +kind: ConfigMap
    +metadata:
    +  name: app
    +  labels:
    +    a: "yes"
    +    b: "1"
    +data:
    +  app.properties: |
    +    a=b
    +    ---
    +    c=d
    +  empty: ""
    +  number: "1.0"
    +  password: ‹sealed›
    +  plain: --flag=x
    +  quoted: "\u2039sealed\u203A"
    +  reversed: "a\u202Eb"
    +  windows: "a\r\nb"
    "#);
    let created = unified(None, Some(&body));
    let removed = unified(Some(&body), None);
    let turned: String = created.lines().skip(1).map(|line| line.replacen('+', "-", 1) + "\n").collect();
    assert_eq!(removed.split_once('\n').unwrap().1, turned);
    assert_eq!(unified(None, None), "");
}

#[test]
fn a_long_line_is_broken_so_that_the_change_shows() {
    let long = |tail: &str| json!({"kind": "ConfigMap", "data": {"k": format!("{}{tail}{}", "x".repeat(1000), " y".repeat(500))}});
    let text = unified(Some(&long("a")), Some(&long("b")));
    assert!(text.lines().count() < 15 && text.lines().all(|line| line.len() < 150), "{text}");
}

#[test]
fn a_text_that_is_too_long_says_how_much_is_missing() {
    let numbers = |from: usize| {
        let entries = (from..from + 30_000).map(|n| (format!("k{n:06}"), json!(n)));
        json!({"kind": "ConfigMap", "data": Map::from_iter(entries)})
    };
    let text = unified(Some(&numbers(0)), Some(&numbers(100_000)));
    assert_eq!(text.lines().count(), 5_001);
    assert_eq!(
        text.lines().last().unwrap(),
        "@@ 55003 more lines are not shown: 30000 added, 25003 removed @@"
    );
    let shown = text.lines().filter(|line| line.starts_with('-')).count();
    assert_eq!(shown + 25_003, 30_000);
}
