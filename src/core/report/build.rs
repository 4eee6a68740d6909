//! From what was found to the report. Nothing is judged, shortened or left out here.

use super::model::*;
use crate::approval::Requirement;
use crate::decide::Proposed;
use crate::effect::{Effect, environment_digest};
use crate::evaluation::{EnvironmentEvaluation, Evaluation, Side, UnitEvaluation};
use crate::fact::{Approval, Via};
use crate::policy::Finding;
use crate::revision::{CommitSha, Digest, ObjectId};
use crate::threads;
use crate::verdict::Verdict;

/// Everything a report is made of.
#[derive(Debug, Clone, Copy)]
pub struct ReportInput<'a> {
    /// B.
    pub base: &'a CommitSha,
    /// H.
    pub head: &'a CommitSha,
    /// The judged tree.
    pub tree: Option<&'a ObjectId>,
    /// The change digest.
    pub digest: &'a Digest,
    /// What the change does.
    pub evaluation: &'a Evaluation,
    /// May it land?
    pub verdict: &'a Verdict,
    /// What checks saw.
    pub findings: &'a [Finding],
    /// Rules.
    pub requirements: &'a [Requirement],
}

/// Builds the report.
pub fn build(input: &ReportInput<'_>) -> Report {
    let ReportInput { base, head, tree, digest, evaluation, verdict, findings, requirements } = input;
    let Evaluation { environments, outside, discovered } = evaluation;
    Report {
        schema: SCHEMA.to_owned(),
        base: CommitRef { commit: base.to_string() },
        head: CommitRef { commit: head.to_string() },
        merged: tree.map(|tree| TreeRef { tree: tree.to_string() }),
        change_digest: digest.to_string(),
        verdict: verdict_report(verdict),
        discovered: *discovered,
        environments: environments.iter().map(environment).collect(),
        outside: outside
            .iter()
            .map(|changed| OutsideReport { path: changed.path.clone(), change: changed.operation })
            .collect(),
        findings: findings.to_vec(),
        requirements: requirements.iter().map(requirement).collect(),
        waivers: Vec::new(),
        proposed_policy: None,
        floor: None,
        errors: environments.iter().flat_map(errors).collect(),
    }
}

fn verdict_report(verdict: &Verdict) -> VerdictReport {
    VerdictReport { outcome: verdict.word().to_owned(), reasons: verdict.reasons().to_vec() }
}

/// What would be under the proposed policy.
pub(crate) fn proposed(proposed: &Proposed) -> ProposedReport {
    let Proposed { verdict, requirements, found, gone, waived, notes, failed, cases } = proposed;
    let failed = failed.iter().map(|case| FailedCase {
        name: case.name.clone(),
        line: case.line,
        differs: case.differs.clone(),
    });
    ProposedReport {
        verdict: verdict_report(verdict),
        requirements: requirements.iter().map(requirement).collect(),
        findings_added: found.clone(),
        findings_removed: gone.clone(),
        findings_waived: waived.clone(),
        cases: u32::try_from(*cases).unwrap_or(u32::MAX),
        failed_cases: failed.collect(),
        notes: notes.clone(),
    }
}

fn environment(evaluation: &EnvironmentEvaluation) -> EnvironmentReport {
    EnvironmentReport {
        name: evaluation.environment.name.clone(),
        cluster: evaluation.environment.cluster.clone(),
        tier: evaluation.tier,
        change_digest: environment_digest(evaluation).to_string(),
        units: evaluation.units.iter().map(unit).collect(),
        drift: evaluation.drift.clone(),
    }
}

fn unit(evaluation: &UnitEvaluation) -> UnitReport {
    let UnitEvaluation {
        name,
        path,
        renderer,
        inputs,
        sides,
        errors,
        objects,
        stable,
        input_digest: _,
        already_broken,
        effects,
    } = evaluation;
    // What decides is head: its failure is told first.
    let error = errors.iter().find(|error| error.side == Side::Head).or(errors.first()).cloned();
    UnitReport {
        name: name.clone(),
        path: path.clone(),
        renderer: renderer.clone(),
        inputs: inputs.clone(),
        base: sides.base,
        head: sides.head,
        error,
        already_broken: *already_broken,
        objects: *objects,
        stable: *stable,
        effects: threads::each(effects, threads::worth(effects.len(), WORTH_A_THREAD), effect),
    }
}

/// Fewer effects are not worth a thread.
const WORTH_A_THREAD: usize = 64;

fn effect(effect: &Effect) -> EffectReport {
    let place = effect.place();
    let Effect {
        object,
        operation,
        rendered: _,
        tier,
        settled,
        risks,
        reason,
        source,
        made: _,
        changes,
        before,
        after,
        moved_from,
    } = effect;
    EffectReport {
        operation: *operation,
        object: object.clone(),
        tier: *tier,
        settled: *settled,
        risks: risks.clone(),
        reason: reason.clone(),
        source: source.clone(),
        place,
        changes: changes.clone(),
        diff: crate::diff::unified(before.as_ref(), after.as_ref()),
        moved_from: moved_from.clone(),
    }
}

fn requirement(requirement: &Requirement) -> RequirementReport {
    let Requirement { rule, state, needed, from, by, ignored, could, note, about } = requirement;
    RequirementReport {
        rule: rule.clone(),
        state: *state,
        needed: *needed,
        from: from.clone(),
        by: by.iter().map(|approval| approval.actor.login.clone()).collect(),
        approvals: by.iter().map(approval).collect(),
        ignored: ignored
            .iter()
            .map(|ignored| IgnoredReport { who: ignored.who.clone(), reason: ignored.reason.clone() })
            .collect(),
        could: could.clone(),
        note: note.clone(),
        about: about.clone(),
        elsewhere: false,
    }
}

/// An approval as reports and trailers tell it.
pub(crate) fn approval(approval: &Approval) -> ApprovalReport {
    ApprovalReport {
        who: approval.actor.login.clone(),
        id: approval.actor.id.get(),
        via: via(approval.via),
        head: approval.head.to_string(),
        digest: approval.digest.to_string(),
        environments: approval.environments.clone(),
    }
}

fn via(via: Via) -> String {
    match via {
        Via::Comment(id) => format!("comment-{}", id.0),
        Via::Review(id) => format!("review-{}", id.0),
    }
}

/// Failed units first, then what the cluster did not tell.
fn errors(evaluation: &EnvironmentEvaluation) -> Vec<ErrorReport> {
    let environment = Some(evaluation.environment.name.clone());
    let units = evaluation.units.iter().flat_map(|unit| unit.errors.iter().map(move |error| (unit, error)));
    let units = units.map(|(unit, error)| ErrorReport {
        environment: environment.clone(),
        unit: Some(unit.name.clone()),
        side: Some(error.side),
        object: None,
        message: error.message.clone(),
        file: error.file.clone(),
        line: error.line,
        column: error.column,
        undecided: error.side == Side::Head && !unit.already_broken,
    });
    let others = evaluation.errors.iter().map(|error| ErrorReport {
        environment: environment.clone(),
        unit: None,
        side: None,
        object: error.object.clone(),
        message: error.message.clone(),
        file: None,
        line: None,
        column: None,
        undecided: error.undecided,
    });
    units.chain(others).collect()
}
