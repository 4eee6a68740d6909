//! What a ConstraintTemplate judges by: Rego with its libraries, or validations in CEL.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;
use regorus::{Engine, Value as RegoValue};
use serde::Deserialize;
use serde_json::Value;

use super::super::validating::{FailurePolicy, Named, Program, ProgramSpec, ValidationSpec};
use crate::policy::manifests::Manifest;
use crate::policy::rego::{self, MOODY, MOST, words};
use crate::policy::told::Told;

/// What an expression of a template may name. Parameters are in `variables.params`.
const VARIABLES: [&str; 4] = ["object", "oldObject", "request", "namespaceObject"];
/// What `variables` has in a template.
const RESERVED: [&str; 2] = ["anyObject", "params"];

/// A template.
pub(super) struct Template {
    /// The kind of its constraints.
    pub(super) kind: String,
    /// The schema of their parameters, where it is one that the API server enforces.
    pub(super) schema: Option<Value>,
    pub(super) engine: By,
}

/// What judges.
pub(super) enum By {
    Rego(Box<Policy>),
    Cel(Box<Program>),
}

#[derive(Deserialize)]
struct Spec {
    crd: Crd,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Crd {
    spec: CrdSpec,
}

#[derive(Deserialize)]
struct CrdSpec {
    names: Names,
    validation: Option<Validation>,
}

#[derive(Deserialize)]
struct Names {
    kind: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Validation {
    #[serde(rename = "openAPIV3Schema")]
    schema: Option<Value>,
    legacy_schema: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Target {
    target: String,
    rego: Option<String>,
    libs: Option<Vec<String>>,
    code: Option<Vec<Code>>,
    /// What its webhook has to be asked about; whatever that is asked about, it reviews by every template.
    #[serde(rename = "operations")]
    _operations: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Code {
    engine: String,
    source: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegoSource {
    rego: String,
    libs: Option<Vec<String>>,
    version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CelSource {
    validations: Option<Vec<ValidationSpec>>,
    failure_policy: Option<FailurePolicy>,
    #[serde(alias = "matchCondition")]
    match_conditions: Option<Vec<Named>>,
    variables: Option<Vec<Named>>,
    #[serde(rename = "generateVAP")]
    _generate: Option<bool>,
}

impl Template {
    /// Whether it looks at what base has: then nothing that it says was there before.
    pub(super) fn judges_transition(&self) -> bool {
        match &self.engine {
            By::Rego(policy) => policy.judges_transition,
            By::Cel(program) => program.judges_transition(),
        }
    }

    /// Reads a template.
    ///
    /// # Errors
    ///
    /// A sentence with the place, where what judges is not supported or not sound.
    pub(super) fn read(manifest: &Manifest) -> Result<Self, String> {
        let spec: Spec = manifest.field("spec")?;
        let place = manifest.place();
        let wrong = |why: String| format!("{place}: {why}");
        let [target] = spec.targets.as_slice() else {
            return Err(wrong("it has to have one target".to_owned()));
        };
        if target.target != "admission.k8s.gatekeeper.sh" {
            return Err(wrong(format!("the target `{}` is not supported", target.target)));
        }
        let version = manifest.body.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
        let legacy = !version.ends_with("/v1");
        let validation = spec.crd.spec.validation;
        let legacy = validation.as_ref().and_then(|validation| validation.legacy_schema).unwrap_or(legacy);
        let schema = validation.and_then(|validation| validation.schema).filter(|_| !legacy);
        let engine = by(target).map_err(wrong)?;
        Ok(Self { kind: spec.crd.spec.names.kind, schema, engine })
    }
}

/// What a target judges by. CEL comes first where a template has both, as in Gatekeeper.
fn by(target: &Target) -> Result<By, String> {
    let codes = target.code.as_deref().unwrap_or_default();
    let of = |engine: &str| codes.iter().find(|code| code.engine == engine).map(|code| &code.source);
    if let Some(source) = of("K8sNativeValidation") {
        let source: CelSource =
            serde_json::from_value(source.clone()).map_err(|error| format!("`source`: {error}"))?;
        let spec = ProgramSpec {
            conditions: source.match_conditions.unwrap_or_default(),
            variables: source.variables.unwrap_or_default(),
            validations: source.validations.unwrap_or_default(),
            annotations: Vec::new(),
            failure: source.failure_policy.unwrap_or_default(),
        };
        let program = Program::compile(spec, "source", &VARIABLES, &RESERVED)?;
        return Ok(By::Cel(Box::new(program)));
    }
    if let Some(source) = of("Rego") {
        let source: RegoSource =
            serde_json::from_value(source.clone()).map_err(|error| format!("`source`: {error}"))?;
        let newer = match source.version.as_deref() {
            None | Some("" | "v0") => false,
            Some("v1") => true,
            Some(other) => return Err(format!("the Rego version `{other}` is not supported")),
        };
        let policy = Policy::load(&source.rego, source.libs.as_deref().unwrap_or_default(), newer)?;
        return Ok(By::Rego(Box::new(policy)));
    }
    if let Some(code) = codes.first() {
        return Err(format!("the engine `{}` is not supported", code.engine));
    }
    let rego = target.rego.as_deref().ok_or("it has neither `rego` nor `code`")?;
    Ok(By::Rego(Box::new(Policy::load(rego, target.libs.as_deref().unwrap_or_default(), false)?)))
}

/// A template's Rego.
pub(super) struct Policy {
    engine: Engine,
    /// `data.k8srequiredlabels.violation`
    rule: String,
    /// Why it cannot judge anything here, where it reads what is not at hand.
    pub(super) beyond: Option<&'static str>,
    /// Whether it looks at what base has.
    pub(super) judges_transition: bool,
    /// Whether it looks at the namespace of the object.
    pub(super) reads_namespace: bool,
    /// Whether it looks at what else stands in the environment.
    pub(super) reads_inventory: bool,
    patience: rego::Patience,
}

impl Policy {
    fn load(text: &str, libs: &[String], newer: bool) -> Result<Self, String> {
        let mut engine = rego::engine()?;
        let texts = || std::iter::once(text).chain(libs.iter().map(String::as_str));
        for name in MOODY.into_iter().chain(["external_data"]) {
            if texts().any(|text| text.contains(name)) {
                return Err(format!("`{name}` gives another answer every time; a decision has to stay one"));
            }
        }
        for (index, lib) in libs.iter().enumerate() {
            let path = format!("libs[{index}]");
            let package = rego::add_in(&mut engine, &path, lib, !newer)?;
            if !package.starts_with("data.lib.") && package != "data.lib" {
                return Err(format!("libs[{index}]: its package has to begin with `lib.`"));
            }
        }
        let package = rego::add_in(&mut engine, "rego", text, !newer)?;
        rego::refuse(&mut engine)?;
        let declared =
            engine.has_declared_rule_rooted_at("rego", "violation").map_err(|error| words(&error))?;
        if !declared {
            return Err("its Rego has no rule called `violation`".to_owned());
        }
        let code = || texts().map(without_comments);
        let beyond = code()
            .any(|text| text.contains("userInfo"))
            .then_some("it reads `userInfo`, and who will ask the cluster is not known before it is asked");
        let reads_inventory = code().any(|text| reads_data(&text));
        let judges_transition = code().any(|text| text.contains("oldObject"));
        let reads_namespace = code().any(|text| text.contains("namespaceObject"));
        let rule = format!("{package}.violation");
        let patience = rego::Patience::default();
        Ok(Self { engine, rule, beyond, judges_transition, reads_namespace, reads_inventory, patience })
    }

    /// What its violations say, sorted. `data` is what `data` holds beside its libraries.
    ///
    /// # Errors
    ///
    /// Where it cannot be evaluated, in time, to messages.
    pub(super) fn violations(&self, input: Value, data: Option<&RegoValue>) -> Result<Vec<Told>, String> {
        let mut engine = self.engine.clone();
        if let Some(data) = data {
            engine.add_data(data.clone()).map_err(|error| words(&error))?;
        }
        engine.set_input(RegoValue::from(input));
        let ask = || rego::eval_rule(&mut engine, self.rule.clone());
        let value = self.patience.ask(ask)?;
        let items = match value {
            RegoValue::Undefined => return Ok(Vec::new()),
            value @ (RegoValue::Set(_) | RegoValue::Array(_)) => serde_json::to_value(value),
            RegoValue::Null
            | RegoValue::Bool(_)
            | RegoValue::Number(_)
            | RegoValue::String(_)
            | RegoValue::Object(_) => return Err("`violation` gives no set".to_owned()),
        };
        let Ok(Value::Array(items)) = items else {
            return Err("`violation` gives what cannot be read".to_owned());
        };
        if items.len() > MOST {
            return Err("`violation` gives more than a thousand messages".to_owned());
        }
        let read = |item: &Value| Told::read(item).ok().filter(|_| item.is_object());
        let told: Option<BTreeSet<Told>> = items.iter().map(read).collect();
        Ok(told.ok_or("`violation` gives what has no text called `msg`")?.into_iter().collect())
    }
}

/// Rego without what stands behind a `#`, also where that is in a text: only names are looked for in it.
fn without_comments(text: &str) -> String {
    let code = |line: &str| line.split('#').next().unwrap_or_default().to_owned();
    text.lines().map(code).collect::<Vec<_>>().join("\n")
}

/// Whether the Rego of a template, as it stands in a manifest, asks what else is there.
pub(super) fn reads_inventory(body: &Value) -> bool {
    let targets = body.pointer("/spec/targets").and_then(Value::as_array);
    targets.into_iter().flatten().any(says_data)
}

/// Whether any text in it reads data.
fn says_data(value: &Value) -> bool {
    match value {
        Value::String(text) => reads_data(&without_comments(text)),
        Value::Array(items) => items.iter().any(says_data),
        Value::Object(fields) => fields.values().any(says_data),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether Rego reads `data` beyond its libraries. The word in quotes and as a field of something else is another.
fn reads_data(text: &str) -> bool {
    static DATA: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"(^|[^."\w])data\b\s*(\.\s*lib\b|\[\s*"lib"\s*\])?"#).ok());
    let Some(pattern) = DATA.as_ref() else { return true };
    pattern.captures_iter(text).any(|found| found.get(2).is_none())
}
