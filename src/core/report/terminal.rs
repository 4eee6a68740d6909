//! The report for a terminal: a summary first, then dangers, one block for each object, the verdict last, where a
//! reader's eyes are when the command ends. Hostile text cannot move the cursor, colour anything or hide.

mod objects;
mod paint;
mod sections;

use super::danger::{dangers, fate};
use super::escape::terminal_safe;
use super::failure::failures;
use super::model::*;
use super::summary::{Counts, blocks, count, missing, names, number, object_name, unjudged, untold};
use crate::effect::Tier;
use paint::{Ink, Paint, columns, fit, fit_path, pad};

/// How to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Columns.
    pub width: usize,
    /// Whether to colour (ANSI).
    pub colour: Colour,
}

/// Whether to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Yes.
    Ansi,
    /// No.
    Plain,
}

/// Narrower than this nothing can be read.
const LEAST_WIDTH: usize = 40;
/// The widest first column of a table.
const NAME_WIDTH: usize = 32;

/// Summary first, then dangers, then one block per object.
pub fn terminal(report: &Report, style: Style) -> String {
    let draw = Draw { report, width: style.width.max(LEAST_WIDTH), paint: Paint(style.colour) };
    let blocks = [
        draw.summary(),
        draw.dangers(),
        draw.errors(),
        draw.objects(),
        draw.drift(),
        draw.policy(),
        draw.waivers(),
        draw.approvals(),
        draw.proposed(),
        draw.outside(),
        draw.reasons(),
        draw.last(),
    ];
    let mut text = String::new();
    for block in blocks.into_iter().filter(|block| !block.is_empty()) {
        if !text.is_empty() {
            text.push('\n');
        }
        for line in block {
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    text
}

struct Draw<'a> {
    report: &'a Report,
    width: usize,
    paint: Paint,
}

/// Untouched environments that get a line each; of more only the number is told.
const QUIET_ENVIRONMENTS: usize = 8;

impl Draw<'_> {
    /// One line for each environment and unit.
    fn summary(&self) -> Vec<String> {
        let quiet = |environment: &&EnvironmentReport| {
            environment.units.is_empty() && self.remarks(environment).is_empty()
        };
        let untouched = self.report.environments.iter().filter(quiet).count();
        let fold = untouched > QUIET_ENVIRONMENTS;
        let environments: Vec<_> =
            self.report.environments.iter().filter(|environment| !fold || !quiet(environment)).collect();
        let widest = NAME_WIDTH.min(self.width * 2 / 5);
        let width = |longest: Option<usize>| longest.unwrap_or(0).clamp(1, widest);
        let first = width(environments.iter().map(|environment| columns(&safe(&environment.name))).max());
        let units = environments.iter().flat_map(|environment| &environment.units);
        let second = width(units.map(|unit| columns(&safe(&unit.name))).max());
        let mut lines: Vec<String> = environments
            .iter()
            .flat_map(|environment| self.environment(environment, first, second))
            .collect();
        if fold {
            lines.extend(self.hanging("", &format!("{untouched} environments looked at and not touched")));
        }
        lines
    }

    fn environment(&self, environment: &EnvironmentReport, first: usize, second: usize) -> Vec<String> {
        let name = pad(&fit(&safe(&environment.name), first), first);
        let remarks = self.remarks(environment);
        if environment.units.is_empty() {
            let rest = std::iter::once("·".to_owned()).chain(remarks).collect::<Vec<_>>().join("   ");
            return self.hanging(&format!("{}   ", self.paint.ink(Ink::Strong, &name)), &rest);
        }
        let mut lines = Vec::new();
        for (at, unit) in environment.units.iter().enumerate() {
            let name = if at == 0 { self.paint.ink(Ink::Strong, &name) } else { " ".repeat(first) };
            let unit_name = pad(&fit_path(&safe(&unit.name), second), second);
            let mut rest = vec![self.counts(&unit.effects)];
            rest.extend(self.unit_remarks(environment, unit));
            if at == 0 {
                rest.extend(remarks.iter().cloned());
            }
            lines.extend(self.hanging(&format!("{name}   {unit_name}   "), &rest.join("   ")));
        }
        lines
    }

    fn counts<'e>(&self, effects: impl IntoIterator<Item = &'e EffectReport>) -> String {
        let Counts { create, change, replace, delete, orphan, refused, without_effect } = Counts::of(effects);
        let parts = [
            (Ink::Good, "+", create),
            (Ink::Change, "~", change),
            (Ink::Bad, "±", replace),
            (Ink::Bad, "-", delete),
            (Ink::Bad, "○", orphan),
            (Ink::Bad, "✗", refused),
            (Ink::Faint, "=", without_effect),
        ];
        let shown: Vec<String> = parts
            .into_iter()
            .filter(|(_, _, n)| *n > 0)
            .map(|(ink, sign, n)| self.paint.ink(ink, &format!("{sign}{n}")))
            .collect();
        if shown.is_empty() { "·".to_owned() } else { shown.join(" ") }
    }

    fn unit_remarks(&self, environment: &EnvironmentReport, unit: &UnitReport) -> Vec<String> {
        let mut remarks = Vec::new();
        if unit.already_broken {
            remarks.push("already broken before".to_owned());
        } else if untold(unit) {
            remarks.push(self.paint.ink(Ink::Bad, "does not render"));
        }
        let mut checks: Vec<&str> = Vec::new();
        for finding in self.report.findings.iter().filter(|f| blocks(f) && f.environment == environment.name)
        {
            let here = finding.object.as_ref().is_some_and(|object| {
                unit.effects.iter().any(|effect| effect.object.identity() == object.identity())
            });
            if here && !checks.contains(&finding.check.as_str()) {
                checks.push(&finding.check);
            }
        }
        if !checks.is_empty() {
            remarks.push(self.paint.ink(Ink::Bad, &format!("⛔ {}", safe(&names(&checks, 3)))));
        }
        remarks
    }

    /// What is true of a whole environment.
    fn remarks(&self, environment: &EnvironmentReport) -> Vec<String> {
        let mut remarks = Vec::new();
        if !environment.drift.is_empty() {
            remarks
                .push(self.paint.ink(Ink::Change, &format!("{} drifted", number(environment.drift.len()))));
        }
        let how = match (environment.tier, environment.units.is_empty(), &environment.cluster) {
            (_, true, _) => "",
            (Tier::DryRun, false, _) => "predicted by the cluster",
            (Tier::Live, false, _) => "compared with live",
            (Tier::Render, false, Some(_)) => "as rendered, cluster not asked",
            (Tier::Render, false, None) => "as rendered",
        };
        if !how.is_empty() {
            remarks.push(self.paint.ink(Ink::Faint, how));
        }
        remarks
    }

    fn dangers(&self) -> Vec<String> {
        let found = dangers(self.report);
        let width = found.iter().map(|danger| columns(&danger.label)).max().unwrap_or(0);
        let lines = found.iter().flat_map(|danger| {
            let label = self.paint.ink(Ink::Bad, &pad(&danger.label, width));
            let object = format!("{} {}", danger.effect.object.kind, object_name(&danger.effect.object));
            let said = format!(
                "{}: {object} {}",
                names(&danger.environments, 4),
                fate(danger.effect).replace('`', "")
            );
            self.hanging(&format!("! {label}   "), &safe(&said))
        });
        lines.collect()
    }

    fn errors(&self) -> Vec<String> {
        let (failures, others) = failures(self.report);
        let failures = failures.iter().map(|failure| {
            let units: Vec<String> =
                failure.units.iter().map(|(environment, unit)| format!("{environment} / {unit}")).collect();
            let units: Vec<&str> = units.iter().map(String::as_str).collect();
            let at = failure.at.as_ref().map(|at| format!("{at}: ")).unwrap_or_default();
            let (subject, verb) = (failure.subject(), failure.verb("the target branch"));
            format!("{subject} {verb}: {at}{}{}", failure.message, failure.rest(&units))
        });
        let others = others.into_iter().map(|error| {
            let mut subject = error.environment.clone().unwrap_or_default();
            if let Some(object) = &error.object {
                subject.push_str(&format!(" / {object}"));
            }
            let at = error.place().map(|at| format!("{at}: "));
            format!("{subject}: {}{}", at.unwrap_or_default(), error.message)
        });
        let head = self.paint.ink(Ink::Bad, "? ");
        let said = failures.chain(others);
        said.flat_map(|said| self.hanging(&head, &safe(&said.replace('`', "")))).collect()
    }

    /// The verdict on the left, totals on the right.
    fn last(&self) -> Vec<String> {
        let (ink, word) = match self.report.verdict.outcome.as_str() {
            _ if unjudged(self.report) => (Ink::Strong, "no policy, nothing was judged"),
            "allow" => (Ink::Good, "ready"),
            "hold" => (Ink::Change, "on hold"),
            "block" => (Ink::Bad, "blocked"),
            _ => (Ink::Bad, "undecided"),
        };
        let missing = missing(self.report).join("; ").replace('`', "");
        let said = if missing.is_empty() { word.to_owned() } else { format!("{word}: {}", safe(&missing)) };
        let units = self.report.environments.iter().map(|environment| environment.units.len()).sum();
        let objects = self.report.environments.iter().map(|e| Counts::of_environment(e).total()).sum();
        let environments = self.report.environments.len();
        let totals = format!(
            "{}, {}, {} would change",
            count(environments, "environment"),
            count(units, "unit"),
            count(objects, "object")
        );
        self.ends(&self.paint.ink(ink, &said), &totals)
    }

    /// A text on the left and one at the right edge; below each other where they do not fit.
    fn ends(&self, left: &str, right: &str) -> Vec<String> {
        let (wide, far) = (columns(left), columns(right));
        if !right.is_empty() && wide + 2 + far <= self.width {
            return vec![format!("{left}{}{right}", " ".repeat(self.width - wide - far))];
        }
        let mut lines = paint::wrap(left, self.width);
        if !right.is_empty() {
            lines.extend(self.hanging("    ", right));
        }
        lines
    }

    /// A text behind a head, wrapped below its own first word; below the head where that leaves too little room.
    fn hanging(&self, head: &str, text: &str) -> Vec<String> {
        let indent = columns(head);
        if indent + columns(text) <= self.width {
            return vec![format!("{head}{text}")];
        }
        if indent > self.width / 2 {
            let mut lines = paint::wrap(head.trim_end(), self.width);
            lines.extend(self.hanging("    ", text));
            return lines;
        }
        let mut lines = paint::wrap(text, self.width - indent).into_iter();
        let mut out = vec![format!("{head}{}", lines.next().unwrap_or_default())];
        out.extend(lines.map(|line| format!("{}{line}", " ".repeat(indent))));
        out
    }
}

fn safe(text: &str) -> String {
    terminal_safe(text)
}
