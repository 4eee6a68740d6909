//! To come.

pub mod predict;
