//! Both sides of a unit read at once: a document that stands in both is read once, and of its objects only the names
//! are kept.
//!
//! What comes out is what reading each side for itself would give, less the objects that cannot differ. Whatever is in
//! doubt (an error, directives, an object that comes twice, a name of a generated Secret that only one side has) is
//! read side by side as ever.

use std::collections::BTreeMap;

use super::group::{Group, Shared, TextRead};
use super::parse::{ManifestError, read_text};
use super::seal::Sealer;
use super::{CustomScopes, ObjectRef, RenderedObject, Sources, generated};
use crate::revision::Diff;
use crate::threads;

/// One text of manifests.
#[derive(Debug, Clone, Copy)]
pub struct ManifestText<'a> {
    /// The file that it stands in, where that is known: the origin of its objects.
    pub file: Option<&'a str>,
    /// YAML or JSON.
    pub text: &'a str,
    /// Where its objects come from, where it is no file.
    pub sources: Option<&'a Sources>,
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
        let objects = parse_side(texts, default_namespace, sealer, threads)?;
        Ok(Parsed { objects, same: Vec::new() })
    };
    Diff { base: alone(&sides.base), head: alone(&sides.head) }
}

/// Reads one side for itself, with at most so many threads.
pub fn parse_side(
    texts: &[ManifestText<'_>],
    default_namespace: Option<&str>,
    sealer: &Sealer<'_>,
    threads: usize,
) -> Result<Vec<RenderedObject>, TextError> {
    let read = |text: &ManifestText<'_>| read_text(text, default_namespace, sealer);
    let (mut objects, mut scopes) = (Vec::new(), CustomScopes::default());
    for (number, read) in threads::each(texts, worthwhile(texts, threads), read).into_iter().enumerate() {
        let (own, declared) = read.map_err(|error| (number, error))?;
        objects.extend(own);
        scopes = scopes.and(declared.into_declared());
    }
    // A definition in another text says whether its kind lives in namespaces.
    scopes.apply(&mut objects);
    Ok(objects)
}

/// A shorter text is not worth a thread.
const WORTH_A_THREAD: usize = 128 << 10;

/// How many threads some texts are worth.
fn worthwhile<'a>(texts: impl IntoIterator<Item = &'a ManifestText<'a>>, threads: usize) -> usize {
    let bytes: usize = texts.into_iter().map(|text| text.text.len()).sum();
    threads.min(bytes / WORTH_A_THREAD).max(1)
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
    let threads = worthwhile(sides.base.iter().chain(&sides.head), threads);
    let groups = Group::all(sides);
    let inside = threads.div_ceil(groups.len());
    let read = threads::each(&groups, threads, |group| group.read(default_namespace, sealer, inside));
    let mut shared: Vec<Shared> = Vec::new();
    let mut texts = Diff { base: BTreeMap::new(), head: BTreeMap::new() };
    for (group, read) in groups.iter().zip(read) {
        let mut read = read?;
        for text in read.sides.base.iter_mut().chain(&mut read.sides.head) {
            text.shared.iter_mut().flatten().for_each(|(part, _)| *part += shared.len());
        }
        shared.extend(read.shared);
        texts.base.extend(group.numbers.base.iter().copied().zip(read.sides.base));
        texts.head.extend(group.numbers.head.iter().copied().zip(read.sides.head));
    }
    settle(Side::of(texts.base.into_values()), Side::of(texts.head.into_values()), &shared)
}

/// A shared object's reference on one side, and the names of Secrets in its text.
type Known<'a> = (&'a ObjectRef, &'a BTreeMap<String, String>);

/// One side, text by text.
struct Side(Vec<TextRead>);

impl Side {
    fn of(texts: impl IntoIterator<Item = TextRead>) -> Self {
        let mut texts: Vec<TextRead> = texts.into_iter().collect();
        let scopes = texts.iter_mut().fold(CustomScopes::default(), |scopes, text| {
            scopes.and(std::mem::take(&mut text.scopes).into_declared())
        });
        texts.iter_mut().for_each(|text| scopes.apply(&mut text.objects));
        Self(texts)
    }

    /// How often each object comes.
    fn identities(&self) -> BTreeMap<(&str, &str, &str, &str), usize> {
        let mut found = BTreeMap::new();
        for object in self.0.iter().flat_map(|text| &text.objects) {
            *found.entry(object.reference.identity()).or_default() += 1;
        }
        found
    }

    /// Each shared object with its reference and the names of Secrets that hold in its text.
    fn shared(&self) -> BTreeMap<(usize, usize), Known<'_>> {
        let all = self.0.iter().flat_map(|text| {
            let objects = text.objects.iter().zip(&text.shared);
            objects.filter_map(|(object, shared)| Some(((*shared)?, (&object.reference, &text.names))))
        });
        all.collect()
    }

    fn into_parsed(self) -> Parsed {
        let mut parsed = Parsed::default();
        for (object, shared) in self.0.into_iter().flat_map(|text| text.objects.into_iter().zip(text.shared))
        {
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
            let endings = &shared.get(key.0)?.endings;
            let identity = reference.identity();
            let single = many_base.get(&identity) == Some(&1) && many_head.get(&identity) == Some(&1);
            if reference != other || !single || generated::may_differ(endings, names, other_names) {
                return None;
            }
        }
    }
    Some(Diff { base: base.into_parsed(), head: head.into_parsed() })
}
