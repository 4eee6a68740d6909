//! What `decide` promises: tables of stories on snapshots, and properties over random ones.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod annotated;
mod cases;
mod explained;
mod fixture;
mod objections;
mod points;
mod properties;
mod standing;
mod tables;
mod untold;
