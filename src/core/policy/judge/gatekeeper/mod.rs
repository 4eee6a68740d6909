//! A check that is the constraints and templates of Gatekeeper, as they are. Objects are reviewed as its webhook would
//! when they are created or updated, as they are written: no API server has filled in defaults, and who asks is not
//! known. What leaves the tree is not reviewed, as Gatekeeper does not unless it is told to.

mod inventory;
mod matching;
mod parameters;
mod template;

use regorus::Value as RegoValue;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use self::inventory::{Inventories, Sync, Synced};
pub use self::inventory::{InventoryWanted, inventory_wanted};
use self::matching::{Glob, Match};
use self::template::{By, Policy, Template};
use super::validating::{FailurePolicy, Said, Telling};
use super::{Judging, Subject, Wrong};
use crate::config::Severity;
use crate::evaluation::{Evaluation, Side};
use crate::library::Library;
use crate::policy::Truth;
use crate::policy::expression::{Input, Prepared};
use crate::policy::manifests::{self, Manifest};
use crate::policy::names::Given;
use crate::policy::selector::Namespaces;

struct Gatekeeper {
    constraints: Vec<Constraint>,
    templates: Vec<Template>,
    namespaces: Namespaces,
    /// Namespaces that the configuration leaves out.
    exempt: Vec<Glob>,
    inventories: Inventories,
    severity: Severity,
}

struct Constraint {
    name: String,
    /// Which template, by its place.
    template: usize,
    /// Its parameters with defaults; an empty mapping where it has none.
    parameters: Value,
    has_parameters: bool,
    matching: Match,
    severity: Severity,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Spec {
    #[serde(rename = "match")]
    matching: Option<Match>,
    parameters: Option<Value>,
    enforcement_action: Option<String>,
    scoped_enforcement_actions: Option<Vec<Scoped>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Scoped {
    action: String,
    enforcement_points: Vec<Point>,
}

#[derive(Deserialize)]
struct Point {
    name: String,
}

#[derive(Deserialize)]
struct Config {
    #[serde(rename = "match")]
    matching: Option<Vec<Exemption>>,
    sync: Option<Sync>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Exemption {
    excluded_namespaces: Option<Vec<Glob>>,
    processes: Option<Vec<String>>,
}

pub(super) fn compile<'a>(
    files: &[String],
    severity: Severity,
    library: &Library,
    evaluation: &Evaluation,
) -> Result<Box<dyn Judging + 'a>, String> {
    let manifests = manifests::read(files, library)?;
    let of_group = |group: &'static str| manifests.iter().filter(move |manifest| manifest.group == group);
    let mut templates: Vec<Template> = Vec::new();
    for manifest in
        of_group("templates.gatekeeper.sh").filter(|manifest| manifest.kind == "ConstraintTemplate")
    {
        let template = Template::read(manifest)?;
        if templates.iter().any(|known| known.kind == template.kind) {
            return Err(format!("{}: there is another template of `{}`", manifest.place(), template.kind));
        }
        templates.push(template);
    }
    let mut constraints = Vec::new();
    for manifest in of_group("constraints.gatekeeper.sh") {
        let template = templates.iter().position(|template| template.kind == manifest.kind);
        let template = template
            .ok_or_else(|| format!("{}: its template is not in the files of this check", manifest.place()))?;
        constraints.push(constraint(
            manifest,
            template,
            templates.get(template).and_then(|found| found.schema.as_ref()),
        )?);
    }
    if constraints.is_empty() {
        let files = crate::report::listed(files, 5);
        return Err(format!("no constraint of Gatekeeper is in {files}, so that nothing would be in force"));
    }
    let mut exempt = Vec::new();
    for manifest in of_group("config.gatekeeper.sh").filter(|manifest| manifest.kind == "Config") {
        let config: Config = manifest.field("spec")?;
        exempt.extend(processes(config.matching, "webhook"));
    }
    let asks = |template: &Template| matches!(&template.engine, By::Rego(policy) if policy.reads_inventory);
    let inventories = if templates.iter().any(asks) {
        Inventories::of(evaluation, &Synced::of(&manifests)?)
    } else {
        Inventories::none()
    };
    let namespaces = Namespaces::of(&manifests);
    Ok(Box::new(Gatekeeper { constraints, templates, namespaces, exempt, inventories, severity }))
}

/// The namespaces that a configuration keeps out of a process.
fn processes(exemptions: Option<Vec<Exemption>>, wanted: &str) -> Vec<Glob> {
    let concerned = |exemption: &Exemption| {
        let processes = exemption.processes.as_deref().unwrap_or_default();
        processes.iter().any(|process| process == "*" || process == wanted)
    };
    let exemptions = exemptions.unwrap_or_default().into_iter().filter(concerned);
    exemptions.flat_map(|exemption| exemption.excluded_namespaces.unwrap_or_default()).collect()
}

fn constraint(manifest: &Manifest, template: usize, schema: Option<&Value>) -> Result<Constraint, String> {
    let spec: Spec = manifest.field("spec")?;
    let has_parameters = spec.parameters.is_some();
    let mut parameters = spec.parameters.unwrap_or_else(|| Value::Object(Map::new()));
    if let Some(schema) = schema {
        parameters::check(schema, &parameters, "spec.parameters")
            .map_err(|why| format!("{}: {why}", manifest.place()))?;
        parameters::fill(schema, &mut parameters);
    }
    let wrong = |why: String| format!("{}: {why}", manifest.place());
    let severity =
        enforcement(spec.enforcement_action.as_deref(), spec.scoped_enforcement_actions.as_deref());
    Ok(Constraint {
        name: manifest.name.clone(),
        template,
        parameters,
        has_parameters,
        matching: spec.matching.unwrap_or_default(),
        severity: severity.map_err(wrong)?,
    })
}

/// How heavy a violation is.
fn enforcement(action: Option<&str>, scoped: Option<&[Scoped]>) -> Result<Severity, String> {
    match action.unwrap_or("deny") {
        "deny" | "" => Ok(Severity::Error),
        "warn" => Ok(Severity::Warning),
        "dryrun" => Ok(Severity::Info),
        "scoped" => {
            let scoped = scoped.ok_or("it has no `scopedEnforcementActions`")?;
            let at_admission = |scoped: &&Scoped| {
                let points = ["*", "validation.gatekeeper.sh", "vap.k8s.io"];
                scoped.enforcement_points.iter().any(|point| points.contains(&point.name.as_str()))
            };
            let mut heaviest = Severity::Info;
            for scoped in scoped.iter().filter(at_admission).filter(|scoped| scoped.action != "scoped") {
                heaviest = heaviest.max(enforcement(Some(&scoped.action), None)?);
            }
            Ok(heaviest)
        }
        other => Err(format!("the enforcement action `{other}` is not known")),
    }
}

impl Judging for Gatekeeper {
    fn judges_transition(&self) -> bool {
        false
    }

