//! A stand-in forge over HTTP with real bare git repositories behind it, stricter than the real one.
//!
//! It serves the part of GitHub's REST API that a bot for change requests needs, git itself through
//! `git http-backend`, signed webhook deliveries, and plain pages for people. Tests drive it, hold it and its caller to
//! GitHub's published description, and make it fail; the demo shows it to a visitor.
//!
//! It binds to loopback only, keeps everything in memory and in one folder of bare repositories, and shares no type
//! with the bot: types that are shared would share their mistakes.
//!
//! | module | what it does |
//! |---|---|
//! | `sim`, `desk`, `views` | what tests and the demo call, and the copies that they see |
//! | `state` | what it remembers: plain data |
//! | `acts` | what people and pushes do and what follows, whichever door it came through |
//! | `git` | bare repositories, the programs that work on them, git over HTTP |
//! | `github`, `shape` | the API and its JSON |
//! | `pages` | for people |
//! | `gate`, `faults`, `record`, `contract` | what every request passes |
//! | `hooks` | deliveries |
//!
//! Where it is stricter: pages are short, lists that promise no order have none, mergeability comes late, a request
//! that nobody serves is a complaint, and protection exempts nobody from the merge button.

mod acts;
pub mod cluster;
mod config;
mod contract;
mod desk;
mod error;
mod faults;
mod gate;
mod git;
mod github;
mod hooks;
mod pages;
mod pattern;
mod record;
mod server;
mod shape;
mod sim;
mod state;
mod urlencoded;
mod views;
mod world;

pub use config::{Mergeability, Pages, SimConfig};
pub use contract::{Contract, Questions};
pub use desk::{AppSpec, NewSeal, NewStatus, ReviewGiven};
pub use error::SimError;
pub use faults::Fault;
pub use hooks::{Delivery, Outcome, Release, signature};
pub use pattern::Pattern;
pub use record::Request;
pub use sim::Sim;
pub use state::{
    AccountKind, Activity, ActivityKind, Bypass, BypassActor, BypassMode, ChangeState, Enforcement, OnPush,
    Protection, Restrictions, ReviewRule, ReviewState, Role, Rule, Ruleset, SealedBy, StatusRule, Toggle,
    UpToDate,
};
pub use views::{AppSeen, ChangeSeen, CheckSeen, CommentSeen, Person, ReviewSeen, StatusSeen};
