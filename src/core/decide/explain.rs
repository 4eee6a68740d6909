//! The whole decision as a tree of sentences: what holds, what is missing and who could supply it. Never decides
//! anything: each outcome is one that [`judge`] came to.

use std::collections::BTreeSet;

use super::judge::{Judgement, judge};
use super::{Found, PolicyInForce, decide_found, record};
use crate::approval::{self, Requirement, RequirementState};
use crate::config::{Policy, Predicate, Rule, Severity, Tree};
use crate::explanation::{Explanation, Outcome};
use crate::fact::{Approval, Said};
use crate::policy::{Completeness, Finding, Scope, View, account};
use crate::snapshot::{MergeOutcome, Snapshot};
use crate::verdict::{Reason, Verdict};

/// What a decision rests on, in the order in which people ask: the sentence that is true when nothing is wrong, and the
/// codes of the reasons that speak against it.
const GROUNDS: [(&str, &[&str]); 4] = [
    ("it is open, and merges", &["merged", "closed", "draft", "conflict", "nothing"]),
    (
        "the policy can be read, and so can the one that it proposes",
        &[
            "policy-unreadable",
            "no-policy",
            "policy-invalid",
            "policy-defect",
            "policy-test",
            "floor-unreadable",
            "policy-floor",
        ],
    ),
    ("what it does is known", &["render-failed", "cluster"]),
    ("the forge lets it land", &["capability-unknown", "cannot-land", "status-missing"]),
];

/// Reasons that say that something could not be told.
const UNTOLD: [&str; 6] = [
    "policy-unreadable",
    "floor-unreadable",
    "render-failed",
    "cluster",
    "capability-unknown",
    "disapproval-unknown",
];

/// Reasons that ask for a repair of the change.
const BROKEN: [&str; 5] = ["conflict", "policy-invalid", "policy-defect", "policy-test", "policy-floor"];

/// Why the verdict on a snapshot is what it is.
pub fn explain(snapshot: &Snapshot) -> Explanation {
    let in_force = PolicyInForce::of(snapshot);
    let mut settled = snapshot.clone();
    let found = Found::of(snapshot, &in_force);
    record(&mut settled, &decide_found(snapshot, &in_force, &found).facts);
    let judgement = judge(&settled, &in_force, &found);
    let policy = in_force.policy();
    let account = Account { policy: &policy, judgement: &judgement, view: view(&settled) };
    let (outcome, said) = match &judgement.verdict {
        Verdict::Allow => (Outcome::Yes, "it may land"),
        Verdict::Hold(_) => (Outcome::Waiting, "it waits"),
        Verdict::Block(_) => (Outcome::No, "it may not land as it is"),
        Verdict::Undecided(_) => (Outcome::Unknown, "whether it may land could not be told"),
    };
    let [request, policy, effect, forge] = GROUNDS.map(|(said, codes)| account.ground(said, codes));
    let parts = [request, policy, effect, account.checks(), account.objections(), account.agreement(), forge];
    Explanation::new(outcome, said).with(parts)
}

fn view(snapshot: &Snapshot) -> View<'_> {
    let scope =
        Scope { evaluation: &snapshot.evaluation, target: &snapshot.change.target, seen: Some(snapshot) };
    let completeness = match snapshot.merge {
        MergeOutcome::Clean { .. } | MergeOutcome::Nothing => Completeness::Known,
        MergeOutcome::Conflict { .. } => Completeness::NoMerge,
    };
    View::of(&scope, completeness)
}

/// Everything that is told of.
struct Account<'a> {
    policy: &'a Policy,
    judgement: &'a Judgement,
    view: View<'a>,
}

/// What a sentence comes to that rests on these: the worst of them.
fn worst(parts: &[Explanation]) -> Outcome {
    let any = |outcome: Outcome| parts.iter().any(|part| part.outcome == outcome);
    let ranked = [Outcome::No, Outcome::Unknown, Outcome::Waiting];
    ranked.into_iter().find(|outcome| any(*outcome)).unwrap_or(Outcome::Yes)
}

fn of_reason(reason: &Reason) -> Explanation {
    let code = reason.code.as_str();
    let outcome = match (UNTOLD.contains(&code), BROKEN.contains(&code)) {
        (true, _) => Outcome::Unknown,
        (false, true) => Outcome::No,
        (false, false) => Outcome::Waiting,
    };
    Explanation::new(outcome, &reason.message)
}

