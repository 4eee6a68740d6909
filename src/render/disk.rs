//! Renders of earlier runs, and what was read of trees and files on the way to them, in a folder that this user alone can
//! read. It answers what was put in, or nothing: an entry that is cut short, altered or of another version is as if it
//! were not there.
//!
//! Entries hold manifests as renderers give them, secrets included. So the folder must be the user's own, closed to
//! others, and it is held open: nobody can put another one in its place. Nothing here decides what a key must cover.

use std::fs::{DirBuilder, File};
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use countersign_core::revision::Digest;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};

/// What entries begin with. Another form of them gets another name.
const FORM: &str = "countersign.render/v1";
/// The folder of entries within the cache.
const ENTRIES: &str = "renders";
/// How files are called that are still being written.
const UNFINISHED: &str = "new-";
/// A file that was being written for so long belongs to nobody any more.
const ABANDONED: Duration = Duration::from_secs(3600);
/// How exactly it is known when an entry was last used.
const USED_LATELY: Duration = Duration::from_secs(600);
/// Tells backup programs that there is nothing to keep, and git that there is nothing to add.
const MARKS: [(&str, &str); 2] = [
    (
        "CACHEDIR.TAG",
        "Signature: 8a477f597d28d172789f06886806bc55\n# Renders that countersign remembers; may be removed.\n",
    ),
    (".gitignore", "*\n"),
];

/// Why a folder cannot be the cache.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// It cannot be made, opened or written.
    #[error("{}: cannot be used as a cache", folder.display())]
    Unusable {
        /// Which.
        folder: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Somebody else's.
    #[error("{}: belongs to another user, who could read and alter what is remembered", .0.display())]
    Foreign(PathBuf),
    /// Open to others.
    #[error("{}: others may write to it; close it with `chmod go-w`, or name another folder", .0.display())]
    Open(PathBuf),
}

/// A folder of entries by key, kept within a bound. Several processes may use one folder at once.
#[derive(Debug)]
pub struct DiskCache {
    entries: OwnedFd,
    bound: u64,
    /// Bytes that may still be written before the folder is looked through.
    left: Mutex<u64>,
    written: AtomicU32,
}

impl DiskCache {
    /// Opens the cache in a folder, which is made where it is absent. `bound` is in bytes, and may be exceeded by a
    /// sixteenth for each process at work.
    pub fn open(folder: &Path, bound: u64) -> Result<Self, CacheError> {
        let unusable = |source: io::Error| CacheError::Unusable { folder: folder.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(unusable)?;
        let directory = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY;
        let root =
            rustix::fs::open(folder, directory, Mode::empty()).map_err(|error| unusable(error.into()))?;
        check_owner(&root, folder)?;
        for (name, text) in MARKS {
            // It is there already, or it cannot be had: neither keeps the cache from working.
            let _unwritten = create(&root, name).and_then(|mut file| file.write_all(text.as_bytes()));
        }
        match rustix::fs::mkdirat(&root, ENTRIES, Mode::RWXU) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => {}
            Err(error) => return Err(unusable(error.into())),
        }
        let entries = rustix::fs::openat(&root, ENTRIES, directory | OFlags::NOFOLLOW, Mode::empty())
            .map_err(|error| unusable(error.into()))?;
        check_owner(&entries, &folder.join(ENTRIES))?;
        Ok(Self { entries, bound, left: Mutex::new(0), written: AtomicU32::new(0) })
    }

