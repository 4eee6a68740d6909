//! Rendering: which units an environment has, what each could read, and what its manifests are.
//!
//! Everything that is rendered is hostile. A renderer sees an export that holds the unit's read-set and nothing else,
//! in a sandbox without network, environment, other files or other processes. Nothing here fetches anything, and no
//! output of a renderer other than its manifests leaves this module: errors are our own sentences.
//!
//! Rendered text may hold secrets. It stays in memory, in a cache of bounded size; only exports touch the disk.

mod cache;
mod chart;
mod closure;
mod discover;
mod explain;
mod kustomize;
mod programs;
mod run;
pub mod sandbox;
mod settings;
mod tool;
mod tree;
mod unit;

pub use discover::unite;
pub use programs::Programs;
pub use settings::{RenderSettings, Unsandboxed};
