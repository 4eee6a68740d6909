//! x

mod store_contract;
