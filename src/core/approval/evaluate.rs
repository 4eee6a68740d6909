//! Whether it is enough. Never asks whether an approval stands: that is [`super::standing`].
//!
//! What becomes of one rule:
//!
//! | applies | too few people | enough people | who counts is unknown |
//! |---|---|---|---|
//! | false | skipped | skipped | skipped |
//! | true | pending | met | unknown |
//! | unknown | unknown | unknown | unknown |
//!
//! What becomes of several, `all` (first line) and `any` (second):
//!
//! | | skipped | met | pending | unknown |
//! |---|---|---|---|---|
//! | **skipped** | skipped · skipped | met · met | pending · pending | unknown · unknown |
//! | **met** | met · met | met · met | pending · met | unknown · met |
//! | **pending** | pending · pending | pending · met | pending · pending | pending · unknown |
//! | **unknown** | unknown · unknown | unknown · met | pending · unknown | unknown · unknown |
//!
//! Everything that changes must also be *covered*: claimed by a rule that is met, in a branch of `approval` that is
//! met. What no such rule claims falls to the built-in rule `default`: one person with write permission who had no
//! hand in the change. A change that touches nothing, and one to which no rule applies, need `default` too.
//!
//! One more rule never makes it better, with one exception, which follows from that: a rule that is met and claims what no
//! other does is asked in place of `default`, and may ask for less. Where a rule claims everything there is no exception.

use std::collections::BTreeMap;

use super::candidates::candidates;
use super::count::keep;
use super::owned::{Owned, OwnerFiles};
use super::person::Asked;
use super::tree::{self, Branch};
use super::{Counted, Ignored, Requirement, RequirementState};
use crate::actor::{Actor, ActorId, Permission};
use crate::config::{
    self, From, Methods, OnPush, POLICY_PATH, Policy, Require, Rule, RuleOptions, expression,
};
use crate::effect::Effect;
use crate::fact::{Approval, Said, Via};
use crate::people::{self, Member};
use crate::policy::{Claims, Completeness, Scope, Truth, View, judge, judge_condition};
use crate::snapshot::{MergeOutcome, Snapshot};

/// The name of the built-in rule.
pub const DEFAULT_RULE: &str = "default";

/// The name of the requirement for the change that adds the first policy.
pub const FIRST_POLICY: &str = "first policy";

/// The name of the requirement for the change that replaces a policy that cannot be read.
pub const REPAIRED_POLICY: &str = "repaired policy";

/// What people agreed to, in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// Every rule of the policy in order, then `default` where something is left to it.
    pub requirements: Vec<Requirement>,
    /// Whether the rules, as combined, are met and everything is covered.
    pub met: bool,
    /// Whether something could not be told (then `met` is false).
    pub unknown: bool,
    /// Objects and paths that no satisfied rule claims, in words.
    pub uncovered: Vec<String>,
}

/// Evaluates the rules and the coverage. Where the target has no policy file, or one that cannot be read, one
/// administrator other than the author must agree to the change that brings one; otherwise the built-in default rule
/// alone.
pub fn evaluate(policy: &Policy, snapshot: &Snapshot, counted: &Counted) -> Agreement {
    let scope =
        Scope { evaluation: &snapshot.evaluation, target: &snapshot.change.target, seen: Some(snapshot) };
    let view = View::of(&scope, completeness(snapshot));
    let room = Room { snapshot, counted, view, owners: OwnerFiles::default() };
    let mut agreement = match (&snapshot.policy, &snapshot.proposed_policy) {
        (None, Some(_)) => room.administrator(FIRST_POLICY),
        (Some(file), Some(_)) if config::parse(&file.text, POLICY_PATH).is_err() => {
            room.administrator(REPAIRED_POLICY)
        }
        (Some(_), _) | (None, None) => room.rules(policy),
    };
    // Approvals that no longer stand belong to no rule; they are told once, where people look first.
    if let Some(first) =
        agreement.requirements.iter_mut().find(|requirement| requirement.state != RequirementState::Skipped)
    {
        first.ignored.extend(counted.ignored.iter().cloned());
    }
    agreement
}

/// The rules of a policy alone, each by itself: no coverage, no built-in rule.
pub fn requirements(policy: &Policy, snapshot: &Snapshot, counted: &Counted) -> Vec<Requirement> {
    let scope =
        Scope { evaluation: &snapshot.evaluation, target: &snapshot.change.target, seen: Some(snapshot) };
    let view = View::of(&scope, completeness(snapshot));
    let room = Room { snapshot, counted, view, owners: OwnerFiles::default() };
    policy.rules.iter().map(|rule| room.requirement(policy, rule).0).collect()
}

fn completeness(snapshot: &Snapshot) -> Completeness {
    match snapshot.merge {
        MergeOutcome::Clean { .. } | MergeOutcome::Nothing => Completeness::Known,
        MergeOutcome::Conflict { .. } => Completeness::NoMerge,
    }
}

