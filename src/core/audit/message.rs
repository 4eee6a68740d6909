//! The merge commit's message: a title and trailers that git itself can read back.

use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::approval::Requirement;
use crate::change::ChangeRequest;
use crate::fact::{Approval, Via};
use crate::revision::{CommitSha, Digest, ObjectId};

/// Characters of a title that are kept.
const TITLE_LENGTH: usize = 120;

/// One trailer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trailer {
    /// `Approved-by`.
    pub key: String,
    /// Its value; one line.
    pub value: String,
}

/// Title and trailers of a merge commit. User text in it is already folded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergeMessage {
    /// `Merge acme/env#481: Shop 1.5.0`
    pub title: String,
    /// In a fixed order.
    pub trailers: Vec<Trailer>,
}

/// How the checks came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckCounts {
    /// Checks without a finding of weight.
    pub pass: usize,
    /// Checks that only warn.
    pub warn: usize,
}

/// Everything that a merge message is made of.
#[derive(Debug, Clone, Copy)]
pub struct MessageInput<'a> {
    /// The change request.
    pub change: &'a ChangeRequest,
    /// Rules with who agreed.
    pub requirements: &'a [Requirement],
    /// Who asked for the merge.
    pub requested_by: &'a Actor,
    /// B.
    pub base: &'a CommitSha,
    /// Environments whose objects change.
    pub environments: &'a [String],
    /// The change digest.
    pub digest: &'a Digest,
    /// The policy at B: its blob and the SHA-256 of its text.
    pub policy: Option<(&'a ObjectId, &'a Digest)>,
    /// Checks.
    pub checks: CheckCounts,
    /// The bot.
    pub bot: &'a Actor,
}

/// The message of a landing, without its `Evidence`.
pub fn merge_message(input: &MessageInput<'_>) -> MergeMessage {
    let change = input.change;
    let subject = fold_user_text(&change.title, TITLE_LENGTH);
    let mut trailers = vec![
        trailer("Change-Request", fold_user_text(&change.url, 500)),
        trailer("Change-Author", person(&change.author)),
    ];
    for requirement in input.requirements {
        trailers.extend(requirement.by.iter().map(|approval| approved_by(&requirement.rule, approval)));
    }
    let environments = if input.environments.is_empty() { "none".to_owned() } else { input.environments.join(" ") };
    let policy = input.policy.map_or_else(
        || "none".to_owned(),
        |(blob, digest)| format!("{}@{blob} {digest}", crate::config::POLICY_PATH),
    );
    trailers.extend([
        trailer("Requested-by", person(input.requested_by)),
        trailer("Approved-Head", change.head.to_string()),
        trailer("Merge-Base-Tip", input.base.to_string()),
        trailer("Environments", environments),
        trailer("Effect-Digest", input.digest.to_string()),
        trailer("Policy", policy),
        trailer("Checks", format!("pass={} warn={} override=0", input.checks.pass, input.checks.warn)),
        trailer("Merged-by", person(input.bot)),
    ]);
    MergeMessage { title: format!("Merge {}#{}: {subject}", change.id.repo.path, change.id.number), trailers }
}

impl MergeMessage {
    /// The message with the digest of its evidence, before the last trailer.
    pub fn with_evidence(mut self, evidence: &Digest) -> Self {
        let last = self.trailers.len().saturating_sub(1);
        self.trailers.insert(last, trailer("Evidence", evidence.to_string()));
        self
    }
}

fn trailer(key: &str, value: String) -> Trailer {
    Trailer { key: key.to_owned(), value }
}

fn person(actor: &Actor) -> String {
    format!("{} (id {})", fold_user_text(&actor.login, 100), actor.id)
}

fn approved_by(rule: &str, approval: &Approval) -> Trailer {
    let via = match approval.via {
        Via::Comment(comment) => format!("comment-{}", comment.0),
        Via::Review(review) => format!("review-{}", review.0),
    };
    let who = person(&approval.actor);
    let rule = fold_user_text(rule, 100).replace('"', "'");
    trailer("Approved-by", format!("{who} rule=\"{rule}\" via={via} head={} digest={}", approval.head, approval.digest))
}

/// Words that make a forge close an issue when an issue's number follows.
const CLOSING: [&str; 9] =
    ["close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "resolved"];
/// Texts that make a pipeline skip, or a bot act.
const MARKERS: [&str; 7] =
    ["[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]", "***no_ci***", "/pipeline cancel"];

/// Folds user text to one harmless line of at most `limit` characters: no control, direction or invisible characters,
/// no marker that skips a pipeline, no closing keyword before a number, nothing that could begin a trailer.
pub fn fold_user_text(text: &str, limit: usize) -> String {
    let visible = |c: char| !c.is_control() && !crate::report::is_invisible(c);
    let spaced: String = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| visible(*c)).collect();
    let mut folded = spaced.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    // Removing one marker can join the halves of another.
    while let Some(shorter) = MARKERS.iter().find_map(|marker| without(&folded, marker)) {
        folded = shorter;
    }
    let folded = without_closing(&folded);
    let folded: String = folded.chars().take(limit).collect();
    folded.trim().to_owned()
}

fn without(text: &str, marker: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let start = lower.find(marker)?;
    let (before, rest) = text.split_at_checked(start)?;
    let after = rest.get(marker.len()..)?;
    Some(format!("{}{}", before.trim_end(), if after.is_empty() { String::new() } else { format!(" {}", after.trim_start()) }))
}

/// Puts a dash between a closing keyword and the number after it: readable, and no longer an instruction.
fn without_closing(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let mut out = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let bare = word.trim_end_matches(':').to_ascii_lowercase();
        let next = words.get(index + 1).is_some_and(|next| next.contains('#') || next.contains("://"));
        out.push((*word).to_owned());
        if next && CLOSING.contains(&bare.as_str()) {
            out.push("-".to_owned());
        }
    }
    out.join(" ")
}

/// Title, blank line, trailers.
pub fn render_message(message: &MergeMessage) -> String {
    let lines: String = message.trailers.iter().map(|trailer| format!("{}: {}\n", trailer.key, trailer.value)).collect();
    format!("{}\n\n{lines}", message.title)
}

/// The trailers of a commit message: the last paragraph, if every line of it is one. A line that begins with a blank
/// continues the one before.
pub fn parse_trailers(message: &str) -> Vec<Trailer> {
    let message = message.trim_end();
    let Some((_, last)) = message.rsplit_once("\n\n") else { return Vec::new() };
    let mut trailers: Vec<Trailer> = Vec::new();
    for line in last.lines() {
        if let (true, Some(before)) = (line.starts_with([' ', '\t']), trailers.last_mut()) {
            before.value = format!("{} {}", before.value, line.trim());
            continue;
        }
        let Some((key, value)) = line.split_once(':') else { return Vec::new() };
        let token = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if key.is_empty() || !key.chars().all(token) {
            return Vec::new();
        }
        trailers.push(trailer(key, value.trim().to_owned()));
    }
    trailers
}
