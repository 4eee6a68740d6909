//! What stands around the objects: what could not be told, what was different before, policy, people, other files, and
//! what exactly was judged.

use serde_json::Value;

use super::markup::Markup;
use super::objects::Places;
use crate::approval::RequirementState;
use crate::evaluation::{PathOperation, Side};
use crate::policy::{Finding, FindingPlace};
use crate::report::model::*;
use crate::report::standing;
use crate::report::summary::{blocks, object_words, value_words};

fn section(main: &mut Markup, id: &'static str, heading: &str, inside: impl FnOnce(&mut Markup)) {
    let title = format!("{id}-title");
    main.tag("section", &[("id", id), ("aria-labelledby", &title)], |section| {
        section.words("h2", &[("id", &title)], heading);
        inside(section);
    });
}

/// ` · apps/shop/deployment.yaml:14`, or a line of a render in words.
pub(super) fn told_at(item: &mut Markup, place: Option<FindingPlace<'_>>) {
    let Some(place) = place else { return };
    item.text(" · ");
    match place {
        FindingPlace::Source { .. } => item.words("code", &[("class", "place")], &place.to_string()),
        FindingPlace::Rendered { .. } => item.prose(&place.to_string()),
    }
}

pub(super) fn errors(main: &mut Markup, report: &Report) {
    if report.errors.is_empty() {
        return;
    }
    section(main, "errors", "Could not be told", |section| {
        section.tag("ul", &[], |list| {
            for error in &report.errors {
                list.tag("li", &[], |item| self::error(item, error));
            }
        });
    });
}

fn error(item: &mut Markup, error: &ErrorReport) {
    if error.undecided {
        item.words("span", &[("class", "chip risk")], "undecided");
        item.text(" ");
    }
    let names: Vec<&str> =
        [&error.environment, &error.unit].into_iter().filter_map(|name| name.as_deref()).collect();
    item.tag("strong", &[], |strong| strong.name(&names.join(" / ")));
    item.text(match error.side {
        Some(Side::Base) => " (before): ",
        Some(Side::Head) => " (after): ",
        None => ": ",
    });
    if let Some(object) = &error.object {
        item.prose(&object_words(object));
        item.text(": ");
    }
    item.prose(&error.message);
    told_at(item, error.place());
}

/// How many objects were different before.
pub(super) fn drifted(report: &Report) -> usize {
    report.environments.iter().map(|environment| environment.drift.len()).sum()
}

pub(super) fn drift(main: &mut Markup, report: &Report) {
    if drifted(report) == 0 {
        return;
    }
    section(main, "drift", "Already different in the cluster, not by this change", |section| {
        for environment in report.environments.iter().filter(|environment| !environment.drift.is_empty()) {
            section.tag("h3", &[], |h3| h3.name(&environment.name));
            section.tag("ul", &[], |list| {
                for drift in &environment.drift {
                    list.tag("li", &[], |item| {
                        item.prose(&object_words(&drift.object));
                        item.tag("ul", &[], |fields| {
                            for change in &drift.changes {
                                fields.tag("li", &[], |field| {
                                    drifted_field(field, change);
                                    if drift.overwrites(&change.path) {
                                        field.text(": merging will overwrite this");
                                    }
                                });
                            }
                        });
                    });
                }
            });
        }
    });
}

pub(super) fn drifted_field(field: &mut Markup, change: &crate::effect::FieldChange) {
    field.words("code", &[], &change.path);
    if change.masked {
        return field.text(" differs (secret)");
    }
    let words = |value: &Option<Value>| value.as_ref().map_or_else(|| "absent".to_owned(), value_words);
    field.text(" is ");
    field.words("code", &[], &words(&change.before));
    field.text(", base says ");
    field.words("code", &[], &words(&change.after));
}

pub(super) fn policy(main: &mut Markup, report: &Report, places: &Places) {
    if report.findings.is_empty() {
        return;
    }
    section(main, "policy", "Policy", |section| {
        section.tag("ul", &[], |list| {
            for finding in &report.findings {
                list.tag("li", &[], |item| self::finding(item, finding, places));
            }
        });
    });
}

