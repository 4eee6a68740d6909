//! The first screen: may it land and what is missing, what would change, dangers, the table of units, images that move.

use super::markup::Markup;
use super::objects::Places;
use super::{short, title, unit_id};
use crate::effect::Tier;
use crate::report::comment::{Row, approvals_cell, cluster_cell, policy_cell, rows, unit_notes};
use crate::report::danger::dangers as all_dangers;
use crate::report::danger::fate;
use crate::report::image::image_moves;
use crate::report::model::*;
use crate::report::summary::{Counts, count, known_by, names, number, object_words, untold};

/// Environments named in a sentence.
const NAMED: usize = 6;

/// The verdict, what stands in the way, how much would change and how that is known.
pub(super) fn verdict(main: &mut Markup, report: &Report) {
    main.tag("section", &[("id", "verdict"), ("class", "verdict")], |section| {
        section.tag("h1", &[], |h1| h1.prose(&title(report)));
        if report.discovered {
            section.words(
                "p",
                &[],
                "Environments were found by convention, and nothing lands by this report.",
            );
        }
        if !report.verdict.reasons.is_empty() {
            section.tag("ul", &[("class", "reasons")], |list| {
                for reason in &report.verdict.reasons {
                    list.tag("li", &[], |item| item.prose(&reason.message));
                }
            });
        }
        totals(section, report);
        section.tag("p", &[("class", "quiet")], |p| known(p, report));
    });
}

/// What happens to how many objects.
fn totals(section: &mut Markup, report: &Report) {
    let mut counts = Counts::default();
    for environment in &report.environments {
        counts.add(&Counts::of_environment(environment));
    }
    let environments = report.environments.iter().filter(|e| Counts::of_environment(e).total() > 0).count();
    section.tag("p", &[("class", "lead")], |p| match counts.total() {
        0 => p.text(&format!(
            "No object would change ({} looked at).",
            count(report.environments.len(), "environment")
        )),
        total => {
            p.text("Would change ");
            p.words("strong", &[], &count(total, "object"));
            p.text(&format!(" in {}.", count(environments, "environment")));
        }
    });
    let unknown: Vec<&str> = report
        .environments
        .iter()
        .filter(|environment| environment.units.iter().any(untold))
        .map(|environment| environment.name.as_str())
        .collect();
    if !unknown.is_empty() {
        section.tag("p", &[], |p| {
            p.text("Not all that would change could be told in ");
            p.name(&names(&unknown, NAMED));
            p.text(".");
        });
    }
    let Counts { create, change, replace, delete, orphan, refused, without_effect } = counts;
    let tiles = [
        ("create", "created", create),
        ("update", "changed", change),
        ("replace", "replaced", replace),
        ("delete", "deleted", delete),
        ("orphan", "left behind", orphan),
        ("fail", "refused", refused),
        ("none", "without effect", without_effect),
    ];
    if tiles.iter().all(|(_, _, n)| *n == 0) {
        return;
    }
    section.tag("ul", &[("class", "tiles")], |list| {
        for (class, words, n) in tiles.into_iter().filter(|(_, _, n)| *n > 0) {
            list.tag("li", &[("class", class)], |item| {
                item.words("strong", &[], &number(n));
                item.text(" ");
                item.text(words);
            });
        }
    });
}

fn known(p: &mut Markup, report: &Report) {
    let compared: Vec<&EnvironmentReport> =
        report.environments.iter().filter(|e| !e.units.is_empty()).collect();
    for (tier, environments) in known_by(&compared) {
        p.name(&names(&environments, NAMED));
        p.text(match tier {
            Tier::DryRun => ": predicted by the cluster itself (dry run). ",
            Tier::Live => ": compared with what runs now. ",
            Tier::Render => ": from the rendered manifests alone, no cluster was asked. ",
        });
    }
    if report.merged.is_none() {
        p.text("There is no merge result. ");
        return;
    }
    p.text("Judged is the merge of ");
    p.words("code", &[], short(&report.head.commit));
    p.text(" into ");
    p.words("code", &[], short(&report.base.commit));
    p.text(".");
}

/// Every danger, the heaviest first, with the way to its object.
pub(super) fn dangers(main: &mut Markup, report: &Report, places: &Places) {
    let found = all_dangers(report);
    if found.is_empty() {
        return;
    }
    let attributes = [("id", "dangers"), ("class", "dangers"), ("aria-labelledby", "dangers-title")];
    main.tag("section", &attributes, |section| {
        section.words("h2", &[("id", "dangers-title")], "Dangers");
        section.tag("ul", &[], |list| {
            for danger in &found {
                list.tag("li", &[], |item| {
                    item.words("strong", &[("class", "chip risk")], &danger.label);
                    item.text(" ");
                    item.name(&names(&danger.environments, NAMED));
                    item.text(": ");
                    let to = places.of(danger.effect).map(|id| format!("#{id}")).unwrap_or_default();
                    item.tag("a", &[("href", &to)], |a| a.prose(&object_words(&danger.effect.object)));
                    item.text(" ");
                    item.prose(&fate(danger.effect));
                });
            }
        });
    });
}

