//! Parameters of policies: from the files of a check, and from what the environment has. A change is held to the parameters
//! that the target branch has and to those that it makes of them, so that it cannot loosen what it is judged by; what the
//! environment has counts in place of what the files have of the same name.

use std::collections::BTreeMap;

use serde_json::Value;

use super::read::{Binding, NotFound, ParamKind, ParamRef};
use crate::evaluation::{Evaluation, SideState};
use crate::object::{Body, CustomScopes, ObjectRef, is_built_in, is_cluster_scoped};
use crate::policy::Truth;
use crate::policy::manifests::Manifest;
use crate::policy::selector::Labels;
use crate::policy::surroundings::is_namespace;
use crate::report;
use crate::revision::Diff;

/// Everything that parameters can be.
pub(super) struct Params {
    manifests: Vec<Manifest>,
    environments: BTreeMap<String, Here>,
    scopes: CustomScopes,
}

/// What an environment has of the kinds that are asked about.
struct Here {
    objects: Vec<(ObjectRef, Diff<Option<Value>>)>,
    /// Why there may be more.
    unknown: Option<String>,
}

/// By what a policy is evaluated.
pub(super) enum Found<'a> {
    /// Once for each of these; without parameters where it takes none.
    These(Vec<Option<&'a Value>>),
    /// There are none, and its binding allows that.
    None(String),
}

/// Which states count.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum World {
    /// The target branch's.
    Base,
    /// That, and what the change makes of it.
    Both,
}

