//! Where the fields of manifests stand in a text. It is read once more, now with the place of every key: only where
//! somebody asks for a field. Where anything is in doubt there is no answer.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use serde_saphyr::Spanned;

use super::keys::item_key;
use super::node::{Key, number, scalars};
use super::parse::{DEEP_STACK, MAX_NODES, MAX_TEXT, options};
use super::parts::{Part, parts};
use super::path::{Step, walk};

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1, in characters.
    pub column: u32,
}

/// A field that is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Sought<'a> {
    /// The line that its object begins at in the text.
    pub line: u32,
    /// The object as it is judged.
    pub body: &'a Value,
    /// The field, as people read it: `spec.containers[name=web].image`.
    pub path: &'a str,
    /// How the text and the object belong together.
    pub likeness: Likeness,
}

/// What a text is to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// The object is what the text says.
    Same,
    /// The object was made of it, and may have been altered on the way.
    Made,
}

/// Where each of these fields stands. A field that is missing stands where the nearest thing around it does. `None` is for
/// what stands nowhere for certain: of an object that was made of the text, what is not there with the value that is judged.
pub fn marks(text: &str, sought: &[Sought<'_>]) -> Vec<Option<Mark>> {
    let nowhere = || vec![None; sought.len()];
    if text.len() > MAX_TEXT {
        return nowhere();
    }
    // The reader recurses, and nobody knows how much of the caller's stack is left.
    std::thread::scope(|scope| {
        let find = || {
            let mut texts = Parts::of(text);
            sought.iter().map(|sought| texts.find(sought)).collect()
        };
        let reader = std::thread::Builder::new().stack_size(DEEP_STACK).spawn_scoped(scope, find);
        reader.ok().and_then(|reader| reader.join().ok()).unwrap_or_else(nowhere)
    })
}

/// A text in parts, of which the one that was looked into last is at hand.
struct Parts<'t> {
    parts: Vec<Part<'t>>,
    last: Option<(usize, Objects)>,
}

impl<'t> Parts<'t> {
    fn of(text: &'t str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        // What one document says may reach into the next, or the markers are none.
        let is_one = text.trim_start().starts_with('{')
            || text.starts_with('%')
            || text.contains("\n%")
            || text.replace("\r\n", "\n").contains('\r');
        let parts = if is_one { vec![Part { text, line: 1 }] } else { parts(text) };
        Self { parts, last: None }
    }

    fn find(&mut self, sought: &Sought<'_>) -> Option<Mark> {
        let number = self.parts.partition_point(|part| part.line <= sought.line).checked_sub(1)?;
        let part = *self.parts.get(number)?;
        if self.last.as_ref().is_none_or(|(last, _)| *last != number) {
            self.last = Some((number, Objects::read(part.text)));
        }
        let (_, objects) = self.last.as_ref()?;
        let object = objects.find(sought.line - part.line + 1, sought.body)?;
        let found = field(object, part.text, sought)?;
        Some(Mark { line: found.line + part.line - 1, ..found })
    }
}

/// The objects of a part, and which of them begin at a line, by their names.
struct Objects {
    all: Vec<Marked>,
    lines: BTreeMap<u32, BTreeMap<Option<String>, Vec<usize>>>,
}

impl Objects {
    /// None where the part cannot be read.
    fn read(part: &str) -> Self {
        let nodes = (part.len() * 2 + 100).min(MAX_NODES);
        let documents: Vec<Marked> =
            serde_saphyr::from_multiple_with_options(part, options(nodes)).unwrap_or_default();
        let mut objects = Self { all: Vec::new(), lines: BTreeMap::new() };
        for document in documents {
            let from = document.from;
            objects.open(document, from);
        }
        objects
    }

    /// Adds a document, or what is in it where it is a list; each is found at the line of its document too.
    fn open(&mut self, at: Marked, from: u32) {
        match at.items() {
            Ok(items) => items.into_iter().for_each(|item| self.open(item, from)),
            Err(at) => {
                let name = at.name().map(str::to_owned);
                let mut add = |line| {
                    let here = self.lines.entry(line).or_default();
                    here.entry(name.clone()).or_default().push(self.all.len());
                };
                add(at.from);
                if at.from != from {
                    add(from);
                }
                self.all.push(at);
            }
        }
    }

