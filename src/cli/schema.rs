//! Schemas: of the policy file as written down, of everything else as generated from the types.

use countersign_core::audit::Evidence;
use countersign_core::config;
use countersign_core::report::Report;
use schemars::schema_for;

use super::{Exit, Format, deliver};
use crate::settings::Settings;

pub(super) fn print(format: Format) -> anyhow::Result<Exit> {
    let schema = match format {
        Format::Policy => config::SCHEMA.trim_end().to_owned(),
        Format::Report => serde_json::to_string_pretty(&schema_for!(Report))?,
        Format::Settings => serde_json::to_string_pretty(&schema_for!(Settings))?,
        Format::Evidence => serde_json::to_string_pretty(&schema_for!(Evidence))?,
    };
    deliver(&format!("{schema}\n"), None)?;
    Ok(Exit::Fine)
}
