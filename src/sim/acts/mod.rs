//! What people, bots and pushes do, and what follows from it: the same whichever door it came through.

mod changes;
mod conversation;
mod land;
mod moves;
mod requests;
mod tell;

pub(crate) use changes::{NewChange, forge_signature};
pub(crate) use conversation::{NewComment, NewReview};
pub(crate) use land::{Landing, MergeMethod, NotLanded};
pub(crate) use moves::{Move, Via};
