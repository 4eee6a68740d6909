//! Walking a branch: is every commit on its first-parent line a landing that can be proven?
//!
//! Offline: the clone has everything. What cannot be checked is said, never passed over.

use countersign_core::audit::{self, CommitParts, Envelope, Evidence};
use countersign_core::decide::{Found, PolicyInForce, judge};
use countersign_core::revision::{CommitSha, Digest, ObjectId};
use countersign_core::snapshot::MergeOutcome;
use countersign_core::verdict::Verdict;
use jiff::Timestamp;

use super::signature::{split_signature, verify_signature};
use crate::ports::{Source, SourceError};

/// Where the allowed signers stand in a repository. They are read at the first parent of each landing.
pub(super) const ALLOWED_SIGNERS: &str = ".countersign/allowed_signers";

/// What a commit on the first-parent line turned out to be.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case", tag = "standing")]
pub enum Standing {
    /// A landing; every part of it was checked and holds.
    Landing,
    /// Not a landing: somebody pushed, or merged past the bot.
    DirectPush,
    /// It says that it is a landing, and something does not hold.
    Broken {
        /// What does not hold, each in a sentence.
        problems: Vec<String>,
    },
    /// It is a signed landing whose evidence or statement is not there.
    EvidenceMissing {
        /// What is missing.
        problems: Vec<String>,
    },
}

/// One commit.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct CommitFinding {
    /// Which.
    pub commit: CommitSha,
    /// First line of its message.
    pub title: String,
    /// What it is.
    #[serde(flatten)]
    pub standing: Standing,
    /// Who agreed, as its trailers say.
    pub approved_by: Vec<String>,
}

/// Why nothing could be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The clone could not be read.
    #[error("the repository could not be read")]
    Source(#[from] SourceError),
}

/// Verifies commits of one clone.
#[derive(Clone, Copy)]
pub struct Verifier<'a> {
    /// The clone.
    pub source: &'a dyn Source,
    /// The tip of the audit branch, where the clone has one.
    pub audit_tip: Option<&'a CommitSha>,
    /// Signers that are trusted whatever the tree says.
    pub allowed_signers: Option<&'a str>,
}

/// A commit that says that it is a landing.
struct Candidate<'a> {
    commit: &'a CommitSha,
    bytes: &'a [u8],
    parts: &'a CommitParts,
    /// When it was made at the earliest.
    made: Timestamp,
}