/// Everything that rules are held against.
struct Room<'a> {
    snapshot: &'a Snapshot,
    counted: &'a Counted,
    view: View<'a>,
    owners: OwnerFiles,
}

/// What a rule is about: what an approval for some environments only must lie within.
struct Subject<'a> {
    effects: Vec<&'a (&'a str, &'a Effect)>,
    paths: Vec<&'a str>,
}

impl Room<'_> {
    /// No rules of people can be asked: whoever administers the repository answers for them.
    fn administrator(&self, name: &str) -> Agreement {
        let permissions = vec![Permission::Admin];
        let from = From { permissions, ..From::default() };
        let rule = built_in(name, from);
        let claims = judge(&rule, &self.view).claims;
        let subject = self.subject(&claims);
        let requirement = self.count(&rule, &subject, Hidden::Trusted);
        Agreement {
            met: requirement.state == RequirementState::Met,
            unknown: requirement.state == RequirementState::Unknown,
            requirements: vec![requirement],
            uncovered: Vec::new(),
        }
    }

    /// One rule, and what it claims.
    fn requirement(&self, policy: &Policy, rule: &Rule) -> (Requirement, Claims) {
        let used = policy.approval.as_ref().is_none_or(|tree| tree::uses(tree, &rule.name));
        let judged = judge(rule, &self.view);
        let requirement = match (used, judged.truth) {
            (false, _) => self.uncounted(rule, RequirementState::Skipped, "`approval` does not use it"),
            (true, Truth::False) => self.uncounted(rule, RequirementState::Skipped, "it does not apply"),
            (true, Truth::Unknown) => {
                let note = format!("whether it applies could not be told: {}", judged.gaps.join("; "));
                self.uncounted(rule, RequirementState::Unknown, &note)
            }
            (true, Truth::True) => self.count(rule, &self.subject(&judged.claims), Hidden::Counted),
        };
        (requirement, judged.claims)
    }

    fn rules(&self, policy: &Policy) -> Agreement {
        let (requirements, claims): (Vec<_>, Vec<_>) =
            policy.rules.iter().map(|rule| self.requirement(policy, rule)).unzip();
        let branch = tree::combine(policy, &requirements);
        let left = self.left(&branch, &policy.rules, &claims);
        let nothing = self.view.effects.is_empty() && self.view.outside.is_empty();
        let needs_default = match branch.state {
            RequirementState::Skipped => true,
            RequirementState::Met | RequirementState::Pending | RequirementState::Unknown => {
                !left.effects.is_empty() || !left.paths.is_empty()
            }
        };
        let mut agreement = Agreement {
            met: branch.state == RequirementState::Met || branch.state == RequirementState::Skipped,
            unknown: branch.unknown,
            requirements,
            uncovered: Vec::new(),
        };
        if needs_default {
            let mut default = self.count(&default_rule(), &left, Hidden::Counted);
            if default.state != RequirementState::Met {
                agreement.met = false;
                agreement.uncovered = left.words();
                let why = if nothing { "nothing changes" } else { "no rule claims all of the change" };
                default.note =
                    Some(default.note.map_or_else(|| why.to_owned(), |note| format!("{why}; {note}")));
            }
            agreement.unknown |= default.state == RequirementState::Unknown;
            agreement.requirements.push(default);
        }
        agreement
    }

    /// What is claimed by no rule that covers it, now or once it is met.
    fn left(&self, branch: &Branch<'_>, rules: &[Rule], claims: &[Claims]) -> Subject<'_> {
        let covering: Vec<&Claims> = rules
            .iter()
            .zip(claims)
            .filter(|(rule, _)| branch.covering.contains(rule.name.as_str()))
            .map(|(_, claims)| claims)
            .collect();
        let effects = self.view.effects.iter();
        let paths = self.view.outside.iter().map(|path| path.path.as_str());
        Subject {
            effects: effects
                .filter(|(environment, effect)| {
                    !covering.iter().any(|claims| self.view.claimed(claims, environment, effect))
                })
                .collect(),
            paths: paths.filter(|path| !covering.iter().any(|claims| claims.path(path))).collect(),
        }
    }

    fn subject(&self, claims: &Claims) -> Subject<'_> {
        let effects = self.view.effects.iter();
        let paths = self.view.outside.iter().map(|path| path.path.as_str());
        Subject {
            effects: effects
                .filter(|(environment, effect)| self.view.claimed(claims, environment, effect))
                .collect(),
            paths: paths.filter(|path| claims.path(path)).collect(),
        }
    }

    /// A rule for which nobody is counted.
    fn uncounted(&self, rule: &Rule, state: RequirementState, note: &str) -> Requirement {
        Requirement {
            rule: rule.name.clone(),
            state,
            needed: rule.require.count,
            from: people::words(&rule.require.from),
            by: Vec::new(),
            ignored: Vec::new(),
            could: Vec::new(),
            note: Some(note.to_owned()),
            about: None,
        }
    }

    /// A rule that applies, and who counts for it.
    fn count(&self, rule: &Rule, subject: &Subject<'_>, hidden: Hidden) -> Requirement {
        let owned = self.owners.of(&rule.require.from, self.snapshot, |path| subject.has(path));
        let asked = Asked {
            from: &rule.require.from,
            options: &rule.options,
            snapshot: self.snapshot,
            owned: owned.as_ref(),
        };
        let (extra, mut notes) = match hidden {
            Hidden::Counted if rule.require.count > 0 => {
                let (extra, note) = asked.hidden();
                (extra, Vec::from_iter(note))
            }
            Hidden::Counted | Hidden::Trusted => (0, Vec::new()),
        };
        let needed = rule.require.count.saturating_add(extra);
        let (by, ignored) = self.sorted(rule, &asked, subject);
        let enough = by.len() >= usize::try_from(needed).unwrap_or(usize::MAX);
        let mut state = if enough { RequirementState::Met } else { RequirementState::Pending };
        if let (Some(owned), true) = (&owned, rule.require.count > 0) {
            let each = usize::try_from(extra).unwrap_or(usize::MAX).saturating_add(1);
            let missing = owned.missing(each, &by, |actor| self.anyway(&asked, actor), self.snapshot);
            if !missing.is_empty() {
                state = RequirementState::Pending;
                notes.extend(missing);
            }
        }
        if let (true, Some(why)) = (owned.as_ref().is_some_and(is_open) || !enough, asked.unknown_sets()) {
            state = RequirementState::Unknown;
            notes.push(why);
        }
        state = self.conditions(rule, state, &mut notes);
        let note = (!notes.is_empty()).then(|| notes.join("; "));
        let could = if enough { Vec::new() } else { candidates(&asked, &by) };
        Requirement {
            rule: rule.name.clone(),
            state,
            needed,
            from: asked.words(),
            by,
            ignored,
            could,
            note,
            about: subject.about(),
        }
    }

    /// Whether somebody counts for every file, whoever owns it.
    fn anyway(&self, asked: &Asked<'_>, actor: &Actor) -> bool {
        asked.always(actor) == Member::Yes
    }

    /// What becomes of a rule by what else must be true: all of it is looked at, and what is not true is told.
    fn conditions(&self, rule: &Rule, state: RequirementState, notes: &mut Vec<String>) -> RequirementState {
        let conditions = &rule.require.conditions;
        if conditions.is_empty() {
            return state;
        }
        let judged: Vec<_> = conditions.iter().map(|each| judge_condition(each, &self.view)).collect();
        let met = judged.iter().filter(|judged| judged.truth == Truth::True).count();
        notes.push(format!("{met} of {} conditions hold", conditions.len()));
        let gaps = judged.iter().flat_map(|judged| &judged.gaps);
        notes.extend(gaps.map(|gap| format!("a condition could not be told: {gap}")));
        let truth = judged.iter().map(|judged| judged.truth).fold(Truth::True, Truth::and);
        match (state, truth) {
            (RequirementState::Met, Truth::True) => RequirementState::Met,
            (RequirementState::Met, Truth::False) => RequirementState::Pending,
            (RequirementState::Met, Truth::Unknown) => RequirementState::Unknown,
            (RequirementState::Pending | RequirementState::Skipped | RequirementState::Unknown, _) => state,
        }
    }

    /// Approvals that count for a rule, one per person, and those that do not.
    fn sorted(&self, rule: &Rule, asked: &Asked<'_>, subject: &Subject<'_>) -> (Vec<Approval>, Vec<Ignored>) {
        let mut kept: BTreeMap<ActorId, Approval> = BTreeMap::new();
        let mut refused: BTreeMap<ActorId, Ignored> = BTreeMap::new();
        for approval in &self.counted.given {
            match self.fits(rule, approval) {
                Ok(()) => keep(&mut kept, approval.clone()),
                Err(reason) => {
                    let who = approval.actor.login.clone();
                    refused.insert(approval.actor.id, Ignored { who, reason });
                }
            }
        }
        refused.retain(|id, _| !kept.contains_key(id));
        let mut kept: Vec<Approval> = kept.into_values().collect();
        kept.sort_by_key(|approval| (approval.at, approval.actor.id));
        let (mut by, mut ignored) = (Vec::new(), Vec::new());
        for approval in kept {
            match self.counts(asked, subject, &approval) {
                Ok(()) => by.push(approval),
                Err(reason) => ignored.push(Ignored { who: approval.actor.login.clone(), reason }),
            }
        }
        ignored.extend(refused.into_values());
        (by, ignored)
    }

    /// Whether an approval was given in a way, and for a head, that the rule takes; else why not.
    fn fits(&self, rule: &Rule, approval: &Approval) -> Result<(), String> {
        let Methods { reviews, commands, comments, comment_patterns, review_patterns } = &rule.methods;
        let taken = match &approval.said {
            Said::Command => *commands,
            Said::Review => {
                *reviews && (review_patterns.is_empty() || self.says(approval.via, review_patterns))
            }
            Said::Words(words) => {
                words.iter().any(|word| comments.contains(word) || comment_patterns.contains(word))
            }
        };
        if !taken {
            return Err(match &approval.said {
                Said::Command => "`/approve` does not count for it".to_owned(),
                Said::Review => "a review does not count for it".to_owned(),
                Said::Words(_) => "the words of the comment do not count for it".to_owned(),
            });
        }
        match rule.options.on_push {
            OnPush::Head if approval.head != self.snapshot.change.head => {
                Err(format!("approved head `{}`, and this rule asks for the newest", approval.head.short()))
            }
            OnPush::Head | OnPush::Effect => Ok(()),
        }
    }

    /// Whether the text of a review is like one of these expressions. One that is gone says nothing.
    fn says(&self, via: Via, patterns: &[String]) -> bool {
        let Via::Review(id) = via else { return false };
        let review = self.snapshot.reviews.iter().find(|review| review.id == id);
        let hit = |body: &str| patterns.iter().any(|one| expression(one).is_ok_and(|one| one.is_match(body)));
        review.is_some_and(|review| hit(&review.body))
    }

    /// Whether an approval counts, else why not.
    fn counts(&self, asked: &Asked<'_>, subject: &Subject<'_>, approval: &Approval) -> Result<(), String> {
        if let Some(reason) = asked.excluded(approval.actor.id) {
            return Err(reason.to_owned());
        }
        match asked.member(&approval.actor) {
            Member::Yes => {}
            Member::No => return Err(asked.outsider()),
            Member::Unknown(why) => return Err(format!("could not be told: {why}")),
        }
        if approval.environments.is_empty() {
            return Ok(());
        }
        subject.within(&approval.environments)
    }
}

