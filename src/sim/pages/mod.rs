//! Plain pages for people.

use std::sync::Arc;

use axum::Router;

use crate::world::World;

pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new()
}

/// Whether a route is a page and not the API.
pub(crate) fn owns(_route: &str) -> bool {
    false
}