impl Verifier<'_> {
    /// Verifies the first-parent line from `to` back to `from`, newest first.
    pub async fn range(
        &self,
        from: Option<&CommitSha>,
        to: &CommitSha,
    ) -> Result<Vec<CommitFinding>, VerifyError> {
        let mut findings = Vec::new();
        // From the oldest on: nothing is older than the landings that it builds on, whatever it says of itself.
        let mut reached = Timestamp::MIN;
        for commit in self.source.first_parents(from, to).await?.iter().rev() {
            let (finding, made) = self.commit_after(commit, reached).await?;
            reached = match finding.standing {
                Standing::Landing | Standing::EvidenceMissing { .. } => made,
                // Its date is anybody's.
                Standing::DirectPush | Standing::Broken { .. } => reached,
            };
            findings.push(finding);
        }
        findings.reverse();
        Ok(findings)
    }

    /// Verifies one commit by itself.
    pub async fn commit(&self, commit: &CommitSha) -> Result<CommitFinding, VerifyError> {
        Ok(self.commit_after(commit, Timestamp::MIN).await?.0)
    }

    /// Verifies one commit that cannot have been made before `reached`, and answers when it was made at the earliest:
    /// whoever holds a key that was revoked can write any date into a commit.
    async fn commit_after(
        &self,
        commit: &CommitSha,
        reached: Timestamp,
    ) -> Result<(CommitFinding, Timestamp), VerifyError> {
        let bytes = self.source.raw_commit(commit).await?;
        let parts = audit::parse_commit(&bytes);
        let title = parts.as_ref().map_or_else(String::new, |parts| first_line(&parts.message));
        let trailers = parts.as_ref().map(|parts| audit::parse_trailers(&parts.message)).unwrap_or_default();
        let values =
            |key: &str| trailers.iter().filter(|t| t.key == key).map(|t| t.value.clone()).collect::<Vec<_>>();
        let approved_by = values("Approved-by");
        let said = parts.as_ref().and_then(|parts| Timestamp::from_second(parts.time).ok());
        let made = said.map_or(reached, |said| said.max(reached));
        let standing = match (&parts, values("Evidence").first()) {
            (Some(parts), Some(evidence)) if parts.parents.len() == 2 => {
                self.landing(&Candidate { commit, bytes: &bytes, parts, made }, evidence).await?
            }
            _ => Standing::DirectPush,
        };
        Ok((CommitFinding { commit: commit.clone(), title, standing, approved_by }, made))
    }

    async fn landing(&self, candidate: &Candidate<'_>, evidence: &str) -> Result<Standing, VerifyError> {
        let parts = candidate.parts;
        let mut problems = self.signature(candidate).await?;
        let [base, head] = parts.parents.as_slice() else { return Ok(Standing::DirectPush) };
        problems.extend(self.tree(base, head, &parts.tree).await?);
        let mut missing = Vec::new();
        match self.evidence(evidence).await? {
            Err(why) => missing.push(why),
            Ok(evidence) => {
                problems.extend(replay(&evidence, base, head));
                problems.extend(self.policy(&evidence, base).await?);
                problems.extend(audit::check_message(&parts.message, &evidence));
                match self.statement(candidate, &evidence).await? {
                    Ok(found) => problems.extend(found),
                    Err(why) => missing.push(why),
                }
            }
        }
        Ok(match (problems.is_empty(), missing.is_empty()) {
            (true, true) => Standing::Landing,
            (true, false) => Standing::EvidenceMissing { problems: missing },
            (false, _) => {
                problems.extend(missing);
                Standing::Broken { problems }
            }
        })
    }

    async fn signers_at(&self, base: Option<&CommitSha>) -> Result<String, VerifyError> {
        if let Some(pinned) = self.allowed_signers {
            return Ok(pinned.to_owned());
        }
        let Some(base) = base else { return Ok(String::new()) };
        let tree = self.source.tree_of(base).await?;
        let file = self.source.read_file(&tree, ALLOWED_SIGNERS).await?.unwrap_or_default();
        Ok(String::from_utf8_lossy(&file).into_owned())
    }

    async fn signature(&self, candidate: &Candidate<'_>) -> Result<Vec<String>, VerifyError> {
        let allowed = self.signers_at(candidate.parts.parents.first()).await?;
        let checked = split_signature(candidate.bytes).and_then(|(unsigned, signature)| {
            verify_signature("git", &unsigned, &signature, &allowed, candidate.made)
        });
        Ok(checked.err().map(|error| format!("commit: {error}")).into_iter().collect())
    }

    async fn tree(
        &self,
        base: &CommitSha,
        head: &CommitSha,
        tree: &ObjectId,
    ) -> Result<Vec<String>, VerifyError> {
        Ok(match self.source.merge(base, head).await? {
            MergeOutcome::Clean { tree: merged } if merged == *tree => Vec::new(),
            MergeOutcome::Clean { .. } => vec!["its tree is not the merge of its parents".to_owned()],
            MergeOutcome::Conflict { .. } => vec!["its parents do not merge cleanly".to_owned()],
            MergeOutcome::Nothing => vec!["its second parent was already part of the first".to_owned()],
        })
    }

    async fn audit_file(&self, name: &str) -> Result<Option<Vec<u8>>, VerifyError> {
        let Some(tip) = self.audit_tip else { return Ok(None) };
        let tree = self.source.tree_of(tip).await?;
        Ok(self.source.read_file(&tree, name).await?)
    }

    async fn evidence(&self, digest: &str) -> Result<Result<Evidence, String>, VerifyError> {
        let Ok(digest) = digest.parse::<Digest>() else {
            return Ok(Err("the Evidence trailer is not a digest".to_owned()));
        };
        let hex = digest.as_str().trim_start_matches("sha256:");
        let Some(bytes) = self.audit_file(&format!("evidence/{hex}.json")).await? else {
            return Ok(Err(format!("evidence {digest} is not on the audit branch")));
        };
        if Digest::of(&bytes) != digest {
            return Ok(Err(format!("evidence {digest} was changed")));
        }
        Ok(serde_json::from_slice(&bytes)
            .map_err(|error| format!("evidence {digest} cannot be read: {error}")))
    }

    /// The policy that the evidence was decided by has to be the one at the first parent.
    async fn policy(&self, evidence: &Evidence, base: &CommitSha) -> Result<Vec<String>, VerifyError> {
        let tree = self.source.tree_of(base).await?;
        let there = self.source.read_file(&tree, countersign_core::config::POLICY_PATH).await?;
        let used = evidence.snapshot.policy.as_ref().map(|file| file.text.as_bytes());
        let mut same = there.as_deref() == used;
        for (path, file) in evidence.snapshot.library.files() {
            same &= self.source.read_file(&tree, path).await?.as_deref() == Some(file.text.as_bytes());
        }
        Ok(if same {
            Vec::new()
        } else {
            vec!["it was not decided by the policy at its first parent".to_owned()]
        })
    }

    async fn statement(
        &self,
        candidate: &Candidate<'_>,
        evidence: &Evidence,
    ) -> Result<Result<Vec<String>, String>, VerifyError> {
        let Candidate { commit, bytes: _, parts, made } = *candidate;
        let Some(bytes) = self.audit_file(&format!("statements/{commit}.json")).await? else {
            return Ok(Err(format!(
                "there is no statement about {commit}; it can be signed again from the evidence"
            )));
        };
        let Ok(envelope) = serde_json::from_slice::<Envelope>(&bytes) else {
            return Ok(Ok(vec!["the statement cannot be read".to_owned()]));
        };
        let allowed = self.signers_at(parts.parents.first()).await?;
        let verified = envelope.verify(|signed, signature| {
            verify_signature("countersign", signed, signature, &allowed, made)
                .map_err(|error| error.to_string())
        });
        let [base, head] = parts.parents.as_slice() else { return Ok(Ok(Vec::new())) };
        let expected = audit::Statement::of_landing(commit, [base, head], &parts.tree, evidence);
        Ok(Ok(match verified {
            Err(why) => vec![format!("statement: {why}")],
            Ok(statement) if statement == expected => Vec::new(),
            Ok(_) => vec!["the statement is about something else".to_owned()],
        }))
    }
}

/// Decides the recorded snapshot again: it has to allow exactly these parents.
fn replay(evidence: &Evidence, base: &CommitSha, head: &CommitSha) -> Vec<String> {
    let snapshot = &evidence.snapshot;
    let mut problems = Vec::new();
    if snapshot.base_tip != *base || snapshot.change.head != *head {
        problems.push("the evidence is about other parents".to_owned());
    }
    let digest = countersign_core::effect::change_digest(
        &snapshot.change.id.repo,
        &snapshot.change.target,
        &snapshot.evaluation,
    );
    if digest != snapshot.digest {
        problems.push("the digest in the evidence is not the digest of its evaluation".to_owned());
    }
    let in_force = PolicyInForce::of(snapshot);
    let verdict = judge(snapshot, &in_force, &Found::of(snapshot, &in_force)).verdict;
    if verdict != Verdict::Allow {
        problems.push(format!("decided again, the evidence does not allow it ({})", verdict.word()));
    }
    problems
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}
