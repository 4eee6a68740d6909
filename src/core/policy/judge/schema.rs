//! A check by schemas: the kinds of Kubernetes that are shipped, CustomResourceDefinitions and JSON Schemas of the
//! target branch, and the definitions that the change itself brings.

mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use serde_json::Value;

use self::rules::Rules;
use super::{Judging, Subject, Wrong};
use crate::config::{SchemaCheck, Severity};
use crate::evaluation::Evaluation;
use crate::library::Library;
use crate::object::{Body, ObjectRef};
use crate::schema::{
    Catalogue, CustomKind, Flaw, Kind, Plain, Served, Weight, api, custom_kinds, gone, judge,
};

/// The most mistakes that are told of one object.
const MOST: usize = 20;
/// The largest file of schemas, in bytes.
const LARGEST: usize = 8 << 20;

struct Schema {
    severity: Severity,
    /// Of the target branch.
    kinds: Kinds,
    plain: Vec<Plain>,
    builtin: bool,
    environments: BTreeMap<String, Here>,
    /// What is said once for each kind, and was.
    told: Mutex<BTreeSet<(String, String)>>,
    rules: Rules,
}

/// Kinds that CustomResourceDefinitions declare, by group and kind.
type Kinds = BTreeMap<(String, String), CustomKind>;

/// What is different from environment to environment.
#[derive(Default)]
struct Here {
    version: Option<String>,
    /// Kinds that the change declares otherwise than base, as base and as head have them.
    base: Kinds,
    head: Kinds,
}

/// One of the two states of an object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Base,
    Head,
}

/// Something that is wrong with one state of an object.
#[derive(PartialEq, Eq)]
struct Mistake {
    weight: Weight,
    rule: &'static str,
    message: String,
    /// Which field is wrong; none where all of it is.
    path: Option<String>,
}

impl Mistake {
    /// A version that nobody serves.
    fn not_served(message: String) -> Self {
        let path = Some("apiVersion".to_owned());
        Self { weight: Weight::Refused, rule: "not-served", message, path }
    }
}

/// What schemas say of one state of an object.
#[derive(Default)]
struct Said {
    flaws: Vec<Mistake>,
    /// What is to be said once for a kind.
    once: Vec<(Severity, &'static str, String)>,
}

pub(super) fn compile<'a>(
    check: &SchemaCheck,
    severity: Severity,
    library: &Library,
    evaluation: &Evaluation,
) -> Result<Box<dyn Judging + 'a>, String> {
    let mut schema = Schema {
        severity,
        kinds: Kinds::new(),
        plain: Vec::new(),
        builtin: check.builtin,
        environments: BTreeMap::new(),
        told: Mutex::default(),
        rules: Rules::default(),
    };
    for (path, text) in library.select(&check.files) {
        schema.read(path, text)?;
    }
    if !check.files.is_empty() && schema.kinds.is_empty() && schema.plain.is_empty() {
        let listed = crate::report::listed(&check.files, 5);
        return Err(format!("there is no CustomResourceDefinition and no JSON Schema at {listed}"));
    }
    for environment in &evaluation.environments {
        let effects = environment.units.iter().flat_map(|unit| &unit.effects);
        let mut here = Here { version: environment.environment.kubernetes.clone(), ..Here::default() };
        for effect in effects.filter(|effect| effect.object.kind == "CustomResourceDefinition") {
            let declared = |body: &Option<Body>| custom_kinds(&body.as_ref()?.value());
            insert(&mut here.base, declared(&effect.before));
            insert(&mut here.head, declared(&effect.after));
        }
        schema.environments.insert(environment.environment.name.clone(), here);
    }
    Ok(Box::new(schema))
}

fn insert(kinds: &mut Kinds, kind: Option<CustomKind>) {
    if let Some(kind) = kind {
        kinds.insert((kind.group.clone(), kind.kind.clone()), kind);
    }
}

