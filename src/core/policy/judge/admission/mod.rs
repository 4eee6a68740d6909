//! A check that is the ValidatingAdmissionPolicies of a cluster, as they are. An object is judged as it is written: no
//! API server has filled in defaults.

mod idle;
mod params;
mod read;
mod resources;

use serde_json::Value;

pub(in crate::policy) use self::idle::{idle, names};
use self::params::{Found, Params, World};
pub(super) use self::read::param_kinds;
use self::read::{Binding, Policies, Policy};
use self::resources::Asked;
use super::validating::{Said, Telling, said_once};
use super::{Judging, Subject, Wrong};
use crate::config::Severity;
use crate::evaluation::Evaluation;
use crate::library::Library;
use crate::policy::Truth;
use crate::policy::expression::{Input, Prepared};
use crate::policy::names::Given;
use crate::policy::selector::Namespaces;

struct Admission {
    policies: Vec<Policy>,
    namespaces: Namespaces,
    params: Params,
    severity: Severity,
}

pub(super) fn compile<'a>(
    files: &[String],
    severity: Severity,
    library: &Library,
    evaluation: &Evaluation,
) -> Result<Box<dyn Judging + 'a>, String> {
    let Policies { policies, manifests } = read::read(files, library)?;
    let namespaces = Namespaces::of(&manifests);
    let kinds = policies.iter().filter_map(|policy| policy.param_kind.as_ref());
    let params = Params::of(manifests, kinds, evaluation);
    Ok(Box::new(Admission { policies, namespaces, params, severity }))
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
        let all = self.policies.iter();
        let bound = all.flat_map(|policy| policy.bindings.iter().map(move |binding| (policy, binding)));
        bound.flat_map(|(policy, binding)| self.bound(policy, binding, subject)).collect()
    }
}

impl Admission {
    /// What a policy says where a binding puts it in force, and whether base has it too.
    fn bound(&self, policy: &Policy, binding: &Binding, subject: &Subject<'_>) -> Vec<Result<Wrong, String>> {
        let now = Asked { subject, object: subject.after(), old_object: subject.before() };
        let said = self.said(policy, binding, &now, World::Both);
        let transition = now.object.is_none() || policy.program.judges_transition();
        let base = now.old_object.filter(|_| !said.is_empty() && !transition);
        let base = base.map(|object| Asked { subject, object: Some(object), old_object: None });
        let base = base.map(|base| self.said(policy, binding, &base, World::Base)).unwrap_or_default();
        let telling = Telling {
            rule: &policy.name,
            severity: binding.severity,
            most: self.severity,
            failure: policy.program.failure(),
            object: None,
        };
        telling.tell(said, &base)
    }

    fn said(&self, policy: &Policy, binding: &Binding, asked: &Asked<'_, '_>, world: World) -> Vec<Said> {
        let meant = policy.constraints.matches(asked, &self.namespaces);
        let bound = binding.resources.as_ref().map(|resources| resources.matches(asked, &self.namespaces));
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
        let place = (asked.subject.environment, &asked.subject.effect.object);
        match self.params.find(policy.param_kind.as_ref(), binding, place, world) {
            Err(why) => vec![Said::Failed(why)],
            Ok(Found::None(why)) => vec![Said::Passed(why)],
            Ok(Found::These(params)) => {
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
        let namespaces = self.namespaces.objects(subject.surroundings, subject.environment, reference);
        let said = namespaces.into_iter().flat_map(|namespace| {
            let input = Input {
                object: asked.object,
                old_object: asked.old_object,
                request: subject.request(),
                environment: subject.environment,
                params: Given::Known(params),
                namespace,
            };
            policy.program.say(Prepared::new(language, input))
        });
        said_once(said)
    }
}

/// Configuration of admission is admitted without it.
fn is_exempt(subject: &Subject<'_>) -> bool {
    let object = &subject.effect.object;
    let kinds = ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"];
    let policies = ["AdmissionPolicy", "AdmissionPolicyBinding"];
    let is_policy = policies.iter().any(|end| object.kind.ends_with(end));
    object.group == "admissionregistration.k8s.io" && (kinds.contains(&object.kind.as_str()) || is_policy)
}
