//! The corridor: from ports to a snapshot, from a plan back to ports. Thin: no rule about who must agree or what may
//! land stands here.

mod details;
mod enact;
mod evaluate;
mod fields;
mod land;
mod links;
mod observe;
mod offline;
mod people;
pub mod predict;
mod reconcile;
mod shifted;

pub use details::changed_files;
pub use enact::EnactError;
pub use evaluate::{Asking, EvaluateError, Evaluator, Progress, Quiet, beside};
pub use fields::find_fields;
pub use land::{AUDIT_BRANCH, LandError};
pub use links::{Links, change_path};
pub use observe::{ObserveError, Observed, library};
pub use offline::{offline_snapshot, without_people};
pub use people::contributors;
pub use reconcile::{LookError, Looked};

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign_core::object::SealingKey;
use countersign_core::snapshot::FloorFile;

use crate::ports::{Clock, Clusters, Forge, Renderer, Signer, Sources, Store};

/// Wakes idle workers when something was queued.
pub type Wake = Arc<tokio::sync::Notify>;

/// Everything that the loop needs.
pub struct Engine {
    /// Forges by their name in the settings.
    pub forges: BTreeMap<String, Arc<dyn Forge>>,
    /// Repositories.
    pub sources: Arc<dyn Sources>,
    /// Renderers.
    pub renderer: Arc<dyn Renderer>,
    /// Clusters.
    pub clusters: Arc<dyn Clusters>,
    /// Queue, ledger, landings.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The bot's signature.
    pub signer: Arc<dyn Signer>,
    /// The key under which secret leaves are sealed.
    pub sealing_key: SealingKey,
    /// What no repository can weaken.
    pub floor: Option<FloorFile>,
    /// Links to the bot's pages.
    pub links: Links,
    /// One landing at a time in this process, whatever its branch or cluster.
    pub landing: tokio::sync::Mutex<()>,
}
