//! Where things stand: in a file of the tree, or only in what a unit renders to. Every form says which.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::comment::drawn;
use super::sample::*;
use crate::effect::Operation;
use crate::evaluation::{Side, SideState, UnitError};
use crate::object::Place;
use crate::policy::{Finding, FindingPlace, TextKind};
use crate::report::*;

/// A report with one finding on each sort of text, and a unit whose render is no list of manifests.
fn report() -> Report {
    let web = object("Deployment", "shop", "web");
    let made = |place: Option<Place>| EffectReport {
        place,
        diff: "+kind: Deployment\n".into(),
        ..effect(Operation::Create, web.clone())
    };
    let base = Place::Source { file: "base/web.yaml".into(), line: Some(3) };
    let template = Place::Source { file: "chart/templates/web.yaml".into(), line: None };
    let two = Finding { object: Some(web.clone()), ..finding("two replicas", "at least two replicas") };
    let standing = |place: Place, environment: &str| Finding {
        environment: environment.into(),
        ..two.clone().standing(Some(place), "web `x`")
    };
    let failed = UnitReport {
        head: SideState::Failed,
        error: Some(UnitError {
            side: Side::Head,
            message: "not a manifest".into(),
            file: None,
            line: Some(8),
            column: None,
        }),
        ..unit("odd", Vec::new())
    };
    let errors = vec![ErrorReport {
        environment: Some("dev".into()),
        unit: Some("odd".into()),
        side: Some(Side::Head),
        object: None,
        message: "not a manifest".into(),
        file: None,
        line: Some(8),
        column: None,
        undecided: true,
    }];
    Report {
        environments: vec![
            environment("production", vec![unit("web `x`", vec![made(Some(base.clone()))])]),
            environment("staging", vec![unit("web `x`", vec![made(Some(Place::Rendered { line: 12 }))])]),
            environment("test", vec![unit("web `x`", vec![made(Some(template.clone()))])]),
            environment("dev", vec![failed]),
        ],
        findings: vec![
            standing(base, "production"),
            standing(Place::Rendered { line: 12 }, "staging"),
            standing(template, "test"),
        ],
        errors,
        ..quiet()
    }
}

/// The lines of a form that speak of places.
fn lines(text: &str) -> String {
    let tell = |line: &&str| ["renders to", "web.yaml"].iter().any(|word| line.contains(word));
    text.lines().filter(tell).map(|line| format!("{}\n", line.trim())).collect()
}

#[test]
fn a_comment_says_which_text_a_line_is_of() {
    assert_snapshot!(lines(&drawn(&report(), &[], &[])), @r"
    **Could not be told** · dev / odd does not render with this change: not a manifest · line 8 of what `odd` renders to. None of its objects count as deleted; the other units are shown.
    \+ Deployment `shop/web` · `base/web.yaml:3`
    \+ Deployment `shop/web` · `chart/templates/web.yaml`
    - ⛔ `two replicas` in production, Deployment `shop/web`: at least two replicas · `base/web.yaml:3`
    - ⛔ `two replicas` in staging, Deployment `shop/web`: at least two replicas · line 12 of what `web 'x'` renders to
    - ⛔ `two replicas` in test, Deployment `shop/web`: at least two replicas · `chart/templates/web.yaml`
    ");
}

#[test]
fn a_terminal_says_which_text_a_line_is_of() {
    let style = Style { colour: Colour::Plain, width: 110 };
    assert_snapshot!(lines(&terminal(&report(), style)), @r"
    ? dev / odd does not render with this change: line 8 of what odd renders to: not a manifest. None of its
    + Deployment shop/web                                                                          base/web.yaml:3
    + Deployment shop/web                                                                 chart/templates/web.yaml
    ⛔ two replicas in production on Deployment shop/web: at least two replicas (base/web.yaml:3)
    ⛔ two replicas in staging on Deployment shop/web: at least two replicas (line 12 of what web 'x' renders to)
    ⛔ two replicas in test on Deployment shop/web: at least two replicas (chart/templates/web.yaml)
    ");
}

#[test]
fn a_page_says_which_text_a_line_is_of() {
    let page = html(&report());
    let words = |said: &str| assert!(page.contains(said), "{said} is missing");
    words("<code class=\"place\">base/web.yaml:3</code>");
    words("<code class=\"place\">chart/templates/web.yaml</code>");
    words("line 12 of what <code>web &#39;x&#39;</code> renders to");
    words("line 8 of what <code>odd</code> renders to");
}

#[test]
fn sarif_points_at_no_line_that_a_file_does_not_have() {
    let log: Value = serde_json::from_str(&sarif(&report())).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let told = |at: usize| {
        let result = &results[at];
        let location = &result["locations"][0];
        let properties = &result["properties"];
        json!({
            "uri": location["physicalLocation"]["artifactLocation"]["uri"],
            "region": location["physicalLocation"]["region"],
            "object": location["logicalLocations"][0]["fullyQualifiedName"],
            "text": properties["text"], "line": properties["renderedLine"], "unit": properties["unit"],
        })
    };
    assert_eq!(
        told(0),
        json!({
            "uri": "base/web.yaml", "region": { "startLine": 3 }, "object": "production/Deployment.apps/shop/web",
            "text": "source", "line": null, "unit": null,
        })
    );
    assert_eq!(
        told(1),
        json!({
            "uri": "apps/web%20%60x%60", "region": null, "object": "staging/web x/Deployment.apps/shop/web",
            "text": "rendered", "line": 12, "unit": "web `x`",
        })
    );
    assert_eq!((&told(2)["uri"], &told(2)["region"]), (&json!("chart/templates/web.yaml"), &Value::Null));
    let error = told(3);
    assert_eq!(
        (&error["region"], &error["line"], &error["text"]),
        (&Value::Null, &json!(8), &json!("rendered"))
    );
}

#[test]
fn the_same_in_two_environments_has_no_line_of_either() {
    let mut report = report();
    report.findings.retain(|finding| finding.text == Some(TextKind::Rendered));
    let other = Finding { environment: "production".into(), line: Some(40), ..report.findings[0].clone() };
    report.findings.push(other);
    let comment = drawn(&report, &[], &[]);
    let told: Vec<&str> = comment.lines().filter(|line| line.contains("two replicas")).collect();
    assert!(told.iter().any(|line| line.contains("in staging, production")), "{told:?}");
    assert!(!comment.contains("line 12 of") && !comment.contains("line 40 of"), "{comment}");
}

#[test]
fn an_earlier_finding_reads_back() {
    let mut value = serde_json::to_value(finding("a", "b")).unwrap();
    let read = |value: &Value| serde_json::from_value::<Finding>(value.clone()).unwrap();
    assert_eq!(read(&value).place(), None);
    value["file"] = json!("a.yaml");
    value["line"] = json!(3);
    let earlier = read(&value);
    let place = FindingPlace::Source { file: "a.yaml", line: Some(3), column: None };
    assert_eq!((earlier.text, earlier.place()), (None, Some(place)));
    let now = report().findings;
    let told = serde_json::to_value(&now).unwrap();
    assert_eq!(
        (&told[0]["text"], &told[0]["file"], &told[0]["line"]),
        (&json!("source"), &json!("base/web.yaml"), &json!(3))
    );
    assert_eq!(
        (&told[1]["text"], told[1].get("file"), &told[1]["line"], &told[1]["unit"]),
        (&json!("rendered"), None, &json!(12), &json!("web `x`"))
    );
    assert_eq!(serde_json::from_value::<Vec<Finding>>(told).unwrap(), now);
}