impl Schema {
    /// Takes in a file of the target branch. Documents that are neither are other people's.
    fn read(&mut self, path: &str, text: &str) -> Result<(), String> {
        if text.len() > LARGEST {
            return Err(format!("{path}: it is larger than {} MiB", LARGEST >> 20));
        }
        let documents: Vec<Value> = if path.ends_with(".json") {
            vec![serde_json::from_str(text).map_err(|error| format!("{path}: {error}"))?]
        } else if path.ends_with(".yaml") || path.ends_with(".yml") {
            serde_saphyr::from_multiple(text).map_err(|error| {
                let place = error.location().map(|place| format!(":{}:{}", place.line(), place.column()));
                format!("{path}{}: it is no YAML that can be read", place.unwrap_or_default())
            })?
        } else {
            return Ok(());
        };
        let items = |document: &Value| match document.get("items").and_then(Value::as_array) {
            Some(items) if document.get("kind").and_then(Value::as_str) == Some("List") => items.clone(),
            Some(_) | None => vec![document.clone()],
        };
        for document in documents.iter().flat_map(items) {
            if let Some(kind) = custom_kinds(&document) {
                let unreadable = kind.versions.values().find_map(|served| match served {
                    Served::Unreadable(why) => Some(why),
                    Served::By(_) | Served::Anything | Served::Not => None,
                });
                if let Some(why) = unreadable {
                    return Err(format!("{path}: the schema of {} cannot be used: {why}", kind.kind));
                }
                insert(&mut self.kinds, Some(kind));
            } else if let Some(plain) = Plain::read(path, &document) {
                self.plain.push(plain.map_err(|why| format!("{path}: the schema cannot be used: {why}"))?);
            }
        }
        Ok(())
    }

    fn catalogue(&self, environment: &str) -> Option<&'static Catalogue> {
        let version = self.environments.get(environment).and_then(|here| here.version.as_deref());
        Catalogue::for_version(version)
    }

    /// What all schemas say of one state of an object.
    fn say(&self, subject: &Subject<'_>, side: Side, object: &Value) -> Result<Said, String> {
        let reference = named(&subject.effect.object, object);
        let kind = api(&reference.group, &reference.version, &reference.kind);
        let mut said = Said::default();
        let mut found = false;
        for plain in self.plain.iter().filter(|plain| plain.concerns(&reference)) {
            found |= plain.is_of_a_kind();
            said.add(judge(Kind::Plain(&plain.schema), object)?);
            said.note(&plain.schema.unevaluated, &kind);
        }
        let catalogue = self.catalogue(subject.environment);
        let key = (reference.group.clone(), reference.kind.clone());
        let here = self.environments.get(subject.environment);
        let changed = here.and_then(|here| match side {
            Side::Base => here.base.get(&key),
            Side::Head => here.head.get(&key),
        });
        if let Some(custom) = changed.or_else(|| self.kinds.get(&key)) {
            let before = subject.before().filter(|_| side == Side::Head);
            self.custom(&mut said, custom, &reference, (object, before, subject), catalogue)?;
            return Ok(said);
        }
        if self.builtin {
            let Some(catalogue) = catalogue else {
                return Err("the schemas of its version of Kubernetes are not shipped".to_owned());
            };
            if let Some(shipped) = catalogue.kind(&reference) {
                said.add(judge(shipped, object)?);
                return Ok(said);
            }
            if let Some(gone) = gone(catalogue, &reference) {
                let hint = gone.instead.map(|instead| format!("; {instead}")).unwrap_or_default();
                let message =
                    format!("Kubernetes {} does not serve {kind}: {}{hint}", catalogue.minor, gone.why);
                said.flaws.push(Mistake::not_served(message));
                return Ok(said);
            }
        }
        if !found {
            said.once.push((Severity::Warning, "no-schema", format!("not checked: no schema for {kind}")));
        }
        Ok(said)
    }

    fn custom(
        &self,
        said: &mut Said,
        custom: &CustomKind,
        reference: &ObjectRef,
        (object, before, subject): (&Value, Option<&Value>, &Subject<'_>),
        catalogue: Option<&'static Catalogue>,
    ) -> Result<(), String> {
        let kind = api(&reference.group, &reference.version, &reference.kind);
        match custom.versions.get(&reference.version) {
            Some(Served::By(schema)) => {
                let by = Kind::Custom(schema, catalogue.or_else(|| Catalogue::for_version(None)));
                let flaws = judge(by, object)?;
                // Of what has the wrong shape, no rule could tell anything.
                if flaws.iter().all(|flaw| flaw.weight != Weight::Refused) {
                    let language = subject.language().ok_or("expressions cannot be evaluated")?;
                    let told = self.rules.say(language, schema, object, before)?;
                    said.add(told.flaws);
                    said.note(&told.unevaluated, &kind);
                }
                said.add(flaws);
                said.note(&schema.unevaluated, &kind);
            }
            Some(Served::Anything) => {
                let message = format!("not checked: the definition of {kind} says nothing of its fields");
                said.once.push((Severity::Warning, "no-schema", message));
            }
            Some(Served::Unreadable(why)) => {
                return Err(format!("the schema of {kind} cannot be used: {why}"));
            }
            Some(Served::Not) | None => {
                let served = custom.versions.iter().filter(|(_, served)| !matches!(served, Served::Not));
                let served: Vec<&str> = served.map(|(version, _)| version.as_str()).collect();
                let hint = match served.is_empty() {
                    true => String::new(),
                    false => format!("; use {}", crate::config::one_of(&served)),
                };
                let message = format!("its definition does not serve {kind}{hint}");
                said.flaws.push(Mistake::not_served(message));
            }
        }
        Ok(())
    }

    /// Whether this is said for the first time.
    fn is_new(&self, rule: &str, message: &str) -> bool {
        match self.told.lock() {
            Ok(mut told) => told.insert((rule.to_owned(), message.to_owned())),
            Err(_) => true,
        }
    }
}

