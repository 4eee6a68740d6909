//! How clusters differ without a change, as SARIF: one result for each object, and one for whatever was not told.

use serde_json::json;

use super::place::{Place, location};
use super::rule::{Level, Rule, Rules};
use super::{FINGERPRINT, Run, fingerprint, log, text};
use crate::object::ObjectRef;
use crate::report::drift::{DriftReport, drifted_words};
use crate::report::summary::object_words;

/// One SARIF log with one run. The same report gives the same bytes.
pub fn drift_sarif(report: &DriftReport) -> String {
    let mut rules = Rules::default();
    let mut results = Vec::new();
    let mut told = true;
    for found in &report.environments {
        let mut add = |rule: Rule<'_>, level: Level, said: String, object: Option<&ObjectRef>| {
            let identity = object.map(ObjectRef::identity).map(<[&str; 4]>::from);
            let identity = json!([
                rule.id(),
                found.environment,
                found.cluster,
                identity,
                object.is_none().then_some(&said)
            ]);
            let place = Place::default();
            results.push(json!({
                "ruleId": rule.id(),
                "ruleIndex": rules.index(rule),
                "level": level.word(),
                "message": { "text": text(&said) },
                "partialFingerprints": { FINGERPRINT: fingerprint(&identity.to_string(), 1) },
                "locations": [location(&place, Some(&found.environment), None, object)],
                "properties": { "environment": found.environment, "cluster": found.cluster },
            }));
        };
        for drift in &found.drifted.drift {
            let fields: Vec<String> = drift.changes.iter().map(drifted_words).collect();
            let said =
                format!("{} in {}: {}", object_words(&drift.object), found.environment, fields.join("; "));
            add(Rule::Drift, Level::Warning, said, Some(&drift.object));
        }
        for object in &found.drifted.missing {
            let said = format!("{} is not in the cluster of {}", object_words(object), found.environment);
            add(Rule::Missing, Level::Warning, said, Some(object));
        }
        for error in &found.drifted.errors {
            told &= !error.undecided;
            let level = if error.undecided { Level::Error } else { Level::Note };
            let said = format!("{}: {}", found.environment, error.message);
            add(Rule::Cluster, level, said, error.object.as_ref());
        }
    }
    let properties = json!({ "base": report.commit });
    let run = Run { successful: told, notifications: Vec::new(), properties };
    format!("{:#}\n", log("countersign-drift/", rules, results, run))
}
