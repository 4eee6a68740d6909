//! `review`: what merging the commit at hand would do, said from a clone alone.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};
use countersign_core::actor::Known;
use countersign_core::config;
use countersign_core::decide::{self, Found, PolicyInForce, judge_content, policy_to_evaluate};
use countersign_core::environment::Environment;
use countersign_core::evaluation::Evaluation;
use countersign_core::report::{self, Colour, Report, Style};
use countersign_core::revision::{CommitSha, Diff, ObjectId};
use countersign_core::snapshot::{MergeOutcome, PolicyFile, Snapshot};
use countersign_core::verdict::Verdict;

use super::cache::CacheArgs;
use super::progress::Bar;
use super::wire::{self, Mirror, Programs};
use super::{Exit, ReportFormat, advice, deliver, files};
use crate::engine::{Asking, Evaluator, beside, find_fields, library, offline_snapshot, without_people};
use crate::ports::Renderer as _;
use crate::ports::{Clusters, Source as _};
use crate::settings::{RenderSettings, Settings};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  countersign review\n  countersign review --base origin/main --head HEAD --format markdown\n  countersign review --format html --output review.html\n  countersign review --worktree --fail-on block"
)]
pub(super) struct Review {
    /// The repository
    #[arg(long, value_name = "DIR", default_value = ".")]
    repo: PathBuf,
    /// The target; by default the remote's default branch, else main, else master
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// The change; its merge into the target is what is judged
    #[arg(long, value_name = "REV", default_value = "HEAD", conflicts_with = "worktree")]
    head: String,
    /// Judge the files as they are, committed or not
    #[arg(long)]
    worktree: bool,
    /// A policy file instead of the target's `.countersign.toml`
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
    /// Look at no cluster
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    cache: CacheArgs,
    /// Units rendered side by side; by default as the settings say, else one for each processor
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=1024))]
    jobs: Option<usize>,
    /// How to print
    #[arg(long, default_value = "terminal")]
    format: ReportFormat,
    /// Write to this file instead of stdout
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// When the exit status says no
    #[arg(long, default_value = "block")]
    fail_on: FailOn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Never,
    Hold,
    Block,
}

impl Review {
    pub(super) async fn run(self) -> anyhow::Result<Exit> {
        super::interruption::unless_interrupted(async move { self.review().await }).await
    }

    /// Whether a policy that was named is the one of the repository.
    fn is_the_repositorys(&self, file: &Path) -> bool {
        let own = std::fs::canonicalize(self.repo.join(config::POLICY_PATH));
        own.is_ok_and(|own| std::fs::canonicalize(file).is_ok_and(|file| file == own))
    }

    async fn review(&self) -> anyhow::Result<Exit> {
        super::check_output(self.output.as_deref())?;
        let settings = self.settings.as_deref().map(Settings::read).transpose()?;
        let source = wire::local(&self.repo).await?;
        let judged = match self.judged(&source).await {
            Ok(judged) => judged,
            Err(error) => return Err(advice::on(&source, error).await),
        };
        let policy = files::policy(&source, &judged.trees.base, self.policy.as_deref()).await?;
        let now = jiff::Timestamp::now();
        let snapshot = offline_snapshot(&judged.base, &judged.head, judged.merge.clone(), now);
        let mut snapshot = snapshot.context("a name of ours is not valid")?;
        snapshot.library = library(&source, &judged.trees.base, policy.as_ref()).await?;
        snapshot.floor = settings.as_ref().map(files::floor).transpose()?.flatten();
        if self.policy.is_none() {
            self.propose(&source, &judged.trees.head, policy.as_ref(), &mut snapshot).await?;
        }
        snapshot.policy = policy;
        without_people(&mut snapshot);
        let in_force = wire::policy_in_force(&snapshot)?;
        let scratch = tempfile::tempdir().context("no scratch folder")?;
        let renderer = self.renderer(settings.as_ref(), scratch.path())?;
        let (files, evaluation) = futures::join!(
            crate::engine::changed_files(&source, &judged.trees),
            self.evaluate((&source, &renderer), settings.as_ref(), &judged.trees, &snapshot, &in_force),
        );
        snapshot.details.files = files;
        snapshot.evaluation = evaluation?;
        snapshot.digest = countersign_core::effect::change_digest(
            &snapshot.change.id.repo,
            &snapshot.change.target,
            &snapshot.evaluation,
        );
        // Others have to hear of an interruption meanwhile.
        let found = tokio::task::block_in_place(|| Found::of(&snapshot, &in_force));
        find_fields(&source, &renderer, &judged.trees.head, &mut snapshot, &found).await;
        renderer.finish();
        let (mut report, verdict) = tokio::task::block_in_place(|| {
            let judgement = judge_content(&snapshot, &in_force, &found);
            (decide::report(&snapshot, &judgement), judgement.verdict)
        });
        if self.policy.as_deref().is_some_and(|file| !self.is_the_repositorys(file)) {
            report.requirements.iter_mut().for_each(|requirement| requirement.elsewhere = true);
        }
        deliver(&self.print(&report)?, self.output.as_ref())?;
        let exit = self.exit(&verdict);
        // They go with the process: to take them apart would take longer than many a review.
        std::mem::forget((snapshot, report));
        Ok(exit)
    }

