//! A check that is the ValidatingAdmissionPolicies of a cluster, as they are. An object is judged as it is written: no
//! API server has filled in defaults.

mod read;
mod resources;

use serde_json::Value;

use self::read::{Binding, ParamKind, ParamRef, Policies, Policy};
use self::resources::Asked;
use super::validating::{Said, Telling};
use super::{Judging, Subject, Wrong};
use crate::config::Severity;
use crate::library::Library;
use crate::policy::Truth;
use crate::policy::expression::{Input, Prepared};
use crate::policy::manifests::Manifest;
use crate::policy::names::Given;
use crate::policy::selector::Labels;

struct Admission {
    policies: Policies,
    severity: Severity,
}

pub(super) fn compile<'a>(
    files: &[String],
    severity: Severity,
    library: &Library,
) -> Result<Box<dyn Judging + 'a>, String> {
    Ok(Box::new(Admission { policies: read::read(files, library)?, severity }))
}

impl Judging for Admission {
    /// Rules may name the operation DELETE.
    fn judges_transition(&self) -> bool {
        true
    }

    fn judge(&self, subject: &Subject<'_>) -> Result<Vec<Wrong>, String> {
        self.judge_each(subject).into_iter().collect()
    }

    fn judge_each(&self, subject: &Subject<'_>) -> Vec<Result<Wrong, String>> {
        if is_exempt(subject) {
            return Vec::new();
        }
        let all = self.policies.policies.iter();
        let bound = all.flat_map(|policy| policy.bindings.iter().map(move |binding| (policy, binding)));
        bound.flat_map(|(policy, binding)| self.bound(policy, binding, subject)).collect()
    }
}

impl Admission {
    /// What a policy says where a binding puts it in force, and whether base has it too.
    fn bound(&self, policy: &Policy, binding: &Binding, subject: &Subject<'_>) -> Vec<Result<Wrong, String>> {
        let now = Asked { subject, object: subject.after(), old_object: subject.before() };
        let said = self.said(policy, binding, &now);
        let transition = now.object.is_none() || policy.program.judges_transition();
        let base = now.old_object.filter(|_| !said.is_empty() && !transition);
        let base = base.map(|object| Asked { subject, object: Some(object), old_object: None });
        let base = base.map(|base| self.said(policy, binding, &base)).unwrap_or_default();
        let telling = Telling {
            rule: &policy.name,
            severity: binding.severity,
            most: self.severity,
            failure: policy.program.failure(),
        };
        telling.tell(said, &base)
    }

    fn said(&self, policy: &Policy, binding: &Binding, asked: &Asked<'_, '_>) -> Vec<Said> {
        let meant = policy.constraints.matches(asked, &self.policies.namespaces);
        let bound =
            binding.resources.as_ref().map(|resources| resources.matches(asked, &self.policies.namespaces));
        match meant.and(bound.unwrap_or(Truth::True)) {
            Truth::False => return Vec::new(),
            Truth::Unknown => {
                let namespace = &asked.subject.effect.object.namespace;
                return vec![Said::Failed(format!(
                    "whether it is for this object cannot be told, since the labels of the Namespace `{namespace}` are \
                     neither in the change nor in the files of this check"
                ))];
            }
            Truth::True => {}
        }
        match self.params(policy, binding, asked) {
            Err(why) => vec![Said::Failed(why)],
            Ok(params) => {
                params.into_iter().flat_map(|params| self.evaluated(policy, asked, params)).collect()
            }
        }
    }

    fn evaluated(&self, policy: &Policy, asked: &Asked<'_, '_>, params: Option<&Value>) -> Vec<Said> {
        let subject = asked.subject;
        let Some(language) = subject.language() else {
            return vec![Said::Failed("expressions cannot be evaluated".to_owned())];
        };
        let reference = &subject.effect.object;
        let namespace = self.policies.namespaces.object(subject.surroundings, subject.environment, reference);
        let prepared = Prepared::new(
            language,
            Input {
                object: asked.object,
                old_object: asked.old_object,
                request: subject.request(),
                environment: subject.environment,
                params: Given::Known(params),
                namespace,
            },
        );
        policy.program.say(prepared)
    }

    /// The parameters that a binding names, from the files of the check.
    fn params(
        &self,
        policy: &Policy,
        binding: &Binding,
        asked: &Asked<'_, '_>,
    ) -> Result<Vec<Option<&Value>>, String> {
        let (Some(kind), Some(reference)) = (&policy.param_kind, &binding.params) else {
            return Ok(vec![None]);
        };
        let own = &asked.subject.effect.object.namespace;
        let mut params = Vec::new();
        for manifest in
            self.policies.manifests.iter().filter(|manifest| is_param(manifest, kind, reference, own))
        {
            let selector = reference.selector.as_ref();
            match selector.map_or(Truth::True, |selector| selector.matches(&Labels::of(&manifest.body))) {
                Truth::True => params.push(Some(&manifest.body)),
                Truth::False => {}
                Truth::Unknown => return Err("which parameters are meant cannot be told".to_owned()),
            }
        }
        if params.is_empty() {
            let name = reference.name.as_deref().map(|name| format!(" `{name}`")).unwrap_or_default();
            let (binding, kind) = (&binding.name, &kind.kind);
            return Err(format!(
                "the {kind}{name} that `{binding}` takes parameters from is not in the files of this check"
            ));
        }
        Ok(params)
    }
}

/// Whether a manifest is one that a binding takes its parameters from. What has no namespace goes where it is applied.
fn is_param(manifest: &Manifest, kind: &ParamKind, reference: &ParamRef, own: &str) -> bool {
    let group = kind.api_version.split_once('/').map_or("", |(group, _)| group);
    let namespace = reference.namespace.as_deref().unwrap_or(own);
    manifest.group == group
        && manifest.kind == kind.kind
        && reference.name.as_ref().is_none_or(|name| *name == manifest.name)
        && (manifest.namespace.is_empty() || manifest.namespace == namespace)
}

/// Configuration of admission is admitted without it.
fn is_exempt(subject: &Subject<'_>) -> bool {
    let object = &subject.effect.object;
    let kinds = ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"];
    let policies = ["AdmissionPolicy", "AdmissionPolicyBinding"];
    let is_policy = policies.iter().any(|end| object.kind.ends_with(end));
    object.group == "admissionregistration.k8s.io" && (kinds.contains(&object.kind.as_str()) || is_policy)
}
