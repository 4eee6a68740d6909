//! What came, against what was said.

use std::collections::BTreeMap;
use std::fmt;

use super::super::comes_true::agrees;
use super::kinds::Kind;
use countersign_core::effect::FieldChange;
use countersign_core::evaluation::Drift;

use super::super::*;

/// What really became of one object.
pub(super) struct Came<'a> {
    /// Whether its applier could apply it; else in its words why not.
    pub(super) outcome: &'a Result<(), String>,
    pub(super) before: &'a Option<Value>,
    pub(super) after: &'a Option<Value>,
}

/// How a prediction of one object stands.
pub(super) enum Verdict {
    /// It was settled, and came true.
    True,
    /// It was settled that nothing happens, and nothing happened.
    Nothing,
    /// It was said to be refused, and was.
    Refused,
    /// Nothing was promised, for this reason.
    Unsettled(String),
    /// It is not as it was said.
    Wrong(String),
}

/// How often each came.
#[derive(Default)]
pub(super) struct Count {
    pub(super) pairs: usize,
    pub(super) settled: usize,
    nothing: usize,
    refused: usize,
    unsettled: BTreeMap<String, usize>,
    /// What others changed, of which it was said whether it is overwritten.
    drifts: usize,
    /// How often an amendment was asked for in the place of an apply.
    pub(super) amended: usize,
    pub(super) wrong: Vec<String>,
}

impl Count {
    /// Holds what was said of drift against what an apply left of it.
    pub(super) fn take_drift(&mut self, drift: &Drift, came: &Came<'_>, about: impl Fn() -> String) {
        if came.outcome.is_err() {
            return;
        }
        let real = diff::fields(&without_marks(came.before), &without_marks(came.after));
        for FieldChange { path, .. } in &drift.changes {
            self.drifts += 1;
            let written = real.iter().any(|real| within(path, &real.path) || within(&real.path, path));
            if written != drift.overwritten.contains(path) {
                let said = if written {
                    "not said to be overwritten, and was"
                } else {
                    "said to be overwritten, and was not"
                };
                self.wrong.push(format!("drift at `{path}`: {said}; real\n{}\n{}", told(&real), about()));
            }
        }
    }

    pub(super) fn take(&mut self, verdict: Verdict, about: impl Fn() -> String) {
        self.pairs += 1;
        match verdict {
            Verdict::True => self.settled += 1,
            Verdict::Nothing => {
                self.settled += 1;
                self.nothing += 1;
            }
            Verdict::Refused => self.refused += 1,
            Verdict::Unsettled(why) => *self.unsettled.entry(why).or_default() += 1,
            Verdict::Wrong(what) => self.wrong.push(format!("{what}\n{}", about())),
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.pairs += other.pairs;
        self.settled += other.settled;
        self.nothing += other.nothing;
        self.refused += other.refused;
        self.drifts += other.drifts;
        self.amended += other.amended;
        for (why, count) in other.unsettled {
            *self.unsettled.entry(why).or_default() += count;
        }
        self.wrong.extend(other.wrong);
    }
}

impl fmt::Display for Count {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pairs, settled, nothing, refused, unsettled, drifts, amended, wrong } = self;
        let many: usize = unsettled.values().sum();
        write!(to, "{pairs} pairs: {settled} settled and true ({nothing} without effect), ")?;
        write!(
            to,
            "{refused} refused, {many} unsettled, {} wrong; {drifts} fields that drifted; {amended} asked about as amendments",
            wrong.len()
        )?;
        for (why, count) in unsettled {
            write!(to, "\n  {count} unsettled: {why}")?;
        }
        Ok(())
    }
}

/// Whether a path is another one, or leads to something below it.
fn within(path: &str, other: &str) -> bool {
    path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Whether the cluster is said to refuse it.
pub(super) fn is_refused(effect: &Effect) -> bool {
    matches!(effect.operation, Operation::Fail | Operation::Replace)
}

/// Whether nobody should be kept waiting for it: it is said to be refused, or that nothing can be said.
pub(super) fn may_be_refused(effect: &Effect) -> bool {
    is_refused(effect) || is_untold(effect)
}

fn is_untold(effect: &Effect) -> bool {
    effect.settled.is_none()
}

/// What appliers mark their objects by: another Application or Kustomization is another mark.
const MARKS: [&str; 3] =
    ["kustomize.toolkit.fluxcd.io/name", "argocd.argoproj.io/tracking-id", "app.kubernetes.io/instance"];

fn without_marks(object: &Option<Value>) -> Value {
    let mut object = object.clone().unwrap_or_default();
    for place in ["labels", "annotations"] {
        if let Some(entries) =
            object.pointer_mut(&format!("/metadata/{place}")).and_then(Value::as_object_mut)
        {
            entries.retain(|key, _| !MARKS.contains(&key.as_str()));
        }
    }
    object
}

pub(super) fn judge(effect: &Effect, drifted: bool, came: &Came<'_>) -> Verdict {
    let Came { outcome, before, after } = came;
    let reason = effect.reason.clone().unwrap_or_default();
    let real = diff::fields(&without_marks(before), &without_marks(after));
    match (is_refused(effect), outcome) {
        (true, Ok(())) => return Verdict::Wrong(format!("said to be refused, and was applied: {reason}")),
        (true, Err(_)) if before.is_some() && !real.is_empty() => {
            return Verdict::Wrong(format!("refused, and changed all the same:\n{}", told(&real)));
        }
        (true, Err(_)) => return Verdict::Refused,
        // Nothing was promised, and that was said.
        (false, Err(_)) if is_untold(effect) => {}
        (false, Err(why)) => {
            return Verdict::Wrong(format!("not said to be refused ({reason}), and was: {why}"));
        }
        (false, Ok(())) => {}
    }
    if effect.settled != Some(true) {
        let live = if drifted { ": live is not what base makes" } else { "" };
        let reason = reason.split(" NS ").next().unwrap_or_default();
        if reason.is_empty() && !Kind::named(&effect.object.kind).is_asked() {
            return match effect.tier {
                Tier::Render => Verdict::Unsettled("its kind is never asked about".to_owned()),
                Tier::Live | Tier::DryRun => Verdict::Wrong("a cluster was asked about it".to_owned()),
            };
        }
        if reason.is_empty() && live.is_empty() {
            return Verdict::Wrong("unsettled without a reason".to_owned());
        }
        return Verdict::Unsettled(format!("{reason}{live}"));
    }
    if effect.operation == Operation::Create {
        return match after {
            Some(_) if before.is_none() => Verdict::True,
            Some(_) => Verdict::Wrong("said to be created, and was there".to_owned()),
            None => Verdict::Wrong("said to be created, and is not there".to_owned()),
        };
    }
    let same = real.len() == effect.changes.len()
        && real.iter().zip(&effect.changes).all(|(real, said)| {
            real.path == said.path
                && agrees(said.before.as_ref(), real.before.as_ref())
                && agrees(said.after.as_ref(), real.after.as_ref())
        });
    if !same {
        return Verdict::Wrong(format!(
            "predicted\n{}\nbut it became\n{}",
            told(&effect.changes),
            told(&real)
        ));
    }
    if effect.operation == Operation::None { Verdict::Nothing } else { Verdict::True }
}

fn told(changes: &[countersign_core::effect::FieldChange]) -> String {
    changes.iter().map(change).collect::<Vec<_>>().join("\n")
}
