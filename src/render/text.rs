//! The text of a file, and what it says as YAML: read once, however many units are made from it.

use std::ops::Deref;
use std::sync::OnceLock;

use serde_json::Value;

use super::closure::Spot;

/// A text, which knows its documents once somebody asked.
#[derive(Debug)]
pub(super) struct Text {
    text: String,
    documents: OnceLock<Result<Vec<Value>, Place>>,
}

/// Line and column, as far as they are known.
type Place = (Option<u32>, Option<u32>);

impl Text {
    /// `None` for bytes that are no text.
    pub(super) fn new(bytes: Vec<u8>) -> Option<Self> {
        Some(Self { text: String::from_utf8(bytes).ok()?, documents: OnceLock::new() })
    }

    /// What to count it as where memory is bounded: a parsed text takes more room than its bytes.
    pub(super) fn weight(&self) -> usize {
        self.text.len() * 4
    }

    /// Its documents as YAML, or where `file`, which it is the text of, stops being that.
    pub(super) fn documents(&self, file: &str) -> Result<&[Value], Spot> {
        let documents = self.documents.get_or_init(|| parse(&self.text));
        documents.as_deref().map_err(|place| spot(file, *place))
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

/// The documents of a YAML text, or where it stops being one.
pub(super) fn documents(file: &str, text: &str) -> Result<Vec<Value>, Spot> {
    parse(text).map_err(|place| spot(file, place))
}

fn spot(file: &str, (line, column): Place) -> Spot {
    Spot { file: file.to_owned(), line, column }
}

fn parse(text: &str) -> Result<Vec<Value>, Place> {
    let options = serde_saphyr::options! {
        with_snippet: false,
        budget: serde_saphyr::budget! { max_nodes: 200_000, max_depth: 100 }
    };
    serde_saphyr::from_multiple_with_options(text, options).map_err(|error| {
        let at = error.location();
        let number = |value: u64| u32::try_from(value).ok();
        (at.and_then(|at| number(at.line())), at.and_then(|at| number(at.column())))
    })
}
