//! What a change to the policy would do: the same change, judged as if the policy that it proposes were in force. It is
//! told and decides nothing, but for one thing: a policy that could not judge must not get in.

use super::{Found, Judgement, PolicyInForce, rehearse};
use crate::actor::Known;
use crate::approval::Requirement;
use crate::config::{self, POLICY_PATH, Policy};
use crate::evaluation::PathOperation;
use crate::library::Library;
use crate::policy::{self, Finding, Waived};
use crate::snapshot::{PolicyFile, Snapshot};
use crate::verdict::Verdict;

/// What would be, if the proposed policy were in force.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposed {
    /// May it land?
    pub verdict: Verdict,
    /// What would be required.
    pub requirements: Vec<Requirement>,
    /// What would be found that is not found now, or not waived any more.
    pub found: Vec<Finding>,
    /// What is found now and would not be.
    pub gone: Vec<Finding>,
    /// What would be waived and is not now.
    pub waived: Vec<Finding>,
    /// What cannot be told here, in sentences.
    pub notes: Vec<String>,
    /// Cases of the proposed policy that do not come out as they should.
    pub failed: Vec<rehearse::Outcome>,
    /// How many cases it has.
    pub cases: usize,
}

/// A policy that a change proposes, tried on its own cases.
pub(super) struct Trial<'a> {
    policy: Policy,
    file: &'a PolicyFile,
    library: Result<&'a Library, &'a str>,
    cases: Vec<rehearse::Outcome>,
}

impl<'a> Trial<'a> {
    /// `None` where the change alters neither the policy nor its files, or the policy cannot be read.
    pub(super) fn of(snapshot: &'a Snapshot) -> Option<Self> {
        let library = match snapshot.proposed_library.as_ref()? {
            Known::Yes(library) => Ok(library),
            Known::Unknown(why) => Err(why.as_str()),
        };
        let file = snapshot.proposed_policy.as_ref().or(snapshot.policy.as_ref())?;
        let policy = config::parse(&file.text, POLICY_PATH).ok()?;
        let cases = library.map(|library| rehearse::rehearse(&policy, file, library)).unwrap_or_default();
        Some(Self { policy, file, library, cases })
    }

    fn failed(&self) -> impl Iterator<Item = &rehearse::Outcome> {
        self.cases.iter().filter(|case| !case.differs.is_empty())
    }

    /// What is wrong with the files and checks, in sentences: with any of it, the policy could not judge.
    pub(super) fn defects(&self) -> Vec<String> {
        let library = match self.library {
            Ok(library) => library,
            Err(why) => return vec![format!("the files of the proposed policy cannot be read: {why}")],
        };
        let checks = policy::broken_checks(&self.policy, library).into_iter();
        checks.map(|(check, why)| format!("the proposed check `{check}` cannot be used: {why}")).collect()
    }

    /// The cases that fail, in sentences.
    pub(super) fn failures(&self) -> Vec<String> {
        let failure = |failed: &rehearse::Outcome| {
            let (name, differs) = (&failed.name, failed.differs.join("; "));
            format!("the proposed policy fails its own case `{name}`: {differs}")
        };
        self.failed().map(failure).collect()
    }

    /// The snapshot, as if the proposed policy were in force.
    pub(super) fn applied(&self, snapshot: &Snapshot) -> Snapshot {
        Snapshot {
            policy: Some(self.file.clone()),
            library: self.library.cloned().unwrap_or_default(),
            proposed_policy: None,
            proposed_library: None,
            ..snapshot.clone()
        }
    }

    /// What would be. `judged` is what is.
    pub(super) fn outcome(
        &self,
        snapshot: &Snapshot,
        judged: &Judgement,
        found: &Found,
        judge: fn(&Snapshot, &PolicyInForce, &Found) -> Judgement,
    ) -> Proposed {
        let mut notes = notes(snapshot, &self.policy);
        notes.extend(self.library.err().map(|why| format!("its files could not be read: {why}")));
        let then = self.applied(snapshot);
        let judgement = judge(&then, &PolicyInForce::of(&then), &found.then());
        let now = &judged.findings;
        let new = |waived: bool| {
            let of = judgement.findings.iter().filter(move |finding| finding.waived.is_some() == waived);
            of.filter(|finding| !now.contains(finding)).cloned().collect::<Vec<_>>()
        };
        let still = |finding: &Finding| {
            judgement.findings.iter().any(|other| without_waiver(other) == without_waiver(finding))
        };
        Proposed {
            found: new(false),
            waived: new(true),
            gone: now.iter().filter(|finding| !still(finding)).cloned().collect(),
            verdict: judgement.verdict,
            requirements: judgement.agreement.requirements,
            notes,
            failed: self.failed().cloned().collect(),
            cases: self.cases.len(),
        }
    }
}

fn without_waiver(finding: &Finding) -> Finding {
    Finding { waived: None::<Waived>, ..finding.clone() }
}

/// Whether the change takes the policy away.
pub(super) fn removed(snapshot: &Snapshot) -> bool {
    let gone = |path: &crate::evaluation::ChangedPath| {
        path.path == POLICY_PATH && path.operation == PathOperation::Remove
    };
    snapshot.policy.is_some() && snapshot.evaluation.outside.iter().any(gone)
}

fn notes(snapshot: &Snapshot, policy: &Policy) -> Vec<String> {
    let mut notes = Vec::new();
    for environment in &policy.environments {
        let mut seen = snapshot.evaluation.environments.iter().map(|seen| &seen.environment);
        match seen.find(|seen| seen.name == environment.name) {
            None => notes.push(format!("`{}` is new, and nothing of it was rendered here", environment.name)),
            Some(seen) if seen.source != environment.source => notes.push(format!(
                "`{}` would be rendered from elsewhere; here it is as the policy in force renders it",
                environment.name
            )),
            Some(_) => {}
        }
    }
    for seen in &snapshot.evaluation.environments {
        if !policy.environments.iter().any(|environment| environment.name == seen.environment.name) {
            notes.push(format!("`{}` would no longer be looked at", seen.environment.name));
        }
    }
    notes
}
