//! From two trees to an evaluation: which units the change touches, how both sides render, what differs.

mod beside;
mod changes;
mod cluster;
mod convention;
mod inventory;
mod owners;
mod plan;
mod read;
mod scopes;
mod unit;
mod whole;

use std::collections::BTreeSet;
use std::pin::pin;

use countersign_core::effect::{self, Owners, Tier};
use countersign_core::environment::Environment;
use countersign_core::evaluation::{
    EnvironmentError, EnvironmentEvaluation, Evaluation, Side, UnitError, UnitEvaluation,
};
use countersign_core::object::{ObjectRef, RenderedObject, SealingKey};
use countersign_core::policy::InventoryWanted;
use countersign_core::revision::{Diff, ObjectId};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};

pub use self::beside::beside;
use self::cluster::Shared;
use self::plan::{Plan, SidePlan, divided};
use self::read::Given;
use self::scopes::Scopes;
use self::unit::AT_ONCE;
use crate::ports::{Clusters, RenderError, Renderer, Source, SourceError};

/// Told how far an evaluation is.
pub trait Progress: Send + Sync {
    /// So many more units will be rendered.
    fn planned(&self, units: usize);
    /// One more is done.
    fn rendered(&self, unit: &str);
}

/// Nobody is told.
#[derive(Debug, Clone, Copy)]
pub struct Quiet;

impl Progress for Quiet {
    fn planned(&self, _units: usize) {}
    fn rendered(&self, _unit: &str) {}
}

/// Why there is no evaluation at all; what concerns one unit is in the evaluation instead.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// The repository could not be read.
    #[error("the repository could not be read")]
    Source(#[from] SourceError),
}

/// Whether an evaluation asks the clusters of its environments. A dry run is a way to read a cluster, so not every
/// author's manifests are sent there.
#[derive(Clone, Copy)]
pub enum Asking<'a> {
    /// They are asked.
    Clusters(&'a dyn Clusters),
    /// They are not, and the report says why.
    NotFor(&'static str),
    /// They are not, as was wanted.
    Nobody,
}

/// Evaluates changes of one repository.
#[derive(Clone, Copy)]
pub struct Evaluator<'a> {
    /// The repository.
    pub source: &'a dyn Source,
    /// Renderers.
    pub renderer: &'a dyn Renderer,
    /// Whether clusters are asked.
    pub clusters: Asking<'a>,
    /// The key under which secret leaves are sealed.
    pub key: &'a SealingKey,
    /// `[mask]` paths of the policy.
    pub mask: &'a [String],
    /// What the policy's checks ask of whole environments.
    pub inventory: Option<&'a InventoryWanted>,
    /// How many units are rendered side by side.
    pub parallel: usize,
    /// Who is told how far it is.
    pub progress: &'a dyn Progress,
}

/// A unit's evaluation with both sides' objects, for what has to look across units and at clusters.
pub(super) struct EvaluatedUnit {
    pub(super) evaluation: UnitEvaluation,
    pub(super) objects: Diff<Vec<RenderedObject>>,
    /// Objects of head that are the same at base; they are in no list above.
    same: Vec<ObjectRef>,
    /// Objects of head whose names differ at each render.
    renamed: Vec<ObjectRef>,
}

/// An environment as far as rendering tells.
pub(super) struct Draft {
    evaluation: EnvironmentEvaluation,
    units: Vec<EvaluatedUnit>,
    owners: Owners,
}

