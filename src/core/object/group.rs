//! Texts that correspond on both sides, read together: a part that stands in both is read once, and of its objects only
//! the names are kept.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::draft::Draft;
use super::parse::{MAX_DOCUMENTS, MAX_NODES, MAX_TEXT, SHALLOW, Told, deepest, manifests};
use super::parts::{Part, parts};
use super::seal::Sealer;
use super::{Body, CustomScopes, ManifestText, RenderedObject, generated};
use crate::revision::Diff;
use crate::threads;

/// The texts of one file on both sides, or those of one number where they have no file.
#[derive(Default)]
pub(super) struct Group<'a> {
    texts: Diff<Vec<ManifestText<'a>>>,
    /// Their numbers among all texts of their side.
    pub(super) numbers: Diff<Vec<usize>>,
}

/// A group that was read.
pub(super) struct Read {
    pub(super) sides: Diff<Vec<TextRead>>,
    /// The parts that both sides have.
    pub(super) shared: Vec<Shared>,
}

/// What one text holds.
pub(super) struct TextRead {
    pub(super) objects: Vec<RenderedObject>,
    /// For each object the shared part and the place in it that it comes from, if it does; then it has no body.
    pub(super) shared: Vec<Option<(usize, usize)>>,
    /// What stands for the names of generated Secrets.
    pub(super) names: BTreeMap<String, String>,
    /// The kinds that it declares to be cluster-scoped.
    pub(super) scopes: CustomScopes,
}

/// A part that both sides have.
pub(super) struct Shared {
    names: Vec<Name>,
    declared: Vec<(String, String)>,
    /// What may be the ends of generated names in it.
    pub(super) endings: BTreeSet<String>,
}

/// What is kept of an object whose text stands on both sides.
struct Name {
    api_version: Option<String>,
    kind: Option<String>,
    name: Option<String>,
    generate_name: Option<String>,
    namespace: Option<String>,
    line: u32,
}

impl Name {
    fn of(line: u32, body: &Value) -> Self {
        let Told { api_version, kind, name, generate_name, namespace } = Told::by(body);
        let [api_version, kind, name, generate_name, namespace] =
            [api_version, kind, name, generate_name, namespace].map(|text| text.map(str::to_owned));
        Self { api_version, kind, name, generate_name, namespace, line }
    }

    fn told(&self) -> Told<'_> {
        Told {
            api_version: self.api_version.as_deref(),
            kind: self.kind.as_deref(),
            name: self.name.as_deref(),
            generate_name: self.generate_name.as_deref(),
            namespace: self.namespace.as_deref(),
        }
    }
}

impl<'a> Group<'a> {
    /// All texts, those together that correspond.
    pub(super) fn all(sides: &Diff<Vec<ManifestText<'a>>>) -> Vec<Self> {
        let mut groups: BTreeMap<(Option<&str>, usize), Self> = BTreeMap::new();
        for (is_head, texts) in [(false, &sides.base), (true, &sides.head)] {
            for (number, text) in texts.iter().enumerate() {
                let Self { texts, numbers } =
                    groups.entry((text.file, text.file.map_or(number, |_| 0))).or_default();
                side(texts, is_head).push(*text);
                side(numbers, is_head).push(number);
            }
        }
        groups.into_values().collect()
    }

