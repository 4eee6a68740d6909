//! Where something changes in a unit's own folder, its render begins while it is still found out what all the other
//! units read: renderers are processes of their own, and nobody waits for both.

use std::collections::{BTreeSet, HashMap, HashSet};

use countersign_core::evaluation::ChangedPath;
use countersign_core::revision::{Diff, ObjectId};
use futures::stream::{self, StreamExt as _};

use super::plan::{Touched, divided};
use super::read::Given;
use super::{EvaluateError, Evaluator};
use crate::ports::{UnitSource, UnitSpec, parent_path};

/// What was rendered, by the place of the environment and the name of the unit.
pub(super) type Ahead = HashMap<(usize, String), Diff<Given>>;

/// Units of each environment.
type Units = [Diff<Vec<UnitSpec>>];

impl Evaluator<'_> {
    /// Renders the first units that the change is near to, as many as are rendered side by side.
    pub(super) async fn ahead(
        &self,
        trees: &Diff<ObjectId>,
        environments: &Units,
        changed: &[ChangedPath],
    ) -> Result<Ahead, EvaluateError> {
        let mut touched: Vec<(usize, Touched)> = Vec::new();
        for (place, units) in near(environments, changed, self.parallel) {
            let plan = divided(self.planned(trees, units).await?, changed, &mut BTreeSet::new());
            touched.extend(plan.touched.into_iter().map(|unit| (place, unit)));
        }
        self.progress.planned(touched.len());
        let renders = touched.into_iter().map(|(place, unit)| async move {
            let name = unit.name.clone();
            ((place, name), self.render(trees, unit).await.into_given())
        });
        Ok(stream::iter(renders).buffer_unordered(self.parallel.max(1)).collect().await)
    }
}

/// The units in whose folders something changes, by the place of their environment.
fn near(environments: &Units, changed: &[ChangedPath], most: usize) -> Vec<(usize, Diff<Vec<UnitSpec>>)> {
    let mut near: HashSet<&str> = HashSet::new();
    for change in changed {
        let mut path = change.path.as_str();
        while near.insert(path) && !path.is_empty() {
            path = parent_path(path);
        }
    }
    let is_near = |unit: &&UnitSpec| {
        near.contains(unit.path.as_str())
            || matches!(&unit.source, UnitSource::Helm { values, .. } if values.iter().any(|file| near.contains(file.as_str())))
    };
    let mut left = most;
    let mut found = Vec::new();
    for (place, units) in environments.iter().enumerate() {
        let both = units.base.iter().chain(&units.head).filter(is_near).map(|unit| unit.name.as_str());
        let names: BTreeSet<&str> = both.collect::<BTreeSet<&str>>().into_iter().take(left).collect();
        if names.is_empty() {
            continue;
        }
        left = left.saturating_sub(names.len());
        let of = |side: &[UnitSpec]| -> Vec<UnitSpec> {
            side.iter().filter(|unit| names.contains(unit.name.as_str())).cloned().collect()
        };
        found.push((place, Diff { base: of(&units.base), head: of(&units.head) }));
    }
    found
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

    fn check(changed: &[&str], most: usize, want: &[(usize, &[&str], &[&str])]) {
        let change = |path: &&str| ChangedPath {
            path: (*path).to_owned(),
            operation: PathOperation::Change,
            entry: Diff { base: None, head: None },
        };
        let changed: Vec<ChangedPath> = changed.iter().map(change).collect();
        let environments = [
            Diff {
                base: vec![unit("apps/a", None), unit("apps/ab", None), unit("apps/gone", None)],
                head: vec![unit("apps/a", None), unit("apps/ab", None)],
            },
            Diff {
                base: vec![unit("chart", Some("values/x.yaml"))],
                head: vec![unit("chart", Some("values/x.yaml"))],
            },
        ];
        let names = |units: &[UnitSpec]| units.iter().map(|unit| unit.name.clone()).collect::<Vec<_>>();
        let found = near(&environments, &changed, most);
        let found: Vec<_> =
            found.iter().map(|(place, units)| (*place, names(&units.base), names(&units.head))).collect();
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let want: Vec<_> = want.iter().map(|(place, base, head)| (*place, own(base), own(head))).collect();
        assert_eq!(found, want, "{changed:?}");
    }

    #[test]
    fn units_are_near_by_their_folders_and_their_values() {
        check(&["apps/a/x/y.yaml"], 9, &[(0, &["apps/a"], &["apps/a"])]);
        check(&["apps/a"], 9, &[(0, &["apps/a"], &["apps/a"])]);
        check(&["apps/x.yaml", "other"], 9, &[]);
        check(&["apps/gone/k"], 9, &[(0, &["apps/gone"], &[])]);
        check(&["values/x.yaml"], 9, &[(1, &["chart"], &["chart"])]);
        let both: [(usize, &[&str], &[&str]); 2] =
            [(0, &["apps/a", "apps/ab"], &["apps/a", "apps/ab"]), (1, &["chart"], &["chart"])];
        let changed = ["chart/Chart.yaml", "apps/ab/x", "apps/a/x"];
        check(&changed, 3, &both);
        check(&changed, 2, &both[..1]);
        check(&changed, 1, &[(0, &["apps/a"], &["apps/a"])]);
        check(&changed, 0, &[]);
    }
}
