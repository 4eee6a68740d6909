//! Reading values of a parsed file with their places, collecting every error on the way. Knows nothing of what a
//! policy means.

use std::ops::Range;

use serde_json::{Number, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Lines, PolicyError, fuller, nearest, quoted};

/// A value and where it stands.
pub(super) type Node<'t> = Spanned<DeValue<'t>>;

/// Collects what is wrong while a file is read.
#[derive(Debug)]
pub(super) struct Reader<'t> {
    file: &'t str,
    lines: Lines<'t>,
    /// Keys of a check that this file may have beyond a policy's.
    check_keys: &'static [&'static str],
    pub(super) errors: Vec<PolicyError>,
    pub(super) warnings: Vec<PolicyError>,
}

/// A table whose keys are known by name; entries in the file's order.
#[derive(Debug)]
pub(super) struct Table<'n, 't> {
    /// What it is, for people: `a rule's predicate`.
    pub(super) what: &'static str,
    pub(super) span: Range<usize>,
    pub(super) entries: Vec<Entry<'n, 't>>,
}

/// A key and its value.
#[derive(Debug)]
pub(super) struct Entry<'n, 't> {
    pub(super) key: &'n str,
    pub(super) key_span: Range<usize>,
    pub(super) value: &'n Node<'t>,
}

/// A key that the format has and this version does not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Later {
    pub(super) key: &'static str,
    /// What to do instead.
    pub(super) instead: &'static str,
}

impl<'n, 't> Table<'n, 't> {
    pub(super) fn new(table: &'n DeTable<'t>, span: Range<usize>, what: &'static str) -> Self {
        let mut entries: Vec<Entry<'n, 't>> = table
            .iter()
            .map(|(key, value)| Entry { key: key.get_ref().as_ref(), key_span: key.span(), value })
            .collect();
        entries.sort_by_key(|entry| entry.key_span.start);
        Self { what, span, entries }
    }

