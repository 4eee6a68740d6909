//! `[mask]` paths of a policy: `data.password`, `ConfigMap:data["app.properties"]`,
//! `spec.template.spec.containers[name=web].env[name=KEY].value`, with `*` for any key or item.
//!
//! A path masks everything below it. A dotted part may also be a key that contains dots: `data.app.properties`.

use serde_json::Value;

/// Paths that may still match below the value at hand, each as the part that is left of it.
#[derive(Debug, Clone)]
pub(super) struct Masks<'a>(Vec<&'a str>);

/// Whether a value is masked.
pub(super) enum Match<'a> {
    /// It is, with everything below it.
    Whole,
    /// It may be, below.
    Below(Masks<'a>),
}

impl<'a> Masks<'a> {
    /// The paths that concern an object of this kind.
    pub(super) fn of(paths: &'a [String], kind: &str) -> Self {
        let concerned = |path: &'a String| match path.split_once(':') {
            Some((own, rest)) if own.chars().all(|c| c.is_ascii_alphanumeric()) => {
                own.eq_ignore_ascii_case(kind).then_some(rest.trim())
            }
            _ => Some(path.trim()),
        };
        Self(paths.iter().filter_map(concerned).filter(|path| !path.is_empty()).collect())
    }

    /// Those that go on under a key of a map.
    pub(super) fn key(&self, key: &str) -> Match<'a> {
        self.step(|path, rest| {
            let bare = path.strip_prefix('.').unwrap_or(path);
            rest.extend(bare.strip_prefix(key));
            rest.extend(bare.strip_prefix('*'));
            if let Some(inner) = path.strip_prefix('[') {
                rest.extend(inner.strip_prefix(&format!("{}]", Value::from(key))[..]));
                rest.extend(inner.strip_prefix(&format!("'{key}']")[..]));
                rest.extend(inner.strip_prefix(&format!("{key}]")[..]));
            }
        })
    }

    /// Those that go on under an item of a list.
    pub(super) fn item(&self, index: usize, item: &Value) -> Match<'a> {
        self.step(|path, rest| {
            let bare = path.strip_prefix('.').unwrap_or(path);
            rest.extend(bare.strip_prefix('*'));
            let Some((selector, after)) = path.strip_prefix('[').and_then(|path| path.split_once(']')) else {
                return;
            };
            let named = selector.split_once('=').is_some_and(|(name, wanted)| {
                let own = item.get(name.trim());
                let wanted = wanted.trim().trim_matches(['"', '\'']);
                own.is_some_and(|own| {
                    own == wanted || own.as_u64().is_some_and(|own| own.to_string() == wanted)
                })
            });
            if named || selector == "*" || selector == index.to_string() {
                rest.push(after);
            }
        })
    }

    fn step(&self, mut remainder: impl FnMut(&'a str, &mut Vec<&'a str>)) -> Match<'a> {
        let mut rest = Vec::new();
        for path in &self.0 {
            remainder(path, &mut rest);
        }
        if rest.iter().any(|path| path.is_empty()) {
            return Match::Whole;
        }
        rest.retain(|path| path.starts_with(['.', '[']));
        Match::Below(Masks(rest))
    }
}
