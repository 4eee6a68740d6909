//! `init`: a policy file for the repository as found, and a check for CI. It writes new files only, and nothing unless
//! all of them can be written.

mod checks;
mod paths;
mod policy;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use countersign_core::config::{self, Level, POLICY_PATH};
use countersign_core::environment::Environment;
use countersign_core::revision::{Diff, ObjectId};

use super::wire::{self, Mirror};
use super::{Exit, deliver};
use crate::ports::{Renderer, Source as _};
use crate::settings::RenderSettings;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  countersign init\n  countersign init --repo ../environments --forge gitlab\n  countersign init --only-check --forge gitea"
)]
pub(super) struct Init {
    /// The repository
    #[arg(long, value_name = "DIR", default_value = ".")]
    repo: PathBuf,
    /// Which forge the check is for; by default what the address of `origin` says
    #[arg(long)]
    forge: Option<ForgeName>,
    /// Write no policy, only the check
    #[arg(long)]
    only_check: bool,
}

/// A forge whose CI is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ForgeName {
    Github,
    Gitlab,
    Gitea,
}

/// A file to write, relative to the top of the work tree.
struct NewFile {
    path: &'static str,
    text: String,
}

/// What is known of a repository before anything is written.
struct Found {
    environments: Vec<Environment>,
    /// Kinds of objects that its files name.
    kinds: BTreeSet<String>,
}

impl Init {
    pub(super) async fn run(self) -> anyhow::Result<Exit> {
        let source = wire::local(&self.repo).await?;
        let Some(root) = source.work_tree() else {
            bail!("{}: has no work tree to write files into: run this in a clone", self.repo.display());
        };
        let forge = match self.forge {
            Some(forge) => Some(forge),
            None => guess(&source, root).await,
        };
        let Some(forge_or_policy) = Some(forge).filter(|forge| forge.is_some() || !self.only_check) else {
            bail!("nothing here says which forge it is: add --forge github, gitlab or gitea");
        };
        let scratch = tempfile::tempdir().context("no scratch folder")?;
        let renderer = wire::renderer(&RenderSettings::default(), scratch.path())?;
        let tree = source.worktree_tree().await?;
        let found = look(&source, &renderer, &tree).await?;
        let mut files = Vec::new();
        if !self.only_check {
            let text = policy::text(&source, &renderer, &tree, &found).await?;
            check_policy(&text)?;
            files.push(NewFile { path: POLICY_PATH, text });
        }
        files.extend(forge_or_policy.map(checks::check));
        write_all(root, &files)?;
        deliver(&said(&files, &found, forge), None)?;
        Ok(Exit::Fine)
    }
}

async fn look(source: &Mirror, renderer: &impl Renderer, tree: &ObjectId) -> anyhow::Result<Found> {
    let trees = Diff { base: tree.clone(), head: tree.clone() };
    let environments = renderer.discover(source, &trees).await?;
    Ok(Found { environments, kinds: kinds(source, tree).await? })
}

/// How many files are looked into for kinds.
const LOOKED_INTO: usize = 2_000;

/// Kinds at the beginning of a line, in manifests and in templates of charts. A hint, no more.
async fn kinds(source: &Mirror, tree: &ObjectId) -> anyhow::Result<BTreeSet<String>> {
    let mut kinds = BTreeSet::new();
    let entries = source.list(tree, "").await?;
    let manifests = entries.iter().filter(|entry| {
        entry.mode.starts_with("100") && (entry.path.ends_with(".yaml") || entry.path.ends_with(".yml"))
    });
    for entry in manifests.take(LOOKED_INTO) {
        // What is too large to be read tells nothing here.
        let Ok(Some(bytes)) = source.read_file(tree, &entry.path).await else { continue };
        let text = String::from_utf8_lossy(&bytes);
        let named = text.lines().filter_map(|line| line.strip_prefix("kind:"));
        kinds.extend(named.map(|kind| kind.trim().trim_matches(['"', '\'']).to_owned()));
    }
    Ok(kinds)
}

/// The forge by the host of `origin`, else by the folders that its CI reads.
async fn guess(source: &Mirror, root: &Path) -> Option<ForgeName> {
    let by_host = source.origin_url().await.and_then(|url| forge_of(host(&url)));
    let folders = [
        (".github/workflows", ForgeName::Github),
        (".gitlab-ci.yml", ForgeName::Gitlab),
        (".gitea", ForgeName::Gitea),
        (".forgejo", ForgeName::Gitea),
    ];
    by_host.or_else(|| folders.into_iter().find(|(path, _)| root.join(path).exists()).map(|(_, forge)| forge))
}

