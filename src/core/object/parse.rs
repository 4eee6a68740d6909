//! YAML and JSON text to objects.
//!
//! Reads as kubectl reads: several documents, YAML 1.1 scalars, `List`s opened. Time and memory are bounded by a
//! budget, whatever the text says. Errors never quote the text, since it may be a secret.

use serde_json::{Map, Value};
use serde_saphyr::Spanned;

use super::draft::Draft;
use super::node::{Document, Node, TWICE, line};
use super::scope::{CustomScopes, is_cluster_scoped};
use super::seal::Sealer;
use super::sides::ManifestText;
use super::{ObjectRef, RenderedObject, generated};

/// Why text is not a list of manifests. Never quotes the text: it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ManifestError {
    /// What is wrong.
    pub message: String,
    /// Line, from 1.
    pub line: Option<u32>,
    /// Column, from 1.
    pub column: Option<u32>,
}

impl ManifestError {
    fn at(line: u32, message: impl Into<String>) -> Self {
        Self { message: message.into(), line: (line > 0).then_some(line), column: None }
    }
}

/// The longest text that is read, in bytes.
pub(super) const MAX_TEXT: usize = 64 << 20;
/// The longest text that is read as JSON, which has no budget of values; a longer one is read as YAML.
const MAX_JSON: usize = 8 << 20;
/// How deep mappings and lists may nest. A snapshot that holds them nests a little deeper, and JSON is read to 128.
const MAX_DEPTH: usize = 100;
/// Texts that cannot nest deeper than this are read on the caller's stack.
pub(super) const SHALLOW: usize = 40;
/// What a reader that goes down to [`MAX_DEPTH`] needs at most, in bytes.
pub(super) const DEEP_STACK: usize = 16 << 20;

/// Reads all documents of a text (YAML 1.1 as kubectl reads it, or JSON; `List`s are opened), sealing secret leaves.
/// `file` becomes the origin of each object where it is given. Objects without a namespace get `default_namespace`
/// unless their kind is known to be cluster-scoped.
///
/// An object with a `generateName` and no name is called after it, with a `*` at the end. The name of a Secret that
/// ends in a hash of its content gets a keyed hash in its place, here and wherever it is referred to.
pub fn parse_manifests(
    text: &str,
    file: Option<&str>,
    default_namespace: Option<&str>,
    sealer: &Sealer<'_>,
) -> Result<Vec<RenderedObject>, ManifestError> {
    let text = ManifestText { file, text, sources: None };
    read_text(&text, default_namespace, sealer).map(|(objects, _)| objects)
}

/// The same, with the kinds that the text declares to be cluster-scoped.
pub(super) fn read_text(
    text: &ManifestText<'_>,
    default_namespace: Option<&str>,
    sealer: &Sealer<'_>,
) -> Result<(Vec<RenderedObject>, CustomScopes), ManifestError> {
    let raw = plain_manifests(text.text)?;
    let scopes = CustomScopes::of(raw.iter().map(|(_, body)| body));
    let mut drafts = Vec::with_capacity(raw.len());
    for (line, body) in raw {
        let reference = Told::by(&body).identify(line, default_namespace, &scopes)?;
        drafts.push(Draft::at(text, line, reference, body));
    }
    let names = generated::secret_names(drafts.iter().map(|draft| &draft.reference), sealer);
    generated::veil(&mut drafts, &names);
    Ok((drafts.into_iter().map(|draft| draft.seal(sealer)).collect(), scopes))
}

/// The manifests of a text as they are, each with its line: for files that a policy is written in, which are shown to
/// nobody. `List`s are opened; nothing is sealed.
pub(crate) fn plain_manifests(text: &str) -> Result<Vec<(u32, Value)>, ManifestError> {
    let mut raw = Vec::new();
    for (line, document) in documents(text.strip_prefix('\u{feff}').unwrap_or(text))? {
        open(line, document, None, &mut raw)?;
    }
    Ok(raw)
}

