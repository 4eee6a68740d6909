//! Where the fields stand that findings are about. Texts are read for what was found alone, after it was found; what
//! cannot be read or told leaves a finding at its object.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::effect::Effect;
use countersign_core::environment::Environment;
use countersign_core::object::{Likeness, Mark, ObjectRef, Place, Sought, marks};
use countersign_core::policy::{Field, FieldPlace, Finding};
use countersign_core::report::Report;
use countersign_core::revision::ObjectId;
use countersign_core::snapshot::Snapshot;
use serde_json::Value;

use crate::ports::{Renderer, Source};

/// How many texts are read at most.
const MOST_TEXTS: usize = 1_000;

/// A text that objects stand in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Text {
    File(String),
    /// What a unit of an environment renders to.
    Rendered(String, String),
}

/// Puts into a snapshot where the fields stand in the judged tree that a report's findings are about. Whether there is
/// any such field: then it is worth to decide again.
pub async fn find_fields(
    source: &dyn Source,
    renderer: &dyn Renderer,
    tree: &ObjectId,
    snapshot: &mut Snapshot,
    report: &Report,
) -> bool {
    let proposed = report.proposed_policy.iter();
    let proposed = proposed.flat_map(|then| then.findings_added.iter().chain(&then.findings_waived));
    let mut texts: BTreeMap<Text, BTreeSet<Field>> = BTreeMap::new();
    for field in report.findings.iter().chain(proposed).filter_map(of_object) {
        if let Some(text) = Text::of(&field) {
            texts.entry(text).or_default().insert(field);
        }
    }
    let mut places = Vec::new();
    if !texts.is_empty() {
        let effects = effects(snapshot);
        for (text, fields) in texts.iter().take(MOST_TEXTS) {
            if let Some(read) = text.read(source, renderer, tree, snapshot).await {
                places.extend(found(&read, fields, &effects));
            }
        }
    }
    snapshot.fields = places;
    !snapshot.fields.is_empty()
}

/// The field of a finding that still stands at its object.
fn of_object(finding: &Finding) -> Option<Field> {
    Field::of(finding).filter(|_| finding.column.is_none())
}

impl Text {
    fn of(field: &Field) -> Option<Self> {
        match (&field.file, &field.unit) {
            (Some(file), _) => Some(Self::File(file.clone())),
            (None, Some(unit)) => Some(Self::Rendered(field.environment.clone(), unit.clone())),
            (None, None) => None,
        }
    }

    async fn read(
        &self,
        source: &dyn Source,
        renderer: &dyn Renderer,
        tree: &ObjectId,
        snapshot: &Snapshot,
    ) -> Option<String> {
        match self {
            Self::File(file) => match source.read_file(tree, file).await {
                Ok(bytes) => String::from_utf8(bytes?).ok(),
                Err(error) => {
                    tracing::warn!(%file, %error, "the lines of findings in a file could not be looked up");
                    None
                }
            },
            Self::Rendered(environment, unit) => {
                let environments = &snapshot.evaluation.environments;
                let found = environments.iter().find(|found| found.environment.name == *environment)?;
                // What is another text each time has no lines to speak of.
                found.units.iter().find(|found| found.name == *unit).filter(|unit| unit.stable)?;
                rendered(source, renderer, tree, &found.environment, unit).await
            }
        }
    }
}

/// What a unit renders to; it was rendered a moment ago, and is mostly remembered.
async fn rendered(
    source: &dyn Source,
    renderer: &dyn Renderer,
    tree: &ObjectId,
    environment: &Environment,
    unit: &str,
) -> Option<String> {
    let units = renderer.units(source, tree, environment).await.ok()?;
    let spec = units.into_iter().find(|spec| spec.name == unit)?;
    let reads = renderer.read_sets(source, tree, std::slice::from_ref(&spec)).await.ok()?;
    let rendering = renderer.render(source, tree, &spec, reads.first()?).await.ok()?;
    let mut texts = rendering.texts.into_iter().filter(|text| text.file.is_none());
    texts.next().map(|text| text.text).filter(|_| texts.next().is_none())
}

/// The effects on each object of an environment, each with its unit.
type Effects<'s> = BTreeMap<(&'s str, &'s ObjectRef), Vec<(&'s str, &'s Effect)>>;

fn effects(snapshot: &Snapshot) -> Effects<'_> {
    let mut effects = Effects::new();
    for environment in &snapshot.evaluation.environments {
        for unit in &environment.units {
            for effect in &unit.effects {
                let key = (environment.environment.name.as_str(), &effect.object);
                effects.entry(key).or_default().push((&unit.name, effect));
            }
        }
    }
    effects
}

/// Where fields stand in their text. One that several objects have is told where they agree.
fn found(text: &str, fields: &BTreeSet<Field>, effects: &Effects<'_>) -> Vec<FieldPlace> {
    let mut objects: Vec<(&Effect, Value)> = Vec::new();
    let mut asked: Vec<(&Field, usize)> = Vec::new();
    for field in fields {
        let all = effects.get(&(field.environment.as_str(), &field.object)).into_iter().flatten();
        for (_, effect) in all.filter(|(unit, effect)| stands(field, unit, effect)) {
            // The fields of one object stand together.
            if objects.last().is_none_or(|(last, _)| !std::ptr::eq(*last, *effect)) {
                objects.extend(effect.after.as_ref().map(|body| (*effect, body.value())));
            }
            asked.extend(objects.len().checked_sub(1).map(|object| (field, object)));
        }
    }
    let sought = asked.iter().filter_map(|(field, object)| {
        let (effect, body) = objects.get(*object)?;
        Some(Sought { line: field.from, body, path: &field.path, likeness: likeness(effect) })
    });
    let marks = marks(text, &sought.collect::<Vec<_>>());
    let mut told: BTreeMap<&Field, BTreeSet<Option<Mark>>> = BTreeMap::new();
    for ((field, _), mark) in asked.iter().zip(marks) {
        told.entry(field).or_default().insert(mark);
    }
    let agreed = told.into_iter().filter_map(|(field, marks)| {
        let mut marks = marks.into_iter();
        let Mark { line, column } = marks.next().flatten().filter(|_| marks.next().is_none())?;
        Some(FieldPlace { field: field.clone(), line, column })
    });
    agreed.collect()
}

/// Whether the object of an effect is the one that a field names, in that text.
fn stands(field: &Field, unit: &str, effect: &Effect) -> bool {
    match effect.place() {
        Some(Place::Source { file, line }) => field.file.as_ref() == Some(&file) && line == Some(field.from),
        Some(Place::Rendered { line }) => field.unit.as_deref() == Some(unit) && line == field.from,
        None => false,
    }
}

/// What the text in which it stands is to an object.
fn likeness(effect: &Effect) -> Likeness {
    match (&effect.source, &effect.made) {
        (None, Some(Place::Source { .. })) => Likeness::Made,
        (Some(_), _) | (None, Some(Place::Rendered { .. }) | None) => Likeness::Same,
    }
}