impl Account<'_> {
    fn reasons(&self, codes: &[&str]) -> Vec<Explanation> {
        let reasons = self.judgement.verdict.reasons().iter();
        reasons.filter(|reason| codes.contains(&reason.code.as_str())).map(of_reason).collect()
    }

    fn ground(&self, said: &str, codes: &[&str]) -> Explanation {
        let parts = self.reasons(codes);
        Explanation::new(worst(&parts), said).with(parts)
    }

    /// Every check of the policy, and whatever else found something, such as the server's floor.
    fn checks(&self) -> Explanation {
        let mut names: Vec<&str> = self.policy.checks.iter().map(|check| check.name.as_str()).collect();
        let known: BTreeSet<&str> = names.iter().copied().collect();
        let found: BTreeSet<&str> =
            self.judgement.findings.iter().map(|finding| finding.check.as_str()).collect();
        names.extend(found.difference(&known));
        let parts: Vec<Explanation> = names.into_iter().map(|name| self.check(name)).collect();
        let said = if parts.is_empty() { "there is no check" } else { "no check stops it" };
        Explanation::new(worst(&parts), said).with(parts)
    }

    fn check(&self, name: &str) -> Explanation {
        let findings = self.judgement.findings.iter().filter(|finding| finding.check == name);
        let parts: Vec<Explanation> = findings.map(of_finding).collect();
        Explanation::new(worst(&parts), format!("`{name}`")).with(parts)
    }

    fn objections(&self) -> Explanation {
        let mut parts = self.reasons(&["held", "changes-requested"]);
        parts.extend(self.policy.disapproval.when.iter().map(|condition| self.disapproves(condition)));
        Explanation::new(worst(&parts), "nobody and nothing holds it").with(parts)
    }

    /// A condition that stops the change where it holds.
    fn disapproves(&self, condition: &Predicate) -> Explanation {
        let why = account(condition, &self.view);
        let (outcome, said) = match why.outcome {
            Outcome::No => (Outcome::Yes, "the policy does not disapprove of it"),
            Outcome::Unknown => (Outcome::Unknown, "whether the policy disapproves of it could not be told"),
            Outcome::Yes | Outcome::Waiting | Outcome::Aside => {
                (Outcome::Waiting, "the policy disapproves of it")
            }
        };
        Explanation::new(outcome, said).with([why])
    }

    fn agreement(&self) -> Explanation {
        let agreement = &self.judgement.agreement;
        let rules: BTreeSet<&str> = self.policy.rules.iter().map(|rule| rule.name.as_str()).collect();
        let mut parts: Vec<Explanation> = match &self.policy.approval {
            Some(tree) => vec![self.branch(tree)],
            None => agreement.requirements.iter().map(|requirement| self.requirement(requirement)).collect(),
        };
        if self.policy.approval.is_some() {
            let beside = agreement.requirements.iter().filter(|found| !rules.contains(found.rule.as_str()));
            parts.extend(beside.map(|requirement| self.requirement(requirement)));
        }
        let outcome = match (agreement.met, agreement.unknown) {
            (true, _) => Outcome::Yes,
            (false, true) => Outcome::Unknown,
            (false, false) => Outcome::Waiting,
        };
        Explanation::new(outcome, "everybody who must agree has agreed").with(parts)
    }

    fn branch(&self, tree: &Tree) -> Explanation {
        let requirements = &self.judgement.agreement.requirements;
        let outcome = of_state(approval::branch_state(tree, requirements));
        let parts = |children: &[Tree]| children.iter().map(|child| self.branch(child)).collect::<Vec<_>>();
        match tree {
            Tree::All(children) => Explanation::new(outcome, "all of").with(parts(children)),
            Tree::Any(children) => Explanation::new(outcome, "one of").with(parts(children)),
            Tree::Rule(name) => match requirements.iter().find(|requirement| requirement.rule == *name) {
                Some(requirement) => self.requirement(requirement),
                None => Explanation::new(outcome, format!("`{name}`, of which nothing is known")),
            },
        }
    }

    /// One rule: whether it applies and why, who agreed, who does not count, who could still say yes.
    fn requirement(&self, requirement: &Requirement) -> Explanation {
        let outcome = of_state(requirement.state);
        let rule = self.policy.rules.iter().find(|rule| rule.name == requirement.rule);
        let mut parts: Vec<Explanation> = rule.map(|rule| self.applies(rule)).into_iter().collect();
        let aside = |text: String| Explanation::new(Outcome::Aside, text);
        parts.extend(requirement.about.iter().map(|about| aside(format!("it is about {about}"))));
        parts.extend(requirement.by.iter().map(of_approval));
        let ignored = requirement.ignored.iter();
        parts.extend(ignored.map(|one| aside(format!("{} does not count: {}", one.who, one.reason))));
        if !requirement.could.is_empty() {
            let could = requirement.could.join(", ");
            parts.push(Explanation::new(Outcome::Waiting, format!("who could still say yes: {could}")));
        }
        if requirement.state != RequirementState::Skipped {
            let conditions = rule.map(|rule| rule.require.conditions.as_slice()).unwrap_or_default();
            parts.extend(conditions.iter().map(|condition| account(condition, &self.view)));
            parts.extend(requirement.note.iter().map(|note| Explanation::new(outcome, note)));
        }
        Explanation::new(outcome, headline(requirement)).with(parts)
    }

    fn applies(&self, rule: &Rule) -> Explanation {
        let Some(when) = &rule.when else { return Explanation::new(Outcome::Yes, "it always applies") };
        let why = account(when, &self.view);
        let said = match why.outcome {
            Outcome::No => "it does not apply",
            Outcome::Unknown => "whether it applies could not be told",
            Outcome::Yes | Outcome::Waiting | Outcome::Aside => "it applies",
        };
        Explanation::new(why.outcome, said).with([why])
    }
}

