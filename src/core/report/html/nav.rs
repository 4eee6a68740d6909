//! The way through the page: its sections, then environments and their units.

use super::markup::Markup;
use super::sections::{drifted, told_rules};
use super::{environment_id, unit_id};
use crate::report::danger::dangers;
use crate::report::model::*;
use crate::report::summary::{Counts, count, number, untold};

pub(super) fn nav(page: &mut Markup, report: &Report) {
    page.tag("nav", &[("aria-label", "Contents"), ("class", "contents")], |nav| {
        nav.tag("details", &[("open", ""), ("class", "drawer")], |drawer| {
            drawer.words("summary", &[], "Contents");
            drawer.tag("ul", &[], |list| {
                link(list, "#verdict", "Verdict", None);
                section(list, "#dangers", "Dangers", dangers(report).len());
                section(list, "#errors", "Could not be told", report.errors.len());
            });
            tree(drawer, report);
            drawer.tag("ul", &[], |list| {
                section(list, "#drift", "Already different", drifted(report));
                section(list, "#policy", "Policy", report.findings.len());
                section(list, "#approvals", "Approvals", told_rules(report).count());
                section(list, "#outside", "Other files", report.outside.len());
                link(list, "#judged", "What was judged", None);
            });
        });
    });
}

fn section(list: &mut Markup, to: &str, words: &str, n: usize) {
    if n > 0 {
        link(list, to, words, Some(n));
    }
}

fn link(list: &mut Markup, to: &str, words: &str, n: Option<usize>) {
    list.tag("li", &[], |item| {
        item.tag("a", &[("href", to)], |a| {
            a.name(words);
            if let Some(n) = n {
                a.words("span", &[("class", "n")], &number(n));
            }
        });
    });
}

fn tree(nav: &mut Markup, report: &Report) {
    let quiet = report.environments.iter().filter(|environment| environment.units.is_empty()).count();
    nav.tag("ul", &[("class", "tree")], |tree| {
        for (at, environment) in report.environments.iter().enumerate() {
            if environment.units.is_empty() {
                continue;
            }
            tree.tag("li", &[], |item| {
                let name = |summary: &mut Markup| {
                    summary.tag("a", &[("href", &format!("#{}", environment_id(at)))], |a| {
                        a.name(&environment.name);
                        a.words(
                            "span",
                            &[("class", "n")],
                            &number(Counts::of_environment(environment).total()),
                        );
                    });
                };
                item.tag("details", &[("open", "")], |fold| {
                    fold.tag("summary", &[], name);
                    fold.tag("ul", &[], |units| self::units(units, environment, at));
                });
            });
        }
        if quiet > 0 {
            tree.words("li", &[("class", "quiet")], &format!("{} not touched", count(quiet, "environment")));
        }
    });
}

fn units(list: &mut Markup, environment: &EnvironmentReport, at: usize) {
    for (unit_at, unit) in environment.units.iter().enumerate() {
        list.tag("li", &[], |item| {
            let to = format!("#{}", unit_id(at, unit_at));
            item.tag("a", &[("href", &to)], |a| {
                a.name(&unit.name);
                if untold(unit) {
                    a.words("span", &[("class", "n bad"), ("title", "could not be told")], "?");
                } else {
                    a.words("span", &[("class", "n")], &number(Counts::of(&unit.effects).total()));
                }
            });
        });
    }
}
