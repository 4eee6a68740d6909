//! Every object that a unit's change touches: what happens to it, its dangers, its fields and its diff, with the
//! filters that choose among them. All of it is there without the script; the filters are not.

use std::collections::BTreeMap;

use super::markup::Markup;
use super::sections::told_at;
use super::{diff, environment_id, object_id, unit_id};
use crate::effect::{Operation, Risk};
use crate::object::ObjectRef;
use crate::report::comment::{sign, unit_notes};
use crate::report::danger::{danger_label, fate, risk_words};
use crate::report::model::*;
use crate::report::summary::{Counts, count, number, object_name, untold, value_words};

/// Lines of diffs that are open when the page opens.
const OPEN_LINES: usize = 400;
/// Environments that get a button each; more get a list to choose from.
const BUTTONS: usize = 6;

/// Where each object stands in the page.
pub(super) struct Places {
    effects: BTreeMap<*const EffectReport, String>,
    objects: BTreeMap<(String, ObjectRef), String>,
}

impl Places {
    /// The anchor of an effect.
    pub(super) fn of(&self, effect: &EffectReport) -> Option<&str> {
        self.effects.get(&std::ptr::from_ref(effect)).map(String::as_str)
    }

    /// The anchor of an object in an environment.
    pub(super) fn of_object(&self, environment: &str, object: &ObjectRef) -> Option<&str> {
        self.objects.get(&(environment.to_owned(), object.clone())).map(String::as_str)
    }
}

pub(super) fn places(report: &Report) -> Places {
    let mut places = Places { effects: BTreeMap::new(), objects: BTreeMap::new() };
    for (e, environment) in report.environments.iter().enumerate() {
        for (u, unit) in environment.units.iter().enumerate() {
            for (o, effect) in unit.effects.iter().enumerate() {
                let id = object_id(e, u, o);
                places.objects.entry((environment.name.clone(), effect.object.clone())).or_insert(id.clone());
                places.effects.insert(std::ptr::from_ref(effect), id);
            }
        }
    }
    places
}

/// The whole section, filters first.
pub(super) fn objects(main: &mut Markup, report: &Report) {
    if report.environments.iter().all(|environment| environment.units.is_empty()) {
        return;
    }
    main.tag("section", &[("id", "objects"), ("aria-labelledby", "objects-title")], |section| {
        section.words("h2", &[("id", "objects-title")], "Objects");
        controls(section, report);
        let mut room = OPEN_LINES;
        for (at, environment) in report.environments.iter().enumerate() {
            if !environment.units.is_empty() {
                self::environment(section, environment, at, &mut room);
            }
        }
        section.ours("<p id=\"nothing\" class=\"quiet\" hidden>No object matches the filters.</p>\n");
    });
}

/// Filters to tick, then one line that stays in sight: how changes are shown, a text to look for, what to do with all.
fn controls(section: &mut Markup, report: &Report) {
    let attributes =
        [("class", "filters scripted"), ("aria-label", "Filter objects"), ("role", "search"), ("hidden", "")];
    section.tag("div", &attributes, |filters| {
        environments(filters, report);
        operations(filters, report);
        risks(filters, report);
    });
    section.ours(
        "<div class=\"controls\"><fieldset class=\"views\"><legend>Show</legend>\
         <label><input type=\"radio\" name=\"view\" id=\"view-split\" value=\"split\" checked>side by side</label>\
         <label><input type=\"radio\" name=\"view\" id=\"view-inline\" value=\"inline\">inline</label>\
         <label><input type=\"radio\" name=\"view\" id=\"view-fields\" value=\"fields\">fields</label></fieldset>\n\
         <span class=\"acts scripted\" hidden>\
         <input type=\"search\" id=\"text\" placeholder=\"Filter by any text\" aria-label=\"Filter by any text\" \
         autocomplete=\"off\" spellcheck=\"false\">\
         <button type=\"button\" id=\"open\">Open all</button>\
         <button type=\"button\" id=\"close\">Close all</button>\
         <button type=\"button\" id=\"clear\">Clear filters</button>\
         <output id=\"shown\" aria-live=\"polite\"></output></span></div>\n",
    );
}

fn environments(filters: &mut Markup, report: &Report) {
    let touched: Vec<(usize, &EnvironmentReport)> = report
        .environments
        .iter()
        .enumerate()
        .filter(|(_, environment)| !environment.units.is_empty())
        .collect();
    if touched.len() < 2 {
        return;
    }
    if touched.len() > BUTTONS {
        filters.tag("select", &[("id", "environment"), ("aria-label", "Environment")], |select| {
            select.words("option", &[("value", "")], "every environment");
            for (at, environment) in &touched {
                select.words("option", &[("value", &environment_id(*at))], &environment.name);
            }
        });
        return;
    }
    group(filters, "Environment", |group| {
        for (at, environment) in &touched {
            let n = environment.units.iter().map(|unit| unit.effects.len()).sum();
            chip(group, "environment", &environment_id(*at), &environment.name, n);
        }
    });
}

