//! Both sides of a unit read at once: a document that stands in both is read once, and of its objects only the names
//! are kept.
//!
//! What comes out is what reading each side for itself would give, less the objects that cannot differ. Whatever is in
//! doubt (an error, directives, an object that comes twice, a name of a generated Secret that only one side has) is
//! read side by side as ever.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::parse::{MAX_DOCUMENTS, MAX_NODES, MAX_TEXT, ManifestError, SHALLOW, Told, deepest, manifests};
use super::parts::{Part, parts};
use super::seal::Sealer;
use super::{CustomScopes, ObjectRef, Origin, RenderedObject, generated, parse_manifests};
use crate::revision::Diff;

/// One text of manifests.
#[derive(Debug, Clone, Copy)]
pub struct ManifestText<'a> {
    /// The file that it stands in, where that is known: the origin of its objects.
    pub file: Option<&'a str>,
    /// YAML or JSON.
    pub text: &'a str,
}

/// The objects of one side.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parsed {
    /// Those that may differ from the other side, in the order of the texts.
    pub objects: Vec<RenderedObject>,
    /// Those that are the same on both sides.
    pub same: Vec<ObjectRef>,
}

/// Why a side is not a list of manifests: the number of the text, and what is wrong with it.
pub type TextError = (usize, ManifestError);

/// Reads both sides of a unit, with at most so many threads. Secret leaves are sealed, and the namespace goes from
/// objects of kinds that the same side defines as cluster-scoped, in whichever text.
pub fn parse_sides(
    sides: &Diff<Vec<ManifestText<'_>>>,
    default_namespace: Option<&str>,
    sealer: &Sealer<'_>,
    threads: usize,
) -> Diff<Result<Parsed, TextError>> {
    if let Some(Diff { base, head }) = together(sides, default_namespace, sealer, threads) {
        return Diff { base: Ok(base), head: Ok(head) };
    }
    let alone = |texts: &[ManifestText<'_>]| {
        let objects = parse_side(texts, default_namespace, sealer)?;
        Ok(Parsed { objects, same: Vec::new() })
    };
    Diff { base: alone(&sides.base), head: alone(&sides.head) }
}

