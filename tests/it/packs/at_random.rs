//! Every shipped rule on objects that are made up, under conftest and so under OPA: it finds exactly what we find. Objects
//! are those of the cases with fields dropped, doubled, replaced, and given other types; `COUNTERSIGN_MADE_OBJECTS` says
//! how many of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use countersign_core::config::{Check, Judge, PackCheck, Policy, Severity};
use countersign_core::effect::{Operation, RenderOperation};
use countersign_core::library::Library;
use countersign_core::object::{ObjectRef, Sealer, SealingKey};
use countersign_core::policy::{packs, run_checks};
use serde_json::{Map, Value, json};

use super::Dice;
use crate::arrivals::evaluation;
use crate::parts;

const SEED: u64 = 0x9E37_79B9_7F4A_7C15;
const MADE: usize = 600;

/// What a rule says: its id, how bad it is, and its words. Of a look that failed: the words alone.
type Said = (String, Severity, String);

/// What is judged: an object before and after, either of which may be absent, under parameters.
#[derive(Debug, Clone)]
struct Made {
    /// The rule whose case it was made from.
    rule: &'static str,
    before: Option<Value>,
    after: Option<Value>,
    parameters: Map<String, Value>,
}

impl Made {
    fn operation(&self) -> Operation {
        match (&self.before, &self.after) {
            (None, _) => Operation::Create,
            (Some(_), None) => Operation::Delete,
            (Some(_), Some(_)) => Operation::Update,
        }
    }

    fn rendered(&self) -> RenderOperation {
        match (&self.before, &self.after) {
            (None, _) => RenderOperation::Add,
            (Some(_), None) => RenderOperation::Remove,
            (Some(_), Some(_)) => RenderOperation::Change,
        }
    }

    /// What conftest is given, in the words in which rules ask for it.
    fn input(&self) -> Value {
        let operation = match self.rendered() {
            RenderOperation::Add => "CREATE",
            RenderOperation::Remove => "DELETE",
            RenderOperation::Change => "UPDATE",
        };
        let change = json!({ "operation": operation, "environment": "e", "before": self.before });
        json!({ "object": self.after, "change": change, "parameters": self.parameters })
    }
}

/// The objects of every case.
fn cases() -> Vec<Made> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let mut all = Vec::new();
    for rule in packs::rules().unwrap() {
        let mut parts: BTreeMap<PathBuf, BTreeMap<String, Value>> = BTreeMap::new();
        for entry in
            ["good", "bad"].iter().flat_map(|kind| folder.join(rule.id).join(kind).read_dir().unwrap())
        {
            let path = entry.unwrap().path();
            let file = path.file_name().unwrap().to_str().unwrap();
            let Some(stem) = file.strip_suffix(".yaml") else { continue };
            let (name, part) = stem.split_once('.').unwrap_or((stem, ""));
            let text = std::fs::read_to_string(&path).unwrap();
            let read: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
            let parts = parts.entry(path.with_file_name(name)).or_default();
            parts.insert(part.to_owned(), read.into_iter().next().unwrap());
        }
        for mut parts in parts.into_values() {
            let parameters = parts.remove("parameters").and_then(|read| read.as_object().cloned());
            let (before, after) = (parts.remove("before"), parts.remove(""));
            all.push(Made { rule: rule.id, before, after, parameters: parameters.unwrap_or_default() });
        }
    }
    all.sort_by_key(|made| (made.rule, made.input().to_string()));
    all
}

/// Values that templates and hurried people leave behind.
fn odd(dice: &mut Dice) -> Value {
    let texts = json!([
        "",
        "x",
        "0",
        "1",
        "true",
        "80",
        "10%",
        "*",
        "a/b:c",
        "1Gi",
        "100m",
        "latest",
        "v1",
        "\u{e9}\u{4e16}",
        "a b\n"
    ]);
    let others = json!([
        null, true, false, 0, 1, -1, 80, 65536, 1.5, [], {}, [null], [""], [[]], [{}], { "": "" }, { "name": "x" },
        [{ "name": "x" }], { "matchLabels": {} }, ["*"], ["x", "x"], [1, "1", true]
    ]);
    if dice.often(4) { dice.pick(&texts) } else { dice.pick(&others) }
}

