//! Which types a function takes.

use regorus::Value;

/// Types, and what is inside of those that hold others.
#[derive(Clone, Copy)]
pub(super) struct Kinds {
    bits: u8,
    /// What the elements of a list or a set have to be.
    inside: u8,
}

const NULLS: u8 = 1;
const BOOLS: u8 = 2;
const NUMBERS: u8 = 4;
const STRINGS: u8 = 8;
const ARRAYS: u8 = 16;
const OBJECTS: u8 = 32;
const SETS: u8 = 64;
const ALL: u8 = 127;

const fn kinds(bits: u8) -> Kinds {
    Kinds { bits, inside: ALL }
}

pub(super) const ANY: Kinds = kinds(ALL);
pub(super) const NUMBER: Kinds = kinds(NUMBERS);
pub(super) const STRING: Kinds = kinds(STRINGS);
pub(super) const ARRAY: Kinds = kinds(ARRAYS);
pub(super) const OBJECT: Kinds = kinds(OBJECTS);
pub(super) const SET: Kinds = kinds(SETS);
pub(super) const LIST: Kinds = kinds(ARRAYS | SETS);
pub(super) const HOLDER: Kinds = kinds(ARRAYS | SETS | OBJECTS);
pub(super) const COUNTED: Kinds = kinds(ARRAYS | SETS | OBJECTS | STRINGS);
pub(super) const SCALAR: Kinds = kinds(NULLS | BOOLS | NUMBERS | STRINGS);
pub(super) const LIST_OF_STRINGS: Kinds = Kinds { bits: ARRAYS | SETS, inside: STRINGS };
pub(super) const LIST_OF_NUMBERS: Kinds = Kinds { bits: ARRAYS | SETS, inside: NUMBERS };
pub(super) const SET_OF_SETS: Kinds = Kinds { bits: SETS, inside: SETS };
pub(super) const ARRAY_OF_OBJECTS: Kinds = Kinds { bits: ARRAYS, inside: OBJECTS };
pub(super) const STRING_OR_STRINGS: Kinds = Kinds { bits: STRINGS | ARRAYS | SETS, inside: STRINGS };
pub(super) const NULL_OR_STRINGS: Kinds = Kinds { bits: NULLS | ARRAYS, inside: STRINGS };

impl Kinds {
    pub(super) fn fit(self, value: &Value) -> bool {
        if self.bits & bit(value) == 0 {
            return false;
        }
        match value {
            Value::Array(items) => items.iter().all(|item| self.inside & bit(item) != 0),
            Value::Set(items) => items.iter().all(|item| self.inside & bit(item) != 0),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_)
            | Value::Undefined => true,
        }
    }
}

fn bit(value: &Value) -> u8 {
    match value {
        Value::Null => NULLS,
        Value::Bool(_) => BOOLS,
        Value::Number(_) => NUMBERS,
        Value::String(_) => STRINGS,
        Value::Array(_) => ARRAYS,
        Value::Object(_) => OBJECTS,
        Value::Set(_) => SETS,
        Value::Undefined => 0,
    }
}