/// Reads one side for itself.
pub fn parse_side(
    texts: &[ManifestText<'_>],
    default_namespace: Option<&str>,
    sealer: &Sealer<'_>,
) -> Result<Vec<RenderedObject>, TextError> {
    let mut objects = Vec::new();
    for (number, text) in texts.iter().enumerate() {
        let parsed = parse_manifests(text.text, text.file, default_namespace, sealer);
        objects.extend(parsed.map_err(|error| (number, error))?);
    }
    // A definition in another text says whether its kind lives in namespaces.
    CustomScopes::of(objects.iter().map(|object| &object.body)).apply(&mut objects);
    Ok(objects)
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

/// A part of a text that was read.
enum Content {
    /// It is the same on both sides.
    Shared { names: Vec<Name>, declared: Vec<(String, String)>, endings: BTreeSet<String> },
    /// One side alone has it.
    Own(Vec<(u32, Value)>),
}

/// Where a part stands: side, text, and its number in that text.
type Spot = (bool, usize, usize);

struct Job<'a> {
    part: Part<'a>,
    base: Option<Spot>,
    head: Option<Spot>,
}

/// What corresponds on both sides: file, or number where there is none, and text of a part.
type Text<'a> = (Option<&'a str>, usize, &'a str);

/// Each part of the texts, shared ones once.
fn jobs<'a>(split: &Diff<Vec<Vec<Part<'a>>>>, sides: &Diff<Vec<ManifestText<'a>>>) -> Vec<Job<'a>> {
    let mut found: BTreeMap<Text<'_>, Diff<Vec<(Part<'a>, Spot)>>> = BTreeMap::new();
    for (is_head, texts, split) in [(false, &sides.base, &split.base), (true, &sides.head, &split.head)] {
        for (number, (text, parts)) in texts.iter().zip(split).enumerate() {
            // Texts without a file correspond by their number.
            let place = text.file.map_or(number, |_| 0);
            for (index, part) in parts.iter().enumerate() {
                let entry = found
                    .entry((text.file, place, part.text))
                    .or_insert_with(|| Diff { base: Vec::new(), head: Vec::new() });
                let side = if is_head { &mut entry.head } else { &mut entry.base };
                side.push((*part, (is_head, number, index)));
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
    // In their order, so that each thread has a stretch of alike work.
    jobs.sort_by_key(|job| job.base.or(job.head));
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
    Some((Content::Shared { names, declared, endings }, nodes))
}

fn nodes(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(nodes).sum::<usize>(),
        Value::Object(entries) => 1 + entries.values().map(|value| 1 + nodes(value)).sum::<usize>(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
    }
}

/// A shorter text is not worth a thread.
const WORTH_A_THREAD: usize = 128 << 10;

/// Reads every part, by several threads where there is enough to do.
fn contents(jobs: &[Job<'_>], threads: usize) -> Option<Vec<(Content, usize)>> {
    let bytes: usize = jobs.iter().map(|job| job.part.text.len()).sum();
    let threads = threads.min(bytes / WORTH_A_THREAD).max(1);
    let read = |jobs: &[Job<'_>]| jobs.iter().map(content).collect::<Option<Vec<_>>>();
    if threads == 1 {
        return read(jobs);
    }
    std::thread::scope(|scope| {
        let stretches = jobs.chunks(jobs.len().div_ceil(threads).max(1));
        let workers: Vec<_> = stretches
            .map(|stretch| std::thread::Builder::new().spawn_scoped(scope, move || read(stretch)))
            .collect();
        let mut all = Vec::with_capacity(jobs.len());
        for worker in workers {
            all.extend(worker.ok()?.join().ok()??);
        }
        Some(all)
    })
}

/// Both sides, or `None` where something is in doubt.
fn together(
    sides: &Diff<Vec<ManifestText<'_>>>,
    default_namespace: Option<&str>,
    sealer: &Sealer<'_>,
    threads: usize,
) -> Option<Diff<Parsed>> {
    if sides.base.is_empty() || sides.head.is_empty() {
        return None;
    }
    if !sides.base.iter().chain(&sides.head).all(|text| is_plain(text.text)) {
        return None;
    }
    let split = Diff {
        base: sides.base.iter().map(|text| parts(text.text)).collect::<Vec<_>>(),
        head: sides.head.iter().map(|text| parts(text.text)).collect::<Vec<_>>(),
    };
    let jobs = jobs(&split, sides);
    let contents = contents(&jobs, threads)?;
    let mut base = Assembly::new(&split.base);
    let mut head = Assembly::new(&split.head);
    let mut shared = Vec::new();
    for (job, (content, nodes)) in jobs.iter().zip(contents) {
        match content {
            Content::Shared { names, declared, endings } => {
                let number = shared.len();
                shared.push((names, declared, endings));
                base.place(job.base?, Slot::Shared(number), nodes)?;
                head.place(job.head?, Slot::Shared(number), nodes)?;
            }
            Content::Own(raw) => {
                let own = Slot::Own(job.part.line, raw);
                match (job.base, job.head) {
                    (Some(spot), _) => base.place(spot, own, nodes)?,
                    (None, spot) => head.place(spot?, own, nodes)?,
                }
            }
        }
    }
    let base = base.read(&sides.base, &shared, default_namespace, sealer)?;
    let head = head.read(&sides.head, &shared, default_namespace, sealer)?;
    settle(base, head, &shared)
}

type Shared = (Vec<Name>, Vec<(String, String)>, BTreeSet<String>);

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

    fn place(&mut self, (_, text, part): Spot, slot: Slot, nodes: usize) -> Option<()> {
        let (slots, all) = self.texts.get_mut(text)?;
        *all += nodes;
        *slots.get_mut(part)? = slot;
        (*all < MAX_NODES && slots.len() < MAX_DOCUMENTS).then_some(())
    }

    /// The objects text by text, as one side alone would be read; of shared parts the references alone.
    fn read(
        self,
        texts: &[ManifestText<'_>],
        shared: &[Shared],
        default_namespace: Option<&str>,
        sealer: &Sealer<'_>,
    ) -> Option<Side> {
        let mut side = Side::default();
        let mut scopes = CustomScopes::default();
        for ((slots, _), text) in self.texts.into_iter().zip(texts) {
            let mut read = OneText { file: text.file, default_namespace, scopes: CustomScopes::default() };
            for slot in &slots {
                read.scopes = std::mem::take(&mut read.scopes).and(match slot {
                    Slot::Shared(number) => shared.get(*number)?.1.clone(),
                    Slot::Own(_, raw) => {
                        raw.iter().filter_map(|(_, body)| CustomScopes::declared(body)).collect()
                    }
                    Slot::Missing => return None,
                });
            }
            let (mut objects, origins) = read.objects(slots, shared)?;
            let names = generated::secret_names(&objects, sealer);
            generated::veil(&mut objects, &names);
            for (object, origin) in objects.iter_mut().zip(&origins) {
                if origin.is_none() {
                    object.sealed |= sealer.seal(&object.reference, &mut object.body);
                }
            }
            scopes = scopes.and(read.scopes.into_declared());
            side.names.push(names);
            side.counts.push(objects.len());
            side.objects.extend(objects);
            side.shared.extend(origins);
        }
        scopes.apply(&mut side.objects);
        Some(side)
    }
}

/// One text on its way to objects.
struct OneText<'a> {
    file: Option<&'a str>,
    default_namespace: Option<&'a str>,
    scopes: CustomScopes,
}

/// Objects, and for each the shared part and the place in it that it comes from.
type Objects = (Vec<RenderedObject>, Vec<Option<(usize, usize)>>);

impl OneText<'_> {
    fn objects(&self, slots: Vec<Slot>, shared: &[Shared]) -> Option<Objects> {
        let (mut objects, mut origins) = (Vec::new(), Vec::new());
        for slot in slots {
            match slot {
                Slot::Missing => return None,
                Slot::Shared(number) => {
                    for (place, name) in shared.get(number)?.0.iter().enumerate() {
                        let told = name.told();
                        let reference =
                            told.identify(name.line, self.default_namespace, &self.scopes).ok()?;
                        objects.push(RenderedObject {
                            reference,
                            body: Value::Null,
                            sealed: false,
                            origin: None,
                        });
                        origins.push(Some((number, place)));
                    }
                }
                Slot::Own(start, raw) => {
                    for (line, body) in raw {
                        let told = Told::by(&body);
                        let reference = told.identify(line, self.default_namespace, &self.scopes).ok()?;
                        let line = if line == 0 { 1 } else { line + start - 1 };
                        let origin = self.file.map(|file| Origin { file: file.to_owned(), line });
                        objects.push(RenderedObject { reference, body, sealed: false, origin });
                        origins.push(None);
                    }
                }
            }
        }
        Some((objects, origins))
    }
}

/// A shared object's reference on one side, and the names of Secrets in its text.
type Known<'a> = (&'a ObjectRef, &'a BTreeMap<String, String>);

/// One side with every object in its place.
#[derive(Default)]
struct Side {
    objects: Vec<RenderedObject>,
    /// Where an object is shared: which one.
    shared: Vec<Option<(usize, usize)>>,
    /// The names of generated Secrets, and the number of objects, of each text.
    names: Vec<BTreeMap<String, String>>,
    counts: Vec<usize>,
}

impl Side {
    /// How often each object comes.
    fn identities(&self) -> BTreeMap<(&str, &str, &str, &str), usize> {
        let mut found = BTreeMap::new();
        for object in &self.objects {
            *found.entry(object.reference.identity()).or_default() += 1;
        }
        found
    }

    /// Each shared object with its reference and the names of Secrets that hold in its text.
    fn shared(&self) -> BTreeMap<(usize, usize), Known<'_>> {
        let names =
            self.names.iter().zip(&self.counts).flat_map(|(names, count)| std::iter::repeat_n(names, *count));
        let all = self.objects.iter().zip(&self.shared).zip(names);
        all.filter_map(|((object, shared), names)| Some(((*shared)?, (&object.reference, names)))).collect()
    }

    fn into_parsed(self) -> Parsed {
        let mut parsed = Parsed::default();
        for (object, shared) in self.objects.into_iter().zip(self.shared) {
            match shared {
                Some(_) => parsed.same.push(object.reference),
                None => parsed.objects.push(object),
            }
        }
        parsed
    }
}

/// Both sides, if every shared object is one and the same on both and comes once.
fn settle(base: Side, head: Side, shared: &[Shared]) -> Option<Diff<Parsed>> {
    {
        let (there, here) = (base.shared(), head.shared());
        let (many_base, many_head) = (base.identities(), head.identities());
        for (key, (reference, names)) in &there {
            let (other, other_names) = here.get(key)?;
            let endings = &shared.get(key.0)?.2;
            let identity = reference.identity();
            let single = many_base.get(&identity) == Some(&1) && many_head.get(&identity) == Some(&1);
            if reference != other || !single || generated::may_differ(endings, names, other_names) {
                return None;
            }
        }
    }
    Some(Diff { base: base.into_parsed(), head: head.into_parsed() })
}