impl Said {
    fn add(&mut self, flaws: Vec<Flaw>) {
        self.flaws.extend(flaws.into_iter().map(|flaw| {
            let message = match flaw.path.is_empty() {
                true => format!("the object {}", flaw.message),
                false => format!("`{}` {}", flaw.path, flaw.message),
            };
            let path = Some(flaw.path).filter(|path| !path.is_empty());
            Mistake { weight: flaw.weight, rule: flaw.rule, message, path }
        }));
    }

    fn note(&mut self, unevaluated: &BTreeSet<String>, kind: &str) {
        for what in unevaluated {
            let message = format!("not evaluated: {what} in the schema of {kind}");
            self.once.push((Severity::Info, "not-evaluated", message));
        }
    }
}

/// The object as it names itself: base may have another version of it.
fn named(reference: &ObjectRef, object: &Value) -> ObjectRef {
    let Some(api_version) = object.get("apiVersion").and_then(Value::as_str) else {
        return reference.clone();
    };
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    ObjectRef { group: group.to_owned(), version: version.to_owned(), ..reference.clone() }
}

impl Judging for Schema {
    fn judges_transition(&self) -> bool {
        false
    }

    fn judge(&self, subject: &Subject<'_>) -> Result<Vec<Wrong>, String> {
        let Some(after) = subject.after() else { return Ok(Vec::new()) };
        let said = self.say(subject, Side::Head, after)?;
        let before = subject.before().filter(|_| !said.flaws.is_empty() || !said.once.is_empty());
        let before = before.and_then(|before| self.say(subject, Side::Base, before).ok()).unwrap_or_default();
        let wrong = |severity, rule: &str, message, existing| Wrong {
            rule: Some(rule.to_owned()),
            severity,
            message,
            fix: None,
            path: None,
            existing,
            waived: None,
        };
        let mut all = Vec::new();
        let more = said.flaws.len().saturating_sub(MOST);
        for flaw in said.flaws.into_iter().take(MOST) {
            let existing = before.flaws.contains(&flaw);
            let Mistake { weight, rule, message, path } = flaw;
            let severity = match weight {
                Weight::Refused => self.severity,
                Weight::Doubtful => self.severity.min(Severity::Warning),
            };
            all.push(Wrong { path, ..wrong(severity, rule, message, existing) });
        }
        if more > 0 {
            all.push(wrong(
                self.severity,
                "more",
                format!("and {more} more mistakes"),
                before.flaws.len() > MOST,
            ));
        }
        for once in said.once {
            let existing = before.once.contains(&once);
            let (severity, rule, message) = once;
            if self.is_new(rule, &message) {
                all.push(wrong(severity.min(self.severity), rule, message, existing));
            }
        }
        Ok(all)
    }
}
