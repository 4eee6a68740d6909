//! The policies that come with the program: packs of rules in Rego, each a folder under `policies/` with its
//! documentation and its cases. Says which rules there are and which a check uses; evaluates nothing.

mod metadata;
mod registry;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::Value;

use crate::config::Severity;
use crate::config::{nearest, one_of};

/// What a shipped file is called whose text is a rule.
const RULE: &str = "/rule.rego";

/// One rule of a pack.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Pack and name: `pod-security/baseline/privileged`.
    pub id: &'static str,
    /// What must hold, in a few words.
    pub title: String,
    /// Why.
    pub description: String,
    /// What to do where it does not hold.
    pub fix: String,
    /// How heavy what it finds is.
    pub severity: Severity,
    /// The minor version of Kubernetes that it begins with; it says nothing about older ones.
    pub since: Option<u32>,
    /// The rule of a wider pack in whose place it stands, where both are used.
    pub replaces: Option<String>,
    /// What a check can set for it, by name.
    pub parameters: BTreeMap<String, Parameter>,
    /// Its policy.
    pub(crate) text: &'static str,
}

/// Something that a check can set for a rule.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: ParameterKind,
    /// What it is where nothing is set.
    pub default: Value,
    /// What it means.
    pub description: String,
    /// Whether its rule judges nothing while it is as by default.
    #[serde(default)]
    pub needed: bool,
}

/// What a parameter may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParameterKind {
    /// A whole number from 0 on.
    Number,
    /// True or false.
    Flag,
    /// A text.
    Text,
    /// A list of texts.
    Texts,
    /// A version of Kubernetes, like `1.33`.
    Version,
}

impl ParameterKind {
    /// What it asks for, for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Number => "a whole number",
            Self::Flag => "true or false",
            Self::Text => "a text",
            Self::Texts => "a list of texts",
            Self::Version => "a version like \"1.33\"",
        }
    }

    /// Whether a value is one.
    pub fn takes(self, value: &Value) -> bool {
        match self {
            Self::Number => value.is_u64(),
            Self::Flag => value.is_boolean(),
            Self::Text => value.is_string(),
            Self::Texts => value.as_array().is_some_and(|items| items.iter().all(Value::is_string)),
            Self::Version => value.as_str().and_then(minor).is_some(),
        }
    }
}

impl Rule {
    /// The pack that it stands in: `pod-security/baseline`.
    pub fn pack(&self) -> &'static str {
        self.id.rsplit_once('/').map_or(self.id, |(pack, _)| pack)
    }

    /// Its name within the pack: `privileged`.
    pub fn name(&self) -> &'static str {
        self.id.rsplit_once('/').map_or(self.id, |(_, name)| name)
    }

    /// The package that it is written in: `data.pod_security.baseline.privileged`.
    pub(crate) fn package(&self) -> String {
        format!("data.{}", self.id.replace('-', "_").replace('/', "."))
    }
}

/// The 33 of `1.33`, `v1.33` and `1.33.4`.
pub(crate) fn minor(version: &str) -> Option<u32> {
    let rest = version.strip_prefix('v').unwrap_or(version).strip_prefix("1.")?;
    rest.split('.').next()?.parse().ok()
}

/// Packs that hold all of another one.
const WIDER: [(&str, &str); 1] = [("pod-security/restricted", "pod-security/baseline")];

static RULES: LazyLock<Result<Vec<Rule>, String>> = LazyLock::new(|| {
    let rules = registry::FILES.iter().filter(|(path, _)| path.ends_with(RULE));
    rules.map(|(path, text)| metadata::read(path.trim_end_matches(RULE), text)).collect()
});

/// Every shipped rule, by id.
///
/// # Errors
///
/// Where one of them cannot be read. A test holds that all can.
pub fn rules() -> Result<&'static [Rule], String> {
    RULES.as_ref().map(Vec::as_slice).map_err(Clone::clone)
}

/// The shipped rule of this id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    rules().ok()?.iter().find(|rule| rule.id == id)
}

/// The policies that rules are written with, and the data that they read, by path.
pub(crate) fn foundations() -> impl Iterator<Item = (&'static str, &'static str)> {
    registry::FILES.iter().copied().filter(|(path, _)| !path.ends_with(RULE))
}

/// The packs, with their rules: also those that they take from another pack.
pub fn packs() -> Result<BTreeMap<&'static str, Vec<&'static Rule>>, String> {
    let mut packs: BTreeMap<&str, Vec<&Rule>> = BTreeMap::new();
    for rule in rules()? {
        packs.entry(rule.pack()).or_default().push(rule);
        for (wider, _) in WIDER.iter().filter(|(_, narrower)| *narrower == rule.pack()) {
            packs.entry(wider).or_default().push(rule);
        }
    }
    Ok(packs)
}

/// The rules that a name stands for: a pack, a family of packs, or one rule.
///
/// # Errors
///
/// Where there is no such thing: what it may have been.
pub fn named(name: &str) -> Result<Vec<&'static Rule>, String> {
    let packs = packs()?;
    let below = |id: &str| id.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'));
    let found: Vec<&Rule> = match packs.get(name) {
        Some(rules) => rules.clone(),
        None => rules()?.iter().filter(|rule| rule.id == name || below(rule.id)).collect(),
    };
    if found.is_empty() {
        let names: Vec<&str> = packs.keys().copied().collect();
        let all = names.iter().copied().chain(rules()?.iter().map(|rule| rule.id));
        return Err(match nearest(name, all) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("expected {}", one_of(&names)),
        });
    }
    Ok(found)
}

/// The rules that a check uses, by id, each once: what is named, without what is left out, and without what another
/// used rule replaces in this version of Kubernetes.
///
/// # Errors
///
/// Where a name stands for nothing.
pub(crate) fn chosen(
    uses: &[String],
    except: &[String],
    version: Option<u32>,
) -> Result<Vec<&'static Rule>, String> {
    let mut chosen: BTreeMap<&str, &Rule> = BTreeMap::new();
    for name in uses {
        let found = named(name).map_err(|hint| format!("there is no pack or rule `{name}`: {hint}"))?;
        chosen.extend(found.into_iter().map(|rule| (rule.id, rule)));
    }
    chosen.retain(|_, rule| !except.iter().any(|name| leaves_out(name, rule)));
    let began = |rule: &Rule| {
        let newest = u32::MAX;
        rule.since.is_none_or(|since| since <= version.unwrap_or(newest))
    };
    let replaced: BTreeSet<String> =
        chosen.values().filter(|rule| began(rule)).filter_map(|rule| rule.replaces.clone()).collect();
    chosen.retain(|id, _| !replaced.contains(*id));
    Ok(chosen.into_values().collect())
}

/// Whether a name in `except` means a rule: its whole id, or its name alone.
pub(crate) fn leaves_out(name: &str, rule: &Rule) -> bool {
    rule.id == name || rule.name() == name
}