    /// What was put under a key, if it is there whole.
    pub fn get(&self, key: &Digest) -> Option<String> {
        // Without blocking: whatever was put here instead of a file must not keep us.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let fd = rustix::fs::openat(&self.entries, name_of(key), flags, Mode::empty()).ok()?;
        let mut file = File::from(fd);
        let meta = file.metadata().ok().filter(|meta| meta.is_file() && meta.len() <= self.bound)?;
        let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).ok()? + 1);
        file.read_to_end(&mut bytes).ok()?;
        let Some(text) = opened(key, bytes) else {
            self.remove(name_of(key));
            return None;
        };
        let idle = meta.modified().ok().and_then(|used| used.elapsed().ok());
        if idle.is_none_or(|idle| idle > USED_LATELY) {
            // Else it may go a little early.
            let _untouched = file.set_modified(SystemTime::now());
        }
        Some(text)
    }

    /// Remembers a text. What cannot be written is not remembered; the next run will do the work again.
    pub fn put(&self, key: &Digest, text: &str) {
        let size = text.len() as u64;
        if size > self.bound / 8 {
            return;
        }
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let unfinished = format!("{UNFINISHED}{}-{number}", std::process::id());
        if self.write(&unfinished, key, text).is_err() {
            self.remove(&unfinished);
            return;
        }
        let Ok(mut left) = self.left.lock() else { return };
        match left.checked_sub(size) {
            Some(rest) => *left = rest,
            None => {
                self.make_room();
                *left = self.bound / 16;
            }
        }
    }

    fn write(&self, unfinished: &str, key: &Digest, text: &str) -> io::Result<()> {
        let mut file = create(&self.entries, unfinished)?;
        file.write_all(head(key, text).as_bytes())?;
        file.write_all(text.as_bytes())?;
        rustix::fs::renameat(&self.entries, unfinished, &self.entries, name_of(key))?;
        Ok(())
    }

    /// Lets the longest unused entries go until a quarter of the bound is free, if it is exceeded.
    fn make_room(&self) {
        let mut found = Vec::new();
        let mut total = 0;
        for entry in Dir::read_from(&self.entries).into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().to_str() else { continue };
            let Ok(stat) = rustix::fs::statat(&self.entries, name, AtFlags::SYMLINK_NOFOLLOW) else {
                continue;
            };
            if !FileType::from_raw_mode(stat.st_mode).is_file() {
                continue;
            }
            let since = Duration::from_secs(u64::try_from(stat.st_mtime).unwrap_or_default());
            let idle = (SystemTime::UNIX_EPOCH + since).elapsed().unwrap_or_default();
            let size = u64::try_from(stat.st_size).unwrap_or_default();
            if name.starts_with(UNFINISHED) {
                if idle > ABANDONED {
                    self.remove(name);
                }
                continue;
            }
            total += size;
            found.push((idle, size, name.to_owned()));
        }
        if total <= self.bound {
            return;
        }
        found.sort();
        while total > self.bound / 4 * 3 {
            let Some((_, size, name)) = found.pop() else { break };
            self.remove(&name);
            total -= size;
        }
    }

    fn remove(&self, name: &str) {
        // Another process may have been first.
        let _gone = rustix::fs::unlinkat(&self.entries, name, AtFlags::empty());
    }
}

/// An entry's file.
fn name_of(key: &Digest) -> &str {
    key.as_str().trim_start_matches("sha256:")
}

/// A new file that only this user can read.
fn create(folder: &OwnedFd, name: &str) -> io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    Ok(File::from(rustix::fs::openat(folder, name, flags, Mode::RUSR | Mode::WUSR)?))
}

fn check_owner(folder: &OwnedFd, name: &Path) -> Result<(), CacheError> {
    let unusable = |source: io::Error| CacheError::Unusable { folder: name.to_owned(), source };
    let stat = rustix::fs::fstat(folder).map_err(|error| unusable(error.into()))?;
    if stat.st_uid != rustix::process::geteuid().as_raw() {
        return Err(CacheError::Foreign(name.to_owned()));
    }
    if Mode::from_raw_mode(stat.st_mode).intersects(Mode::WGRP | Mode::WOTH) {
        return Err(CacheError::Open(name.to_owned()));
    }
    Ok(())
}

/// What stands before a text: the form, its key, and a digest that no part of it can be missing from.
fn head(key: &Digest, text: &str) -> String {
    format!("{FORM}\n{key}\n{}\n", Digest::of(text.as_bytes()))
}

/// The text of an entry, if it is one of this key, whole.
fn opened(key: &Digest, bytes: Vec<u8>) -> Option<String> {
    let mut entry = String::from_utf8(bytes).ok()?;
    let (end, _) = entry.match_indices('\n').nth(2)?;
    let text = entry.get(end + 1..)?;
    if entry.get(..=end) != Some(head(key, text).as_str()) {
        return None;
    }
    entry.drain(..=end);
    Some(entry)
}

#[cfg(test)]
mod tests;