fn is_open(owned: &Owned) -> bool {
    owned.unknown.is_some()
}

/// Whether contributors whom nobody can name make more approvals necessary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hidden {
    /// They do.
    Counted,
    /// Only those who are known are left out: the design asks for one administrator, whoever pushed.
    Trusted,
}

impl Subject<'_> {
    /// Whether it is about a file, or about what stands in it.
    fn has(&self, file: &str) -> bool {
        let mut sources = self.effects.iter().filter_map(|(_, effect)| effect.source.as_ref());
        self.paths.contains(&file) || sources.any(|source| source.file == file)
    }

    /// Whether all of it lies in these environments; else why not.
    fn within(&self, environments: &[String]) -> Result<(), String> {
        let named = environments.join(", ");
        let elsewhere =
            self.effects.iter().find(|(environment, _)| !environments.iter().any(|name| name == environment));
        match (elsewhere, self.paths.first()) {
            (Some((environment, _)), _) => {
                Err(format!("approved for {named} only, this is about {environment} too"))
            }
            (None, Some(path)) => Err(format!("approved for {named} only, this is about `{path}` too")),
            (None, None) if self.effects.is_empty() => Err(format!("approved for {named} only")),
            (None, None) => Ok(()),
        }
    }

    /// The first few of it, and how many more there are.
    fn about(&self) -> Option<String> {
        const NAMED: usize = 3;
        let objects =
            self.effects.iter().map(|(environment, effect)| format!("{} in {environment}", effect.object));
        let words = objects.chain(self.paths.iter().map(|path| (*path).to_owned()));
        let named: Vec<String> = words.take(NAMED).collect();
        match (self.effects.len() + self.paths.len()).saturating_sub(NAMED) {
            0 => (!named.is_empty()).then(|| named.join(", ")),
            more => Some(format!("{} and {more} more", named.join(", "))),
        }
    }

    fn words(&self) -> Vec<String> {
        let objects =
            self.effects.iter().map(|(environment, effect)| format!("{} in {environment}", effect.object));
        objects.chain(self.paths.iter().map(|path| (*path).to_owned())).collect()
    }
}

fn built_in(name: &str, from: From) -> Rule {
    Rule {
        name: name.to_owned(),
        when: None,
        require: Require { count: 1, from, conditions: Vec::new() },
        options: RuleOptions::default(),
        methods: Methods::default(),
    }
}

fn default_rule() -> Rule {
    built_in(DEFAULT_RULE, From { permissions: vec![Permission::Write], ..From::default() })
}
