//! What was predicted, against what a real applier then makes.

use std::path::Path;
use std::process::Command;

use super::*;

/// One edit of one object.
pub(super) struct Edit {
    pub(super) about: &'static str,
    pub(super) base: Value,
    /// What somebody else writes in between, as a strategic merge patch (a JSON merge patch for custom kinds).
    pub(super) meanwhile: Option<Value>,
    pub(super) head: Value,
    pub(super) settled: bool,
}

impl Edit {
    pub(super) fn new(about: &'static str, base: &Value, change: impl FnOnce(&mut Value)) -> Self {
        let mut head = base.clone();
        change(&mut head);
        Self { about, base: base.clone(), meanwhile: None, head, settled: true }
    }

    pub(super) fn meanwhile(self, patch: Value) -> Self {
        Self { meanwhile: Some(patch), ..self }
    }

    pub(super) fn unsettled(self) -> Self {
        Self { settled: false, ..self }
    }

    /// With a name that no other edit has.
    fn named(mut self, number: usize) -> Self {
        for side in [&mut self.base, &mut self.head] {
            side["metadata"]["name"] = format!("edit-{number}").into();
        }
        self
    }
}

/// Something that makes real objects of manifests.
pub(super) trait Applier {
    /// For the first time, or again.
    fn apply(&self, world: &World, manifests: &[&Value], again: bool);
}

/// Applies each base, lets others write, predicts, applies each head, and compares what came with what was predicted.
pub(super) async fn hold(
    world: &World,
    environment: &Environment,
    applier: &impl Applier,
    edits: Vec<Edit>,
) -> Predicted {
    let edits: Vec<Edit> = edits.into_iter().enumerate().map(|(number, edit)| edit.named(number)).collect();
    applier.apply(world, &edits.iter().map(|edit| &edit.base).collect::<Vec<_>>(), false);
    for edit in &edits {
        if let Some(patch) = &edit.meanwhile {
            let custom = reference(&edit.base).group.ends_with("example.org");
            let content_type = if custom { "merge" } else { "strategic-merge" };
            let content_type = format!("application/{content_type}-patch+json");
            world.patch(&edit.base, &content_type, "fieldManager=autoscaler", patch).await;
        }
    }
    let before = lives(world, &edits).await;
    let inputs = edits.iter().map(|edit| input(Some(&edit.base), Some(&edit.head))).collect();
    let predicted = world.predict(environment, inputs).await;
    assert_eq!(lives(world, &edits).await, before, "a prediction writes nothing");
    applier.apply(world, &edits.iter().map(|edit| &edit.head).collect::<Vec<_>>(), true);
    let after = lives(world, &edits).await;
    let mut wrong = Vec::new();
    for (number, edit) in edits.iter().enumerate() {
        let effect = &predicted.effects[number];
        if effect.settled != Some(edit.settled) {
            wrong.push(format!("{}: settled {:?}, {:?}", edit.about, effect.settled, effect.reason));
        }
        let real = diff::fields(&before[number], &after[number]);
        let same = real.len() == effect.changes.len()
            && real.iter().zip(&effect.changes).all(|(real, predicted)| {
                real.path == predicted.path
                    && agrees(predicted.before.as_ref(), real.before.as_ref())
                    && agrees(predicted.after.as_ref(), real.after.as_ref())
            });
        if edit.settled && !same {
            let all = |changes: &[_]| changes.iter().map(change).collect::<Vec<_>>().join("\n");
            wrong.push(format!(
                "{}: predicted\n{}\nbut it became\n{}",
                edit.about,
                all(&effect.changes),
                all(&real)
            ));
        }
    }
    let problems: Vec<_> = predicted.errors.iter().filter(|error| error.undecided).collect();
    assert!(wrong.is_empty() && problems.is_empty(), "{problems:?}\n{}", wrong.join("\n"));
    predicted
}

async fn lives(world: &World, edits: &[Edit]) -> Vec<Value> {
    let mut all = Vec::new();
    for edit in edits {
        all.push(world.live(&edit.base).await.unwrap());
    }
    all
}

/// A live value that is not shown stands for any.
pub(super) fn agrees(predicted: Option<&Value>, real: Option<&Value>) -> bool {
    match (predicted, real) {
        (Some(Value::String(text)), Some(_)) if text.starts_with("‹live") => true,
        (Some(Value::Object(predicted)), Some(Value::Object(real))) => {
            predicted.len() == real.len()
                && predicted.iter().all(|(key, value)| agrees(Some(value), real.get(key)))
        }
        (Some(Value::Array(predicted)), Some(Value::Array(real))) => {
            predicted.len() == real.len()
                && predicted.iter().zip(real).all(|(one, other)| agrees(Some(one), Some(other)))
        }
        (predicted, real) => predicted == real,
    }
}

/// A list of objects, as one manifest.
pub(super) fn list(manifests: &[&Value]) -> String {
    json!({ "apiVersion": "v1", "kind": "List", "items": manifests }).to_string()
}

/// Runs a command that has to succeed.
pub(super) fn run(command: &mut Command) -> String {
    let done = command.output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}: {}{said}", String::from_utf8_lossy(&done.stdout));
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// A command that reaches this world's server and leaves nothing behind but in `home`.
pub(super) fn command(program: &Path, world: &World, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.env("KUBECONFIG", world.server.kubeconfig()).env("HOME", home).current_dir(home);
    command
}