    pub(super) fn entry(&self, key: &str) -> Option<&Entry<'n, 't>> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    pub(super) fn get(&self, key: &str) -> Option<&'n Node<'t>> {
        self.entry(key).map(|entry| entry.value)
    }
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str, file: &'t str) -> Self {
        let lines = Lines::new(text);
        Self { file, lines, check_keys: &[], errors: Vec::new(), warnings: Vec::new() }
    }

    /// A reader of the server's floor.
    pub(super) fn of_floor(text: &'t str, file: &'t str) -> Self {
        Self { check_keys: &super::floor::CHECK_KEYS, ..Self::new(text, file) }
    }

    fn problem(&self, span: &Range<usize>, message: String, hint: Option<String>) -> PolicyError {
        let place = self.lines.place(span);
        PolicyError {
            file: self.file.to_owned(),
            line: place.line,
            column: place.column,
            width: place.width,
            message,
            hint,
            source_line: place.source_line,
        }
    }

    pub(super) fn error(&mut self, span: &Range<usize>, message: impl Into<String>) {
        self.errors.push(self.problem(span, message.into(), None));
    }

    pub(super) fn error_with(
        &mut self,
        span: &Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.errors.push(self.problem(span, message.into(), Some(hint.into())));
    }

    pub(super) fn warning(
        &mut self,
        span: &Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.warnings.push(self.problem(span, message.into(), Some(hint.into())));
    }

    /// The line of a span, from 1.
    pub(super) fn line_of(&self, span: &Range<usize>) -> u32 {
        self.lines.place(span).line
    }

    /// The part of a text's span that `within` (bytes of the text) stands for, where the text stands in the file
    /// as it is, without escapes; else the whole span.
    pub(super) fn span_within(&self, span: &Range<usize>, text: &str, within: Range<usize>) -> Range<usize> {
        let raw = self.lines.slice(span);
        match raw.find(text) {
            Some(start) => {
                let at = |offset: usize| span.start + start + offset.min(text.len());
                at(within.start)..at(within.end)
            }
            None => span.clone(),
        }
    }

    /// An unknown word, with the one that was probably meant or all that there are.
    pub(super) fn unknown(&mut self, span: &Range<usize>, message: String, word: &str, known: &[&str]) {
        let hint = match fuller(word, known).or_else(|| nearest(word, known.iter().copied())) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "there is none".to_owned(),
            None => format!("expected {}", one_of(known)),
        };
        self.error_with(span, message, hint);
    }

    /// A value as a table; an empty one is refused.
    pub(super) fn table<'n>(&mut self, node: &'n Node<'t>, what: &'static str) -> Option<Table<'n, 't>> {
        let Some(table) = node.get_ref().as_table() else {
            self.wrong_type(node, "a table");
            return None;
        };
        let table = Table::new(table, node.span(), what);
        if table.entries.is_empty() {
            self.error_with(&node.span(), format!("{what} is empty"), "say what it means, or leave it out");
            return None;
        }
        Some(table)
    }

    /// Refuses every key that is not in `known`.
    pub(super) fn only(&mut self, table: &Table<'_, 't>, known: &[&str], later: &[Later]) {
        let more = if table.what == "a check" { self.check_keys } else { &[] };
        for entry in table.entries.iter().filter(|entry| !more.contains(&entry.key)) {
            if let Some(later) = later.iter().find(|later| later.key == entry.key) {
                let message = format!("{} in {} is not supported yet", quoted(entry.key), table.what);
                self.error_with(&entry.key_span, message, later.instead);
            } else if !known.contains(&entry.key) {
                let message = format!("unknown key {} in {}", quoted(entry.key), table.what);
                self.unknown(&entry.key_span, message, entry.key, known);
            }
        }
    }

    /// Says that a key is missing from a table.
    pub(super) fn missing(&mut self, table: &Table<'_, 't>, key: &str, hint: &str) {
        self.error_with(&table.span, format!("{} has no `{key}`", table.what), hint);
    }

    pub(super) fn wrong_type(&mut self, node: &Node<'t>, wanted: &str) {
        let found = match node.get_ref().type_str() {
            kind @ ("array" | "integer") => format!("an {kind}"),
            kind => format!("a {kind}"),
        };
        self.error(&node.span(), format!("expected {wanted}, found {found}"));
    }

    /// A text that is not blank.
    pub(super) fn text(&mut self, node: &Node<'t>) -> Option<String> {
        let Some(text) = node.get_ref().as_str() else {
            self.wrong_type(node, "a text");
            return None;
        };
        if text.trim().is_empty() {
            self.error(&node.span(), "this text is empty");
            return None;
        }
        Some(text.to_owned())
    }

    /// Any value, as JSON; dates and times are none.
    pub(super) fn json(&mut self, node: &Node<'t>) -> Option<Value> {
        match node.get_ref() {
            DeValue::String(text) => Some(Value::String(text.to_string())),
            DeValue::Boolean(flag) => Some(Value::Bool(*flag)),
            DeValue::Integer(_) => self.integer(node).map(Value::from),
            DeValue::Float(float) => {
                float.as_str().parse::<f64>().ok().and_then(Number::from_f64).map(Value::Number)
            }
            DeValue::Array(items) => {
                items.iter().map(|item| self.json(item)).collect::<Option<_>>().map(Value::Array)
            }
            DeValue::Table(table) => {
                let table = Table::new(table, node.span(), "a table");
                let entry = |entry: &Entry<'_, 't>| Some((entry.key.to_owned(), self.json(entry.value)?));
                table.entries.iter().map(entry).collect::<Option<_>>().map(Value::Object)
            }
            DeValue::Datetime(_) => {
                self.error_with(&node.span(), "a date cannot stand here", "write it as a text, in quotes");
                None
            }
        }
    }

    /// The text under a key, where it is given.
    pub(super) fn text_at(&mut self, table: &Table<'_, 't>, key: &str) -> Option<String> {
        table.get(key).and_then(|node| self.text(node))
    }

    /// A text or a list of texts, none blank; an empty list is refused. Each comes with its place.
    pub(super) fn texts(&mut self, node: &Node<'t>) -> Vec<Spanned<String>> {
        let Some(list) = node.get_ref().as_array() else {
            if node.get_ref().is_str() {
                return self.text(node).map(|text| Spanned::new(node.span(), text)).into_iter().collect();
            }
            self.wrong_type(node, "a text or a list of texts");
            return Vec::new();
        };
        if list.is_empty() {
            self.error_with(&node.span(), "this list is empty", "name at least one, or leave the key out");
        }
        list.iter().filter_map(|item| self.text(item).map(|text| Spanned::new(item.span(), text))).collect()
    }

    /// The texts under a key, each checked by `valid`, which says what is wrong.
    pub(super) fn texts_at(
        &mut self,
        table: &Table<'_, 't>,
        key: &str,
        valid: impl Fn(&str) -> Result<(), String>,
    ) -> Vec<String> {
        let texts = table.get(key).map(|node| self.texts(node)).unwrap_or_default();
        let mut sound = Vec::new();
        for text in texts {
            match valid(text.get_ref()) {
                Ok(()) => sound.push(text.into_inner()),
                Err(message) => self.error(&text.span(), message),
            }
        }
        sound
    }

    /// True or false under a key.
    pub(super) fn flag_at(&mut self, table: &Table<'_, 't>, key: &str) -> Option<bool> {
        let node = table.get(key)?;
        let flag = node.get_ref().as_bool();
        if flag.is_none() {
            self.wrong_type(node, "true or false");
        }
        flag
    }

    /// One of the given words under a key.
    pub(super) fn word_at<T: Copy>(
        &mut self,
        table: &Table<'_, 't>,
        key: &str,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        let node = table.get(key)?;
        let text = self.text(node)?;
        self.word(&node.span(), &text, key, words)
    }

    /// The meaning of a word.
    pub(super) fn word<T: Copy>(
        &mut self,
        span: &Range<usize>,
        text: &str,
        key: &str,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        let meaning = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        if meaning.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.unknown(span, format!("unknown value {} for `{key}`", quoted(text)), text, &known);
        }
        meaning
    }

    /// A whole number.
    pub(super) fn integer(&mut self, node: &Node<'t>) -> Option<i64> {
        let number = node
            .get_ref()
            .as_integer()
            .and_then(|number| i64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok());
        if number.is_none() {
            self.wrong_type(node, "a whole number");
        }
        number
    }
}

/// `a`, `b` or `c`.
pub(crate) fn one_of(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [word] => format!("`{word}`"),
        [start @ .., last] => {
            let start: Vec<String> = start.iter().map(|word| format!("`{word}`")).collect();
            format!("{} or `{last}`", start.join(", "))
        }
    }
}