/// The host of a URL, or of git's short form `user@host:path`.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', ':']).next().unwrap_or_default();
    // A user's name may be followed by a password, which may hold a colon.
    let whole = rest.split('/').next().unwrap_or_default();
    whole.rsplit_once('@').map_or(authority, |(_, host)| host.split(':').next().unwrap_or_default())
}

fn forge_of(host: &str) -> Option<ForgeName> {
    let host = host.to_ascii_lowercase();
    let named = |names: &[&str]| names.iter().any(|name| host.contains(name));
    match () {
        () if named(&["github"]) => Some(ForgeName::Github),
        () if named(&["gitlab"]) => Some(ForgeName::Gitlab),
        () if named(&["gitea", "forgejo", "codeberg"]) => Some(ForgeName::Gitea),
        () => None,
    }
}

/// The policy as this version reads it, with its suggestions switched on as well. One that is refused is a mistake of
/// ours that must not reach the user's repository.
fn check_policy(text: &str) -> anyhow::Result<()> {
    for text in [text.to_owned(), policy::switched_on(text)] {
        if let Err(errors) = config::parse(&text, POLICY_PATH) {
            let all: String = errors.iter().map(|error| error.render(Level::Error, None)).collect();
            bail!("no policy could be written for this repository; nothing was changed\n{all}");
        }
    }
    Ok(())
}

/// Writes all files or none, none of them over another or through a symlink.
fn write_all(root: &Path, files: &[NewFile]) -> anyhow::Result<()> {
    let present = |path: &Path| root.join(path).symlink_metadata().is_ok();
    let there: Vec<&str> = files.iter().map(|file| file.path).filter(|path| present(path.as_ref())).collect();
    if !there.is_empty() {
        let policy_only = there == [POLICY_PATH];
        let instead = if policy_only { "; `--only-check` writes the check beside it" } else { "" };
        bail!("{} is there already, and nothing is overwritten{instead}", there.join(" and "));
    }
    for file in files {
        let folders = Path::new(file.path).ancestors().skip(1);
        let link = |path: &&Path| root.join(path).symlink_metadata().is_ok_and(|meta| meta.is_symlink());
        if let Some(link) = folders.filter(|path| !path.as_os_str().is_empty()).find(link) {
            bail!("{}: is a symlink; write {} yourself, or remove it", link.display(), file.path);
        }
    }
    let mut written = Vec::new();
    for file in files {
        let path = root.join(file.path);
        if let Err(error) = write_new(&path, &file.text) {
            // All or none.
            for path in &written {
                let _kept = std::fs::remove_file(path);
            }
            return Err(error).with_context(|| format!("{}: cannot be written", path.display()));
        }
        written.push(path);
    }
    Ok(())
}

fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes()).inspect_err(|_| {
        // Half a file is worse than none.
        let _kept = std::fs::remove_file(path);
    })
}

/// What was written, and what comes next.
fn said(files: &[NewFile], found: &Found, forge: Option<ForgeName>) -> String {
    let with_policy = files.iter().any(|file| file.path == POLICY_PATH);
    let mut text = String::new();
    for file in files {
        let about = if file.path == POLICY_PATH { about_environments(found) } else { String::new() };
        text.push_str(&format!("wrote {}{about}\n", file.path));
    }
    text.push_str("\nNext:\n");
    if with_policy {
        text.push_str(
            "  countersign review --worktree --policy .countersign.toml   # what it says of the files as they are\n",
        );
    }
    text.push_str(&match forge {
        Some(forge) => checks::next(forge),
        None => "  countersign init --only-check --forge github|gitlab|gitea   # a check for CI, for the forge you use\n"
            .to_owned(),
    });
    let paths: Vec<&str> = files.iter().map(|file| file.path).collect();
    let why = if with_policy { "   # a policy counts once it is on the target branch" } else { "" };
    text.push_str(&format!("  git add {}{why}\n", paths.join(" ")));
    text
}

fn about_environments(found: &Found) -> String {
    let names: Vec<&str> = found.environments.iter().map(|environment| environment.name.as_str()).collect();
    match names.len() {
        0 => ": no environment was found; name yours in it".to_owned(),
        1..=8 => format!(": environments {}", names.join(", ")),
        many => format!(": {many} environments"),
    }
}

#[cfg(test)]
mod tests;
