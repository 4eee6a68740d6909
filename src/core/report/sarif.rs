//! The report as SARIF 2.1.0, for whatever shows findings beside the lines they are about: what checks saw, dangers,
//! what the cluster would refuse, what could not be told, and the approvals that rules ask for, which are results of
//! level none. The verdict stands in the run's properties; waivers that end and what the proposed policy would do are
//! its notifications. Nothing is judged or left out here.

mod asked;
mod drift;
mod place;
mod rule;

pub use drift::drift_sarif;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::danger::{fate, risk_words};
use super::escape::terminal_safe;
use super::model::*;
use super::standing;
use super::summary::object_words;
use crate::config::Severity;
use crate::effect::{Operation, Risk};
use crate::evaluation::Side;
use crate::object::{self, ObjectRef};
use crate::policy::{Finding, FindingPlace, TextKind, packs};
use place::Place;
use rule::{Level, Rule, Rules};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// What our fingerprints are made of; another making gets another name.
const FINGERPRINT: &str = "countersign/v1";

/// One SARIF log with one run. The same report gives the same bytes.
pub fn sarif(report: &Report) -> String {
    let mut log = Log { report, rules: Rules::default(), results: Vec::new(), seen: BTreeMap::new() };
    for finding in &report.findings {
        log.finding(finding);
    }
    for environment in &report.environments {
        for unit in &environment.units {
            for effect in &unit.effects {
                log.effect(environment, unit, effect);
            }
        }
    }
    for error in &report.errors {
        log.error(error);
    }
    for requirement in &report.requirements {
        log.requirement(requirement);
    }
    format!("{:#}\n", log.finish())
}

/// One result before it is written.
struct Found<'a> {
    rule: Rule<'a>,
    level: Level,
    said: String,
    environment: Option<&'a str>,
    unit: Option<&'a str>,
    object: Option<&'a ObjectRef>,
    place: Place<'a>,
    /// Whether base has it too.
    existing: Existing,
    /// Further properties.
    properties: Map<String, Value>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Existing {
    Yes,
    No,
}

struct Log<'a> {
    report: &'a Report,
    rules: Rules,
    results: Vec<Value>,
    /// How often each identity came up.
    seen: BTreeMap<String, usize>,
}

impl<'a> Log<'a> {
    fn finding(&mut self, finding: &'a Finding) {
        let failed = if finding.errored { "the check itself failed: " } else { "" };
        let level = match (finding.errored, finding.severity) {
            (true, _) | (false, Severity::Error) => Level::Error,
            (false, Severity::Warning) => Level::Warning,
            (false, Severity::Info) => Level::Note,
        };
        let mut properties = Map::new();
        if let Some(rule) = &finding.rule {
            properties.insert("rule".to_owned(), json!(rule));
        }
        if let Some(fix) = &finding.fix {
            properties.insert("fix".to_owned(), json!(text(fix)));
        }
        match finding.place() {
            Some(FindingPlace::Source { .. }) => tell_text(&mut properties, TextKind::Source, None),
            Some(FindingPlace::Rendered { unit, line }) => {
                tell_text(&mut properties, TextKind::Rendered, Some(line));
                properties.insert("unit".to_owned(), json!(unit));
            }
            None => {}
        }
        let shipped = finding.rule.as_deref().and_then(packs::rule);
        if shipped.is_some() {
            properties.insert("check".to_owned(), json!(text(&finding.check)));
        }
        let found = Found {
            rule: shipped.map_or(Rule::Check(&finding.check), Rule::Shipped),
            level,
            said: format!("{failed}{}", finding.message),
            environment: Some(&finding.environment),
            unit: None,
            object: finding.object.as_ref(),
            place: self.place_of(finding),
            existing: if finding.existing { Existing::Yes } else { Existing::No },
            properties,
        };
        let key = [finding.rule.as_deref().unwrap_or_default(), finding.file.as_deref().unwrap_or_default()];
        // An object stays itself when its file moves.
        let key = if finding.object.is_some() { &key[..1] } else { &key[..] };
        let mut result = self.result(found, key);
        if let (Some(waived), Value::Object(members)) = (&finding.waived, &mut result) {
            let why = format!("waived by {} until {}: {}", waived.by, waived.until, waived.reason);
            let suppression =
                json!({ "kind": "external", "status": "accepted", "justification": text(&why) });
            members.insert("suppressions".to_owned(), json!([suppression]));
        }
        self.results.push(result);
    }

