//! Where something changes in a unit's own folder, its render begins while it is still found out what all the other units
//! are and read: renderers are processes of their own, and nobody waits for both.

use std::borrow::Cow;

use countersign_core::environment::Environment;
use countersign_core::evaluation::ChangedPath;
use countersign_core::revision::{Diff, ObjectId};
use futures::stream::{self, StreamExt as _};

use super::parts::Differences;
use super::programs::Programs;
use super::unit;
use crate::ports::{Renderer as _, Source, SourceError, UnitSource, UnitSpec};

impl Programs {
    /// Renders at head the first units that a change is near to, as many as are rendered side by side; of `declared`
    /// environments, or of those that base has by convention.
    pub(super) async fn begin_near(
        &self,
        source: &dyn Source,
        trees: &Diff<ObjectId>,
        declared: Option<&[Environment]>,
    ) -> Result<(), SourceError> {
        self.prepare(source, trees).await?;
        let changed = source.changed_paths(&trees.base, &trees.head).await?;
        let environments = match declared {
            Some(declared) => Cow::Borrowed(declared),
            None => Cow::Owned(self.discover_at(source, &trees.base).await?),
        };
        let index = self.tree(source, &trees.head).await?;
        // What is wrong with an environment is told by whoever asks for its units.
        let units = environments.iter().filter_map(|environment| unit::units(&index, environment).ok());
        let units: Vec<UnitSpec> = units.flatten().collect();
        let near = near(units.iter(), &changed).take(self.settings.parallel.max(1));
        let near: Vec<UnitSpec> = near.cloned().collect();
        let reads = self.read_sets(source, &trees.head, &near).await?;
        let mut renders = Vec::new();
        for (unit, reads) in near.iter().zip(reads) {
            let reads = reads.whole();
            if changed.iter().any(|path| reads.touched_by(path)) {
                // Whoever waits for it is told what went wrong.
                renders.push(async move { drop(self.render_unit(source, &trees.head, unit, &reads).await) });
            }
        }
        stream::iter(renders).buffer_unordered(self.settings.parallel.max(1)).collect::<()>().await;
        Ok(())
    }
}

/// The units in whose folders, or in whose values, something changes.
fn near<'u>(
    units: impl Iterator<Item = &'u UnitSpec>,
    changed: &[ChangedPath],
) -> impl Iterator<Item = &'u UnitSpec> {
    let differ = Differences::new(changed);
    units.filter(move |unit| {
        differ.has(&unit.path)
            || match &unit.source {
                UnitSource::Helm { values, .. } => values.iter().any(|file| differ.has(file)),
                UnitSource::Kustomize { .. } | UnitSource::Yaml { .. } => false,
            }
    })
}

#[cfg(test)]
mod tests {
    use countersign_core::evaluation::PathOperation;

    use super::*;

    fn unit(path: &str, values: Option<&str>) -> UnitSpec {
        let root = path.to_owned();
        let source = match values {
            None => UnitSource::Kustomize { root },
            Some(values) => UnitSource::Helm {
                chart: root,
                values: vec![values.to_owned()],
                release: "r".to_owned(),
                namespace: "n".to_owned(),
                kubernetes: None,
            },
        };
        UnitSpec { name: path.to_owned(), path: path.to_owned(), source }
    }

    #[test]
    fn units_are_near_by_their_folders_and_their_values() {
        let units = [unit("apps/a", None), unit("apps/ab", None), unit("chart", Some("values/x.yaml"))];
        let check = |changed: &[&str], want: &[&str]| {
            let change = |path: &&str| ChangedPath {
                path: (*path).to_owned(),
                operation: PathOperation::Change,
                entry: Diff { base: None, head: None },
            };
            let changed: Vec<ChangedPath> = changed.iter().map(change).collect();
            let found: Vec<&str> = near(units.iter(), &changed).map(|unit| unit.name.as_str()).collect();
            assert_eq!(found, want, "{changed:?}");
        };
        check(&["apps/a/x/y.yaml"], &["apps/a"]);
        check(&["apps/a"], &["apps/a"]);
        check(&["apps/x.yaml", "other"], &[]);
        check(&["values/x.yaml"], &["chart"]);
        check(&["chart/Chart.yaml", "apps/ab/x", "apps/a/x"], &["apps/a", "apps/ab", "chart"]);
    }
}