    /// The one object that begins at a line. In JSON that may be the line of the document for all of its items; then the
    /// object is the one that is called so.
    fn find(&self, line: u32, body: &Value) -> Option<&Marked> {
        let here = self.lines.get(&line)?;
        let mut all = here.values().flatten();
        if let (Some(only), None) = (all.next(), all.next()) {
            return self.all.get(*only);
        }
        let name = body.get("metadata").and_then(|metadata| metadata.get("name")).and_then(Value::as_str);
        let called = here.get(&name.map(str::to_owned))?.iter().filter_map(|at| self.all.get(*at));
        let mut called = called.filter(|at| is_called_as(at, body));
        called.next().filter(|_| called.next().is_none())
    }
}

fn is_called_as(at: &Marked, body: &Value) -> bool {
    let same = |path: &[&str]| {
        let own = path.iter().try_fold(at, |at, key| at.get(key)).and_then(Marked::text);
        let theirs = path.iter().try_fold(body, |body, key| body.get(key)).and_then(Value::as_str);
        own == theirs
    };
    let own = at.get("metadata").and_then(|metadata| metadata.get("namespace"));
    same(&["apiVersion"])
        && same(&["kind"])
        && same(&["metadata", "name"])
        && (own.is_none() || same(&["metadata", "namespace"]))
}

/// Where a field of an object stands in its part of the text.
fn field(object: &Marked, part: &str, sought: &Sought<'_>) -> Option<Mark> {
    let walk = walk(sought.body, sought.path);
    let (mut at, mut value, mut name) = (object, sought.body, "");
    let mut found = None;
    for (depth, step) in walk.steps.iter().enumerate() {
        let next = match (step, &at.branch) {
            (Step::Key(key), Branch::Mapping(entries)) => {
                name = key;
                value = value.get(key)?;
                let entry = match walk.steps.get(depth + 1) {
                    Some(Step::Key(inner)) if depth == 0 && *key == "data" => data(entries, inner),
                    Some(Step::Key(_) | Step::Item(_)) | None => {
                        entries.iter().find(|entry| entry.key == *key)
                    }
                };
                entry.map(|entry| (entry.stands_in(part).then_some(entry.at), &entry.value))
            }
            (Step::Item(index), Branch::List(items)) => {
                let list = value.as_array()?;
                value = list.get(*index)?;
                let item = match sought.likeness {
                    Likeness::Same if items.len() == list.len() => items.get(*index),
                    Likeness::Same => None,
                    Likeness::Made => like(items, list, value, name),
                };
                item.map(|item| (Some(item.at), item))
            }
            (Step::Key(_) | Step::Item(_), _) => None,
        };
        match (next, sought.likeness) {
            (Some((mark, inner)), _) => {
                found = mark.or(found);
                at = inner;
            }
            (None, Likeness::Same) => return found,
            (None, Likeness::Made) => return None,
        }
    }
    match sought.likeness {
        Likeness::Made if walk.whole && !at.is(value) => None,
        Likeness::Made | Likeness::Same => found,
    }
}

/// The field at the top of an object that has a key of its `data`: what a Secret says in `stringData` is judged as that.
fn data<'m>(entries: &'m [Entry], key: &str) -> Option<&'m Entry> {
    let named = |name: &str| entries.iter().find(|entry| entry.key == name);
    named("stringData").filter(|entry| entry.value.get(key).is_some()).or_else(|| named("data"))
}

/// The item that a value of a list was made of: the only one of its name, or where it has none, the only one that is equal.
fn like<'m>(items: &'m [Marked], list: &[Value], value: &Value, field: &str) -> Option<&'m Marked> {
    let key = item_key(field, value);
    let is_like = |other: &Value| match &key {
        Some(key) => item_key(field, other).as_deref() == Some(key),
        None => other == value,
    };
    if list.iter().filter(|other| is_like(other)).count() > 1 {
        return None;
    }
    let mut found = items.iter().filter(|item| is_like(&item.value()));
    found.next().filter(|_| found.next().is_none())
}

