//! What people read, whole, and what hostile text must not do to it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::wildcard_enum_match_arm)]

mod comment;
mod doubt;
mod escape;
mod hostile;
mod html;
mod length;
mod places;
mod sample;
mod sarif;
mod standing;
mod terminal;
