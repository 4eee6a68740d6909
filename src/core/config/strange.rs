//! Kinds that nobody knows and patterns that nothing is like. A name that may be somebody else's is believed: kinds of
//! groups that do not belong to Kubernetes may be defined anywhere, and only a near miss of what is known is told.

use std::collections::BTreeSet;

use toml::de::DeTable;

use super::error::{PolicyError, nearest, quoted, slipped};
use super::name;
use super::table::{Node, Reader};
use crate::policy::plural_of;
use crate::schema;

/// What in a policy is for nothing that there is. `text` is that of a policy that can be read; `definitions` are the
/// kinds that the tree defines, by group and kind.
pub fn strange(text: &str, file: &str, definitions: &BTreeSet<(String, String)>) -> Vec<PolicyError> {
    let Ok(document) = DeTable::parse(text) else { return Vec::new() };
    let own = definitions.iter().map(|(group, kind)| (group.as_str(), kind.as_str()));
    let kinds = Kinds { all: schema::kinds().into_iter().chain(own).collect(), built_in: schema::kinds() };
    let mut walk = Walk { reader: Reader::new(text, file), kinds };
    let root = document.get_ref();
    for check in entries(root.get("check")) {
        walk.each(check.get("kinds"), kind);
    }
    for rule in entries(root.get("rule")) {
        walk.condition(rule.get("when"));
        walk.condition(rule.get("require").and_then(|require| require.get_ref().get("conditions")));
    }
    walk.condition(root.get("disapproval").and_then(|section| section.get_ref().get("when")));
    for waiver in entries(root.get("waiver")) {
        walk.each(waiver.get("object"), object);
    }
    walk.each(root.get("mask").and_then(|mask| mask.get_ref().get("paths")), mask);
    walk.reader.warnings
}

fn entries<'n, 't>(section: Option<&'n Node<'t>>) -> impl Iterator<Item = &'n DeTable<'t>> {
    let entries = section.and_then(|node| node.get_ref().as_array()).into_iter().flatten();
    entries.filter_map(|entry| entry.get_ref().as_table())
}

const NEVER: &str = "it never applies";
const NAMESPACES: &str = "their names have lower-case letters, digits and `-`";
/// How git begins the names of branches, which no forge tells.
const BRANCHES: &str = "refs/heads/";

/// Says what is wrong with a text, and what was probably meant.
type Look = fn(&Kinds<'_>, &str) -> Option<(String, String)>;

struct Walk<'t> {
    reader: Reader<'t>,
    kinds: Kinds<'t>,
}

struct Kinds<'k> {
    all: BTreeSet<(&'k str, &'k str)>,
    built_in: BTreeSet<(&'static str, &'static str)>,
}

impl<'t> Walk<'t> {
    /// Looks at a text, or at each of a list.
    fn each(&mut self, node: Option<&Node<'t>>, look: Look) {
        let Some(node) = node else { return };
        let single = std::slice::from_ref(node);
        let texts = node.get_ref().as_array().map_or(single, |list| list.as_ref());
        for text in texts {
            if let Some((message, hint)) = text.get_ref().as_str().and_then(|text| look(&self.kinds, text)) {
                self.reader.warning(&text.span(), message, hint);
            }
        }
    }

    /// Looks through a condition, or a list of them.
    fn condition(&mut self, node: Option<&Node<'t>>) {
        let Some(node) = node else { return };
        node.get_ref().as_array().into_iter().flatten().for_each(|part| self.condition(Some(part)));
        let Some(table) = node.get_ref().as_table() else { return };
        for (key, value) in table.iter() {
            match key.get_ref().as_ref() {
                "all" | "any" | "not" => self.condition(Some(value)),
                "effect" => {
                    let matches = value.get_ref().as_table().into_iter().flat_map(DeTable::iter);
                    matches.for_each(|(_, wanted)| self.effect(wanted));
                }
                "paths" => self.each(value.get_ref().get("any"), path),
                "targets_branch" | "from_branch" if value.get_ref().is_table() => {
                    self.each(value.get_ref().get("matches"), branches);
                }
                "targets_branch" | "from_branch" => self.each(Some(value), branch),
                _ => ["paths", "ignore"].iter().for_each(|key| self.each(value.get_ref().get(*key), path)),
            }
        }
    }

