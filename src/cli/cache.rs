//! Where `review` remembers renders: the user's own cache folder, unless the arguments say otherwise.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;

use super::wire::{self, DiskCache};

#[derive(Debug, Args)]
pub(super) struct CacheArgs {
    /// Remember renders in this folder instead of the user's cache folder
    #[arg(long, value_name = "DIR", conflicts_with = "no_cache")]
    cache_dir: Option<PathBuf>,
    /// Neither read nor write remembered renders
    #[arg(long)]
    no_cache: bool,
}

impl CacheArgs {
    /// The cache that is wanted. A folder that was named must be usable; without the usual one it goes on, and says so.
    pub(super) fn open(&self) -> anyhow::Result<Option<DiskCache>> {
        match (&self.cache_dir, self.no_cache) {
            (_, true) => Ok(None),
            (Some(folder), false) => Ok(Some(wire::disk_cache(folder)?)),
            (None, false) => {
                let Some(folder) = usual() else { return Ok(None) };
                Ok(wire::disk_cache(&folder).map_err(|error| said(&error)).ok())
            }
        }
    }
}

/// `$XDG_CACHE_HOME/countersign`, else `~/.cache/countersign`. Relative paths do not count, as the standard says.
fn usual() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let caches = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")))?;
    Some(caches.join("countersign"))
}

fn said(error: &anyhow::Error) {
    let mut err = anstream::stderr();
    // Without stderr there is nobody to tell.
    let _unseen = writeln!(err, "note: renders are not remembered: {error:#}");
}
