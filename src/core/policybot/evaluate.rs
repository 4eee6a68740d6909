//! policy-bot's own outcome: the same states and the same people, in words of our own.

use std::collections::BTreeSet;

use super::ask::{Failed, holds, is_actor};
use super::candidates::{Candidate, candidates, counted_commits, standing};
use super::change::{Change, ReviewState};
use super::model::{Disapproval, Methods, Options, Policy, Predicate, Rule, Tree};
use super::outcome::{Outcome, Status};

/// What policy-bot makes of a change. Its quirks are kept: an `or` drops an error once something else was decided, and
/// a later request for changes leaves its giver's approval standing.
pub fn evaluate(policy: &Policy, change: &Change) -> Outcome {
    let disapproval = disapproval(policy.disapproval.as_ref(), change);
    let mut approval = match &policy.approval {
        Some(tree) => branch(tree, policy, change),
        None => Outcome::new("approval", Status::Approved, "no rule is asked for"),
    };
    "approval".clone_into(&mut approval.name);
    let error = disapproval.error.clone().or_else(|| approval.error.clone());
    let (status, why) = match (&error, disapproval.status) {
        (Some(_), _) => (Status::Skipped, String::new()),
        (None, Status::Disapproved) => (Status::Disapproved, disapproval.why.clone()),
        (None, Status::Skipped | Status::Pending | Status::Approved) => {
            (approval.status, approval.why.clone())
        }
    };
    Outcome { error, children: vec![approval, disapproval], ..Outcome::new("policy", status, why) }
}

fn branch(tree: &Tree, policy: &Policy, change: &Change) -> Outcome {
    let (name, children) = match tree {
        Tree::Rule(name) => {
            let missing = || Outcome::new(name, Status::Pending, "there is no such rule");
            return policy.rule(name).map_or_else(missing, |found| rule(found, policy, change));
        }
        Tree::And(children) => ("and", children),
        Tree::Or(children) => ("or", children),
    };
    let children: Vec<Outcome> = children.iter().map(|child| branch(child, policy, change)).collect();
    let count =
        |status| children.iter().filter(|child| child.error.is_none() && child.status == status).count();
    let (approved, pending) = (count(Status::Approved), count(Status::Pending));
    let mut error = children.iter().rev().find_map(|child| child.error.clone());
    let (status, why) = match (name, approved, pending) {
        ("and", _, 1..) => (Status::Pending, format!("rules approved: {approved} of {}", approved + pending)),
        ("and", 1.., 0) => (Status::Approved, "all rules are approved".to_owned()),
        ("or", 1.., _) => (Status::Approved, "one rule or more is approved".to_owned()),
        ("or", 0, 1..) => (Status::Pending, "no rule is approved".to_owned()),
        _ => (Status::Skipped, "no rule applies".to_owned()),
    };
    if name == "or" && status != Status::Skipped {
        error = None;
    }
    Outcome { error, children, ..Outcome::new(name, status, why) }
}

fn rule(rule: &Rule, policy: &Policy, change: &Change) -> Outcome {
    let mut outcome = Outcome::new(&rule.name, Status::Skipped, "");
    if let Err(failed) = judge(rule, &rule.options.in_force(policy), change, &mut outcome) {
        outcome.error = Some(failed);
    }
    outcome
}

fn judge(rule: &Rule, options: &Options, change: &Change, outcome: &mut Outcome) -> Result<(), Failed> {
    for predicate in &rule.predicates {
        if !holds(predicate, change)? {
            outcome.why = format!("`{}` does not hold", predicate.key);
            return Ok(());
        }
    }
    let count = usize::try_from(rule.requires.count).unwrap_or_default();
    let (candidates, dismissed) = match count {
        0 => (Vec::new(), Vec::new()),
        _ => standing(options, change)?,
    };
    let approvers = match count {
        0 => Vec::new(),
        _ => approvers(rule, options, change, &candidates)?,
    };
    let conditions = rule.requires.conditions.iter();
    let conditions: Vec<bool> =
        conditions.map(|condition| holds(condition, change)).collect::<Result<_, _>>()?;
    let met = conditions.iter().filter(|met| **met).count();
    let approved = approvers.len() >= count && met == conditions.len();
    outcome.status = if approved { Status::Approved } else { Status::Pending };
    outcome.why = words(approved, count, &approvers, (met, conditions.len()), candidates.len());
    outcome.approvers = approvers;
    outcome.dismissed = dismissed;
    outcome.conditions = conditions;
    Ok(())
}

