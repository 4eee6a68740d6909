//! What follows when branches moved: change requests get new heads, close, or turn out to be merged.

use std::collections::BTreeMap;

use serde_json::json;

use crate::error::SimError;
use crate::git::{Bare, ZERO};
use crate::state::{Activity, ActivityKind, Asked, BranchRules, Door, Judged, Merged, Review, ReviewState};
use crate::world::World;

/// One branch from one commit to another; zeros for nowhere.
#[derive(Debug, Clone)]
pub(crate) struct Move {
    pub(crate) branch: String,
    pub(crate) before: String,
    pub(crate) after: String,
}

/// How branches were moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Via {
    Push,
    MergeButton,
}

impl World {
    /// Looks at what a repository's branches are now and draws all consequences. Called with the turn held.
    pub(crate) async fn after_push(&self, repo: u64, actor: u64, via: Via) -> Result<(), SimError> {
        let bare = self.bare(repo);
        let now = bare.branches().await?;
        let moves = {
            let mut state = self.state();
            let moves = differences(&state.repo(repo)?.branches, &now);
            let at = state.now();
            let found = state.repo_mut(repo)?;
            found.branches = now;
            if !moves.is_empty() {
                found.pushed = at;
            }
            moves
        };
        for moved in &moves {
            self.remember_move(&bare, repo, actor, via, moved).await?;
        }
        for moved in &moves {
            self.move_heads(repo, actor, moved).await?;
        }
        for moved in &moves {
            self.move_bases(&bare, repo, actor, moved).await?;
        }
        Ok(())
    }

    async fn remember_move(
        &self,
        bare: &Bare,
        repo: u64,
        actor: u64,
        via: Via,
        moved: &Move,
    ) -> Result<(), SimError> {
        let kind = match (moved.before.as_str(), moved.after.as_str(), via) {
            (ZERO, _, _) => ActivityKind::Creation,
            (_, ZERO, _) => ActivityKind::Deletion,
            (_, _, Via::MergeButton) => ActivityKind::Merge,
            (before, after, Via::Push) if bare.contains(after, before).await => ActivityKind::Push,
            (_, _, Via::Push) => ActivityKind::ForcePush,
        };
        let entry = {
            let mut state = self.state();
            let (id, at) = (state.id(), state.now());
            let entry = Activity {
                id,
                reference: format!("refs/heads/{}", moved.branch),
                before: moved.before.clone(),
                after: moved.after.clone(),
                kind,
                actor,
                at,
            };
            state.repo_mut(repo)?.activity.push(entry.clone());
            entry
        };
        if self.hooks.wanted() {
            let commits = match (moved.before.as_str(), moved.after.as_str()) {
                (_, ZERO) => Vec::new(),
                (ZERO, after) => vec![bare.commit(after).await?],
                (before, after) => bare.commits(&["--max-count=2048", &format!("{before}..{after}")]).await?,
            };
            self.tell_push(repo, &entry, &commits);
        }
        Ok(())
    }

    /// Change requests that come from the branch follow it.
    async fn move_heads(&self, repo: u64, actor: u64, moved: &Move) -> Result<(), SimError> {
        let concerned: Vec<(u64, u64)> = {
            let state = self.state();
            let from_here = |change: &&crate::state::Change| {
                change.is_open()
                    && change.head.repo == repo
                    && change.head.branch == moved.branch
                    && change.head.sha != moved.after
            };
            let all = state.repos.values();
            all.flat_map(|found| {
                found.changes.values().filter(from_here).map(|change| (found.id, change.number))
            })
            .collect()
        };
        for (target, number) in concerned {
            if moved.after == ZERO {
                self.close(target, number, actor)?;
                continue;
            }
            self.bare(target)
                .take(&self.bare(repo), &moved.after, &format!("refs/pull/{number}/head"))
                .await?;
            let dismissed = self.set_head(target, number, &moved.after)?;
            self.learn(target, number).await?;
            let more = json!({ "before": moved.before, "after": moved.after });
            self.tell_change(target, number, "synchronize", actor, more)?;
            for review in dismissed {
                self.tell_review(target, number, "dismissed", &review, actor)?;
            }
        }
        Ok(())
    }

