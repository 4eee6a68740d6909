//! The words of whoever wrote a policy, a webhook or a custom resource definition, as they may be shown: a line of bounded
//! length within quotes. A live value that neither side of the change names is withheld, as far as it is quoted as it is. Pure.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use serde_json::Value;

use countersign_core::live::{LIVE, Manifests, essence};

use crate::ports::Prediction;

/// Characters of one text; servers cut their warnings at 256 bytes when there are many.
const LONGEST: usize = 240;
/// A shorter value is part of many words.
const SHORTEST: usize = 4;

/// What is to be withheld of words about one object.
pub(super) struct Words<'a> {
    live: Option<&'a Value>,
    sides: &'a Manifests<'a>,
    /// Most objects are not spoken of.
    secret: OnceCell<Vec<String>>,
}

impl<'a> Words<'a> {
    pub(super) fn of(live: Option<&'a Value>, sides: &'a Manifests<'a>) -> Self {
        Self { live, sides, secret: OnceCell::new() }
    }

    /// A text in its quotes.
    pub(super) fn quoted(&self, text: &str) -> String {
        let secret = self.secret.get_or_init(|| unnamed(self.live, self.sides));
        format!("`{}`", harmless(text, secret))
    }

    /// The same prediction; what refuses it says in its own words why.
    pub(super) fn told(&self, prediction: Prediction) -> Prediction {
        match prediction {
            Prediction::Refused { why, immutable, words: Some(said) } => {
                Prediction::Refused { why: format!("{why}: {}", self.quoted(&said)), immutable, words: None }
            }
            other @ (Prediction::Object(_)
            | Prediction::Refused { words: None, .. }
            | Prediction::NotYet { .. }
            | Prediction::Unpredictable { .. }) => other,
        }
    }
}

/// Values of the live object that neither side has, the longest first.
fn unnamed(live: Option<&Value>, sides: &Manifests<'_>) -> Vec<String> {
    let Some(live) = live else { return Vec::new() };
    let (mut secret, mut named) = (BTreeSet::new(), BTreeSet::new());
    scalars(&essence(live), &mut secret);
    for side in [sides.base, sides.head].into_iter().flatten() {
        scalars(side, &mut named);
    }
    // Which object it is, is said anyway.
    let identity = ["/kind", "/apiVersion", "/metadata/name", "/metadata/namespace"];
    identity.iter().filter_map(|path| live.pointer(path)).for_each(|value| scalars(value, &mut named));
    let unnamed = secret.into_iter().filter(|text| text.len() >= SHORTEST && !named.contains(text));
    let mut unnamed: Vec<String> = unnamed.collect();
    unnamed.sort_by_key(|text| std::cmp::Reverse(text.len()));
    unnamed
}

fn scalars(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => fields.values().for_each(|value| scalars(value, into)),
        Value::Array(items) => items.iter().for_each(|item| scalars(item, into)),
        Value::String(text) => {
            into.insert(text.clone());
        }
        Value::Number(number) => {
            into.insert(number.to_string());
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// One line that cannot leave the quotes that it will stand in.
fn harmless(text: &str, secret: &[String]) -> String {
    let text = secret.iter().fold(text.to_owned(), |text, value| text.replace(value.as_str(), LIVE));
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ").replace('`', "'");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}
