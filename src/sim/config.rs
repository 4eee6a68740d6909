//! How strict and how awkward the stand-in is.

use std::path::PathBuf;
use std::sync::Arc;

use crate::contract::Contract;

/// Settings of a stand-in.
#[derive(Debug)]
pub struct SimConfig {
    /// Port on 127.0.0.1; 0 for any.
    pub port: u16,
    /// Where the bare repositories live; `None` for a temporary folder that goes with the stand-in.
    pub folder: Option<PathBuf>,
    /// No page has more entries than this, whatever `per_page` asks for.
    pub page_cap: usize,
    /// Order of the lists that promise none.
    pub seed: u64,
    /// When a change request is asked for after a move, is mergeability there at once?
    pub mergeability: Mergeability,
    /// Requests that one token may send before it is told to wait.
    pub budget: u64,
    /// GitHub's published description, to hold every request and answer to. Shared, since it is slow to read.
    pub contract: Option<Arc<Contract>>,
    /// May a comment be written and a review be given on the pages without signing in?
    pub pages: Pages,
}

/// Whether mergeability is there at the first question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mergeability {
    /// As on GitHub: the first answer after a move is `null`.
    Later,
    /// At once.
    AtOnce,
}

/// Who may act on the pages for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pages {
    /// They are for reading.
    ReadOnly,
    /// A visitor picks who they are. For the demo.
    ActAsAnybody,
}

impl SimConfig {
    /// For tests: pages of two, shuffled lists, mergeability that comes later.
    pub fn strict() -> Self {
        Self {
            port: 0,
            folder: None,
            page_cap: 2,
            seed: 7,
            mergeability: Mergeability::Later,
            budget: 5_000,
            contract: None,
            pages: Pages::ActAsAnybody,
        }
    }

    /// For the demo: as GitHub, with pages that a visitor can act on.
    pub fn demo(port: u16) -> Self {
        Self { port, page_cap: 100, budget: 1_000_000, ..Self::strict() }
    }
}