    fn effect(&mut self, wanted: &Node<'t>) {
        let looks: [(&str, Look); 4] =
            [("kinds", kind), ("namespaces", namespace), ("labels", label), ("paths", field)];
        looks.into_iter().for_each(|(key, look)| self.each(wanted.get_ref().get(key), look));
    }
}

/// `group/kind`
fn kind(kinds: &Kinds<'_>, pattern: &str) -> Option<(String, String)> {
    let (group, kind) = pattern.split_once('/')?;
    let hint = match kinds.strange(group, kind)? {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => NEVER.to_owned(),
    };
    Some((format!("no kind is like {}", quoted(pattern)), hint))
}

/// `group/kind/namespace/name`
fn object(kinds: &Kinds<'_>, pattern: &str) -> Option<(String, String)> {
    let parts: Vec<&str> = pattern.split('/').collect();
    let [group, kind, namespace, name] = parts.as_slice() else { return None };
    if pattern.contains("**") || pattern.contains(['{', '[', '\\']) {
        return None;
    }
    let (strange, elsewhere) = (kinds.strange(group, kind), is_strange(namespace));
    let what = match (&strange, elsewhere) {
        (Some(_), _) => "kind",
        (None, true) => "namespace",
        (None, false) => return None,
    };
    let kind = strange.unwrap_or_else(|| Some(format!("{group}/{kind}")));
    let hint = match (kind, in_small(namespace)) {
        (Some(kind), Some(namespace)) => format!("did you mean `{kind}/{namespace}/{name}`?"),
        (None, _) => NEVER.to_owned(),
        (Some(_), None) => NAMESPACES.to_owned(),
    };
    Some((format!("no {what} is like that of {}", quoted(pattern)), hint))
}

fn namespace(_: &Kinds<'_>, pattern: &str) -> Option<(String, String)> {
    if !is_strange(pattern) {
        return None;
    }
    let hint = in_small(pattern).map(|meant| format!("did you mean `{meant}`?"));
    let hint = hint.unwrap_or_else(|| NAMESPACES.to_owned());
    Some((format!("no namespace can be like {}", quoted(pattern)), hint))
}

/// Whether no namespace can be like this.
fn is_strange(namespace: &str) -> bool {
    !namespace.contains(['{', '[', '\\']) && !fits(namespace)
}

/// A namespace as it would have to be written, where that is nothing else.
fn in_small(namespace: &str) -> Option<String> {
    let lower = namespace.to_lowercase().replace('_', "-");
    fits(&lower).then_some(lower)
}

fn fits(namespace: &str) -> bool {
    namespace.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-' | '*' | '?'))
}

fn label(_: &Kinds<'_>, pattern: &str) -> Option<(String, String)> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_./=*?".contains(c);
    let twice = pattern.matches('=').count() > 1;
    if pattern.contains(['{', '[', '\\']) || (pattern.chars().all(fits) && !twice) {
        return None;
    }
    Some((format!("no label can be like {}", quoted(pattern)), "write `key` or `key=value`".to_owned()))
}

/// The path of a field.
fn field(_: &Kinds<'_>, pattern: &str) -> Option<(String, String)> {
    let rest = pattern.trim_start_matches(['.', '$', '/']);
    let meant = if pattern.starts_with('/') { rest.replace('/', ".") } else { rest.to_owned() };
    let message = || format!("no field can be like {}", quoted(pattern));
    (rest != pattern).then(|| (message(), format!("did you mean `{meant}`?")))
}

/// The path of a file.
fn path(_: &Kinds<'_>, pattern: &str) -> Option<(String, String)> {
    let hint = match pattern {
        _ if pattern.contains(['{', '[', '\\']) => return None,
        _ if pattern.trim_matches(' ') != pattern => {
            let message = format!("no path is like {}, with a space at its end", quoted(pattern));
            return Some((message, format!("did you mean `{}`?", pattern.trim())));
        }
        _ if pattern.starts_with("./") => format!("did you mean `{}`?", pattern.trim_start_matches("./")),
        _ if pattern.ends_with("**/") => format!("did you mean `{}`?", pattern.trim_end_matches('/')),
        _ if pattern.ends_with('/') => format!("did you mean `{pattern}**`?"),
        _ if pattern.contains("//") || pattern.contains("/./") => "write it as git does".to_owned(),
        _ => return None,
    };
    Some((format!("no path of a file can be like {}", quoted(pattern)), hint))
}

