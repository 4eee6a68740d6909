//! Rendering: which units an environment has, what each could read, and what its manifests are.
//!
//! Everything that is rendered is hostile. A renderer sees an export that holds the unit's read-set and nothing else,
//! in a sandbox without network, environment, other files or other processes. Nothing here fetches anything, and no
//! output of a renderer other than its manifests leaves this module: errors are our own sentences.
//!
//! Rendered text may hold secrets. It stays in memory, in a cache of bounded size, unless whoever starts us gives a
//! [`DiskCache`], which lies in a folder that the user alone can read. The server gives none.

mod begin;
mod cache;
mod chart;
mod closure;
mod discover;
mod disk;
mod explain;
mod facts;
mod index;
mod kustomize;
mod listing;
mod origins;
mod outline;
mod parts;
mod programs;
mod run;
pub mod sandbox;
mod settings;
mod text;
mod tool;
mod tree;
mod under_way;
mod unit;

pub use discover::unite;
pub use disk::{CacheError, DiskCache};
pub use programs::Programs;
pub use settings::{RenderSettings, Unsandboxed};
