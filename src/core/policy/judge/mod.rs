//! What judges objects: one file for each kind of check. A judge is compiled once and then asked about one object at a
//! time; it says what is wrong, never what follows from that.

mod admission;
mod cel;
mod gatekeeper;
mod pack;
mod rego;
mod schema;
mod validating;

use std::cell::OnceCell;

use serde_json::Value;

pub(super) use self::admission::{idle as idle_admission, names as names_in_admission};
pub use self::gatekeeper::{InventoryWanted, inventory_wanted};
pub(super) use self::gatekeeper::{idle as idle_gatekeeper, names as names_in_gatekeeper};
use super::Waived;
use super::expression::{Input, Language, Prepared};
use super::names::{Given, Request};
use super::surroundings::Surroundings;
use crate::config::{Check, Judge, Severity};
use crate::effect::{Effect, RenderOperation};
use crate::evaluation::Evaluation;
use crate::library::Library;
use crate::revision::Diff;

/// A check, ready to judge.
pub(super) trait Judging: Send + Sync {
    /// Whether it looks at what a change does, and not at the object alone. Only then is it asked about an object that
    /// leaves the tree, and only then is all that it finds new.
    fn judges_transition(&self) -> bool;

    /// Everything that is wrong with an object. To be called on a large stack.
    ///
    /// # Errors
    ///
    /// A sentence for people, without values, where it cannot be told: the check then blocks, naming itself.
    fn judge(&self, subject: &Subject<'_>) -> Result<Vec<Wrong>, String>;

    /// The same where one part of a check may err and another still answers.
    fn judge_each(&self, subject: &Subject<'_>) -> Vec<Result<Wrong, String>> {
        match self.judge(subject) {
            Ok(wrong) => wrong.into_iter().map(Ok).collect(),
            Err(why) => vec![Err(why)],
        }
    }
}

/// Compiles what a check is written in.
pub(super) fn compile<'a>(
    check: &'a Check,
    library: &Library,
    evaluation: &Evaluation,
) -> Result<Box<dyn Judging + 'a>, String> {
    match &check.judge {
        Judge::Cel(cel) => cel::compile(cel, check.severity),
        Judge::Rego(rego) => rego::compile(rego, check.severity, library),
        Judge::Schema(schema) => schema::compile(schema, check.severity, library, evaluation),
        Judge::Admission(files) => admission::compile(files, check.severity, library, evaluation),
        Judge::Gatekeeper(files) => gatekeeper::compile(files, check.severity, library, evaluation),
        Judge::Pack(pack) => pack::compile(pack, check.severity, evaluation),
    }
}

/// One object, as a change has it.
pub(super) struct Subject<'a> {
    pub(super) environment: &'a str,
    pub(super) effect: &'a Effect,
    pub(super) surroundings: &'a Surroundings<'a>,
    bodies: &'a Diff<Option<Value>>,
    request: Request,
    language: Option<&'a Language>,
    states: OnceCell<Option<Vec<States<'a>>>>,
}

/// One object before and after, as expressions see it.
pub(super) struct States<'a> {
    pub(super) now: Prepared<'a>,
    /// Base as if it were proposed alone; `None` where the object is new or gone.
    pub(super) base: Option<Prepared<'a>>,
}

/// Something that is wrong with an object.
pub(super) struct Wrong {
    /// Which rule of the check, where it has several.
    pub(super) rule: Option<String>,
    pub(super) severity: Severity,
    pub(super) message: String,
    /// What to do about it.
    pub(super) fix: Option<String>,
    /// Which field is wrong, as people read it.
    pub(super) path: Option<String>,
    /// Base violates it too.
    pub(super) existing: bool,
    pub(super) waived: Option<Waived>,
}

/// Each rule's words once: they are existing only where all that they were said for is. What has the same words stands
/// together.
fn once(all: impl IntoIterator<Item = Wrong>) -> Vec<Wrong> {
    let mut told: Vec<Wrong> = Vec::new();
    for wrong in all {
        let same = |known: &&mut Wrong| {
            (&known.rule, &known.message, known.severity) == (&wrong.rule, &wrong.message, wrong.severity)
        };
        match told.last_mut().filter(same) {
            Some(known) => known.join(wrong),
            None => told.push(wrong),
        }
    }
    told
}

impl Wrong {
    /// Takes in what has the same words. Of several fields the first is told that is not wrong in base too.
    pub(super) fn join(&mut self, other: Self) {
        if self.existing && !other.existing {
            self.path = other.path;
        }
        self.existing &= other.existing;
    }
}

impl<'a> Subject<'a> {
    /// What an effect is about; `bodies` are those of the effect.
    pub(super) fn new(
        language: Option<&'a Language>,
        surroundings: &'a Surroundings<'a>,
        environment: &'a str,
        effect: &'a Effect,
        bodies: &'a Diff<Option<Value>>,
    ) -> Self {
        let request = Request {
            operation: match effect.rendered {
                RenderOperation::Add => "CREATE",
                RenderOperation::Change => "UPDATE",
                RenderOperation::Remove => "DELETE",
            },
            resource: surroundings.resource(&effect.object.group, &effect.object.kind),
            object: effect.object.clone(),
        };
        Self { environment, effect, surroundings, bodies, request, language, states: OnceCell::new() }
    }

    /// The object at head; `None` where it leaves the tree.
    pub(super) fn after(&self) -> Option<&'a Value> {
        self.bodies.head.as_ref()
    }

    /// The object at base; `None` where it is new.
    pub(super) fn before(&self) -> Option<&'a Value> {
        self.bodies.base.as_ref()
    }

    /// The operation as admission calls it.
    pub(super) const fn operation(&self) -> &'static str {
        self.request.operation
    }

    /// The request as admission would see it.
    pub(super) const fn request(&self) -> &Request {
        &self.request
    }

    /// The language of expressions; `None` where they cannot be evaluated.
    pub(super) const fn language(&self) -> Option<&'a Language> {
        self.language
    }

    /// Both states as expressions see them, once for each state of the namespace, made once for all checks; `None` where
    /// expressions cannot be evaluated.
    pub(super) fn states(&self) -> Option<&[States<'a>]> {
        self.states.get_or_init(|| self.language.map(|language| self.prepare(language))).as_deref()
    }

    fn prepare(&self, language: &Language) -> Vec<States<'a>> {
        let namespaces = self.surroundings.namespaces(self.environment, &self.effect.object);
        namespaces.into_iter().map(|namespace| self.prepare_in(language, namespace)).collect()
    }

    fn prepare_in(&self, language: &Language, namespace: Given<'a>) -> States<'a> {
        let (object, old_object) = (self.after(), self.before());
        let input = Input {
            object,
            old_object,
            request: &self.request,
            environment: self.environment,
            params: Given::Known(None),
            namespace,
        };
        let now = Prepared::new(language, input);
        let base = old_object.filter(|_| object.is_some());
        let base = base
            .map(|before| Prepared::new(language, Input { object: Some(before), old_object: None, ..input }));
        States { now, base }
    }
}
