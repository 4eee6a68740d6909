//! From what a renderer complained about to a sentence of our own. Its text is matched and never passed on: it may quote
//! values. Only names that the repository itself uses as names (paths, keys, objects) are taken over.

use std::path::Path;

use super::closure::{Spot, spot_of};
use super::run::{Failure, Work};
use super::sandbox::SANDBOX_FAILED;
use super::settings::RenderSettings;
use super::text::documents;
use super::tool::Kind;
use super::unit::{below, last_part, shown};
use crate::ports::{KUSTOMIZATION_NAMES, UnitSource, join_path};
use crate::process::{Finished, ProcessError};

/// A render that failed.
pub(super) struct Scene<'a> {
    pub(super) kind: Kind,
    /// The export.
    pub(super) root: &'a Path,
    pub(super) work: &'a Work<'a>,
    pub(super) limits: &'a RenderSettings,
}

/// A renderer that had to be ended.
pub(super) fn explain_end(scene: &Scene<'_>, error: &ProcessError) -> Failure {
    let name = scene.kind.name();
    Failure::new(match error {
        ProcessError::Time(time) => format!(
            "{name} took longer than {} s and was ended; make it smaller, or raise `[render] timeout_seconds`",
            time.as_secs_f32().ceil()
        ),
        ProcessError::Output(most) => {
            format!("{name} gave more than {most} bytes of manifests and was ended; split the unit")
        }
        ProcessError::Start(_) | ProcessError::Talk(_) => format!("{name} could not be started"),
    })
}

/// A renderer that ended by itself, badly.
pub(super) fn explain(scene: &Scene<'_>, finished: &Finished) -> Failure {
    // kubectl wraps kustomize's message in a log line of its own.
    let text = String::from_utf8_lossy(&finished.stderr).replace("\\\"", "\"");
    let name = scene.kind.name();
    if finished.status.code() == Some(i32::from(SANDBOX_FAILED)) {
        return Failure::new(format!(
            "{name} could not be confined and was not started; run `countersign doctor`"
        ));
    }
    if ["out of memory", "cannot allocate", "failed to create new OS thread"]
        .iter()
        .any(|sign| text.contains(sign))
    {
        return Failure::new(format!(
            "{name} needed more than {} MB of memory and was ended; make the unit smaller, or raise `[render] \
             memory_mb`",
            scene.limits.memory >> 20
        ));
    }
    if std::os::unix::process::ExitStatusExt::signal(&finished.status).is_some() {
        return Failure::new(format!("{name} used up its CPU time, or crashed, and was ended"));
    }
    let found = match scene.kind {
        Kind::Kustomize => scene.kustomize(&text),
        Kind::Helm => scene.helm(&text),
    };
    found.unwrap_or_else(|| {
        let command = match &scene.work.unit.source {
            UnitSource::Helm { chart, release, .. } => format!("helm template {release} {}", shown(chart)),
            UnitSource::Kustomize { root } => format!("kustomize build {}", shown(root)),
            UnitSource::Yaml { .. } => name.to_owned(),
        };
        Failure::new(format!("{name} failed; `{command}` says why"))
    })
}

