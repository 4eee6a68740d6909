//! What was on display, and when. Reads the ledger; never decides who counts.

use jiff::{SignedDuration, Timestamp};

use crate::change::CommentId;
use crate::fact::{Display, Fact, FactKind, RiskSet};
use crate::revision::{CommitSha, Digest};

/// How long a display must have stood before a review can mean it.
const STANDING: SignedDuration = SignedDuration::from_secs(30);

/// The displays of one change request, in the ledger's order.
#[derive(Debug)]
pub(super) struct Displays<'a> {
    facts: &'a [Fact],
}

/// What a review at one moment was looking at.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shown<'a> {
    /// This, for long enough.
    Display(&'a Display),
    /// It cannot be told; why, in words.
    Unclear(&'static str),
}

impl<'a> Displays<'a> {
    pub(super) const fn new(facts: &'a [Fact]) -> Self {
        Self { facts }
    }

    /// What was on display at a moment of the forge's clock.
    pub(super) fn at(&self, moment: Timestamp) -> Shown<'a> {
        let posted = self.facts.iter().enumerate().filter_map(|(index, fact)| {
            let FactKind::DisplayPosted { display, at, .. } = &fact.kind else { return None };
            (*at <= moment).then_some((index, display, *at))
        });
        let mut posted: Vec<_> = posted.collect();
        posted.sort_by_key(|(index, _, at)| (*at, *index));
        let Some(&(index, display, _)) = posted.last() else {
            return Shown::Unclear("reviewed before the effect was on display");
        };
        // The comment is posted anew when only its words change, e.g. who approved: the effect has stood since the
        // first of these postings, unless somebody put something else there in between.
        let rewritten = |fact: &Fact| matches!(fact.kind, FactKind::DisplayTampered { .. });
        let restored = self.facts.iter().take(index).rposition(rewritten);
        let same = |at: usize, other: &Display| Some(at) > restored && shown(other) == shown(display);
        let run = posted.iter().rev().take_while(|(at, other, _)| same(*at, other));
        let since = run.map(|(_, _, at)| *at).last().unwrap_or(moment);
        if moment.duration_since(since) < STANDING {
            return Shown::Unclear("reviewed before the effect had been on display for 30 seconds");
        }
        if self.replaced(index, display, moment) {
            return Shown::Unclear("reviewed while the display was being replaced");
        }
        Shown::Display(display)
    }

    /// Whether another display may have stood there already: it was planned by then, and only later, or never, known
    /// to be posted.
    fn replaced(&self, index: usize, display: &'a Display, moment: Timestamp) -> bool {
        self.facts.iter().skip(index + 1).any(|fact| {
            let FactKind::DisplayPlanned(planned) = &fact.kind else { return false };
            shown(planned) != shown(display) && fact.at.duration_since(moment) <= STANDING
        })
    }

    /// Whether the comment carried other bytes than the bot's at a moment of the forge's clock: from the posting that
    /// was tampered with until it was posted again.
    pub(super) fn tampered_at(&self, moment: Timestamp) -> bool {
        self.facts.iter().enumerate().any(|(index, fact)| {
            let FactKind::DisplayTampered { comment } = &fact.kind else { return false };
            let before = self.facts.iter().take(index).rev().find_map(|fact| posting(fact, Some(*comment)));
            let after = self.facts.iter().skip(index).find_map(|fact| posting(fact, None));
            before.is_none_or(|at| at <= moment) && after.is_none_or(|at| moment < at)
        })
    }
}

/// What a display says of the change itself.
fn shown(display: &Display) -> (&Digest, &CommitSha, &RiskSet) {
    (&display.digest, &display.head, &display.risks)
}

/// When a display was posted, in the wanted comment or in any.
fn posting(fact: &Fact, wanted: Option<CommentId>) -> Option<Timestamp> {
    let FactKind::DisplayPosted { comment, at, .. } = &fact.kind else { return None };
    wanted.is_none_or(|wanted| wanted == *comment).then_some(*at)
}
