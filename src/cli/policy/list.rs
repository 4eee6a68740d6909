//! `policy list`: what a policy has, on one screen.

use std::path::Path;

use countersign_core::config::{Check, Judge, Policy, Rule, Severity, Waiver};
use countersign_core::environment::{Environment, EnvironmentSource};
use countersign_core::policy::{WaiverState, waiver_day, waiver_state};
use countersign_core::report::terminal_safe;
use jiff::Timestamp;
use jiff::civil::Date;

use super::super::{Exit, deliver};

pub(super) fn run(file: &Path) -> anyhow::Result<Exit> {
    let policy = match super::read(file)? {
        Ok((_, policy)) => policy,
        Err(exit) => return Ok(exit),
    };
    deliver(&listing(&policy, waiver_day(Timestamp::now())), None)?;
    Ok(Exit::Fine)
}

fn listing(policy: &Policy, today: Date) -> String {
    let blocks = [
        ("environments", policy.environments.iter().map(environment).collect::<Vec<_>>()),
        ("checks", policy.checks.iter().map(check).collect()),
        ("waivers", policy.waivers.iter().map(|one| waiver(one, today)).collect()),
        ("rules", policy.rules.iter().map(rule).collect()),
    ];
    let mut text = String::new();
    for (title, rows) in blocks.iter().filter(|(_, rows)| !rows.is_empty()) {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&format!("{title}\n{}", columns(rows)));
    }
    if text.is_empty() { "this policy is empty\n".to_owned() } else { text }
}

/// Rows with their cells below each other.
fn columns(rows: &[Vec<String>]) -> String {
    let width = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (at, cell) in row.iter().enumerate() {
            let pad = width(at).unwrap_or(0).saturating_sub(cell.chars().count());
            line.push_str(&format!("  {}{}", terminal_safe(cell), " ".repeat(pad)));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn environment(environment: &Environment) -> Vec<String> {
    let source = match &environment.source {
        EnvironmentSource::Yaml(paths) => format!("yaml {}", paths.join(", ")),
        EnvironmentSource::Kustomize(paths) => format!("kustomize {}", paths.join(", ")),
        EnvironmentSource::Helm { chart, .. } => format!("helm {chart}"),
    };
    let cluster =
        environment.cluster.as_ref().map_or("no cluster".to_owned(), |name| format!("cluster {name}"));
    vec![environment.name.clone(), source, cluster]
}

fn check(check: &Check) -> Vec<String> {
    let kind = match &check.judge {
        Judge::Cel(_) => "cel".to_owned(),
        Judge::Rego(rego) => format!("rego {}", rego.files.join(", ")),
        Judge::Pack(pack) => format!("use {}", pack.uses.join(", ")),
        Judge::Schema(schema) => {
            let builtin = schema.builtin.then_some("builtin");
            let named: Vec<&str> =
                builtin.into_iter().chain(schema.files.iter().map(String::as_str)).collect();
            format!("schema {}", named.join(", "))
        }
        Judge::Admission(files) => format!("admission {}", files.join(", ")),
        Judge::Gatekeeper(files) => format!("gatekeeper {}", files.join(", ")),
    };
    let severity = match check.severity {
        Severity::Error => "blocks",
        Severity::Warning => "warns",
        Severity::Info => "tells",
    };
    let everywhere = || "everywhere".to_owned();
    let mut places = match check.environments.is_empty() {
        true => everywhere(),
        false => format!("in {}", check.environments.join(", ")),
    };
    if !check.kinds.is_empty() {
        places.push_str(&format!(", {}", check.kinds.join(", ")));
    }
    vec![check.name.clone(), kind, severity.to_owned(), places]
}

fn waiver(waiver: &Waiver, today: Date) -> Vec<String> {
    let until = match waiver_state(waiver, today) {
        WaiverState::Holds => format!("until {}", waiver.until),
        WaiverState::EndsSoon => format!("until {}, soon", waiver.until),
        WaiverState::Expired => format!("over since {}", waiver.until),
    };
    let by = format!("by {}: {}", waiver.by, waiver.reason);
    vec![waiver.check.clone(), waiver.objects.join(", "), until, by]
}

fn rule(rule: &Rule) -> Vec<String> {
    let from = &rule.require.from;
    let permissions = from.permissions.iter().map(|permission| format!("{permission:?}").to_lowercase());
    let members = from.organizations.iter().map(|organization| format!("members of {organization}"));
    let owners = [("CODEOWNERS", from.codeowners), ("OWNERS", from.owners)];
    let owners = owners.into_iter().filter(|(_, asked)| *asked).map(|(file, _)| format!("owners by {file}"));
    let named = from.users.iter().chain(&from.teams).chain(&from.groups).cloned();
    let asked: Vec<String> = named.chain(members).chain(permissions).chain(owners).collect();
    let asked = if asked.is_empty() { "write".to_owned() } else { asked.join(", ") };
    let when = if rule.when.is_some() { "on a condition" } else { "always" };
    vec![rule.name.clone(), format!("{} of {asked}", rule.require.count), when.to_owned()]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use countersign_core::config::parse;

    use super::listing;

    #[test]
    fn everything_stands_on_one_screen() {
        let text = r#"
version = 1
[environment.production]
source = { kustomize = "overlays/production" }
cluster = "prod-eu"
[environment.staging]
source = { yaml = ["staging/*.yaml", "shared"] }
[[check]]
name = "two replicas"
cel = "object.spec.replicas >= 2"
environments = ["production"]
kinds = ["apps/Deployment"]
[[check]]
name = "registries"
rego = "policies"
severity = "warning"
[[waiver]]
check = "two replicas"
object = "apps/Deployment/shop/*"
reason = "moves in spring"
until = 2030-03-10
by = "ana-k"
[[rule]]
name = "two of us"
require = { count = 2, from = { teams = ["acme/sre"], permissions = ["admin"] } }
[[rule]]
name = "owners"
require = { count = 1, from = { organizations = ["acme"], codeowners = true, owners = true } }
[[rule]]
name = "anybody"
require = { count = 1 }
"#;
        let policy = parse(text, "p").unwrap();
        insta::assert_snapshot!(listing(&policy, "2030-03-01".parse().unwrap()), @r"
        environments
          production  kustomize overlays/production  cluster prod-eu
          staging     yaml staging/*.yaml, shared    no cluster

        checks
          two replicas  cel            blocks  in production, apps/Deployment
          registries    rego policies  warns   everywhere

        waivers
          two replicas  apps/Deployment/shop/*  until 2030-03-10, soon  by ana-k: moves in spring

        rules
          two of us  2 of acme/sre, admin                                          always
          owners     1 of members of acme, owners by CODEOWNERS, owners by OWNERS  always
          anybody    1 of write                                                    always
        ");
    }
}
