//! ValidatingAdmissionPolicies and their bindings, from files to what can be evaluated. What is not supported is
//! refused here, by name.

use serde::Deserialize;

use super::super::validating::{FailurePolicy, Named, Program, ProgramSpec, ValidationSpec};
use super::resources::MatchResources;
use crate::config::Severity;
use crate::library::Library;
use crate::policy::manifests::{self, Manifest};
use crate::policy::selector::{Namespaces, Selector};

const GROUP: &str = "admissionregistration.k8s.io";
const POLICY: &str = "ValidatingAdmissionPolicy";
const BINDING: &str = "ValidatingAdmissionPolicyBinding";

/// What a policy may name.
const VARIABLES: [&str; 5] = ["object", "oldObject", "request", "namespaceObject", "params"];

/// Everything that the files of a check say.
pub(super) struct Policies {
    pub(super) policies: Vec<Policy>,
    pub(super) namespaces: Namespaces,
    /// What parameters may be.
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

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ParamRef {
    pub(super) name: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) selector: Option<Selector>,
    #[expect(dead_code, reason = "parameters that are not in the files are not known to be absent")]
    parameter_not_found_action: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PolicySpec {
    param_kind: Option<ParamKind>,
    match_constraints: Option<MatchResources>,
    validations: Option<Vec<ValidationSpec>>,
    failure_policy: Option<FailurePolicy>,
    #[serde(rename = "auditAnnotations")]
    _audit_annotations: Option<serde::de::IgnoredAny>,
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

#[derive(Debug, Clone, Copy, Deserialize)]
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
        let actions = spec.validation_actions.unwrap_or_default();
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
            severity: severity
                .ok_or_else(|| format!("{}: it has no `validationActions`", manifest.place()))?,
        });
    }
    if policies.iter().all(|policy| policy.bindings.is_empty()) {
        let files = crate::report::listed(files, 5);
        return Err(format!("no {POLICY} with a {BINDING} is in {files}, so that nothing would be in force"));
    }
    Ok(Policies { policies, namespaces: Namespaces::of(&manifests), manifests })
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
        failure: spec.failure_policy.unwrap_or_default(),
    };
    Ok(Policy {
        name: manifest.name.clone(),
        constraints: spec
            .match_constraints
            .ok_or_else(|| format!("{place}: it has no `matchConstraints`"))?,
        param_kind: spec.param_kind,
        program: Program::compile(program, &place, given, &[])?,
        bindings: Vec::new(),
    })
}
