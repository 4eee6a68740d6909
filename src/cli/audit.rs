//! `audit verify`: walks the first parents of a clone, offline.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Subcommand, ValueEnum};

use super::{Exit, deliver, wire};
use crate::audit::{CommitFinding, Standing, Verifier};
use crate::engine::AUDIT_BRANCH;

pub(super) const EXAMPLES: &str = "Example:\n  countersign audit verify v1.0..main";

#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Check every commit on the first-parent line of a range
    #[command(
        after_help = "Examples:\n  countersign audit verify v1.0..main\n  countersign audit verify --allowed-signers signers --format json HEAD"
    )]
    Verify {
        /// `FROM..TO`, or one revision for its whole history
        #[arg(default_value = "HEAD")]
        range: String,
        /// The clone
        #[arg(long, default_value = ".")]
        repo: PathBuf,
        /// Signers that are trusted, instead of `.countersign/allowed_signers` at each first parent
        #[arg(long)]
        allowed_signers: Option<PathBuf>,
        /// How to print
        #[arg(long, default_value = "text")]
        format: AuditFormat,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum AuditFormat {
    Text,
    Json,
}

impl Audit {
    pub(super) async fn run(self) -> anyhow::Result<Exit> {
        let Self::Verify { range, repo, allowed_signers, format } = self;
        let source = wire::local(&repo).await?;
        let (from, to) = match range.split_once("..") {
            Some((from, to)) => (Some(from), if to.is_empty() { "HEAD" } else { to }),
            None => (None, range.as_str()),
        };
        let from = match from {
            Some(from) => Some(source.resolve(from).await?),
            None => None,
        };
        let to = source.resolve(to).await?;
        let mut audit_tip = None;
        for place in ["refs/remotes/origin/", "refs/heads/"] {
            audit_tip = audit_tip.or(source.resolve(&format!("{place}{AUDIT_BRANCH}")).await.ok());
        }
        let pinned = match allowed_signers {
            Some(file) => Some(
                std::fs::read_to_string(&file)
                    .with_context(|| format!("{}: cannot be read", file.display()))?,
            ),
            None => None,
        };
        let verifier =
            Verifier { source: &source, audit_tip: audit_tip.as_ref(), allowed_signers: pinned.as_deref() };
        let findings = verifier.range(from.as_ref(), &to).await?;
        if findings.is_empty() {
            bail!("the range holds no commit");
        }
        deliver(&print(&findings, format)?, None)?;
        let proven = findings.iter().all(|finding| finding.standing == Standing::Landing);
        Ok(if proven { Exit::Fine } else { Exit::Blocked })
    }
}

fn print(findings: &[CommitFinding], format: AuditFormat) -> anyhow::Result<String> {
    match format {
        AuditFormat::Json => Ok(format!("{}\n", serde_json::to_string_pretty(findings)?)),
        AuditFormat::Text => Ok(findings.iter().map(text).collect()),
    }
}

fn text(finding: &CommitFinding) -> String {
    let title = countersign_core::report::terminal_safe(&finding.title);
    let (word, problems): (&str, &[String]) = match &finding.standing {
        Standing::Landing => ("landing", &[]),
        Standing::DirectPush => ("direct push", &[]),
        Standing::Broken { problems } => ("BROKEN", problems),
        Standing::EvidenceMissing { problems } => ("evidence missing", problems),
    };
    let mut lines = format!("{} {word}: {title}\n", finding.commit.short());
    for approval in &finding.approved_by {
        lines.push_str(&format!("    approved by {}\n", countersign_core::report::terminal_safe(approval)));
    }
    for problem in problems {
        lines.push_str(&format!("    ✗ {problem}\n"));
    }
    lines
}