fn approvers(
    rule: &Rule,
    options: &Options,
    change: &Change,
    candidates: &[Candidate<'_>],
) -> Result<Vec<String>, Failed> {
    let is_set = |option: Option<bool>| option == Some(true);
    let mut banned: BTreeSet<&str> = BTreeSet::new();
    if !is_set(options.allow_contributor) && !is_set(options.allow_non_author_contributor) {
        for commit in counted_commits(options, change)? {
            banned.extend(commit.users());
        }
        banned.remove(change.author.as_str());
    }
    if !is_set(options.allow_author) && !is_set(options.allow_contributor) {
        banned.insert(&change.author);
    }
    let mut approvers = Vec::new();
    for candidate in candidates.iter().filter(|candidate| !banned.contains(candidate.user)) {
        if is_actor(&rule.requires.actors, change, candidate.user)? {
            approvers.push(candidate.user.to_owned());
        }
    }
    Ok(approvers)
}

fn words(
    approved: bool,
    count: usize,
    approvers: &[String],
    (met, conditions): (usize, usize),
    given: usize,
) -> String {
    if approved {
        return match (count, conditions) {
            (0, 0) => "nobody is asked".to_owned(),
            (0, _) => "its conditions hold".to_owned(),
            (_, 0) => format!("approved by {}", approvers.join(", ")),
            _ => format!("approved by {}; its conditions hold", approvers.join(", ")),
        };
    }
    let mut parts = Vec::new();
    if count > 0 {
        parts.push(format!("{} of {count} approvals", approvers.len()));
    }
    if conditions > 0 {
        parts.push(format!("{met} of {conditions} conditions"));
    }
    let ignored = given - approvers.len();
    if ignored > 0 {
        parts.push(format!("{ignored} by people who do not count"));
    }
    parts.join("; ")
}

fn disapproval(disapproval: Option<&Disapproval>, change: &Change) -> Outcome {
    let mut outcome = Outcome::new("disapproval", Status::Skipped, "nobody may disapprove");
    let Some(disapproval) = disapproval else { return outcome };
    if let Err(failed) = disapprove(disapproval, change, &mut outcome) {
        outcome.error = Some(failed);
    }
    outcome
}

fn disapprove(disapproval: &Disapproval, change: &Change, outcome: &mut Outcome) -> Result<(), Failed> {
    for predicate in &disapproval.predicates {
        let Predicate { key, .. } = predicate;
        if holds(predicate, change)? {
            outcome.status = Status::Disapproved;
            outcome.why = format!("`{key}` holds");
            return Ok(());
        }
    }
    if disapproval.actors.is_empty() {
        return Ok(());
    }
    let last = |methods: Methods, state| -> Result<Option<Candidate<'_>>, Failed> {
        let mut last = None;
        for candidate in candidates(&methods, state, change)? {
            if is_actor(&disapproval.actors, change, candidate.user)? {
                last = Some(candidate);
            }
        }
        Ok(last)
    };
    let Some(against) = last(disapproval.disapproving(), ReviewState::ChangesRequested)? else {
        "nobody disapproved".clone_into(&mut outcome.why);
        return Ok(());
    };
    match last(disapproval.revoking(), ReviewState::Approved)? {
        Some(revoked) if against.at <= revoked.at => {
            outcome.why = format!("disapproval taken back by {}", revoked.user);
        }
        Some(_) | None => {
            outcome.status = Status::Disapproved;
            outcome.why = format!("disapproved by {}", against.user);
        }
    }
    Ok(())
}
