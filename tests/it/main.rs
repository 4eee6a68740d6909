//! x

mod parts;
mod parts_work;
mod store_contract;