fn operations(filters: &mut Markup, report: &Report) {
    let mut found: BTreeMap<Operation, usize> = BTreeMap::new();
    all(report).for_each(|effect| *found.entry(effect.operation).or_default() += 1);
    if found.len() > 1 {
        group(filters, "Operation", |group| {
            for (operation, n) in &found {
                chip(group, "operation", slug(*operation), operation_words(*operation), *n);
            }
        });
    }
}

fn risks(filters: &mut Markup, report: &Report) {
    let mut found: BTreeMap<Risk, usize> = BTreeMap::new();
    all(report).flat_map(|effect| &effect.risks).for_each(|risk| *found.entry(*risk).or_default() += 1);
    if !found.is_empty() {
        group(filters, "Risk", |group| {
            for (risk, n) in &found {
                chip(group, "risk", &risk_slug(*risk), risk_words(*risk), *n);
            }
        });
    }
}

fn all(report: &Report) -> impl Iterator<Item = &EffectReport> {
    report.environments.iter().flat_map(|environment| &environment.units).flat_map(|unit| &unit.effects)
}

fn group(filters: &mut Markup, legend: &str, inside: impl FnOnce(&mut Markup)) {
    filters.tag("fieldset", &[("class", "chips")], |fieldset| {
        fieldset.words("legend", &[], legend);
        inside(fieldset);
    });
}

fn chip(group: &mut Markup, filter: &str, value: &str, words: &str, n: usize) {
    group.tag("label", &[], |label| {
        label.open("input", &[("type", "checkbox"), ("data-filter", filter), ("value", value)]);
        label.name(words);
        label.words("span", &[("class", "n")], &number(n));
    });
}

fn environment(section: &mut Markup, environment: &EnvironmentReport, at: usize, room: &mut usize) {
    let id = environment_id(at);
    section.tag("section", &[("id", &id), ("class", "environment")], |section| {
        section.tag("h3", &[], |h3| {
            h3.name(&environment.name);
            if let Some(cluster) =
                environment.cluster.as_ref().filter(|cluster| **cluster != environment.name)
            {
                h3.tag("span", &[("class", "quiet")], |quiet| {
                    quiet.text(" · cluster ");
                    quiet.name(cluster);
                });
            }
        });
        for (unit_at, unit) in environment.units.iter().enumerate() {
            self::unit(section, environment, unit, (at, unit_at), room);
        }
    });
}

fn unit(
    section: &mut Markup,
    environment: &EnvironmentReport,
    unit: &UnitReport,
    (at, unit_at): (usize, usize),
    room: &mut usize,
) {
    let id = unit_id(at, unit_at);
    section.tag("details", &[("id", &id), ("class", "unit"), ("open", "")], |fold| {
        fold.tag("summary", &[], |summary| {
            summary.tag("h4", &[], |h4| h4.name(&unit.name));
            let Counts { without_effect, .. } = Counts::of(&unit.effects);
            let total = unit.effects.len() - without_effect;
            let mut facts = vec![unit.renderer.clone()];
            if unit.path != unit.name {
                facts.push(unit.path.clone());
            }
            if total > 0 || !untold(unit) {
                facts.push(count(total, "object"));
            }
            if without_effect > 0 {
                facts.push(format!("{} without effect", count(without_effect, "manifest")));
            }
            facts.extend(unit_notes(unit).into_iter().map(str::to_owned));
            summary.tag("span", &[("class", "quiet")], |quiet| quiet.name(&facts.join(" · ")));
        });
        if let Some(error) = &unit.error {
            fold.tag("p", &[("class", "failed")], |p| {
                p.prose(&error.message);
                told_at(p, unit.error_place());
            });
        } else if unit.effects.is_empty() {
            fold.words("p", &[("class", "quiet")], "No object changes.");
        }
        for (o, effect) in unit.effects.iter().enumerate() {
            object(fold, environment, effect, &object_id(at, unit_at, o), room);
        }
    });
}

