//! The page: what it lets in, what it lets out, and that it is well made.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::hostile::carrying;
use super::sample::*;
use crate::effect::{FieldChange, Operation, Risk};
use crate::evaluation::{Side, SideState, UnitError};
use crate::report::*;

/// A page taken apart by the strictest rules: whatever a lenient browser would mend is a mistake here.
#[derive(Debug, Default)]
struct Taken {
    /// Elements with the names of their attributes, in order.
    shape: Vec<(String, Vec<String>)>,
    /// Values of attributes.
    values: Vec<(String, String)>,
    style: String,
    script: String,
    text: String,
}

const VOID: [&str; 2] = ["input", "meta"];

fn taken(page: &str) -> Taken {
    let mut taken = Taken::default();
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page.strip_prefix("<!doctype html>").unwrap();
    while let Some((text, tail)) = rest.split_once('<') {
        check_text(text);
        taken.text.push_str(text);
        let (tag, tail) = tail.split_once('>').unwrap();
        rest = tail;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{page}");
            continue;
        }
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "<{tag}>");
        taken.shape.push((name.to_owned(), attribute_names(attributes, &mut taken.values)));
        if VOID.contains(&name) {
            continue;
        }
        open.push(name);
        if let Some(raw) = match name {
            "style" => Some(&mut taken.style),
            "script" => Some(&mut taken.script),
            _ => None,
        } {
            let end = rest.find(&format!("</{name}>")).unwrap();
            raw.push_str(&rest[..end]);
            assert!(!raw.contains("</") && !raw.contains("<!--"), "{raw}");
            rest = &rest[end..];
        }
    }
    check_text(rest);
    assert_eq!(open, Vec::<&str>::new());
    taken
}

#[track_caller]
fn check_text(text: &str) {
    assert!(!text.contains('>'), "{text:?}");
    for entity in text.split('&').skip(1) {
        let known = ["amp;", "lt;", "gt;", "quot;", "#39;"];
        assert!(known.iter().any(|known| entity.starts_with(known)), "&{entity}");
    }
}

fn attribute_names(mut rest: &str, values: &mut Vec<(String, String)>) -> Vec<String> {
    let mut names = Vec::new();
    while !rest.trim().is_empty() {
        rest = rest.trim_start();
        let Some((name, tail)) = rest.split_once("=\"") else {
            // Words of our own: `hidden`, `checked`.
            names.extend(rest.split(' ').map(str::to_owned));
            break;
        };
        let (words, name) = name.rsplit_once(' ').unwrap_or(("", name));
        names.extend(words.split(' ').filter(|word| !word.is_empty()).map(str::to_owned));
        let (value, tail) = tail.split_once('"').unwrap();
        check_text(value);
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{name:?}");
        names.push(name.to_owned());
        values.push((name.to_owned(), value.to_owned()));
        rest = tail;
    }
    names
}

/// Everything that a report can hold: environments, dangers, a failed unit, secrets, names that try to break out.
pub(super) fn full() -> Report {
    let mut report = blocked();
    let secret = EffectReport {
        risks: [Risk::Secret].into(),
        changes: vec![FieldChange { path: "data.password".into(), before: None, after: None, masked: true }],
        diff: "@@ -2,3 +2,3 @@\n data:\n-  password: ‹sealed›\n+  password: ‹changed›\n kind: Secret\n"
            .into(),
        ..effect(Operation::Update, object("Secret", "shop", "db"))
    };
    let replaced = EffectReport {
        risks: [Risk::Replace].into(),
        reason: Some("`spec.selector` cannot change in place".into()),
        changes: vec![field("spec.selector.app", json!("web"), json!("shop"))],
        settled: Some(false),
        ..effect(Operation::Replace, object("Deployment", "shop", "worker"))
    };
    let error = UnitError {
        side: Side::Head,
        message: "`apps/broken/kustomization.yaml` names `missing.yaml`, which is not there: add it or remove the line"
            .into(),
        file: Some("apps/broken/kustomization.yaml".into()),
        line: Some(4),
        column: Some(3),
    };
    let failed =
        UnitReport { head: SideState::Failed, error: Some(error.clone()), ..unit("broken", Vec::new()) };
    report.errors.push(ErrorReport {
        environment: Some("production".into()),
        unit: Some("broken".into()),
        side: Some(Side::Head),
        object: None,
        message: error.message,
        file: error.file,
        line: error.line,
        column: error.column,
        undecided: true,
    });
    report.environments[0].units.push(failed);
    report.environments[1].units.push(unit("vault", vec![secret, replaced]));
    report.environments.push(carrying("</script><b onclick=\"x\">ב\u{202e}").environments.pop().unwrap());
    report
}

