//! Base against head.
use super::Effect;
use crate::environment::Environment;
use crate::object::RenderedObject;

/// The effects of going from `base` to `head` in one unit. Objects that are equal give none.
pub fn compare(
    _environment: &Environment,
    _base: &[RenderedObject],
    _head: &[RenderedObject],
) -> Vec<Effect> {
    todo!()
}
