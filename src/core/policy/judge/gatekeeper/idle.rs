//! What among Gatekeeper's files can never say anything of an object.

use super::{CONSTRAINTS, EXPANSIONS, Spec, TEMPLATES};
use crate::library::Library;
use crate::policy::manifests::{self, Manifest};

/// Sentences with their places, and what to do. Files that cannot be read say nothing here.
pub(in crate::policy) fn idle(files: &[String], library: &Library) -> Vec<(String, &'static str)> {
    let manifests = manifests::read(files, library).unwrap_or_default();
    let of_group = |group: &'static str| manifests.iter().filter(move |manifest| manifest.group == group);
    let unused = of_group(TEMPLATES).filter(|template| {
        let kind = template.body.pointer("/spec/crd/spec/names/kind").and_then(serde_json::Value::as_str);
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
    unused.chain(generated).chain(leaving).collect()
}

fn is_for_generated(constraint: &Manifest) -> bool {
    let spec: Result<Spec, String> = constraint.field("spec");
    spec.is_ok_and(|spec| spec.matching.is_some_and(|matching| matching.is_for_generated()))
}

fn names_deletion(template: &Manifest) -> bool {
    let operations =
        template.body.pointer("/spec/targets/0/operations").and_then(serde_json::Value::as_array);
    operations.into_iter().flatten().any(|operation| operation == "DELETE")
}

/// The constraints, which findings name.
pub(in crate::policy) fn names(files: &[String], library: &Library) -> Vec<String> {
    let manifests = manifests::read(files, library).unwrap_or_default();
    let constraints = manifests.into_iter().filter(|manifest| manifest.group == CONSTRAINTS);
    constraints.map(|manifest| manifest.name).collect()
}