/// A value with its place.
struct Marked {
    /// The line that it begins at, or an alias that stands for it.
    from: u32,
    at: Mark,
    branch: Branch,
}

enum Branch {
    Mapping(Vec<Entry>),
    List(Vec<Marked>),
    Leaf(Value),
}

struct Entry {
    key: String,
    at: Mark,
    /// The byte of the part that it begins at.
    byte: Option<usize>,
    value: Marked,
}

impl Entry {
    /// Whether the text has the key there.
    fn stands_in(&self, part: &str) -> bool {
        let rest = self.byte.and_then(|byte| part.get(byte..)).unwrap_or_default();
        rest.starts_with(['"', '\'']) || !self.key.is_empty() && rest.starts_with(&self.key)
    }
}

impl Marked {
    fn get(&self, key: &str) -> Option<&Self> {
        let Branch::Mapping(entries) = &self.branch else { return None };
        entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// What its `metadata` call it.
    fn name(&self) -> Option<&str> {
        self.get("metadata")?.get("name")?.text()
    }

    /// What is in a list of objects; else it is given back.
    fn items(self) -> Result<Vec<Self>, Self> {
        let is_list = self.get("kind").and_then(Self::text).is_some_and(|kind| kind.ends_with("List"));
        let Self { from, at, branch } = self;
        match branch {
            Branch::Mapping(mut entries) if is_list => {
                let items = entries
                    .iter()
                    .position(|entry| entry.key == "items" && matches!(entry.value.branch, Branch::List(_)));
                match items.map(|items| entries.swap_remove(items).value.branch) {
                    Some(Branch::List(items)) => Ok(items),
                    Some(Branch::Mapping(_) | Branch::Leaf(_)) | None => {
                        Err(Self { from, at, branch: Branch::Mapping(entries) })
                    }
                }
            }
            Branch::Mapping(_) | Branch::List(_) | Branch::Leaf(_) => Err(Self { from, at, branch }),
        }
    }

    fn text(&self) -> Option<&str> {
        if let Branch::Leaf(Value::String(text)) = &self.branch { Some(text) } else { None }
    }

    /// The value as a manifest has it: what is null is not there.
    fn value(&self) -> Value {
        match &self.branch {
            Branch::Leaf(value) => value.clone(),
            Branch::List(items) => items.iter().map(Self::value).collect(),
            Branch::Mapping(entries) => {
                let entries = entries.iter().map(|entry| (entry.key.clone(), entry.value.value()));
                Value::Object(entries.filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>())
            }
        }
    }

    /// Whether it is this value. One that is masked may be anything.
    fn is(&self, value: &Value) -> bool {
        self.value() == *value
    }
}

fn mark(place: serde_saphyr::Location) -> Mark {
    let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    Mark { line: number(place.line()), column: number(place.column()) }
}

impl<'de> Deserialize<'de> for Marked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, defined } = Spanned::<Branch>::deserialize(deserializer)?;
        Ok(Self { from: mark(referenced).line, at: mark(defined), branch: value })
    }
}

impl<'de> Deserialize<'de> for Branch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BranchVisitor)
    }
}

struct BranchVisitor;

impl<'de> Visitor<'de> for BranchVisitor {
    type Value = Branch;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    scalars!(Branch::Leaf);

    fn visit_unit<E>(self) -> Result<Branch, E> {
        Ok(Branch::Leaf(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Branch, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Branch::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Branch, A::Error> {
        let mut entries = Vec::new();
        while let Some(Spanned { value: Key(key), defined, .. }) = access.next_key::<Spanned<Key>>()? {
            let byte = defined.span().byte_offset().and_then(|byte| usize::try_from(byte).ok());
            entries.push(Entry { key, at: mark(defined), byte, value: access.next_value()? });
        }
        Ok(Branch::Mapping(entries))
    }
}
