//! May it land? Every reason is collected, so that one answer lists everything that is missing.

use super::proposed::{Proposed, Trial};
use super::{Found, PolicyInForce, disapproval, floor, status_context};
use crate::actor::{Actor, Known};
use crate::approval::{self, Agreement, Counted, Requirement, RequirementState};
use crate::change::ChangeState;
use crate::config::{POLICY_PATH, Policy, Severity};
use crate::evaluation::{EnvironmentEvaluation, SideState, UnitEvaluation};
use crate::fact::{Fact, FactKind, LandingOutcome};
use crate::policy::{self, Finding, WaiverNotice};
use crate::report::whom;
use crate::snapshot::{MergeOutcome, Snapshot, StatusState};
use crate::verdict::{Reason, Verdict};

/// A verdict with everything that led to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// May it land?
    pub verdict: Verdict,
    /// What checks saw.
    pub findings: Vec<Finding>,
    /// Approvals that stand and those that do not.
    pub counted: Counted,
    /// What people agreed to.
    pub agreement: Agreement,
    /// Holds that stand: who, why.
    pub holds: Vec<(Actor, Option<String>)>,
    /// Waivers that end soon or are over.
    pub waivers: Vec<WaiverNotice>,
    /// What would be, if the policy that the change proposes were in force.
    pub proposed: Option<Box<Proposed>>,
}

/// How heavy a reason is, the heaviest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    Hold,
    Undecided,
    Block,
}

pub(super) type Weighed = (Weight, Reason);

pub(super) fn reason(code: &str, message: String) -> Reason {
    Reason { code: code.to_owned(), message, rule: None, environment: None }
}

/// Judges a snapshot whose commands are all executed.
pub fn judge(snapshot: &Snapshot, in_force: &PolicyInForce, found: &Found) -> Judgement {
    let policy = in_force.policy();
    let trial = Trial::of(snapshot);
    let findings = found.told(&policy, snapshot);
    let counted = approval::standing(snapshot);
    let mut agreement = approval::evaluate(&policy, snapshot, &counted);
    floor::agree(&mut agreement, snapshot, &counted);
    let holds = standing_holds(&snapshot.facts);

    let mut reasons = Vec::new();
    reasons.extend(of_request(snapshot));
    reasons.extend(of_policy_files(snapshot, in_force, trial.as_ref()));
    reasons.extend(snapshot.evaluation.environments.iter().flat_map(of_environment));
    reasons.extend(findings.iter().filter_map(of_finding));
    reasons.extend(of_people(snapshot, &policy, &counted, &holds));
    reasons.extend(disapproval::of_conditions(snapshot, &policy));
    reasons.extend(of_agreement(&agreement));
    reasons.extend(of_forge(snapshot));
    let waivers = policy::waiver_notices(&policy.waivers, snapshot.now, &findings);
    let verdict = weigh(reasons);
    let judged = Judgement { verdict, findings, counted, agreement, holds, waivers, proposed: None };
    let proposed = trial.map(|trial| Box::new(trial.outcome(snapshot, &judged, found, judge)));
    Judgement { proposed, ..judged }
}

/// Judges a change by its content alone: no forge, no conversation. Without a declared policy no rule applies.
pub fn judge_content(snapshot: &Snapshot, in_force: &PolicyInForce, found: &Found) -> Judgement {
    let policy = in_force.policy();
    let trial = Trial::of(snapshot);
    let findings = found.told(&policy, snapshot);
    let counted = approval::standing(snapshot);
    let declared = matches!(in_force, PolicyInForce::Declared(_));
    let mut agreement = approval::evaluate(&policy, snapshot, &counted);
    if !declared {
        agreement.requirements.clear();
        agreement.met = true;
        agreement.unknown = false;
    }
    floor::agree(&mut agreement, snapshot, &counted);
    let mut reasons = of_merge(snapshot);
    reasons.extend(
        of_policy_files(snapshot, in_force, trial.as_ref())
            .into_iter()
            .filter(|(weight, _)| *weight != Weight::Hold),
    );
    reasons.extend(snapshot.evaluation.environments.iter().flat_map(of_environment));
    reasons.extend(findings.iter().filter_map(of_finding));
    let asked = of_agreement(&agreement).into_iter();
    // What only a request can tell is asked there: meanwhile it waits.
    reasons.extend(asked.map(|(weight, reason)| match (snapshot.unrequested, weight) {
        (true, Weight::Undecided) => (Weight::Hold, reason),
        (_, weight) => (weight, reason),
    }));
    let waivers = policy::waiver_notices(&policy.waivers, snapshot.now, &findings);
    let (verdict, holds) = (weigh(reasons), Vec::new());
    let judged = Judgement { verdict, findings, counted, agreement, holds, waivers, proposed: None };
    let proposed = trial.map(|trial| Box::new(trial.outcome(snapshot, &judged, found, judge_content)));
    Judgement { proposed, ..judged }
}