    fn set_head(&self, repo: u64, number: u64, head: &str) -> Result<Vec<Review>, SimError> {
        let mut state = self.state();
        let now = state.now();
        let base = state.change(repo, number)?.base.branch.clone();
        let tip = state.repo(repo)?.branches.get(&base).cloned();
        let dismisses = BranchRules::of(&state, repo, &base).dismisses_on_push();
        let change = state.change_mut(repo, number)?;
        head.clone_into(&mut change.head.sha);
        if let Some(tip) = tip {
            change.base.sha = tip;
        }
        change.updated = now;
        change.facts = None;
        let mut dismissed = Vec::new();
        if dismisses {
            for review in change.reviews.iter_mut().filter(|review| review.state == ReviewState::Approved) {
                review.state = ReviewState::Dismissed;
                dismissed.push(review.clone());
            }
        }
        Ok(dismissed)
    }

    /// Change requests into the branch: those whose head it now contains are merged.
    async fn move_bases(&self, bare: &Bare, repo: u64, actor: u64, moved: &Move) -> Result<(), SimError> {
        if moved.after == ZERO {
            return Ok(());
        }
        let concerned: Vec<(u64, String)> = {
            let state = self.state();
            let into =
                |change: &&crate::state::Change| change.is_open() && change.base.branch == moved.branch;
            let all = state.repo(repo)?.changes.values().filter(into);
            all.map(|change| (change.number, change.head.sha.clone())).collect()
        };
        for (number, head) in concerned {
            if !bare.contains(&moved.after, &head).await {
                continue;
            }
            let commit = bare.landed_by(&moved.before, &moved.after, &head).await;
            self.mark_merged(repo, number, actor, &commit)?;
        }
        Ok(())
    }

    /// Marks a change request as merged and tells so.
    pub(crate) fn mark_merged(
        &self,
        repo: u64,
        number: u64,
        actor: u64,
        commit: &str,
    ) -> Result<(), SimError> {
        {
            let mut state = self.state();
            let at = state.now();
            let change = state.change_mut(repo, number)?;
            change.merged = Some(Merged { by: actor, commit: commit.to_owned(), at });
            change.closed = Some(at);
            change.updated = at;
        }
        self.tell_change(repo, number, "closed", actor, json!({}))
    }

    /// What protection says to a push.
    pub(crate) fn judge(&self, repo: u64, actor: u64, moved: &Move) -> Judged {
        let state = self.state();
        BranchRules::of(&state, repo, &moved.branch).judge(&Asked {
            new: &moved.after,
            creates: moved.before == ZERO,
            deletes: moved.after == ZERO,
            actor,
            by: Door::Push,
        })
    }

    /// The same as lines for the hook.
    pub(crate) fn verdicts(&self, repo: u64, actor: u64, moves: &[Move]) -> String {
        let mut lines = Vec::new();
        for moved in moves {
            let name = format!("refs/heads/{}", moved.branch);
            let judged = self.judge(repo, actor, moved);
            lines.extend(judged.refused.iter().map(|reason| format!("{name} refuse {reason}")));
            for (asked, word) in
                [(judged.forward_only, "forward"), (judged.linear, "linear"), (judged.signed, "signed")]
            {
                if asked {
                    lines.push(format!("{name} {word}"));
                }
            }
        }
        lines.join("\n")
    }
}

fn differences(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<Move> {
    let gone = before.iter().filter(|(name, _)| !after.contains_key(*name)).map(|(name, sha)| Move {
        branch: name.clone(),
        before: sha.clone(),
        after: ZERO.to_owned(),
    });
    let there = after.iter().filter(|(name, sha)| before.get(*name) != Some(sha)).map(|(name, sha)| Move {
        branch: name.clone(),
        before: before.get(name).map_or(ZERO, String::as_str).to_owned(),
        after: sha.clone(),
    });
    gone.chain(there).collect()
}
