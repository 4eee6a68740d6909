//! A check that is the constraints and templates of Gatekeeper, as they are. Objects are reviewed as its webhook would
//! when they are created or updated, as they are written: no API server has filled in defaults, and who asks is not
//! known. What leaves the tree is not reviewed, as Gatekeeper does not unless it is told to. What it would mutate first is
//! refused, and so is whatever of its own kinds is not known here: nothing in the files is passed over.

mod expansion;
mod idle;
mod inventory;
mod matching;
mod parameters;
mod review;
mod template;

use serde::Deserialize;
use serde_json::{Map, Value};

use self::expansion::{Expansion, Resultant};
pub(in crate::policy) use self::idle::{idle, names};
use self::inventory::{Inventories, Sync, Synced};
pub use self::inventory::{InventoryWanted, inventory_wanted};
use self::matching::{Glob, Match};
use self::review::Reviewed;
use self::template::{By, Template};
use super::validating::{FailurePolicy, Telling};
use super::{Judging, Subject, Wrong};
use crate::config::Severity;
use crate::evaluation::{Evaluation, Side};
use crate::library::Library;
use crate::policy::manifests::{self, Manifest};
use crate::policy::selector::Namespaces;

struct Gatekeeper {
    constraints: Vec<Constraint>,
    templates: Vec<Template>,
    namespaces: Namespaces,
    /// Namespaces that the configuration leaves out.
    exempt: Vec<Glob>,
    inventories: Inventories,
    expansion: Expansion,
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
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(rename = "match")]
    matching: Option<Vec<Exemption>>,
    sync: Option<Sync>,
    #[serde(rename = "validation")]
    _validation: Option<serde::de::IgnoredAny>,
    #[serde(rename = "readiness")]
    _readiness: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Exemption {
    excluded_namespaces: Option<Vec<Glob>>,
    processes: Option<Vec<Process>>,
}

/// What of Gatekeeper a namespace can be kept out of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Process {
    #[serde(rename = "*")]
    All,
    Audit,
    Webhook,
    Sync,
    MutationWebhook,
}

pub(super) fn compile<'a>(
    files: &[String],
    severity: Severity,
    library: &Library,
    evaluation: &Evaluation,
) -> Result<Box<dyn Judging + 'a>, String> {
    let manifests = manifests::read(files, library)?;
    manifests.iter().try_for_each(known)?;
    let of_group = |group: &'static str| manifests.iter().filter(move |manifest| manifest.group == group);
    let mut templates: Vec<Template> = Vec::new();
    for manifest in of_group(TEMPLATES) {
        let template = Template::read(manifest)?;
        if templates.iter().any(|known| known.kind == template.kind) {
            return Err(format!("{}: there is another template of `{}`", manifest.place(), template.kind));
        }
        templates.push(template);
    }
    let mut constraints = Vec::new();
    for manifest in of_group(CONSTRAINTS) {
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
    for manifest in of_group(CONFIGURATION) {
        let config: Config = manifest.field("spec")?;
        exempt.extend(processes(config.matching, Process::Webhook));
    }
    let asks = |template: &Template| matches!(&template.engine, By::Rego(policy) if policy.reads_inventory);
    let inventories = if templates.iter().any(asks) {
        Inventories::of(evaluation, &Synced::of(&manifests)?)
    } else {
        Inventories::none()
    };
    let namespaces = Namespaces::of(&manifests);
    let expansion = Expansion::of(of_group(EXPANSIONS))?;
    Ok(Box::new(Gatekeeper { constraints, templates, namespaces, exempt, inventories, expansion, severity }))
}

const TEMPLATES: &str = "templates.gatekeeper.sh";
const CONSTRAINTS: &str = "constraints.gatekeeper.sh";
const CONFIGURATION: &str = "config.gatekeeper.sh";
const EXPANSIONS: &str = "expansion.gatekeeper.sh";
/// Of these nothing is needed to review an object.
const BESIDE: [&str; 3] = ["status.gatekeeper.sh", "connection.gatekeeper.sh", "externaldata.gatekeeper.sh"];

/// Refuses what Gatekeeper heeds and nobody does here.
fn known(manifest: &Manifest) -> Result<(), String> {
    let wrong = |why: &str| Err(format!("{}: {why}", manifest.place()));
    match (manifest.group.as_str(), manifest.kind.as_str()) {
        ("mutations.gatekeeper.sh", _) => wrong(
            "mutators are not carried out here, so objects would be judged that no cluster gets to see; leave its file \
             out of this check",
        ),
        (CONFIGURATION, "Config") if manifest.name != "config" => {
            wrong("Gatekeeper takes no `Config` but the one called `config`")
        }
        (TEMPLATES, "ConstraintTemplate")
        | (CONFIGURATION, "Config")
        | (EXPANSIONS, "ExpansionTemplate")
        | ("syncset.gatekeeper.sh", "SyncSet")
        | (CONSTRAINTS, _) => Ok(()),
        (group, _) if group.ends_with(".gatekeeper.sh") && !BESIDE.contains(&group) => {
            wrong("this kind of Gatekeeper's is not supported; leave its file out of this check")
        }
        _ => Ok(()),
    }
}

