//! The stand-in, asked from outside: over HTTP, over git, and by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod api;
mod faults;
mod git;
mod graphql;
mod hooks;
mod pages;
mod protection;
mod stage;
