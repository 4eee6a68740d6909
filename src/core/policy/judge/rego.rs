//! A check that is written in Rego.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Judging, Subject, Wrong, once};
use crate::config::{RegoCheck, Severity};
use crate::library::Library;
use crate::policy::Waived;
use crate::policy::rego::{Rules, Said, Tone};

struct Rego {
    rules: Rules,
    severity: Severity,
}

pub(super) fn compile<'a>(
    check: &RegoCheck,
    severity: Severity,
    library: &Library,
) -> Result<Box<dyn Judging + 'a>, String> {
    Ok(Box::new(Rego { rules: Rules::load(check, library)?, severity }))
}

impl Judging for Rego {
    fn judges_transition(&self) -> bool {
        self.rules.judges_transition()
    }

    fn judge(&self, subject: &Subject<'_>) -> Result<Vec<Wrong>, String> {
        let (before, after) = (subject.before(), subject.after());
        let change = match self.judges_transition() {
            false => Value::Null,
            true => json!({
                "operation": subject.operation(),
                "environment": subject.environment,
                "before": before.unwrap_or(&Value::Null),
            }),
        };
        let said = self.rules.judge(after.unwrap_or(&Value::Null), &change)?;
        let base = before.filter(|_| !said.is_empty() && !self.judges_transition());
        let base: BTreeSet<Said> =
            base.and_then(|base| self.rules.judge(base, &Value::Null).ok()).unwrap_or_default();
        let before = |said: &Said| {
            base.iter().any(|base| base.rule == said.rule && said.told.is_no_worse_than(&base.told))
        };
        let wrong = said.into_iter().map(|said| Wrong {
            existing: before(&said),
            waived: said.excepted.then(|| excepted(&said)),
            severity: match said.tone {
                Tone::Denies => self.severity,
                Tone::Warns => self.severity.min(Severity::Warning),
            },
            path: said.told.path(after),
            rule: Some(said.rule),
            message: said.told.message,
            fix: None,
        });
        Ok(once(wrong))
    }
}

fn excepted(said: &Said) -> Waived {
    Waived {
        by: "the policy's `exception`".to_owned(),
        reason: said.rule.clone(),
        until: "it is taken out".to_owned(),
    }
}