    async fn evaluate(
        &self,
        (source, renderer): (&Mirror, &Programs),
        settings: Option<&Settings>,
        trees: &Diff<ObjectId>,
        snapshot: &Snapshot,
        in_force: &PolicyInForce,
    ) -> anyhow::Result<Evaluation> {
        let clusters = self.clusters(settings).await?;
        let policy = policy_to_evaluate(snapshot);
        let declared = matches!(in_force, PolicyInForce::Declared(_));
        let progress = Bar::new();
        let wanted = countersign_core::policy::inventory_wanted(&policy, &snapshot.library);
        let evaluator = Evaluator {
            source,
            renderer,
            clusters: clusters.as_ref().map_or(Asking::Nobody, |clusters| Asking::Clusters(clusters)),
            key: &wire::key_of_this_run()?,
            mask: &policy.mask,
            inventory: Some(&wanted),
            // Beside those that render, some are read and compared.
            parallel: self.render_settings(settings).parallel.saturating_mul(2),
            progress: &progress,
        };
        let chosen = if declared { Some(self.chosen(policy.environments.clone())?) } else { None };
        let begin = renderer.begin(source, trees, chosen.as_deref());
        let work = async {
            let environments = match &chosen {
                Some(chosen) => chosen,
                None => &self.chosen(renderer.discover(source, trees).await?)?,
            };
            Ok(evaluator.evaluate(trees, environments, !declared).await?)
        };
        let evaluation = beside(begin, work).await;
        progress.finish();
        evaluation
    }

    fn render_settings(&self, settings: Option<&Settings>) -> RenderSettings {
        let render = wire::render_settings(settings);
        RenderSettings { parallel: self.jobs.unwrap_or(render.parallel), ..render }
    }

    fn renderer(&self, settings: Option<&Settings>, scratch: &Path) -> anyhow::Result<Programs> {
        let renderer = wire::renderer(&self.render_settings(settings), scratch)?;
        Ok(match self.cache.open()? {
            Some(cache) => renderer.remembering(cache),
            None => renderer,
        })
    }

    fn chosen(&self, environments: Vec<Environment>) -> anyhow::Result<Vec<Environment>> {
        for name in &self.environment {
            if !environments.iter().any(|environment| environment.name == *name) {
                bail!("{}", advice::no_environment(name, &environments));
            }
        }
        let wanted = |environment: &Environment| {
            self.environment.is_empty() || self.environment.contains(&environment.name)
        };
        let mut chosen: Vec<Environment> = environments.into_iter().filter(wanted).collect();
        if self.clusters_asked_for() {
            return Ok(chosen);
        }
        for environment in &mut chosen {
            environment.cluster = None;
        }
        Ok(chosen)
    }

    fn clusters_asked_for(&self) -> bool {
        !self.offline && (!self.cluster.is_empty() || self.settings.is_some())
    }

