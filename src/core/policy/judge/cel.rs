//! A check that is one expression.

use serde_json::Value;

use super::{Judging, Subject, Wrong};
use crate::config::{CelCheck, Severity};
use crate::object::path::given;
use crate::policy::expression::Expression;

struct Cel<'a> {
    expression: Expression,
    message: &'a str,
    path: Option<Value>,
    parameters: Option<&'a Value>,
    severity: Severity,
}

pub(super) fn compile(check: &CelCheck, severity: Severity) -> Result<Box<dyn Judging + '_>, String> {
    let expression = Expression::compile(&check.expression).map_err(|error| error.message)?;
    let (message, parameters) = (check.message.as_str(), check.parameters.as_ref());
    let path = check.path.as_deref().map(Value::from);
    Ok(Box::new(Cel { expression, message, path, parameters, severity }))
}

impl Judging for Cel<'_> {
    fn judges_transition(&self) -> bool {
        self.expression.judges_transition()
    }

    fn judge(&self, subject: &Subject<'_>) -> Result<Vec<Wrong>, String> {
        let states = subject.states().ok_or_else(|| "expressions cannot be evaluated".to_owned())?;
        let (mut is_wrong, mut existing) = (false, true);
        for states in states {
            if self.expression.evaluate_with(&states.now, self.parameters)? {
                continue;
            }
            let before = states.base.as_ref().filter(|_| !self.judges_transition());
            // A check that cannot judge base says nothing about it: then the violation counts as new.
            existing &=
                before.is_some_and(|base| self.expression.evaluate_with(base, self.parameters) == Ok(false));
            is_wrong = true;
        }
        if !is_wrong {
            return Ok(Vec::new());
        }
        let message = self.message.to_owned();
        let (severity, path) = (self.severity, self.path.as_ref().zip(subject.after()));
        let path = path.and_then(|(path, object)| given(object, path));
        Ok(vec![Wrong { rule: None, severity, message, fix: None, path, existing, waived: None }])
    }
}
