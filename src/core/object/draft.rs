//! Manifests on their way in: what they are called is known, their secret leaves are not sealed yet.

use serde_json::Value;

use super::seal::Sealer;
use super::{Body, ObjectRef, Origin, RenderedObject};

/// One manifest as it was read.
pub(super) struct Draft {
    pub(super) reference: ObjectRef,
    pub(super) body: Value,
    pub(super) sealed: bool,
    pub(super) origin: Option<Origin>,
}

impl Draft {
    /// The object, with its secret leaves sealed.
    pub(super) fn seal(self, sealer: &Sealer<'_>) -> RenderedObject {
        let Self { reference, mut body, sealed, origin } = self;
        let sealed = sealer.seal(&reference, &mut body) | sealed;
        RenderedObject { reference, body: body.into(), sealed, origin }
    }

    /// The object with another body in the place of its own.
    pub(super) fn with(self, body: Body) -> RenderedObject {
        let Self { reference, body: _, sealed, origin } = self;
        RenderedObject { reference, body, sealed, origin }
    }
}