    /// Clusters named on the command line, else those of the settings.
    async fn clusters(&self, settings: Option<&Settings>) -> anyhow::Result<Option<impl Clusters + use<>>> {
        Ok(match settings {
            _ if !self.clusters_asked_for() => None,
            Some(settings) if self.cluster.is_empty() => Some(wire::clusters(settings).await?),
            _ => Some(wire::named_clusters(&self.cluster, self.kubeconfig.as_ref()).await?),
        })
    }

    async fn judged(&self, source: &Mirror) -> anyhow::Result<Judged> {
        let base = match &self.base {
            Some(base) => source.resolve(base).await?,
            None => source.resolve(&source.default_branch().await?).await?,
        };
        let head = if self.worktree {
            let parent = source.resolve("HEAD").await?;
            let tree = source.worktree_tree().await?;
            source.commit_tree_on(&parent, &tree).await?
        } else {
            source.resolve(&self.head).await?
        };
        let merge = source.merge(&base, &head).await?;
        let base_tree = source.tree_of(&base).await?;
        let head_tree = match &merge {
            MergeOutcome::Clean { tree } => tree.clone(),
            MergeOutcome::Nothing => base_tree.clone(),
            MergeOutcome::Conflict { .. } => source.tree_of(&head).await?,
        };
        Ok(Judged { base, head, merge, trees: Diff { base: base_tree, head: head_tree } })
    }

    /// The policy that the change proposes, where it alters the policy or its files.
    async fn propose(
        &self,
        source: &Mirror,
        head: &ObjectId,
        policy: Option<&PolicyFile>,
        snapshot: &mut Snapshot,
    ) -> anyhow::Result<()> {
        let proposed = files::policy(source, head, self.policy.as_deref()).await?;
        let text = |file: Option<&PolicyFile>| file.map(|file| file.text.clone());
        let theirs = match library(source, head, proposed.as_ref()).await {
            Ok(library) => Known::Yes(library),
            Err(error) => Known::Unknown(error.to_string()),
        };
        let differs = text(proposed.as_ref()) != text(policy);
        let altered = differs || theirs.as_option().is_none_or(|theirs| *theirs != snapshot.library);
        snapshot.proposed_policy = proposed.filter(|_| differs);
        snapshot.proposed_library = altered.then_some(theirs);
        Ok(())
    }

    fn print(&self, report: &Report) -> anyhow::Result<String> {
        Ok(match self.format {
            ReportFormat::Terminal => {
                let terminal = self.output.is_none() && std::io::stdout().is_terminal();
                let plain = std::env::var_os("NO_COLOR").is_some() || !terminal;
                let colour = if plain { Colour::Plain } else { Colour::Ansi };
                report::terminal(report, Style { width: width(terminal), colour })
            }
            ReportFormat::Markdown => report::markdown(report, None),
            ReportFormat::Html => report::html(report),
            ReportFormat::Sarif => report::sarif(report),
            ReportFormat::Json => {
                let mut text = serde_json::to_string_pretty(report)?;
                text.push('\n');
                text
            }
        })
    }

    fn exit(&self, verdict: &Verdict) -> Exit {
        match (verdict, self.fail_on) {
            (Verdict::Allow, _) | (_, FailOn::Never) | (Verdict::Hold(_), FailOn::Block) => Exit::Fine,
            (Verdict::Hold(_), FailOn::Hold) | (Verdict::Block(_), FailOn::Hold | FailOn::Block) => {
                Exit::Blocked
            }
            (Verdict::Undecided(_), FailOn::Hold | FailOn::Block) => Exit::Undecided,
        }
    }
}

/// What is judged.
struct Judged {
    base: CommitSha,
    head: CommitSha,
    merge: MergeOutcome,
    trees: Diff<ObjectId>,
}

fn width(terminal: bool) -> usize {
    if !terminal {
        return 100;
    }
    rustix::termios::tcgetwinsize(std::io::stdout())
        .map_or(100, |size| usize::from(size.ws_col))
        .clamp(40, 160)
}
