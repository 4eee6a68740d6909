//! `doctor`: everything that can be checked before the first change, each with what to do.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use countersign_core::change::RepoPath;
use countersign_core::revision::BranchName;

use super::{Exit, deliver, wire};
use crate::ports::{ClusterError, DryRuns, Forge};
use crate::settings::Settings;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  countersign doctor\n  countersign doctor --settings /etc/countersign/countersign.toml"
)]
pub(super) struct Doctor {
    /// The settings file
    #[arg(long, default_value = "countersign.toml")]
    settings: PathBuf,
}

/// One line of the answer.
struct Line {
    fine: bool,
    text: String,
}

impl Doctor {
    pub(super) async fn run(self) -> anyhow::Result<Exit> {
        let settings = Settings::read(&self.settings)?;
        let engine = wire::engine(&settings).await.context("the settings cannot be put to work")?;
        let signer = wire::allowed_signers(&engine);
        let mut lines = vec![
            Line { fine: true, text: "settings, store and keys can be used".to_owned() },
            Line {
                fine: true,
                text: format!("signs as (for .countersign/allowed_signers): {}", signer.trim_end()),
            },
        ];
        for forge in engine.forges.values() {
            lines.extend(of_forge(forge.as_ref()).await);
        }
        for cluster in &settings.cluster {
            lines.extend(of_cluster(&engine, &cluster.name).await);
        }
        let fine = lines.iter().all(|line| line.fine);
        let text: String = lines
            .iter()
            .map(|line| format!("{} {}\n", if line.fine { "✓" } else { "✗" }, line.text))
            .collect();
        deliver(&text, None)?;
        Ok(if fine { Exit::Fine } else { Exit::Blocked })
    }
}

async fn of_forge(forge: &dyn Forge) -> Vec<Line> {
    let name = forge.name();
    let me = match forge.me().await {
        Ok(me) => me,
        Err(error) => {
            return vec![Line { fine: false, text: format!("{name}: {error}: check url and token") }];
        }
    };
    let mut lines = vec![Line { fine: true, text: format!("{name}: speaks as {} (id {})", me.login, me.id) }];
    match forge.repositories().await {
        Err(error) => lines.push(Line { fine: false, text: format!("{name}: {error}") }),
        Ok(repositories) if repositories.is_empty() => {
            let text =
                format!("{name}: no repository is both allowed by the settings and visible to the token");
            lines.push(Line { fine: false, text });
        }
        Ok(repositories) => {
            for repository in repositories {
                lines.extend(of_repository(forge, &repository).await);
            }
        }
    }
    lines
}

/// The branch that is asked about; repositories that land elsewhere are asked again at each landing.
const BRANCHES: [&str; 2] = ["main", "master"];

async fn of_repository(forge: &dyn Forge, repository: &RepoPath) -> Option<Line> {
    let name = forge.name();
    for branch in BRANCHES {
        let Ok(branch) = branch.parse::<BranchName>() else { continue };
        if let Ok(capability) = forge.capability(repository, &branch).await {
            let missing = capability.missing.join("; ");
            let text = match (capability.can, capability.exclusive) {
                (true, true) => format!("{name}: {repository}: can land on {branch}, and nobody else can"),
                (true, false) => format!(
                    "{name}: {repository}: can land on {branch}, but others can update it too, so its status never turns green: {missing}"
                ),
                (false, _) => format!("{name}: {repository}: cannot land on {branch}: {missing}"),
            };
            return Some(Line { fine: capability.can && capability.exclusive, text });
        }
    }
    Some(Line {
        fine: false,
        text: format!("{name}: {repository}: protection of main and master cannot be read"),
    })
}

async fn of_cluster(engine: &crate::engine::Engine, name: &str) -> Vec<Line> {
    let Some(cluster) = engine.clusters.get(name) else {
        return vec![Line { fine: false, text: format!("cluster {name}: is not connected") }];
    };
    match cluster.identity().await {
        Ok(identity) => {
            let answers = Line { fine: true, text: format!("cluster {name}: answers as {identity}") };
            vec![answers, of_account(name, cluster.dry_runs(&BTreeSet::new()).await)]
        }
        Err(error) => vec![Line { fine: false, text: format!("cluster {name}: {}", whole(error)) }],
    }
}

/// With what is beneath.
fn whole(error: ClusterError) -> String {
    format!("{:#}", anyhow::Error::new(error))
}

fn of_account(name: &str, dry_runs: Result<DryRuns, ClusterError>) -> Line {
    match dry_runs {
        Ok(DryRuns::On) => {
            let text = format!(
                "cluster {name}: the account has no right too many, and a real write is refused: dry runs are on"
            );
            Line { fine: true, text }
        }
        Ok(DryRuns::Off { why }) => {
            Line { fine: false, text: format!("cluster {name}: dry runs are off: {why}") }
        }
        Err(error) => {
            let error = whole(error);
            let text = format!("cluster {name}: whether dry runs can do harm could not be told: {error}");
            Line { fine: false, text }
        }
    }
}