    /// Where a check says that it is; where it does not say, where its object stands.
    fn place_of(&self, finding: &'a Finding) -> Place<'a> {
        let home = self.report.environments.iter().filter(|found| found.name == finding.environment);
        let mut units = home.flat_map(|found| &found.units);
        match finding.place() {
            Some(FindingPlace::Source { file, line, column: _ }) => {
                Place { unit: None, file: Some(file), line, column: finding.column }
            }
            // No file has that line: of the tree there is what the unit is rendered from.
            Some(FindingPlace::Rendered { unit: name, .. }) => {
                let unit = units.find(|unit| unit.name == name);
                Place { unit: Some(name), file: unit.map(|unit| unit.path.as_str()), ..Place::default() }
            }
            None => {
                let Some(object) = &finding.object else { return Place::default() };
                let mut effects = units.flat_map(|unit| &unit.effects);
                let effect = effects.find(|effect| effect.object.identity() == object.identity());
                effect.and_then(place_of_effect).unwrap_or_default()
            }
        }
    }

    /// One result for each of an object's risks, and one where the cluster would refuse it.
    fn effect(&mut self, environment: &'a EnvironmentReport, unit: &'a UnitReport, effect: &'a EffectReport) {
        let said = format!("{} in {}: {}", object_words(&effect.object), environment.name, fate(effect));
        let refused =
            (effect.operation == Operation::Fail).then_some((Rule::Refused, Level::Error, said.clone()));
        let risks = effect.risks.iter().map(|risk| {
            let level = match risk {
                Risk::Image | Risk::Chart => Level::Note,
                Risk::Replace
                | Risk::DataLoss
                | Risk::Privilege
                | Risk::Exposure
                | Risk::ScaleToZero
                | Risk::Prune
                | Risk::Orphan
                | Risk::Suspended
                | Risk::TwoOwners
                | Risk::Crd
                | Risk::Namespace
                | Risk::Secret => Level::Warning,
            };
            (Rule::Risk(*risk), level, format!("{}: {said}", risk_words(*risk)))
        });
        for (rule, level, said) in refused.into_iter().chain(risks) {
            let folder = || Place { file: Some(&unit.path), ..Place::default() };
            let place = place_of_effect(effect).unwrap_or_else(folder);
            let mut properties = Map::from_iter([
                ("operation".to_owned(), json!(effect.operation)),
                ("tier".to_owned(), json!(effect.tier)),
            ]);
            match &effect.place {
                Some(object::Place::Source { .. }) => tell_text(&mut properties, TextKind::Source, None),
                Some(object::Place::Rendered { line }) => {
                    tell_text(&mut properties, TextKind::Rendered, Some(*line));
                }
                None => {}
            }
            let found = Found {
                rule,
                level,
                said,
                environment: Some(&environment.name),
                unit: Some(&unit.name),
                object: Some(&effect.object),
                place,
                existing: Existing::No,
                properties,
            };
            let result = self.result(found, &[]);
            self.results.push(result);
        }
    }

    fn error(&mut self, error: &'a ErrorReport) {
        let (environment, unit) = (error.environment.as_deref(), error.unit.as_deref());
        let side = match error.side {
            Some(Side::Base) => "base",
            Some(Side::Head) => "head",
            None => "",
        };
        let home = self.report.environments.iter().find(|found| Some(found.name.as_str()) == environment);
        let home = home.and_then(|found| found.units.iter().find(|found| Some(found.name.as_str()) == unit));
        let file = error.file.as_deref().or(home.map(|unit| unit.path.as_str()));
        let mut properties = Map::from_iter([("undecided".to_owned(), json!(error.undecided))]);
        if !side.is_empty() {
            properties.insert("side".to_owned(), json!(side));
        }
        if let Some(FindingPlace::Rendered { unit: _, line }) = error.place() {
            tell_text(&mut properties, TextKind::Rendered, Some(line));
        }
        let found = Found {
            rule: if unit.is_some() { Rule::Render } else { Rule::Cluster },
            level: if error.undecided { Level::Error } else { Level::Warning },
            said: format!(
                "{}: {}",
                [environment, unit].into_iter().flatten().collect::<Vec<_>>().join(" / "),
                error.message
            ),
            environment,
            unit,
            object: error.object.as_ref(),
            place: match error.place() {
                Some(FindingPlace::Source { file, line, column }) => {
                    Place { unit: None, file: Some(file), line, column }
                }
                Some(FindingPlace::Rendered { .. }) | None => Place { file, ..Place::default() },
            },
            existing: if home.is_some_and(|unit| unit.already_broken) { Existing::Yes } else { Existing::No },
            properties,
        };
        let result = self.result(found, &[side]);
        self.results.push(result);
    }

    /// `key` is what else tells this result from its like: never a line, a commit or a number that others move.
    fn result(&mut self, found: Found<'_>, key: &[&str]) -> Value {
        let Found { rule, level, said, environment, unit, object, place, existing, mut properties } = found;
        let id = rule.id();
        let identity = object.map(ObjectRef::identity).map(<[&str; 4]>::from);
        let identity = json!([id, environment, unit, identity, key]).to_string();
        let number = self.seen.entry(identity.clone()).or_default();
        *number += 1;
        let fingerprint = fingerprint(&identity, *number);
        for (name, value) in [("environment", environment), ("unit", unit)] {
            properties.extend(value.map(|value| (name.to_owned(), json!(value))));
        }
        properties.insert("verdict".to_owned(), json!(self.report.verdict.outcome));
        let mut result = json!({
            "ruleId": id,
            "ruleIndex": self.rules.index(rule),
            "level": level.word(),
            "message": { "text": text(&said) },
            "baselineState": if existing == Existing::Yes { "unchanged" } else { "new" },
            "partialFingerprints": { FINGERPRINT: fingerprint },
            "properties": properties,
        });
        if let (Some(kind), Value::Object(members)) = (level.kind(), &mut result) {
            members.insert("kind".to_owned(), json!(kind));
        }
        let location = place::location(&place, environment, unit, object);
        if let (Some(location), Value::Object(members)) = (location, &mut result) {
            members.insert("locations".to_owned(), json!([location]));
        }
        result
    }

    fn finish(self) -> Value {
        let report = self.report;
        let successful = !report.errors.iter().any(|error| error.undecided);
        let mut properties = json!({
            "verdict": report.verdict,
            "base": report.base.commit,
            "head": report.head.commit,
            "tree": report.merged.as_ref().map(|merged| &merged.tree),
            "changeDigest": report.change_digest,
            "discovered": report.discovered,
        });
        if let (Some(proposed), Value::Object(members)) = (&report.proposed_policy, &mut properties) {
            members.insert("proposedPolicy".to_owned(), json!(proposed));
        }
        let said = standing::waivers(report).into_iter().map(|said| (Level::Warning, said));
        let proposed = standing::proposed(report).into_iter();
        let said = said.chain(
            proposed.map(|said| (Level::Note, format!("If the proposed policy were in force: {said}"))),
        );
        let notifications = said
            .map(|(level, said)| json!({ "level": level.word(), "message": { "text": text(&said) } }))
            .collect();
        let run = Run { successful, notifications, properties };
        log("countersign/", self.rules, self.results, run)
    }
}

/// Where an object stands in the tree.
fn place_of_effect(effect: &EffectReport) -> Option<Place<'_>> {
    match (&effect.place, &effect.source) {
        (Some(object::Place::Source { file, line }), _) => {
            Some(Place { file: Some(file), line: *line, ..Place::default() })
        }
        (Some(object::Place::Rendered { .. }) | None, Some(origin)) => {
            Some(Place { file: Some(&origin.file), line: Some(origin.line), ..Place::default() })
        }
        (Some(object::Place::Rendered { .. }) | None, None) => None,
    }
}

