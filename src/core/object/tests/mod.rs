//! Text in, objects or an error out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod body;
mod bombs;
mod fields;
mod reading;
mod sealing;

use super::{ManifestError, RenderedObject, Sealer, SealingKey, parse_manifests};

pub(super) const KEY: SealingKey = SealingKey::new([7; 32]);

pub(super) const SEALER: Sealer<'static> = Sealer { key: &KEY, environment: "production", mask: &[] };

pub(super) fn read(text: &str) -> Vec<RenderedObject> {
    parse_manifests(text, Some("app.yaml"), None, &SEALER).unwrap_or_else(|error| panic!("{error:?}\n{text}"))
}

pub(super) fn refused(text: &str) -> ManifestError {
    parse_manifests(text, Some("app.yaml"), None, &SEALER).expect_err("it should not be read")
}

/// Each object in a line: where, what, in which version.
pub(super) fn summary(objects: &[RenderedObject]) -> String {
    let line = |object: &RenderedObject| {
        let reference = &object.reference;
        let place =
            object.origin.as_ref().map_or_else(|| "-".to_owned(), |o| format!("{}:{}", o.file, o.line));
        format!("{place} {reference} ({}/{})\n", reference.group, reference.version)
    };
    objects.iter().map(line).collect()
}