/// Every document of the text that is not empty, with the line of its first key.
fn documents(text: &str) -> Result<Vec<(u32, Document)>, ManifestError> {
    if text.len() > MAX_TEXT {
        return Err(ManifestError::at(0, format!("the text is longer than {} MiB", MAX_TEXT >> 20)));
    }
    if deepest(text) <= SHALLOW {
        return read(text);
    }
    // The readers recurse, and nobody knows how much of the caller's stack is left.
    std::thread::scope(|scope| {
        let reader = std::thread::Builder::new().stack_size(DEEP_STACK).spawn_scoped(scope, || read(text));
        reader.ok().and_then(|reader| reader.join().ok()).unwrap_or_else(|| {
            Err(ManifestError::at(0, "the text nests deeply and there is no room to read it now: try again"))
        })
    })
}

/// An upper bound of how deep a text can nest: in blocks by the signs that start a line, in flows by brackets.
pub(super) fn deepest(text: &str) -> usize {
    let leading = |line: &str| {
        line.bytes().take_while(|byte| matches!(byte, b' ' | b'-' | b'?' | b':' | b'\t')).count()
    };
    let flows = text.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count();
    let open = text.bytes().scan(0_usize, |open, byte| {
        match byte {
            b'[' | b'{' => *open += 1,
            b']' | b'}' => *open = open.saturating_sub(1),
            _ => {}
        }
        Some(*open)
    });
    let flow = if flows <= SHALLOW { flows } else { open.max().unwrap_or(0) };
    text.lines().map(leading).max().unwrap_or(0) + flow
}

fn read(text: &str) -> Result<Vec<(u32, Document)>, ManifestError> {
    if text.len() <= MAX_JSON
        && text.trim_start().starts_with('{')
        && let Some(documents) = json(text)?
    {
        return Ok(documents);
    }
    yaml(text, MAX_NODES)
}

/// The text as YAML documents of so many nodes in all.
fn yaml(text: &str, nodes: usize) -> Result<Vec<(u32, Document)>, ManifestError> {
    let documents: Vec<Spanned<Document>> =
        serde_saphyr::from_multiple_with_options(text, options(nodes)).map_err(|error| refuse(&error))?;
    Ok(documents.into_iter().map(|document| (line(&document), document.value)).collect())
}

/// The most values of one text.
pub(super) const MAX_NODES: usize = 4_000_000;
/// The most documents of one text.
pub(super) const MAX_DOCUMENTS: usize = 20_000;

/// The manifests of a part of a text, each with its line in that part. What aliases make of it is in proportion to
/// how long it is.
pub(super) fn manifests(part: &str) -> Result<Vec<(u32, Value)>, ManifestError> {
    let mut raw = Vec::new();
    for (line, document) in yaml(part, (part.len() * 2 + 100).min(MAX_NODES))? {
        open(line, document, None, &mut raw)?;
    }
    Ok(raw)
}

