//! What a landed change leaves behind: trailers, the evidence bundle, the statement, and how they are read back.

mod evidence;
mod message;

pub use evidence::{Evidence, Statement, pre_authentication};
pub use message::{MergeMessage, Trailer, fold_user_text, parse_trailers, render_message};
