//! What stands at the top of a shipped rule: OPA's `# METADATA` comment, which is its documentation.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Parameter, Rule, minor};
use crate::config::Severity;

/// How the comment begins.
const START: &str = "# METADATA";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    scope: String,
    title: String,
    description: String,
    custom: Custom,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Custom {
    id: String,
    severity: Severity,
    fix: String,
    since: Option<String>,
    replaces: Option<String>,
    #[serde(default)]
    parameters: BTreeMap<String, Parameter>,
}

/// Reads a rule from its text.
///
/// # Errors
///
/// Where the comment is missing or says something else than a rule's has to.
pub(super) fn read(id: &'static str, text: &'static str) -> Result<Rule, String> {
    let rest = text.strip_prefix(START).ok_or_else(|| format!("{id}: it does not begin with `{START}`"))?;
    let lines = rest.lines().skip(1).map_while(|line| line.strip_prefix('#'));
    let yaml: String = lines.map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line))).collect();
    let Written { scope, title, description, custom } =
        serde_saphyr::from_str(&yaml).map_err(|error| format!("{id}: {error}"))?;
    let Custom { id: written, severity, fix, since, replaces, parameters } = custom;
    if written != id || scope != "package" {
        return Err(format!("{id}: its metadata belongs to `{scope}` `{written}`"));
    }
    let since = match since {
        Some(version) => {
            Some(minor(&version).ok_or_else(|| format!("{id}: `{version}` is no version of Kubernetes"))?)
        }
        None => None,
    };
    let line = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(Rule {
        id,
        title: line(title),
        description: line(description),
        fix: line(fix),
        severity,
        since,
        replaces,
        parameters,
        text,
    })
}