    /// Reads both sides; `None` where something is in doubt.
    pub(super) fn read(
        &self,
        default_namespace: Option<&str>,
        sealer: &Sealer<'_>,
        threads: usize,
    ) -> Option<Read> {
        let Diff { base, head } = &self.texts;
        if !base.iter().chain(head).all(|text| is_plain(text.text)) {
            return None;
        }
        let split =
            |texts: &[ManifestText<'a>]| texts.iter().map(|text| parts(text.text)).collect::<Vec<_>>();
        let split = Diff { base: split(base), head: split(head) };
        let jobs = jobs(&split);
        let contents = threads::each(&jobs, threads, content).into_iter().collect::<Option<Vec<_>>>()?;
        let mut assembled = Diff { base: Assembly::new(&split.base), head: Assembly::new(&split.head) };
        let mut shared = Vec::new();
        for (job, (content, nodes)) in jobs.iter().zip(contents) {
            match content {
                Content::Shared(part) => {
                    let number = shared.len();
                    shared.push(part);
                    assembled.base.place(job.base?, Slot::Shared(number), nodes)?;
                    assembled.head.place(job.head?, Slot::Shared(number), nodes)?;
                }
                Content::Own(raw) => {
                    let own = Slot::Own(job.part.line, raw);
                    match (job.base, job.head) {
                        (Some(spot), _) => assembled.base.place(spot, own, nodes)?,
                        (None, spot) => assembled.head.place(spot?, own, nodes)?,
                    }
                }
            }
        }
        let reading = Reading { shared: &shared, default_namespace, sealer, threads };
        let sides =
            Diff { base: reading.texts(assembled.base, base)?, head: reading.texts(assembled.head, head)? };
        Some(Read { sides, shared })
    }
}

fn side<T>(both: &mut Diff<T>, is_head: bool) -> &mut T {
    if is_head { &mut both.head } else { &mut both.base }
}

/// Whether a text can be taken apart at its document markers: nothing that one document says reaches into the next.
fn is_plain(text: &str) -> bool {
    text.len() <= MAX_TEXT
        && !text.starts_with('\u{feff}')
        && !text.trim_start().starts_with('{')
        && !text.starts_with('%')
        && !text.contains("\n%")
        && !text.replace("\r\n", "\n").contains('\r')
        && deepest(text) <= SHALLOW
}

/// A part of a text that was read.
enum Content {
    /// It is the same on both sides.
    Shared(Shared),
    /// One side alone has it.
    Own(Vec<(u32, Value)>),
}

/// Where a part stands: the text, and its number in that text.
type Spot = (usize, usize);

struct Job<'a> {
    part: Part<'a>,
    base: Option<Spot>,
    head: Option<Spot>,
}

/// Each part of the texts, shared ones once.
fn jobs<'a>(split: &Diff<Vec<Vec<Part<'a>>>>) -> Vec<Job<'a>> {
    let mut found: BTreeMap<&str, Diff<Vec<(Part<'a>, Spot)>>> = BTreeMap::new();
    for (is_head, split) in [(false, &split.base), (true, &split.head)] {
        for (text, parts) in split.iter().enumerate() {
            for (number, part) in parts.iter().enumerate() {
                side(found.entry(part.text).or_default(), is_head).push((*part, (text, number)));
            }
        }
    }
    let mut jobs = Vec::new();
    for Diff { base, head } in found.into_values() {
        if let ([(part, base)], [(_, head)]) = (base.as_slice(), head.as_slice()) {
            jobs.push(Job { part: *part, base: Some(*base), head: Some(*head) });
            continue;
        }
        jobs.extend(base.into_iter().map(|(part, spot)| Job { part, base: Some(spot), head: None }));
        jobs.extend(head.into_iter().map(|(part, spot)| Job { part, base: None, head: Some(spot) }));
    }
    jobs
}

/// What a part holds, and of how many values; `None` where it is in doubt.
fn content(job: &Job<'_>) -> Option<(Content, usize)> {
    let raw = manifests(job.part.text).ok()?;
    let nodes = raw.iter().map(|(_, body)| nodes(body)).sum();
    if job.base.is_none() || job.head.is_none() {
        return Some((Content::Own(raw), nodes));
    }
    let mut endings = BTreeSet::new();
    let mut declared = Vec::new();
    let mut names = Vec::with_capacity(raw.len());
    for (line, body) in &raw {
        generated::endings(body, &mut endings);
        declared.extend(CustomScopes::declared(body));
        names.push(Name::of(*line, body));
    }
    Some((Content::Shared(Shared { names, declared, endings }), nodes))
}

