//! ValidatingAdmissionPolicies and their bindings, from files to what can be evaluated. What is not supported is
//! refused here, by name.

use serde::Deserialize;

use super::super::validating::{AnnotationSpec, FailurePolicy, Named, Program, ProgramSpec, ValidationSpec};
use super::resources::MatchResources;
use crate::config::Severity;
use crate::library::Library;
use crate::policy::manifests::{self, Manifest};
use crate::policy::selector::Selector;

pub(super) const GROUP: &str = "admissionregistration.k8s.io";
pub(super) const POLICY: &str = "ValidatingAdmissionPolicy";
pub(super) const BINDING: &str = "ValidatingAdmissionPolicyBinding";

/// What a policy may name.
const VARIABLES: [&str; 5] = ["object", "oldObject", "request", "namespaceObject", "params"];

/// Everything that the files of a check say.
pub(super) struct Policies {
    pub(super) policies: Vec<Policy>,
    /// All that stands in them: namespaces and parameters among others.
    pub(super) manifests: Vec<Manifest>,
}

/// A policy with what binds it.
pub(super) struct Policy {
    pub(super) name: String,
    pub(super) constraints: MatchResources,
    pub(super) param_kind: Option<ParamKind>,
    pub(super) program: Program,
    pub(super) bindings: Vec<Binding>,
}

/// Where a policy is in force, and how hard.
pub(super) struct Binding {
    pub(super) name: String,
    pub(super) resources: Option<MatchResources>,
    pub(super) params: Option<ParamRef>,
    pub(super) severity: Severity,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ParamKind {
    pub(super) api_version: String,
    pub(super) kind: String,
}

impl ParamKind {
    pub(super) fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ParamRef {
    pub(super) name: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) selector: Option<Selector>,
    #[serde(rename = "parameterNotFoundAction")]
    pub(super) not_found: NotFound,
}

/// What follows where there are no parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum NotFound {
    /// The policy does not hold.
    Allow,
    /// It cannot be told, and its failure policy says what that means.
    Deny,
}

impl ParamRef {
    /// What an API server refuses.
    fn check(&self) -> Result<(), &'static str> {
        match (self.name.is_some(), self.selector.is_some()) {
            (true, true) => Err("`paramRef` has both `name` and `selector`"),
            (false, false) => Err("`paramRef` has neither `name` nor `selector`"),
            (true, false) | (false, true) => Ok(()),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PolicySpec {
    param_kind: Option<ParamKind>,
    match_constraints: Option<MatchResources>,
    validations: Option<Vec<ValidationSpec>>,
    failure_policy: Option<FailurePolicy>,
    audit_annotations: Option<Vec<AnnotationSpec>>,
    match_conditions: Option<Vec<Named>>,
    variables: Option<Vec<Named>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BindingSpec {
    policy_name: String,
    match_resources: Option<MatchResources>,
    param_ref: Option<ParamRef>,
    validation_actions: Option<Vec<Action>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Action {
    Deny,
    Warn,
    Audit,
}

/// Reads what files say.
///
/// # Errors
///
/// Where one cannot be read, a policy is not supported, a binding binds nothing, or nothing is bound.
pub(super) fn read(files: &[String], library: &Library) -> Result<Policies, String> {
    let manifests = manifests::read(files, library)?;
    let of_kind = |kind: &'static str| {
        manifests.iter().filter(move |manifest| manifest.group == GROUP && manifest.kind == kind)
    };
    let mut policies = Vec::new();
    for manifest in of_kind(POLICY) {
        if policies.iter().any(|known: &Policy| known.name == manifest.name) {
            return Err(format!("{}: this policy is there twice", manifest.place()));
        }
        policies.push(policy(manifest)?);
    }
    for manifest in of_kind(BINDING) {
        let spec: BindingSpec = manifest.field("spec")?;
        let Some(policy) = policies.iter_mut().find(|policy| policy.name == spec.policy_name) else {
            return Err(format!(
                "{}: the policy `{}` that it binds is not in the files of this check",
                manifest.place(),
                spec.policy_name
            ));
        };
        let wrong = |why: &str| format!("{}: {why}", manifest.place());
        let actions = spec.validation_actions.unwrap_or_default();
        if [Action::Deny, Action::Warn].iter().all(|action| actions.contains(action)) {
            return Err(wrong("`validationActions` has both `Deny` and `Warn`"));
        }
        if actions
            .iter()
            .enumerate()
            .any(|(at, action)| actions.iter().skip(at + 1).any(|other| other == action))
        {
            return Err(wrong("`validationActions` has an action twice"));
        }
        spec.param_ref.as_ref().map_or(Ok(()), ParamRef::check).map_err(wrong)?;
        let severity = actions.iter().map(|action| match action {
            Action::Deny => Severity::Error,
            Action::Warn => Severity::Warning,
            Action::Audit => Severity::Info,
        });
        let severity = severity.max();
        policy.bindings.push(Binding {
            name: manifest.name.clone(),
            resources: spec.match_resources,
            params: spec.param_ref,
            severity: severity.ok_or_else(|| wrong("it has no `validationActions`"))?,
        });
    }
    if policies.iter().all(|policy| policy.bindings.is_empty()) {
        let files = crate::report::listed(files, 5);
        return Err(format!("no {POLICY} with a {BINDING} is in {files}, so that nothing would be in force"));
    }
    Ok(Policies { policies, manifests })
}

fn policy(manifest: &Manifest) -> Result<Policy, String> {
    let spec: PolicySpec = manifest.field("spec")?;
    let place = manifest.place();
    let count = VARIABLES.len() - usize::from(spec.param_kind.is_none());
    let given = VARIABLES.get(..count).unwrap_or_default();
    let program = ProgramSpec {
        conditions: spec.match_conditions.unwrap_or_default(),
        variables: spec.variables.unwrap_or_default(),
        validations: spec.validations.unwrap_or_default(),
        annotations: spec.audit_annotations.unwrap_or_default(),
        failure: spec.failure_policy.unwrap_or_default(),
    };
    if program.validations.is_empty() && program.annotations.is_empty() {
        return Err(format!("{place}: it has neither `validations` nor `auditAnnotations`"));
    }
    let constraints = spec.match_constraints.filter(MatchResources::has_rules);
    Ok(Policy {
        name: manifest.name.clone(),
        constraints: constraints
            .ok_or_else(|| format!("{place}: it has no `matchConstraints` with `resourceRules`"))?,
        param_kind: spec.param_kind,
        program: Program::compile(program, &place, given, &[])?,
        bindings: Vec::new(),
    })
}

/// The kinds that policies of these files take their parameters from, by group and kind.
pub(in crate::policy) fn param_kinds(files: &[String], library: &Library) -> Vec<(String, String)> {
    let manifests = manifests::read(files, library).unwrap_or_default();
    let policies = manifests.iter().filter(|manifest| manifest.group == GROUP && manifest.kind == POLICY);
    let kind = |manifest: &Manifest| {
        let kind: ParamKind =
            serde_json::from_value(manifest.body.pointer("/spec/paramKind")?.clone()).ok()?;
        Some((kind.group().to_owned(), kind.kind))
    };
    policies.filter_map(kind).collect()
}
