//! The programs that render: where they are, which version they are, and what to install where they are not.

use std::path::{Path, PathBuf};

use countersign_core::revision::Digest;

use crate::process::Finished;

/// A program that was found and asked for its version.
#[derive(Debug, Clone)]
pub(super) struct Tool {
    pub(super) program: PathBuf,
    /// Arguments before all others.
    pub(super) leading: &'static [&'static str],
    /// Its version and the digest of its bytes.
    pub(super) version: String,
}

/// What renders a kind of unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Kustomize,
    Helm,
}

/// One place to look for a tool.
pub(super) struct Candidate<'a> {
    pub(super) program: &'a Path,
    pub(super) leading: &'static [&'static str],
    pub(super) version: &'static [&'static str],
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Kustomize => "kustomize",
            Self::Helm => "helm",
        }
    }

    pub(super) fn missing(self) -> String {
        match self {
            Self::Kustomize => {
                "there is no `kustomize` (and no `kubectl`) on this machine: install one, or name it \
                                as `[render] kustomize` in the settings"
                    .to_owned()
            }
            Self::Helm => {
                "there is no `helm` on this machine: install it, or name it as `[render] helm` in the \
                           settings"
                    .to_owned()
            }
        }
    }
}

/// A program by its path, or by its name on `PATH`; its real path.
pub(super) fn locate(program: &Path) -> Option<PathBuf> {
    let usable = |path: PathBuf| {
        let path = path.canonicalize().ok()?;
        let mode = std::os::unix::fs::PermissionsExt::mode(&path.metadata().ok()?.permissions());
        (path.is_file() && mode & 0o111 != 0).then_some(path)
    };
    if program.components().count() > 1 {
        return usable(program.to_owned());
    }
    std::env::split_paths(&std::env::var_os("PATH")?).find_map(|folder| usable(folder.join(program)))
}

/// The version in what a tool prints when asked: the last word that begins like one.
pub(super) fn version_in(finished: &Finished) -> Option<String> {
    let text = String::from_utf8_lossy(&finished.stdout);
    let word = text.split_whitespace().rev().find_map(|word| {
        let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let number = word.strip_prefix('v').unwrap_or(word);
        number.starts_with(|c: char| c.is_ascii_digit()).then(|| word.to_owned())
    })?;
    finished.status.success().then(|| word.chars().take(64).collect())
}

/// A name for the very file that a program is now, and for what it is asked: replacing or altering the file gives
/// another, since no user can set when a file last changed.
pub(super) fn file_key(program: &Path, candidate: &Candidate<'_>) -> Option<Digest> {
    use std::os::unix::fs::MetadataExt as _;
    let meta = program.metadata().ok()?;
    let (device, inode, size) = (meta.dev(), meta.ino(), meta.size());
    let (modified, changed) = ((meta.mtime(), meta.mtime_nsec()), (meta.ctime(), meta.ctime_nsec()));
    let file = (device, inode, size, modified, changed);
    let text =
        format!("countersign.tool/v1\n{program:?} {:?} {file:?}", (candidate.leading, candidate.version));
    Some(Digest::of(text.as_bytes()))
}

/// SHA-256 of a file, in hexadecimal digits.
pub(super) fn file_digest(path: &Path) -> std::io::Result<String> {
    use std::io::Read as _;
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    let mut file = std::fs::File::open(path)?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        context.update(buffer.get(..read).unwrap_or_default());
    }
    Ok(context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
}