/// Which text a result is about, and the line where that is none of the tree's files.
fn tell_text(properties: &mut Map<String, Value>, text: TextKind, rendered: Option<u32>) {
    properties.insert("text".to_owned(), json!(text));
    properties.extend(rendered.map(|line| ("renderedLine".to_owned(), json!(line))));
}

/// What tells a result from others, also where lines move; `number` counts those that are alike.
fn fingerprint(identity: &str, number: usize) -> String {
    let digest = Sha256::digest(format!("{identity}#{number}"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is said of a run as a whole.
struct Run {
    successful: bool,
    /// About the policy itself.
    notifications: Vec<Value>,
    properties: Value,
}

/// One log with one run.
fn log(id: &str, rules: Rules, results: Vec<Value>, run: Run) -> Value {
    let Run { successful, notifications, properties } = run;
    let mut invocation = json!({ "executionSuccessful": successful });
    if let (false, Value::Object(members)) = (notifications.is_empty(), &mut invocation) {
        members.insert("toolConfigurationNotifications".to_owned(), json!(notifications));
    }
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "Countersign",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.into_descriptors(),
            } },
            "automationDetails": { "id": id },
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": { place::ROOT: { "description": { "text": "The root of the judged tree." } } },
            "invocations": [invocation],
            "results": results,
            "properties": properties,
        }],
    })
}

/// A message: what hides is written out, and nothing in it is a link.
fn text(said: &str) -> String {
    terminal_safe(said).replace('`', "").replace("](", "] (")
}
