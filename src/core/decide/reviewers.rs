//! Whom to ask for a review, where rules say that somebody is to be asked. Never decides whether a review counts.
//!
//! Only people are missing: the change is no draft, nobody stops it, and no check does. Asked are people of rules that wait, in
//! branches of `approval` that do, in an order that is drawn by lot and always the same for one change. Nobody is asked who
//! has reviewed this head, is asked already, was taken off after the bot asked, or whom the forge would not have asked.
//! Nobody stands in for who was taken off, since whoever did that had a reason; it is said beside the rule instead.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::Judgement;
use crate::actor::Known;
use crate::approval::{self, Requirement, RequirementState};
use crate::change::{ChangeState, Review, Reviewer};
use crate::config::{MOST_REQUESTS, Policy, RequestMode, RequestReview, Rule};
use crate::fact::FactKind;
use crate::plan::Action;
use crate::report::RequirementReport;
use crate::revision::{CommitSha, Digest};
use crate::snapshot::Snapshot;
use crate::verdict::Verdict;

/// Reasons that people can do something about, or that pass by themselves.
const WAITS: [&str; 2] = ["approval-missing", "status-missing"];

/// The requests that are missing. `floor` is the server's own, whose rules ask beside the policy's.
pub(super) fn requests(
    snapshot: &Snapshot,
    (policy, floor): (&Policy, Option<&Policy>),
    judgement: &Judgement,
) -> Vec<Action> {
    let Verdict::Hold(reasons) = &judgement.verdict else { return Vec::new() };
    let waits = reasons.iter().all(|reason| WAITS.contains(&reason.code.as_str()));
    let Known::Yes(requested) = &snapshot.details.requested else { return Vec::new() };
    if !waits || snapshot.change.draft || snapshot.change.state != ChangeState::Open {
        return Vec::new();
    }
    let requirements = &judgement.agreement.requirements;
    let room = Room { snapshot, requested };
    let mut asking: Vec<Reviewer> = Vec::new();
    for policy in std::iter::once(policy).chain(floor) {
        let waiting = approval::waiting(policy, requirements);
        for rule in policy.rules.iter().filter(|rule| waiting.contains(rule.name.as_str())) {
            let found = requirements.iter().find(|requirement| requirement.rule == rule.name);
            if let (Some(request), Some(found)) = (rule.options.request_review, found) {
                room.choose(rule, request, found, &mut asking);
            }
        }
    }
    asking.into_iter().map(|whom| Action::RequestReview { whom }).collect()
}

/// What somebody who could be asked is to a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// They can be asked.
    Free,
    /// They are asked, or were and were taken off: either way they are one of those who are asked.
    Asked,
    /// They have said what they think of this head, or cannot be asked.
    Out,
}

/// Says beside each rule that waits who of its people was taken off after the bot asked them.
pub(super) fn tell_taken_off(snapshot: &Snapshot, requirements: &mut [RequirementReport]) {
    let gone = taken_off(snapshot);
    let waits = |requirement: &&mut RequirementReport| requirement.state == RequirementState::Pending;
    for requirement in requirements.iter_mut().filter(waits) {
        let could = |login: &&&str| requirement.could.iter().any(|other| other.eq_ignore_ascii_case(login));
        let names: Vec<String> = gone.iter().filter(could).map(|login| format!("`{login}`")).collect();
        if names.is_empty() {
            continue;
        }
        let said = format!("taken off after the bot asked, and not asked again: {}", names.join(", "));
        requirement.note = Some(match requirement.note.take() {
            Some(note) => format!("{note}; {said}"),
            None => said,
        });
    }
}

/// People whom the bot asked, who have reviewed nothing since and are not among those who are asked. A team is not told:
/// a forge takes it off by itself once one of it answers.
fn taken_off(snapshot: &Snapshot) -> BTreeSet<&str> {
    let Known::Yes(requested) = &snapshot.details.requested else { return BTreeSet::new() };
    let mut gone = BTreeSet::new();
    for fact in &snapshot.facts {
        let FactKind::ReviewRequested { whom: whom @ Reviewer::User(login), head, refused: None } =
            &fact.kind
        else {
            continue;
        };
        let still = requested.iter().any(|other| other.is(whom));
        if !still && !has_answered(snapshot, whom, head, fact.at) {
            gone.insert(login.as_str());
        }
    }
    gone
}

