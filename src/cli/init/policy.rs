//! The text of a policy for a repository as found: its environments, and suggestions that are switched off.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use countersign_core::config::{self, POLICY_PATH};
use countersign_core::environment::{Environment, EnvironmentSource};
use countersign_core::revision::ObjectId;

use super::{Found, paths};
use crate::cli::wire::Mirror;
use crate::ports::{Renderer, UnitSource, UnitSpec};

const HEAD: &str = "\
# What may land, and who must agree. It counts as it stands on the target branch; a change to it is judged by the old one.
# `countersign policy check` reads it, `countersign review --policy .countersign.toml` tries it out.
#
# Lines that begin with `#` and no blank are suggestions: take the `#` away to switch them on.

version = 1

# Environments: where changes land, and what is rendered for them. These were found by convention; put right what is wrong.
";

/// Which names are taken for the one that people depend on.
const PRODUCTION: [&str; 3] = ["prod", "production", "live"];
/// Kinds that run containers from a template.
const WORKLOADS: [&str; 3] = ["DaemonSet", "Deployment", "StatefulSet"];
const RBAC: [&str; 4] = ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"];
/// Kinds whose removal takes more with it than itself.
const HOLDERS: [&str; 4] = ["CustomResourceDefinition", "Namespace", "PersistentVolumeClaim", "StatefulSet"];

/// The whole file.
pub(super) async fn text(
    source: &Mirror,
    renderer: &impl Renderer,
    tree: &ObjectId,
    found: &Found,
) -> anyhow::Result<String> {
    let mut text = HEAD.to_owned();
    let mut names = BTreeSet::new();
    for environment in &found.environments {
        let name = name_for(&environment.name, &names);
        match table(source, renderer, tree, &name, environment).await? {
            Some(table) => {
                text.push_str(&table);
                names.insert(name);
            }
            None => {
                let shown: String = environment.name.chars().filter(|c| !c.is_control()).collect();
                let _ = writeln!(
                    text,
                    "\n# `{shown}` was found too, but its paths cannot be written here: rename them."
                );
            }
        }
        if names.len() == 1 && !text.contains(AFTER_FIRST) {
            text.push_str(AFTER_FIRST);
        }
    }
    if names.is_empty() {
        text.push_str(NO_ENVIRONMENT);
    }
    text.push_str(&suggestions(&names, &found.kinds));
    Ok(text)
}

/// What the first environment shows for all.
const AFTER_FIRST: &str = "\
# What the server's settings, or `review --cluster NAME=CONTEXT`, call its cluster, and how changes really get there:
#cluster = \"production\"
#apply = \"client-side\"                     # or server-side, helm (the default for charts), replace
#on_unreachable = \"hold\"                   # or render: judge by the render alone, and say so
";

const NO_ENVIRONMENT: &str = "
# None was found. One looks like this:
#[environment.production]
#source = { kustomize = \"overlays/production\" }
";

/// The same text with its suggestions switched on.
pub(super) fn switched_on(text: &str) -> String {
    let on = |line: &str| match line.strip_prefix('#') {
        Some(code) if !code.is_empty() && !code.starts_with(' ') => format!("{code}\n"),
        Some(_) | None => format!("{line}\n"),
    };
    text.lines().map(on).collect()
}

/// A name that a policy takes, and that is not taken.
fn name_for(found: &str, taken: &BTreeSet<String>) -> String {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    let plain: String =
        found.to_lowercase().chars().map(|c| if fits(c) { c } else { '-' }).take(50).collect();
    let plain = plain.trim_matches(['.', '_', '-']);
    let plain = if plain.is_empty() { "environment" } else { plain };
    let mut names = std::iter::once(plain.to_owned()).chain((2..).map(|number| format!("{plain}-{number}")));
    names.find(|name| !taken.contains(name)).unwrap_or_default()
}

/// An environment's table; `None` where no way to write it means the same units.
async fn table(
    source: &Mirror,
    renderer: &impl Renderer,
    tree: &ObjectId,
    name: &str,
    environment: &Environment,
) -> anyhow::Result<Option<String>> {
    let wanted = content(&renderer.units(source, tree, environment).await?);
    for way in ways(&environment.source) {
        let key = if name.contains('.') { toml_text(name) } else { name.to_owned() };
        let table = format!("\n[environment.{key}]\nsource = {{ {way} }}\n");
        let Ok(policy) = config::parse(&format!("version = 1\n{table}"), POLICY_PATH) else { continue };
        let Some(read) = policy.environments.first() else { continue };
        let units = renderer.units(source, tree, read).await;
        if units.is_ok_and(|units| content(&units) == wanted) {
            return Ok(Some(table));
        }
    }
    Ok(None)
}

/// What units come to: roots, charts with what they are given, and files, however they are grouped.
fn content(units: &[UnitSpec]) -> BTreeSet<Vec<String>> {
    let of = |unit: &UnitSpec| match &unit.source {
        UnitSource::Yaml { files } => files.iter().map(|file| vec![file.clone()]).collect(),
        UnitSource::Kustomize { root } => vec![vec![root.clone()]],
        UnitSource::Helm { chart, values, release, namespace, kubernetes: _ } => {
            let chart = [chart, release, namespace].into_iter().cloned();
            vec![chart.chain(values.iter().cloned()).collect()]
        }
    };
    units.iter().flat_map(of).collect()
}

