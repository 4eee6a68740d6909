//! `policy import`: policy-bot's policy as one of Countersign's own.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use countersign_core::approval::RequirementState;
use countersign_core::config::{self, Level, POLICY_PATH};
use countersign_core::decide::decide;
use countersign_core::fact::{Fact, FactKind};
use countersign_core::policybot::{self, CommitStatus, Departure, Kind, Recorded, Translation};
use countersign_core::report::terminal_safe;
use countersign_core::snapshot::{PolicyFile, Snapshot};
use countersign_core::verdict::Verdict;

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

/// What policy-bot makes of a recorded snapshot, beside what the translated policy says.
pub(super) fn compare(file: &Path, input: &Path) -> anyhow::Result<Exit> {
    let name = file.display().to_string();
    let policy = match policybot::read(&files::text(file)?, &name) {
        Ok(policy) => policy,
        Err(errors) => {
            say(&files::rendered(&errors, Level::Error));
            return Ok(Exit::Usage);
        }
    };
    let snapshot = super::snapshot(input)?;
    let Recorded { change, notes } = policybot::recorded(&policy, &snapshot);
    let theirs = policybot::evaluate(&policy, &change);
    let text = sound(&policy, &name)?.text;
    let ours = decide(&under(snapshot, PolicyFile { blob: files::id(&text)?, text }));
    let mut said = format!("policy-bot\n{}", indented(&theirs.render()));
    said.push_str(&format!("\nthe same as a {POLICY_PATH}\n  {}\n", ours.verdict.word()));
    for reason in ours.verdict.reasons() {
        said.push_str(&format!("    {}\n", reason.message));
    }
    for rule in &ours.report.requirements {
        let by = if rule.by.is_empty() { String::new() } else { format!(" by {}", rule.by.join(", ")) };
        match rule.state {
            RequirementState::Met => said.push_str(&format!("    `{}` is met{by}\n", rule.rule)),
            RequirementState::Skipped => {}
            RequirementState::Pending | RequirementState::Unknown => {
                let ignored = rule.ignored.iter();
                let ignored =
                    ignored.map(|one| format!("    `{}`: without {}: {}\n", rule.rule, one.who, one.reason));
                said.extend(ignored);
            }
        }
    }
    if !notes.is_empty() {
        said.push_str(&format!("\nwhat the snapshot does not say\n{}", indented(&notes.join("\n"))));
    }
    let (approved, lands) = (theirs.commit_status() == CommitStatus::Success, ours.verdict == Verdict::Allow);
    // What an `or` of policy-bot's would overlook may be all that matters here.
    let (line, exit) = match (approved == lands, theirs.has_gap() && !approved) {
        (_, true) => ("what policy-bot would come to cannot be told", Exit::Undecided),
        (true, false) => ("both come to the same", Exit::Fine),
        (false, false) => ("they come to different outcomes", Exit::Blocked),
    };
    deliver(&terminal_safe_lines(&format!("{said}\n{line}\n")), None)?;
    Ok(exit)
}

/// A snapshot with another policy. What was read for words of the policy before is read anew.
fn under(snapshot: Snapshot, policy: PolicyFile) -> Snapshot {
    let unasked = |fact: &Fact| matches!(&fact.kind, FactKind::Handled { reply: None, .. });
    Snapshot {
        policy: Some(policy),
        proposed_policy: None,
        proposed_library: None,
        facts: snapshot.facts.into_iter().filter(|fact| !unasked(fact)).collect(),
        ..snapshot
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

fn terminal_safe_lines(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", terminal_safe(line))).collect()
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
        "{name}: translated, {counted}; what departs whatever a policy says stands at the head of the file\n"
    ));
    text
}
