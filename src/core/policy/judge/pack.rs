//! A check that uses shipped packs. All of its rules are asked at once, so that what they share (which pods an object
//! describes, which containers) is worked out once for each object.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::time::Duration;

use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value as RegoValue};
use serde_json::{Map, Value, json};

use super::{Judging, Subject, Wrong, once};
use crate::config::{PackCheck, Severity};
use crate::evaluation::Evaluation;
use crate::policy::packs::{self, Rule};
use crate::policy::rego;
use crate::policy::told::Told;

/// How long all rules of a check may take for one object.
const LONGEST: Duration = Duration::from_secs(5);
/// How much of its work the engine does between two looks at the time.
const INTERVAL: NonZeroU32 = NonZeroU32::MIN.saturating_add(999);
/// The parameter that says for which version of Kubernetes rules are chosen and judge.
const VERSION: &str = "kubernetes";
/// What a rule names that looks at the change.
const CHANGE: &str = "data.countersign";
/// What gathers the messages of all rules.
const ASKED: &str = "data.asked.said";

struct Pack {
    /// The rules as each version of Kubernetes wants them; without one, as they are shipped.
    versions: BTreeMap<Option<String>, Loaded>,
    /// The version that an environment declares, where the check itself names none.
    environments: BTreeMap<String, String>,
    most: Severity,
}

/// The rules of a check, loaded.
struct Loaded {
    /// Rules that look at the object alone; base is judged by them too.
    state: Option<Asked>,
    /// Rules that look at what a change does.
    transition: Option<Asked>,
}

/// Rules that are loaded together.
struct Asked {
    engine: Engine,
    rules: BTreeMap<&'static str, &'static Rule>,
}

/// A rule's id, whether it only warns, and what it says.
type Said = (String, bool, Told);

pub(super) fn compile<'a>(
    check: &PackCheck,
    most: Severity,
    evaluation: &Evaluation,
) -> Result<Box<dyn Judging + 'a>, String> {
    let named = check.parameters.contains_key(VERSION);
    let declared = evaluation.environments.iter().filter(|_| !named).filter_map(|evaluated| {
        let environment = &evaluated.environment;
        Some((environment.name.clone(), environment.kubernetes.clone()?))
    });
    let environments: BTreeMap<String, String> = declared.collect();
    let mut versions = BTreeMap::new();
    for version in environments.values().cloned().map(Some).chain([None]) {
        if !versions.contains_key(&version) {
            versions.insert(version.clone(), Loaded::new(check, version.as_deref())?);
        }
    }
    Ok(Box::new(Pack { versions, environments, most }))
}

impl Loaded {
    /// The rules for a version of Kubernetes; without one, for the check's own or the one that they are shipped for.
    fn new(check: &PackCheck, version: Option<&str>) -> Result<Self, String> {
        let mut parameters = check.parameters.clone();
        if let Some(version) = version {
            parameters.insert(VERSION.to_owned(), Value::from(version));
        }
        let minor = parameters.get(VERSION).and_then(Value::as_str).and_then(packs::minor);
        let chosen = packs::chosen(&check.uses, &check.except, minor)?;
        let (transition, state): (Vec<&Rule>, Vec<&Rule>) =
            chosen.into_iter().partition(|rule| rule.text.contains(CHANGE));
        let data = data(parameters)?;
        let load = |rules: &[&'static Rule]| {
            if rules.is_empty() { Ok(None) } else { Asked::load(rules, data.clone()).map(Some) }
        };
        Ok(Self { state: load(&state)?, transition: load(&transition)? })
    }
}

/// What the shipped files of data say together, and the parameters.
fn data(parameters: Map<String, Value>) -> Result<Value, String> {
    let mut data = Map::new();
    for (path, text) in packs::foundations().filter(|(path, _)| path.ends_with(".json")) {
        let read: Map<String, Value> =
            serde_json::from_str(text).map_err(|error| format!("{path}: {error}"))?;
        data.extend(read);
    }
    data.insert("parameters".to_owned(), Value::Object(parameters));
    Ok(Value::Object(data))
}