impl Scene<'_> {
    fn kustomize(&self, text: &str) -> Option<Failure> {
        if text.contains("cycle detected") {
            let at = between(text, "candidate root '", "'").and_then(|path| self.local(path));
            let of = at.as_ref().map_or(String::new(), |path| format!(" through `{}`", shown(path)));
            return Some(self.at_reference(format!("the kustomization includes itself{of}"), at));
        }
        if let Some(path) = missing_path(text) {
            let path = self.local(path);
            let what =
                path.as_deref().map_or_else(|| "a file".to_owned(), |path| format!("`{}`", shown(path)));
            return Some(self.at_reference(format!("{what} is missing"), path));
        }
        if let Some(folder) = between(text, "in directory '", "'") {
            let folder = self.local(folder);
            let what = folder.as_deref().map_or_else(|| "a folder".to_owned(), |path| format!("`{path}`"));
            return Some(self.at_reference(format!("{what} has no kustomization.yaml"), folder));
        }
        if let Some(folder) = text.split("multiple kustomization files under: ").nth(1) {
            let folder = self.local(folder.lines().next()?)?;
            let message = format!("`{}` has more than one kustomization file; keep one", shown(&folder));
            return Some(Failure::in_file(message, &below(&folder, "kustomization.yaml")));
        }
        if let Some(field) = between(text, "unknown field \"", "\"").and_then(name_like) {
            let spot = self.kustomization_spot(&format!("{field}:"));
            let message = format!("the kustomization has an unknown field `{field}`");
            return Some(Failure { message, at: spot });
        }
        if let Some(file) = between(text, "in File: ", "\n").or_else(|| between(text, "in File: ", "'")) {
            let file = self.member(file.trim());
            return Some(self.bad_yaml(file, line_in(text)));
        }
        if let Some((_, id)) = text.split_once("already registered id: ") {
            let id = id.split(['\'', '"', '\n']).next().and_then(object_like)?;
            return Some(Failure::new(format!("{id} is defined twice")));
        }
        if let Some(id) = between(text, "unique target for patch ", "\n").and_then(object_like) {
            return Some(Failure::new(format!("a patch changes {id}, which is not there")));
        }
        if let Some(folder) =
            between(text, "couldn't make target for path '", "': kustomization.yaml is empty")
        {
            let folder = self.local(folder)?;
            return Some(Failure::in_file(
                "the kustomization is empty",
                &below(&folder, "kustomization.yaml"),
            ));
        }
        let resource = between(text, "accumulating resources from '", "'");
        if let Some(path) = resource.filter(|path| KUSTOMIZATION_NAMES.contains(&last_part(path)))
            && text.contains("metadata")
        {
            let message =
                "a kustomization is listed as a resource; list its folder, or nothing where it lists itself";
            return Some(self.at_reference(message.to_owned(), self.member(path)));
        }
        if let Some(message) = json_patch(text) {
            return Some(Failure::new(message));
        }
        let incomplete =
            [("missing kind in object", "kind"), ("missing metadata.name in object", "metadata.name")];
        if let Some((_, field)) = incomplete.iter().find(|(sign, _)| text.contains(sign)) {
            let file = between(text, "accumulating resources from '", "'").and_then(|path| self.member(path));
            let message = format!("an object has no `{field}`");
            return Some(match file {
                Some(file) => Failure::in_file(message, &file),
                None => Failure::new(message),
            });
        }
        let signs = [
            (
                "external plugins disabled",
                "it uses a plugin that is a program of its own, which is switched off",
            ),
            ("must specify --enable-helm", "it renders a chart inside of kustomize, which is switched off"),
            ("git fetch", "it refers to a remote base, which is not fetched; copy it into the repository"),
            ("Get \"http", "it refers to a remote file, which is not fetched; copy it into the repository"),
        ];
        signs.iter().find(|(sign, _)| text.contains(sign)).map(|(_, message)| Failure::new(*message))
    }

    fn helm(&self, text: &str) -> Option<Failure> {
        if let Some(names) = text.split("missing in charts/ directory: ").nth(1) {
            let names =
                names.lines().next()?.split(", ").filter_map(name_like).collect::<Vec<_>>().join(", ");
            let message = format!(
                "the chart needs {names}, which is not in its `charts` folder and is not fetched; run `helm dependency \
                 build` and commit the result"
            );
            return Some(Failure::in_file(message, &self.chart_file("Chart.yaml")));
        }
        if let Some(place) = between(text, "execution error at (", ")") {
            let message = "the template stops the render itself (`fail` or `required`)".to_owned();
            return Some(Failure { message, at: self.template(place) });
        }
        if let Some(place) = between(text, "parse error at (", ")") {
            let function = between(text, "function \"", "\" not defined").and_then(name_like);
            let message = match function {
                Some(function) => format!("the template calls `{function}`, which does not exist"),
                None => "the template is not valid".to_owned(),
            };
            return Some(Failure { message, at: self.template(place) });
        }
        if let Some(path) = between(text, "YAML parse error on ", ": ") {
            let line = line_in(text).map_or(String::new(), |line| format!(", at line {line} of its output"));
            let message = format!("what the template gives is not valid YAML{line}");
            return Some(Failure { message, at: self.template(path) });
        }
        if let Some(place) = between(text, "template: ", ": executing") {
            let what =
                text.split(" at <").last().and_then(|rest| rest.split(">: ").next()).and_then(field_like);
            let message = if let Some(name) = between(text, "no template \"", "\"").and_then(name_like) {
                format!("the template `{name}` does not exist")
            } else if text.contains("nil pointer") || text.contains("can't evaluate field") {
                let what = what.map_or_else(|| "a value".to_owned(), |what| format!("`{what}`"));
                format!("{what} is used, but what it lies in is not set or is no map")
            } else {
                let what = what.map_or(String::new(), |what| format!(" at `{what}`"));
                format!("the template failed{what}")
            };
            return Some(Failure { message, at: self.template(place) });
        }
        if text.contains("don't meet the specifications of the schema") {
            let paths: Vec<&str> =
                text.split("at '").skip(1).filter_map(|rest| field_like(rest.split('\'').next()?)).collect();
            let message = format!("values do not fit the chart's values.schema.json at {}", paths.join(", "));
            return Some(Failure::in_file(message, &self.chart_file("values.schema.json")));
        }
        if let Some(file) = between(text, "cannot load ", ": ").and_then(name_like) {
            return Some(self.bad_yaml(Some(self.chart_file(file)), line_in(text)));
        }
        if let Some(file) = between(text, "failed to parse ", ": ") {
            return Some(self.bad_yaml(self.member(file), line_in(text)));
        }
        if let Some(path) = missing_path(text) {
            let path = self.local(path)?;
            return Some(Failure::in_file(format!("`{path}` is missing"), &path));
        }
        if text.contains("library charts are not installable") {
            let message = "the chart is a library, which others use and nobody installs";
            return Some(Failure::in_file(message, &self.chart_file("Chart.yaml")));
        }
        let (_, wrong) = text.split_once("validation: chart.")?;
        let field = wrong.strip_prefix("metadata.").and_then(|rest| name_like(rest.split(' ').next()?));
        let message = match field {
            Some(field) if wrong.contains(" is required") => format!("Chart.yaml has no `{field}`"),
            Some(field) => format!("`{field}` in Chart.yaml is not valid"),
            None => "Chart.yaml is not complete".to_owned(),
        };
        Some(Failure::in_file(message, &self.chart_file("Chart.yaml")))
    }

    /// A path of a message as a path of the tree, which is where the renderer started.
    fn local(&self, path: &str) -> Option<String> {
        let path = path.trim().trim_end_matches('/');
        let path = match Path::new(path).strip_prefix(self.root) {
            Ok(rest) => join_path("", rest.to_str()?)?,
            Err(_) if path.starts_with('/') => return None,
            Err(_) => join_path("", path)?,
        };
        (path.len() <= 300 && !path.chars().any(char::is_control)).then_some(path)
    }

    /// The one file of the unit that a path of a message can mean, whatever it is relative to.
    fn member(&self, path: &str) -> Option<String> {
        if let Some(path) = self.local(path).filter(|path| self.work.tree.entry(path).is_some()) {
            return Some(path);
        }
        let bare = path.trim_start_matches("./").trim_start_matches("../");
        let ends = |member: &str| member == bare || member.ends_with(&format!("/{bare}"));
        let near = join_path(&self.work.unit.path, path).filter(|path| self.work.tree.entry(path).is_some());
        let mut members = self.work.members.iter().map(|entry| entry.path.as_str()).filter(|path| ends(path));
        near.or_else(|| members.next().filter(|_| members.next().is_none()).map(str::to_owned))
    }

    /// A failure about a path, at the place that names it.
    fn at_reference(&self, message: String, path: Option<String>) -> Failure {
        let named = path.as_ref().and_then(|path| self.work.closure.named_at.get(path).cloned());
        let at = named.or_else(|| self.kustomization_spot(last_part(path.as_deref()?)));
        Failure { message, at }
    }

    /// Where a kustomization of the unit contains a text.
    fn kustomization_spot(&self, needle: &str) -> Option<Spot> {
        let mut spots = self.work.closure.kustomizations.iter().map(|file| {
            let text = std::fs::read_to_string(self.root.join(file)).unwrap_or_default();
            spot_of(file, &text, needle)
        });
        spots.find(|spot| spot.line.is_some())
    }

    /// A failure about a file that is no YAML, where our own reading of it stops.
    fn bad_yaml(&self, file: Option<String>, line: Option<u32>) -> Failure {
        let Some(file) = file else { return Failure::new("a file is not valid YAML") };
        let text = std::fs::read_to_string(self.root.join(&file)).unwrap_or_default();
        let at = match documents(&file, &text) {
            Err(spot) if spot.line.is_some() => spot,
            Err(_) | Ok(_) => Spot { file: file.clone(), line, column: None },
        };
        Failure { message: format!("`{file}` is not valid YAML"), at: Some(at) }
    }

    fn chart(&self) -> &str {
        match &self.work.unit.source {
            UnitSource::Helm { chart, .. } => chart,
            UnitSource::Kustomize { root } => root,
            UnitSource::Yaml { .. } => "",
        }
    }

    fn chart_file(&self, name: &str) -> String {
        below(self.chart(), name)
    }

    /// A place in a template, `<chart name>/templates/x.yaml:5:12`, as helm writes it.
    fn template(&self, place: &str) -> Option<Spot> {
        let mut parts = place.split(':');
        let (path, line, column) = (parts.next()?, parts.next(), parts.next());
        let number = |text: Option<&str>| text.and_then(|text| text.trim().parse().ok());
        let (_, inside) = path.split_once('/')?;
        let file = self.chart_file(inside);
        // A chart that another depends on stands elsewhere in the repository than in the export.
        let moved = self.work.closure.dependencies.iter().find_map(|dependency| {
            let rest = file.strip_prefix(&dependency.to)?.strip_prefix('/')?;
            Some(below(&dependency.from, rest))
        });
        let file = moved.unwrap_or(file);
        let known = self.work.tree.entry(&file).is_some();
        known.then(|| Spot { file, line: number(line), column: number(column) })
    }
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found).or(Some(rest).filter(|_| after == "\n"))
}