    fn judge(&self, subject: &Subject<'_>) -> Result<Vec<Wrong>, String> {
        self.judge_each(subject).into_iter().collect()
    }

    fn judge_each(&self, subject: &Subject<'_>) -> Vec<Result<Wrong, String>> {
        let Some(object) = subject.after() else { return Vec::new() };
        let reference = &subject.effect.object;
        let is_namespace = crate::policy::surroundings::is_namespace(reference);
        let namespace = if is_namespace { &reference.name } else { &reference.namespace };
        if self.exempt.iter().any(|glob| !namespace.is_empty() && glob.matches(namespace)) {
            return Vec::new();
        }
        self.constraints.iter().flat_map(|constraint| self.constrained(constraint, subject, object)).collect()
    }
}

impl Gatekeeper {
    fn constrained(
        &self,
        constraint: &Constraint,
        subject: &Subject<'_>,
        object: &Value,
    ) -> Vec<Result<Wrong, String>> {
        let Some(template) = self.templates.get(constraint.template) else { return Vec::new() };
        let (failure, transition) = match &template.engine {
            By::Rego(policy) => (FailurePolicy::Fail, policy.judges_transition),
            By::Cel(program) => (program.failure(), program.judges_transition()),
        };
        let before = subject.before();
        let said = self.said(constraint, template, subject, (object, before), Side::Head);
        let base = before.filter(|_| !said.is_empty() && !transition);
        let base = base
            .map(|base| self.said(constraint, template, subject, (base, None), Side::Base))
            .unwrap_or_default();
        let telling =
            Telling { rule: &constraint.name, severity: constraint.severity, most: self.severity, failure };
        telling.tell(said, &base)
    }

