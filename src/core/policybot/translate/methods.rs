//! How people say yes, and no.

use super::conditions::Condition;
use super::people::{People, people};
use super::words::list;
use super::{Departure, Kind};
use crate::config::{expression, valid_expression, valid_line};
use crate::policybot::expression::Pattern;
use crate::policybot::model::{Disapproval, Methods, Options};

/// Texts and expressions for comments, as far as they can be written here.
struct Comments {
    words: Vec<String>,
    patterns: Vec<String>,
    /// Those that cannot.
    lost: Vec<String>,
}

impl Comments {
    fn of(methods: &Methods) -> Self {
        let mut all = Self { words: Vec::new(), patterns: Vec::new(), lost: Vec::new() };
        for word in methods.comments.iter().flatten() {
            match valid_line(word).is_ok() && !word.is_empty() {
                true => all.words.push(word.clone()),
                false => all.lost.push(word.clone()),
            }
        }
        for pattern in methods.comment_patterns.iter().flatten() {
            let taken = expression(&pattern.expression).is_ok_and(|one| !one.is_match(""));
            match taken {
                true => all.patterns.push(pattern.expression.clone()),
                false => all.lost.push(pattern.written.clone()),
            }
        }
        all
    }

    fn parts(&self) -> Vec<String> {
        let parts = [("comments", &self.words), ("comment_patterns", &self.patterns)];
        let parts = parts.into_iter().filter(|(_, texts)| !texts.is_empty());
        parts.map(|(key, texts)| format!("{key} = {}", list(texts))).collect()
    }

    fn lost(&self) -> Option<String> {
        let named: Vec<String> = self.lost.iter().map(|text| format!("`{}`", text.escape_debug())).collect();
        (!named.is_empty()).then(|| named.join(", "))
    }
}

fn is_set(patterns: Option<&Vec<Pattern>>) -> bool {
    patterns.is_some_and(|patterns| !patterns.is_empty())
}

/// `methods` of a rule. Where nobody could say yes, the rule waits.
pub(super) fn approval(
    options: &Options,
    line: u32,
    conditions: &mut Vec<Condition>,
    departures: &mut Vec<Departure>,
) -> String {
    let methods = &options.methods;
    let mut depart = |kind, what: String| departures.push(Departure { kind, line, what });
    let comments = Comments::of(methods);
    let mut parts = vec!["commands = false".to_owned()];
    parts.extend(comments.parts());
    if let Some(lost) = comments.lost() {
        depart(
            Kind::Stricter,
            format!("comments with {lost} do not approve; one short line can be looked for"),
        );
    }
    let patterns = methods.review_patterns.as_deref().unwrap_or_default();
    let taken = |text: &str| !text.is_empty() && valid_expression(text).is_ok();
    let sound = patterns.iter().filter(|pattern| taken(&pattern.expression));
    let sound: Vec<&str> = sound.map(|pattern| pattern.expression.as_str()).collect();
    if sound.len() < patterns.len() {
        depart(
            Kind::Stricter,
            "`github_review_comment_patterns`: those that are empty or too long are left out".to_owned(),
        );
    }
    let mut reviews = match patterns.is_empty() {
        true => methods.github_review == Some(true),
        false => !sound.is_empty(),
    };
    if reviews && !sound.is_empty() {
        parts.push(format!("review_patterns = {}", list(&sound)));
    }
    if is_set(methods.body_patterns.as_ref()) {
        let what = "`body_patterns`: the text of a change approves nothing";
        depart(Kind::Stricter, what.to_owned());
    }
    if !reviews && comments.words.is_empty() && comments.patterns.is_empty() {
        depart(Kind::Harmless, "no way is left to approve; the rule waits forever".to_owned());
        conditions.push(Condition::Never);
        reviews = true;
    }
    if !reviews {
        parts.push("reviews = false".to_owned());
    }
    format!("methods = {{ {} }}", parts.join(", "))
}

/// `[disapproval]` with people in it. What cannot be looked for holds every change.
pub(super) fn disapproval(
    disapproval: &Disapproval,
    lines: &mut Vec<String>,
    stops: &mut Vec<Condition>,
    departures: &mut Vec<Departure>,
) {
    let mut depart = |kind, what: String| departures.push(Departure { kind, line: 0, what });
    let mut hold = |kind, why: &str| {
        depart(kind, format!("`disapproval`: {why}; every change waits"));
        stops.push(Condition::unknown(&format!("policy-bot's disapproval: {why}")));
    };
    let from = match people(&disapproval.actors) {
        Ok(People::These(table)) => Some(table),
        Ok(People::Nobody) => None,
        Err(_) => {
            hold(Kind::Missing, "it names somebody whom nobody can be called");
            None
        }
    };
    let (against, revoking) = (disapproval.disapproving(), disapproval.revoking());
    let comments = Comments::of(&against);
    if comments.lost().is_some() {
        hold(Kind::Missing, "a text or expression for comments cannot be looked for");
    }
    if is_set(against.body_patterns.as_ref()) {
        hold(Kind::Missing, "`body_patterns`: the text of a change is not read");
    }
    if let Some(from) = from {
        lines.push(format!("from = {from}"));
        lines.push(format!("revoke = {from}"));
    }
    lines.extend(comments.parts());
    if against.github_review != Some(true) || is_set(against.review_patterns.as_ref()) {
        let what =
            "`disapproval`: every request for changes by these people stops a change, whatever it says";
        depart(Kind::Stricter, what.to_owned());
    }
    let what = "`disapproval`: each of those who disapproved has to lift it, or somebody of `revoke` with `/unhold`; \
                words and reviews of others do not";
    depart(Kind::Stricter, what.to_owned());
    if revoking.github_review != Some(true) || is_set(revoking.review_patterns.as_ref()) {
        let what = "`disapproval`: whoever requested changes lifts that by approving, which policy-bot does not take \
                    for `revoke` here";
        depart(Kind::Differs, what.to_owned());
    }
}
