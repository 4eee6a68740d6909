//! x

mod parts;
mod parts_work;