/// The path in "lstat …: no such file or directory", or the same with `open`.
fn missing_path(text: &str) -> Option<&str> {
    let (before, _) = text.split_once(": no such file or directory")?;
    let (_, path) = before.rsplit_once("lstat ").or_else(|| before.rsplit_once("open "))?;
    Some(path.trim_matches('\''))
}

/// A JSON patch that does not fit what it is for, by the words of the library that applies it.
fn json_patch(text: &str) -> Option<String> {
    let path = |before: &str| {
        let (_, rest) = text.split_once(before)?;
        let path = rest.trim_start_matches(['"', '\'']);
        field_like(path.split(['"', '\'', ':', ' ']).next()?)
    };
    if let Some(path) = path("testing value ") {
        return Some(format!("a JSON patch tests `{path}`, which is not as it says"));
    }
    let path = path("doc is missing path: ")
        .or_else(|| path("doc is missing key: "))
        .or_else(|| path(" for path: "));
    let path = path.filter(|_| text.contains("operation does not apply") || text.contains("error in "))?;
    Some(format!("a JSON patch cannot be applied at `{path}`, since the object has no such place"))
}

fn line_in(text: &str) -> Option<u32> {
    between(text, "yaml: line ", ":")?.parse().ok()
}

fn name_like(text: &str) -> Option<&str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let text = text.trim();
    (!text.is_empty() && text.len() <= 64 && text.chars().all(allowed)).then_some(text)
}

/// A path into values or a field of a template: names and dots.
fn field_like(text: &str) -> Option<&str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '$' | '/' | '~');
    (!text.is_empty() && text.len() <= 120 && text.chars().all(allowed)).then_some(text)
}

/// An object as kustomize names it, `Kind.version.group/name.namespace`, in words.
fn object_like(text: &str) -> Option<String> {
    let (kind, name) = text.trim().trim_end_matches('"').split_once('/')?;
    let kind = name_like(kind.split('.').next()?)?;
    // No namespace has a dot in it.
    let (name, namespace) = name.rsplit_once('.')?;
    let name = name_like(name)?;
    Some(match name_like(namespace) {
        Some(namespace) => format!("{kind} `{name}` in namespace `{namespace}`"),
        None => format!("{kind} `{name}`"),
    })
}
