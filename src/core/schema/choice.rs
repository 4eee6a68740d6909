//! Schemas that choose: `allOf`, `anyOf`, `oneOf`, `not`, `if`. A branch that something masked could change neither fits
//! nor fails.

use serde_json::Value;

use super::shape::{Id, Schema, Shape};
use super::walk::{Flaw, Walk};

/// What a branch of a junction says of a value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Fits,
    Fails,
    Unknown,
}

impl<'s> Walk<'s> {
    pub(super) fn junctions(&mut self, schema: &'s Schema, shape: &'s Shape, value: &Value) {
        for branch in &shape.all_of {
            self.value(schema, *branch, value);
        }
        if !shape.any_of.is_empty() {
            self.choice(schema, &shape.any_of, value, usize::MAX);
        }
        if !shape.one_of.is_empty() {
            self.choice(schema, &shape.one_of, value, 1);
        }
        if let Some(never) = shape.not {
            match self.try_out(schema, never, value).0 {
                Answer::Fits => self.wrong("not", "is what its schema forbids"),
                Answer::Fails => {}
                Answer::Unknown => self.unknown = true,
            }
        }
        if let Some([Some(condition), then, otherwise]) = shape.condition {
            let next = match self.try_out(schema, condition, value).0 {
                Answer::Fits => then,
                Answer::Fails => otherwise,
                Answer::Unknown => {
                    self.unknown = true;
                    None
                }
            };
            if let Some(next) = next {
                self.value(schema, next, value);
            }
        }
    }

    /// At least one of the branches, at most `most` of them.
    fn choice(&mut self, schema: &'s Schema, branches: &[Id], value: &Value, most: usize) {
        let tried: Vec<(Answer, Vec<Flaw>)> =
            branches.iter().map(|branch| self.try_out(schema, *branch, value)).collect();
        let count = |answer: Answer| tried.iter().filter(|(given, _)| *given == answer).count();
        let (fit, unknown) = (count(Answer::Fits), count(Answer::Unknown));
        if fit > most {
            self.wrong("one-of", "is more than one of the things that it may be one of");
        } else if fit == 0 && unknown == 0 {
            // Where one branch alone comes close, what is wrong with it is more use than that none fits.
            let closest = tried.into_iter().map(|(_, flaws)| flaws).min_by_key(|flaws| {
                (flaws.iter().any(|flaw| flaw.path == self.path && flaw.rule == "type"), flaws.len())
            });
            match closest.filter(|flaws| flaws.len() == 1).and_then(|flaws| flaws.into_iter().next()) {
                Some(flaw) => self.flaws.push(flaw),
                None => self.wrong("any-of", "is none of the things that it may be"),
            }
        } else if unknown > 0 {
            self.unknown = true;
        }
    }

    /// What a branch says, without saying it.
    pub(super) fn try_out(&mut self, schema: &'s Schema, branch: Id, value: &Value) -> (Answer, Vec<Flaw>) {
        let flaws = std::mem::take(&mut self.flaws);
        let unknown = std::mem::replace(&mut self.unknown, false);
        self.value(schema, branch, value);
        let found = std::mem::replace(&mut self.flaws, flaws);
        let masked = std::mem::replace(&mut self.unknown, unknown);
        let answer = match (found.is_empty(), masked) {
            (true, false) => Answer::Fits,
            (true, true) => Answer::Unknown,
            (false, true | false) => Answer::Fails,
        };
        (answer, found)
    }
}