impl Evaluator<'_> {
    /// Evaluates going from one tree to another in these environments.
    pub async fn evaluate(
        &self,
        trees: &Diff<ObjectId>,
        environments: &[Environment],
        discovered: bool,
    ) -> Result<Evaluation, EvaluateError> {
        let changed = self.source.changed_paths(&trees.base, &trees.head).await?;
        self.renderer.prepare(self.source, trees).await?;
        let mut plans = Vec::new();
        let mut read = BTreeSet::new();
        for environment in environments {
            let mut names = self.planned(trees, environment).await?;
            if discovered {
                convention::narrow(&mut names);
            }
            plans.push((environment, divided(names, &changed, &mut read)));
        }
        self.progress.planned(plans.iter().map(|(_, plan)| plan.touched.len()).sum());
        let mut work = Vec::new();
        for (environment, plan) in plans {
            work.push(self.environment(trees, environment, plan));
        }
        // In order; the renderer bounds how many programs run at once.
        let drafts: Vec<_> = stream::iter(work).buffered(self.parallel.max(1)).try_collect().await?;
        // Only now is known what the change does to a cluster that several environments share.
        let shared = cluster::shared(&drafts);
        let mut work = Vec::new();
        for draft in drafts {
            work.push(self.asked(trees, draft, &shared));
        }
        let done: Vec<_> = stream::iter(work).buffered(self.parallel.max(1)).try_collect().await?;
        let (mut evaluated, owners): (Vec<_>, Vec<_>) = done.into_iter().unzip();
        effect::reconcile_environments(&mut evaluated, &owners);
        let outside =
            changed.into_iter().filter(|path| !read.contains(&path.path) || always_shown(&path.path));
        Ok(Evaluation { environments: evaluated, outside: outside.collect(), discovered })
    }

    async fn environment(
        &self,
        trees: &Diff<ObjectId>,
        environment: &Environment,
        plan: Plan,
    ) -> Result<Draft, EvaluateError> {
        let Plan { touched, untouched } = plan;
        let scopes = Scopes::new(environment, [&trees.base, &trees.head]);
        let work = touched.into_iter().map(|unit| async {
            let unit = self.render(trees, unit).await;
            // Here, and not where it is read: what waits there keeps the others from going on.
            scopes.of(self, unit.given()).await?;
            Ok::<_, EvaluateError>(unit)
        });
        let mut rendered =
            pin!(stream::iter(work).buffer_unordered(self.parallel.max(1)).ready_chunks(AT_ONCE));
        let mut units: Vec<EvaluatedUnit> = Vec::new();
        while let Some(ready) = rendered.next().await {
            let ready = ready.into_iter().collect::<Result<_, _>>()?;
            units.extend(self.read(environment, scopes.found(), ready));
        }
        units.sort_by(|a, b| a.evaluation.name.cmp(&b.evaluation.name));
        let others = self.owners_elsewhere(&trees.head, environment, &scopes, &units, untouched).await?;
        let owners = across_units(environment, &mut units, others.owners);
        let mut evaluation = EnvironmentEvaluation {
            environment: environment.clone(),
            cluster_identity: None,
            tier: Tier::Render,
            units: Vec::new(),
            drift: Vec::new(),
            errors: Vec::new(),
            inventory: None,
        };
        evaluation.errors.extend(others.note);
        evaluation.errors.extend(units.iter().flat_map(|unit| &unit.renamed).map(name_differs));
        Ok(Draft { evaluation, units, owners })
    }

    /// What the environment's cluster makes of it, and what else checks want to know.
    async fn asked(
        &self,
        trees: &Diff<ObjectId>,
        draft: Draft,
        shared: &Shared,
    ) -> Result<(EnvironmentEvaluation, Owners), EvaluateError> {
        let Draft { mut evaluation, mut units, owners } = draft;
        self.ask_cluster(&mut units, &mut evaluation, shared).await;
        evaluation.units = units.into_iter().map(|unit| unit.evaluation).collect();
        evaluation.inventory = self.inventory(&trees.head, &evaluation.environment, &evaluation).await?;
        Ok((evaluation, owners))
    }

    async fn side(&self, tree: &ObjectId, plan: Option<&SidePlan>, side: Side) -> Given {
        let Some(SidePlan { spec, reads }) = plan else { return Given::Nothing };
        match self.renderer.render(self.source, tree, spec, reads).await {
            Ok(rendering) => Given::Texts(rendering),
            Err(RenderError { message, file, line, column, input }) => {
                Given::Failure { error: UnitError { side, message, file, line, column }, input }
            }
        }
    }
}

/// What a name that differs at each render means.
fn name_differs(object: &ObjectRef) -> EnvironmentError {
    let message = format!(
        "{object}: its name differs at each render, so each sync makes a new one and leaves or prunes the last; give \
         it a fixed name"
    );
    EnvironmentError { object: Some(object.clone()), message, undecided: false }
}

/// Moves between units, two owners of one object; what each unit holds at head.
fn across_units(environment: &Environment, units: &mut Vec<EvaluatedUnit>, mut owners: Owners) -> Owners {
    let refs = |unit: &EvaluatedUnit| {
        let objects = unit.objects.head.iter().map(|object| &object.reference);
        objects.chain(&unit.same).cloned().collect()
    };
    owners.extend(units.iter().map(|unit| (unit.evaluation.name.clone(), refs(unit))));
    let apart = std::mem::take(units).into_iter().map(|unit| {
        let EvaluatedUnit { evaluation, objects, same, renamed } = unit;
        (evaluation, (objects, same, renamed))
    });
    let (mut evaluations, others): (Vec<UnitEvaluation>, Vec<_>) = apart.unzip();
    effect::reconcile_units(environment, &mut evaluations, &owners);
    units.extend(
        evaluations.into_iter().zip(others).map(|(evaluation, (objects, same, renamed))| EvaluatedUnit {
            evaluation,
            objects,
            same,
            renamed,
        }),
    );
    owners
}

/// Files that decide who must agree or what runs: shown even when a render reads them.
fn always_shown(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let pipeline = [
        ".github/workflows/",
        ".gitea/workflows/",
        ".forgejo/workflows/",
        ".gitlab/ci/",
        ".tekton/",
        ".lighthouse/",
    ];
    matches!(
        name,
        ".countersign.toml"
            | "CODEOWNERS"
            | "OWNERS"
            | "OWNERS_ALIASES"
            | ".gitlab-ci.yml"
            | "Jenkinsfile"
            | ".sops.yaml"
    ) || pipeline.iter().any(|folder| path.starts_with(folder))
        || path.starts_with(".countersign/")
}
