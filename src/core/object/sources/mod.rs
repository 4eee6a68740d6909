//! Which file of the tree the objects of a rendered text are made of, found out without the renderer's help.
//!
//! Kustomize names no file, so what it is told to read is followed to the name that each manifest gets; Helm names the
//! template above each manifest. What cannot be told for certain is left out: no place is better than a wrong one.

mod helm;
mod kustomize;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use helm::{helm, helm_files};
pub use kustomize::kustomize;

use super::Place;
use super::parse::Told;

/// What stands at a path of the tree, behind all symlinks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look<'a> {
    /// A file that could be read.
    File {
        /// Where it is.
        path: &'a str,
        /// What it says.
        text: &'a str,
    },
    /// A folder, by its path.
    Folder(String),
    /// Nothing that could be read.
    Nothing,
}

/// The files that a render was given.
pub trait Files {
    /// What a name means in a folder (`""` is the root).
    fn look(&self, folder: &str, named: &str) -> Look<'_>;
}

/// What is known of where the objects of one rendered text come from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sources {
    /// Stretches of the text, in order, each up to the next.
    stretches: Vec<Stretch>,
    /// Manifests by what they will be called.
    named: BTreeMap<String, Vec<Named>>,
}

/// A stretch of a rendered text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Stretch {
    /// Its first line, from 1.
    first: u32,
    /// The file that all of it comes from.
    file: Option<String>,
    line: Lines,
}

/// How the lines of a stretch and of its file correspond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Lines {
    /// Nobody can tell.
    Unknown,
    /// Its object begins at this line.
    At(u32),
    /// The stretch is the file, line for line, from its first line on.
    Same,
}

/// A manifest of a file, as it will be rendered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Named {
    namespace: Namespace,
    /// Whether a digest of its content may follow its name.
    generated: bool,
    file: String,
    line: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Namespace {
    /// As it is written.
    Written(Option<String>),
    /// This one, unless it lives in none.
    Set(String),
}

impl Sources {
    /// What to count it as where memory is bounded, in bytes.
    pub fn weight(&self) -> usize {
        let named = self.named.iter().map(|(key, named)| key.len() + 64 + named.len() * 128);
        self.stretches.len() * 96 + named.sum::<usize>()
    }

    /// Where the object comes from that begins at a line and says this of itself.
    pub(super) fn find(&self, line: u32, told: &Told<'_>) -> Option<Place> {
        self.stretch(line).or_else(|| self.named(told))
    }

    fn stretch(&self, line: u32) -> Option<Place> {
        let after = self.stretches.partition_point(|stretch| stretch.first <= line);
        let stretch = self.stretches.get(after.checked_sub(1)?)?;
        let file = stretch.file.clone()?;
        let line = match stretch.line {
            Lines::Unknown => None,
            Lines::At(line) => Some(line),
            Lines::Same => Some(line - stretch.first + 1),
        };
        Some(Place::Source { file, line })
    }

    fn named(&self, told: &Told<'_>) -> Option<Place> {
        if self.named.is_empty() {
            return None;
        }
        let (api_version, kind, name) = (told.api_version?, told.kind?, told.name?);
        let known = |name: &str| self.named.get(&key(api_version, kind, name)).into_iter().flatten();
        let whole = known(name);
        let bare = without_digest(name).map(known).into_iter().flatten().filter(|named| named.generated);
        let mut found = whole.chain(bare).filter(|named| named.namespace.could_be(told.namespace));
        match (found.next(), found.next()) {
            (Some(named), None) => Some(Place::Source { file: named.file.clone(), line: named.line }),
            (None | Some(_), _) => None,
        }
    }
}

impl Namespace {
    fn could_be(&self, rendered: Option<&str>) -> bool {
        match self {
            Self::Written(written) => written.as_deref() == rendered,
            Self::Set(set) => rendered.is_none_or(|rendered| rendered == set),
        }
    }
}

/// Group, kind and name as one key: none of them has a line break.
fn key(api_version: &str, kind: &str, name: &str) -> String {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    format!("{group}\n{kind}\n{name}")
}

/// A name without the digest that kustomize puts behind the names that it generates.
fn without_digest(name: &str) -> Option<&str> {
    let (bare, digest) = name.rsplit_once('-')?;
    let is_digest =
        digest.len() == 10 && digest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    is_digest.then_some(bare)
}
