//! Rego as conftest reads it: rules called `deny`, `violation` or `warn`, or beginning so (`deny_latest_tag`), in any
//! package, each a set of messages; `exception` excepts from them, which is told. `input` is the object; `data` is what the files of `data` say, with
//! `data.parameters`, and where a policy names it `data.countersign` with `operation`, `environment` and `before`.
//!
//! Where the engine underneath and OPA differ, policies are rewritten to mean what OPA means, functions are ours, and what
//! is left is refused before anything is judged, with its place and what to write instead. Where an answer is still not
//! certain the check errs and so blocks: fractions without an exact value, what takes too long, and rules whose value is
//! no set of messages. Functions that answer differently each time are refused. Two differences are left in how values
//! read, not in what is found: `units.parse("1000m")` is `1`, where JSON of OPA has `1.0000000000`, and a set that holds
//! both sets and objects is walked through in another order.

#[expect(clippy::wildcard_enum_match_arm, reason = "of the many kinds of expressions it means a few")]
mod accounting;
#[expect(clippy::wildcard_enum_match_arm, reason = "of the many kinds of expressions it means a few")]
mod circles;
mod functions;
mod measure;
mod patience;
mod reading;
#[expect(clippy::wildcard_enum_match_arm, reason = "of the many kinds of expressions it means a few")]
mod refusing;
#[expect(clippy::wildcard_enum_match_arm, reason = "of the many kinds of expressions it means a few")]
mod rewriting;
#[expect(clippy::wildcard_enum_match_arm, reason = "of the many kinds of expressions it means a few")]
mod safety;
mod scanning;
#[expect(clippy::wildcard_enum_match_arm, reason = "of the many kinds of expressions it means a few")]
mod syntax;

use std::collections::BTreeSet;
use std::sync::{LazyLock, Mutex};

use regex::Regex;
use regorus::{Engine, Value as RegoValue};
use serde::Deserialize as _;
use serde_json::{Map, Value, json};

use super::told::Told;
use crate::config::RegoCheck;
use crate::library::Library;
pub(super) use measure::eval_rule;
pub(super) use patience::Patience;
use reading::add;
pub(super) use reading::{add_in, words};
pub(super) use refusing::check as refuse;

/// The most messages that one rule is believed.
pub(super) const MOST: usize = 1_000;

/// Functions whose answer is not the same every time, so that nothing that was decided could be decided again.
pub(super) const MOODY: [&str; 6] =
    ["http.send", "opa.runtime", "rand.intn", "time.now_ns", "uuid.rfc4122", "net.lookup_ip_addr"];

/// What excepts an object from rules.
const EXCEPTION: &str = "exception";

static RULES: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\b(?:deny|violation|warn)(?:_[A-Za-z0-9]+)*\b").ok());

/// Policies that are loaded, and what can be asked of them.
pub(super) struct Rules {
    engines: Engines,
    rules: Vec<Asked>,
    /// Packages that have an `exception`.
    excepting: BTreeSet<String>,
    sees_change: bool,
    patience: Patience,
}

/// A rule that gives messages.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    /// `data.main`
    package: String,
    /// `deny_latest_tag`
    name: String,
}

/// How a message is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tone {
    /// `deny`, `violation`.
    Denies,
    /// `warn`.
    Warns,
}

/// What a rule says of an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Said {
    pub(super) rule: String,
    pub(super) tone: Tone,
    pub(super) told: Told,
    /// Whether the package's `exception` names the rule.
    pub(super) excepted: bool,
}

