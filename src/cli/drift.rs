//! `drift`: how clusters differ from what the repository says, without any change.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use countersign_core::decide::{PolicyInForce, policy_to_evaluate};
use countersign_core::environment::Environment;
use countersign_core::evaluation::EnvironmentError;
use countersign_core::report::{code_span, terminal_safe};
use countersign_core::revision::{Diff, ObjectId};
use countersign_core::snapshot::{MergeOutcome, PolicyFile, Snapshot};
use serde::Serialize;
use serde_json::Value;

use super::wire::{self, Mirror};
use super::{Exit, advice, deliver};
use crate::engine::predict::Drifted;
use crate::engine::{Asking, Evaluator, Quiet, library, offline_snapshot};
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
    /// How to print
    #[arg(long, default_value = "terminal")]
    format: DriftFormat,
    /// Write to this file instead of stdout
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DriftFormat {
    Terminal,
    Markdown,
    Json,
}

/// One environment's answer.
#[derive(Debug, Serialize)]
struct Found {
    environment: String,
    cluster: String,
    #[serde(flatten)]
    drifted: Drifted,
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
        snapshot.policy = policy_file(&source, &tree).await?;
        snapshot.library = library(&source, &tree, snapshot.policy.as_ref()).await?;
        let found = self.compare(&source, settings.as_ref(), &tree, &snapshot, &clusters).await?;
        deliver(&self.print(&found)?, self.output.as_ref())?;
        Ok(exit(&found))
    }

    async fn compare(
        &self,
        source: &Mirror,
        settings: Option<&Settings>,
        tree: &ObjectId,
        snapshot: &Snapshot,
        clusters: &impl Clusters,
    ) -> anyhow::Result<Vec<Found>> {
        let in_force = wire::policy_in_force(snapshot)?;
        let scratch = tempfile::tempdir().context("no scratch folder")?;
        let render = wire::render_settings(settings);
        let renderer = wire::renderer(&render, scratch.path())?;
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
            progress: &Quiet,
        };
        let mut found = Vec::new();
        for (environment, name) in chosen {
            let cluster: Option<&dyn Cluster> = clusters.get(&name);
            let drifted = match cluster {
                Some(cluster) => evaluator.drift(tree, &environment, cluster).await?,
                None => Drifted { errors: vec![unknown(&name)], ..Drifted::default() },
            };
            found.push(Found { environment: environment.name, cluster: name, drifted });
        }
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

    fn print(&self, found: &[Found]) -> anyhow::Result<String> {
        Ok(match self.format {
            DriftFormat::Json => {
                let all = serde_json::json!({ "environments": found });
                format!("{}\n", serde_json::to_string_pretty(&all)?)
            }
            DriftFormat::Terminal => lines(found, "", "  ", terminal_safe),
            DriftFormat::Markdown => lines(found, "### ", "- ", code_span),
        })
    }
}

async fn policy_file(source: &Mirror, tree: &ObjectId) -> anyhow::Result<Option<PolicyFile>> {
    let Some(text) = source.read_file(tree, countersign_core::config::POLICY_PATH).await? else {
        return Ok(None);
    };
    let text = String::from_utf8(text).context("the policy is not UTF-8 text")?;
    Ok(Some(PolicyFile { blob: tree.clone(), text }))
}

fn unknown(name: &str) -> EnvironmentError {
    let message = format!("no cluster `{name}` was given");
    EnvironmentError { object: None, message, undecided: true }
}

/// What differs is said before what could not be told.
fn exit(found: &[Found]) -> Exit {
    if found.iter().any(|one| one.drifted.differs()) {
        Exit::Blocked
    } else if found.iter().flat_map(|one| &one.drifted.errors).any(|error| error.undecided) {
        Exit::Undecided
    } else {
        Exit::Fine
    }
}

/// `quote` makes what comes from elsewhere harmless where it is printed.
fn lines<Q, T>(found: &[Found], title: &str, item: &str, quote: Q) -> String
where
    Q: Fn(&str) -> T,
    T: std::fmt::Display,
{
    let mut text = String::new();
    let value = |value: &Option<Value>| value.as_ref().map_or("absent".to_owned(), Value::to_string);
    for Found { environment, cluster, drifted } in found {
        let count = drifted.drift.len().saturating_add(drifted.missing.len());
        let _ = writeln!(
            text,
            "{title}{}, cluster {}: {count} of {} objects differ; {} are never looked at",
            quote(environment),
            quote(cluster),
            drifted.compared,
            drifted.left_out
        );
        for object in &drifted.missing {
            let _ = writeln!(text, "{item}{} is not in the cluster", quote(&object.to_string()));
        }
        for drift in &drifted.drift {
            for change in &drift.changes {
                let (live, base) = (value(&change.before), value(&change.after));
                let said = if change.masked {
                    format!("{} differs (secret)", change.path)
                } else {
                    format!("{} is {live}, base says {base}", change.path)
                };
                let _ = writeln!(text, "{item}{}: {}", quote(&drift.object.to_string()), quote(&said));
            }
        }
        for error in &drifted.errors {
            let word = if error.undecided { "not told" } else { "note" };
            let _ = writeln!(text, "{item}{word}: {}", quote(&error.message));
        }
    }
    text
}