fn reviews_of<'a>(snapshot: &'a Snapshot, whom: &Reviewer) -> impl Iterator<Item = &'a Review> {
    snapshot.reviews.iter().filter(move |review| Reviewer::User(review.author.login.clone()).is(whom))
}

/// Whether somebody has reviewed since they were asked to look at this head: two clocks may not agree on what came after.
fn has_answered(snapshot: &Snapshot, whom: &Reviewer, asked_at: &CommitSha, at: Timestamp) -> bool {
    reviews_of(snapshot, whom)
        .any(|review| review.submitted_at >= at || review.head.as_ref() == Some(asked_at))
}

struct Room<'a> {
    snapshot: &'a Snapshot,
    requested: &'a [Reviewer],
}

impl Room<'_> {
    /// Adds those of a rule who are to be asked and are not.
    fn choose(
        &self,
        rule: &Rule,
        RequestReview { mode, count }: RequestReview,
        requirement: &Requirement,
        asking: &mut Vec<Reviewer>,
    ) {
        let pool: Vec<Reviewer> = match mode {
            RequestMode::Teams => rule.require.from.teams.iter().cloned().map(Reviewer::Team).collect(),
            RequestMode::RandomUsers | RequestMode::AllUsers => {
                approval::answerable(rule, self.snapshot, &requirement.by)
                    .into_iter()
                    .map(Reviewer::User)
                    .collect()
            }
        };
        let have = u32::try_from(requirement.by.len()).unwrap_or(u32::MAX);
        let wanted = match mode {
            RequestMode::RandomUsers => count.unwrap_or_else(|| requirement.needed.saturating_sub(have)),
            RequestMode::AllUsers | RequestMode::Teams => MOST_REQUESTS,
        };
        let mut left = usize::try_from(wanted.min(MOST_REQUESTS)).unwrap_or_default();
        let mut free = Vec::new();
        for whom in self.drawn(rule, pool) {
            match self.standing(&whom) {
                Standing::Asked => left = left.saturating_sub(1),
                Standing::Free if asking.iter().any(|other| other.is(&whom)) => left = left.saturating_sub(1),
                Standing::Free => free.push(whom),
                Standing::Out => {}
            }
        }
        asking.extend(free.into_iter().take(left));
    }

    /// In an order that looks random and is the same at every look, but for another rule or change.
    fn drawn(&self, rule: &Rule, pool: Vec<Reviewer>) -> Vec<Reviewer> {
        let lot = |whom: &Reviewer| {
            let seed = format!("{} {} {}", self.snapshot.change.id, rule.name, whom.name().to_lowercase());
            Digest::of(seed.as_bytes()).to_string()
        };
        let drawn: BTreeMap<String, Reviewer> = pool.into_iter().map(|whom| (lot(&whom), whom)).collect();
        drawn.into_values().collect()
    }

    fn standing(&self, whom: &Reviewer) -> Standing {
        if self.requested.iter().any(|other| other.is(whom)) {
            return Standing::Asked;
        }
        let head = &self.snapshot.change.head;
        if reviews_of(self.snapshot, whom)
            .any(|review| review.head.as_ref().is_none_or(|reviewed| reviewed == head))
        {
            return Standing::Out;
        }
        let asked = self.snapshot.facts.iter().rev().find_map(|fact| match &fact.kind {
            FactKind::ReviewRequested { whom: other, head, refused } if other.is(whom) => {
                Some((head, fact.at, refused))
            }
            FactKind::Handled { .. }
            | FactKind::Approved(_)
            | FactKind::Unapproved { .. }
            | FactKind::Held { .. }
            | FactKind::ChangesRequested { .. }
            | FactKind::HoldLifted { .. }
            | FactKind::MergeRequested { .. }
            | FactKind::MergeCancelled { .. }
            | FactKind::DisplayPlanned(_)
            | FactKind::DisplayPosted { .. }
            | FactKind::DisplayTampered { .. }
            | FactKind::LandingBegun { .. }
            | FactKind::LandingEnded { .. }
            | FactKind::ReviewRequested { .. }
            | FactKind::Pushed { .. } => None,
        });
        match asked {
            None => Standing::Free,
            Some((_, _, Some(_))) => Standing::Out,
            // They answered, to a head that is gone.
            Some((asked_at, at, None))
                if asked_at != head && has_answered(self.snapshot, whom, asked_at, at) =>
            {
                Standing::Free
            }
            Some((_, _, None)) => Standing::Asked,
        }
    }
}
