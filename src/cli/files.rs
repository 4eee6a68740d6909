//! Files on disk that a policy is written in: those beside a policy file that nobody committed yet, and those of the
//! server's floor. Links are not followed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use countersign_core::config::{self, Level, Policy, PolicyError};
use countersign_core::library::{self, Library, LibraryFile};
use countersign_core::revision::{Digest, ObjectId};
use countersign_core::schema::defined_in;
use countersign_core::snapshot::{FloorFile, PolicyFile};

use super::wire::Mirror;
use crate::ports::Source as _;
use crate::settings::Settings;

/// The largest library, in bytes of text; as large as the server takes.
const LARGEST: usize = 8 << 20;
/// The most files that are looked at in search of those that a policy names.
const MOST: usize = 500_000;

/// The repository around a file: the nearest folder above it that git knows, else its own.
pub(super) fn root_of(file: &Path) -> anyhow::Result<PathBuf> {
    let file = std::path::absolute(file).with_context(|| format!("{}: has no place", file.display()))?;
    let folder = file.parent().unwrap_or(Path::new("/"));
    let repository = folder.ancestors().find(|folder| folder.join(".git").exists());
    Ok(repository.unwrap_or(folder).to_owned())
}

/// The policy: this file, else the one that a tree has.
pub(super) async fn policy(
    source: &Mirror,
    tree: &ObjectId,
    file: Option<&Path>,
) -> anyhow::Result<Option<PolicyFile>> {
    let text = match file {
        Some(file) => {
            Some(std::fs::read(file).with_context(|| format!("{}: cannot be read", file.display()))?)
        }
        None => source.read_file(tree, config::POLICY_PATH).await?,
    };
    let Some(text) = text else { return Ok(None) };
    let text = String::from_utf8(text).context("the policy is not UTF-8 text")?;
    Ok(Some(PolicyFile { blob: tree.clone(), text }))
}

/// The files below a folder that a policy names.
pub(super) fn library(root: &Path, policy: &Policy) -> anyhow::Result<Library> {
    let mut library = Library::default();
    if !library::has_files(policy) {
        return Ok(library);
    }
    let mut room = LARGEST;
    walk(root, |path| {
        let Some(name) = path.strip_prefix(root).ok().and_then(Path::to_str) else { return Ok(()) };
        if library::is_wanted(policy, name) {
            let text = text(path)?;
            let left = room.checked_sub(text.len());
            room = left.context("the policy's files have more than 8 MB together")?;
            library.insert(name.to_owned(), LibraryFile { blob: id(&text)?, text });
        }
        Ok(())
    })?;
    Ok(library)
}

/// Shows every file below a folder, but git's own.
fn walk(root: &Path, mut show: impl FnMut(&Path) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let (mut folders, mut seen) = (vec![root.to_owned()], 0_usize);
    while let Some(folder) = folders.pop() {
        let unread = || format!("{}: cannot be read", folder.display());
        for entry in std::fs::read_dir(&folder).with_context(unread)? {
            let entry = entry.with_context(unread)?;
            let (path, kind) = (entry.path(), entry.file_type().with_context(unread)?);
            seen += 1;
            if seen > MOST {
                bail!("{}: has more than {MOST} files", root.display());
            }
            if kind.is_dir() && entry.file_name() != ".git" {
                folders.push(path);
            } else if kind.is_file() {
                show(&path)?;
            }
        }
    }
    Ok(())
}

/// The kinds that manifests of a repository define, by group and kind. What cannot be read defines nothing.
pub(super) fn definitions(root: &Path) -> BTreeSet<(String, String)> {
    let mut definitions = BTreeSet::new();
    if !root.join(".git").exists() {
        return definitions;
    }
    let all = walk(root, |path| {
        let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default();
        let small = || path.metadata().is_ok_and(|metadata| metadata.len() <= LARGEST as u64);
        if ["yaml", "yml", "json"].contains(&end) && small() {
            definitions.extend(defined_in(&text(path).unwrap_or_default()));
        }
        Ok(())
    });
    // A folder that cannot be read has said so where the policy's files were read, if it has to be.
    all.map_or_else(|_| BTreeSet::new(), |()| definitions)
}

/// A text file.
pub(super) fn text(file: &Path) -> anyhow::Result<String> {
    let bytes = std::fs::read(file).with_context(|| format!("{}: cannot be read", file.display()))?;
    String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("{}: is not UTF-8 text", file.display()))
}

/// What stands for the blob of a file that is in no repository: the SHA-256 of its text.
pub(super) fn id(text: &str) -> anyhow::Result<countersign_core::revision::ObjectId> {
    let digest = Digest::of(text.as_bytes()).to_string();
    Ok(digest.trim_start_matches("sha256:").parse()?)
}

/// The floor that the settings name, sound and with everything that it needs.
pub(super) fn floor(settings: &Settings) -> anyhow::Result<Option<FloorFile>> {
    let Some(file) = &settings.policy.floor_file else { return Ok(None) };
    let shown = file.display().to_string();
    let text = text(file).context("the floor ([policy] floor_file)")?;
    let floor = config::parse_floor(&text, &shown)
        .map_err(|errors| anyhow::anyhow!("the floor cannot be used\n{}", rendered(&errors, Level::Error)))?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let library = library(folder, &floor.policy())?;
    let broken = countersign_core::policy::broken_checks(&floor.policy(), &library);
    if let Some((check, why)) = broken.first() {
        bail!("{shown}: the floor's check `{check}` cannot be used: {why}");
    }
    let name = file.file_name().map_or(shown, |name| name.to_string_lossy().into_owned());
    Ok(Some(FloorFile { file: name, text, library }))
}

/// Errors or warnings as people read them, a blank line between two.
pub(super) fn rendered(errors: &[PolicyError], level: Level) -> String {
    errors.iter().map(|error| format!("{}\n", error.render(level, None))).collect()
}