impl Params {
    /// Of the kinds that policies name.
    pub(super) fn of<'k>(
        manifests: Vec<Manifest>,
        kinds: impl Iterator<Item = &'k ParamKind> + Clone,
        evaluation: &Evaluation,
    ) -> Self {
        let is_param = |object: &ObjectRef| {
            kinds.clone().any(|kind| kind.group() == object.group && kind.kind == object.kind)
        };
        let mut environments = BTreeMap::new();
        for environment in &evaluation.environments {
            let value = |body: &Option<Body>| body.as_ref().map(Body::value);
            let effects = environment.units.iter().flat_map(|unit| &unit.effects);
            let effects = effects.filter(|effect| is_param(&effect.object)).map(|effect| {
                (effect.object.clone(), Diff { base: value(&effect.before), head: value(&effect.after) })
            });
            let beside = environment.inventory.iter().flat_map(|beside| &beside.objects);
            let beside = beside.filter(|known| is_param(&known.object)).map(|known| {
                let body = Some(known.body.value());
                (known.object.clone(), Diff { base: body.clone(), head: body })
            });
            let failed = environment.units.iter().filter(|unit| unit.sides.head == SideState::Failed);
            let mut unknown: Vec<String> = failed.map(|unit| unit.name.clone()).collect();
            unknown.extend(environment.inventory.iter().flat_map(|beside| beside.unknown.iter().cloned()));
            unknown.sort();
            unknown.dedup();
            let unknown = match (unknown.is_empty(), &environment.inventory) {
                (false, _) => Some(format!("what {} makes cannot be told", report::listed(&unknown, 3))),
                (true, None) => Some("what stands beside the change is not at hand".to_owned()),
                (true, Some(_)) => None,
            };
            let here = Here { objects: effects.chain(beside).collect(), unknown };
            environments.insert(environment.environment.name.clone(), here);
        }
        let scopes = CustomScopes::of(manifests.iter().map(|manifest| &manifest.body));
        Self { manifests, environments, scopes }
    }

    /// What a binding takes its parameters from, for an object.
    ///
    /// # Errors
    ///
    /// A sentence, where it cannot be told, and where there are none and that is not allowed.
    pub(super) fn find<'a>(
        &'a self,
        kind: Option<&'a ParamKind>,
        binding: &Binding,
        (environment, object): (&str, &ObjectRef),
        world: World,
    ) -> Result<Found<'a>, String> {
        // Without a kind a reference is not heeded, and without a reference there is nothing.
        let (Some(kind), Some(reference)) = (kind, &binding.params) else {
            return Ok(Found::These(vec![None]));
        };
        let own = if is_namespace(object) { &object.name } else { &object.namespace };
        self.placed(kind, binding, reference, own)?;
        let here = self.environments.get(environment);
        let mut found: Vec<Option<&Value>> = Vec::new();
        for (name, body) in self.candidates(here, kind, world) {
            match reference.names(own, name, body) {
                Truth::True if !found.contains(&Some(body)) => found.push(Some(body)),
                Truth::True | Truth::False => {}
                Truth::Unknown => return Err("which parameters are meant cannot be told".to_owned()),
            }
        }
        if !found.is_empty() {
            return Ok(Found::These(found));
        }
        let name = reference.name.as_deref().map(|name| format!(" `{name}`")).unwrap_or_default();
        let what = format!("the {}{name} that `{}` takes parameters from", kind.kind, binding.name);
        match (here.and_then(|here| here.unknown.as_deref()), reference.not_found) {
            (Some(why), _) => Err(format!("{what} is not in the files of this check, and {why}")),
            (None, NotFound::Deny) => {
                Err(format!("{what} is neither in the files of this check nor in the environment"))
            }
            (None, NotFound::Allow) => Ok(Found::None(format!(
                "not judged, as its binding allows: {what} is neither in the files of this check nor in the environment"
            ))),
        }
    }

    /// Every object of a kind, with its namespace and name. What stands in a file and names no namespace goes anywhere.
    fn candidates<'a>(
        &'a self,
        here: Option<&'a Here>,
        kind: &'a ParamKind,
        world: World,
    ) -> impl Iterator<Item = (Place<'a>, &'a Value)> {
        let is = |group: &str, own: &str| group == kind.group() && own == kind.kind;
        let objects = here.into_iter().flat_map(|here| &here.objects);
        let own = objects.clone().filter(move |(object, _)| is(&object.group, &object.kind));
        let own = own.flat_map(move |(object, bodies)| {
            let head = bodies.head.as_ref().filter(|_| world == World::Both);
            let place = Place { namespace: Some(&object.namespace), name: &object.name };
            bodies.base.as_ref().into_iter().chain(head).map(move |body| (place, body))
        });
        let files = self.manifests.iter().filter(move |manifest| is(&manifest.group, &manifest.kind));
        let files = files.filter(move |manifest| {
            !objects.clone().any(|(object, _)| {
                is(&object.group, &object.kind)
                    && object.name == manifest.name
                    && (manifest.namespace.is_empty() || manifest.namespace == object.namespace)
            })
        });
        let files = files.map(|manifest| {
            let namespace = Some(manifest.namespace.as_str()).filter(|namespace| !namespace.is_empty());
            (Place { namespace, name: &manifest.name }, &manifest.body)
        });
        own.chain(files)
    }

    /// Refuses references that no API server would follow.
    fn placed(
        &self,
        kind: &ParamKind,
        binding: &Binding,
        reference: &ParamRef,
        own: &str,
    ) -> Result<(), String> {
        let (group, name) = (kind.group(), &kind.kind);
        let cluster = is_cluster_scoped(group, name) || self.scopes.is_cluster_scoped(group, name);
        if cluster && reference.namespace.is_some() {
            let binding = &binding.name;
            return Err(format!("`{binding}` names a namespace of parameters, and a {name} is in none"));
        }
        if is_built_in(group) && !cluster && reference.namespace.is_none() && own.is_empty() {
            let binding = &binding.name;
            return Err(format!(
                "`{binding}` takes parameters from the namespace of the object, which is in none"
            ));
        }
        Ok(())
    }
}

/// Where a parameter stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    namespace: Option<&'a str>,
    name: &'a str,
}

impl ParamRef {
    fn names(&self, own: &str, place: Place<'_>, body: &Value) -> Truth {
        let namespace = self.namespace.as_deref().unwrap_or(own);
        let here = place.namespace.is_none_or(|placed| placed.is_empty() || placed == namespace);
        if !here || self.name.as_deref().is_some_and(|name| name != place.name) {
            return Truth::False;
        }
        self.selector.as_ref().map_or(Truth::True, |selector| selector.matches(&Labels::of(body)))
    }
}
