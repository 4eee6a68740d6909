//! One block for each unit, and in it one for each object. What is long is folded, and the fold says what it holds:
//! dangers are never in one.

use super::paint::Ink;
use super::{Draw, safe};
use crate::effect::Operation;
use crate::report::comment::sign;
use crate::report::danger::{danger_label, fate};
use crate::report::model::*;
use crate::report::summary::{count, diff_lines, field_words, object_name};

/// Objects of one unit that are shown, dangerous ones not counted.
const OBJECTS: usize = 50;
/// Lines of one object's diff, or fields.
const LINES: usize = 40;

impl Draw<'_> {
    pub(super) fn objects(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for environment in &self.report.environments {
            for unit in environment.units.iter().filter(|unit| !unit.effects.is_empty()) {
                if !lines.is_empty() {
                    lines.push(String::new());
                }
                lines.extend(self.unit(environment, unit));
            }
        }
        lines
    }

    fn unit(&self, environment: &EnvironmentReport, unit: &UnitReport) -> Vec<String> {
        let title = safe(&format!("{} / {}", environment.name, unit.name));
        let mut lines = self.ends(&self.paint.ink(Ink::Strong, &title), &self.counts(&unit.effects));
        let mut room = OBJECTS;
        let mut folded = Vec::new();
        for effect in &unit.effects {
            if danger_label(effect).is_none() {
                if room == 0 {
                    folded.push(effect);
                    continue;
                }
                room -= 1;
            }
            lines.push(String::new());
            lines.extend(self.object(environment, effect));
        }
        if !folded.is_empty() {
            let said = format!("… {} without danger: ", count(folded.len(), "more object"));
            lines.push(String::new());
            lines.extend(self.hanging(&said, &self.counts(folded)));
        }
        lines
    }

    fn object(&self, environment: &EnvironmentReport, effect: &EffectReport) -> Vec<String> {
        let ink = match effect.operation {
            Operation::Create => Ink::Good,
            Operation::Update => Ink::Change,
            Operation::Replace | Operation::Delete | Operation::Orphan | Operation::Fail => Ink::Bad,
            Operation::None => Ink::Faint,
        };
        let sign = self.paint.ink(ink, sign(effect.operation));
        let name = safe(&format!("{} {}", effect.object.kind, object_name(&effect.object)));
        let place = effect.source_words().map(|place| safe(&place));
        let mut lines = self.ends(&format!("{sign} {name}"), &place.unwrap_or_default());
        let remarks = remarks(environment, effect);
        if !remarks.is_empty() {
            let wrapped = self.hanging("    ", &remarks.join(" · "));
            lines.extend(wrapped.iter().map(|line| self.paint.ink(Ink::Faint, line)));
        }
        if effect.changes.is_empty() {
            let diff = diff_lines(&effect.diff);
            lines.extend(diff.iter().take(LINES).flat_map(|line| self.diff_line(line)));
            lines.extend(fold(diff.len(), "more line"));
        } else {
            let fields = effect.changes.iter().take(LINES);
            lines.extend(
                fields.flat_map(|change| self.hanging("    ", &safe(&field_words(change).replace('`', "")))),
            );
            lines.extend(fold(effect.changes.len(), "more field"));
        }
        lines
    }

    /// A line that is too long goes on below its own first character.
    fn diff_line(&self, line: &str) -> Vec<String> {
        let line = safe(line);
        let text = line.trim_start_matches(['+', '-', ' ']);
        let indent = (line.len() - text.len()).min(self.width / 2 - 4);
        let (head, text) = line.split_at_checked(indent).unwrap_or(("", &line));
        let lines = self.hanging(&format!("    {head}"), text);
        match line.as_bytes().first() {
            Some(b'+') => lines.iter().map(|line| self.paint.ink(Ink::Good, line)).collect(),
            Some(b'-') => lines.iter().map(|line| self.paint.ink(Ink::Bad, line)).collect(),
            Some(_) | None => lines,
        }
    }
}

/// What is left out of a list, in one line.
fn fold(all: usize, what: &str) -> Option<String> {
    let more = all.saturating_sub(LINES);
    (more > 0).then(|| format!("    … {}", count(more, what)))
}

/// What the sign before an object does not say.
fn remarks(environment: &EnvironmentReport, effect: &EffectReport) -> Vec<String> {
    let mut remarks: Vec<String> = danger_label(effect).into_iter().map(|(_, label)| label).collect();
    remarks.extend(effect.moved_from.as_ref().map(|from| safe(&format!("moves here from {from}"))));
    match effect.operation {
        Operation::Update | Operation::Create => {
            remarks.extend(effect.reason.as_ref().map(|reason| safe(reason)))
        }
        // Told by where it comes from.
        Operation::None if effect.moved_from.is_some() => {}
        Operation::Replace | Operation::Delete | Operation::Orphan | Operation::Fail | Operation::None => {
            remarks.push(safe(&fate(effect).replace('`', "")));
        }
    }
    if effect.settled == Some(false) {
        remarks.push("unsettled: another applier holds some of its fields".to_owned());
    }
    if effect.tier < environment.tier {
        remarks.push("not predicted by the cluster".to_owned());
    }
    remarks
}
