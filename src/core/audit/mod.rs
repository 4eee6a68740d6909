//! What a landed change leaves behind: trailers, the evidence bundle, the statement, and how they are read back.
//!
//! Trailers are the convenience; the signed statement, keyed by commit, is the authority. Nothing here signs, reads a
//! repository or trusts a text that somebody typed.

mod commit;
mod evidence;
mod message;
mod statement;
#[cfg(test)]
mod tests;

pub use commit::{CommitParts, parse_commit};
pub use evidence::{Evidence, check_message};
pub use message::{
    CheckCounts, MergeMessage, MessageInput, Trailer, fold_user_text, merge_message, parse_trailers, render_message,
};
pub use statement::{Envelope, Landed, PAYLOAD_TYPE, Statement, pre_authentication};