    fn said(
        &self,
        constraint: &Constraint,
        template: &Template,
        subject: &Subject<'_>,
        (object, before): (&Value, Option<&Value>),
        side: Side,
    ) -> Vec<Said> {
        match constraint.matching.matches(subject, [Some(object), before], &self.namespaces) {
            Truth::False => return Vec::new(),
            Truth::Unknown => {
                let namespace = &subject.effect.object.namespace;
                return vec![Said::Failed(format!(
                    "whether it is for this object cannot be told, since the labels of the Namespace `{namespace}` are \
                     neither in the change nor in the files of this check"
                ))];
            }
            Truth::True => {}
        }
        let reference = &subject.effect.object;
        let namespace = self.namespaces.object(subject.surroundings, subject.environment, reference);
        match &template.engine {
            By::Rego(policy) => {
                let inventory = policy.reads_inventory.then(|| self.inventories.get(subject.environment));
                let inventory = inventory.transpose().map(|both| {
                    both.map(|both| match side {
                        Side::Base => &both.base,
                        Side::Head => &both.head,
                    })
                });
                match inventory {
                    Ok(data) => {
                        reviewed(policy, constraint, subject, [Some(object), before], (namespace, data))
                    }
                    Err(why) => vec![Said::Failed(why)],
                }
            }
            By::Cel(program) => {
                let Some(language) = subject.language() else {
                    return vec![Said::Failed("expressions cannot be evaluated".to_owned())];
                };
                let input = Input {
                    object: Some(object),
                    old_object: before,
                    request: subject.request(),
                    environment: subject.environment,
                    params: Given::Known(None),
                    namespace,
                };
                let mut prepared = Prepared::new(language, input);
                prepared.set(
                    "params",
                    Given::Known(Some(&constraint.parameters).filter(|_| constraint.has_parameters)),
                );
                prepared.set("anyObject", Given::Known(Some(object)));
                program.say(prepared)
            }
        }
    }
}

/// What Rego says of an object.
fn reviewed(
    policy: &Policy,
    constraint: &Constraint,
    subject: &Subject<'_>,
    [object, before]: [Option<&Value>; 2],
    (namespace, data): (Given<'_>, Option<&RegoValue>),
) -> Vec<Said> {
    if let Some(why) = policy.beyond {
        return vec![Said::Failed(why.to_owned())];
    }
    let namespace = match namespace {
        Given::Known(namespace) => namespace,
        Given::Unknown(why) if policy.reads_namespace => {
            return vec![Said::Failed(format!("`namespaceObject`: {why}"))];
        }
        Given::Unknown(_) => None,
    };
    let mut review = review(subject, object, before);
    if let (Value::Object(fields), Some(namespace)) = (&mut review, namespace) {
        fields.insert("namespaceObject".to_owned(), namespace.clone());
    }
    match policy.violations(json!({ "review": review, "parameters": constraint.parameters }), data) {
        Ok(messages) => messages.into_iter().map(Said::Denied).collect(),
        Err(why) => vec![Said::Failed(why)],
    }
}

/// `input.review`, as Gatekeeper gives it, but for who asks.
fn review(subject: &Subject<'_>, object: Option<&Value>, before: Option<&Value>) -> Value {
    let reference = &subject.effect.object;
    let kind = json!({ "group": reference.group, "version": reference.version, "kind": reference.kind });
    let mut review = json!({
        "kind": kind,
        "requestKind": kind,
        "name": reference.name,
        "operation": subject.operation(),
        "object": object,
        "oldObject": before,
        "dryRun": false,
    });
    if let Value::Object(fields) = &mut review {
        let is_namespace = crate::policy::surroundings::is_namespace(reference);
        let namespace = if is_namespace { &reference.name } else { &reference.namespace };
        if !namespace.is_empty() {
            fields.insert("namespace".to_owned(), Value::String(namespace.clone()));
        }
        if let Some(resource) = &subject.request().resource {
            let resource =
                json!({ "group": reference.group, "version": reference.version, "resource": resource });
            fields.insert("resource".to_owned(), resource.clone());
            fields.insert("requestResource".to_owned(), resource);
        }
    }
    review
}
