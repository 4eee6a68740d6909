//! Manifests on their way in: what they are called is known, their secret leaves are not sealed yet.

use serde_json::Value;

use super::parse::Told;
use super::seal::Sealer;
use super::sides::ManifestText;
use super::{Body, ObjectRef, Origin, Place, RenderedObject};

/// One manifest as it was read.
pub(super) struct Draft {
    pub(super) reference: ObjectRef,
    pub(super) body: Value,
    pub(super) sealed: bool,
    pub(super) origin: Option<Origin>,
    pub(super) made: Option<Place>,
}

impl Draft {
    /// One that begins at a line of a text; 0 where the line is not known.
    pub(super) fn at(text: &ManifestText<'_>, line: u32, reference: ObjectRef, body: Value) -> Self {
        let origin = text.file.map(|file| Origin { file: file.to_owned(), line: line.max(1) });
        let made = match origin {
            Some(_) => None,
            None => {
                let source = text.sources.and_then(|sources| sources.find(line, &Told::by(&body)));
                source.or((line > 0).then_some(Place::Rendered { line }))
            }
        };
        Self { reference, body, sealed: false, origin, made }
    }

    /// The object, with its secret leaves sealed.
    pub(super) fn seal(self, sealer: &Sealer<'_>) -> RenderedObject {
        let Self { reference, mut body, sealed, origin, made } = self;
        let sealed = sealer.seal(&reference, &mut body) | sealed;
        RenderedObject { reference, body: body.into(), sealed, origin, made }
    }

    /// The object with another body in the place of its own.
    pub(super) fn with(self, body: Body) -> RenderedObject {
        let Self { reference, body: _, sealed, origin, made } = self;
        RenderedObject { reference, body, sealed, origin, made }
    }
}
