//! How clusters differ without a change, as a page of its own.

use super::markup::Markup;
use super::sections::drifted_field;
use super::{head, short};
use crate::report::drift::{DriftReport, EnvironmentDrift};
use crate::report::summary::object_words;

/// One self-contained HTML file, which runs nothing.
pub fn drift_html(report: &DriftReport) -> String {
    let mut page = Markup::default();
    page.ours("<!doctype html>\n");
    let title = if report.differs() { "Drift" } else { "No drift" };
    let title = format!("{title} · {}", short(&report.commit));
    page.tag("html", &[("lang", "en")], |html| {
        html.tag("head", &[], |inside| head(inside, &title));
        let class = match (report.differs(), report.is_told()) {
            (true, _) => "block",
            (false, false) => "undecided",
            (false, true) => "allow",
        };
        html.tag("body", &[("class", class)], |body| self::body(body, report));
    });
    page.ours("\n");
    page.into_string()
}

fn body(body: &mut Markup, report: &DriftReport) {
    body.tag("header", &[("class", "top")], |top| {
        top.words("span", &[("class", "brand")], "Countersign");
        top.words("code", &[("class", "head")], short(&report.commit));
    });
    body.tag("main", &[("id", "content")], |main| {
        let heading = match (report.differs(), report.is_told()) {
            (true, _) => "Clusters differ from what the repository says",
            (false, false) => "Whether clusters are as the repository says could not be told",
            (false, true) => "Clusters are as the repository says",
        };
        main.words("h1", &[], heading);
        for found in &report.environments {
            main.tag("section", &[], |section| environment(section, found));
        }
    });
}

fn environment(section: &mut Markup, found: &EnvironmentDrift) {
    section.tag("h2", &[], |h2| {
        h2.name(&found.environment);
        h2.text(", cluster ");
        h2.name(&found.cluster);
    });
    section.words("p", &[], &found.counts());
    section.tag("ul", &[], |list| {
        for drift in &found.drifted.drift {
            list.tag("li", &[], |item| {
                item.prose(&object_words(&drift.object));
                item.tag("ul", &[], |fields| {
                    for change in &drift.changes {
                        fields.tag("li", &[], |field| drifted_field(field, change));
                    }
                });
            });
        }
        for object in &found.drifted.missing {
            list.tag("li", &[], |item| {
                item.prose(&object_words(object));
                item.text(" is not in the cluster");
            });
        }
        for error in &found.drifted.errors {
            list.tag("li", &[], |item| {
                let (class, word) =
                    if error.undecided { ("chip risk", "not told") } else { ("chip", "note") };
                item.words("span", &[("class", class)], word);
                item.text(" ");
                item.prose(&error.message);
            });
        }
    });
}
