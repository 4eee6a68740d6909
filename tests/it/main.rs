//! The integration tests: one binary.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::print_stderr,
    missing_docs,
    reason = "tests fail by panicking, and say why"
)]

mod admission;
mod arrivals;
mod bad_input;
mod cluster;
mod command_line;
mod corpora;
mod documents;
mod evaluate;
mod fields;
mod forge_contract;
mod hostile_review;
mod packs;
mod parts;
mod parts_work;
mod places;
mod policy_bot;
mod published;
mod rego;
mod removed_apis;
mod render;
mod reports;
mod schemas;
mod source;
mod store_contract;
mod stories;
mod tidy;
