//! The forge's published description, as a slice: every request and answer that crosses the stand-in is held to it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jsonschema::{Registry, Validator};
use serde_json::{Map, Value, json};

use crate::error::SimError;

const NAME: &str = "urn:contract";
/// Complaints about one document; the rest follows from the first.
const MOST: usize = 5;

/// What is wrong with a question of GraphQL's and its answer, both as they were sent. To judge them takes a validator that
/// only tests have.
pub type Questions = Box<dyn Fn(&Value, &Value) -> Vec<String> + Send + Sync>;

/// A description: `operations` by `METHOD /route`, `deliveries` by `event.action`, `$defs`.
pub struct Contract {
    root: Value,
    registry: Registry<'static>,
    ready: Mutex<BTreeMap<String, Arc<Validator>>>,
    questions: Option<Questions>,
}

impl fmt::Debug for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contract").finish_non_exhaustive()
    }
}

impl Contract {
    /// Reads the text of `tests/contracts/github.json`.
    pub fn from_json(text: &str) -> Result<Self, SimError> {
        let wrong = |why: String| SimError::Unreadable { what: "the contract", why };
        let mut root: Value = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        if let Value::Object(object) = &mut root {
            object.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
        }
        let registry = Registry::new()
            .add(NAME, root.clone())
            .and_then(|builder| builder.prepare())
            .map_err(|error| wrong(error.to_string()))?;
        Ok(Self { root, registry, ready: Mutex::default(), questions: None })
    }

    /// The same, and questions of GraphQL's are held to this. Without it they are held to nothing.
    pub fn with_questions(self, questions: Questions) -> Self {
        Self { questions: Some(questions), ..self }
    }

    /// What is wrong with a question of GraphQL's and its answer.
    pub(crate) fn question(&self, asked: &[u8], answered: &[u8]) -> Vec<String> {
        let Some(questions) = &self.questions else { return Vec::new() };
        match (serde_json::from_slice(asked), serde_json::from_slice(answered)) {
            (Ok(asked), Ok(answered)) => questions(&asked, &answered),
            (Err(error), _) => vec![format!("the question is not JSON: {error}")],
            (Ok(_), Err(error)) => vec![format!("the answer to a question is not JSON: {error}")],
        }
    }

    /// What is wrong with a request.
    pub(crate) fn request(&self, method: &str, route: &str, query: &str, body: &[u8]) -> Vec<String> {
        let Some((key, operation)) = self.operation(method, route) else {
            return vec![format!("{method} {route} is not in the contract")];
        };
        let base = format!("/operations/{}", escape(&key));
        let mut found =
            self.check(&format!("{base}/query"), &typed(query, operation), &format!("query of {key}"));
        let wanted = operation.get("body").is_some_and(|schema| !schema.is_null());
        if !wanted {
            return found;
        }
        if body.is_empty() {
            if operation.get("body_required") == Some(&Value::Bool(true)) {
                found.push(format!("{key} needs a body"));
            }
            return found;
        }
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => found.extend(self.check(&format!("{base}/body"), &value, &format!("body of {key}"))),
            Err(error) => found.push(format!("body of {key} is not JSON: {error}")),
        }
        found
    }

    /// What is wrong with an answer.
    pub(crate) fn response(&self, method: &str, route: &str, status: u16, body: &[u8]) -> Vec<String> {
        let Some((key, operation)) = self.operation(method, route) else { return Vec::new() };
        let named = operation.get("responses").and_then(|all| all.get(status.to_string()));
        match (named, status) {
            // Any operation may refuse, whether its description says so or not.
            (None, 304 | 400..=599) | (Some(Value::Null), _) => Vec::new(),
            (None, _) => vec![format!("{key} does not answer {status}")],
            (Some(_), _) => {
                let pointer = format!("/operations/{}/responses/{status}", escape(&key));
                match serde_json::from_slice::<Value>(body) {
                    Ok(value) => self.check(&pointer, &value, &format!("{status} of {key}")),
                    Err(error) => vec![format!("{status} of {key} is not JSON: {error}")],
                }
            }
        }
    }

    /// What is wrong with a delivery.
    pub(crate) fn delivery(&self, event: &str, action: &str, body: &Value) -> Vec<String> {
        let key = if action.is_empty() { event.to_owned() } else { format!("{event}.{action}") };
        if self.root.get("deliveries").and_then(|all| all.get(&key)).is_none() {
            return vec![format!("delivery {key} is not in the contract")];
        }
        self.check(&format!("/deliveries/{}", escape(&key)), body, &format!("delivery {key}"))
    }

    fn operation(&self, method: &str, route: &str) -> Option<(String, &Value)> {
        let all = self.root.get("operations")?;
        // GitHub takes a POST wherever it documents a PATCH.
        let also = if method == "POST" { "PATCH" } else { method };
        [method, also].into_iter().find_map(|method| {
            let key = format!("{method} {route}");
            all.get(&key).map(|operation| (key, operation))
        })
    }

    fn check(&self, pointer: &str, value: &Value, what: &str) -> Vec<String> {
        let validator = match self.validator(pointer) {
            Ok(validator) => validator,
            Err(why) => return vec![format!("{what}: {why}")],
        };
        validator
            .iter_errors(value)
            .filter(|error| !bots_address(error.instance()))
            .take(MOST)
            .map(|error| {
                let mut why = error.to_string();
                if why.len() > 400 {
                    why = why.chars().rev().take(400).collect::<String>().chars().rev().collect();
                }
                format!("{what}, at {:?}: {why}", error.instance_path().as_str())
            })
            .collect()
    }

    fn validator(&self, pointer: &str) -> Result<Arc<Validator>, String> {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = ready.get(pointer) {
            return Ok(Arc::clone(found));
        }
        let schema = json!({ "$ref": format!("{NAME}#{}", pointer.replace('{', "%7B").replace('}', "%7D").replace(' ', "%20")) });
        let made = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .should_validate_formats(true)
            .with_registry(&self.registry)
            .build(&schema)
            .map_err(|error| error.to_string())?;
        let made = Arc::new(made);
        ready.insert(pointer.to_owned(), Arc::clone(&made));
        Ok(made)
    }
}

/// GitHub itself gives its bots addresses with brackets, which its description's `format: email` forbids.
fn bots_address(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.ends_with("[bot]@users.noreply.github.com"))
}

/// A query as an object, numbers and truths as what they are where the description asks for them.
fn typed(query: &str, operation: &Value) -> Value {
    let mut object = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, text) = pair.split_once('=').unwrap_or((pair, ""));
        let text = crate::urlencoded::decode(text);
        let schema =
            operation.get("query").and_then(|query| query.get("properties")).and_then(|all| all.get(name));
        let kind = schema.and_then(|schema| schema.get("type")).and_then(Value::as_str);
        let value = match kind {
            Some("integer") => text.parse::<i64>().map_or(Value::String(text), Value::from),
            Some("boolean") => text.parse::<bool>().map_or(Value::String(text), Value::from),
            _ => Value::String(text),
        };
        object.insert(name.to_owned(), value);
    }
    Value::Object(object)
}

fn escape(part: &str) -> String {
    part.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests;