impl Asked {
    fn load(rules: &[&'static Rule], data: Value) -> Result<Self, String> {
        let mut engine = Engine::new();
        engine.set_execution_timer_config(ExecutionTimerConfig { limit: LONGEST, check_interval: INTERVAL });
        let mut asked = String::from("package asked\n");
        for rule in rules {
            for (name, warns) in [("deny", false), ("warn", true)] {
                if rule.text.contains(&format!("\n{name} contains ")) {
                    let (id, package) = (rule.id, rule.package());
                    asked.push_str(&format!(
                        "said contains [\"{id}\", {warns}, message] if some message in {package}.{name}\n"
                    ));
                }
            }
        }
        let library = packs::foundations().filter(|(path, _)| path.ends_with(".rego"));
        let mut texts: Vec<(&str, &str)> = library.collect();
        texts.extend(rules.iter().map(|rule| (rule.id, rule.text)));
        texts.push(("asked", &asked));
        for (path, text) in texts {
            let added = engine.add_policy(path.to_owned(), text.to_owned());
            added.map_err(|error| words(&error))?;
        }
        engine.add_data(RegoValue::from(data)).map_err(|error| words(&error))?;
        // Copies of an engine that has answered once need no preparation.
        engine.set_input(RegoValue::from(json!({})));
        engine.eval_rule(ASKED.to_owned()).map_err(|error| words(&error))?;
        Ok(Self { engine, rules: rules.iter().map(|rule| (rule.id, *rule)).collect() })
    }

    fn judge(&self, object: &Value, change: Option<&Value>) -> Result<BTreeSet<Said>, String> {
        let mut engine = self.engine.clone();
        engine.set_input(rego::given(object));
        if let Some(change) = change {
            let data = RegoValue::from(json!({ "countersign": change }));
            engine.add_data(data).map_err(|error| words(&error))?;
        }
        let said = engine.eval_rule(ASKED.to_owned()).map_err(|error| words(&error))?;
        let said = serde_json::to_value(said).map_err(|error| error.to_string())?;
        let said: Vec<(String, bool, Value)> = serde_json::from_value(said)
            .map_err(|_| "a rule gives messages that cannot be read".to_owned())?;
        let read = |(id, warns, item): (String, bool, Value)| match Told::read(&item) {
            Ok(told) => Ok((id, warns, told)),
            Err(why) => Err(format!("`{id}` {why}")),
        };
        said.into_iter().map(read).collect()
    }
}

/// The engine's words, on one line. They quote the rules, which are public, and never the input.
fn words(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    let lines: Vec<&str> =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && *line != "|").collect();
    lines.join(" ")
}

/// An object with the namespace that it goes to where it names none itself.
fn placed<'a>(body: &'a Value, namespace: &str) -> Cow<'a, Value> {
    let named = body.pointer("/metadata/namespace").is_some_and(|named| !named.is_null());
    if named || namespace.is_empty() || !body.get("metadata").is_some_and(Value::is_object) {
        return Cow::Borrowed(body);
    }
    let mut body = body.clone();
    if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("namespace".to_owned(), Value::from(namespace));
    }
    Cow::Owned(body)
}

/// Whether base has what a rule says, or worse, and as a denial where it is one.
fn is_in(base: &BTreeSet<Said>, (id, warns, told): &Said) -> bool {
    base.iter().any(|(base_id, base_warns, base)| {
        base_id == id && base_warns <= warns && told.is_no_worse_than(base)
    })
}

impl Judging for Pack {
    fn judges_transition(&self) -> bool {
        self.versions.values().any(|loaded| loaded.transition.is_some())
    }

    fn judge(&self, subject: &Subject<'_>) -> Result<Vec<Wrong>, String> {
        let namespace = &subject.effect.object.namespace;
        let [before, after] =
            [subject.before(), subject.after()].map(|body| body.map(|body| placed(body, namespace)));
        let (before, after) = (before.as_deref(), after.as_deref());
        let version = self.environments.get(subject.environment).cloned();
        let Loaded { state, transition } =
            self.versions.get(&version).ok_or_else(|| "it is not loaded for this environment".to_owned())?;
        let mut wrong = Vec::new();
        if let (Some(asked), Some(after)) = (state, after) {
            let said = asked.judge(after, None)?;
            let base = before.filter(|_| !said.is_empty());
            // Where base cannot be judged nothing is known of it: then what is wrong counts as new.
            let base = base.and_then(|base| asked.judge(base, None).ok()).unwrap_or_default();
            wrong.extend(said.iter().map(|said| self.wrong(asked, Some(after), said, is_in(&base, said))));
        }
        if let Some(asked) = transition {
            let change = json!({
                "operation": subject.operation(),
                "environment": subject.environment,
                "before": before.unwrap_or(&Value::Null),
            });
            let said = asked.judge(after.unwrap_or(&Value::Null), Some(&change))?;
            wrong.extend(said.iter().map(|said| self.wrong(asked, after, said, false)));
        }
        wrong.sort_by(|a, b| (&a.rule, &a.message, a.severity).cmp(&(&b.rule, &b.message, b.severity)));
        Ok(once(wrong))
    }
}

impl Pack {
    fn wrong(
        &self,
        asked: &Asked,
        object: Option<&Value>,
        (id, warns, told): &Said,
        existing: bool,
    ) -> Wrong {
        let rule = asked.rules.get(id.as_str());
        let severity = rule.map_or(Severity::Error, |rule| rule.severity);
        let severity = if *warns { severity.min(Severity::Warning) } else { severity };
        Wrong {
            rule: Some(id.clone()),
            severity: severity.min(self.most),
            message: told.message.clone(),
            fix: rule.map(|rule| rule.fix.clone()),
            path: told.path(object),
            existing,
            waived: None,
        }
    }
}
