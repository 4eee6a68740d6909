//! The report as one page that needs nothing else: a file that can be mailed, kept, or attached to a build. It reads
//! without a script, loads nothing, and lets nothing in that others wrote but as text: the policy in its head allows
//! one style sheet and one script, by their digests. Nothing is decided or left out here.

mod diff;
mod drift;
mod markup;
mod nav;
mod objects;
mod overview;
mod sections;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::model::*;
use super::summary::{NO_POLICY, missing, unjudged};
pub use drift::drift_html;
use markup::Markup;

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");
const HELP: &str = include_str!("html/help.html");

/// One self-contained HTML file.
pub fn html(report: &Report) -> String {
    let mut page = Markup::default();
    page.ours("<!doctype html>\n");
    page.tag("html", &[("lang", "en")], |html| {
        html.tag("head", &[], |head| {
            self::head(head, &format!("{} · {}", verdict_words(report), short(&report.head.commit)));
        });
        html.tag("body", &[("class", outcome(report))], |body| self::body(body, report));
    });
    page.ours("\n");
    page.into_string()
}

fn head(head: &mut Markup, title: &str) {
    let policy = policy();
    head.open("meta", &[("charset", "utf-8")]);
    head.open("meta", &[("http-equiv", "Content-Security-Policy"), ("content", &policy)]);
    head.open("meta", &[("name", "referrer"), ("content", "no-referrer")]);
    head.open("meta", &[("name", "color-scheme"), ("content", "light dark")]);
    head.open("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")]);
    head.words("title", &[], &format!("{title} · Countersign"));
    head.tag("style", &[], |style| style.ours(STYLE));
}

/// What the page may load and run: what is in it, and nothing else.
fn policy() -> String {
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        digest(STYLE),
        digest(SCRIPT)
    )
}

fn body(body: &mut Markup, report: &Report) {
    body.ours("<a class=\"skip\" href=\"#content\">Skip to the report</a>\n");
    body.tag("header", &[("class", "top")], |top| {
        top.words("span", &[("class", "brand")], "Countersign");
        top.words("span", &[("class", "chip verdict")], verdict_words(report));
        top.tag("code", &[("class", "head")], |head| head.text(short(&report.head.commit)));
        top.ours(
            "<span class=\"tools\" hidden><button type=\"button\" id=\"theme\">Theme: auto</button>\
             <button type=\"button\" id=\"keys\" aria-haspopup=\"dialog\">Keys <kbd>?</kbd></button></span>",
        );
    });
    body.tag("div", &[("class", "page")], |page| {
        nav::nav(page, report);
        page.tag("main", &[("id", "content"), ("tabindex", "-1")], |main| {
            let places = objects::places(report);
            overview::verdict(main, report);
            overview::dangers(main, report, &places);
            sections::errors(main, report);
            overview::units(main, report);
            overview::images(main, report);
            objects::objects(main, report);
            sections::drift(main, report);
            sections::policy(main, report, &places);
            sections::waivers(main, report);
            sections::approvals(main, report);
            sections::proposed(main, report);
            sections::outside(main, report);
            sections::judged(main, report);
        });
    });
    body.ours(HELP);
    body.tag("script", &[], |script| script.ours(SCRIPT));
}

/// The class of the page; what is not known is shown as undecided.
fn outcome(report: &Report) -> &'static str {
    if unjudged(report) {
        return "unjudged";
    }
    match report.verdict.outcome.as_str() {
        "allow" => "allow",
        "hold" => "hold",
        "block" => "block",
        _ => "undecided",
    }
}

fn verdict_words(report: &Report) -> &'static str {
    match outcome(report) {
        "unjudged" => "No policy",
        "allow" => "Ready",
        "hold" => "Not yet",
        "block" => "Cannot land yet",
        _ => "Cannot tell yet",
    }
}

/// The verdict and what is missing.
fn title(report: &Report) -> String {
    if unjudged(report) {
        return NO_POLICY.to_owned();
    }
    let missing = missing(report);
    if missing.is_empty() {
        return verdict_words(report).to_owned();
    }
    format!("{}: {}", verdict_words(report), missing.join(", "))
}

fn short(commit: &str) -> &str {
    commit.get(..7).unwrap_or(commit)
}

/// The anchor of an environment.
fn environment_id(environment: usize) -> String {
    format!("e{environment}")
}

/// The anchor of a unit.
fn unit_id(environment: usize, unit: usize) -> String {
    format!("e{environment}u{unit}")
}

/// The anchor of an object.
fn object_id(environment: usize, unit: usize, object: usize) -> String {
    format!("e{environment}u{unit}o{object}")
}
