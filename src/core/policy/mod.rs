//! Judging an evaluation by a policy: findings of checks, and which rules apply. Three-valued throughout: what is not
//! known is never false.

mod account;
mod answer;
mod check;
mod circumstance;
mod expression;
mod fields;
mod files;
mod idle;
mod image;
mod judge;
mod libraries;
mod located;
mod manifests;
mod matcher;
mod metering;
mod names;
pub mod packs;
mod plural;
mod predicate;
mod rego;
mod selector;
mod surroundings;
mod syntax;
#[cfg(test)]
mod tests;
mod told;
mod value;
mod vocabulary;
mod waiver;
mod wording;
pub(crate) mod zone;

pub(crate) use account::account;
pub use check::{broken_checks, run_checks};
pub use expression::{DEEPEST_LOOPS, Expression, ExpressionError, LONGEST};
pub use idle::{Idle, idle};
pub use judge::{InventoryWanted, inventory_wanted};
pub(crate) use located::locate;
pub use located::{Field, FieldPlace};
pub(crate) use plural::plural_of;
pub(crate) use predicate::{Claims, Completeness, View, judge, judge_condition};
pub use predicate::{Scope, applies, claims_effect, claims_path};
pub use waiver::{
    TOLD_BEFORE, WaiverNotice, WaiverState, day as waiver_day, notices as waiver_notices,
    state as waiver_state, waive,
};

use serde::{Deserialize, Serialize};

use crate::config::Severity;
use crate::object::{ObjectRef, Place};

/// True, false, or not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Truth {
    /// It holds.
    True,
    /// It is known not to hold.
    False,
    /// It could not be told.
    Unknown,
}

impl Truth {
    /// True only where both are; false where one is.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, _) | (_, Self::False) => Self::False,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::True, Self::True) => Self::True,
        }
    }

    /// True where one is; false only where both are.
    pub fn or(self, other: Self) -> Self {
        self.negate().and(other.negate()).negate()
    }

    /// What is unknown stays unknown.
    pub fn negate(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }
}

impl From<bool> for Truth {
    fn from(known: bool) -> Self {
        if known { Self::True } else { Self::False }
    }
}

/// Why a finding does not count: a dated exception.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Waived {
    /// Who granted it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Until when.
    pub until: String,
}

/// Which text a line belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TextKind {
    /// A file of the tree.
    Source,
    /// What a unit renders to; no file of the tree has that line.
    Rendered,
}

/// Where a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingPlace<'a> {
    /// In a file of the tree.
    Source {
        /// Path from the root of the tree.
        file: &'a str,
        /// Line, from 1.
        line: Option<u32>,
        /// Column, from 1.
        column: Option<u32>,
    },
    /// In what a unit renders to.
    Rendered {
        /// The unit.
        unit: &'a str,
        /// Line of that, from 1.
        line: u32,
    },
}

impl std::fmt::Display for FindingPlace<'_> {
    /// `apps/shop/web.yaml:14`, or ``line 12 of what `shop` renders to``.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Source { file, line: Some(line), column: Some(column) } => {
                write!(f, "{file}:{line}:{column}")
            }
            Self::Source { file, line: Some(line), column: None } => write!(f, "{file}:{line}"),
            Self::Source { file, line: None, column: _ } => f.write_str(file),
            Self::Rendered { unit, line } => {
                write!(f, "line {line} of what `{}` renders to", unit.replace('`', "'"))
            }
        }
    }
}

/// What a check saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Finding {
    /// The check.
    pub check: String,
    /// The rule within the check, where it has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// How heavy.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What to do about it, where the rule says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// Where.
    pub environment: String,
    /// On what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectRef>,
    /// Which field of it, as people read it: `spec.containers[name=web].image`. It may be one that is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Which text `line` belongs to. A snapshot of an earlier version does not say: where it has a file, it is that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<TextKind>,
    /// In which file of the tree; none where `text` is `rendered`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// In what this unit renders to, where `text` is `rendered`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Line, from 1: of the field where that is certain, else the one that the object begins at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column of the field, from 1, where its line is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// Whether the check itself failed: then it blocks whatever its severity.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub errored: bool,
    /// Whether base has it too: then it is told and does not block.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub existing: bool,
    /// A dated exception.
    pub waived: Option<Waived>,
}

impl Finding {
    /// Where it is, as far as that is known. People find a field in its line; the column is for programs.
    pub fn place(&self) -> Option<FindingPlace<'_>> {
        match (self.text, &self.file, &self.unit, self.line) {
            (Some(TextKind::Rendered), _, Some(unit), Some(line)) => {
                Some(FindingPlace::Rendered { unit, line })
            }
            (Some(TextKind::Source) | None, Some(file), _, line) => {
                Some(FindingPlace::Source { file, line, column: None })
            }
            (Some(TextKind::Rendered), ..) | (Some(TextKind::Source) | None, None, ..) => None,
        }
    }

    /// The same finding in this place.
    pub(crate) fn standing(self, place: Option<Place>, of: &str) -> Self {
        let (text, file, unit, line) = match place {
            None => (None, None, None, None),
            Some(Place::Source { file, line }) => (Some(TextKind::Source), Some(file), None, line),
            Some(Place::Rendered { line }) => {
                (Some(TextKind::Rendered), None, Some(of.to_owned()), Some(line))
            }
        };
        Self { text, file, unit, line, column: None, ..self }
    }

    /// What is wrong and, where the change brought it, what to do about it.
    pub fn told(&self) -> String {
        match &self.fix {
            Some(fix) if !self.existing && self.waived.is_none() => format!("{}. {fix}", self.message),
            Some(_) | None => self.message.clone(),
        }
    }
}