/// Ways to write a source, the one to prefer first.
fn ways(source: &EnvironmentSource) -> Vec<String> {
    let each = |key: &str, ways: Vec<Vec<String>>| {
        ways.iter().map(|patterns| format!("{key} = {}", toml_list(patterns))).collect()
    };
    match source {
        EnvironmentSource::Kustomize(roots) => each("kustomize", paths::shorter(roots)),
        EnvironmentSource::Yaml(files) => each("yaml", paths::folders(files)),
        EnvironmentSource::Helm { chart, values, release, namespace } => {
            let mut way = format!("helm = {}", toml_path(chart));
            if !values.is_empty() {
                let _ = write!(way, ", values = {}", toml_list(values));
            }
            for (key, value) in [("release", release), ("namespace", namespace)] {
                if let Some(value) = value {
                    let _ = write!(way, ", {key} = {}", toml_text(value));
                }
            }
            vec![way]
        }
    }
}

/// The root of the repository is `.`.
fn toml_path(path: &str) -> String {
    toml_text(if path.is_empty() { "." } else { path })
}

fn toml_text(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// One path, or a list; a long one on lines of its own.
fn toml_list(paths: &[String]) -> String {
    match paths {
        [one] => toml_path(one),
        many => {
            let all: Vec<String> = many.iter().map(|path| toml_path(path)).collect();
            let line = format!("[{}]", all.join(", "));
            if line.len() <= 100 { line } else { format!("[\n    {},\n]", all.join(",\n    ")) }
        }
    }
}

/// Checks and rules that are right for what was found, switched off.
fn suggestions(names: &BTreeSet<String>, kinds: &BTreeSet<String>) -> String {
    let production: Vec<String> =
        names.iter().filter(|name| PRODUCTION.iter().any(|word| name.contains(word))).cloned().collect();
    let has = |wanted: &[&str]| wanted.iter().any(|kind| kinds.contains(*kind));
    let mut text =
        String::from("\n# Checks: what a change may contain. An error blocks, a warning is told.\n");
    if has(&["Deployment"]) {
        text.push_str(&replicas(&production));
    }
    let workloads: Vec<String> =
        WORKLOADS.iter().filter(|kind| has(&[kind])).map(|kind| format!("apps/{kind}")).collect();
    if !workloads.is_empty() {
        text.push_str(&tags(&workloads));
    }
    if !has(&WORKLOADS) {
        text.push_str(NAMES);
    }
    text.push_str(
        "\n# Rules: who must agree. What no rule claims needs one person with write permission who is not the author.\n",
    );
    if !production.is_empty() {
        text.push_str(&two_for(&production));
    }
    if has(&RBAC) {
        text.push_str(PRIVILEGE);
    }
    if has(&HOLDERS) || production.is_empty() {
        text.push_str(DATA);
    }
    text.push_str(MERGE);
    text
}

fn replicas(production: &[String]) -> String {
    let only = match production.is_empty() {
        true => String::new(),
        false => format!("#environments = [{}]\n", quoted(production)),
    };
    format!(
        "
#[[check]]
#name = \"two replicas\"
#cel = \"has(object.spec.replicas) && object.spec.replicas >= 2\"
#message = \"a single replica is gone for as long as it takes to move it\"
#kinds = [\"apps/Deployment\"]
{only}#severity = \"warning\"
"
    )
}

fn tags(kinds: &[String]) -> String {
    format!(
        "
#[[check]]
#name = \"no moving tags\"
#cel = \"object.spec.template.spec.containers.all(c, c.image.contains(':') && !c.image.endsWith(':latest'))\"
#message = \"name the version of every image, so that what was agreed is what runs\"
#kinds = [{}]
",
        quoted(kinds)
    )
}

fn quoted(texts: &[String]) -> String {
    texts.iter().map(|text| toml_text(text)).collect::<Vec<_>>().join(", ")
}

const NAMES: &str = "
#[[check]]
#name = \"names a namespace\"
#cel = \"has(object.metadata.namespace)\"
#message = \"say where it lands\"
#severity = \"warning\"
";

fn two_for(production: &[String]) -> String {
    let (list, name) = (quoted(production), production.first().map_or("production", String::as_str));
    format!(
        "
#[[rule]]
#name = \"{name} needs two\"
#when = {{ effect.any = {{ environment = [{list}] }} }}
#require = {{ count = 2, from = {{ permissions = [\"write\"] }} }}
"
    )
}

const PRIVILEGE: &str = "
#[[rule]]
#name = \"rights need an administrator\"
#when = { effect.any = { kinds = [\"rbac.authorization.k8s.io/*\"] } }
#require = { count = 1, from = { permissions = [\"admin\"] } }
";

const DATA: &str = "
#[[rule]]
#name = \"lost data needs an administrator\"
#when = { effect.any = { risks = [\"data-loss\"] } }
#require = { count = 1, from = { permissions = [\"admin\"] } }
";

const MERGE: &str = "
# When the bot lands what may land: on the command /merge, or as soon as nothing is missing.
#[merge]
#when = \"approved\"
";
