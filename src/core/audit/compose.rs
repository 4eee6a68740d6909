//! From a decision to the message of the merge commit.

use super::fold::fold_user_text;
use super::message::{MERGED_BY, MergeMessage, Trailer};
use crate::actor::Actor;
use crate::approval::{Requirement, RequirementState};
use crate::change::ChangeRequest;
use crate::config::POLICY_PATH;
use crate::report::ApprovalReport;
use crate::revision::{CommitSha, Digest, ObjectId};

/// Characters of a change request's title in the commit's.
const TITLE_LENGTH: usize = 120;
/// Characters of a name in a trailer.
const NAME_LENGTH: usize = 120;

/// How many checks of the policy passed, and how many saw something that does not block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CheckCounts {
    /// Checks without a finding, or with notes alone.
    pub pass: usize,
    /// Checks with a finding that is at least a warning.
    pub warn: usize,
}

/// What the message of a merge commit is made of.
#[derive(Debug, Clone, Copy)]
pub struct MessageInput<'a> {
    /// What lands.
    pub change: &'a ChangeRequest,
    /// Rules and who counts for them.
    pub requirements: &'a [Requirement],
    /// Who asked for the merge.
    pub requested_by: &'a Actor,
    /// B.
    pub base: &'a CommitSha,
    /// Environments in which something changes, in the policy's order.
    pub environments: &'a [String],
    /// The change digest.
    pub digest: &'a Digest,
    /// Blob of the policy at B, and SHA-256 of its text; `None` where there is none.
    pub policy: Option<(&'a ObjectId, &'a Digest)>,
    /// Checks.
    pub checks: CheckCounts,
    /// The bot.
    pub bot: &'a Actor,
}

/// Title and trailers, all but the evidence: see [`MergeMessage::with_evidence`].
pub fn merge_message(input: &MessageInput<'_>) -> MergeMessage {
    let MessageInput { change, requirements, requested_by, base, environments, digest, policy, checks, bot } =
        input;
    let met = requirements.iter().filter(|requirement| requirement.state == RequirementState::Met);
    let given = met.flat_map(|requirement| {
        requirement.by.iter().map(|approval| (requirement.rule.as_str(), crate::report::approval(approval)))
    });
    let mut trailers = vec![
        trailer("Change-Request", address(&change.url)),
        trailer("Change-Author", person(&change.author)),
    ];
    trailers.extend(approved_by(given));
    trailers.extend([
        trailer("Requested-by", person(requested_by)),
        trailer("Approved-Head", change.head.to_string()),
        trailer("Merge-Base-Tip", base.to_string()),
        trailer("Environments", environments_value(environments)),
        trailer("Effect-Digest", digest.to_string()),
        trailer("Policy", policy_value(*policy)),
        trailer("Checks", checks_value(*checks)),
        trailer(MERGED_BY, person(bot)),
    ]);
    MergeMessage { title: title(change), trailers }
}

fn trailer(key: &str, value: String) -> Trailer {
    Trailer { key: key.to_owned(), value }
}

/// `Merge acme/env#481: Shop 1.5.0`
fn title(change: &ChangeRequest) -> String {
    let head = format!("Merge {}#{}", change.id.repo.path, change.id.number);
    match fold_user_text(&change.title, TITLE_LENGTH) {
        title if title.is_empty() => head,
        title => format!("{head}: {title}"),
    }
}

/// `cy (id 77)`
fn person(actor: &Actor) -> String {
    named(&actor.login, actor.id.get())
}

fn named(login: &str, id: u64) -> String {
    match fold_user_text(login, NAME_LENGTH) {
        login if login.is_empty() => format!("unnamed (id {id})"),
        login => format!("{login} (id {id})"),
    }
}

/// An address without anything that is not part of one.
fn address(url: &str) -> String {
    url.chars().filter(|c| c.is_ascii_graphic()).collect()
}

fn environments_value(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.iter().map(|name| fold_user_text(name, NAME_LENGTH)).collect::<Vec<_>>().join(" ")
}

/// `.countersign.toml@5b1e77… sha256:aa02…`, or `none`.
fn policy_value(policy: Option<(&ObjectId, &Digest)>) -> String {
    policy.map_or_else(|| "none".to_owned(), |(blob, digest)| format!("{POLICY_PATH}@{blob} {digest}"))
}

fn checks_value(checks: CheckCounts) -> String {
    format!("pass={} warn={} override=0", checks.pass, checks.warn)
}

/// One trailer for each approval, with every rule that it counts for.
fn approved_by<'a>(given: impl Iterator<Item = (&'a str, ApprovalReport)>) -> Vec<Trailer> {
    let mut approvals: Vec<(ApprovalReport, Vec<String>)> = Vec::new();
    for (rule, approval) in given {
        let rule = format!("rule=\"{}\"", fold_user_text(rule, NAME_LENGTH).replace('"', "'"));
        match approvals.iter_mut().find(|(known, _)| *known == approval) {
            Some((_, rules)) => rules.push(rule),
            None => approvals.push((approval, vec![rule])),
        }
    }
    let lines = approvals.into_iter().map(|(approval, rules)| {
        let ApprovalReport { who, id, via, head, digest, environments } = approval;
        let limited = if environments.is_empty() {
            String::new()
        } else {
            format!(" environments={}", fold_user_text(&environments.join(","), 400))
        };
        let value =
            format!("{} {} via={via} head={head} digest={digest}{limited}", named(&who, id), rules.join(" "));
        trailer("Approved-by", value)
    });
    lines.collect()
}
