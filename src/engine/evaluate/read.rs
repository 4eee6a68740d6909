//! From what the renderers gave for both sides of a unit to its objects.

use countersign_core::effect::Renders;
use countersign_core::evaluation::{Side, SideState, UnitError};
use countersign_core::object::{
    CustomScopes, ManifestText, ObjectRef, Parsed, Sealer, TextError, parse_side, parse_sides,
};
use countersign_core::revision::{Diff, Digest};

use crate::ports::{RenderedText, Rendering};

/// What a renderer gave for one side.
pub(super) enum Given {
    /// The unit is not there.
    Nothing,
    Texts(Rendering),
    Failure {
        error: UnitError,
        input: Digest,
    },
}

/// The objects of one side, or why there are none.
pub(super) enum SideOutcome {
    Absent,
    Rendered { renders: Renders, same: Vec<ObjectRef>, stable: bool, input: Digest },
    Failed { error: UnitError, input: Digest },
}

/// Reads the manifests of one environment.
pub(super) struct Reader<'a> {
    pub(super) sealer: Sealer<'a>,
    pub(super) namespace: Option<&'a str>,
    /// Of kinds that are defined elsewhere.
    pub(super) scopes: &'a CustomScopes,
    /// The most threads that one unit is read with.
    pub(super) threads: usize,
}

impl Reader<'_> {
    /// Both sides; what stands in both is read once.
    pub(super) fn sides(&self, base: Given, head: Given) -> (SideOutcome, SideOutcome) {
        match (base, head) {
            (Given::Texts(base), Given::Texts(head)) if base.again.is_none() && head.again.is_none() => {
                let sides = Diff { base: borrowed(&base.texts), head: borrowed(&head.texts) };
                let parsed = parse_sides(&sides, self.namespace, &self.sealer, self.threads);
                (self.outcome(parsed.base, base, Side::Base), self.outcome(parsed.head, head, Side::Head))
            }
            (base, head) => (self.side(base, Side::Base), self.side(head, Side::Head)),
        }
    }

    /// One side for itself.
    pub(super) fn side(&self, given: Given, side: Side) -> SideOutcome {
        let rendering = match given {
            Given::Nothing => return SideOutcome::Absent,
            Given::Failure { error, input } => return SideOutcome::Failed { error, input },
            Given::Texts(rendering) => rendering,
        };
        let read = |texts: &[RenderedText]| {
            let mut objects = parse_side(&borrowed(texts), self.namespace, &self.sealer, self.threads)?;
            self.scopes.apply(&mut objects);
            Ok(objects)
        };
        let objects = read(&rendering.texts);
        let again = rendering.again.as_deref().map(read).transpose();
        match (objects, again) {
            (Ok(objects), Ok(again)) => SideOutcome::Rendered {
                renders: Renders { objects, again },
                same: Vec::new(),
                stable: rendering.stable,
                input: rendering.input,
            },
            (Err(error), _) => failed(&error, rendering, side),
            (_, Err(error)) => failed(&error, rendering, side),
        }
    }

    fn outcome(&self, parsed: Result<Parsed, TextError>, rendering: Rendering, side: Side) -> SideOutcome {
        match parsed {
            Ok(Parsed { mut objects, mut same }) => {
                self.scopes.apply(&mut objects);
                same.iter_mut().for_each(|object| self.scopes.apply_to(object));
                SideOutcome::Rendered {
                    renders: Renders { objects, again: None },
                    same,
                    stable: rendering.stable,
                    input: rendering.input,
                }
            }
            Err(error) => failed(&error, rendering, side),
        }
    }
}

fn borrowed(texts: &[RenderedText]) -> Vec<ManifestText<'_>> {
    let texts = texts.iter().map(|text| ManifestText {
        file: text.file.as_deref(),
        text: &text.text,
        sources: Some(&text.sources),
    });
    texts.collect()
}

fn failed((number, error): &TextError, rendering: Rendering, side: Side) -> SideOutcome {
    let file = rendering.texts.get(*number).and_then(|text| text.file.clone());
    let error =
        UnitError { side, message: error.message.clone(), file, line: error.line, column: error.column };
    SideOutcome::Failed { error, input: rendering.input }
}

impl SideOutcome {
    pub(super) fn state(&self) -> SideState {
        match self {
            Self::Absent => SideState::Absent,
            Self::Rendered { .. } => SideState::Rendered,
            Self::Failed { .. } => SideState::Failed,
        }
    }

    pub(super) fn input(&self) -> Option<&Digest> {
        match self {
            Self::Absent => None,
            Self::Rendered { input, .. } | Self::Failed { input, .. } => Some(input),
        }
    }

    pub(super) fn stable(&self) -> bool {
        match self {
            Self::Absent | Self::Failed { .. } => true,
            Self::Rendered { stable, .. } => *stable,
        }
    }

    pub(super) fn error(&self) -> Option<&UnitError> {
        if let Self::Failed { error, .. } = self { Some(error) } else { None }
    }

    /// The objects, and those that are the same on the other side.
    pub(super) fn into_renders(self) -> (Renders, Vec<ObjectRef>) {
        if let Self::Rendered { renders, same, .. } = self { (renders, same) } else { Default::default() }
    }
}
