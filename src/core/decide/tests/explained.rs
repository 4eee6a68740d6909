//! Decisions that explain themselves.

use super::fixture::*;
use crate::actor::{Known, Permission};
use crate::decide::explain;
use crate::snapshot::PolicyFile;

const RULES: &str = r#"
version = 1
[environment.production]
source = { yaml = "production" }

[[check]]
name = "not too many"
cel = "object.spec.replicas < 8"
message = "too many"

[[rule]]
name = "nothing goes dark"
when = { effect.any = { environment = ["production"], risks = ["scale-to-zero", "data-loss"] } }
require = { count = 2, from = { users = ["bo", "cy", "ana"] } }

[[rule]]
name = "by day"
when = { all = [{ not = { draft = true } }, { any = [{ has_labels = ["urgent"] }, { title = { matches = ["^Scale"] } }] }] }
require = { count = 1, from = { users = ["bo"] }, conditions = [{ has_status = { names = ["ci"] } }] }

[approval]
any = ["nothing goes dark", { all = ["by day"] }]
"#;

fn told(policy: &str, replicas: u64, said: &[(u64, &str, &str)]) -> String {
    let mut snapshot = snapshot();
    snapshot.policy = Some(PolicyFile { text: policy.to_owned(), ..snapshot.policy.unwrap() });
    snapshot.evaluation = evaluation(vec![unit(vec![replicas_effect(3, replicas)])]);
    snapshot.details.labels = Known::Yes(vec!["Size/S".to_owned()]);
    redigest(&mut snapshot);
    shown(&mut snapshot, 1_000);
    for (number, (id, login, text)) in said.iter().enumerate() {
        snapshot.directory.permissions.insert(person(*id, login).id, Known::Yes(Permission::Write));
        says(&mut snapshot, 200 + number as u64, person(*id, login), text, 2_000 + 60 * number as i64);
    }
    explain(&snapshot).to_text()
}

#[test]
fn what_is_missing_is_told_with_who_could_supply_it() {
    insta::assert_snapshot!(told(RULES, 0, &[(2, "bo", "/approve"), (1, "ana", "/approve")]), @"
    ? whether it may land could not be told
    ├─ ✓ it is open, and merges
    ├─ ✓ the policy can be read, and so can the one that it proposes
    ├─ ✓ what it does is known
    ├─ ✓ no check stops it
    │  └─ ✓ `not too many`
    ├─ ✓ nobody and nothing holds it
    ├─ ? everybody who must agree has agreed
    │  └─ ? one of
    │     ├─ … `nothing goes dark`: 1 of 2 approvals from bo, cy, ana
    │     │  ├─ ✓ it applies
    │     │  │  └─ ✓ an object changes with environment `production`, risk `scale-to-zero` or `data-loss`: Deployment shop/web in production
    │     │  ├─ · it is about Deployment shop/web in production
    │     │  ├─ ✓ bo said yes by `/approve` at 1970-01-01T00:33:20Z, to sha256:64f7e85279cc
    │     │  └─ … who could still say yes: cy
    │     └─ ? all of
    │        └─ ? `by day`: 1 of 1 approvals from bo
    │           ├─ ✓ it applies
    │           │  └─ ✓ all of
    │           │     ├─ ✓ not
    │           │     │  └─ ✗ it is a draft
    │           │     └─ ✓ one of
    │           │        ├─ ✗ it has the label `urgent`: it has `Size/S`
    │           │        └─ ✓ its title matches `^Scale`: it is `Scale the web`
    │           ├─ · it is about Deployment shop/web in production
    │           ├─ ✓ bo said yes by `/approve` at 1970-01-01T00:33:20Z, to sha256:64f7e85279cc
    │           ├─ ? the status `ci` ended with `success`: the statuses: not read
    │           └─ ? 0 of 1 conditions hold; a condition could not be told: the statuses: not read
    └─ ✓ the forge lets it land
    ");
}

#[test]
fn what_blocks_is_told_beside_what_waits() {
    insta::assert_snapshot!(told(RULES, 9, &[(3, "cy", "/hold wait for the audit")]), @"
    ✗ it may not land as it is
    ├─ ✓ it is open, and merges
    ├─ ✓ the policy can be read, and so can the one that it proposes
    ├─ ✓ what it does is known
    ├─ ✗ no check stops it
    │  └─ ✗ `not too many`
    │     └─ ✗ Deployment shop/web: too many (in production)
    ├─ … nobody and nothing holds it
    │  └─ … held by cy (“wait for the audit”): cy or an administrator can say `/unhold`
    ├─ … everybody who must agree has agreed
    │  └─ … one of
    │     ├─ · `nothing goes dark`: it does not apply
    │     │  └─ ✗ it does not apply
    │     │     └─ ✗ an object changes with environment `production`, risk `scale-to-zero` or `data-loss`
    │     └─ … all of
    │        └─ … `by day`: 0 of 1 approvals from bo
    │           ├─ ✓ it applies
    │           │  └─ ✓ all of
    │           │     ├─ ✓ not
    │           │     │  └─ ✗ it is a draft
    │           │     └─ ✓ one of
    │           │        ├─ ✗ it has the label `urgent`: it has `Size/S`
    │           │        └─ ✓ its title matches `^Scale`: it is `Scale the web`
    │           ├─ · it is about Deployment shop/web in production
    │           ├─ … who could still say yes: bo
    │           ├─ ? the status `ci` ended with `success`: the statuses: not read
    │           └─ … 0 of 1 conditions hold; a condition could not be told: the statuses: not read
    └─ ✓ the forge lets it land
    ");
}

#[test]
fn without_rules_the_built_in_one_asks() {
    insta::assert_snapshot!(told(POLICY, 5, &[(2, "bo", "/approve")]), @"
    ✓ it may land
    ├─ ✓ it is open, and merges
    ├─ ✓ the policy can be read, and so can the one that it proposes
    ├─ ✓ what it does is known
    ├─ ✓ there is no check
    ├─ ✓ nobody and nothing holds it
    ├─ ✓ everybody who must agree has agreed
    │  └─ ✓ `default`: 1 of 1 approvals from whoever has write permission
    │     ├─ · it is about Deployment shop/web in production
    │     └─ ✓ bo said yes by `/approve` at 1970-01-01T00:33:20Z, to sha256:2bd86b047e3d
    └─ ✓ the forge lets it land
    ");
}
