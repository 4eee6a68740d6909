//! The first screen: dangers, the table of units, images that move.

use std::collections::BTreeMap;

use super::dress::{Align, Cuts, Table, cell, loud};
use super::fit::Detail;
use crate::config::Severity;
use crate::effect::Tier;
use crate::evaluation::SideState;
use crate::policy::Finding;
use crate::report::danger::{dangers as all_dangers, fate};
use crate::report::escape::{code_span, inert, prose};
use crate::report::image::ImageMove;
use crate::report::model::*;
use crate::report::summary::{Counts, blocks, count, cut, names, number, object_words};

/// Dangers that are called out.
pub(super) const CALLED_OUT: usize = 5;
/// Environments named in a cell.
const NAMED: usize = 4;

/// At most five dangers, the heaviest first.
pub(super) fn dangers(report: &Report) -> Option<String> {
    let found = all_dangers(report);
    if found.is_empty() {
        return None;
    }
    let mut lines = vec!["> [!WARNING]".to_owned()];
    for danger in found.iter().take(CALLED_OUT) {
        let environments = names(&danger.environments, NAMED);
        let label = capital(&danger.label);
        let said =
            format!("{}: {} {}", environments, object_words(&danger.effect.object), fate(danger.effect));
        lines.push(format!("> - **{label}** · {}", prose(&cut(&said, 600))));
    }
    let more = found.len().saturating_sub(CALLED_OUT);
    if more > 0 {
        lines.push(format!("> - +{} more: ⚠ stands beside each of their objects", number(more)));
    }
    Some(lines.join("\n"))
}

pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// One row of the table, or several folded into one.
pub(in crate::report) struct Row<'a> {
    pub(in crate::report) environment: &'a EnvironmentReport,
    pub(in crate::report) unit: Option<&'a UnitReport>,
    pub(in crate::report) counts: Counts,
    pub(in crate::report) findings: Vec<&'a Finding>,
}

/// One row for each environment and unit that has something to tell.
pub(in crate::report) fn rows(report: &Report) -> Vec<Row<'_>> {
    report.environments.iter().flat_map(|environment| rows_of(report, environment)).collect()
}

/// The table of units; rows without room are folded into one, with their sums.
pub(super) fn units(report: &Report, rows: &[Row<'_>], detail: &Detail, cuts: &mut Cuts) -> Option<String> {
    let any_cluster = report.environments.iter().any(|environment| environment.cluster.is_some());
    use Align::{Left, Right};
    let mut table = Table::new(vec![
        ("environment", Left),
        ("unit", Left),
        ("create", Right),
        ("change", Right),
        ("replace", Right),
        ("delete", Right),
        ("left behind", Right),
        ("refused", Right),
        ("no effect", Right),
        ("policy", Left),
        ("approvals", Left),
        ("cluster", Left),
    ]);
    let mut last: Option<&str> = None;
    for row in rows.iter().take(detail.rows) {
        let first = last != Some(row.environment.name.as_str());
        last = Some(&row.environment.name);
        let mut cells = vec![
            if first { format!("**{}**", inert(&row.environment.name)) } else { String::new() },
            row.unit.map(unit_cell).unwrap_or_default(),
        ];
        cells.extend(count_cells(&row.counts));
        cells.push(policy_cell(&row.findings));
        cells.push(if first { approvals_cell(report, row.environment) } else { String::new() });
        cells.push(if first && any_cluster { cluster_cell(report, row.environment) } else { String::new() });
        table.push(cells);
    }
    if let Some(folded) = rows.get(detail.rows..).filter(|folded| !folded.is_empty()) {
        table.push(folded_row(folded));
        cuts.leave_out(folded.len(), "table row");
    }
    table.render()
}

fn rows_of<'a>(report: &'a Report, environment: &'a EnvironmentReport) -> Vec<Row<'a>> {
    let mut homes = BTreeMap::new();
    for (at, unit) in environment.units.iter().enumerate() {
        for effect in &unit.effects {
            homes.entry(effect.object.identity()).or_insert(at);
        }
    }
    let mut findings: BTreeMap<Option<usize>, Vec<&Finding>> = BTreeMap::new();
    for finding in report.findings.iter().filter(|finding| finding.environment == environment.name) {
        let home = finding.object.as_ref().and_then(|object| homes.get(&object.identity()).copied());
        findings.entry(home).or_default().push(finding);
    }
    let homeless = findings.remove(&None).unwrap_or_default();
    let units = environment.units.iter().enumerate().map(|(at, unit)| Row {
        environment,
        unit: Some(unit),
        counts: Counts::of(&unit.effects),
        findings: findings.remove(&Some(at)).unwrap_or_default(),
    });
    let mut rows: Vec<Row<'a>> = units.filter(|row| row.unit.is_some_and(|unit| tells(row, unit))).collect();
    let told = !environment.drift.is_empty() || has_error(report, environment);
    match rows.first_mut() {
        Some(first) => first.findings.extend(homeless),
        None if !homeless.is_empty() || told => {
            rows.push(Row { environment, unit: None, counts: Counts::default(), findings: homeless });
        }
        None => {}
    }
    rows
}

fn tells(row: &Row<'_>, unit: &UnitReport) -> bool {
    unit.error.is_some() || row.counts != Counts::default() || !row.findings.is_empty()
}

fn unit_cell(unit: &UnitReport) -> String {
    let name = inert(&unit.name);
    let notes = unit_notes(unit);
    if notes.is_empty() { name } else { format!("{name} ({})", notes.join("; ")) }
}

/// What is special about a unit.
pub(in crate::report) fn unit_notes(unit: &UnitReport) -> Vec<&'static str> {
    let mut notes = Vec::new();
    match (unit.already_broken, unit.base, unit.head) {
        (true, _, _) => notes.push("already broken before this change"),
        (false, _, SideState::Failed) => notes.push("⚠ does not render"),
        (false, SideState::Failed, SideState::Rendered) => {
            notes.push("⚠ did not render before; everything is shown as new");
        }
        (false, SideState::Failed, SideState::Absent) => {
            notes.push("⚠ removed, and did not render before");
        }
        (false, SideState::Absent, SideState::Rendered) => notes.push("new"),
        (false, SideState::Rendered, SideState::Absent) => notes.push("removed"),
        (false, SideState::Rendered, SideState::Rendered) | (false, SideState::Absent, SideState::Absent) => {
        }
    }
    if !unit.stable {
        notes.push("renders differently each time");
    }
    notes
}

