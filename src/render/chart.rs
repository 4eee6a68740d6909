//! The closure of a chart: its folder whole, values files, charts of the same repository that it depends on, and
//! whether its templates give the same text each time.

use std::collections::BTreeSet;

use serde_json::Value;

use super::closure::{Dependency, Explorer, Spot, spot_of};
use super::tree::Place;
use super::unit::below;
use crate::ports::{SourceError, join_path, parent_path};

/// What helm reads of every chart.
const FILES: [&str; 6] =
    ["Chart.yaml", "values.yaml", "values.schema.json", "requirements.yaml", "Chart.lock", ".helmignore"];
const FOLDERS: [&str; 2] = ["templates", "crds"];

/// Functions whose answer depends on more than the chart and its values.
const UNSTABLE: [&str; 11] = [
    "now",
    "ago",
    "uuidv4",
    "htpasswd",
    "bcrypt",
    "lookup",
    "shuffle",
    "encryptAES",
    "getHostByName",
    "htmlDate",
    "htmlDateInZone",
];
/// The same, by how they begin.
const UNSTABLE_BEGINNINGS: [&str; 3] = ["date", "rand", "gen"];

/// Explores a chart with values files.
pub(super) async fn explore(
    explorer: &mut Explorer<'_>,
    chart: &str,
    values: &[String],
) -> Result<(), SourceError> {
    for path in values {
        let place = explorer.look(path);
        let at = Spot { file: path.clone(), line: None, column: None };
        match place {
            Place::File(found) => {
                explorer.found.unstable |= explorer.text(&found).await?.is_none_or(|text| is_unstable(&text));
            }
            Place::Absent(_) | Place::Folder(_) => {
                explorer.obstacle(format!("values file `{path}` is missing"), at);
            }
            Place::Outside => {
                explorer.obstacle(format!("`{path}` is a symlink that leads out of the repository"), at);
            }
        }
        if path.contains([',', '"']) {
            let at = Spot { file: path.clone(), line: None, column: None };
            explorer.obstacle(
                "helm takes no values file with a comma or a quote in its path; rename it".to_owned(),
                at,
            );
        }
    }
    let mut visited = BTreeSet::new();
    let mut waiting = vec![(chart.to_owned(), chart.to_owned())];
    // `at` is where the chart will stand in the export: a dependency stands in its parent's `charts`.
    while let Some((folder, at)) = waiting.pop() {
        if !visited.insert(at.clone()) || visited.len() > 100 {
            continue;
        }
        explorer.perhaps(folder.clone());
        claim(explorer, &folder);
        for name in ["Chart.yaml", "requirements.yaml"] {
            let file = below(&folder, name);
            if let Place::File(found) = explorer.look(&file) {
                for dependency in local_dependencies(explorer, &folder, &at, &found).await? {
                    waiting.push((dependency.from.clone(), dependency.to.clone()));
                    explorer.found.dependencies.push(dependency);
                }
            }
        }
        scan(explorer, &folder).await?;
    }
    Ok(())
}

/// Notes what helm reads of a chart, and of those that are vendored in it. Whatever else lies in their folders is
/// perhaps read by a template, and so claims nothing.
fn claim(explorer: &mut Explorer<'_>, chart: &str) {
    for name in FILES {
        explorer.look(&below(chart, name));
    }
    for name in FOLDERS {
        explorer.reads().listings.insert(below(chart, name));
    }
    let charts = below(chart, "charts");
    let is_vendored = |folder: &&str| parent_path(folder) == charts;
    let vendored: Vec<&str> = explorer.ground.tree.folders().filter(is_vendored).collect();
    for folder in vendored {
        claim(explorer, folder);
    }
}