fn object(
    fold: &mut Markup,
    environment: &EnvironmentReport,
    effect: &EffectReport,
    id: &str,
    room: &mut usize,
) {
    let length = diff::length(&effect.diff) + effect.changes.len();
    let open = length <= *room;
    *room = if open { *room - length } else { 0 };
    let risks: Vec<String> = effect.risks.iter().map(|risk| risk_slug(*risk)).collect();
    let risks = risks.join(" ");
    let danger = if danger_label(effect).is_some() { "object danger" } else { "object" };
    let mut attributes = vec![
        ("id", id),
        ("class", danger),
        ("data-operation", slug(effect.operation)),
        ("data-risk", risks.as_str()),
    ];
    if open {
        attributes.push(("open", ""));
    }
    fold.tag("details", &attributes, |details| {
        details.tag("summary", &[], |summary| headline(summary, effect));
        details.tag("div", &[("class", "body")], |body| {
            remarks(body, environment, effect);
            let has_diff = !effect.diff.trim().is_empty();
            if !effect.changes.is_empty() {
                fields(body, effect, if has_diff { "fields" } else { "fields only" });
            }
            if has_diff {
                let class = if effect.changes.is_empty() { "text only" } else { "text" };
                body.tag("div", &[("class", class)], |text| diff::diff(text, &effect.diff));
            }
        });
    });
}

fn headline(summary: &mut Markup, effect: &EffectReport) {
    let operation = slug(effect.operation);
    summary.tag("span", &[("class", &format!("sign {operation}")), ("aria-hidden", "true")], |out| {
        out.text(sign(effect.operation));
    });
    summary.words("span", &[("class", "spoken")], &format!("{} ", operation_words(effect.operation)));
    summary.words("span", &[("class", "kind")], &effect.object.kind);
    summary.text(" ");
    summary.words("strong", &[("class", "object-name")], &object_name(&effect.object));
    for risk in &effect.risks {
        let class = if matches!(risk, Risk::Image | Risk::Chart) { "chip" } else { "chip risk" };
        summary.text(" ");
        summary.words("span", &[("class", class)], risk_words(*risk));
    }
    if let Some(place) = effect.source_words() {
        summary.text(" ");
        summary.words("code", &[("class", "place")], &place);
    }
}

/// What the sign does not say.
fn remarks(body: &mut Markup, environment: &EnvironmentReport, effect: &EffectReport) {
    let mut remarks: Vec<String> = Vec::new();
    remarks.extend(effect.moved_from.as_ref().map(|from| format!("moves here from {from}")));
    match effect.operation {
        Operation::Create | Operation::Update => remarks.extend(effect.reason.clone()),
        // Told by where it comes from.
        Operation::None if effect.moved_from.is_some() => {}
        // Told by the sign.
        Operation::Delete if effect.reason.is_none() && effect.source.is_none() => {}
        Operation::Replace | Operation::Delete | Operation::Orphan | Operation::Fail | Operation::None => {
            remarks.push(fate(effect));
        }
    }
    if effect.settled == Some(false) {
        let said = "unsettled: another applier holds some of its fields, so removals stand as rendered";
        remarks.push(said.to_owned());
    }
    if effect.tier < environment.tier {
        remarks.push("not predicted by the cluster".to_owned());
    }
    for remark in remarks {
        body.tag("p", &[("class", "remark")], |p| p.prose(&remark));
    }
}

fn fields(body: &mut Markup, effect: &EffectReport, class: &str) {
    body.tag("table", &[("class", class)], |table| {
        table.ours("<tr><th scope=\"col\">field</th><th scope=\"col\">before</th><th scope=\"col\">after</th></tr>\n");
        for change in &effect.changes {
            table.tag("tr", &[], |tr| {
                tr.tag("td", &[], |td| td.words("code", &[], &change.path));
                for (class, value) in [("old", &change.before), ("new", &change.after)] {
                    tr.tag("td", &[("class", class)], |td| match value {
                        _ if change.masked => td.words("em", &[], "secret, changes"),
                        Some(value) => td.words("code", &[], &value_words(value)),
                        None => td.words("span", &[("class", "quiet")], "absent"),
                    });
                }
            });
        }
    });
}

fn slug(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "create",
        Operation::Update => "update",
        Operation::Replace => "replace",
        Operation::Delete => "delete",
        Operation::Orphan => "orphan",
        Operation::Fail => "fail",
        Operation::None => "none",
    }
}

fn operation_words(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "create",
        Operation::Update => "change",
        Operation::Replace => "replace",
        Operation::Delete => "delete",
        Operation::Orphan => "left behind",
        Operation::Fail => "refused",
        Operation::None => "no effect",
    }
}

/// A risk as one word.
fn risk_slug(risk: Risk) -> String {
    risk_words(risk).replace(' ', "-")
}
