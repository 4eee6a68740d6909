//! `spec.match` of a constraint, as Gatekeeper's webhook reads it.

use serde::Deserialize;

use super::super::Subject;
use super::review::Reviewed;
use crate::object::ObjectRef;
use crate::policy::Truth;
use crate::policy::selector::{Labels, Namespaces, Selector};
use crate::policy::surroundings::is_namespace;

/// Which objects a constraint is for. What is not given means every object.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Match {
    kinds: Option<Vec<Kinds>>,
    scope: Option<String>,
    namespaces: Option<Vec<Glob>>,
    excluded_namespaces: Option<Vec<Glob>>,
    label_selector: Option<Selector>,
    namespace_selector: Option<Selector>,
    name: Option<Glob>,
    source: Option<Sources>,
}

/// Where what is reviewed comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// It is written.
    Original,
    /// A template made it of what is written.
    Generated,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Sources {
    #[serde(alias = "")]
    All,
    Original,
    Generated,
}

impl Sources {
    const fn has(self, source: Source) -> bool {
        match self {
            Self::All => true,
            Self::Original => matches!(source, Source::Original),
            Self::Generated => matches!(source, Source::Generated),
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Kinds {
    api_groups: Option<Vec<String>>,
    kinds: Option<Vec<String>>,
}

/// A text that may begin and end with a star.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(super) struct Glob(String);

impl Glob {
    pub(super) fn matches(&self, text: &str) -> bool {
        let pattern = self.0.as_str();
        match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
            (Some(rest), Some(_)) => text.contains(rest.strip_suffix('*').unwrap_or(rest)),
            (Some(end), None) => text.ends_with(end),
            (None, Some(start)) => text.starts_with(start),
            (None, None) => text == pattern,
        }
    }
}

/// Whether a list of names allows one: empty and a star allow all.
fn allows(names: Option<&[String]>, wanted: &str) -> bool {
    let names = names.unwrap_or_default();
    names.is_empty() || names.iter().any(|name| name == "*" || name == wanted)
}

/// The namespace that an object counts as in: its own name, where it is one.
fn namespace(object: &ObjectRef) -> Option<&str> {
    let name = if is_namespace(object) { &object.name } else { &object.namespace };
    (!name.is_empty()).then_some(name)
}

impl Match {
    /// Whether it is for nothing but what is made of objects.
    pub(super) fn is_for_generated(&self) -> bool {
        self.source == Some(Sources::Generated)
    }

    /// Whether a constraint is for an object in one of its states; unknown where a selector asks for labels of a
    /// namespace that nobody knows.
    pub(super) fn matches(
        &self,
        subject: &Subject<'_>,
        reviewed: &Reviewed<'_>,
        namespaces: &Namespaces,
    ) -> Truth {
        let object = reviewed.reference;
        let named = |globs: &[Glob]| namespace(object).map(|own| globs.iter().any(|glob| glob.matches(own)));
        let listed =
            |globs: &Option<Vec<Glob>>| globs.as_deref().filter(|globs| !globs.is_empty()).and_then(named);
        let scope = match self.scope.as_deref() {
            Some("Cluster") => object.namespace.is_empty(),
            Some("Namespaced") => !object.namespace.is_empty(),
            Some(_) | None => true,
        };
        let generated = object.name.strip_suffix('*');
        let name = self.name.as_ref().filter(|glob| !glob.0.is_empty());
        let name = name.is_none_or(|glob| glob.matches(generated.unwrap_or(&object.name)));
        let certain = self.for_kind(object)
            && scope
            && name
            && self.source.is_none_or(|sources| sources.has(reviewed.source))
            && listed(&self.excluded_namespaces) != Some(true)
            && listed(&self.namespaces) != Some(false);
        if !certain {
            return Truth::False;
        }
        let each = [Some(reviewed.object), reviewed.before].into_iter().flatten().map(|state| {
            let labels = self.label_selector.as_ref();
            let labels = labels.map_or(Truth::True, |selector| selector.matches(&Labels::of(state)));
            let around = self.namespace_selector.as_ref().map_or(Truth::True, |selector| {
                namespaces.select(selector, subject.surroundings, subject.environment, object, state)
            });
            labels.and(around)
        });
        each.fold(Truth::False, Truth::or)
    }

    fn for_kind(&self, object: &ObjectRef) -> bool {
        let kinds = self.kinds.as_deref().unwrap_or_default();
        let one = |kinds: &Kinds| {
            allows(kinds.kinds.as_deref(), &object.kind) && allows(kinds.api_groups.as_deref(), &object.group)
        };
        kinds.is_empty() || kinds.iter().any(one)
    }
}
