//! Secret leaves become handles that can be compared and never shown.
//!
//! A handle is `{"$sealed": "<hex>"}`, an HMAC under the installation's key over environment, object, path and value:
//! equal values at one place have equal handles, different ones never do, and a handle tells nothing else, not even
//! a length. A mapping in a manifest that has a `$sealed` key of its own is sealed whole, so that nobody can forge one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Map, Value};
use sha2::Sha256;

use super::keys::item_key;
use super::mask::{Masks, Match};
use super::suspect::{self, Surroundings};
use super::unstable::MARK;
use super::{ObjectRef, canonical, generated};

/// The key of an installation; every handle is an HMAC under it.
#[derive(Clone)]
pub struct SealingKey([u8; 32]);

impl SealingKey {
    /// A key from 32 bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

/// Seals leaves of one environment's objects.
#[derive(Debug, Clone, Copy)]
pub struct Sealer<'a> {
    /// The installation's key.
    pub key: &'a SealingKey,
    /// The environment's name: equal secrets in two environments get different handles.
    pub environment: &'a str,
    /// `[mask]` paths of the policy.
    pub mask: &'a [String],
}

pub(super) const HANDLE: &str = "$sealed";
const HANDLE_LENGTH: usize = 64;
/// The block in which SOPS keeps what it needs to decrypt the rest.
const SOPS: &str = "sops";
/// What is added to that block of a Secret: the names of values that stand in clear all the same.
const CLEAR: &str = "clear";

/// Whether a value is withheld: a sealed handle, or the mark of a value that differs at each render.
pub fn is_sealed(value: &Value) -> bool {
    let hex = |text: &str| {
        text == MARK || text.len() == HANDLE_LENGTH && text.bytes().all(|b| b.is_ascii_hexdigit())
    };
    value
        .as_object()
        .is_some_and(|map| map.len() == 1 && map.get(HANDLE).and_then(Value::as_str).is_some_and(hex))
}

impl Sealer<'_> {
    /// Seals every secret leaf of a manifest that was not sealed before, and says whether there was one. `stringData`
    /// of a Secret becomes part of its `data`, so that both spellings of a value have one handle.
    pub fn seal(&self, reference: &ObjectRef, body: &mut Value) -> bool {
        let name = generated::stem(&reference.name).unwrap_or(&reference.name);
        let mut mac = self.mac("object");
        for part in [&reference.group, &reference.kind, &reference.namespace, name] {
            prefixed(&mut mac, part.as_bytes());
        }
        let mut walk = Walk { mac, path: Vec::new(), found: false };
        walk.object(body, Masks::of(self.mask, &reference.kind));
        walk.found
    }

    /// Stands for the hash in the name of a generated Secret.
    pub(super) fn name_hash(&self, reference: &ObjectRef) -> String {
        let mut mac = self.mac("name");
        prefixed(&mut mac, reference.namespace.as_bytes());
        prefixed(&mut mac, reference.name.as_bytes());
        hex(mac).chars().take(10).collect()
    }

    fn mac(&self, purpose: &str) -> Hmac<Sha256> {
        // HMAC fills a short key up with zeros to the block of its hash.
        let mut block = [0; 64];
        block.iter_mut().zip(self.key.0).for_each(|(to, from)| *to = from);
        let mut mac = <Hmac<Sha256>>::new(&block.into());
        prefixed(&mut mac, b"countersign.seal/v1");
        prefixed(&mut mac, purpose.as_bytes());
        prefixed(&mut mac, self.environment.as_bytes());
        mac
    }
}

/// Length first, so that no two lists of texts are one stream of bytes.
fn prefixed(mac: &mut Hmac<Sha256>, bytes: &[u8]) {
    mac.update(&(bytes.len() as u64).to_be_bytes());
    mac.update(bytes);
}