#[test]
fn a_page_is_well_made() {
    for report in [quiet(), blocked(), full()] {
        let page = taken(&html(&report));
        let ids: Vec<&String> =
            page.values.iter().filter(|(name, _)| name == "id").map(|(_, id)| id).collect();
        let unique: BTreeSet<&&String> = ids.iter().collect();
        assert_eq!(unique.len(), ids.len(), "{ids:?}");
        for (name, value) in &page.values {
            let known = |id: &str| ids.iter().any(|known| *known == id);
            match name.as_str() {
                "href" => assert!(value.strip_prefix('#').is_some_and(known), "{value}"),
                "aria-labelledby" => assert!(known(value), "{value}"),
                _ => {}
            }
        }
        let headings = page.shape.iter().filter(|(name, _)| name == "h1").count();
        assert_eq!(headings, 1);
    }
}

#[test]
fn the_page_loads_nothing_and_runs_only_what_is_in_it() {
    let page = taken(&html(&full()));
    let policy =
        page.values.iter().find(|(name, value)| name == "content" && value.starts_with("default-src"));
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text));
    assert_eq!(
        policy.unwrap().1.replace("&#39;", "'"),
        format!(
            "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'; \
             require-trusted-types-for 'script'; trusted-types 'none'",
            digest(&page.style),
            digest(&page.script)
        )
    );
    for (element, attributes) in &page.shape {
        assert!(!["link", "img", "iframe", "object", "embed", "form", "base"].contains(&element.as_str()));
        let bad = |name: &&String| {
            name.starts_with("on") || ["src", "style", "srcset", "action"].contains(&name.as_str())
        };
        assert_eq!(attributes.iter().find(bad), None, "<{element}>");
    }
    for word in ["url(", "@import", "http:", "https:"] {
        assert!(!page.style.contains(word) && !page.script.contains(word), "{word}");
    }
    for word in ["innerHTML", "outerHTML", "insertAdjacent", "eval(", "fetch(", "import(", "document.write"] {
        assert!(!page.script.contains(word), "{word}");
    }
}

/// How much two colours differ, from 1 to 21, as accessibility guidelines reckon it.
fn contrast(one: &str, other: &str) -> f64 {
    let luminance = |colour: &str| {
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    };
    let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
    one.max(other) / one.min(other)
}

#[test]
fn every_text_stands_out_from_what_is_behind_it() {
    let style = taken(&html(&quiet())).style;
    let colour = |name: &str| -> [String; 2] {
        let (_, tail) = style.split_once(&format!("--{name}: light-dark(")).unwrap();
        let (light, dark) = tail.split_once(')').unwrap().0.split_once(", ").unwrap();
        [light.to_owned(), dark.to_owned()]
    };
    for (text, behind) in [
        ("ink", "paper bad-soft panel"),
        ("quiet", "paper panel"),
        ("link", "paper bad-soft"),
        ("good", "paper panel good-soft good-mark"),
        ("bad", "paper panel bad-soft bad-mark"),
        ("warn", "paper panel warn-soft"),
    ] {
        for behind in behind.split(' ') {
            for (text_colour, colour) in colour(text).iter().zip(colour(behind)) {
                let contrast = contrast(text_colour, &colour);
                assert!(contrast >= 4.5, "{text} {text_colour} on {behind} {colour}: {contrast:.1}");
            }
        }
    }
}