fn weigh(mut reasons: Vec<Weighed>) -> Verdict {
    reasons.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    let heaviest = reasons.first().map(|(weight, _)| *weight);
    let reasons = reasons.into_iter().map(|(_, reason)| reason).collect();
    match heaviest {
        None => Verdict::Allow,
        Some(Weight::Hold) => Verdict::Hold(reasons),
        Some(Weight::Undecided) => Verdict::Undecided(reasons),
        Some(Weight::Block) => Verdict::Block(reasons),
    }
}

/// Holds that nobody lifted: one per holder.
pub(super) fn standing_holds(facts: &[Fact]) -> Vec<(Actor, Option<String>)> {
    let mut holds: Vec<(Actor, Option<String>)> = Vec::new();
    for fact in facts {
        match &fact.kind {
            FactKind::Held { actor, reason, .. } => {
                holds.retain(|(holder, _)| holder.id != actor.id);
                holds.push((actor.clone(), reason.clone()));
            }
            FactKind::HoldLifted { holder, .. } => holds.retain(|(actor, _)| actor.id != *holder),
            FactKind::Handled { .. }
            | FactKind::Approved(_)
            | FactKind::Unapproved { .. }
            | FactKind::ChangesRequested { .. }
            | FactKind::MergeRequested { .. }
            | FactKind::MergeCancelled { .. }
            | FactKind::DisplayPlanned(_)
            | FactKind::DisplayPosted { .. }
            | FactKind::DisplayTampered { .. }
            | FactKind::LandingBegun { .. }
            | FactKind::LandingEnded { .. }
            | FactKind::ReviewRequested { .. }
            | FactKind::Pushed { .. } => {}
        }
    }
    holds
}

fn of_request(snapshot: &Snapshot) -> Vec<Weighed> {
    let mut reasons = Vec::new();
    match &snapshot.change.state {
        ChangeState::Open => {}
        // What the bot landed keeps the verdict that it landed with.
        ChangeState::Merged { .. } if landed(snapshot) => {}
        ChangeState::Merged { .. } => {
            reasons.push((Weight::Hold, reason("merged", "this change is already merged".into())));
        }
        ChangeState::Closed => reasons.push((Weight::Hold, reason("closed", "this change is closed".into()))),
    }
    if snapshot.change.draft {
        reasons.push((Weight::Hold, reason("draft", "it is a draft: mark it as ready for review".into())));
    }
    reasons.extend(of_merge(snapshot));
    reasons
}

fn of_merge(snapshot: &Snapshot) -> Vec<Weighed> {
    let mut reasons = Vec::new();
    match &snapshot.merge {
        MergeOutcome::Clean { .. } => {}
        MergeOutcome::Conflict { paths } => {
            let message = format!(
                "it conflicts with `{}` in {}: merge or rebase, and resolve",
                snapshot.change.target,
                crate::report::listed(paths, 5)
            );
            reasons.push((Weight::Block, reason("conflict", message)));
        }
        MergeOutcome::Nothing => {
            let message =
                format!("there is nothing to merge: `{}` already has this head", snapshot.change.target);
            reasons.push((Weight::Hold, reason("nothing", message)));
        }
    }
    reasons
}

/// Whether the bot itself landed this head of the change. What somebody else merged after that it did not land.
pub(super) fn landed(snapshot: &Snapshot) -> bool {
    let begun = |wanted: u64| {
        snapshot.facts.iter().any(|fact| {
            matches!(&fact.kind, FactKind::LandingBegun { landing, head, .. }
                if *landing == wanted && *head == snapshot.change.head)
        })
    };
    snapshot.facts.iter().any(|fact| {
        matches!(&fact.kind, FactKind::LandingEnded {
            landing,
            outcome: LandingOutcome::Landed { .. } | LandingOutcome::LandedOpen { .. },
        } if begun(*landing))
    })
}