/// The name of a branch.
fn branch(_: &Kinds<'_>, pattern: &str) -> Option<(String, String)> {
    let rest = pattern.strip_prefix(BRANCHES)?;
    Some(of_branch(rest))
}

/// An expression over the names of branches. One that has another way to match, or that may leave a part out, is
/// believed.
fn branches(_: &Kinds<'_>, expression: &str) -> Option<(String, String)> {
    let rest = expression.strip_prefix('^').unwrap_or(expression).strip_prefix(BRANCHES)?;
    let optional = rest.starts_with(['?', '*', '{']) || expression.contains('|');
    (!optional).then(|| of_branch(&format!("^{rest}")))
}

fn of_branch(meant: &str) -> (String, String) {
    (format!("branches are named without `{BRANCHES}`"), format!("did you mean `{meant}`?"))
}

/// `Kind:path`
fn mask(kinds: &Kinds<'_>, path: &str) -> Option<(String, String)> {
    let (kind, rest) = path.split_once(':')?;
    let meant = kinds.near_any(kind)?;
    Some((format!("no kind is called {}", quoted(kind)), format!("did you mean `{meant}:{rest}`?")))
}

impl Kinds<'_> {
    /// Whether there certainly is no such kind, or almost certainly; inside, what was probably meant.
    fn strange(&self, group: &str, kind: &str) -> Option<Option<String>> {
        let pattern = format!("{group}/{kind}");
        let glob = name::glob(&pattern).ok()?;
        if self.all.iter().any(|(group, kind)| glob.is_match(format!("{group}/{kind}"))) {
            return None;
        }
        if !name::is_plain(group) {
            let near = name::is_plain(kind).then(|| self.near_any(kind)).flatten()?;
            return Some(Some(format!("{group}/{near}")));
        }
        let near = name::is_plain(kind).then(|| self.near(group, kind)).flatten();
        // Kinds of others are in groups whose names have a dot.
        let certain = self.built_in.iter().any(|(own, _)| *own == group) || !group.contains('.');
        (certain || near.is_some()).then_some(near)
    }

    /// The kind that is almost called so, in this group or in another.
    fn near(&self, group: &str, kind: &str) -> Option<String> {
        let mut here = self.all.iter().filter(|(own, _)| *own == group).map(|(_, kind)| *kind);
        let same = here.clone().find(|known| is_form_of(kind, known) || slipped(kind, known));
        let built_in = self.built_in.iter().any(|(own, _)| *own == group);
        if let Some(near) = same.or_else(|| nearest(kind, here.by_ref().filter(|_| built_in))) {
            return Some(format!("{group}/{near}"));
        }
        let is_kind = |known: &str| known == kind || is_form_of(kind, known);
        let elsewhere = self.all.iter().filter(|(_, known)| is_kind(known));
        let dotted = group.contains('.');
        let is_near = |own: &str| group.strip_suffix(".k8s.io") == Some(own) || slipped(group, own);
        let mut found: Vec<_> = elsewhere.filter(|(own, _)| !dotted || is_near(own)).collect();
        found.sort_by_key(|(own, _)| !own.starts_with(&format!("{group}.")));
        found.first().map(|(own, known)| format!("{own}/{known}"))
    }

    /// The kind of any group that is almost called so, where nobody else's can be meant.
    fn near_any(&self, kind: &str) -> Option<&str> {
        let mut known = self.all.iter().map(|(_, kind)| *kind);
        if !name::is_plain(kind) || known.clone().any(|known| known == kind) {
            return None;
        }
        known.find(|known| {
            is_form_of(kind, known) && known.to_lowercase() != format!("{}s", kind.to_lowercase())
        })
    }
}

/// Whether a word is a kind's in small letters, or its plural.
fn is_form_of(word: &str, kind: &str) -> bool {
    let (word, kind) = (word.to_lowercase(), kind.to_lowercase());
    word == kind || plural_of(&kind).contains(&word)
}
