//! Parts of a policy that can never say anything: found out from the policy and the files that it names, before there is
//! a change. Only what is certain is told; what cannot be read is told elsewhere.

use super::expression::on_large_stack;
use super::judge;
use super::packs;
use super::predicate::{compile, matches};
use super::rego;
use crate::config::{Check, Judge, PackCheck, Policy, SchemaCheck, Waiver, nearest, waived_rule};
use crate::library::Library;
use crate::owners;
use crate::schema;

/// Something that a policy says in vain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idle {
    /// The section of the file: `check`, `waiver`, `rule`.
    pub section: &'static str,
    /// Which entry of it, from 0.
    pub index: usize,
    /// The keys that it is about, the first that the entry has.
    pub keys: &'static [&'static str],
    /// What is in vain.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// Everything that a policy says in vain, in its order.
pub fn idle(policy: &Policy, library: &Library) -> Vec<Idle> {
    let mut all = Vec::new();
    for (index, check) in policy.checks.iter().enumerate() {
        let said = |(message, hint): (String, String)| {
            let keys = &["use", "schema", "admission", "gatekeeper", "name"];
            Idle { section: "check", index, keys, message, hint }
        };
        all.extend(of_check(check, library).into_iter().map(said));
    }
    let waivers = on_large_stack(|| {
        let waivers = policy.waivers.iter().enumerate();
        waivers.filter_map(|(index, waiver)| of_waiver(policy, library, index, waiver)).collect::<Vec<_>>()
    });
    all.extend(waivers.unwrap_or_default());
    for (index, rule) in policy.rules.iter().enumerate() {
        let (from, counts) = (&rule.require.from, rule.require.count > 0);
        let others = !from.users.is_empty()
            || !from.teams.is_empty()
            || !from.groups.is_empty()
            || !from.organizations.is_empty()
            || !from.permissions.is_empty();
        let named = (from.codeowners && has(library, owners::is_codeowners))
            || (from.owners && has(library, owners::is_owners));
        if counts && !others && !named && (from.codeowners || from.owners) {
            let file = if from.codeowners { "CODEOWNERS" } else { "OWNERS" };
            all.push(Idle {
                section: "rule",
                index,
                keys: &["require"],
                message: format!("there is no {file} file, so nobody can meet this rule"),
                hint: "add one, or name people".to_owned(),
            });
        }
    }
    all
}

fn has(library: &Library, is: fn(&str) -> bool) -> bool {
    library.files().any(|(path, _)| is(path))
}

fn of_check(check: &Check, library: &Library) -> Vec<(String, String)> {
    let owned = |said: Vec<(String, &'static str)>| {
        said.into_iter().map(|(message, hint)| (message, hint.to_owned())).collect()
    };
    match &check.judge {
        Judge::Cel(_) | Judge::Rego(_) => Vec::new(),
        Judge::Pack(pack) => of_pack(pack),
        Judge::Schema(schema) => of_schema(check, schema, library).into_iter().collect(),
        Judge::Admission(files) => owned(judge::idle_admission(files, library)),
        Judge::Gatekeeper(files) => owned(judge::idle_gatekeeper(files, library)),
    }
}

/// Rules that judge nothing before they are told something.
fn of_pack(pack: &PackCheck) -> Vec<(String, String)> {
    let rules = packs::chosen(&pack.uses, &pack.except, None).unwrap_or_default();
    let untold = rules.into_iter().flat_map(|rule| {
        let needed = rule.parameters.iter().filter(|(_, parameter)| parameter.needed);
        needed
            .filter(|(name, parameter)| {
                pack.parameters.get(*name).is_none_or(|value| *value == parameter.default)
            })
            .map(move |(name, _)| {
                let (id, name_of_rule) = (rule.id, rule.name());
                let alone = pack.uses.iter().all(|used| used == id);
                let hint = format!("say `parameters = {{ {name} = … }}`");
                let hint = if alone { hint } else { format!("{hint}, or `except = [\"{name_of_rule}\"]`") };
                (format!("`{id}` judges nothing without the parameter `{name}`"), hint)
            })
    });
    untold.collect()
}

/// A check for kinds of which its files say nothing.
fn of_schema(check: &Check, schema: &SchemaCheck, library: &Library) -> Option<(String, String)> {
    if schema.builtin || check.kinds.is_empty() {
        return None;
    }
    let patterns = compile(&check.kinds)?;
    for (path, text) in library.select(&schema.files) {
        let is_read = [".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end));
        let documents: Vec<serde_json::Value> = match is_read {
            true => serde_saphyr::from_multiple(text).ok()?,
            false => continue,
        };
        for document in &documents {
            let declares = schema::custom_kinds(document)
                .map(|kind| matches(&patterns, &format!("{}/{}", kind.group, kind.kind)));
            // What is neither may be a schema for any kind.
            if declares != Some(false) {
                return None;
            }
        }
    }
    let message = "none of its definitions is for a kind that this check is for".to_owned();
    Some((message, "compare `kinds` with `schema`".to_owned()))
}

/// A waiver of a rule that its check does not have. The floor may have checks that are not known here.
fn of_waiver(policy: &Policy, library: &Library, index: usize, waiver: &Waiver) -> Option<Idle> {
    let named =
        policy.checks.iter().find_map(|check| Some((check, waived_rule(&waiver.check, &check.name)?)));
    let (check, rule) = named?;
    let (rule, known) = (rule?, rules_of(check, library)?);
    if known.iter().any(|known| known == rule) {
        return None;
    }
    let short = known.iter().find(|known| known.rsplit('/').next() == Some(rule)).map(String::as_str);
    let hint = match short.or_else(|| nearest(rule, known.iter().map(String::as_str))) {
        Some(near) => format!("did you mean `{}/{near}`?", check.name),
        None => "it waives nothing; remove it".to_owned(),
    };
    let message = format!("check `{}` has no rule `{rule}`", check.name);
    Some(Idle { section: "waiver", index, keys: &["check"], message, hint })
}

/// The rules that findings of a check can name, where they are known.
fn rules_of(check: &Check, library: &Library) -> Option<Vec<String>> {
    match &check.judge {
        Judge::Cel(_) | Judge::Schema(_) => None,
        // Which rules stand in for others depends on an environment's version.
        Judge::Pack(pack) => {
            let named = pack.uses.iter().flat_map(|name| packs::named(name).unwrap_or_default());
            let kept = named.filter(|rule| !pack.except.iter().any(|name| packs::leaves_out(name, rule)));
            Some(kept.map(|rule| rule.id.to_owned()).collect())
        }
        Judge::Rego(check) => Some(rego::Rules::load(check, library).ok()?.names()),
        Judge::Admission(files) => Some(judge::names_in_admission(files, library)),
        Judge::Gatekeeper(files) => Some(judge::names_in_gatekeeper(files, library)),
    }
}
