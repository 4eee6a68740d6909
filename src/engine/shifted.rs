//! Which files stand otherwise at head than in the tree that is judged. A line of the one is no line of the other.

use std::collections::BTreeSet;

use countersign_core::evaluation::Evaluation;
use countersign_core::object::Place;
use countersign_core::revision::{CommitSha, ObjectId};

use crate::ports::{Source, SourceError};

/// Of the files that objects of an evaluation stand in, those that `head` has otherwise than the judged tree.
pub(super) async fn shifted(
    source: &dyn Source,
    head: &CommitSha,
    judged: &ObjectId,
    evaluation: &Evaluation,
) -> Result<BTreeSet<String>, SourceError> {
    let own = source.tree_of(head).await?;
    if own == *judged {
        return Ok(BTreeSet::new());
    }
    let units = evaluation.environments.iter().flat_map(|environment| &environment.units);
    let places = units.flat_map(|unit| &unit.effects).filter_map(|effect| effect.place());
    let mut files = BTreeSet::new();
    for place in places {
        match place {
            Place::Source { file, line: Some(_) } => drop(files.insert(file)),
            Place::Source { file: _, line: None } | Place::Rendered { .. } => {}
        }
    }
    if files.is_empty() {
        return Ok(files);
    }
    let changed = source.changed_paths(&own, judged).await?;
    let changed: BTreeSet<String> = changed.into_iter().map(|changed| changed.path).collect();
    Ok(&files & &changed)
}
