//! # Countersign
//!
//! (Architecture to be written here by the lead.)

pub mod audit;
pub mod cli;
pub mod cluster;
pub mod engine;
pub mod forge;
pub mod ports;
pub mod process;
pub mod render;
pub mod server;
pub mod settings;
pub mod source;
pub mod store;
pub mod telemetry;
pub mod worker;
