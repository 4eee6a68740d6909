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
    /// Units of which nobody knows what they make.
    unknown: Vec<String>,
    /// What stands beside the change is at hand.
    is_whole: bool,
}

impl Here {
    /// What makes there be more than is known.
    fn untold(&self) -> Option<String> {
        (!self.unknown.is_empty())
            .then(|| format!("what {} makes cannot be told", report::listed(&self.unknown, 3)))
    }

    /// Why there may be what is not found.
    fn why_absent(&self) -> Option<String> {
        let beside = || (!self.is_whole).then(|| "what stands beside the change is not at hand".to_owned());
        self.untold().or_else(beside)
    }
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
            let is_whole = environment.inventory.is_some();
            let here = Here { objects: effects.chain(beside).collect(), unknown, is_whole };
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
        binding: &'a Binding,
        (environment, object): (&str, &'a ObjectRef),
        world: World,
    ) -> Result<Found<'a>, String> {
        // Without a kind a reference is not heeded, and without a reference there is nothing.
        let (Some(kind), Some(reference)) = (kind, &binding.params) else {
            return Ok(Found::These(vec![None]));
        };
        let own = if is_namespace(object) { &object.name } else { &object.namespace };
        self.placed(kind, binding, reference, own)?;
        let here = self.environments.get(environment);
        let asked = reference.namespace.as_deref().unwrap_or(own);
        let (mut found, mut in_environment) = (Vec::new(), false);
        for (place, body) in self.candidates(here, kind, (asked, world)) {
            match reference.names(own, place, body) {
                Truth::True => {
                    in_environment |= !place.is_file;
                    if !found.contains(&Some(body)) {
                        found.push(Some(body));
                    }
                }
                Truth::False => {}
                Truth::Unknown => return Err("which parameters are meant cannot be told".to_owned()),
            }
        }
        // Of one name there is one in an environment, and what it has there counts.
        let is_all = reference.name.is_some() && in_environment;
        match here.and_then(Here::untold).filter(|_| !is_all) {
            _ if found.is_empty() => {}
            None => return Ok(Found::These(found)),
            Some(why) => {
                let binding = &binding.name;
                return Err(format!(
                    "whether these are all that `{binding}` takes parameters from cannot be told: {why}"
                ));
            }
        }
        let name = reference.name.as_deref().map(|name| format!(" `{name}`")).unwrap_or_default();
        let what = format!("the {}{name} that `{}` takes parameters from", kind.kind, binding.name);
        match (here.and_then(Here::why_absent), reference.not_found) {
            (Some(why), _) => Err(format!("{what} is not in the files of this check, and {why}")),
            (None, NotFound::Deny) => {
                Err(format!("{what} is neither in the files of this check nor in the environment"))
            }
            (None, NotFound::Allow) => Ok(Found::None(format!(
                "not judged, as its binding allows: {what} is neither in the files of this check nor in the environment"
            ))),
        }
    }

    /// Every object of a kind, with its namespace and name. What stands in a file and names no namespace is in the one that is
    /// asked about, whichever that is.
    fn candidates<'a>(
        &'a self,
        here: Option<&'a Here>,
        kind: &'a ParamKind,
        (asked, world): (&'a str, World),
    ) -> impl Iterator<Item = (Place<'a>, &'a Value)> {
        let is = |group: &str, own: &str| group == kind.group() && own == kind.kind;
        let objects = here.into_iter().flat_map(|here| &here.objects);
        let own = objects.clone().filter(move |(object, _)| is(&object.group, &object.kind));
        let own = own.flat_map(move |(object, bodies)| {
            let head = bodies.head.as_ref().filter(|_| world == World::Both);
            let place = Place { namespace: Some(&object.namespace), name: &object.name, is_file: false };
            bodies.base.as_ref().into_iter().chain(head).map(move |body| (place, body))
        });
        let files = self.manifests.iter().filter(move |manifest| is(&manifest.group, &manifest.kind));
        // What a change brings takes no file's place.
        let files = files.filter(move |manifest| {
            let namespace = Some(manifest.namespace.as_str()).filter(|namespace| !namespace.is_empty());
            !objects.clone().any(|(object, bodies)| {
                is(&object.group, &object.kind)
                    && bodies.base.is_some()
                    && object.name == manifest.name
                    && object.namespace == namespace.unwrap_or(asked)
            })
        });
        let files = files.map(|manifest| {
            let namespace = Some(manifest.namespace.as_str()).filter(|namespace| !namespace.is_empty());
            (Place { namespace, name: &manifest.name, is_file: true }, &manifest.body)
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
    is_file: bool,
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
