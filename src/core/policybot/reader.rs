//! Reading typed values off nodes, collecting everything that is wrong on the way. Knows nothing of what a policy means.

use std::ops::Range;

use super::expression::Pattern;
use super::glob;
use super::yaml::{self, Node, Value};
use crate::config::{Lines, PolicyError, nearest, quoted};

/// A key of a mapping with its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'n> {
    pub(super) key: &'n str,
    pub(super) at: &'n Node,
    pub(super) value: &'n Node,
}

#[derive(Debug)]
pub(super) struct Reader<'t> {
    file: &'t str,
    lines: Lines<'t>,
    pub(super) errors: Vec<PolicyError>,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str, file: &'t str) -> Self {
        Self { file, lines: Lines::new(text), errors: Vec::new() }
    }

    pub(super) fn line(&self, node: &Node) -> u32 {
        self.lines.place(&node.span).line
    }

    pub(super) fn error(&mut self, at: &Range<usize>, message: impl Into<String>, hint: Option<String>) {
        let place = self.lines.place(at);
        self.errors.push(PolicyError {
            file: self.file.to_owned(),
            line: place.line,
            column: place.column,
            width: place.width,
            message: message.into(),
            hint,
            source_line: place.source_line,
        });
    }

    fn expected(&mut self, node: &Node, what: &str) {
        self.error(&node.span, format!("expected {what}, found {}", node.kind()), None);
    }

    /// The entries of a mapping; nothing at all is an empty one. A key that comes twice is an error, and so is one that
    /// `known` does not have.
    pub(super) fn entries<'n>(&mut self, node: &'n Node, known: &[&str]) -> Vec<Entry<'n>> {
        let mut entries: Vec<Entry<'n>> = self.keys(node);
        entries.retain(|entry| {
            let found = known.contains(&entry.key);
            if !found {
                let near = nearest(entry.key, known.iter().copied());
                let hint = near.map_or_else(
                    || format!("known here: {}", known.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                self.error(&entry.at.span, format!("unknown key {}", quoted(entry.key)), Some(hint));
            }
            found
        });
        entries
    }

    /// The same, whatever the keys.
    pub(super) fn keys<'n>(&mut self, node: &'n Node) -> Vec<Entry<'n>> {
        let pairs = match &node.value {
            Value::Map(pairs) => pairs,
            Value::Null => return Vec::new(),
            Value::Plain(_) | Value::Quoted(_) | Value::List(_) => {
                self.expected(node, "a mapping");
                return Vec::new();
            }
        };
        let mut entries: Vec<Entry<'n>> = Vec::new();
        for (at, value) in pairs {
            let (Value::Plain(key) | Value::Quoted(key)) = &at.value else {
                self.expected(at, "a key");
                continue;
            };
            match entries.iter().find(|other| other.key == key) {
                Some(other) => {
                    let line = self.line(other.at);
                    self.error(
                        &at.span,
                        format!("{} stands twice", quoted(key)),
                        Some(format!("first on line {line}")),
                    );
                }
                None => entries.push(Entry { key, at, value }),
            }
        }
        entries
    }

    /// Items of a list; nothing at all is an empty one, but nothing among them is an error.
    pub(super) fn items<'n>(&mut self, node: &'n Node, what: &str) -> Vec<&'n Node> {
        match &node.value {
            Value::List(items) => {
                let mut sound = Vec::new();
                for item in items {
                    match item.value {
                        Value::Null => {
                            let hint =
                                "remove it: policy-bot would take it for something, or fall over".to_owned();
                            self.error(&item.span, format!("expected {what}, found nothing"), Some(hint));
                        }
                        Value::Plain(_) | Value::Quoted(_) | Value::List(_) | Value::Map(_) => {
                            sound.push(item)
                        }
                    }
                }
                sound
            }
            Value::Null => Vec::new(),
            Value::Plain(_) | Value::Quoted(_) | Value::Map(_) => {
                self.expected(node, "a list");
                Vec::new()
            }
        }
    }

    /// A text, however it is spelled: `1` and `on` are texts here. Nothing is an empty one.
    pub(super) fn text(&mut self, node: &Node) -> Option<String> {
        match &node.value {
            Value::Plain(text) | Value::Quoted(text) => Some(text.clone()),
            Value::Null => Some(String::new()),
            Value::List(_) | Value::Map(_) => {
                self.expected(node, "a text");
                None
            }
        }
    }

    pub(super) fn texts(&mut self, node: &Node) -> Vec<String> {
        let items = self.items(node, "a text");
        items.into_iter().filter_map(|item| self.text(item)).collect()
    }

    pub(super) fn flag(&mut self, node: &Node) -> Option<bool> {
        let plain = if let Value::Plain(text) = &node.value { yaml::boolean(text) } else { None };
        if plain.is_none() && !matches!(node.value, Value::Null) {
            self.expected(node, "`true` or `false`");
        }
        plain
    }

    pub(super) fn integer(&mut self, node: &Node) -> Option<i64> {
        let plain = if let Value::Plain(text) = &node.value { yaml::number(text) } else { None };
        if plain.is_none() && !matches!(node.value, Value::Null) {
            self.expected(node, "a whole number");
        }
        plain
    }

    pub(super) fn expression(&mut self, node: &Node) -> Option<Pattern> {
        let text = self.text(node)?;
        let read = Pattern::expression(&text);
        read.map_err(|why| {
            self.error(&node.span, format!("{} is not a regular expression: {why}", quoted(&text)), None);
        })
        .ok()
    }

    pub(super) fn expressions(&mut self, node: &Node) -> Vec<Pattern> {
        let items = self.items(node, "a regular expression");
        items.into_iter().filter_map(|item| self.expression(item)).collect()
    }

    pub(super) fn globs(&mut self, node: &Node) -> Vec<Pattern> {
        let items = self.items(node, "a glob");
        let mut sound = Vec::new();
        for item in items {
            let Some(text) = self.text(item) else { continue };
            match glob::read(&text) {
                Ok(pattern) => sound.push(pattern),
                Err(why) => self.error(
                    &item.span,
                    format!("{} is not a glob: {why}", quoted(&text)),
                    Some("policy-bot takes it for one that never matches".to_owned()),
                ),
            }
        }
        sound
    }
}
