//! Which approvals stand, and why the others do not. Never asks whether they are enough, or whether their giver may
//! count for a rule.
//!
//! An approval stands as long as what was approved is what would land: the same change digest, and no danger now that
//! was not on display then. A new head alone voids nothing. What voids it: an edit of its comment (a deletion keeps the
//! record), its giver taking it back or asking for changes later, and a display that somebody else had rewritten.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::display::{Displays, Shown};
use crate::actor::{Actor, ActorId, ActorKind};
use crate::change::{Review, ReviewState};
use crate::command::{self, Command};
use crate::effect::risk_set;
use crate::fact::{Approval, FactKind, RiskSet, Said, Via};
use crate::revision::Digest;
use crate::snapshot::Snapshot;

/// An approval that does not count, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Ignored {
    /// Who.
    pub who: String,
    /// Why, in words: `author of the change`, `the comment was edited`.
    pub reason: String,
}

/// All approvals given, sorted into those that stand (whoever gave them) and those that no longer do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counted {
    /// Standing, one per person: the newest, for the environments of all of that person's that stand.
    pub standing: Vec<Approval>,
    /// The same, all of them: rules differ in how a person may say yes.
    pub given: Vec<Approval>,
    /// Void: other digest or more risks, edited, withdrawn, tampered display, review not on display.
    pub ignored: Vec<Ignored>,
    /// Everybody whose request for changes (review) nobody lifted, although the forge may show it as dismissed.
    pub changes_requested: Vec<Actor>,
}

/// Sorts the approvals of a snapshot: facts and native reviews.
pub fn standing(snapshot: &Snapshot) -> Counted {
    let ledger =
        Ledger { snapshot, displays: Displays::new(&snapshot.facts), risks: risk_set(&snapshot.evaluation) };
    let mut standing: BTreeMap<ActorId, Approval> = BTreeMap::new();
    let mut ignored: Vec<Ignored> = Vec::new();
    let mut all = Vec::new();
    for given in ledger.given() {
        match given.and_then(|given| ledger.void(&given).map_or(Ok(given.approval), Err)) {
            Ok(approval) => {
                all.push(approval.clone());
                keep(&mut standing, approval);
            }
            Err(void) if ignored.contains(&void) => {}
            Err(void) => ignored.push(void),
        }
    }
    let mut standing: Vec<Approval> = standing.into_values().collect();
    standing.sort_by_key(|approval| (approval.at, approval.actor.id));
    Counted { standing, given: all, ignored, changes_requested: ledger.changes_requested() }
}

/// Keeps the newest approval of each person. Two that are limited to environments stand for both.
pub(super) fn keep(standing: &mut BTreeMap<ActorId, Approval>, mut approval: Approval) {
    let id = approval.actor.id;
    if let Some(other) = standing.remove(&id) {
        let environments = match other.environments.is_empty() || approval.environments.is_empty() {
            true => BTreeSet::new(),
            false => other.environments.iter().chain(&approval.environments).cloned().collect(),
        };
        if other.at > approval.at {
            approval = other;
        }
        approval.environments = environments.into_iter().collect();
    }
    standing.insert(id, approval);
}

/// An approval, and its place in the ledger; a native review has none.
struct Given {
    approval: Approval,
    seq: Option<u64>,
}

/// A snapshot with what every approval is held against.
struct Ledger<'a> {
    snapshot: &'a Snapshot,
    displays: Displays<'a>,
    risks: RiskSet,
}

