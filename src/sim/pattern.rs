//! Which requests a fault or an observer is for.

use std::str::FromStr;

use crate::error::SimError;

/// A method and a path, e.g. `POST /repos/*/*/issues/*/comments`. A `*` stands for one segment, a final `**` for the
/// rest; the method may be `*` too. A query is not looked at.
#[derive(Debug, Clone)]
pub struct Pattern {
    method: String,
    segments: Vec<String>,
}

impl FromStr for Pattern {
    type Err = SimError;

    fn from_str(text: &str) -> Result<Self, SimError> {
        let wrong = |why: &str| SimError::Unreadable { what: "the pattern", why: format!("{text:?}: {why}") };
        let (method, path) = text.split_once(' ').ok_or_else(|| wrong("write METHOD /path"))?;
        let path = path.strip_prefix('/').ok_or_else(|| wrong("the path starts with a slash"))?;
        Ok(Self { method: method.to_owned(), segments: path.split('/').map(str::to_owned).collect() })
    }
}

impl Pattern {
    pub(crate) fn fits(&self, method: &str, path: &str) -> bool {
        if self.method != "*" && self.method != method {
            return false;
        }
        let mut given = path.strip_prefix('/').unwrap_or(path).split('/');
        for wanted in &self.segments {
            match (wanted.as_str(), given.next()) {
                ("**", _) => return true,
                ("*", Some(_)) => {}
                (wanted, Some(found)) if wanted == found => {}
                (_, _) => return false,
            }
        }
        given.next().is_none()
    }
}
