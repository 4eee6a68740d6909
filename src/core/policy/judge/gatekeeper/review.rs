//! Asking a template about one state of an object, or about what is made of it.

use regorus::Value as RegoValue;
use serde_json::{Value, json};

use super::super::Subject;
use super::super::validating::{Said, said_once};
use super::expansion::Resultant;
use super::matching::Source;
use super::template::{By, Policy, Template};
use super::{Constraint, Gatekeeper};
use crate::evaluation::Side;
use crate::object::ObjectRef;
use crate::policy::Truth;
use crate::policy::expression::{Input, Prepared};
use crate::policy::names::{Given, Request};

/// What is reviewed.
pub(super) struct Reviewed<'a> {
    pub(super) reference: &'a ObjectRef,
    pub(super) object: &'a Value,
    pub(super) before: Option<&'a Value>,
    pub(super) source: Source,
    /// The request that would bring it.
    request: Request,
    side: Side,
}

impl<'a> Reviewed<'a> {
    /// An object of the tree.
    pub(super) fn of(
        subject: &'a Subject<'_>,
        object: &'a Value,
        before: Option<&'a Value>,
        side: Side,
    ) -> Self {
        let (reference, request) = (&subject.effect.object, subject.request().clone());
        Self { reference, object, before, source: Source::Original, request, side }
    }

    /// What is made of one; the request for it names no resource.
    pub(super) fn made(subject: &Subject<'_>, made: &'a Resultant, side: Side) -> Self {
        let request =
            Request { operation: subject.operation(), object: made.reference.clone(), resource: None };
        let source = Source::Generated;
        Self { reference: &made.reference, object: &made.body, before: None, source, request, side }
    }
}

impl Gatekeeper {
    pub(super) fn said(
        &self,
        constraint: &Constraint,
        template: &Template,
        subject: &Subject<'_>,
        reviewed: &Reviewed<'_>,
    ) -> Vec<Said> {
        match constraint.matching.matches(subject, reviewed, &self.namespaces) {
            Truth::False => return Vec::new(),
            Truth::Unknown => {
                let namespace = &reviewed.reference.namespace;
                return vec![Said::Failed(format!(
                    "whether it is for this object cannot be told, since the labels of the Namespace `{namespace}` are \
                     neither in the change nor in the files of this check"
                ))];
            }
            Truth::True => {}
        }
        let namespaces =
            self.namespaces.objects(subject.surroundings, subject.environment, reviewed.reference);
        let each = namespaces.into_iter();
        said_once(
            each.flat_map(|namespace| self.said_in(constraint, template, subject, (reviewed, namespace))),
        )
    }

    /// In one state of its namespace.
    fn said_in(
        &self,
        constraint: &Constraint,
        template: &Template,
        subject: &Subject<'_>,
        (reviewed, namespace): (&Reviewed<'_>, Given<'_>),
    ) -> Vec<Said> {
        match &template.engine {
            By::Rego(policy) => {
                let inventory = policy.reads_inventory.then(|| self.inventories.get(subject.environment));
                let inventory = inventory.transpose().map(|both| {
                    both.map(|both| match reviewed.side {
                        Side::Base => &both.base,
                        Side::Head => &both.head,
                    })
                });
                match inventory {
                    Ok(data) => said_by_rego(policy, constraint, reviewed, (namespace, data)),
                    Err(why) => vec![Said::Failed(why)],
                }
            }
            By::Cel(program) => {
                let Some(language) = subject.language() else {
                    return vec![Said::Failed("expressions cannot be evaluated".to_owned())];
                };
                let input = Input {
                    object: Some(reviewed.object),
                    old_object: reviewed.before,
                    request: &reviewed.request,
                    environment: subject.environment,
                    params: Given::Known(None),
                    namespace,
                };
                let mut prepared = Prepared::new(language, input);
                prepared.set(
                    "params",
                    Given::Known(Some(&constraint.parameters).filter(|_| constraint.has_parameters)),
                );
                prepared.set("anyObject", Given::Known(Some(reviewed.object)));
                program.say(prepared)
            }
        }
    }
}

/// What Rego says of it.
fn said_by_rego(
    policy: &Policy,
    constraint: &Constraint,
    reviewed: &Reviewed<'_>,
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
    let mut review = review(reviewed);
    if let (Value::Object(fields), Some(namespace)) = (&mut review, namespace) {
        fields.insert("namespaceObject".to_owned(), namespace.clone());
    }
    match policy.violations(json!({ "review": review, "parameters": constraint.parameters }), data) {
        Ok(messages) => messages.into_iter().map(Said::Denied).collect(),
        Err(why) => vec![Said::Failed(why)],
    }
}

/// `input.review`, as Gatekeeper gives it, but for who asks.
fn review(reviewed: &Reviewed<'_>) -> Value {
    let reference = reviewed.reference;
    let kind = json!({ "group": reference.group, "version": reference.version, "kind": reference.kind });
    let mut review = json!({
        "kind": kind,
        "requestKind": kind,
        "name": reference.name,
        "operation": reviewed.request.operation,
        "object": reviewed.object,
        "oldObject": reviewed.before,
        "dryRun": false,
    });
    if let Value::Object(fields) = &mut review {
        let is_namespace = crate::policy::surroundings::is_namespace(reference);
        let namespace = if is_namespace { &reference.name } else { &reference.namespace };
        if !namespace.is_empty() {
            fields.insert("namespace".to_owned(), Value::String(namespace.clone()));
        }
        if let Some(resource) = &reviewed.request.resource {
            let resource =
                json!({ "group": reference.group, "version": reference.version, "resource": resource });
            fields.insert("resource".to_owned(), resource.clone());
            fields.insert("requestResource".to_owned(), resource);
        }
    }
    review
}