fn finding(item: &mut Markup, finding: &Finding, places: &Places) {
    let (class, word) = match (&finding.waived, blocks(finding), finding.existing) {
        (Some(_), _, _) => ("chip", "waived"),
        (None, true, _) => ("chip risk", "blocks"),
        (None, false, true) => ("chip", "base has it too"),
        (None, false, false) => ("chip warn", "warning"),
    };
    item.words("span", &[("class", class)], word);
    item.text(" ");
    item.words("strong", &[], &finding.check);
    if let Some(rule) = &finding.rule {
        item.text(" / ");
        item.name(rule);
    }
    if !finding.environment.is_empty() {
        item.text(" in ");
        item.name(&finding.environment);
    }
    if let Some(object) = &finding.object {
        item.text(" on ");
        match places.of_object(&finding.environment, object) {
            Some(id) => item.tag("a", &[("href", &format!("#{id}"))], |a| a.prose(&object_words(object))),
            None => item.prose(&object_words(object)),
        }
    }
    item.text(if finding.errored { ": the check itself failed: " } else { ": " });
    item.prose(&finding.told());
    told_at(item, finding.place());
    if let Some(waived) = &finding.waived {
        item.text(" · waived by ");
        item.name(&waived.by);
        item.text(" until ");
        item.name(&waived.until);
        item.text(": ");
        item.name(&waived.reason);
    }
}

/// Waivers that end soon or are over.
pub(super) fn waivers(main: &mut Markup, report: &Report) {
    sentences(main, "waivers", "Waivers", &standing::waivers(report));
}

/// What would be under the policy that the change proposes.
pub(super) fn proposed(main: &mut Markup, report: &Report) {
    sentences(main, "proposed", "If the proposed policy were in force", &standing::proposed(report));
}

fn sentences(main: &mut Markup, id: &'static str, heading: &str, said: &[String]) {
    if said.is_empty() {
        return;
    }
    section(main, id, heading, |section| {
        section.tag("ul", &[], |list| {
            for said in said {
                list.tag("li", &[], |item| item.prose(said));
            }
        });
    });
}

/// Rules that apply.
pub(super) fn told_rules(report: &Report) -> impl Iterator<Item = &RequirementReport> {
    report.requirements.iter().filter(|rule| rule.state != RequirementState::Skipped)
}

pub(super) fn approvals(main: &mut Markup, report: &Report) {
    if told_rules(report).next().is_none() {
        return;
    }
    section(main, "approvals", "Approvals", |section| {
        section.tag("ul", &[], |list| {
            for rule in told_rules(report) {
                list.tag("li", &[], |item| approval(item, rule));
            }
        });
    });
}

fn approval(item: &mut Markup, rule: &RequirementReport) {
    let (class, word) = match rule.state {
        RequirementState::Met | RequirementState::Skipped => ("chip good", "met"),
        RequirementState::Pending => ("chip warn", "waits"),
        RequirementState::Unknown => ("chip risk", "cannot be told"),
    };
    item.words("span", &[("class", class)], word);
    item.text(" ");
    item.words("strong", &[], &rule.rule);
    item.text(&format!(": {} of {} from ", rule.by.len(), rule.needed));
    item.name(&rule.from);
    for (at, who) in rule.by.iter().enumerate() {
        item.text(if at == 0 { " · " } else { ", " });
        item.name(who);
    }
    for (at, who) in rule.could.iter().enumerate() {
        item.text(if at == 0 { " · could say yes: " } else { ", " });
        item.name(who);
    }
    for ignored in &rule.ignored {
        item.text(" · not counted: ");
        item.name(&ignored.who);
        item.text(" (");
        item.name(&ignored.reason);
        item.text(")");
    }
    if let (RequirementState::Pending | RequirementState::Unknown, Some(about)) = (rule.state, &rule.about) {
        item.text(" · because of ");
        item.name(about);
    }
    if let Some(note) = &rule.note {
        item.text(" · ");
        item.prose(note);
    }
}

pub(super) fn outside(main: &mut Markup, report: &Report) {
    if report.outside.is_empty() {
        return;
    }
    section(main, "outside", "Also changed, read by no environment", |section| {
        section.tag("ul", &[("class", "files")], |list| {
            for changed in &report.outside {
                list.tag("li", &[], |item| {
                    item.text(match changed.change {
                        PathOperation::Add => "added ",
                        PathOperation::Change => "changed ",
                        PathOperation::Remove => "removed ",
                    });
                    item.words("code", &[], &changed.path);
                });
            }
        });
    });
}

/// What exactly this page is about, so that it can be found again.
pub(super) fn judged(main: &mut Markup, report: &Report) {
    section(main, "judged", "What was judged", |section| {
        section.tag("dl", &[], |list| {
            let merged = report.merged.as_ref().map(|merged| merged.tree.as_str());
            let rows = [
                ("base", Some(report.base.commit.as_str())),
                ("head", Some(report.head.commit.as_str())),
                ("merged tree", merged),
                ("change digest", Some(report.change_digest.as_str())),
            ];
            for (name, value) in rows.into_iter().filter_map(|(name, value)| Some((name, value?))) {
                list.words("dt", &[], name);
                list.tag("dd", &[], |dd| dd.words("code", &[], value));
            }
        });
    });
}
