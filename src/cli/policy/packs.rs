//! `policy list --packs`: the rules that come with the program. Reads no file.

use countersign_core::config::Severity;
use countersign_core::policy::packs::{self, Rule};

use super::super::{Exit, deliver};

pub(super) fn list() -> anyhow::Result<Exit> {
    let packs = packs::packs().map_err(anyhow::Error::msg)?;
    let listed: Vec<String> = packs.iter().map(|(name, rules)| pack(name, rules)).collect();
    deliver(&listed.join("\n"), None)?;
    Ok(Exit::Fine)
}

fn pack(name: &str, rules: &[&Rule]) -> String {
    let lines = rules.iter().filter(|rule| rule.pack() == name).map(|rule| line(rule));
    let taken = rules.iter().find(|rule| rule.pack() != name);
    let taken = taken.map(|rule| format!("  and everything of {}\n", rule.pack()));
    format!("{name}\n{}{}", taken.unwrap_or_default(), lines.collect::<String>())
}

fn line(rule: &Rule) -> String {
    let severity = match rule.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    };
    let parameters = rule.parameters.iter().map(|(name, parameter)| {
        format!("{:35}{name} = {}: {}\n", "", parameter.default, parameter.description)
    });
    format!("  {:<22} {severity:<8} {}\n{}", rule.name(), rule.title, parameters.collect::<String>())
}
