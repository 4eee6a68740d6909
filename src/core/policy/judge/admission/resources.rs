//! Which requests a policy or a binding is for, as the API server matches them.

use serde::Deserialize;
use serde_json::Value;

use super::super::Subject;
use crate::object::ObjectRef;
use crate::policy::Truth;
use crate::policy::selector::{Labels, Namespaces, Selector};
use crate::policy::surroundings::is_namespace;

/// `matchConstraints`, `matchResources`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct MatchResources {
    namespace_selector: Option<Selector>,
    object_selector: Option<Selector>,
    resource_rules: Option<Vec<Rule>>,
    exclude_resource_rules: Option<Vec<Rule>>,
    match_policy: Option<MatchPolicy>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum MatchPolicy {
    Exact,
    Equivalent,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Rule {
    resource_names: Option<Vec<String>>,
    operations: Option<Vec<Operation>>,
    api_groups: Option<Vec<String>>,
    api_versions: Option<Vec<String>>,
    resources: Option<Vec<String>>,
    scope: Option<Scope>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Operation {
    #[serde(rename = "*")]
    Any,
    #[serde(rename = "CREATE")]
    Create,
    #[serde(rename = "UPDATE")]
    Update,
    #[serde(rename = "DELETE")]
    Delete,
    #[serde(rename = "CONNECT")]
    Connect,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Scope {
    #[serde(rename = "*")]
    Any,
    Cluster,
    Namespaced,
}

/// One state of an object, asked about.
pub(super) struct Asked<'a, 's> {
    pub(super) subject: &'a Subject<'s>,
    pub(super) object: Option<&'a Value>,
    pub(super) old_object: Option<&'a Value>,
}

impl MatchResources {
    /// Whether it says which requests are meant.
    pub(super) fn has_rules(&self) -> bool {
        self.resource_rules.as_ref().is_some_and(|rules| !rules.is_empty())
    }

    /// Whether a request is meant; unknown where a selector asks for labels of a namespace that nobody knows.
    pub(super) fn matches(&self, asked: &Asked<'_, '_>, namespaces: &Namespaces) -> Truth {
        let subject = asked.subject;
        let named = |rules: &[Rule]| rules.iter().any(|rule| rule.matches(subject, self.match_policy));
        let excluded = self.exclude_resource_rules.as_deref().is_some_and(named);
        let rules = self.resource_rules.as_deref().filter(|rules| !rules.is_empty());
        if excluded || !rules.is_none_or(named) {
            return Truth::False;
        }
        let object = |selector: &Selector| {
            let states = [asked.object, asked.old_object];
            let each = states.into_iter().flatten().map(|state| selector.matches(&Labels::of(state)));
            each.fold(Truth::False, Truth::or)
        };
        let selected = match &self.object_selector {
            Some(selector) if !selector.is_empty() => object(selector),
            Some(_) | None => Truth::True,
        };
        let body = asked.object.or(asked.old_object).unwrap_or(&Value::Null);
        let (environment, reference) = (subject.environment, &subject.effect.object);
        let in_namespace = self.namespace_selector.as_ref().map_or(Truth::True, |selector| {
            namespaces.select(selector, subject.surroundings, environment, reference, body)
        });
        selected.and(in_namespace)
    }
}

impl Rule {
    fn matches(&self, subject: &Subject<'_>, policy: Option<MatchPolicy>) -> bool {
        let object = &subject.effect.object;
        let operation = match subject.operation() {
            "CREATE" => Operation::Create,
            "UPDATE" => Operation::Update,
            _ => Operation::Delete,
        };
        let operations = self.operations.as_deref().unwrap_or_default();
        let named = self.resource_names.as_deref().unwrap_or_default();
        self.in_scope(object)
            && operations.iter().any(|own| [Operation::Any, operation].contains(own))
            && holds(self.api_groups.as_deref(), &object.group)
            // Without `matchPolicy: Exact`, one version stands for all.
            && (policy != Some(MatchPolicy::Exact) || holds(self.api_versions.as_deref(), &object.version))
            && self.has_resource(subject, object)
            && (named.is_empty() || named.contains(&object.name))
    }

    fn in_scope(&self, object: &ObjectRef) -> bool {
        let clusters = is_namespace(object) || object.namespace.is_empty();
        match self.scope {
            None | Some(Scope::Any) => true,
            Some(Scope::Cluster) => clusters,
            Some(Scope::Namespaced) => !clusters,
        }
    }

    fn has_resource(&self, subject: &Subject<'_>, object: &ObjectRef) -> bool {
        let plurals = subject.surroundings.plurals().candidates(&object.group, &object.kind);
        self.resources.iter().flatten().any(|resource| {
            let (resource, within) = resource.split_once('/').unwrap_or((resource, ""));
            (resource == "*" || plurals.iter().any(|plural| plural == resource))
                && ["", "*"].contains(&within)
        })
    }
}

/// Whether a list of names has one, or a star.
fn holds(names: Option<&[String]>, wanted: &str) -> bool {
    names.unwrap_or_default().iter().any(|name| name == "*" || name == wanted)
}
