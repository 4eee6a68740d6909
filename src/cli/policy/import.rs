//! `policy import`: policy-bot's policy as one of Countersign's own.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use countersign_core::config::{self, Level, POLICY_PATH};
use countersign_core::policybot::{self, Departure, Kind, Translation};
use countersign_core::report::terminal_safe;

use super::super::{Exit, check_output, deliver, files, folder_of};

pub(super) fn run(file: &Path, output: Option<&PathBuf>) -> anyhow::Result<Exit> {
    check_output(output.map(PathBuf::as_path))?;
    if let Some(output) = output.filter(|output| output.symlink_metadata().is_ok()) {
        bail!("--output {}: is there already, and is not overwritten; name another file", output.display());
    }
    let name = file.display().to_string();
    let policy = match policybot::read(&files::text(file)?, &name) {
        Ok(policy) => policy,
        Err(errors) => {
            say(&files::rendered(&errors, Level::Error));
            return Ok(Exit::Usage);
        }
    };
    let translation = sound(&policy, &name)?;
    match output {
        Some(output) => create(output, &translation.text)?,
        None => deliver(&translation.text, None)?,
    }
    say(&listed(&translation.departures, &name));
    let lost = translation.departures.iter().any(|departure| departure.kind == Kind::Missing);
    Ok(if lost { Exit::Blocked } else { Exit::Fine })
}

/// A translation that can be read.
fn sound(policy: &policybot::Policy, name: &str) -> anyhow::Result<Translation> {
    let translation = policybot::translate(policy, name);
    if let Err(errors) = config::parse(&translation.text, POLICY_PATH) {
        let errors = files::rendered(&errors, Level::Error);
        bail!("{name}: is more than a {POLICY_PATH} can hold\n{}", terminal_safe(&errors));
    }
    Ok(translation)
}

/// Writes a file that was not there: whole, or not at all.
fn create(file: &Path, text: &str) -> anyhow::Result<()> {
    let unwritten = || format!("{}: cannot be written", file.display());
    let mut whole = tempfile::Builder::new()
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666))
        .tempfile_in(folder_of(file))
        .with_context(unwritten)?;
    whole.write_all(text.as_bytes()).with_context(unwritten)?;
    whole.persist_noclobber(file).with_context(unwritten)?;
    Ok(())
}

/// Beside the result: to stderr, where nobody may be left to read it.
fn say(text: &str) {
    let _unseen = anstream::stderr().write_all(text.as_bytes());
}

fn listed(departures: &[Departure], name: &str) -> String {
    let mut text = String::new();
    let kinds = [Kind::Missing, Kind::Differs, Kind::Stricter, Kind::Harmless];
    for departure in kinds.iter().flat_map(|kind| departures.iter().filter(move |one| one.kind == *kind)) {
        let place = match departure.line {
            0 => name.to_owned(),
            line => format!("{name}:{line}"),
        };
        text.push_str(&format!("{place}: {}\n", terminal_safe(&departure.to_string())));
    }
    let counted = match departures.len() {
        0 => "nothing of its own departs".to_owned(),
        1 => "1 departure".to_owned(),
        more => format!("{more} departures"),
    };
    text.push_str(&format!(
        "{name}: translated, {counted}; how Countersign departs from every policy-bot stands at the head of the file\n"
    ));
    text
}