fn of_policy_files(snapshot: &Snapshot, in_force: &PolicyInForce, trial: Option<&Trial<'_>>) -> Vec<Weighed> {
    let mut reasons = Vec::new();
    let proposed =
        snapshot.proposed_policy.as_ref().map(|file| crate::config::parse(&file.text, POLICY_PATH));
    match (in_force, &proposed) {
        (PolicyInForce::Broken(errors), Some(Err(_)) | None) => {
            let place = errors.first().map(ToString::to_string).unwrap_or_default();
            let message =
                format!("the policy on `{}` cannot be read: {place}; repair it", snapshot.change.target);
            reasons.push((Weight::Undecided, reason("policy-unreadable", message)));
        }
        (PolicyInForce::Absent, None) => {
            let message = format!(
                "`{}` has no {POLICY_PATH}: this is for information, and nothing lands; add one (`countersign init` writes it)",
                snapshot.change.target
            );
            reasons.push((Weight::Hold, reason("no-policy", message)));
        }
        (PolicyInForce::Declared(_) | PolicyInForce::Absent | PolicyInForce::Broken(_), _) => {}
    }
    if let Some(Err(errors)) = &proposed {
        for error in errors.iter().take(5) {
            reasons.push((
                Weight::Block,
                reason("policy-invalid", format!("the proposed policy is wrong: {error}")),
            ));
        }
    }
    let trial = trial.into_iter();
    let defects = trial.clone().flat_map(Trial::defects).take(5).map(|defect| ("policy-defect", defect));
    let failed = trial.flat_map(Trial::failures).take(5).map(|failed| ("policy-test", failed));
    reasons.extend(defects.chain(failed).map(|(code, said)| (Weight::Block, reason(code, said))));
    reasons.extend(of_floor(snapshot, in_force));
    reasons
}

/// The server's floor: unreadable, or at odds with the policy.
fn of_floor(snapshot: &Snapshot, in_force: &PolicyInForce) -> Vec<Weighed> {
    if let Some(Err(errors)) = floor::of(snapshot) {
        let place = errors.first().map(ToString::to_string).unwrap_or_default();
        let message =
            format!("the server's floor cannot be read: {place}; whoever runs the server repairs it");
        return vec![(Weight::Undecided, reason("floor-unreadable", message))];
    }
    let collisions = floor::collisions(snapshot, in_force).into_iter().take(5);
    let said = |error: crate::config::PolicyError| {
        let hint = error.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
        (Weight::Block, reason("policy-floor", format!("{error}{hint}")))
    };
    collisions.map(said).collect()
}

fn of_environment(environment: &EnvironmentEvaluation) -> Vec<Weighed> {
    let name = &environment.environment.name;
    let mut reasons = Vec::new();
    for unit in environment.units.iter().filter(|unit| failed(unit)) {
        let what = unit.errors.iter().find(|error| error.side == crate::evaluation::Side::Head);
        let what = what.map_or_else(|| "it did not render".to_owned(), located);
        reasons.push((
            Weight::Undecided,
            Reason {
                environment: Some(name.clone()),
                ..reason("render-failed", format!("{name} / {}: {what}", unit.name))
            },
        ));
    }
    for error in environment.errors.iter().filter(|error| error.undecided) {
        // Most name it themselves.
        let object = error.object.as_ref().map(|object| format!("{object}: "));
        let object = object.filter(|object| !error.message.starts_with(object)).unwrap_or_default();
        reasons.push((
            Weight::Undecided,
            Reason {
                environment: Some(name.clone()),
                ..reason("cluster", format!("{name}: {object}{}", error.message))
            },
        ));
    }
    reasons
}

fn failed(unit: &UnitEvaluation) -> bool {
    unit.sides.head == SideState::Failed && !unit.already_broken
}

fn located(error: &crate::evaluation::UnitError) -> String {
    match (&error.file, error.line) {
        (Some(file), Some(line)) => format!("{file}:{line}: {}", error.message),
        (Some(file), None) => format!("{file}: {}", error.message),
        (None, _) => error.message.clone(),
    }
}

