//! The night shift: claims looks from the queue, polls what no delivery told, tries again what failed, stops cleanly.
//! It decides nothing.

mod poll;
mod run;

pub use poll::poll;
pub use run::run;