impl Rules {
    /// Loads what a check names.
    ///
    /// # Errors
    ///
    /// Where nothing is named, a file does not parse, or what is there could not be trusted to answer right.
    pub(super) fn load(check: &RegoCheck, library: &Library) -> Result<Self, String> {
        let is_policy = |path: &&str| path.ends_with(".rego") && !path.ends_with("_test.rego");
        let policies: Vec<(&str, &str)> =
            library.select(&check.files).filter(|(path, _)| is_policy(path)).collect();
        if policies.is_empty() {
            return Err(format!("there is no Rego file at {}", crate::report::listed(&check.files, 5)));
        }
        let mut engine = engine()?;
        let (mut rules, mut excepting) = (BTreeSet::new(), BTreeSet::new());
        for (path, text) in &policies {
            let package = add(&mut engine, path, text)?;
            rules.extend(declared(&engine, path, text, &package)?);
            if engine.has_declared_rule_rooted_at(path, EXCEPTION).map_err(|error| words(&error))? {
                excepting.insert(package);
            }
        }
        if rules.is_empty() {
            return Err(format!(
                "none of {} has a rule called `deny`, `violation` or `warn`",
                crate::report::listed(
                    &policies.iter().map(|(path, _)| (*path).to_owned()).collect::<Vec<_>>(),
                    5
                )
            ));
        }
        refuse(&mut engine)?;
        engine.add_data(RegoValue::from(data(check, library)?)).map_err(|error| words(&error))?;
        // What is wrong with the policies as a whole is found now, and not found again for every object.
        measure::within(|| engine.eval_query("true".to_owned(), false).map_err(|error| words(&error)))?;
        let sees_change = policies.iter().any(|(_, text)| text.contains("data.countersign"));
        let engines = Engines { first: engine, idle: Mutex::default() };
        Ok(Self {
            engines,
            rules: rules.into_iter().collect(),
            excepting,
            sees_change,
            patience: Patience::default(),
        })
    }

    /// The names of the rules that give messages.
    pub(super) fn names(&self) -> Vec<String> {
        self.rules.iter().map(|rule| rule.name.clone()).collect()
    }

    /// Whether a policy looks at what a change does, and not at the object alone.
    pub(super) fn judges_transition(&self) -> bool {
        self.sees_change
    }

    /// Everything that the rules say of an object, sorted. `change` is what `data.countersign` says.
    ///
    /// # Errors
    ///
    /// Where a rule cannot be evaluated, in time, to messages.
    pub(super) fn judge(&self, object: &Value, change: &Value) -> Result<BTreeSet<Said>, String> {
        let ask = |engine: &mut Engine| {
            engine.set_input(given(object));
            if self.sees_change {
                let data = json!({ "countersign": change });
                engine.add_data(RegoValue::from(data)).map_err(|error| words(&error))?;
            }
            self.judge_with(engine)
        };
        self.patience.ask(|| self.engines.lend(self.sees_change, ask))
    }

    fn judge_with(&self, engine: &mut Engine) -> Result<BTreeSet<Said>, String> {
        let mut excepted = BTreeSet::new();
        for package in &self.excepting {
            let value = eval_rule(engine, format!("{package}.{EXCEPTION}"))?;
            let names = exceptions(&value).ok_or("`exception` gives no lists of rules' names")?;
            excepted.extend(names.into_iter().map(|name| (package.as_str(), name)));
        }
        let mut said = BTreeSet::new();
        for Asked { package, name } in &self.rules {
            let own = name.split_once('_').map_or("", |(_, own)| own);
            let excepted = excepted.contains(&(package.as_str(), own.to_owned()));
            let tone = if name.starts_with("warn") { Tone::Warns } else { Tone::Denies };
            let value = eval_rule(engine, format!("{package}.{name}"))?;
            for told in messages(&value).map_err(|why| format!("`{name}` {why}"))? {
                said.insert(Said { rule: name.clone(), tone, told, excepted });
            }
        }
        let _ = engine.take_prints();
        Ok(said)
    }
}

/// Engines that have loaded the same: a copy costs more than an object.
struct Engines {
    first: Engine,
    idle: Mutex<Vec<Engine>>,
}

impl Engines {
    /// Lends an engine that nobody else has. One that gets data of its own, or that failed, is not lent again.
    fn lend<T>(&self, once: bool, work: impl FnOnce(&mut Engine) -> Result<T, String>) -> Result<T, String> {
        let idle = self.idle.lock().ok().and_then(|mut idle| idle.pop());
        let mut engine = idle.unwrap_or_else(|| self.first.clone());
        let done = work(&mut engine);
        if !once
            && done.is_ok()
            && let Ok(mut idle) = self.idle.lock()
        {
            idle.push(engine);
        }
        done
    }
}