/// The text as JSON documents; `None` where it is not JSON (it may still be YAML in flow style).
fn json(text: &str) -> Result<Option<Vec<(u32, Document)>>, ManifestError> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Node>();
    let mut documents = Vec::new();
    let (mut line, mut counted) = (1, 0);
    loop {
        let end = stream.byte_offset();
        let rest = text.get(end..).unwrap_or_default();
        let start = end + (rest.len() - rest.trim_start().len());
        line += newlines(text.get(counted..start));
        counted = start;
        match stream.next() {
            None => return Ok(Some(documents)),
            Some(Ok(Node(value))) if depth(&value) > MAX_DEPTH => {
                return Err(ManifestError::at(line, too_deep()));
            }
            Some(Ok(Node(value))) => documents.push((line, Document::from_value(value, line))),
            Some(Err(error)) if error.is_data() => {
                return Err(ManifestError {
                    message: spoken(&error.to_string()),
                    line: u32::try_from(error.line()).ok(),
                    column: u32::try_from(error.column()).ok(),
                });
            }
            Some(Err(_)) => return Ok(None),
        }
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(entries) => 1 + entries.values().map(depth).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

fn too_deep() -> String {
    format!("nested deeper than {MAX_DEPTH} levels")
}

fn newlines(text: Option<&str>) -> u32 {
    let count = text.unwrap_or_default().bytes().filter(|byte| *byte == b'\n').count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// How a text of so many nodes is read.
pub(super) fn options(nodes: usize) -> serde_saphyr::Options {
    serde_saphyr::options! {
        legacy_octal_numbers: true,
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_documents: MAX_DOCUMENTS,
            max_nodes: nodes,
            max_events: nodes * 3,
            max_depth: MAX_DEPTH,
            max_total_scalar_bytes: 128 << 20,
            enforce_alias_anchor_ratio: false,
        },
    }
}

/// A reader's error in our words, with its place.
#[expect(clippy::wildcard_enum_match_arm, reason = "a foreign list that grows; the rest says nothing more")]
fn refuse(error: &serde_saphyr::Error) -> ManifestError {
    use serde_saphyr::Error as E;
    let place = error.location();
    let message = match error.without_snippet() {
        E::DuplicateMappingKey { key, .. } => {
            spoken(&format!("{TWICE}{}", key.as_deref().unwrap_or_default()))
        }
        E::Message { msg, .. } => spoken(msg),
        E::ExternalMessage { msg, .. } => format!("not valid YAML: {msg}"),
        E::Eof { .. } => "the text ends too early".to_owned(),
        E::UnknownAnchor { .. } => "an alias has no anchor of its name in this document".to_owned(),
        E::NonFiniteFloat { .. } => "a number that is not finite: quote it if it is a text".to_owned(),
        E::RecursiveReferencesRequireWeakTypes { .. } => "an alias that contains itself".to_owned(),
        E::MergeValueNotMapOrSeqOfMaps { .. } => "`<<` takes a mapping or a list of mappings".to_owned(),
        E::Budget { breach, .. } => exceeded(breach),
        E::AliasReplayCounterOverflow { .. }
        | E::AliasReplayLimitExceeded { .. }
        | E::AliasExpansionLimitExceeded { .. }
        | E::AliasReplayStackDepthExceeded { .. } => "aliases expand to too much".to_owned(),
        E::AliasError { error, .. } => refuse(error).message,
        E::InvalidScalar { ty, .. } => format!("a value tagged as {ty} is none"),
        _ => "not valid YAML".to_owned(),
    };
    let number = |value: u64| u32::try_from(value).ok().filter(|value| *value > 0);
    ManifestError {
        message,
        line: place.and_then(|place| number(place.line())),
        column: place.and_then(|place| number(place.column())),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "a foreign list that grows; the rest says nothing more")]
fn exceeded(breach: &serde_saphyr::budget::BudgetBreach) -> String {
    use serde_saphyr::budget::BudgetBreach as B;
    match breach {
        B::Depth { .. } => too_deep(),
        B::Documents { .. } => "more documents than 20,000 in one text".to_owned(),
        B::Aliases { .. } | B::Anchors { .. } | B::AliasAnchorRatio { .. } => "too many aliases".to_owned(),
        B::MergeKeys { .. } => "too many merge keys (`<<`)".to_owned(),
        B::ScalarBytes { .. } => "values, aliases expanded, are longer than 128 MiB".to_owned(),
        _ => "too large, aliases expanded: split it".to_owned(),
    }
}

/// One of our own messages. A repeated key is named only if it looks like a field name.
fn spoken(message: &str) -> String {
    let Some((_, rest)) = message.split_once(TWICE) else {
        return if message.contains("not finite") {
            "a number that is not finite: quote it if it is a text".to_owned()
        } else {
            "a key must be a text, a number or a boolean".to_owned()
        };
    };
    let key = rest.split_once(" at line ").map_or(rest, |(key, _)| key);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    if !key.is_empty() && key.len() <= 40 && key.chars().all(plain) {
        format!("the key `{key}` comes twice in one mapping: remove one")
    } else {
        "a key comes twice in one mapping: remove one".to_owned()
    }
}

/// The objects of a document: itself, or what is in it where it is a list.
fn open(
    line: u32,
    document: Document,
    list: Option<&Map<String, Value>>,
    objects: &mut Vec<(u32, Value)>,
) -> Result<(), ManifestError> {
    let Document::Mapping { mut body, items } = document else {
        if document.into_value().is_null() {
            return Ok(());
        }
        return Err(ManifestError::at(
            line,
            "not a manifest: a mapping with apiVersion, kind and metadata is expected",
        ));
    };
    if let Some(list) = list {
        inherit(&mut body, list);
    }
    let is_list = text(&body, "kind").is_some_and(|kind| kind.ends_with("List"));
    match items {
        Some(items) if is_list => {
            for (own, item) in items {
                open(if own > 0 { own } else { line }, item, Some(&body), objects)?;
            }
            Ok(())
        }
        None if is_list && text(&body, "kind") == Some("List") => Ok(()),
        items => {
            objects.push((line, Document::Mapping { body, items }.into_value()));
            Ok(())
        }
    }
}

/// An item of a `ConfigMapList` may leave out what its list says of it.
fn inherit(body: &mut Map<String, Value>, list: &Map<String, Value>) {
    if body.contains_key("kind") || body.contains_key("apiVersion") {
        return;
    }
    if let (Some(kind), Some(version)) = (text(list, "kind"), text(list, "apiVersion"))
        && let Some(kind) = kind.strip_suffix("List").filter(|kind| !kind.is_empty())
    {
        body.insert("kind".to_owned(), Value::from(kind));
        body.insert("apiVersion".to_owned(), Value::from(version));
    }
}

fn text<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    map.get(key).and_then(Value::as_str)
}

