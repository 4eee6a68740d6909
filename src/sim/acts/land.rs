//! The forge's own merge button.

use std::collections::BTreeMap;

use super::Via;
use super::changes::forge_signature;
use crate::error::SimError;
use crate::git::write::Signature;
use crate::state::{Asked, BranchRules, Change, Door, ReviewState, Role, Rule, State, StatusRule, UpToDate};
use crate::world::World;

/// How the button merges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MergeMethod {
    Merge,
    Squash,
    Rebase,
}

/// What the button is asked to do.
pub(crate) struct Landing<'a> {
    pub(crate) actor: u64,
    pub(crate) method: MergeMethod,
    /// The head that must still be there.
    pub(crate) expected: Option<&'a str>,
    pub(crate) title: Option<&'a str>,
    pub(crate) message: Option<&'a str>,
}

/// Why the button did nothing.
pub(crate) enum NotLanded {
    /// The head is another one.
    HeadMoved,
    /// Conflicts, protection, closed.
    NotMergeable(String),
    /// Something broke.
    Broken(SimError),
}

impl From<SimError> for NotLanded {
    fn from(error: SimError) -> Self {
        Self::Broken(error)
    }
}

impl World {
    /// Merges. Called with the turn held. Returns the new tip of the base branch.
    pub(crate) async fn land(
        &self,
        repo: u64,
        number: u64,
        landing: Landing<'_>,
    ) -> Result<String, NotLanded> {
        let change = self.state().change(repo, number)?.clone();
        if landing.expected.is_some_and(|expected| expected != change.head.sha) {
            return Err(NotLanded::HeadMoved);
        }
        if !change.is_open() || change.draft {
            return Err(NotLanded::NotMergeable("Pull Request is not mergeable".to_owned()));
        }
        let tip = self.base_tip(repo, &change)?;
        self.refuse_by_protection(repo, &change, &tip, &landing).await?;
        let commit = self.make_landing(repo, &change, &tip, &landing).await?;
        let bare = self.bare(repo);
        bare.set_ref(&format!("refs/heads/{}", change.base.branch), &commit, Some(&tip)).await?;
        if landing.method != MergeMethod::Merge {
            // Its head never gets onto the base branch: nobody else would notice.
            self.mark_merged(repo, number, landing.actor, &commit)?;
        }
        self.after_push(repo, landing.actor, Via::MergeButton).await?;
        Ok(commit)
    }

    fn base_tip(&self, repo: u64, change: &Change) -> Result<String, SimError> {
        let state = self.state();
        let tip = state.repo(repo)?.branches.get(&change.base.branch).cloned();
        tip.ok_or_else(|| SimError::missing("branch", &change.base.branch))
    }

    async fn make_landing(
        &self,
        repo: u64,
        change: &Change,
        tip: &str,
        landing: &Landing<'_>,
    ) -> Result<String, NotLanded> {
        let bare = self.bare(repo);
        let (now, author) = {
            let state = self.state();
            let account = state.accounts.get(&landing.actor);
            let (name, email) = account.map_or(("ghost", ""), |found| (found.login.as_str(), found.email()));
            (state.now(), Signature { name: name.to_owned(), email: email.to_owned(), at: state.now() })
        };
        let forge = forge_signature(now);
        let conflict = || NotLanded::NotMergeable("Pull Request is not mergeable".to_owned());
        let tree = bare.merge_tree(tip, &change.head.sha).await.ok_or_else(conflict)?;
        let default = match landing.method {
            MergeMethod::Merge => {
                format!("Merge pull request #{} from {}", change.number, change.head.branch)
            }
            MergeMethod::Squash | MergeMethod::Rebase => format!("{} (#{})", change.title, change.number),
        };
        let title = landing.title.unwrap_or(&default);
        let message = format!("{title}\n\n{}", landing.message.unwrap_or(&change.title));
        let commit = match landing.method {
            MergeMethod::Merge => {
                let parents = [tip, change.head.sha.as_str()];
                bare.commit_tree(&tree, &parents, &author, &forge, &message).await?
            }
            MergeMethod::Squash => bare.commit_tree(&tree, &[tip], &author, &forge, &message).await?,
            MergeMethod::Rebase => bare.replay(tip, &change.head.sha, &forge).await?.ok_or_else(conflict)?,
        };
        Ok(commit)
    }

    async fn refuse_by_protection(
        &self,
        repo: u64,
        change: &Change,
        tip: &str,
        landing: &Landing<'_>,
    ) -> Result<(), NotLanded> {
        let up_to_date = self.bare(repo).contains(&change.head.sha, tip).await;
        let state = self.state();
        let rules = BranchRules::of(&state, repo, &change.base.branch);
        let judged = rules.judge(&Asked {
            new: &change.head.sha,
            creates: false,
            deletes: false,
            actor: landing.actor,
            by: Door::MergeButton,
        });
        let mut reasons = judged.refused;
        if judged.linear && landing.method == MergeMethod::Merge {
            reasons.push("This branch must not contain merge commits.".to_owned());
        }
        let (approvals, statuses) = demands(&rules);
        let given = approvals_given(&state, repo, change);
        if given < approvals {
            reasons.push(format!(
                "At least {approvals} approving review is required by reviewers with write access."
            ));
        }
        for rule in statuses {
            let missing = rules.missing_statuses(rule, &change.head.sha);
            reasons
                .extend(missing.iter().map(|name| format!("Required status check \"{name}\" is expected.")));
            if rule.up_to_date == UpToDate::Required && !up_to_date {
                reasons.push("The head branch is not up to date with the base branch.".to_owned());
            }
        }
        if reasons.is_empty() { Ok(()) } else { Err(NotLanded::NotMergeable(reasons.join(" "))) }
    }
}

/// How many approvals are asked for, and which checks. The button exempts nobody here, which is stricter than reality.
fn demands<'a>(rules: &BranchRules<'a>) -> (u64, Vec<&'a StatusRule>) {
    let classic = rules.classic();
    let mut approvals =
        classic.and_then(|rules| rules.reviews.as_ref()).map_or(0, |reviews| reviews.approvals);
    let mut statuses: Vec<&StatusRule> =
        classic.and_then(|rules| rules.statuses.as_ref()).into_iter().collect();
    for (_, rule) in rules.active() {
        match rule {
            Rule::PullRequest { approvals: wanted, .. } => approvals = approvals.max(*wanted),
            Rule::StatusChecks(rule) => statuses.push(rule),
            Rule::Creation
            | Rule::Update
            | Rule::Deletion
            | Rule::NonFastForward
            | Rule::LinearHistory
            | Rule::Signatures
            | Rule::Workflow { .. } => {}
        }
    }
    (approvals, statuses)
}

/// People with write permission whose last word was yes; none if one of them said no.
fn approvals_given(state: &State, repo: u64, change: &Change) -> u64 {
    let mut last = BTreeMap::new();
    for review in &change.reviews {
        if review.state != ReviewState::Commented && state.role(repo, review.author) >= Role::Write {
            last.insert(review.author, review.state);
        }
    }
    if last.values().any(|state| *state == ReviewState::ChangesRequested) {
        return 0;
    }
    last.values().filter(|state| **state == ReviewState::Approved).count() as u64
}
