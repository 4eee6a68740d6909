//! Whether somebody asked for the merge, and the order that follows once nothing is missing.

use super::execute::may;
use super::{Judgement, PolicyInForce};
use crate::actor::{Actor, Permission};
use crate::audit::{self, CheckCounts, MessageInput};
use crate::config::{Severity, When};
use crate::evaluation::EnvironmentEvaluation;
use crate::fact::FactKind;
use crate::plan::LandOrder;
use crate::revision::Digest;
use crate::snapshot::{MergeOutcome, Snapshot};

/// The request for a merge that still stands: who, and whether it waits. A request ends when it is cancelled, when
/// its landing is in, and, unless it said `when-ready`, when what it was made for is no longer what would land. It
/// does not stand while whoever made it may not merge: the bot never does for somebody what they may not do.
pub(super) fn standing_request(snapshot: &Snapshot) -> Option<(&Actor, bool)> {
    let mut standing = None;
    for fact in &snapshot.facts {
        match &fact.kind {
            FactKind::MergeRequested { actor, head, digest, when_ready, .. } => {
                let same = *head == snapshot.change.head && *digest == snapshot.digest;
                standing = (same || *when_ready).then_some((actor, *when_ready));
            }
            FactKind::MergeCancelled { .. } => standing = None,
            FactKind::LandingEnded { outcome, .. } => match outcome {
                crate::fact::LandingOutcome::Landed { .. }
                | crate::fact::LandingOutcome::LandedOpen { .. } => {
                    standing = None;
                }
                crate::fact::LandingOutcome::Aborted { .. } => {}
            },
            FactKind::Handled { .. }
            | FactKind::Approved(_)
            | FactKind::Unapproved { .. }
            | FactKind::Held { .. }
            | FactKind::ChangesRequested { .. }
            | FactKind::HoldLifted { .. }
            | FactKind::DisplayPlanned(_)
            | FactKind::DisplayPosted { .. }
            | FactKind::DisplayTampered { .. }
            | FactKind::LandingBegun { .. }
            | FactKind::ReviewRequested { .. }
            | FactKind::Pushed { .. } => {}
        }
    }
    standing.filter(|(actor, _)| may(snapshot, actor, Permission::Write))
}

/// The landing to begin, if one was asked for. Called only for a change that may land.
pub(super) fn order(
    snapshot: &Snapshot,
    in_force: &PolicyInForce,
    judgement: &Judgement,
) -> Option<LandOrder> {
    let requested_by = match (standing_request(snapshot), in_force.policy().merge.when) {
        (Some((actor, _)), _) => actor.clone(),
        (None, When::Approved) => snapshot.bot.clone(),
        (None, When::Command) => return None,
    };
    let MergeOutcome::Clean { .. } = &snapshot.merge else { return None };
    let environments: Vec<String> = snapshot
        .evaluation
        .environments
        .iter()
        .filter(|environment| touched(environment))
        .map(|environment| environment.environment.name.clone())
        .collect();
    let policy = snapshot.policy.as_ref().map(|file| (file.blob.clone(), Digest::of(file.text.as_bytes())));
    let message = audit::merge_message(&MessageInput {
        change: &snapshot.change,
        requirements: &judgement.agreement.requirements,
        requested_by: &requested_by,
        base: &snapshot.base_tip,
        environments: &environments,
        digest: &snapshot.digest,
        policy: policy.as_ref().map(|(blob, digest)| (blob, digest)),
        checks: check_counts(snapshot, in_force, judgement),
        bot: &snapshot.bot,
    });
    Some(LandOrder {
        base: snapshot.base_tip.clone(),
        head: snapshot.change.head.clone(),
        digest: snapshot.digest.clone(),
        requested_by,
        message,
    })
}

fn touched(environment: &EnvironmentEvaluation) -> bool {
    environment.units.iter().any(|unit| !unit.effects.is_empty())
}

/// Checks by their worst finding.
fn check_counts(snapshot: &Snapshot, in_force: &PolicyInForce, judgement: &Judgement) -> CheckCounts {
    let mut policy = in_force.policy();
    policy.checks.extend(super::floor::sound(snapshot).map(|floor| floor.checks).unwrap_or_default());
    let warned = |name: &str| {
        judgement
            .findings
            .iter()
            .any(|finding| finding.check == name && finding.severity >= Severity::Warning)
    };
    let warn = policy.checks.iter().filter(|check| warned(&check.name)).count();
    CheckCounts { pass: policy.checks.len() - warn, warn }
}
