//! The front desk: webhooks in, pages out, health. It verifies, queues and shows; it decides nothing.

mod health;
mod page;
mod pages;
mod router;
mod webhook;

pub use router::{Desk, router};