fn count_cells(counts: &Counts) -> Vec<String> {
    let Counts { create, change, replace, delete, orphan, refused, without_effect } = *counts;
    vec![
        cell(create),
        cell(change),
        loud(replace),
        loud(delete),
        loud(orphan),
        loud(refused),
        cell(without_effect),
    ]
}

/// What the checks say, in a few words; empty where they say nothing.
pub(in crate::report) fn policy_cell(findings: &[&Finding]) -> String {
    let open = || findings.iter().filter(|finding| finding.waived.is_none());
    let errors = open().filter(|finding| blocks(finding)).count();
    let warnings = open().filter(|finding| !blocks(finding) && finding.severity >= Severity::Warning).count();
    match (errors, warnings) {
        (0, 0) => String::new(),
        (0, warnings) => format!("⚠ {}", count(warnings, "warning")),
        (errors, 0) => format!("⛔ {}", count(errors, "error")),
        (errors, warnings) => format!("⛔ {}, {}", count(errors, "error"), count(warnings, "warning")),
    }
}

/// How far the rules of one environment are, where the verdict ties rules to environments.
pub(in crate::report) fn approvals_cell(report: &Report, environment: &EnvironmentReport) -> String {
    let mut tied = report.verdict.reasons.iter().filter(|reason| {
        reason.environment.as_ref() == Some(&environment.name) && reason.code.starts_with("approval")
    });
    let rule = tied.next().and_then(|reason| reason.rule.as_ref());
    let rule = rule.and_then(|name| report.requirements.iter().find(|rule| rule.rule == *name));
    rule.map(|rule| format!("{} of {}", rule.by.len(), rule.needed)).unwrap_or_default()
}

fn has_error(report: &Report, environment: &EnvironmentReport) -> bool {
    report
        .errors
        .iter()
        .any(|error| error.unit.is_none() && error.environment.as_ref() == Some(&environment.name))
}

/// How the cluster stands, and only what was seen of it.
pub(in crate::report) fn cluster_cell(report: &Report, environment: &EnvironmentReport) -> String {
    let drifted = environment.drift.len();
    match (&environment.cluster, environment.tier) {
        (None, _) => "none".to_owned(),
        (Some(_), _) if environment.units.is_empty() && !has_error(report, environment) => String::new(),
        (Some(_), _) if has_error(report, environment) => "⚠ not all was told".to_owned(),
        (Some(_), Tier::Render) => "not asked".to_owned(),
        (Some(_), Tier::Live | Tier::DryRun) if drifted > 0 => {
            format!("{} {}", count(drifted, "object"), if drifted == 1 { "differs" } else { "differ" })
        }
        (Some(_), Tier::Live | Tier::DryRun) => "in sync".to_owned(),
    }
}

/// Rows for which there was no room: their number and their sums.
fn folded_row(rows: &[Row<'_>]) -> Vec<String> {
    let mut counts = Counts::default();
    let mut findings: Vec<&Finding> = Vec::new();
    let mut environments: Vec<&str> = Vec::new();
    for row in rows {
        counts.add(&row.counts);
        findings.extend(&row.findings);
        if environments.last() != Some(&row.environment.name.as_str()) {
            environments.push(&row.environment.name);
        }
    }
    let mut cells =
        vec![format!("… {}", count(environments.len(), "environment")), count(rows.len(), "more row")];
    cells.extend(count_cells(&counts));
    cells.push(policy_cell(&findings));
    cells.extend([String::new(), String::new()]);
    cells
}

/// Images and charts that move.
pub(super) fn images(moves: &[ImageMove], detail: &Detail, cuts: &mut Cuts) -> Option<String> {
    let columns =
        vec![("image", Align::Left), ("from", Align::Left), ("to", Align::Left), ("where", Align::Left)];
    let mut table = Table::new(columns);
    let limit = detail.items.min(detail.rows);
    for row in moves.iter().take(limit) {
        let environments: Vec<String> = row.environments.iter().map(|name| inert(name)).collect();
        let environments: Vec<&str> = environments.iter().map(String::as_str).collect();
        table.push(vec![
            code_span(&cut(&row.name, 200)),
            code_span(&cut(&row.from, 200)),
            format!("**{}**", code_span(&cut(&row.to, 200))),
            names(&environments, NAMED),
        ]);
    }
    let more = moves.len().saturating_sub(limit);
    cuts.leave_out(more, "image");
    table.render()
}