/// The namespaces that a configuration keeps out of a process.
fn processes(exemptions: Option<Vec<Exemption>>, wanted: Process) -> Vec<Glob> {
    let concerned = |exemption: &Exemption| {
        let processes = exemption.processes.as_deref().unwrap_or_default();
        processes.iter().any(|process| [Process::All, wanted].contains(process))
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
    match action.unwrap_or_default() {
        "" => Ok(Severity::Error),
        "scoped" => {
            let scoped = scoped.ok_or("it has no `scopedEnforcementActions`")?;
            let at_admission = |scoped: &&Scoped| {
                let points = ["*", "validation.gatekeeper.sh", "vap.k8s.io"];
                scoped.enforcement_points.iter().any(|point| points.contains(&point.name.as_str()))
            };
            let mut heaviest = Severity::Info;
            for scoped in scoped.iter().filter(at_admission).filter(|scoped| scoped.action != "scoped") {
                heaviest = heaviest.max(self::action(&scoped.action)?);
            }
            Ok(heaviest)
        }
        word => self::action(word),
    }
}

/// How heavy a violation is that is acted on so.
fn action(word: &str) -> Result<Severity, String> {
    match word {
        "deny" => Ok(Severity::Error),
        "warn" => Ok(Severity::Warning),
        "dryrun" => Ok(Severity::Info),
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
        let made = self.expansion.of_object(reference, object);
        let before = subject.before().filter(|_| !self.expansion.is_empty());
        // Where nothing can be made of base, nothing is known of it: then what is wrong counts as new.
        let made_before = before.and_then(|before| self.expansion.of_object(reference, before).ok());
        let (made, failed) = match made {
            Ok(made) => (made, None),
            Err(why) => (Vec::new(), Some(Err(why))),
        };
        let all = self.constraints.iter().flat_map(|constraint| {
            let own = self.constrained(constraint, subject, object);
            let implied = made.iter().flat_map(|made| {
                let before = made_before.iter().flatten().find(|before| before.is_same(made));
                self.implied(constraint, subject, made, before)
            });
            own.into_iter().chain(implied).collect::<Vec<_>>()
        });
        failed.into_iter().chain(all).collect()
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
        let before = subject.before();
        let head = Reviewed::of(subject, object, before, Side::Head);
        let said = self.said(constraint, template, subject, &head);
        let base = before.filter(|_| !said.is_empty() && !template.judges_transition());
        let base = base.map(|base| Reviewed::of(subject, base, None, Side::Base));
        let base = base.map(|base| self.said(constraint, template, subject, &base)).unwrap_or_default();
        let telling = self.telling(constraint, template, constraint.severity);
        Telling { object: Some(object), ..telling }.tell(said, &base)
    }

    /// What is wrong with what is made of an object.
    fn implied(
        &self,
        constraint: &Constraint,
        subject: &Subject<'_>,
        made: &Resultant,
        before: Option<&Resultant>,
    ) -> Vec<Result<Wrong, String>> {
        let Some(template) = self.templates.get(constraint.template) else { return Vec::new() };
        let said = self.said(constraint, template, subject, &Reviewed::made(subject, made, Side::Head));
        let base = before.filter(|_| !said.is_empty() && !template.judges_transition());
        let base = base.map(|base| Reviewed::made(subject, base, Side::Base));
        let base = base.map(|base| self.said(constraint, template, subject, &base)).unwrap_or_default();
        let severity = made.severity.unwrap_or(constraint.severity);
        let told = self.telling(constraint, template, severity).tell(said, &base);
        let implied = |words: String| format!("[Implied by {}] {words}", made.template);
        let one = |wrong: Wrong| Wrong { message: implied(wrong.message), ..wrong };
        told.into_iter().map(|told| told.map(one).map_err(implied)).collect()
    }

    fn telling<'t>(
        &self,
        constraint: &'t Constraint,
        template: &Template,
        severity: Severity,
    ) -> Telling<'t> {
        let failure = match &template.engine {
            By::Rego(_) => FailurePolicy::Fail,
            By::Cel(program) => program.failure(),
        };
        Telling { rule: &constraint.name, severity, most: self.severity, failure, object: None }
    }
}
