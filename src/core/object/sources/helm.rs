//! What Helm says above each manifest: the template that it comes from.
//!
//! Helm writes `# Source: chart/templates/web.yaml` behind each `---` of its own. A manifest could carry such a line
//! itself, so it is believed only where no manifest can have put it. Which line of a template an object begins at is
//! told where the template says it literally.

use std::collections::{BTreeMap, BTreeSet};

use super::super::parts::{Part, parts};
use super::{Lines, Sources, Stretch};

const SOURCE: &str = "# Source: ";
/// The folder of definitions, which Helm copies as they are.
const DEFINITIONS: &str = "crds";
/// What may follow `{{` where an action gives no text of its own.
const CONTROLS: [&str; 9] = ["if", "else", "end", "range", "with", "define", "break", "continue", "/*"];

/// The files that a text of Helm's names, as it calls them: the chart's name first.
pub fn helm_files(text: &str) -> BTreeSet<String> {
    parts(text).iter().filter_map(|part| named(part.text)).map(str::to_owned).collect()
}

/// Where the objects of a text of Helm's come from. `files` has what [`helm_files`] gives, each with its path in the
/// tree and its text, as far as they are there.
pub fn helm(text: &str, files: &BTreeMap<String, (String, String)>) -> Sources {
    let mut templates = Templates::new(files);
    let mut stretches = Vec::new();
    let mut next = Next::Headed;
    let all = parts(text);
    let mut rest = all.as_slice();
    while let Some((part, others)) = rest.split_first() {
        rest = others;
        let name = named(part.text);
        if let Some(name) = name.filter(|name| is_definition(name)) {
            let Some((stretch, length)) = copied(text, part, files.get(name)) else {
                // Where a file of definitions ends, nobody can tell: what follows may be its own word.
                stretches.push(Stretch { first: part.line, file: None, line: Lines::Unknown });
                break;
            };
            let end = stretch.first.saturating_add(length);
            rest = others.get(others.partition_point(|other| other.line < end)..).unwrap_or_default();
            stretches.push(stretch);
            continue;
        }
        let file = match (name, next) {
            (Some(name), Next::Headed) => Some(name),
            // Nothing stood below the line before, so the manifest itself may say this.
            (Some(_), Next::Of(_)) | (None, Next::Headed) => None,
            (None, Next::Of(file)) => file,
        };
        stretches.push(templates.stretch(part, file));
        // Helm writes its line above each manifest, so behind one there is another.
        next = if has_content(part.text) { Next::Headed } else { Next::Of(file) };
    }
    Sources { stretches, named: BTreeMap::new() }
}

/// What is known of the part that comes next.
#[derive(Clone, Copy)]
enum Next<'a> {
    /// If a line above it names a file, Helm wrote it.
    Headed,
    /// It may be the manifest of this file, which was named and of which nothing was seen yet.
    Of(Option<&'a str>),
}

/// The file that a part names in its first line behind the marker.
fn named(part: &str) -> Option<&str> {
    let mut lines = part.lines();
    let first = lines.find(|line| !line.trim().is_empty())?;
    let line = if first.trim_end() == "---" { lines.next()? } else { return None };
    line.strip_prefix(SOURCE).map(str::trim).filter(|name| !name.is_empty())
}

/// Whether it is in the folder of definitions of a chart, or of one within it.
fn is_definition(name: &str) -> bool {
    let mut folders = name.split('/').skip(1);
    loop {
        match folders.next() {
            Some("charts") => drop(folders.next()),
            Some(folder) => return folder == DEFINITIONS,
            None => return false,
        }
    }
}

fn has_content(part: &str) -> bool {
    part.lines().any(|line| !(line.trim().is_empty() || line.starts_with('#') || line.starts_with("---")))
}

/// A file that is copied as it is, and how many lines it has.
fn copied(text: &str, part: &Part<'_>, file: Option<&(String, String)>) -> Option<(Stretch, u32)> {
    let (path, content) = file?;
    // The part is a stretch of the text.
    let start = part.text.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
    // Behind the marker and the line that names it.
    let header: usize = part.text.split_inclusive('\n').take(2).map(str::len).sum();
    let copy = text.get(start + header..)?.strip_prefix(content.as_str())?;
    copy.starts_with('\n').then_some(())?;
    let length = u32::try_from(content.matches('\n').count() + 1).ok()?;
    Some((Stretch { first: part.line + 2, file: Some(path.clone()), line: Lines::Same }, length))
}

/// Templates, made ready to be looked through.
struct Templates<'a> {
    ready: BTreeMap<&'a str, Template<'a>>,
    /// Bytes that may still be looked through: an object costs as much as its template is long.
    left: usize,
}

/// How much of templates is looked through in all.
const MOST: usize = 128 << 20;

struct Template<'a> {
    path: &'a str,
    /// Without comments and spaces at line ends, line for line, between line ends.
    text: String,
    /// Whether something in it could give an object whose kind it does not name literally.
    gives_more: bool,
}