/// Dependencies of a chart on folders of the same repository (`file://…`), except those that are vendored already.
async fn local_dependencies(
    explorer: &mut Explorer<'_>,
    folder: &str,
    at: &str,
    file: &str,
) -> Result<Vec<Dependency>, SourceError> {
    let Some(text) = explorer.text(file).await? else {
        explorer.widen();
        return Ok(Vec::new());
    };
    let Ok(documents) = text.documents(file) else {
        // Helm will say what is wrong with it.
        explorer.widen();
        return Ok(Vec::new());
    };
    let listed = documents.iter().filter_map(|document| document.get("dependencies")?.as_array()).flatten();
    let mut dependencies = Vec::new();
    for entry in listed {
        let field = |name| entry.get(name).and_then(Value::as_str).unwrap_or_default();
        let (name, repository) = (field("name"), field("repository"));
        let Some(path) = repository.strip_prefix("file://") else { continue };
        let vendored = below(folder, &format!("charts/{name}"));
        let packed = format!("{vendored}-");
        let mut present =
            explorer.ground.tree.below(&below(folder, "charts")).map(|entry| entry.path.as_str());
        if present.any(|path| path.starts_with(&format!("{vendored}/")) || path.starts_with(&packed)) {
            continue;
        }
        let spot = spot_of(file, &text, repository);
        let place = join_path(folder, path).map(|path| explorer.look(&path));
        match place {
            Some(Place::Folder(from)) if !name.is_empty() && !name.contains('/') => {
                dependencies.push(Dependency { from, to: below(at, &format!("charts/{name}")) });
            }
            Some(Place::Absent(absent)) => {
                explorer.perhaps(absent.clone());
                explorer.obstacle(format!("the chart depends on `{absent}`, which is missing"), spot);
            }
            Some(Place::Folder(_) | Place::File(_) | Place::Outside) | None => {
                explorer.obstacle(
                    "the chart depends on a path that is no chart of this repository".to_owned(),
                    spot,
                );
            }
        }
    }
    Ok(dependencies)
}

/// Notes whether anything in a chart's folder could render differently each time.
async fn scan(explorer: &mut Explorer<'_>, folder: &str) -> Result<(), SourceError> {
    let files: Vec<String> = explorer.ground.tree.below(folder).map(|entry| entry.path.clone()).collect();
    for file in files {
        // A packed chart is not opened here: what it does cannot be told.
        explorer.found.unstable |= file.ends_with(".tgz");
        let Some(text) = explorer.text(&file).await? else { continue };
        explorer.found.unstable |= is_unstable(&text);
    }
    Ok(())
}

/// Whether a template calls a function whose answer changes.
fn is_unstable(text: &str) -> bool {
    let actions = text.split("{{").skip(1).filter_map(|rest| rest.split("}}").next());
    actions.filter(|action| !action.trim_start_matches(['-', ' ']).starts_with("/*")).any(|action| {
        let mut before = ' ';
        action.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|piece| {
            let word = piece.trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let called = !matches!(before, '.' | '$')
                && (UNSTABLE.contains(&word)
                    || UNSTABLE_BEGINNINGS.iter().any(|beginning| word.starts_with(beginning)));
            before = piece.chars().last().unwrap_or(' ');
            called
        })
    })
}

#[cfg(test)]
mod tests {
    use super::is_unstable;

    #[test]
    fn tells_what_changes_by_itself() {
        let check = |text: &str, want: bool| assert_eq!(is_unstable(text), want, "{text}");
        check("a: {{ now | date \"2006\" }}", true);
        check("a: {{ $x := genCA \"a\" 1 }}", true);
        check("a: {{- randAlphaNum 5 -}}", true);
        check("a: {{ (lookup \"v1\" \"Pod\" \"a\" \"b\").x }}", true);
        check("a: {{ .Values.date }} {{ $generated }} {{ .Values.now.x }}", false);
        check("now is the date: genCA", false);
        check("{{/* now */}}{{ .Values.a | default (include \"x\" .) }}", false);
        check("{{ .Values.a }} now {{ uuidv4 }}", true);
    }
}