/// The table of units. Columns in which nothing stands are left out.
pub(super) fn units(main: &mut Markup, report: &Report) {
    let rows = rows(report);
    if rows.is_empty() {
        return;
    }
    let clusters = report.environments.iter().any(|environment| environment.cluster.is_some());
    let table: Vec<Vec<String>> = rows
        .iter()
        .enumerate()
        .map(|(at, row)| {
            let before = at.checked_sub(1).and_then(|at| rows.get(at));
            let first = before.is_none_or(|before| before.environment.name != row.environment.name);
            cells(report, row, if first { Place::First(clusters) } else { Place::Further })
        })
        .collect();
    let filled: Vec<bool> = (0..COLUMNS.len())
        .map(|at| at < 2 || table.iter().any(|row| row.get(at).is_some_and(|cell| !cell.is_empty())))
        .collect();
    let kept = |at: &usize| filled.get(*at).copied().unwrap_or_default();
    main.tag("section", &[("id", "units"), ("aria-labelledby", "units-title")], |section| {
        section.words("h2", &[("id", "units-title")], "Environments");
        section.tag(
            "div",
            &[("class", "wide"), ("tabindex", "0"), ("role", "region"), ("aria-labelledby", "units-title")],
            |wide| {
                wide.tag("table", &[], |out| {
                    out.tag("tr", &[], |tr| {
                        for at in (0..COLUMNS.len()).filter(kept) {
                            let attributes = [("scope", "col"), ("class", class(at))];
                            tr.words("th", &attributes, COLUMNS.get(at).copied().unwrap_or_default());
                        }
                    });
                    for (row, cells) in rows.iter().zip(&table) {
                        out.tag("tr", &[], |tr| {
                            for at in (0..COLUMNS.len()).filter(kept) {
                                let cell = cells.get(at).map(String::as_str).unwrap_or_default();
                                tr.tag("td", &[("class", class(at))], |td| match at {
                                    1 => unit_link(td, report, row),
                                    0 => td.words("strong", &[], cell),
                                    POLICY => policy(td, cell),
                                    _ => td.text(cell),
                                });
                            }
                        });
                    }
                });
            },
        );
    });
}

const COLUMNS: [&str; 12] = [
    "environment",
    "unit",
    "create",
    "change",
    "replace",
    "delete",
    "left behind",
    "refused",
    "no effect",
    "policy",
    "approvals",
    "cluster",
];

/// The column of the checks.
const POLICY: usize = 9;

/// Colour says what the sign says in the comment; fonts without pictures are common.
fn policy(td: &mut Markup, cell: &str) {
    let class = if cell.starts_with('⛔') { "chip risk" } else { "chip warn" };
    if !cell.is_empty() {
        td.words("span", &[("class", class)], cell.trim_start_matches(['⛔', '⚠', ' ']));
    }
}

/// Numbers stand at the right; those that take something away are loud.
fn class(column: usize) -> &'static str {
    match column {
        2 | 3 | 8 => "n",
        4..=7 => "n loud",
        _ => "",
    }
}

/// Whether a row opens its environment; if so, whether clusters are told of.
enum Place {
    First(bool),
    Further,
}

fn cells(report: &Report, row: &Row<'_>, place: Place) -> Vec<String> {
    let Counts { create, change, replace, delete, orphan, refused, without_effect } = row.counts;
    let environment = row.environment;
    let (name, approvals, cluster) = match place {
        Place::First(clusters) => (
            environment.name.clone(),
            approvals_cell(report, environment),
            if clusters { cluster_cell(report, environment) } else { String::new() },
        ),
        Place::Further => Default::default(),
    };
    let mut cells = vec![name, row.unit.map(|unit| unit.name.clone()).unwrap_or_default()];
    let counts = [create, change, replace, delete, orphan, refused, without_effect];
    cells.extend(counts.map(|n| if n == 0 { String::new() } else { number(n) }));
    cells.extend([policy_cell(&row.findings), approvals, cluster]);
    cells
}

fn unit_link(td: &mut Markup, report: &Report, row: &Row<'_>) {
    let Some(unit) = row.unit else { return };
    let environment = report.environments.iter().position(|found| std::ptr::eq(found, row.environment));
    let at = row.environment.units.iter().position(|found| std::ptr::eq(found, unit));
    match environment.zip(at) {
        Some((environment, at)) => {
            td.tag("a", &[("href", &format!("#{}", unit_id(environment, at)))], |a| a.name(&unit.name));
        }
        None => td.name(&unit.name),
    }
    let notes = unit_notes(unit);
    if !notes.is_empty() {
        td.words("span", &[("class", "quiet")], &format!(" {}", notes.join("; ")));
    }
}

/// Images and charts that move.
pub(super) fn images(main: &mut Markup, report: &Report) {
    let moves = image_moves(report);
    if moves.is_empty() {
        return;
    }
    main.tag("section", &[("id", "images"), ("aria-labelledby", "images-title")], |section| {
        section.words("h2", &[("id", "images-title")], "Images and charts");
        section.tag(
            "div",
            &[("class", "wide"), ("tabindex", "0"), ("role", "region"), ("aria-labelledby", "images-title")],
            |wide| {
                wide.tag("table", &[], |table| {
                    table.tag("tr", &[], |tr| {
                        for name in ["name", "from", "to", "where"] {
                            tr.words("th", &[("scope", "col")], name);
                        }
                    });
                    for row in &moves {
                        let environments: Vec<&str> = row.environments.iter().map(String::as_str).collect();
                        table.tag("tr", &[], |tr| {
                            tr.tag("td", &[], |td| td.words("code", &[], &row.name));
                            tr.tag("td", &[], |td| td.words("code", &[], &row.from));
                            tr.tag("td", &[], |td| {
                                td.tag("strong", &[], |to| to.words("code", &[], &row.to))
                            });
                            tr.words("td", &[], &names(&environments, NAMED));
                        });
                    }
                });
            },
        );
    });
}