impl<'a> Templates<'a> {
    fn new(files: &'a BTreeMap<String, (String, String)>) -> Self {
        let ready = |(name, (path, text)): (&'a String, &'a (String, String))| {
            let bare = without_comments(text);
            let lines: Vec<&str> = bare.lines().map(str::trim_end).collect();
            let gives_more = lines.iter().any(|line| gives_text(line) || hides_kind(line));
            (name.as_str(), Template { path, text: format!("\n{}\n", lines.join("\n")), gives_more })
        };
        Self { ready: files.iter().map(ready).collect(), left: MOST }
    }

    /// A part that is of this file.
    fn stretch(&mut self, part: &Part<'_>, file: Option<&str>) -> Stretch {
        let Some(template) = file.and_then(|name| self.ready.get(name)) else {
            return Stretch { first: part.line, file: None, line: Lines::Unknown };
        };
        // The objects of a list begin elsewhere.
        let kind = part.text.lines().find_map(kind_of).filter(|kind| !kind.ends_with("List"));
        let cost = template.text.len();
        let line = match (kind, self.left.checked_sub(cost)) {
            (Some(kind), Some(left)) => {
                self.left = left;
                template.literal(part.text).or_else(|| template.only_of_its_kind(kind))
            }
            (None, _) | (Some(_), None) => None,
        };
        let line = line.map_or(Lines::Unknown, Lines::At);
        Stretch { first: part.line, file: Some(template.path.to_owned()), line }
    }
}

impl Template<'_> {
    /// Its lines, with their numbers.
    fn lines(&self) -> impl Iterator<Item = (u32, &str)> + Clone {
        (0_u32..).zip(self.text.lines()).skip(1)
    }

    /// The line of an object whose text stands in it as it is, once.
    fn literal(&self, part: &str) -> Option<u32> {
        let body = part.lines().skip_while(|line| line.starts_with("---") || line.starts_with('#'));
        let body: Vec<&str> = body.map(str::trim_end).collect();
        let body = body.join("\n");
        let body = format!("\n{}\n", body.trim_matches('\n'));
        let at = self.text.find(&body)?;
        let again = self.text.get(at + 1..).is_some_and(|rest| rest.contains(&body));
        let line = self.text.get(..at)?.matches('\n').count() + 1;
        u32::try_from(line).ok().filter(|_| !again)
    }

    /// The line that an object of this kind begins at, where it names the kind literally and once, and nothing else in it
    /// could give an object.
    fn only_of_its_kind(&self, kind: &str) -> Option<u32> {
        if self.gives_more {
            return None;
        }
        let mut found = self.lines().filter(|(_, line)| kind_of(line) == Some(kind));
        let (Some((at, _)), None) = (found.next(), found.next()) else { return None };
        let is_marker = |line: &str| line.starts_with("---");
        let before = self.lines().take_while(|(line, _)| *line < at);
        let start = before.filter(|(_, line)| is_marker(line)).last().map_or(0, |(line, _)| line);
        let own =
            self.lines().skip_while(|(line, _)| *line <= start).take_while(|(_, line)| !is_marker(line));
        let mut versions = own.filter(|(_, line)| line.starts_with("apiVersion:"));
        match (versions.next(), versions.next()) {
            (Some((line, _)), None) => Some(line.min(at)),
            (None | Some(_), _) => Some(at),
        }
    }
}

/// The kind that a line at the margin gives literally.
fn kind_of(line: &str) -> Option<&str> {
    let said = line.strip_prefix("kind:")?.split(" #").next()?.trim().trim_matches(['"', '\'']);
    (!said.is_empty() && said.bytes().all(|b| b.is_ascii_alphanumeric())).then_some(said)
}

/// Whether a line at the margin may give a kind otherwise than literally.
fn hides_kind(line: &str) -> bool {
    let otherwise = line.starts_with(['{', '"', '\'', '?']) && !line.starts_with("{{");
    otherwise || line.starts_with("kind") && kind_of(line).is_none()
}

/// Whether a line at the margin puts a text there that is not in it.
fn gives_text(line: &str) -> bool {
    let line = line.strip_prefix("---").map_or(line, str::trim_start);
    let Some(action) = line.strip_prefix("{{") else { return false };
    let action = action.trim_start_matches('-').trim_start();
    let controls = CONTROLS.iter().any(|word| {
        action.strip_prefix(word).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
    });
    let assigns = action.starts_with('$') && action.split("}}").next().is_some_and(|own| own.contains('='));
    // What comes behind it on the same line may be another.
    let more = line.split("{{").skip(2).any(|action| {
        let action = action.trim_start_matches('-').trim_start();
        !CONTROLS.iter().any(|word| action.starts_with(word))
    });
    !(controls || assigns) || more
}

/// A template with its comments blanked, line for line.
fn without_comments(template: &str) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(start) = ["{{/*", "{{- /*"].iter().filter_map(|open| rest.find(open)).min() {
        let (before, comment) = rest.split_at(start);
        let end = comment.find("*/").map_or(comment.len(), |end| end + 2);
        let (comment, after) = comment.split_at(end);
        out.push_str(before);
        out.push_str("{{/*");
        out.extend(comment.chars().filter(|c| *c == '\n'));
        rest = after;
    }
    out.push_str(rest);
    out
}
