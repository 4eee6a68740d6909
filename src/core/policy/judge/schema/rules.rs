//! Rules in CEL that definitions have beside their schemas, evaluated as an API server would: what one finds, and which
//! of them cannot be evaluated here.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::policy::expression::{Expression, Language, MASKED, Prepared, TOO_EXPENSIVE};
use crate::policy::names::{LONGEST_OF_POLICIES, Names};
use crate::schema::{Flaw, Place, Rule, Schema, Weight, places};

/// The longest message of a `messageExpression`, in bytes.
const LONGEST_MESSAGE: usize = 5 << 10;

/// Rules that were compiled, by their text. Most are asked again for the next object.
#[derive(Default)]
pub(super) struct Rules(Mutex<HashMap<String, Compiled>>);

type Compiled = Arc<Result<Expression, String>>;

/// What rules say of an object.
#[derive(Default)]
pub(super) struct Told {
    pub(super) flaws: Vec<Flaw>,
    /// What is not evaluated.
    pub(super) unevaluated: BTreeSet<String>,
}

impl Rules {
    /// Everything that the rules of a schema say. To be called on a large stack.
    ///
    /// # Errors
    ///
    /// Where one costs too much.
    pub(super) fn say(
        &self,
        language: &Language,
        schema: &Schema,
        object: &Value,
        before: Option<&Value>,
    ) -> Result<Told, String> {
        let mut told = Told::default();
        for place in places(schema, object, before) {
            for rule in place.rules {
                self.ask(language, &place, rule, &mut told)?;
            }
        }
        Ok(told)
    }

    fn ask(
        &self,
        language: &Language,
        place: &Place<'_>,
        rule: &Rule,
        told: &mut Told,
    ) -> Result<(), String> {
        let beyond = |why: &str| format!("the rule in CEL `{}` ({why})", rule.rule.trim());
        let compiled = self.compiled(&rule.rule);
        let expression = match &*compiled {
            Ok(expression) => expression,
            Err(why) => {
                told.unevaluated.insert(beyond(why));
                return Ok(());
            }
        };
        let optional = rule.optional_old_self.unwrap_or_default();
        if expression.reads("oldSelf") && !optional && place.before.is_none() {
            return Ok(());
        }
        let now = match &place.now {
            Ok(_) if place.merges && rule.rule.contains('+') => Err("lists that `+` merges"),
            Ok(now) => Ok(now),
            Err(why) => Err(*why),
        };
        let now = match now {
            Ok(now) => now,
            Err(what) => {
                told.unevaluated.insert(beyond(&format!("over {what}")));
                return Ok(());
            }
        };
        let prepared = Prepared::of_rule(language, now, place.before.as_ref(), optional);
        let answer = expression.evaluate(&prepared);
        if let Some((now, before)) = place.otherwise.as_ref().filter(|_| compares(&rule.rule))
            && expression.evaluate(&Prepared::of_rule(language, now, before.as_ref(), optional)) != answer
        {
            told.unevaluated.insert(beyond("over the order of lists that are sets"));
            return Ok(());
        }
        let message = match answer {
            Ok(true) => return Ok(()),
            Ok(false) => self.message(rule, &prepared),
            // It may be anything, also what is right.
            Err(why) if why == MASKED => return Ok(()),
            Err(why) if why == TOO_EXPENSIVE => return Err(beyond(&why)),
            Err(why) => format!("the rule `{}` cannot be evaluated: {why}", rule.rule.trim()),
        };
        let path = format!("{}{}", place.path, rule.field_path.as_deref().unwrap_or_default());
        told.flaws.push(Flaw {
            path: path.trim_start_matches('.').to_owned(),
            rule: "rule",
            message: format!("breaks a rule of its definition: {message}"),
            weight: Weight::Refused,
        });
        Ok(())
    }

    fn message(&self, rule: &Rule, prepared: &Prepared<'_>) -> String {
        let own = rule.message_expression.as_deref().filter(|text| !text.trim().is_empty());
        let own = own.and_then(|text| self.compiled(text).as_ref().as_ref().ok()?.evaluate_text(prepared));
        let own = own.map(|text| text.trim().to_owned());
        let usable =
            |text: &String| !text.is_empty() && text.len() <= LONGEST_MESSAGE && !text.contains('\n');
        let written = rule.message.as_deref().map(str::trim).filter(|message| !message.is_empty());
        own.filter(usable)
            .or_else(|| written.map(str::to_owned))
            .unwrap_or_else(|| format!("failed rule: {}", rule.rule.trim()))
    }

    fn compiled(&self, text: &str) -> Compiled {
        if let Some(known) = self.0.lock().ok().and_then(|known| known.get(text).cloned()) {
            return known;
        }
        let names = Names { variables: &["self", "oldSelf"], composed: None, longest: LONGEST_OF_POLICIES };
        let compiled = Expression::compile_with(text, &names).map_err(|error| error.message);
        let compiled = Arc::new(compiled);
        if let Ok(mut known) = self.0.lock() {
            known.insert(text.to_owned(), Arc::clone(&compiled));
        }
        compiled
    }
}

/// Whether an expression may compare lists.
fn compares(rule: &str) -> bool {
    ["==", "!=", " in "].iter().any(|operator| rule.contains(operator))
}
