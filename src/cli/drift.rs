//! `drift`: how clusters differ from what the repository says, without any change.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use countersign_core::decide::{PolicyInForce, policy_to_evaluate};
use countersign_core::environment::Environment;
use countersign_core::evaluation::{Drifted, EnvironmentError};
use countersign_core::report::{self, DriftReport, EnvironmentDrift};
use countersign_core::revision::{Diff, ObjectId};
use countersign_core::snapshot::{MergeOutcome, Snapshot};

use super::cache::CacheArgs;
use super::progress::Bar;
use super::wire::{self, Mirror};
use super::{Exit, ReportFormat, advice, deliver};
use crate::engine::{Asking, Evaluator, library, offline_snapshot};
use crate::ports::{Cluster, Clusters, Renderer as _, Source as _};
use crate::settings::Settings;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  countersign drift --cluster prod-eu=admin@prod-eu\n  countersign drift --environment production --settings settings.toml --format json\n\nExit status: 0 no drift, 1 drift, 2 it could not be told"
)]
pub(super) struct DriftArguments {
    /// The repository
    #[arg(long, value_name = "DIR", default_value = ".")]
    repo: PathBuf,
    /// What clusters should hold; by default the remote's default branch, else main, else master
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// A policy file instead of the base's `.countersign.toml`
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Only this environment (may be repeated)
    #[arg(long, value_name = "NAME")]
    environment: Vec<String>,
    /// Settings with renderers and clusters
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// A kubeconfig for `--cluster`
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// A cluster that the policy names, and the context that reaches it
    #[arg(long, value_name = "NAME=CONTEXT")]
    cluster: Vec<String>,
    #[command(flatten)]
    cache: CacheArgs,
    /// How to print
    #[arg(long, default_value = "terminal")]
    format: ReportFormat,
    /// Write to this file instead of stdout
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl DriftArguments {
    pub(super) async fn run(self) -> anyhow::Result<Exit> {
        tokio::select! {
            exit = self.drift() => exit,
            () = super::serve::interrupted() => Ok(Exit::Interrupted),
        }
    }

    async fn drift(&self) -> anyhow::Result<Exit> {
        super::check_output(self.output.as_deref())?;
        if self.cluster.is_empty() && self.settings.is_none() {
            bail!("no cluster is given: name one by --cluster NAME=CONTEXT, or give --settings");
        }
        let settings = self.settings.as_deref().map(Settings::read).transpose()?;
        let clusters = match &settings {
            Some(settings) if self.cluster.is_empty() => wire::clusters(settings).await?,
            _ => wire::named_clusters(&self.cluster, self.kubeconfig.as_ref()).await?,
        };
        let source = wire::local(&self.repo).await?;
        let base = match &self.base {
            Some(base) => source.resolve(base).await?,
            None => source.resolve(&source.default_branch().await?).await?,
        };
        let tree = source.tree_of(&base).await?;
        let now = jiff::Timestamp::now();
        let snapshot = offline_snapshot(&base, &base, MergeOutcome::Nothing, now);
        let mut snapshot = snapshot.context("a name of ours is not valid")?;
        snapshot.policy = super::files::policy(&source, &tree, self.policy.as_deref()).await?;
        snapshot.library = library(&source, &tree, snapshot.policy.as_ref()).await?;
        let environments = self.compare(&source, settings.as_ref(), &tree, &snapshot, &clusters).await?;
        let report = DriftReport { commit: base.to_string(), environments };
        deliver(&self.print(&report)?, self.output.as_ref())?;
        Ok(exit(&report))
    }

    async fn compare(
        &self,
        source: &Mirror,
        settings: Option<&Settings>,
        tree: &ObjectId,
        snapshot: &Snapshot,
        clusters: &impl Clusters,
    ) -> anyhow::Result<Vec<EnvironmentDrift>> {
        let in_force = wire::policy_in_force(snapshot)?;
        let scratch = tempfile::tempdir().context("no scratch folder")?;
        let render = wire::render_settings(settings);
        let mut renderer = wire::renderer(&render, scratch.path())?;
        if let Some(cache) = self.cache.open()? {
            renderer = renderer.remembering(cache);
        }
        let progress = Bar::new();
        let policy = policy_to_evaluate(snapshot);
        let environments = if let PolicyInForce::Declared(_) = &in_force {
            policy.environments.clone()
        } else {
            renderer.discover(source, &Diff { base: tree.clone(), head: tree.clone() }).await?
        };
        let chosen = self.chosen(environments)?;
        let evaluator = Evaluator {
            source,
            renderer: &renderer,
            clusters: Asking::Nobody,
            key: &wire::key_of_this_run()?,
            mask: &policy.mask,
            inventory: None,
            parallel: render.parallel,
            progress: &progress,
        };
        let mut found = Vec::new();
        for (environment, name) in chosen {
            let cluster: Option<&dyn Cluster> = clusters.get(&name);
            let drifted = match cluster {
                Some(cluster) => evaluator.drift(tree, &environment, cluster).await?,
                None => Drifted { errors: vec![unknown(&name)], ..Drifted::default() },
            };
            found.push(EnvironmentDrift { environment: environment.name, cluster: name, drifted });
        }
        progress.finish();
        renderer.finish();
        Ok(found)
    }

    /// Those that were asked for, with the names of their clusters.
    fn chosen(&self, environments: Vec<Environment>) -> anyhow::Result<Vec<(Environment, String)>> {
        for name in &self.environment {
            match environments.iter().find(|environment| environment.name == *name) {
                None => bail!("{}", advice::no_environment(name, &environments)),
                Some(environment) if environment.cluster.is_none() => {
                    bail!("environment `{name}` has no cluster: give it one in the policy (`cluster = …`)")
                }
                Some(_) => {}
            }
        }
        let wanted = |environment: &Environment| {
            self.environment.is_empty() || self.environment.contains(&environment.name)
        };
        let chosen = environments.into_iter().filter(wanted);
        let chosen: Vec<_> = chosen.filter_map(|one| one.cluster.clone().map(|name| (one, name))).collect();
        if chosen.is_empty() {
            bail!("no environment has a cluster: give one a `cluster` in the policy");
        }
        Ok(chosen)
    }

    fn print(&self, report: &DriftReport) -> anyhow::Result<String> {
        Ok(match self.format {
            ReportFormat::Terminal => report::drift_terminal(report),
            ReportFormat::Markdown => report::drift_markdown(report),
            ReportFormat::Html => report::drift_html(report),
            ReportFormat::Sarif => report::drift_sarif(report),
            ReportFormat::Json => format!("{}\n", serde_json::to_string_pretty(report)?),
        })
    }
}

fn unknown(name: &str) -> EnvironmentError {
    let message = format!("no cluster `{name}` was given");
    EnvironmentError { object: None, message, undecided: true }
}

/// What differs is said before what could not be told.
fn exit(report: &DriftReport) -> Exit {
    match (report.differs(), report.is_told()) {
        (true, _) => Exit::Blocked,
        (false, false) => Exit::Undecided,
        (false, true) => Exit::Fine,
    }
}
