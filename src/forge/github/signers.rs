//! Whose signature each commit of a pull request carries, and by which key. The REST API tells neither; GraphQL does, so
//! it is asked where a rule looks at signers. What GitHub has not settled is left out, and is never a signature that holds.

use std::collections::BTreeMap;

use countersign_core::actor::{Actor, ActorId, ActorKind};
use countersign_core::change::RepoPath;
use countersign_core::details::Signature;
use countersign_core::revision::CommitSha;
use serde::Deserialize;

use super::details::{WEB_FLOW, verdict};
use super::graphql::{Graph, PageInfo};
use crate::forge::answer::Ask;
use crate::ports::{CommitSeal, ForgeError};

const QUERY: &str = "query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      headRefOid
      commits(first: 100, after: $after) {
        totalCount
        pageInfo { hasNextPage endCursor }
        nodes {
          commit {
            oid
            committedViaWeb
            signature {
              __typename
              isValid
              state
              wasSignedByGitHub
              signer { databaseId login }
              ... on GpgSignature { keyId }
              ... on SshSignature { keyFingerprint }
            }
          }
        }
      }
    }
  }
}";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PullRequest {
    head_ref_oid: CommitSha,
    commits: Commits,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Commits {
    total_count: usize,
    page_info: PageInfo,
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    commit: Commit,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Commit {
    oid: CommitSha,
    committed_via_web: bool,
    signature: Option<Seal>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Seal {
    #[serde(rename = "__typename")]
    kind: String,
    is_valid: bool,
    state: String,
    was_signed_by_git_hub: bool,
    signer: Option<Signer>,
    key_id: Option<String>,
    key_fingerprint: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signer {
    database_id: Option<u64>,
    login: String,
}

impl Commit {
    /// Nothing where GitHub does not say whether the signature holds.
    fn seal(self) -> Option<CommitSeal> {
        let none = Signature { verified: false, signer: None, key: None };
        let Some(seal) = self.signature else {
            return Some(CommitSeal { commit: self.oid, signature: none, via_web: Some(false) });
        };
        let verified = verdict(seal.is_valid, &seal.state)?;
        let by_github = verified && seal.was_signed_by_git_hub;
        let signature = if verified { seal.signature() } else { none };
        Some(CommitSeal { commit: self.oid, signature, via_web: Some(by_github && self.committed_via_web) })
    }
}

impl Seal {
    /// One that holds. With its own key GitHub signs what anybody does on its pages: that is GitHub's signature, whoever
    /// is named, and GitHub signs with no other.
    fn signature(self) -> Signature {
        let key = self.key();
        let by_github = self.was_signed_by_git_hub;
        let signer = self.signer.and_then(Signer::actor);
        Signature {
            verified: true,
            signer: signer.filter(|signer| (signer.login == WEB_FLOW) == by_github),
            key,
        }
    }

    /// As the kind of the signature has it, so that nothing passes for the id of an OpenPGP key that is none.
    fn key(&self) -> Option<String> {
        match self.kind.as_str() {
            "GpgSignature" => {
                let key = self.key_id.as_deref()?;
                let long =
                    matches!(key.len(), 16 | 40 | 64) && key.bytes().all(|byte| byte.is_ascii_hexdigit());
                long.then(|| key.to_ascii_uppercase())
            }
            "SshSignature" => {
                let print = self.key_fingerprint.as_deref()?;
                let print = print.strip_prefix("SHA256:").unwrap_or(print);
                let whole = !print.is_empty()
                    && print.len() <= 64
                    && print.bytes().all(|byte| byte.is_ascii_graphic());
                whole.then(|| format!("SHA256:{print}"))
            }
            _ => None,
        }
    }
}

impl Signer {
    /// Nothing where GitHub tells no number: a name alone may be another's tomorrow.
    fn actor(self) -> Option<Actor> {
        let id = self.database_id.filter(|id| *id != 0)?;
        let kind = if self.login.ends_with("[bot]") { ActorKind::Bot } else { ActorKind::Human };
        Some(Actor { id: ActorId::new(id), login: self.login, kind })
    }
}

/// Of every commit of the pull request. GitHub may cut the list short, or tell of a head that was: a list that does not
/// have as many commits as there are, and the head among them, is an error.
pub(super) async fn seals(
    graph: &Graph<'_>,
    ask: Ask,
    repo: &RepoPath,
    number: u64,
) -> Result<Vec<CommitSeal>, ForgeError> {
    let mut found: BTreeMap<CommitSha, Option<CommitSeal>> = BTreeMap::new();
    let mut told: Option<(CommitSha, usize)> = None;
    let take = |PullRequest { head_ref_oid, commits }: PullRequest| {
        let now = (head_ref_oid, commits.total_count);
        if told.as_ref().is_some_and(|told| *told != now) {
            return Err(ask.unexpected("commits that changed while they were read"));
        }
        told = Some(now);
        found.extend(commits.nodes.into_iter().map(|node| (node.commit.oid.clone(), node.commit.seal())));
        Ok(commits.page_info)
    };
    graph.pages(ask, QUERY, (repo, number), take).await?;
    let (head, total) = told.ok_or_else(|| ask.unexpected("no commits"))?;
    if found.len() != total {
        return Err(ask.unexpected(format!("{} commits of {total}", found.len())));
    }
    if !found.contains_key(&head) {
        return Err(ask.unexpected(format!("commits without {}, the head", head.short())));
    }
    Ok(found.into_values().flatten().collect())
}