/// An engine with our functions and limits.
///
/// # Errors
///
/// Where the functions cannot be had.
pub(super) fn engine() -> Result<Engine, String> {
    let mut engine = reading::engine();
    patience::limit(&mut engine);
    engine.set_gather_prints(true);
    functions::add(&mut engine)?;
    Ok(engine)
}

/// A value as engines have it.
pub(super) fn given(value: &Value) -> RegoValue {
    RegoValue::deserialize(value).unwrap_or(RegoValue::Undefined)
}

/// The rules of a file that give messages.
fn declared(engine: &Engine, path: &str, text: &str, package: &str) -> Result<BTreeSet<Asked>, String> {
    let Some(pattern) = RULES.as_ref() else { return Err("rules cannot be looked for".to_owned()) };
    let candidates: BTreeSet<&str> = pattern.find_iter(text).map(|found| found.as_str()).collect();
    let mut rules = BTreeSet::new();
    for name in candidates {
        if engine.has_declared_rule_rooted_at(path, name).map_err(|error| words(&error))? {
            rules.insert(Asked { package: package.to_owned(), name: name.to_owned() });
        }
    }
    Ok(rules)
}

/// What the files of `data` say together, and the parameters.
fn data(check: &RegoCheck, library: &Library) -> Result<Value, String> {
    let mut all = Map::new();
    let is_data = |path: &str| [".json", ".yaml", ".yml"].iter().any(|end| path.ends_with(end));
    if !check.data.is_empty() && !library.select(&check.data).any(|(path, _)| is_data(path)) {
        return Err(format!(
            "there is no JSON or YAML file at {} (`data`)",
            crate::report::listed(&check.data, 5)
        ));
    }
    for (path, text) in library.select(&check.data) {
        let read: Value = if path.ends_with(".json") {
            serde_json::from_str(text).map_err(|error| format!("{path}: {error}"))?
        } else if path.ends_with(".yaml") || path.ends_with(".yml") {
            serde_saphyr::from_str(text).map_err(|error| format!("{path}: {error}"))?
        } else {
            continue;
        };
        let Value::Object(read) = read else { return Err(format!("{path}: data has to be a mapping")) };
        for (key, value) in read {
            if all.insert(key.clone(), value).is_some() {
                return Err(format!("{path}: another file of `data` has `{key}` too"));
            }
        }
    }
    if let Some(parameters) = &check.parameters {
        all.insert("parameters".to_owned(), parameters.clone());
    }
    Ok(Value::Object(all))
}

/// The rules that an `exception` names, without `deny_` and the like: lists of names, each true for the object.
fn exceptions(value: &RegoValue) -> Option<Vec<String>> {
    let lists = match value {
        RegoValue::Undefined => return Some(Vec::new()),
        RegoValue::Set(_) | RegoValue::Array(_) => serde_json::to_value(value).ok()?,
        RegoValue::Null
        | RegoValue::Bool(_)
        | RegoValue::Number(_)
        | RegoValue::String(_)
        | RegoValue::Object(_) => return None,
    };
    let names = lists.as_array()?.iter().map(Value::as_array).collect::<Option<Vec<_>>>()?;
    names.into_iter().flatten().map(|name| name.as_str().map(str::to_owned)).collect()
}

/// The messages of a rule's value: texts, or objects with a text called `msg`.
fn messages(value: &RegoValue) -> Result<Vec<Told>, &'static str> {
    let value = match value {
        RegoValue::Undefined | RegoValue::Bool(false) => return Ok(Vec::new()),
        value @ (RegoValue::Set(_) | RegoValue::Array(_)) => serde_json::to_value(value),
        RegoValue::Null
        | RegoValue::Bool(true)
        | RegoValue::Number(_)
        | RegoValue::String(_)
        | RegoValue::Object(_) => {
            return Err("gives no set of messages: write `deny contains msg if { … }`");
        }
    };
    let Ok(Value::Array(items)) = value else { return Err("gives messages that cannot be read") };
    if items.len() > MOST {
        return Err("gives more than a thousand messages");
    }
    items.iter().map(Told::read).collect()
}
