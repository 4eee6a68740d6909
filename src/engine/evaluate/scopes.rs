//! Whether custom kinds live in namespaces, as definitions anywhere in the repository say: an object without a namespace
//! is given the environment's only where its kind has one.

use countersign_core::environment::Environment;
use countersign_core::object::{CustomScopes, is_built_in};
use countersign_core::revision::ObjectId;
use tokio::sync::OnceCell;

use super::read::Given;
use super::{EvaluateError, Evaluator};

/// What the definitions of some trees say. They are only looked for where it matters.
pub(super) struct Scopes<'a> {
    trees: Vec<&'a ObjectId>,
    matters: bool,
    found: OnceCell<CustomScopes>,
    none: CustomScopes,
}

impl<'a> Scopes<'a> {
    pub(super) fn new(environment: &Environment, trees: impl IntoIterator<Item = &'a ObjectId>) -> Self {
        Self {
            trees: trees.into_iter().collect(),
            matters: environment.default_namespace.is_some(),
            found: OnceCell::new(),
            none: CustomScopes::default(),
        }
    }

    /// What was found so far.
    pub(super) fn found(&self) -> &CustomScopes {
        self.found.get().unwrap_or(&self.none)
    }

    /// What counts for these texts.
    pub(super) async fn of(
        &self,
        evaluator: &Evaluator<'_>,
        texts: impl IntoIterator<Item = &Given>,
    ) -> Result<&CustomScopes, EvaluateError> {
        if !self.matters || !texts.into_iter().any(holds_custom) {
            return Ok(&self.none);
        }
        let look = async || {
            let mut all = CustomScopes::default();
            for tree in &self.trees {
                all = all.with(evaluator.renderer.cluster_scoped(evaluator.source, tree).await?);
            }
            Ok(all)
        };
        self.found.get_or_try_init(look).await
    }
}

/// Whether any object is of a kind that no API server has from the start. In doubt it is.
fn holds_custom(given: &Given) -> bool {
    let Given::Texts(rendering) = given else { return false };
    let again = rendering.again.iter().flatten();
    rendering.texts.iter().chain(again).any(|text| speaks_of_custom(&text.text))
}

fn speaks_of_custom(text: &str) -> bool {
    const KEY: &str = "apiVersion";
    text.match_indices(KEY).any(|(at, _)| {
        let rest = text.get(at + KEY.len()..).unwrap_or_default();
        let value = rest.trim_start_matches(['"', '\'', ':', ' ', '\t']);
        let end = value.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '}'));
        let value = value.get(..end.unwrap_or(value.len())).unwrap_or_default();
        let group = value.split_once('/').map_or("", |(group, _)| group);
        // What is no plain word here may be anything.
        !is_built_in(group) || value.starts_with(['!', '&', '*', '>', '|']) || value.is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::speaks_of_custom;

    #[test]
    fn texts_with_custom_kinds_are_told() {
        for (text, want) in [
            ("apiVersion: v1\nkind: ConfigMap\n", false),
            ("apiVersion: apps/v1\n---\napiVersion: networking.k8s.io/v1", false),
            ("apiVersion: v1\n---\napiVersion: example.org/v1\n", true),
            ("{\"apiVersion\": \"example.org/v1\", \"kind\": \"Planet\"}", true),
            ("{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\"}", false),
            ("{apiVersion: example.org/v1}", true),
            ("'apiVersion': 'example.org/v1'", true),
            ("apiVersion:\n  example.org/v1", true),
            ("apiVersion: &v example.org/v1", true),
            ("data: {a: b}", false),
        ] {
            assert_eq!(speaks_of_custom(text), want, "{text}");
        }
    }
}