/// Every place in a value, as a JSON pointer.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                places(value, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| places(item, &format!("{at}/{index}"), found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Does one thing to one place of an object; `other` is an object to take from.
fn mutate(dice: &mut Dice, object: &mut Value, other: &Value) {
    let mut all = Vec::new();
    places(object, "", &mut all);
    let place = &all[dice.below(all.len())];
    let Some((parent, key)) = place.rsplit_once('/') else { return };
    let key = key.replace("~1", "/").replace("~0", "~");
    let mut others = Vec::new();
    places(other, "", &mut others);
    // What stands under the same key elsewhere makes more sense than what stands anywhere.
    let same = others.iter().find(|other| other.rsplit('/').next() == place.rsplit('/').next());
    let taken = same.map_or_else(|| others[dice.below(others.len())].as_str(), String::as_str);
    let taken = other.pointer(taken).unwrap().clone();
    let what = dice.below(8);
    match object.pointer_mut(parent).unwrap() {
        Value::Object(map) => match what {
            0 | 1 => drop(map.remove(&key)),
            2 | 3 => drop(map.insert(key, odd(dice))),
            4 => drop(map.insert(key, taken)),
            5 => {
                let wrapped = json!([map[&key]]);
                map.insert(key, wrapped);
            }
            6 => {
                let inner = match &map[&key] {
                    Value::Array(items) => items.first().cloned(),
                    Value::Object(inner) => inner.values().next().cloned(),
                    Value::Number(number) => Some(json!(number.to_string())),
                    Value::String(text) => {
                        Some(text.parse::<i64>().map_or(json!([text]), |number| json!(number)))
                    }
                    Value::Bool(flag) => Some(json!(flag.to_string())),
                    Value::Null => None,
                };
                map.insert(key, inner.unwrap_or(Value::Null));
            }
            _ => {
                let moved = map.remove(&key).unwrap();
                map.insert(format!("{key}x"), moved);
            }
        },
        Value::Array(items) => {
            let index: usize = key.parse().unwrap();
            match what {
                0 | 1 => drop(items.remove(index)),
                2 | 3 => items.push(items[index].clone()),
                4 => items[index] = taken,
                5 => items.insert(index, odd(dice)),
                6 => items.reverse(),
                _ => items[index] = odd(dice),
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// As it comes to a check: what looks like a secret is a handle.
fn sealed(mut body: Value) -> Value {
    let text = |path: &str| body.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let version = text("/apiVersion");
    let (group, version) = version.split_once('/').unwrap_or(("", &version));
    let reference = ObjectRef {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: text("/kind"),
        namespace: text("/metadata/namespace"),
        name: text("/metadata/name"),
    };
    Sealer { key: &SealingKey::new([7; 32]), environment: "e", mask: &[] }.seal(&reference, &mut body);
    body
}

fn made(count: usize) -> Vec<Made> {
    let (cases, mut dice) = (cases(), Dice(SEED));
    let mut all = cases.clone();
    while all.len() < count.max(cases.len()) {
        // All cases in turn, so that a higher number tries more of each.
        let mut made = cases[all.len() % cases.len()].clone();
        let other = cases[dice.below(cases.len())].clone();
        let other = other.after.or(other.before).unwrap();
        for _ in 0..1 + dice.below(4) {
            let before = made.before.is_some() && (made.after.is_none() || dice.often(4));
            let side = if before { &mut made.before } else { &mut made.after };
            mutate(&mut dice, side.as_mut().unwrap(), &other);
        }
        if dice.often(1) {
            (made.before, made.after) = (made.after, made.before);
        }
        all.push(made);
    }
    for made in &mut all {
        for side in [&mut made.before, &mut made.after] {
            *side = side.take().map(sealed);
        }
    }
    all
}

/// Every rule: in one check those that stand in place of others, in another the others.
fn every() -> Vec<Vec<String>> {
    let rules = packs::rules().unwrap();
    let replaced: BTreeSet<&str> = rules.iter().filter_map(|rule| rule.replaces.as_deref()).collect();
    let ids = rules.iter().map(|rule| rule.id.to_owned());
    let (others, newest) = ids.partition(|id| replaced.contains(id.as_str()));
    vec![newest, others]
}

/// What we say. Objects of one set of parameters are judged together, by every rule; where parameters are set, by the rule
/// that they are for.
fn ours(made: &[Made]) -> Vec<BTreeSet<Said>> {
    let mut alike: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, made) in made.iter().enumerate() {
        let set = if made.parameters.is_empty() { "" } else { made.rule };
        alike.entry(format!("{set} {}", json!(made.parameters))).or_default().push(index);
    }
    let mut said = vec![BTreeSet::new(); made.len()];
    for indices in alike.into_values() {
        let first = &made[indices[0]];
        let uses: Vec<Vec<String>> =
            if first.parameters.is_empty() { every() } else { vec![vec![first.rule.to_owned()]] };
        let checks = uses.into_iter().map(|uses| Check {
            name: "c".to_owned(),
            judge: Judge::Pack(PackCheck { uses, except: Vec::new(), parameters: first.parameters.clone() }),
            severity: Severity::Error,
            environments: Vec::new(),
            kinds: Vec::new(),
        });
        let policy = Policy { checks: checks.collect(), ..Policy::builtin() };
        let bodies: Vec<Value> = indices.iter().map(|_| Value::Null).collect();
        let mut seen = evaluation(&bodies);
        for (effect, index) in seen.environments[0].units[0].effects.iter_mut().zip(&indices) {
            let Made { before, after, .. } = &made[*index];
            effect.object.namespace = String::new();
            effect.operation = made[*index].operation();
            effect.rendered = made[*index].rendered();
            (effect.before, effect.after) = (before.as_ref().map(Into::into), after.as_ref().map(Into::into));
        }
        for finding in run_checks(&policy, &Library::default(), &seen) {
            let index = indices[finding.object.unwrap().name.parse::<usize>().unwrap()];
            let rule = if finding.errored { finding.check } else { finding.rule.unwrap() };
            said[index].insert((rule, finding.severity, finding.message));
        }
    }
    said
}

/// The text of a rule.
fn text(rule: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies").join(rule);
    std::fs::read_to_string(folder.join("rule.rego")).unwrap()
}

/// Asks every rule about the object of an input, as the engine asks it.
fn asked() -> String {
    let mut asked = "package asked\n\nimport rego.v1\n\nwords(said) := said if is_string(said)\n\n\
                     words(said) := said.msg if is_object(said)\n"
        .to_owned();
    for rule in packs::rules().unwrap() {
        let (id, text) = (rule.id, text(rule.id));
        let package = id.replace('-', "_").replace('/', ".");
        for name in ["deny", "warn"].into_iter().filter(|name| text.contains(&format!("\n{name} contains ")))
        {
            asked.push_str(&format!(
                "\ndeny contains json.marshal([\"{id}\", \"{name}\", words(said)]) if {{\n\tsome said in data.{package}.{name} \
                 with input as input.object with data.countersign as input.change with data.parameters as input.parameters\n}}\n"
            ));
        }
    }
    asked
}

fn theirs(conftest: &Path, made: &[Made]) -> Vec<BTreeSet<Said>> {
    let folder = tempfile::TempDir::new().unwrap();
    let inputs = folder.path().join("inputs");
    std::fs::create_dir(&inputs).unwrap();
    for (index, made) in made.iter().enumerate() {
        std::fs::write(inputs.join(format!("{index}.json")), made.input().to_string()).unwrap();
    }
    std::fs::write(folder.path().join("asked.rego"), asked()).unwrap();
    let mut command = Command::new(conftest);
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("policies"));
    command.args(["test", "--namespace", "asked", "--no-fail", "--output", "json", "--policy", "."]);
    let done = command
        .arg("--policy")
        .arg(folder.path().join("asked.rego"))
        .args(["--data", "data"])
        .arg(&inputs)
        .output();
    let done = done.unwrap();
    let told = String::from_utf8_lossy(&done.stderr);
    let results: Value = serde_json::from_slice(&done.stdout).unwrap_or_else(|_| panic!("{told}"));
    let rules: BTreeMap<&str, &packs::Rule> =
        packs::rules().unwrap().iter().map(|rule| (rule.id, rule)).collect();
    let mut said = vec![None; made.len()];
    for result in results.as_array().unwrap() {
        let index: usize = Path::new(result["filename"].as_str().unwrap())
            .file_stem()
            .unwrap()
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        let failures = result["failures"].as_array().into_iter().flatten();
        let read = failures.map(|failure| {
            let (rule, name, words): (String, String, String) =
                serde_json::from_str(failure["msg"].as_str().unwrap()).unwrap();
            let severity = rules[rule.as_str()].severity;
            let severity = if name == "warn" { severity.min(Severity::Warning) } else { severity };
            (rule, severity, words)
        });
        said[index] = Some(read.collect::<BTreeSet<Said>>());
    }
    let mut said: Vec<BTreeSet<Said>> =
        said.into_iter().map(|said| said.expect("an answer to each")).collect();
    let of_changes: BTreeSet<&str> =
        rules.keys().copied().filter(|rule| text(rule).contains("data.countersign")).collect();
    for (made, said) in made.iter().zip(&mut said) {
        // Of an object that goes, only rules about changes are asked; where parameters are set, only the rule that has them.
        said.retain(|(rule, ..)| {
            let asked = made.parameters.is_empty() || rule == made.rule;
            asked && (made.after.is_some() || of_changes.contains(rule.as_str()))
        });
    }
    said
}

#[test]
fn made_up_objects_are_judged_as_conftest_judges_them() {
    let Some(conftest) = parts::tools::conftest() else { return };
    let count = std::env::var("COUNTERSIGN_MADE_OBJECTS").ok().map_or(MADE, |count| count.parse().unwrap());
    let made = made(count);
    let (ours, theirs) = (ours(&made), theirs(&conftest, &made));
    let (mut fired, mut fine, mut wrong) =
        (BTreeMap::<&str, usize>::new(), 0, BTreeMap::<&str, Vec<String>>::new());
    for ((made, ours), theirs) in made.iter().zip(&ours).zip(&theirs) {
        fine += usize::from(theirs.is_empty());
        theirs.iter().for_each(|(rule, ..)| *fired.entry(rule).or_default() += 1);
        if ours != theirs {
            let only = |a: &BTreeSet<Said>, b: &BTreeSet<Said>| {
                format!("{:#?}", a.difference(b).collect::<Vec<_>>())
            };
            wrong.entry(made.rule).or_default().push(format!(
                "only ours: {}\nonly theirs: {}\nof {} {}",
                only(ours, theirs),
                only(theirs, ours),
                made.rule,
                made.input()
            ));
        }
    }
    // One of each rule's is enough to see what it is.
    let first: Vec<String> =
        wrong.values().map(|all| format!("{} like this: {}", all.len(), all[0])).collect();
    assert!(wrong.is_empty(), "of {} objects differ:\n{}", made.len(), first.join("\n\n"));
    // It would prove little if a rule never spoke, or if nothing were fine.
    assert_eq!(fired.len(), packs::rules().unwrap().len(), "{fired:?}");
    assert!(fine > made.len() / 20, "{fine}");
}
