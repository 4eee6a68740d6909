//! The pure heart of Countersign: from what was seen to what will be done.
//!
//! Effects, digests, policy, approvals, verdicts and plans live here as values and functions over values. Time,
//! randomness and order come in as data. Nothing in this package opens a file, a socket or a process, reads a
//! clock or an environment variable, or depends on a crate that would make that convenient.

pub mod actor;
pub mod approval;
pub mod audit;
pub mod change;
pub mod command;
pub mod config;
pub mod convergence;
pub mod decide;
pub mod details;
pub mod diff;
pub mod effect;
pub mod environment;
pub mod evaluation;
pub mod explanation;
pub mod fact;
pub mod library;
pub mod live;
pub mod object;
pub mod owners;

pub mod patch;
pub(crate) mod people;
pub mod plan;
pub mod policy;
pub mod policybot;
pub mod report;
pub mod revision;
pub mod schema;
pub mod snapshot;
mod threads;
pub mod verdict;