#[test]
fn one_object_reads_like_this() {
    let mut report = quiet();
    let web = blocked().environments[1].units[0].effects[0].clone();
    report.environments = vec![environment("staging", vec![unit("shop", vec![web])])];
    let page = html(&report);
    let from = page.find("<section id=\"e0\"").unwrap();
    let to = from + page[from..].find("<section id=\"judged\"").unwrap();
    assert_snapshot!(page[from..to].trim_end(), @r#"
    <section id="e0" class="environment"><h3><bdi>staging</bdi></h3>
    <details id="e0u0" class="unit" open=""><summary><h4><bdi>shop</bdi></h4><span class="quiet"><bdi>kustomize · apps/shop · 1 object</bdi></span></summary><details id="e0u0o0" class="object" data-operation="update" data-risk="image" open=""><summary><span class="sign update" aria-hidden="true">~</span><span class="spoken">change </span><span class="kind">Deployment</span> <strong class="object-name">shop/web</strong> <span class="chip">image</span> <code class="place">apps/shop/deployment.yaml:14</code></summary><div class="body"><table class="fields"><tr><th scope="col">field</th><th scope="col">before</th><th scope="col">after</th></tr>
    <tr><td><code>spec.replicas</code></td><td class="old"><code>3</code></td><td class="new"><code>5</code></td></tr>
    <tr><td><code>spec.template.spec.containers[name=web].image</code></td><td class="old"><code>registry.example.org/shop:1.4.2</code></td><td class="new"><code>registry.example.org/shop:1.5.0</code></td></tr>
    </table>
    <div class="text"><pre class="diff"><span class="row"><span class="l"> spec:
    </span><span class="r twin" aria-hidden="true"> spec:
    </span></span><span class="row"><del class="l">-  replicas: <mark>3</mark>
    </del><ins class="r">+  replicas: <mark>5</mark>
    </ins></span><span class="row"><span class="l">   template:
         spec:
           containers:
           - name: web
    </span><span class="r twin" aria-hidden="true">   template:
         spec:
           containers:
           - name: web
    </span></span><span class="row"><del class="l">-        image: registry.example.org/shop:<mark>1.4.2</mark>
    </del><ins class="r">+        image: registry.example.org/shop:<mark>1.5.0</mark>
    </ins></span><span class="row"><span class="l">         ports:
    </span><span class="r twin" aria-hidden="true">         ports:
    </span></span></pre></div>
    </div>
    </details>
    </details>
    </section>
    <p id="nothing" class="quiet" hidden>No object matches the filters.</p>
    </section>
    "#);
}

#[test]
fn nothing_is_called_ready_that_no_rule_was_applied_to() {
    let report = Report { discovered: true, ..quiet() };
    let page = html(&report);
    assert!(page.contains("<h1>There is no policy: this is what merging would do</h1>"), "{page}");
    assert!(!page.contains("Ready"), "{page}");
    let plain = terminal(&report, Style { width: 100, colour: Colour::Plain });
    assert!(plain.contains("\nno policy, nothing was judged  "), "{plain}");
    assert!(markdown(&report, None).starts_with("### There is no policy: this is what merging would do\n"));
}

#[test]
fn a_secret_is_told_and_not_shown() {
    let page = html(&full());
    assert!(page.contains("<td class=\"old\"><em>secret, changes</em></td>"), "{page}");
    assert!(page.contains("password: <mark>‹changed›</mark>"), "{page}");
}

#[test]
fn ten_thousand_objects_stay_a_page() {
    let effect = EffectReport {
        diff: " a: 1\n-b: 2\n+b: 3\n".into(),
        ..effect(Operation::Update, object("ConfigMap", "shop", "a"))
    };
    let report = Report {
        environments: vec![environment("production", vec![unit("shop", vec![effect; 10_000])])],
        ..quiet()
    };
    let page = html(&report);
    assert!(page.len() < 10_000 * 1_000, "{}", page.len());
    assert_eq!(page.matches(" data-risk=\"\" open=\"\"").count(), 133);
}

/// Whatever a text says, the page has the same elements and attributes as with a plain one.
#[track_caller]
fn check(text: &str) {
    let page = html(&carrying(text));
    let (seen, plain) = (taken(&page), taken(&html(&carrying("plain"))));
    // The number of lines of a diff follows its text; marks inside lines do, too.
    let outside = |taken: &Taken| -> Vec<(String, Vec<String>)> {
        let inside = ["mark", "span", "del", "ins", "pre", "code"];
        taken.shape.iter().filter(|(name, _)| !inside.contains(&name.as_str())).cloned().collect()
    };
    if !text.contains('`') && !text.trim().is_empty() {
        assert_eq!(outside(&seen), outside(&plain), "{text:?}");
    }
    let attributes = |taken: &Taken| taken.shape.iter().cloned().collect::<BTreeSet<_>>();
    let mut known = attributes(&plain);
    known.insert(("mark".to_owned(), Vec::new()));
    assert!(attributes(&seen).is_subset(&known), "{text:?}: {:?}", attributes(&seen).difference(&known));
    assert_eq!((&seen.style, &seen.script), (&plain.style, &plain.script));
    assert!(!page.contains(is_invisible), "{text:?}");
}

#[test]
fn hostile_names_stay_names() {
    for text in [
        "</script><script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='x",
        "</style><style>*{display:none}",
        "<!--",
        "-->",
        "]]>",
        "&lt;b&gt;",
        "\u{202e}\u{200b}\u{1b}[31m\u{feff}\u{0}",
        "`<b>`",
        "{{7*7}}${7}",
        "javascript:alert(1)",
        "<b",
        "",
    ] {
        check(text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_name_breaks_out(text in "([<>\"'&`=/!;\\n -]|</script>|</style>|<!--|-->|[a-c1]|\u{202e}|\u{0}|ß){0,12}") {
        check(&text);
    }
}
