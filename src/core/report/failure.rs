//! Units that did not render, gathered by what they failed of, and what it means for their objects. A failed unit is
//! never passed over, and never looks like a deletion.

use super::model::*;
use super::summary::{count, names};
use crate::evaluation::{Side, SideState};
use crate::policy::FindingPlace;

/// Units named that failed of one cause; the summary has a line for each.
const NAMED: usize = 4;

/// What a failure means for the objects of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// Only the change breaks it.
    Broken,
    /// It was broken, and the change touches what it reads.
    StillBroken,
    /// It was broken, and the change has nothing to do with it.
    Apart,
    /// The change repairs it.
    Repaired,
    /// The change removes it.
    Removed,
}

/// One cause, and the units that failed of it.
pub(super) struct Failure<'a> {
    meaning: Meaning,
    /// Environment and unit.
    pub(super) units: Vec<(&'a str, &'a str)>,
    /// What failed and what to do.
    pub(super) message: &'a str,
    /// Where.
    pub(super) at: Option<FindingPlace<'a>>,
}

/// All failures in the report's order, each cause once, and the errors that are about no unit.
pub(super) fn failures(report: &Report) -> (Vec<Failure<'_>>, Vec<&ErrorReport>) {
    let mut failures: Vec<Failure<'_>> = Vec::new();
    let mut others = Vec::new();
    for error in &report.errors {
        let (Some(environment), Some(unit)) = (&error.environment, &error.unit) else {
            others.push(error);
            continue;
        };
        let meaning = meaning(report, error, environment, unit);
        let at = error.place();
        let same = |known: &&mut Failure<'_>| {
            (known.meaning, known.message, known.at) == (meaning, error.message.as_str(), at)
        };
        match failures.iter_mut().find(same) {
            Some(known) if known.units.contains(&(environment, unit)) => {}
            Some(known) => known.units.push((environment, unit)),
            None => failures.push(Failure {
                meaning,
                units: vec![(environment, unit)],
                message: &error.message,
                at,
            }),
        }
    }
    (failures, others)
}

fn meaning(report: &Report, error: &ErrorReport, environment: &str, unit: &str) -> Meaning {
    let environment = report.environments.iter().find(|known| known.name == environment);
    let unit = environment.and_then(|environment| environment.units.iter().find(|known| known.name == unit));
    match unit.map(|unit| (unit.already_broken, unit.base, unit.head)) {
        Some((true, _, _)) => Meaning::Apart,
        Some((false, SideState::Failed, SideState::Failed)) => Meaning::StillBroken,
        Some((false, SideState::Failed, SideState::Absent)) => Meaning::Removed,
        Some((false, _, SideState::Failed)) => Meaning::Broken,
        Some((false, _, SideState::Rendered | SideState::Absent)) => Meaning::Repaired,
        None => match error.side {
            Some(Side::Base) => Meaning::Repaired,
            Some(Side::Head) | None => Meaning::Broken,
        },
    }
}

impl Failure<'_> {
    /// The unit, or how many there are; in words that a verb can follow.
    pub(super) fn subject(&self) -> String {
        match self.units.as_slice() {
            [(environment, unit)] => format!("{environment} / {unit}"),
            units => count(units.len(), "unit"),
        }
    }

    /// What happened, behind the subject; `base` is what the target is called.
    pub(super) fn verb(&self, base: &str) -> String {
        let one = self.units.len() == 1;
        let not = if one { "does not render" } else { "do not render" };
        match self.meaning {
            Meaning::Broken => format!("{not} with this change"),
            Meaning::StillBroken => format!("{not}, before or after this change"),
            Meaning::Apart => format!("{not}, with or without this change"),
            Meaning::Repaired => format!("{not} on {base}"),
            Meaning::Removed => {
                format!("{} removed, and {not} on {base}", if one { "is" } else { "are" })
            }
        }
    }

    /// What it means for the objects, without a full stop; `None` where there is nothing to say.
    fn consequence(&self) -> Option<String> {
        let (its, it) = if self.units.len() == 1 { ("its", "it") } else { ("their", "them") };
        match self.meaning {
            Meaning::Broken => {
                Some(format!("None of {its} objects count as deleted; the other units are shown"))
            }
            Meaning::StillBroken => Some(format!("What the change does to {its} objects cannot be told")),
            Meaning::Apart => None,
            Meaning::Repaired => Some(format!("All {its} objects are shown as new, whether they run or not")),
            Meaning::Removed => Some(format!("Which objects are deleted with {it} cannot be told")),
        }
    }

    /// The sentences behind the cause: what it means, and which units, of more than one the first few. `units` has them
    /// in words.
    pub(super) fn rest(&self, units: &[&str]) -> String {
        let which = (units.len() > 1).then(|| format!("In {}", names(units, NAMED)));
        let sentences: Vec<String> = self.consequence().into_iter().chain(which).collect();
        if sentences.is_empty() { String::new() } else { format!(". {}.", sentences.join(". ")) }
    }
}
