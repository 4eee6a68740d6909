//! What to do about a repository that cannot be reviewed as it is.

use countersign_core::config::nearest;
use countersign_core::environment::Environment;

use super::wire::{History, Mirror};
use crate::ports::SourceError;

/// The same error, and what to do where the repository's state tells.
pub(super) async fn on(source: &Mirror, error: anyhow::Error) -> anyhow::Error {
    let Some(SourceError::Missing { what }) = error.downcast_ref::<SourceError>() else { return error };
    let what = what.clone();
    let history = source.history().await;
    let advice = match history {
        Err(_) => return error,
        Ok(History::None) => {
            return anyhow::anyhow!(
                "the repository has no commits yet: make one, since a review says what changes from one to the next"
            );
        }
        Ok(History::Shallow) => {
            "this clone is shallow, so what is needed may have been cut off: run `git fetch --unshallow` \
             (in CI: `fetch-depth: 0` for actions/checkout, `GIT_DEPTH: 0` on GitLab)"
        }
        Ok(History::Whole) if what.contains("common ancestor") => {
            "the two histories have nothing in common, so neither can be merged into the other: check --base and --head"
        }
        Ok(History::Whole) if what.contains("branch") => "name the target with --base REV",
        Ok(History::Whole) => {
            "`git branch --all` lists what is there; a branch of the remote is `origin/NAME`"
        }
    };
    anyhow::anyhow!("{error}: {advice}")
}

/// There is no environment of this name, but perhaps one that was meant.
pub(super) fn no_environment(name: &str, all: &[Environment]) -> String {
    let names: Vec<&str> = all.iter().map(|environment| environment.name.as_str()).collect();
    match (nearest(name, names.iter().copied()), names.as_slice()) {
        (Some(meant), _) => format!("there is no environment `{name}`; did you mean `{meant}`?"),
        (None, []) => format!("there is no environment `{name}`: none was found"),
        (None, _) => format!("there is no environment `{name}`, only {}", names.join(", ")),
    }
}