/// What a manifest says of itself, each as a text that is not empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told<'a> {
    pub(super) api_version: Option<&'a str>,
    pub(super) kind: Option<&'a str>,
    pub(super) name: Option<&'a str>,
    pub(super) generate_name: Option<&'a str>,
    pub(super) namespace: Option<&'a str>,
}

impl<'a> Told<'a> {
    pub(super) fn by(body: &'a Value) -> Self {
        let text = |of: Option<&'a Value>, name: &str| {
            of.and_then(|of| of.get(name)).and_then(Value::as_str).filter(|text| !text.is_empty())
        };
        let metadata = body.get("metadata");
        Self {
            api_version: text(Some(body), "apiVersion"),
            kind: text(Some(body), "kind"),
            name: text(metadata, "name"),
            generate_name: text(metadata, "generateName"),
            namespace: text(metadata, "namespace"),
        }
    }

    pub(super) fn identify(
        &self,
        line: u32,
        default_namespace: Option<&str>,
        scopes: &CustomScopes,
    ) -> Result<ObjectRef, ManifestError> {
        let missing =
            |what: &str| ManifestError::at(line, format!("not a manifest: {what} is missing or not a text"));
        let api_version = self.api_version.ok_or_else(|| missing("`apiVersion`"))?;
        let kind = self.kind.ok_or_else(|| missing("`kind`"))?;
        let name = match (self.name, self.generate_name) {
            (Some(name), _) => name.to_owned(),
            (None, Some(prefix)) => format!("{prefix}*"),
            (None, None) => return Err(missing("`metadata.name`")),
        };
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let namespace = if is_cluster_scoped(group, kind) || scopes.is_cluster_scoped(group, kind) {
            ""
        } else {
            self.namespace.or(default_namespace).unwrap_or_default()
        };
        Ok(ObjectRef {
            group: group.to_owned(),
            version: version.to_owned(),
            namespace: namespace.to_owned(),
            kind: kind.to_owned(),
            name,
        })
    }
}