fn nodes(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(nodes).sum::<usize>(),
        Value::Object(entries) => 1 + entries.values().map(|value| 1 + nodes(value)).sum::<usize>(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
    }
}

enum Slot {
    Shared(usize),
    /// The line that the part begins at, and its manifests.
    Own(u32, Vec<(u32, Value)>),
    Missing,
}

/// The parts of one side, as they come in.
struct Assembly {
    texts: Vec<(Vec<Slot>, usize)>,
}

impl Assembly {
    fn new(split: &[Vec<Part<'_>>]) -> Self {
        let text = |parts: &Vec<Part<'_>>| (parts.iter().map(|_| Slot::Missing).collect(), 0);
        Self { texts: split.iter().map(text).collect() }
    }

    fn place(&mut self, (text, part): Spot, slot: Slot, nodes: usize) -> Option<()> {
        let (slots, all) = self.texts.get_mut(text)?;
        *all += nodes;
        *slots.get_mut(part)? = slot;
        (*all < MAX_NODES && slots.len() < MAX_DOCUMENTS).then_some(())
    }
}

/// From parts to objects.
struct Reading<'a> {
    shared: &'a [Shared],
    default_namespace: Option<&'a str>,
    sealer: &'a Sealer<'a>,
    threads: usize,
}

/// Manifests, and for each the shared part and the place in it that it comes from.
type Drafts = (Vec<Draft>, Vec<Option<(usize, usize)>>);

impl Reading<'_> {
    /// The objects text by text, as one side alone would be read; of shared parts the references alone.
    fn texts(&self, assembled: Assembly, texts: &[ManifestText<'_>]) -> Option<Vec<TextRead>> {
        let texts = assembled.texts.into_iter().zip(texts);
        texts.map(|((slots, _), text)| self.text(slots, text)).collect()
    }

    fn text(&self, slots: Vec<Slot>, text: &ManifestText<'_>) -> Option<TextRead> {
        let mut scopes = CustomScopes::default();
        for slot in &slots {
            scopes = scopes.and(match slot {
                Slot::Shared(number) => self.shared.get(*number)?.declared.clone(),
                Slot::Own(_, raw) => {
                    raw.iter().filter_map(|(_, body)| CustomScopes::declared(body)).collect()
                }
                Slot::Missing => return None,
            });
        }
        let (mut drafts, shared) = self.drafts(slots, text, &scopes)?;
        let names = generated::secret_names(drafts.iter().map(|draft| &draft.reference), self.sealer);
        generated::veil(&mut drafts, &names);
        let nothing = Body::from(Value::Null);
        let read = |(draft, shared): (Draft, &Option<_>)| match shared {
            Some(_) => draft.with(nothing.clone()),
            None => draft.seal(self.sealer),
        };
        let objects = threads::each(drafts.into_iter().zip(&shared), self.threads, read);
        Some(TextRead { objects, shared, names, scopes })
    }

    fn drafts(&self, slots: Vec<Slot>, text: &ManifestText<'_>, scopes: &CustomScopes) -> Option<Drafts> {
        let (mut drafts, mut shared) = (Vec::new(), Vec::new());
        let identify = |told: Told<'_>, line: u32| told.identify(line, self.default_namespace, scopes).ok();
        for slot in slots {
            match slot {
                Slot::Missing => return None,
                Slot::Shared(number) => {
                    for (place, name) in self.shared.get(number)?.names.iter().enumerate() {
                        let reference = identify(name.told(), name.line)?;
                        let (body, sealed) = (Value::Null, false);
                        drafts.push(Draft { reference, body, sealed, origin: None, made: None });
                        shared.push(Some((number, place)));
                    }
                }
                Slot::Own(start, raw) => {
                    for (line, body) in raw {
                        let reference = identify(Told::by(&body), line)?;
                        let line = if line == 0 { 0 } else { line + start - 1 };
                        drafts.push(Draft::at(text, line, reference, body));
                        shared.push(None);
                    }
                }
            }
        }
        Some((drafts, shared))
    }
}