impl Ledger<'_> {
    /// Every approval: those of commands in the ledger's order, then native reviews in theirs.
    fn given(&self) -> Vec<Result<Given, Ignored>> {
        let facts = self.snapshot.facts.iter().filter_map(|fact| {
            let FactKind::Approved(approval) = &fact.kind else { return None };
            Some(Ok(Given { approval: approval.clone(), seq: Some(fact.seq) }))
        });
        let by_command = |review: &Review| {
            self.snapshot.facts.iter().any(|fact| {
                matches!(&fact.kind, FactKind::Approved(approval) if approval.via == Via::Review(review.id))
            })
        };
        let reviews = self.snapshot.reviews.iter().filter(|review| review.state == ReviewState::Approved);
        facts.chain(reviews.filter(|review| !by_command(review)).map(|review| self.bind(review))).collect()
    }

    /// A native review as an approval of what was on display when it was given.
    fn bind(&self, review: &Review) -> Result<Given, Ignored> {
        let ask = |reason: &str| Ignored {
            who: review.author.login.clone(),
            reason: format!(
                "{reason}; `/approve {}` approves what is shown now",
                self.snapshot.digest.short()
            ),
        };
        if self.refused(review) {
            return Err(ask("the command in the review was not run"));
        }
        let display = match self.displays.at(review.submitted_at) {
            Shown::Display(display) => display,
            Shown::Unclear(why) => return Err(ask(why)),
        };
        // Where the forge tells no head, only one that has not moved since can be meant.
        let head = review.head.as_ref().unwrap_or(&self.snapshot.change.head);
        if *head != display.head {
            return Err(ask("reviewed another head than the one on display"));
        }
        let approval = Approval {
            actor: review.author.clone(),
            via: Via::Review(review.id),
            at: review.submitted_at,
            head: display.head.clone(),
            digest: display.digest.clone(),
            risks: display.risks.clone(),
            environments: Vec::new(),
            said: Said::Review,
            body_hash: self.body_read(review).unwrap_or_else(|| Digest::of(review.body.as_bytes())),
        };
        Ok(Given { approval, seq: None })
    }

    /// Whether a review says by command what it approves, and that was refused: then it does not approve more.
    fn refused(&self, review: &Review) -> bool {
        let is_approval = |command: &Command| matches!(command, Command::Approve { .. });
        let says = match command::parse(&review.body, &self.snapshot.bot.login) {
            Err(_) => true,
            Ok(parsed) => {
                let dropped = parsed.dropped.iter().map(|(command, _)| command);
                parsed.commands.iter().chain(dropped).any(is_approval)
            }
        };
        says && self.body_read(review).is_some()
    }

    /// The hash of a review's body when its commands were read.
    fn body_read(&self, review: &Review) -> Option<Digest> {
        self.snapshot.facts.iter().rev().find_map(|fact| {
            let FactKind::Handled { via, body_hash, .. } = &fact.kind else { return None };
            (*via == Via::Review(review.id)).then(|| body_hash.clone())
        })
    }

    /// Why an approval no longer stands; `None` where it does.
    fn void(&self, given: &Given) -> Option<Ignored> {
        let approval = &given.approval;
        let reason = self
            .giver(&approval.actor)
            .or_else(|| self.source(approval))
            .or_else(|| self.withdrawn(given))
            .or_else(|| {
                let tampered = self.displays.tampered_at(approval.at);
                tampered.then(|| "somebody had changed what was on display".to_owned())
            })
            .or_else(|| self.outdated(approval))?;
        Some(Ignored { who: approval.actor.login.clone(), reason })
    }

    fn giver(&self, actor: &Actor) -> Option<String> {
        if actor.id.get() == 0 {
            return Some("the account no longer exists".to_owned());
        }
        match actor.kind {
            ActorKind::Bot => Some("a bot cannot approve".to_owned()),
            ActorKind::Human if actor.id == self.snapshot.bot.id => Some("a bot cannot approve".to_owned()),
            ActorKind::Human => None,
        }
    }

    /// Whether the comment or review still says what was read. One that is gone keeps its record.
    fn source(&self, approval: &Approval) -> Option<String> {
        let edited = |body: &str| Digest::of(body.as_bytes()) != approval.body_hash;
        match approval.via {
            Via::Comment(id) => {
                let comment = self.snapshot.comments.iter().find(|comment| comment.id == id)?;
                edited(&comment.body).then(|| "the comment was edited".to_owned())
            }
            Via::Review(id) => {
                let review = self.snapshot.reviews.iter().find(|review| review.id == id)?;
                if review.state == ReviewState::Dismissed {
                    return Some("the review was dismissed".to_owned());
                }
                let changed = review.edited == Some(true) || edited(&review.body);
                changed.then(|| "the review was edited".to_owned())
            }
        }
    }

    /// Whether the giver took it back, by command or by a review.
    fn withdrawn(&self, given: &Given) -> Option<String> {
        let approval = &given.approval;
        let unapproved = self.snapshot.facts.iter().any(|fact| {
            let FactKind::Unapproved { actor, via } = &fact.kind else { return false };
            let later = match given.seq {
                Some(seq) => fact.seq > seq,
                None => *via == approval.via || self.written_at(*via, fact.at) >= approval.at,
            };
            actor.id == approval.actor.id && later
        });
        if unapproved {
            return Some("taken back".to_owned());
        }
        let objected =
            self.objections().any(|asked| asked.actor.id == approval.actor.id && asked.at >= approval.at);
        objected.then(|| "asked for changes later".to_owned())
    }

    /// When a comment or review was written, by the forge's clock; else when the ledger learnt of it.
    fn written_at(&self, via: Via, recorded: Timestamp) -> Timestamp {
        let written = match via {
            Via::Comment(id) => self
                .snapshot
                .comments
                .iter()
                .find(|comment| comment.id == id)
                .map(|comment| comment.created_at),
            Via::Review(id) => {
                self.snapshot.reviews.iter().find(|review| review.id == id).map(|review| review.submitted_at)
            }
        };
        written.unwrap_or(recorded)
    }

    /// Whether what would land is what was approved.
    fn outdated(&self, approval: &Approval) -> Option<String> {
        if approval.digest != self.snapshot.digest {
            return Some(format!(
                "the change is another one since (approved was `{}`)",
                approval.digest.short()
            ));
        }
        let new = self.risks.difference(&approval.risks).next()?;
        let more = match self.risks.difference(&approval.risks).count() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let object = &new.object;
        Some(format!("a danger was not on display then: {object} in {}{more}", new.environment))
    }

    /// Every request for changes: those of the ledger, and those that are seen for the first time.
    fn objections(&self) -> impl Iterator<Item = Objection<'_>> {
        let recorded = self.snapshot.facts.iter().filter_map(|fact| {
            let FactKind::ChangesRequested { actor, at, .. } = &fact.kind else { return None };
            Some(Objection { actor, at: *at, seq: fact.seq })
        });
        let new = unrecorded_objections(self.snapshot);
        let new =
            new.map(|review| Objection { actor: &review.author, at: review.submitted_at, seq: u64::MAX });
        recorded.chain(new)
    }

    /// People who asked for changes, and whom nothing satisfied since.
    fn changes_requested(&self) -> Vec<Actor> {
        let standing = self.objections().filter(|asked| !self.lifted(asked));
        let people: BTreeMap<ActorId, &Actor> = standing.map(|asked| (asked.actor.id, asked.actor)).collect();
        people.into_values().cloned().collect()
    }

    /// Whether its giver approved later, or it was lifted by a command. Its dismissal on the forge lifts nothing:
    /// there anybody may dismiss it who may write.
    fn lifted(&self, asked: &Objection<'_>) -> bool {
        let id = asked.actor.id;
        let by_review = self.snapshot.reviews.iter().any(|review| {
            review.author.id == id && review.state == ReviewState::Approved && review.submitted_at > asked.at
        });
        let by_command = self.snapshot.facts.iter().any(|fact| match &fact.kind {
            FactKind::Approved(approval) => approval.actor.id == id && approval.at > asked.at,
            FactKind::HoldLifted { holder, .. } => *holder == id && fact.seq > asked.seq,
            FactKind::Handled { .. }
            | FactKind::Unapproved { .. }
            | FactKind::Held { .. }
            | FactKind::ChangesRequested { .. }
            | FactKind::MergeRequested { .. }
            | FactKind::MergeCancelled { .. }
            | FactKind::DisplayPlanned(_)
            | FactKind::DisplayPosted { .. }
            | FactKind::DisplayTampered { .. }
            | FactKind::LandingBegun { .. }
            | FactKind::LandingEnded { .. }
            | FactKind::ReviewRequested { .. }
            | FactKind::Pushed { .. } => false,
        });
        by_review || by_command
    }
}

/// A request for changes, and its place in the ledger.
struct Objection<'a> {
    actor: &'a Actor,
    at: Timestamp,
    seq: u64,
}

/// Reviews that ask for changes and are not in the ledger yet.
pub(crate) fn unrecorded_objections(snapshot: &Snapshot) -> impl Iterator<Item = &Review> {
    let recorded = |review: &Review| {
        snapshot.facts.iter().any(|fact| {
            matches!(&fact.kind, FactKind::ChangesRequested { review: known, .. } if *known == review.id)
        })
    };
    snapshot.reviews.iter().filter(move |review| {
        review.state == ReviewState::ChangesRequested
            && review.author.id != snapshot.bot.id
            && !recorded(review)
    })
}
