//! Units that a change does not touch, and that hold an object which it creates: the object has two owners then.
//!
//! Such a unit is not rendered unless its files speak of something that could be the object, so that a change costs no
//! more where there is more beside it.

use std::collections::BTreeSet;

use countersign_core::effect::{Owners, RenderOperation};
use countersign_core::environment::Environment;
use countersign_core::evaluation::{EnvironmentError, Side, SideState};
use countersign_core::object::ObjectRef;
use countersign_core::revision::ObjectId;

use super::plan::SidePlan;
use super::scopes::Scopes;
use super::{EvaluateError, EvaluatedUnit, Evaluator};
use crate::ports::UnitSource;

/// The most units that are rendered for this.
const MOST: usize = 16;

/// What untouched units hold.
pub(super) struct Elsewhere {
    pub(super) owners: Owners,
    /// That not all could be looked at.
    pub(super) note: Option<EnvironmentError>,
}

impl Evaluator<'_> {
    /// The objects of untouched units that may be among those that the change creates.
    pub(super) async fn owners_elsewhere(
        &self,
        tree: &ObjectId,
        environment: &Environment,
        scopes: &Scopes<'_>,
        units: &[EvaluatedUnit],
        untouched: Vec<(String, SidePlan)>,
    ) -> Result<Elsewhere, EvaluateError> {
        let mut found = Elsewhere { owners: Owners::new(), note: None };
        let created = created(units);
        if created.is_empty() {
            return Ok(found);
        }
        let mut passed_over = 0_usize;
        for (name, plan) in untouched {
            if !self.may_hold(tree, &plan, &created).await? {
                continue;
            }
            if found.owners.len() >= MOST {
                passed_over += 1;
                continue;
            }
            // One that does not render holds nothing that anybody could tell.
            let given = self.side(tree, Some(&plan), Side::Head).await;
            let reader = self.reader(environment, scopes.of(self, [&given]).await?);
            let (objects, _) = reader.side(given, Side::Head).into_renders();
            found.owners.insert(name, objects.objects.into_iter().map(|object| object.reference).collect());
        }
        found.note = (passed_over > 0).then(|| EnvironmentError {
            object: None,
            message: format!(
                "{passed_over} more units, which the change does not touch, may hold an object that it creates: they \
                 were not looked at"
            ),
            undecided: false,
        });
        Ok(found)
    }

    /// Whether the files of a unit speak of something that could be one of these objects.
    async fn may_hold(
        &self,
        tree: &ObjectId,
        plan: &SidePlan,
        created: &BTreeSet<&ObjectRef>,
    ) -> Result<bool, EvaluateError> {
        if let UnitSource::Helm { release, .. } = &plan.spec.source
            && created.iter().any(|object| object.name.contains(release.as_str()))
        {
            return Ok(true);
        }
        for file in plan.reads.files() {
            // What cannot be read speaks of nothing here; a render of it would say what is wrong.
            let Ok(Some(bytes)) = self.source.read_file(tree, file).await else { continue };
            let text = String::from_utf8_lossy(&bytes);
            if created.iter().any(|object| speaks_of(&text, object)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// What the change adds to a unit, whatever its name is made of.
fn created(units: &[EvaluatedUnit]) -> BTreeSet<&ObjectRef> {
    let rendered = units.iter().filter(|unit| unit.evaluation.sides.base != SideState::Failed);
    rendered
        .flat_map(|unit| &unit.evaluation.effects)
        .filter(|effect| effect.rendered == RenderOperation::Add && !effect.object.name.ends_with('*'))
        .map(|effect| &effect.object)
        .collect()
}

/// Whether a text names the object, or names one of its kind that a prefix or a suffix would make into it.
fn speaks_of(text: &str, object: &ObjectRef) -> bool {
    if text.contains(object.name.as_str()) {
        return true;
    }
    let generates = text.contains("Generator");
    if !generates && !text.contains(object.kind.as_str()) {
        return false;
    }
    names(text, generates).any(|name| is_core_of(name, &object.name))
}

/// Names under `metadata`, and those of generators' items.
fn names(text: &str, generates: bool) -> impl Iterator<Item = &str> {
    let mut inside: Option<usize> = None;
    text.lines().flat_map(move |line| {
        let bare = line.trim_start().trim_start_matches("- ").trim_start();
        let indent = line.len() - bare.len();
        if inside.is_some_and(|outer| indent <= outer && !bare.is_empty()) {
            inside = None;
        }
        let in_flow = bare.strip_prefix("metadata:").filter(|rest| !rest.trim().is_empty());
        if bare.trim_end() == "metadata:" {
            inside = Some(indent);
        }
        let in_block = (generates || inside.is_some()).then(|| bare.strip_prefix("name:")).flatten();
        let flow = in_flow.and_then(|rest| rest.split_once("name:")).map(|(_, rest)| rest);
        in_block.or(flow).map(|name| {
            let end = name.find([',', '}', '#']).unwrap_or(name.len());
            name.get(..end).unwrap_or_default().trim().trim_matches(['"', '\''])
        })
    })
}

/// Whether a name is another with something before or behind it, a dash between.
fn is_core_of(core: &str, name: &str) -> bool {
    !core.is_empty()
        && name.match_indices(core).any(|(at, _)| {
            let before = name.get(..at).is_none_or(|rest| rest.is_empty() || rest.ends_with('-'));
            let behind =
                name.get(at + core.len()..).is_none_or(|rest| rest.is_empty() || rest.starts_with('-'));
            before && behind
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_may_hold_an_object_is_told_from_one_that_cannot() {
        let object = ObjectRef {
            group: String::new(),
            version: "v1".to_owned(),
            kind: "ConfigMap".to_owned(),
            namespace: "shop".to_owned(),
            name: "eu-web-2bcdfghkm4".to_owned(),
        };
        for (text, want) in [
            ("kind: ConfigMap\nmetadata:\n  name: web\n", true),
            ("kind: ConfigMap\nmetadata:\n  name: 'eu-web-2bcdfghkm4'\n", true),
            ("configMapGenerator:\n- name: web\n", true),
            ("kind: ConfigMap\nmetadata:\n  name: db\n", false),
            ("kind: Service\nmetadata:\n  name: web\n", false),
            ("kind: ConfigMap\nmetadata: {labels: {a: b}, name: \"web\"}\n", true),
            ("kind: ConfigMap\nmetadata:\n  name: db\nspec:\n  name: web\n", false),
            ("kind: ConfigMap\nmetadata:\n  name: eb\n", false),
            ("kind: List\nitems:\n- kind: ConfigMap\n  metadata:\n    name: web\n", true),
            ("patches: [{target: {name: eu-web-2bcdfghkm4}}]\n", true),
            ("kind: ConfigMap\nmetadata:\n  name:\n", false),
        ] {
            assert_eq!(speaks_of(text, &object), want, "{text}");
        }
    }
}
