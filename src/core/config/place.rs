//! Pointing at an entry of a file that was read before: for what is found out later, by whoever has the files and the
//! clock that reading has not.

use toml::de::DeTable;

use super::error::PolicyError;
use super::table::{Reader, Table};

/// What is to be said of the entry with this index in `[[section]]`, at the first of these keys that it has. `None`
/// where there is no such entry.
pub fn at_entry(
    (text, file): (&str, &str),
    (section, index): (&str, usize),
    keys: &[&str],
    message: impl Into<String>,
    hint: &str,
) -> Option<PolicyError> {
    let document = DeTable::parse(text).ok()?;
    let entry = document.get_ref().get(section)?.get_ref().as_array()?.get(index)?;
    let table = Table::new(entry.get_ref().as_table()?, entry.span(), "an entry");
    let found = keys.iter().find_map(|key| table.get(key)).map_or_else(|| entry.span(), toml::Spanned::span);
    let mut reader = Reader::new(text, file);
    reader.error_with(&found, message, hint);
    reader.errors.pop()
}