fn of_finding(finding: &Finding) -> Option<Weighed> {
    if finding.waived.is_some() {
        return None;
    }
    let weight = match (finding.errored, finding.existing, finding.severity) {
        (true, _, _) => Weight::Undecided,
        (false, false, Severity::Error) => Weight::Block,
        (false, true, _) | (false, false, Severity::Warning | Severity::Info) => return None,
    };
    let place = finding.place().map(|place| format!(" ({place})")).unwrap_or_default();
    let object = finding.object.as_ref().map(|object| format!(" on {object}")).unwrap_or_default();
    let code = if finding.errored { "check-errored" } else { "policy" };
    let message = format!("`{}` fails{object}{place}: {}", finding.check, finding.message);
    Some((
        weight,
        Reason {
            rule: Some(finding.check.clone()),
            environment: Some(finding.environment.clone()),
            ..reason(code, message)
        },
    ))
}

fn of_people(
    snapshot: &Snapshot,
    policy: &Policy,
    counted: &Counted,
    holds: &[(Actor, Option<String>)],
) -> Vec<Weighed> {
    let mut reasons = Vec::new();
    for (holder, why) in holds {
        let why = why.as_ref().map(|why| format!(" (“{why}”)")).unwrap_or_default();
        let message =
            format!("held by {}{why}: {} or an administrator can say `/unhold`", holder.login, holder.login);
        reasons.push((Weight::Hold, reason("held", message)));
    }
    for person in
        counted.changes_requested.iter().filter(|person| disapproval::counts(snapshot, policy, person))
    {
        let message = format!(
            "{0} requested changes: {0} has to approve, or {0} or an administrator can say `/unhold`",
            person.login
        );
        reasons.push((Weight::Hold, reason("changes-requested", message)));
    }
    reasons
}

fn of_agreement(agreement: &Agreement) -> Vec<Weighed> {
    let mut reasons: Vec<Weighed> = agreement.requirements.iter().filter_map(of_requirement).collect();
    if agreement.met {
        return Vec::new();
    }
    if reasons.is_empty() {
        let weight = if agreement.unknown { Weight::Undecided } else { Weight::Hold };
        reasons.push((weight, reason("approval-missing", "not everybody who must agree has agreed".into())));
    }
    reasons
}

fn of_requirement(requirement: &Requirement) -> Option<Weighed> {
    let (weight, code) = match requirement.state {
        RequirementState::Met | RequirementState::Skipped => return None,
        RequirementState::Pending => (Weight::Hold, "approval-missing"),
        RequirementState::Unknown => (Weight::Undecided, "approval-unknown"),
    };
    let note = requirement.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
    let have = requirement.by.len();
    let (rule, needed) = (&requirement.rule, requirement.needed);
    let from = whom(&requirement.from, &requirement.could);
    let more = usize::try_from(needed).unwrap_or(usize::MAX).saturating_sub(have);
    let message = match more {
        0 => format!("`{rule}` has {have} of {needed} approvals, and waits{note}"),
        more => format!("`{rule}` has {have} of {needed} approvals, {more} more needed from {from}{note}"),
    };
    Some((weight, Reason { rule: Some(requirement.rule.clone()), ..reason(code, message) }))
}

fn of_forge(snapshot: &Snapshot) -> Vec<Weighed> {
    let mut reasons = Vec::new();
    match &snapshot.capability {
        Known::Unknown(why) => {
            reasons.push((
                Weight::Undecided,
                reason("capability-unknown", format!("the branch's protection could not be read: {why}")),
            ));
        }
        Known::Yes(capability) => {
            let missing = capability.missing.iter().filter(|_| !capability.can);
            reasons.extend(missing.map(|missing| (Weight::Hold, reason("cannot-land", missing.clone()))));
            if !capability.can && capability.missing.is_empty() {
                reasons
                    .push((Weight::Hold, reason("cannot-land", "the bot may not update this branch".into())));
            }
        }
    }
    let ours = status_context(&snapshot.change);
    for status in snapshot.statuses.iter().filter(|status| status.required && status.context != ours) {
        let message = match status.state {
            StatusState::Success => continue,
            StatusState::Pending => format!("the required check `{}` has not finished", status.context),
            StatusState::Failure => format!("the required check `{}` does not pass", status.context),
        };
        reasons.push((Weight::Hold, reason("status-missing", message)));
    }
    reasons
}
