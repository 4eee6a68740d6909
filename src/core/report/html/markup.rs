//! HTML as it is written: elements close what they open, and text comes in escaped or not at all.

use crate::report::escape::{html_lines, html_text};

/// A piece of a page.
#[derive(Debug, Default)]
pub(super) struct Markup(String);

/// Names and values of attributes; a value is text and is escaped.
pub(super) type Attributes<'a> = &'a [(&'static str, &'a str)];

/// Elements after which a line ends, for whoever reads the source.
const BLOCKS: [&str; 16] = [
    "details", "div", "dl", "fieldset", "footer", "h1", "h2", "h3", "header", "li", "main", "nav", "p",
    "section", "table", "tr",
];

impl Markup {
    pub(super) fn into_string(self) -> String {
        self.0
    }

    /// Text that is part of this program: markup, style, script.
    pub(super) fn ours(&mut self, markup: &'static str) {
        self.0.push_str(markup);
    }

    /// An element and what is inside.
    pub(super) fn tag(
        &mut self,
        name: &'static str,
        attributes: Attributes<'_>,
        inside: impl FnOnce(&mut Self),
    ) {
        self.open(name, attributes);
        inside(self);
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
        if BLOCKS.contains(&name) {
            self.0.push('\n');
        }
    }

    /// An element that has no inside.
    pub(super) fn open(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.0.push('<');
        self.0.push_str(name);
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            self.0.push_str(&html_text(value));
            self.0.push('"');
        }
        self.0.push('>');
    }

    /// An element with nothing but text inside.
    pub(super) fn words(&mut self, name: &'static str, attributes: Attributes<'_>, text: &str) {
        self.tag(name, attributes, |inside| inside.text(text));
    }

    /// Text, on one line.
    pub(super) fn text(&mut self, text: &str) {
        self.0.push_str(&html_text(text));
    }

    /// Text whose lines stay lines.
    pub(super) fn lines(&mut self, text: &str) {
        self.0.push_str(&html_lines(text));
    }

    /// A name that others chose: its direction is its own affair.
    pub(super) fn name(&mut self, name: &str) {
        self.words("bdi", &[], name);
    }

    /// A sentence of ours that quotes names in backticks: they become code.
    pub(super) fn prose(&mut self, text: &str) {
        let mut rest = text;
        while let Some((plain, tail)) = rest.split_once('`') {
            let Some((quoted, tail)) = tail.split_once('`') else { break };
            self.text(plain);
            self.words("code", &[], quoted);
            rest = tail;
        }
        self.text(rest);
    }
}