fn hex(mac: Hmac<Sha256>) -> String {
    use std::fmt::Write as _;
    mac.finalize().into_bytes().iter().fold(String::with_capacity(HANDLE_LENGTH), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// One manifest on its way through.
struct Walk {
    /// Environment and object are in it already.
    mac: Hmac<Sha256>,
    /// Keys, and what tells list items apart.
    path: Vec<String>,
    found: bool,
}

/// What a sealed value is, so that a text and the bytes it encodes are not confused.
enum Content<'a> {
    Bytes(&'a [u8]),
    Text(&'a str),
    Json(&'a Value),
}

impl Walk {
    fn object(&mut self, body: &mut Value, masks: Masks<'_>) {
        let kind = body.get("kind").and_then(Value::as_str).unwrap_or_default().trim().to_ascii_lowercase();
        let surroundings = match kind.as_str() {
            "configmap" => Surroundings::Settings,
            "customresourcedefinition" => Surroundings::Schema,
            "externalsecret" | "clusterexternalsecret" | "pushsecret" => Surroundings::References,
            _ => Surroundings::Manifest,
        };
        let mut apart = Map::new();
        if let Value::Object(entries) = body {
            if kind == "secret" {
                apart = std::mem::take(entries);
                for shown in ["apiVersion", "immutable", "kind", "metadata", "type"] {
                    entries.extend(apart.remove_entry(shown));
                }
            } else if kind.ends_with("secret") || kind.ends_with("secrets") {
                apart.extend(["data", "stringData"].iter().filter_map(|key| entries.remove_entry(*key)));
            }
            // The block in which SOPS keeps its keys and its signature moves with every edit.
            if entries.get(SOPS).is_some_and(|sops| sops.get("mac").is_some()) {
                apart.extend(entries.remove_entry(SOPS));
            }
        }
        self.any(body, masks, &Place { key: "", surroundings });
        self.secret(apart, body);
    }

    /// Puts back what was kept apart, sealed.
    fn secret(&mut self, mut apart: Map<String, Value>, body: &mut Value) {
        let Value::Object(entries) = body else { return };
        let texts = apart.remove("stringData");
        let data = apart.remove("data");
        let clear = clear([&data, &texts]);
        if data.is_some() || texts.is_some() {
            let mut sealed = Map::new();
            self.path.push("data".to_owned());
            self.data(data, &mut sealed, |value, seal| match value.as_str() {
                Some(text) => match STANDARD.decode(text.split_ascii_whitespace().collect::<String>()) {
                    Ok(bytes) => seal(Content::Bytes(&bytes)),
                    Err(_) => seal(Content::Text(text)),
                },
                None => seal(Content::Json(value)),
            });
            // The API server lets `stringData` win.
            self.data(texts, &mut sealed, |value, seal| match value.as_str() {
                Some(text) => seal(Content::Bytes(text.as_bytes())),
                None => seal(Content::Json(value)),
            });
            self.path.pop();
            entries.insert("data".to_owned(), Value::Object(sealed));
        }
        for (key, mut value) in apart {
            self.path.push(key.clone());
            self.leaves(&mut value);
            self.path.pop();
            let sealed = is_sealed(&value);
            if let (SOPS, Value::Object(block), false) = (key.as_str(), &mut value, sealed) {
                // Whether a value is encrypted is seen here alone, and has to be known where no value is.
                block.remove(CLEAR);
                block.extend(clear.clone().map(|clear| (CLEAR.to_owned(), clear)));
            }
            entries.insert(key, value);
        }
    }

    fn data(
        &mut self,
        data: Option<Value>,
        sealed: &mut Map<String, Value>,
        content: impl Fn(&Value, &mut dyn FnMut(Content<'_>)),
    ) {
        match data {
            None => {}
            Some(Value::Object(entries)) => {
                for (key, value) in entries {
                    self.path.push(key);
                    let mut handle = Value::Null;
                    content(&value, &mut |content| handle = self.handle(&content));
                    sealed.extend(self.path.pop().map(|key| (key, handle)));
                }
            }
            Some(value) => {
                let handle = self.handle(&Content::Json(&value));
                sealed.insert(String::new(), handle);
            }
        }
    }

    fn any(&mut self, value: &mut Value, masks: Masks<'_>, place: &Place<'_>) {
        match value {
            Value::Object(entries) if entries.contains_key(HANDLE) => self.whole(value),
            Value::Object(entries) => self.map(entries, masks, place),
            Value::Array(items) => self.list(items, masks, place),
            Value::String(text) => {
                if suspect::text(place.key, text, place.surroundings) {
                    self.whole(value);
                }
            }
            Value::Number(_) => {
                if suspect::number(place.key, place.surroundings) {
                    self.whole(value);
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn map(&mut self, entries: &mut Map<String, Value>, masks: Masks<'_>, place: &Place<'_>) {
        // `{name: DB_PASSWORD, value: …}`: the name says what the value is.
        let name =
            entries.get("name").or_else(|| entries.get("key")).and_then(Value::as_str).map(str::to_owned);
        for (key, value) in entries.iter_mut() {
            self.path.push(key.clone());
            match masks.key(key) {
                Match::Whole => self.whole(value),
                Match::Below(_) if matches!(key.as_str(), "stringData" | "encryptedData") => {
                    self.leaves(value)
                }
                Match::Below(masks) => {
                    let named = (key == "value").then_some(()).and(name.as_deref());
                    let surroundings = place.surroundings.within(key, named.is_some());
                    self.any(value, masks, &Place { key: named.unwrap_or(key), surroundings });
                }
            }
            self.path.pop();
        }
    }

    fn list(&mut self, items: &mut [Value], masks: Masks<'_>, place: &Place<'_>) {
        let mut flag = false;
        for (index, item) in items.iter_mut().enumerate() {
            // An item is told apart by its key and never by its place: moving it does not change its secrets.
            self.path.push(item_key(place.key, item).unwrap_or_default());
            let follows = std::mem::replace(&mut flag, item.as_str().is_some_and(suspect::flag));
            match masks.item(index, item) {
                Match::Whole => self.whole(item),
                Match::Below(_) if follows && item.as_str().is_some_and(|text| !text.starts_with('-')) => {
                    self.whole(item);
                }
                Match::Below(masks) => self.any(item, masks, place),
            }
            self.path.pop();
        }
    }

    /// Seals each leaf below a value, so that it still shows which keys change.
    fn leaves(&mut self, value: &mut Value) {
        match value {
            Value::Object(entries) if !entries.is_empty() && !entries.contains_key(HANDLE) => {
                for (key, item) in entries.iter_mut() {
                    self.path.push(key.clone());
                    self.leaves(item);
                    self.path.pop();
                }
            }
            Value::Object(_)
            | Value::Array(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_) => self.whole(value),
        }
    }

    /// Seals a value with everything below it.
    fn whole(&mut self, value: &mut Value) {
        let handle = match value.as_str() {
            Some(text) => self.handle(&Content::Text(text)),
            None => self.handle(&Content::Json(value)),
        };
        *value = handle;
    }

    fn handle(&mut self, content: &Content<'_>) -> Value {
        self.found = true;
        let mut mac = self.mac.clone();
        mac.update(&(self.path.len() as u64).to_be_bytes());
        for part in &self.path {
            prefixed(&mut mac, part.as_bytes());
        }
        match content {
            Content::Bytes(bytes) => {
                mac.update(b"b");
                prefixed(&mut mac, bytes);
            }
            Content::Text(text) => {
                mac.update(b"t");
                prefixed(&mut mac, text.as_bytes());
            }
            Content::Json(value) => {
                mac.update(b"j");
                prefixed(&mut mac, &canonical::bytes(value));
            }
        }
        Value::Object(Map::from_iter([(HANDLE.to_owned(), Value::from(hex(mac)))]))
    }
}

/// The keys of a Secret whose values SOPS has not encrypted; it leaves empty ones as they are.
fn clear(fields: [&Option<Value>; 2]) -> Option<Value> {
    let encrypted =
        |text: &str| text.is_empty() || text.starts_with("ENC[AES256_GCM,") && text.ends_with(']');
    let values = fields.into_iter().flatten().filter_map(Value::as_object).flatten();
    let clear = values.filter(|(_, value)| !value.is_null() && !value.as_str().is_some_and(encrypted));
    let mut keys: Vec<Value> = clear.map(|(key, _)| Value::from(key.as_str())).collect();
    keys.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    Some(Value::Array(keys)).filter(|keys| keys.as_array().is_some_and(|keys| !keys.is_empty()))
}

/// Where a value stands.
struct Place<'a> {
    /// The key that says what it is.
    key: &'a str,
    surroundings: Surroundings,
}
