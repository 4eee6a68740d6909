//! policy-bot's policies, read and judged.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod judging;
mod reading;
mod translating;
