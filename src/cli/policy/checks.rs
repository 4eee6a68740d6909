//! Whether the files that a policy's checks are written in are sound: what a review would find out too late.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use countersign_core::config::{POLICY_PATH, Policy};
use countersign_core::library::{self, Library, LibraryFile};
use countersign_core::policy::unsound_checks;
use countersign_core::revision::ObjectId;

/// The most bytes of all files together; a review reads no more either.
const LARGEST: u64 = 8 << 20;

/// What is wrong with each check that cannot be run. Files are those beside a `.countersign.toml`, or those of the
/// working directory for a policy that lies elsewhere.
pub(super) fn unsound(policy: &Policy, file: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let own = file.file_name().is_some_and(|name| name == POLICY_PATH);
    let root = file.parent().filter(|parent| own && !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut library = Library::default();
    if library::has_files(policy) {
        let mut room = LARGEST;
        gather(root, "", policy, &mut library, &mut room)?;
    }
    Ok(unsound_checks(policy, &library))
}

fn gather(
    folder: &Path,
    path: &str,
    policy: &Policy,
    library: &mut Library,
    room: &mut u64,
) -> anyhow::Result<()> {
    let unread = || format!("{}: cannot be read", folder.display());
    for entry in fs::read_dir(folder).with_context(unread)? {
        let entry = entry.with_context(unread)?;
        let kind = entry.file_type().with_context(unread)?;
        // What is no UTF-8 cannot be named in a policy.
        let Ok(name) = entry.file_name().into_string() else { continue };
        let path = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
        if kind.is_dir() && name != ".git" {
            gather(&entry.path(), &path, policy, library, room)?;
        } else if kind.is_file() && library::is_wanted(policy, &path) {
            let size = entry.metadata().map(|metadata| metadata.len()).with_context(unread)?;
            *room = room
                .checked_sub(size)
                .with_context(|| format!("{path}: the checks' files have more than 8 MB together"))?;
            let text = fs::read_to_string(entry.path())
                .with_context(|| format!("{path}: cannot be read as text"))?;
            let blob: ObjectId = "0".repeat(40).parse().with_context(|| format!("{path}: cannot be kept"))?;
            library.insert(path, LibraryFile { blob, text });
        }
    }
    Ok(())
}
