//! A check that uses shipped packs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{Judging, Subject, Wrong};
use crate::config::{PackCheck, Severity};
use crate::policy::packs::{self, Rule};
use crate::policy::rego::{Rules, Said, Tone};

struct Pack {
    /// Rules that look at the object alone; base is judged by them too.
    state: Option<Rules>,
    /// Rules that look at what a change does.
    transition: Option<Rules>,
    /// By package.
    rules: BTreeMap<String, &'static Rule>,
    most: Severity,
}

/// What a policy names that looks at the change.
const CHANGE: &str = "data.countersign";

pub(super) fn compile<'a>(check: &PackCheck, most: Severity) -> Result<Box<dyn Judging + 'a>, String> {
    let version = check.parameters.get("kubernetes").and_then(Value::as_str).and_then(packs::minor);
    let chosen = packs::chosen(&check.uses, &check.except, version)?;
    let (transition, state): (Vec<&Rule>, Vec<&Rule>) =
        chosen.iter().copied().partition(|rule| rule.text.contains(CHANGE));
    let rules = chosen.iter().map(|rule| (rule.package(), *rule)).collect();
    let data = data(check)?;
    let load = |rules: &[&Rule]| if rules.is_empty() { Ok(None) } else { assemble(rules, &data).map(Some) };
    Ok(Box::new(Pack { state: load(&state)?, transition: load(&transition)?, rules, most }))
}

/// What the shipped files of data say together, and the check's parameters.
fn data(check: &PackCheck) -> Result<Value, String> {
    let mut data = Map::new();
    for (path, text) in packs::foundations().filter(|(path, _)| path.ends_with(".json")) {
        let read: Map<String, Value> =
            serde_json::from_str(text).map_err(|error| format!("{path}: {error}"))?;
        data.extend(read);
    }
    data.insert("parameters".to_owned(), Value::Object(check.parameters.clone()));
    Ok(Value::Object(data))
}

fn assemble(rules: &[&Rule], data: &Value) -> Result<Rules, String> {
    let library = packs::foundations().filter(|(path, _)| path.ends_with(".rego"));
    let policies: Vec<(&str, &str)> = library.chain(rules.iter().map(|rule| (rule.id, rule.text))).collect();
    Rules::assemble(&policies, data.clone())
}

impl Judging for Pack {
    fn judges_transition(&self) -> bool {
        self.transition.is_some()
    }

    fn judge(&self, subject: &Subject<'_>) -> Result<Vec<Wrong>, String> {
        let (before, after) = (subject.before(), subject.after());
        let mut wrong = Vec::new();
        if let (Some(rules), Some(after)) = (&self.state, after) {
            let said = rules.judge(after, &Value::Null)?;
            let base = before.filter(|_| !said.is_empty());
            // Where base cannot be judged nothing is known of it: then what is wrong counts as new.
            let base: BTreeSet<Said> =
                base.and_then(|base| rules.judge(base, &Value::Null).ok()).unwrap_or_default();
            wrong.extend(said.into_iter().filter_map(|said| self.wrong(base.contains(&said), said)));
        }
        if let Some(rules) = &self.transition {
            let change = json!({
                "operation": subject.operation(),
                "environment": subject.environment,
                "before": before.unwrap_or(&Value::Null),
            });
            let said = rules.judge(after.unwrap_or(&Value::Null), &change)?;
            wrong.extend(said.into_iter().filter_map(|said| self.wrong(false, said)));
        }
        wrong.sort_by(|a, b| (&a.rule, &a.message).cmp(&(&b.rule, &b.message)));
        Ok(wrong)
    }
}

impl Pack {
    fn wrong(&self, existing: bool, said: Said) -> Option<Wrong> {
        let rule = self.rules.get(&said.package)?;
        let severity = match said.tone {
            Tone::Denies => rule.severity,
            Tone::Warns => rule.severity.min(Severity::Warning),
        };
        Some(Wrong {
            rule: Some(rule.id.to_owned()),
            severity: severity.min(self.most),
            message: said.message,
            fix: Some(rule.fix.clone()),
            existing,
            waived: None,
        })
    }
}
