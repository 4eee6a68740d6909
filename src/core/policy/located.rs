//! The fields that findings are about, and where they stand. A decision has no texts: whoever reads those says for each
//! field where it is, and that is put beside the findings here. It decides nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Finding, TextKind};
use crate::object::ObjectRef;

/// A field that a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Field {
    /// In which environment.
    pub environment: String,
    /// Of which object.
    pub object: ObjectRef,
    /// The file that the object stands in, or is made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The unit in whose render the object stands, where no file has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The line that the object begins at.
    pub from: u32,
    /// The field, as people read it.
    pub path: String,
}

/// A field, and where it stands in the text of its object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FieldPlace {
    /// Which.
    #[serde(flatten)]
    pub field: Field,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

impl Field {
    /// The field that a finding is about, where the line of its object is known.
    pub fn of(finding: &Finding) -> Option<Self> {
        let (file, unit) = match finding.text? {
            TextKind::Source => (finding.file.clone(), None),
            TextKind::Rendered => (None, finding.unit.clone()),
        };
        Some(Self {
            environment: finding.environment.clone(),
            object: finding.object.clone()?,
            file,
            unit,
            from: finding.line?,
            path: finding.path.clone()?,
        })
    }
}

/// Puts each finding at the line of its field, where that is known.
pub(crate) fn locate(places: &[FieldPlace], findings: &mut [Finding]) {
    if places.is_empty() {
        return;
    }
    let known: BTreeMap<&Field, &FieldPlace> = places.iter().map(|place| (&place.field, place)).collect();
    for finding in findings {
        if let Some(place) = Field::of(finding).and_then(|field| known.get(&field).copied()) {
            (finding.line, finding.column) = (Some(place.line), Some(place.column));
        }
    }
}