fn of_state(state: RequirementState) -> Outcome {
    match state {
        RequirementState::Met => Outcome::Yes,
        RequirementState::Pending => Outcome::Waiting,
        RequirementState::Skipped => Outcome::Aside,
        RequirementState::Unknown => Outcome::Unknown,
    }
}

fn headline(requirement: &Requirement) -> String {
    let Requirement { rule, state, needed, from, by, note, .. } = requirement;
    match (state, note) {
        (RequirementState::Skipped, Some(note)) => format!("`{rule}`: {note}"),
        (RequirementState::Skipped, None) => format!("`{rule}`: it does not apply"),
        (RequirementState::Met | RequirementState::Pending | RequirementState::Unknown, _)
            if *needed == 0 =>
        {
            format!("`{rule}`: nobody needs to agree")
        }
        (RequirementState::Met | RequirementState::Pending | RequirementState::Unknown, _) => {
            format!("`{rule}`: {} of {needed} approvals from {from}", by.len())
        }
    }
}

fn of_approval(approval: &Approval) -> Explanation {
    let how = match &approval.said {
        Said::Command => "by `/approve`",
        Said::Review => "by a review",
        Said::Words(_) => "by a comment in the policy's words",
    };
    let only = match approval.environments.is_empty() {
        true => String::new(),
        false => format!(" for {}", approval.environments.join(", ")),
    };
    let digest = approval.digest.short();
    let who = &approval.actor.login;
    Explanation::new(Outcome::Yes, format!("{who} said yes{only} {how} at {}, to {digest}", approval.at))
}

fn of_finding(finding: &Finding) -> Explanation {
    let object = finding.object.as_ref().map(|object| format!("{object}: ")).unwrap_or_default();
    let place = match finding.environment.is_empty() {
        true => String::new(),
        false => format!(" (in {})", finding.environment),
    };
    let said = format!("{object}{}{place}", finding.told());
    if let Some(waived) = &finding.waived {
        let waived = format!("waived by {} until {}: {}", waived.by, waived.until, waived.reason);
        return Explanation::new(Outcome::Aside, format!("{said}; {waived}"));
    }
    match (finding.errored, finding.existing, finding.severity) {
        (true, _, _) => Explanation::new(Outcome::Unknown, said),
        (false, true, _) => Explanation::new(Outcome::Aside, format!("{said}; base has it too")),
        (false, false, Severity::Error) => Explanation::new(Outcome::No, said),
        (false, false, Severity::Warning | Severity::Info) => {
            Explanation::new(Outcome::Aside, format!("{said}; it does not block"))
        }
    }
}
