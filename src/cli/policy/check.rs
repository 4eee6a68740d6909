//! `policy check`: everything that is wrong with a policy, before it is on the target branch.

use std::path::Path;

use countersign_core::config::{self, Level, Policy, PolicyError};
use countersign_core::library::Library;
use countersign_core::policy::{WaiverState, broken_checks, idle, waiver_day, waiver_state};
use jiff::Timestamp;

use super::super::{Exit, deliver, files};
use crate::settings::Settings;

pub(super) fn run(file: &Path, settings: Option<&Path>) -> anyhow::Result<Exit> {
    let name = file.display().to_string();
    let floor =
        settings.map(Settings::read).transpose()?.map(|settings| files::floor(&settings)).transpose()?;
    let (text, policy) = match super::read(file)? {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    let root = files::root_of(file)?;
    let library = files::library(&root, &policy)?;
    let place = |section: &str, index: usize, keys: &[&str], message: String, hint: &str| {
        config::at_entry((&text, &name), (section, index), keys, message, hint)
    };
    let mut errors = Vec::new();
    for (check, why) in broken_checks(&policy, &library) {
        let index = policy.checks.iter().position(|known| known.name == check).unwrap_or_default();
        let message = format!("check `{check}` cannot be used: {why}");
        let kinds = ["rego", "cel", "use", "schema", "admission", "gatekeeper", "name"];
        errors.extend(place("check", index, &kinds, message, "it would block every change that it looks at"));
    }
    for (index, case) in policy.tests.iter().enumerate() {
        let missing = case.given.snapshot.as_ref().filter(|path| library.text(path).is_none());
        let message = missing.map(|path| format!("there is no file `{path}`"));
        errors.extend(
            message.and_then(|message| place("policy_test", index, &["given"], message, "record it first")),
        );
    }
    if let Some(floor) = floor.flatten()
        && let Ok(floor) = config::parse_floor(&floor.text, &floor.file)
    {
        errors.extend(config::collisions(&text, &name, &floor));
    }
    let mut warnings = warnings((&text, &name), &policy, &library);
    warnings.extend(config::strange(&text, &name, &files::definitions(&root)));
    let by_place = |error: &PolicyError| (error.line, error.column);
    errors.sort_by_key(by_place);
    warnings.sort_by_key(by_place);
    let mut said = files::rendered(&errors, Level::Error) + &files::rendered(&warnings, Level::Warning);
    if errors.is_empty() {
        let counted = [
            (policy.environments.len(), "environment"),
            (policy.checks.len(), "check"),
            (policy.rules.len(), "rule"),
            (policy.waivers.len(), "waiver"),
            (policy.tests.len(), "case"),
        ];
        let counted = counted.iter().filter(|(n, what)| *n > 0 || !["waiver", "case"].contains(what));
        let counted: Vec<String> =
            counted.map(|(n, what)| format!("{n} {what}{}", if *n == 1 { "" } else { "s" })).collect();
        said.push_str(&format!("{name}: sound ({})\n", counted.join(", ")));
    }
    deliver(&said, None)?;
    Ok(if errors.is_empty() { Exit::Fine } else { Exit::Usage })
}

/// What its author should look at: what ends or is over, and what can never say anything.
fn warnings((text, name): (&str, &str), policy: &Policy, library: &Library) -> Vec<PolicyError> {
    let place = |section: &str, index: usize, keys: &[&str], message: String, hint: &str| {
        config::at_entry((text, name), (section, index), keys, message, hint)
    };
    let mut warnings = policy.warnings.clone();
    let today = waiver_day(Timestamp::now());
    for (index, waiver) in policy.waivers.iter().enumerate() {
        let (what, hint) = match waiver_state(waiver, today) {
            WaiverState::Holds => continue,
            WaiverState::EndsSoon => ("ends soon", "renew it, or repair what it is for"),
            WaiverState::Expired => ("is over and waives nothing", "remove it, or renew it"),
        };
        let message = format!("the waiver of `{}` {what}", waiver.check);
        warnings.extend(place("waiver", index, &["until"], message, hint));
    }
    let idle = idle(policy, library).into_iter();
    warnings
        .extend(idle.filter_map(|idle| place(idle.section, idle.index, idle.keys, idle.message, &idle.hint)));
    warnings
}
