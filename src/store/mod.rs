//! The durable queue, the ledger and the landings, in a database.
//!
//! One SQL text of portable types and `$1` placeholders serves SQLite today and can serve PostgreSQL. Whatever is
//! answered with `Ok` is on disk. Nothing here reads a clock, decides anything or calls a forge.

mod accept;
mod landings;
mod ledger;
mod queue;
mod rows;
mod sqlite;

pub use queue::StaleClaim;
pub use sqlite::Sqlite;
