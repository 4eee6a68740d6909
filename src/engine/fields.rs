//! Where the fields stand that findings are about. Texts are read for what was found alone, after it was found; what
//! cannot be read or told leaves a finding at its object.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::decide::Found;
use countersign_core::effect::Effect;
use countersign_core::evaluation::EnvironmentEvaluation;
use countersign_core::object::{Likeness, Mark, ObjectRef, Place, Sought, marks};
use countersign_core::policy::{Field, FieldPlace};
use countersign_core::revision::ObjectId;
use countersign_core::snapshot::Snapshot;
use futures::future::join_all;
use serde_json::Value;

use crate::ports::{Reads, Renderer, Source, UnitSpec};

/// How many texts are read at most.
const MOST_TEXTS: usize = 1_000;
/// How many of them may have to be rendered once more: nobody waits for lines.
const MOST_RENDERS: usize = 100;

/// A text that objects stand in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Text {
    File(String),
    /// What a unit of an environment renders to.
    Rendered(String, String),
}

/// Puts into a snapshot where the fields stand in the judged tree that findings are about.
pub async fn find_fields(
    source: &dyn Source,
    renderer: &dyn Renderer,
    tree: &ObjectId,
    snapshot: &mut Snapshot,
    found: &Found,
) {
    let mut texts: BTreeMap<Text, BTreeSet<Field>> = BTreeMap::new();
    for field in found.all().filter_map(Field::of) {
        if let Some(text) = Text::of(&field) {
            texts.entry(text).or_default().insert(field);
        }
    }
    let effects = if texts.is_empty() { Effects::new() } else { effects(snapshot) };
    let rendered = rendered(source, renderer, tree, snapshot, texts.keys()).await;
    let mut places = Vec::new();
    for (text, fields) in texts.iter().take(MOST_TEXTS) {
        let read = match text {
            Text::File(file) => read(source, tree, file).await,
            Text::Rendered(environment, unit) => {
                rendered.get(&(environment.as_str(), unit.as_str())).cloned()
            }
        };
        places.extend(read.into_iter().flat_map(|read| placed(&read, fields, &effects)));
    }
    drop(effects);
    snapshot.fields = places;
}

impl Text {
    fn of(field: &Field) -> Option<Self> {
        match (&field.file, &field.unit) {
            (Some(file), _) => Some(Self::File(file.clone())),
            (None, Some(unit)) => Some(Self::Rendered(field.environment.clone(), unit.clone())),
            (None, None) => None,
        }
    }
}

async fn read(source: &dyn Source, tree: &ObjectId, file: &str) -> Option<String> {
    match source.read_file(tree, file).await {
        Ok(bytes) => String::from_utf8(bytes?).ok(),
        Err(error) => {
            tracing::warn!(%file, %error, "the lines of findings in a file could not be looked up");
            None
        }
    }
}

/// What units render to, by environment and unit. They were rendered a moment ago, and are mostly remembered.
async fn rendered<'t>(
    source: &dyn Source,
    renderer: &dyn Renderer,
    tree: &ObjectId,
    snapshot: &Snapshot,
    texts: impl Iterator<Item = &'t Text>,
) -> BTreeMap<(&'t str, &'t str), String> {
    let named = texts.filter_map(|text| match text {
        Text::File(_) => None,
        Text::Rendered(environment, unit) => Some((environment.as_str(), unit.as_str())),
    });
    let mut wanted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (environment, unit) in named.take(MOST_RENDERS) {
        wanted.entry(environment).or_default().insert(unit);
    }
    let mut texts = BTreeMap::new();
    for (name, units) in wanted {
        let found = snapshot.evaluation.environments.iter().find(|found| found.environment.name == name);
        let Some(EnvironmentEvaluation { environment, units: seen, .. }) = found else { continue };
        // What is another text each time has no lines to speak of.
        let is_wanted = |spec: &UnitSpec| {
            seen.iter()
                .any(|unit| unit.name == spec.name && unit.stable && units.contains(unit.name.as_str()))
        };
        let Ok(mut specs) = renderer.units(source, tree, environment).await else { continue };
        specs.retain(is_wanted);
        let Ok(reads) = renderer.read_sets(source, tree, &specs).await else { continue };
        let mut each = Vec::new();
        for (spec, reads) in specs.iter().zip(&reads) {
            each.push(text_of(source, renderer, tree, (spec, reads)));
        }
        let each = join_all(each).await;
        for (unit, text) in each.into_iter().flatten() {
            if let Some(unit) = units.get(unit) {
                texts.insert((name, *unit), text);
            }
        }
    }
    texts
}

/// What a unit renders to, where that is one text.
async fn text_of<'s>(
    source: &dyn Source,
    renderer: &dyn Renderer,
    tree: &ObjectId,
    (spec, reads): (&'s UnitSpec, &Reads),
) -> Option<(&'s str, String)> {
    let rendering = renderer.render(source, tree, spec, reads).await.ok()?;
    let mut texts = rendering.texts.into_iter().filter(|text| text.file.is_none());
    let text = texts.next().filter(|_| texts.next().is_none())?;
    Some((spec.name.as_str(), text.text))
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
fn placed(text: &str, fields: &BTreeSet<Field>, effects: &Effects<'_>) -> Vec<FieldPlace> {
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
