//! Doors: what the engine asks of the world, as small traits in our words. No foreign type crosses them.

mod clock;
mod cluster;
mod forge;
mod renderer;
mod signer;
mod source;
mod store;
mod tree_path;

pub use clock::*;
pub use cluster::*;
pub use forge::*;
pub use renderer::*;
pub use signer::*;
pub use source::*;
pub use store::*;
pub use tree_path::*;

/// The error beneath an error.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
