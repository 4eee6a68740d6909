//! Schemas, generated from the types.

use countersign_core::report::Report;
use schemars::schema_for;

use super::{Exit, Format, deliver};
use crate::settings::Settings;

pub(super) fn print(format: Format) -> anyhow::Result<Exit> {
    let schema = match format {
        Format::Report => schema_for!(Report),
        Format::Settings => schema_for!(Settings),
    };
    deliver(&format!("{}\n", serde_json::to_string_pretty(&schema)?), None)?;
    Ok(Exit::Fine)
}
