//! What a landed change leaves behind: trailers, the evidence bundle, the statement, and how they are read back.
//!
//! Trailers are the convenience; the signed statement, keyed by commit, is the authority. Nothing here signs, reads a
//! repository or trusts a text that somebody typed.

mod check;
mod commit;
mod compose;
mod evidence;
mod fold;
mod message;
mod statement;
#[cfg(test)]
mod tests;

pub use check::check_message;
pub use commit::{CommitParts, parse_commit};
pub use compose::{CheckCounts, MessageInput, merge_message};
pub use evidence::Evidence;
pub use fold::fold_user_text;
pub use message::{MergeMessage, Trailer, parse_trailers, render_message};
pub use statement::{Envelope, Landed, PAYLOAD_TYPE, Statement, pre_authentication};
