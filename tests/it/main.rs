//! The tests that look at Countersign from outside: one binary, so that it links once.

mod documents;
mod parts;
mod parts_work;
mod tidy;
