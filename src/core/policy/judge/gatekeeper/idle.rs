//! What among Gatekeeper's files can never say anything of an object.

use super::{CONSTRAINTS, EXPANSIONS, Spec, TEMPLATES};
use serde_json::Value;

use crate::config::quoted;
use crate::library::Library;
use crate::policy::manifests::{self, Manifest};
use crate::schema;

/// Sentences with their places, and what to do. Files that cannot be read say nothing here.
pub(in crate::policy) fn idle(files: &[String], library: &Library) -> Vec<(String, &'static str)> {
    let manifests = manifests::read(files, library).unwrap_or_default();
    let of_group = |group: &'static str| manifests.iter().filter(move |manifest| manifest.group == group);
    let unused = of_group(TEMPLATES).filter(|template| {
        let kind = template.body.pointer("/spec/crd/spec/names/kind").and_then(Value::as_str);
        kind.is_some_and(|kind| !of_group(CONSTRAINTS).any(|constraint| constraint.kind == kind))
    });
    let unused = unused.map(|template| {
        (format!("{}: no constraint uses this template", template.place()), "add one, or remove it")
    });
    let expands = of_group(EXPANSIONS).next().is_some();
    let generated = of_group(CONSTRAINTS).filter(move |constraint| !expands && is_for_generated(constraint));
    let generated = generated.map(|constraint| {
        let what = "its `match.source` is `Generated`, and nothing is generated without an ExpansionTemplate";
        (format!("{}: {what}", constraint.place()), "add the template, or remove it")
    });
    let leaving = of_group(TEMPLATES).filter(|template| names_deletion(template));
    let leaving = leaving.map(|template| {
        let what = "it asks about deletions (`operations`), and what leaves the tree is not reviewed";
        (format!("{}: {what}", template.place()), "nothing else of it is left out")
    });
    let elsewhere = of_group(CONSTRAINTS).flat_map(|constraint| {
        let matches = constraint.body.pointer("/spec/match/kinds").and_then(Value::as_array);
        let kinds = matches.into_iter().flatten().flat_map(misplaced);
        kinds.map(|kind| {
            let what = format!("{} of `match.kinds` is in none of the groups beside it", quoted(kind));
            (format!("{}: {what}", constraint.place()), "name its own group in `apiGroups`")
        })
    });
    unused.chain(generated).chain(leaving).chain(elsewhere).collect()
}

/// The built-in kinds of a match that are in none of its groups. Groups that are not built in may have any kind.
fn misplaced(matched: &Value) -> Vec<&str> {
    let words = |key: &str| {
        let words = matched.get(key).and_then(Value::as_array).into_iter().flatten();
        words.filter_map(Value::as_str).collect::<Vec<_>>()
    };
    let (groups, known) = (words("apiGroups"), schema::kinds());
    if groups.is_empty() || !groups.iter().all(|group| known.iter().any(|(own, _)| own == group)) {
        return Vec::new();
    }
    let is_misplaced = |kind: &&str| {
        let mut homes = known.iter().filter(|(_, own)| own == kind).map(|(group, _)| group).peekable();
        homes.peek().is_some() && !homes.any(|home| groups.contains(home))
    };
    words("kinds").into_iter().filter(is_misplaced).collect()
}

fn is_for_generated(constraint: &Manifest) -> bool {
    let spec: Result<Spec, String> = constraint.field("spec");
    spec.is_ok_and(|spec| spec.matching.is_some_and(|matching| matching.is_for_generated()))
}

fn names_deletion(template: &Manifest) -> bool {
    let operations = template.body.pointer("/spec/targets/0/operations").and_then(Value::as_array);
    operations.into_iter().flatten().any(|operation| operation == "DELETE")
}

/// The constraints, which findings name.
pub(in crate::policy) fn names(files: &[String], library: &Library) -> Vec<String> {
    let manifests = manifests::read(files, library).unwrap_or_default();
    let constraints = manifests.into_iter().filter(|manifest| manifest.group == CONSTRAINTS);
    constraints.map(|manifest| manifest.name).collect()
}
