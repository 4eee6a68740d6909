//! Writing parts of a tree into a folder: the bytes as they are stored, and nothing that could lead out of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, symlink};
use std::path::{Path, PathBuf};

use super::batch::Found;
use super::mirror::Mirror;
use crate::ports::{SourceError, TreeEntry, follow_links};

const ACTION: &str = "exporting a tree";
/// How many objects are in memory at once.
const CHUNK: usize = 256;
/// How a Git LFS pointer begins.
const LFS: &[u8] = b"version https://git-lfs.github.com/spec/";
const MAX_LINK: usize = 4096;

/// A file of an export, with its content.
struct Piece {
    path: PathBuf,
    mode: u32,
    bytes: Vec<u8>,
}

impl Mirror {
    pub(super) async fn export_entries(
        &self,
        entries: &[TreeEntry],
        into: &Path,
    ) -> Result<Vec<String>, SourceError> {
        check_entries(entries)?;
        let mut named = Vec::new();
        let mut links = BTreeMap::new();
        let mut total = 0_u64;
        let readable: Vec<&TreeEntry> = entries.iter().filter(|entry| entry.mode != "160000").collect();
        for entry in entries.iter().filter(|entry| entry.mode == "160000") {
            named.push(format!("{} is a submodule: its content is not in the repository", entry.path));
        }
        for chunk in readable.chunks(CHUNK) {
            let names: Vec<String> = chunk.iter().map(|entry| entry.id.to_string()).collect();
            let mut pieces = Vec::new();
            for (entry, found) in chunk.iter().zip(self.batch.read(&self.git, &names).await?) {
                let bytes = self.content(entry, found)?;
                total += bytes.len() as u64;
                if total > self.git.limits.export {
                    return Err(self.export_too_large(entry));
                }
                if entry.mode == "120000" {
                    links.insert(entry.path.clone(), link_target(entry, bytes)?);
                    continue;
                }
                if bytes.len() < 1024 && bytes.starts_with(LFS) {
                    named.push(format!(
                        "{} is a Git LFS pointer: its content is not in the repository",
                        entry.path
                    ));
                }
                let mode = if entry.mode == "100755" { 0o700 } else { 0o600 };
                pieces.push(Piece { path: into.join(&entry.path), mode, bytes });
            }
            blocking(move || pieces.iter().try_for_each(write_piece)).await?;
        }
        check_links(&links)?;
        let into = into.to_owned();
        // Last, so that no file is ever written through a link.
        blocking(move || {
            links.iter().try_for_each(|(path, target)| {
                let path = into.join(path);
                make_parent(&path)?;
                symlink(target, path)
            })
        })
        .await?;
        named.sort();
        Ok(named)
    }

    fn content(&self, entry: &TreeEntry, found: Found) -> Result<Vec<u8>, SourceError> {
        match found {
            Found::Object(object) if object.kind == "blob" => Ok(object.bytes),
            Found::TooLarge(size) => Err(self.too_large(&entry.path, size)),
            Found::Object(_) | Found::Missing => {
                Err(SourceError::Missing { what: format!("the content of `{}`", entry.path) })
            }
        }
    }

    fn export_too_large(&self, entry: &TreeEntry) -> SourceError {
        SourceError::Unsafe {
            path: entry.path.clone(),
            why: format!("with it, what has to be read exceeds {} bytes", self.git.limits.export),
        }
    }
}

/// Whether a path of a tree may be written below a folder of ours.
pub(super) fn check_path(path: &str) -> Result<(), SourceError> {
    let refuse = |why: &str| Err(SourceError::Unsafe { path: path.to_owned(), why: why.to_owned() });
    if path.is_empty() || path.starts_with('/') || path.len() > 4096 {
        return refuse("not a relative path");
    }
    if path.chars().any(|c| c.is_control() || c == '\u{fffd}') {
        return refuse("its name holds control characters or is not UTF-8; rename it");
    }
    for part in path.split('/') {
        // Names that some file systems take for `.git`, as git itself refuses them.
        let plain: String =
            part.chars().filter(|c| !matches!(c, '\u{200b}'..='\u{200f}' | '\u{feff}')).collect();
        let plain = plain.trim_end_matches(['.', ' ']).to_ascii_lowercase();
        match part {
            "" | "." | ".." => return refuse("it leads out of its folder"),
            _ if part.len() > 255 => return refuse("its name is too long"),
            _ if plain == ".git" || plain == "git~1" => {
                return refuse("it is called like git's own folder; rename it");
            }
            _ => {}
        }
    }
    Ok(())
}

/// No path twice, and none below another: a crafted tree may hold a symlink and a folder of one name.
fn check_entries(entries: &[TreeEntry]) -> Result<(), SourceError> {
    let mut seen = BTreeSet::new();
    for entry in entries {
        check_path(&entry.path)?;
        if !seen.insert(entry.path.as_str()) {
            return Err(SourceError::Unsafe {
                path: entry.path.clone(),
                why: "it is in the tree twice".to_owned(),
            });
        }
    }
    for entry in entries {
        let above = entry.path.match_indices('/').filter_map(|(end, _)| entry.path.get(..end));
        for folder in above {
            if seen.contains(folder) {
                return Err(SourceError::Unsafe {
                    path: entry.path.clone(),
                    why: format!("`{folder}` is a folder and something else at once"),
                });
            }
        }
    }
    Ok(())
}

fn link_target(entry: &TreeEntry, bytes: Vec<u8>) -> Result<String, SourceError> {
    String::from_utf8(bytes)
        .ok()
        .filter(|text| !text.is_empty() && text.len() <= MAX_LINK && !text.contains('\0'))
        .ok_or_else(|| SourceError::Unsafe {
            path: entry.path.clone(),
            why: "the target of this symlink is not a path".to_owned(),
        })
}

fn check_links(links: &BTreeMap<String, String>) -> Result<(), SourceError> {
    let target = |path: &str| links.get(path).map(String::as_str);
    for path in links.keys() {
        if follow_links(path, &target).is_none() {
            return Err(SourceError::Unsafe {
                path: path.clone(),
                why: "this symlink leads out of the tree or in circles; replace it by what it points to"
                    .to_owned(),
            });
        }
    }
    Ok(())
}

fn write_piece(piece: &Piece) -> std::io::Result<()> {
    make_parent(&piece.path)?;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(piece.mode).open(&piece.path)?;
    file.write_all(&piece.bytes)
}

fn make_parent(path: &Path) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

async fn blocking(work: impl FnOnce() -> std::io::Result<()> + Send + 'static) -> Result<(), SourceError> {
    let failed = |error| SourceError::Git { action: ACTION, source: error };
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(|error| failed(error.into())),
        Err(error) => Err(failed(error.into())),
    }
}
