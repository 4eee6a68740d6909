//! Conditions. Each row is one as policy-bot says it, what differs in the change, and whether it holds; or one of ours,
//! what a case says, and what becomes of a rule that it stands over.

use super::*;

/// A rule of theirs that asks for nobody: approved where the condition holds, else skipped.
#[track_caller]
pub(super) fn they_hold(rows: &[(&str, Value, &str)]) {
    for (condition, patch, wanted) in rows {
        they(&format!("if: {{{condition}}}"), patch, wanted);
    }
}

/// bo, who may write, approved.
#[track_caller]
pub(super) fn we_hold(rows: &[(&str, &str, &str)]) {
    for (condition, given, wanted) in rows {
        let given = format!("approvals = ['bo'], paths = ['x'], {given}");
        our_rule(
            &format!("when = {{ {condition} }}\nrequire = {{ count = 1 }}"),
            given.trim_end_matches(", "),
            wanted,
        );
    }
}

#[test]
fn p22_the_author_is_whoever_opened_it() {
    they_hold(&[
        ("has_author_in: {users: [ana]}", json!({}), "approved"),
        ("has_author_in: {users: [bo]}", json!({ "commits": [{ "sha": "c2", "author": "bo" }] }), "skipped"),
        ("has_author_in: {}", json!({}), "skipped"),
    ]);
    we_hold(&[
        ("has_author_in.users = \"ana\"", "author = 'ana'", "met"),
        ("has_author_in.users = \"cy\"", "author = 'ana', committers = ['cy']", "skipped"),
        (
            "has_author_in.teams = \"acme/sre\"",
            "author = 'ana', teams = { 'acme/sre' = 'unknown' }",
            "unknown",
        ),
    ]);
}

/// Commits count as they are, whoever is ignored elsewhere; and an identity that no account answers to may be anybody.
#[test]
fn p23_contributors_are_the_author_and_everybody_in_the_commits() {
    let by_cy = json!({ "commits": [{ "sha": "c2", "author": "ana", "committer": "cy" }] });
    they_hold(&[
        ("has_contributor_in: {users: [ana]}", json!({}), "approved"),
        ("has_contributor_in: {users: [cy]}", json!({}), "skipped"),
        ("has_contributor_in: {users: [cy]}", by_cy.clone(), "approved"),
    ]);
    they(
        "if: {has_contributor_in: {users: [cy]}}\n  options: {ignore_commits_by: {users: [cy, ana]}}",
        &by_cy,
        "approved",
    );
    we_hold(&[
        ("has_contributor_in.users = \"ana\"", "author = 'ana'", "met"),
        ("has_contributor_in.users = \"cy\"", "author = 'ana'", "skipped"),
        ("has_contributor_in.users = \"cy\"", "author = 'ana', commits = [{ committer = 'cy' }]", "met"),
        (
            "has_contributor_in.users = \"cy\"",
            "author = 'ana', commits = [{ identity = 'Zoe <z@example.org>' }]",
            "unknown",
        ),
    ]);
}

#[test]
fn p24_only_some_may_have_contributed() {
    they_hold(&[
        ("only_has_contributors_in: {users: [ana]}", json!({}), "approved"),
        (
            "only_has_contributors_in: {users: [ana]}",
            json!({ "commits": [{ "sha": "c2", "author": "ana", "committer": "cy" }] }),
            "skipped",
        ),
        ("only_has_contributors_in: {users: [ana]}", json!({ "commits": [{ "sha": "c2" }] }), "approved"),
    ]);
    we_hold(&[
        ("only_has_contributors_in.users = \"ana\"", "author = 'ana'", "met"),
        ("only_has_contributors_in.users = \"ana\"", "author = 'ana', committers = ['ana', 'cy']", "skipped"),
        (
            "only_has_contributors_in.users = \"ana\"",
            "author = 'ana', commits = [{ identity = 'Zoe <z@example.org>' }]",
            "unknown",
        ),
    ]);
}

#[test]
fn p25_nobody_but_the_author_is_in_the_commits() {
    they_hold(&[
        ("author_is_only_contributor: true", json!({}), "approved"),
        (
            "author_is_only_contributor: true",
            json!({ "commits": [{ "sha": "c2", "author": "ana", "committer": "cy" }] }),
            "skipped",
        ),
        (
            "author_is_only_contributor: true",
            json!({ "commits": [{ "sha": "c2", "author": "ana", "committer": "", "via_web": true }] }),
            "approved",
        ),
        (
            "author_is_only_contributor: true",
            json!({ "commits": [{ "sha": "c2", "author": "" }] }),
            "skipped",
        ),
        ("author_is_only_contributor: false", json!({}), "skipped"),
    ]);
    we_hold(&[
        ("author_is_only_contributor = true", "author = 'ana'", "met"),
        ("author_is_only_contributor = true", "author = 'ana', commits = [{ committer = 'cy' }]", "skipped"),
        (
            "author_is_only_contributor = true",
            "author = 'ana', commits = [{ committer = 'cy', via_web = true }]",
            "met",
        ),
        (
            "author_is_only_contributor = true",
            "author = 'ana', commits = [{ identity = 'Zoe <z@example.org>' }]",
            "unknown",
        ),
        ("author_is_only_contributor = false", "author = 'ana'", "skipped"),
        ("author_is_only_contributor = true", "author = 'ana', commits = 'unknown'", "met"),
    ]);
}

#[test]
fn p26_branches_and_those_of_forks() {
    they_hold(&[
        ("targets_branch: {pattern: ai}", json!({}), "approved"),
        ("targets_branch: {pattern: '^ai'}", json!({}), "skipped"),
        ("from_branch: {pattern: '^fork:'}", json!({ "source": "fork:topic" }), "approved"),
        ("from_branch: {pattern: '^topic$'}", json!({ "source": "fork:topic" }), "skipped"),
    ]);
    we_hold(&[
        ("targets_branch.matches = \"ai\"", "", "met"),
        ("targets_branch = \"ai\"", "", "skipped"),
        ("targets_branch = \"release/*\"", "target = 'release/1'", "met"),
        ("from_branch = \"topic\"", "source = 'topic'", "met"),
        ("from_branch = \"topic\"", "source = 'topic', fork = 'zoe'", "skipped"),
        ("from_branch = \"zoe:topic\"", "source = 'topic', fork = 'zoe'", "met"),
        ("fork = true", "fork = 'zoe'", "met"),
        ("fork = true", "", "skipped"),
        ("draft = false", "", "met"),
    ]);
}

#[test]
fn p28_statuses_must_be_there_and_have_ended_well() {
    let built = |conclusion: &str| json!({ "statuses": { "build": conclusion } });
    they_hold(&[
        ("has_status: {statuses: [build]}", built("success"), "approved"),
        ("has_status: {statuses: [build]}", built("skipped"), "skipped"),
        ("has_status: {statuses: [build], conclusions: [skipped]}", built("skipped"), "approved"),
        ("has_status: {statuses: [build], conclusions: [skipped]}", built("success"), "skipped"),
        ("has_status: {statuses: [build, lint]}", built("success"), "skipped"),
        ("has_status: {}", json!({}), "approved"),
        ("has_successful_status: [build]", built("success"), "approved"),
    ]);
    we_hold(&[
        ("has_status.names = \"build\"", "statuses = [{ name = 'build' }]", "met"),
        (
            "has_status.names = \"build\"",
            "statuses = [{ name = 'build', conclusion = 'skipped' }]",
            "skipped",
        ),
        (
            "has_status.names = \"build\"",
            "statuses = [{ name = 'build', conclusion = 'pending' }]",
            "skipped",
        ),
        (
            "has_status = { names = \"build\", conclusions = \"skipped\" }",
            "statuses = [{ name = 'build', conclusion = 'skipped' }]",
            "met",
        ),
        ("has_status.names = [\"build\", \"lint\"]", "statuses = [{ name = 'build' }]", "skipped"),
        ("has_status.names = \"build\"", "statuses = 'unknown'", "unknown"),
        // Of several that set one, all; of a named app, that app's, and what nobody is known to have set is not taken for it.
        (
            "has_status.names = \"build\"",
            "statuses = [{ name = 'build', app = 'a' }, { name = 'build', app = 'b', conclusion = 'failure' }]",
            "skipped",
        ),
        (
            "has_status = { names = \"build\", app = \"a\" }",
            "statuses = [{ name = 'build', app = 'A' }, { name = 'build', app = 'b', conclusion = 'failure' }]",
            "met",
        ),
        ("has_status = { names = \"build\", app = \"a\" }", "statuses = [{ name = 'build' }]", "unknown"),
    ]);
    we_refuse(
        &rule("when = { has_status = { conclusions = \"success\" } }\nrequire = { count = 1 }"),
        "name the statuses",
    );
    we_refuse(&rule("when = { has_successful_status = \"build\" }\nrequire = { count = 1 }"), "has_status");
}

#[test]
fn p29_workflows_must_have_ended_well_for_each_event() {
    let ran = |all: &[&str]| json!({ "workflows": { "ci": all } });
    they_hold(&[
        ("has_workflow_result: {workflows: [ci]}", ran(&["success", "success"]), "approved"),
        ("has_workflow_result: {workflows: [ci]}", ran(&["success", "failure"]), "skipped"),
        ("has_workflow_result: {workflows: [ci]}", json!({}), "skipped"),
        (
            "has_workflow_result: {workflows: [ci], conclusions: [failure, success]}",
            ran(&["success", "failure"]),
            "approved",
        ),
    ]);
    let ci = "has_workflow_result.workflows = \".github/workflows/ci.yml\"";
    let run = |event: &str, conclusion: &str| {
        format!("{{ workflow = '.github/workflows/ci.yml', event = '{event}', conclusion = '{conclusion}' }}")
    };
    let all = |runs: &[String]| format!("workflows = [{}]", runs.join(", "));
    we_hold(&[
        (ci, &all(&[run("push", "success"), run("pull_request", "success")]), "met"),
        (ci, &all(&[run("push", "success"), run("pull_request", "failure")]), "skipped"),
        (ci, &all(&[run("push", "failure"), run("push", "success")]), "met"),
        // A newer one that still runs says that the older one is not the last word.
        (ci, &all(&[run("push", "success"), run("push", "pending")]), "skipped"),
        (ci, "workflows = []", "skipped"),
        (ci, "workflows = 'unknown'", "unknown"),
    ]);
}

#[test]
fn p30_labels_whatever_their_capitals() {
    they_hold(&[
        ("has_labels: [URGENT]", json!({ "labels": ["Urgent", "x"] }), "approved"),
        ("has_labels: [urgent, y]", json!({ "labels": ["Urgent", "x"] }), "skipped"),
        ("has_labels: []", json!({ "failed": { "labels": "no" } }), "approved"),
    ]);
    we_hold(&[
        ("has_labels = \"URGENT\"", "labels = ['Urgent', 'x']", "met"),
        ("has_labels = [\"urgent\", \"y\"]", "labels = ['Urgent', 'x']", "skipped"),
        ("has_labels = \"urgent\"", "labels = 'unknown'", "unknown"),
        ("has_labels = \"urgent\"", "labels = []", "skipped"),
    ]);
    we_refuse(&rule("when = { has_labels = [] }\nrequire = { count = 1 }"), "this list is empty");
}

#[test]
fn p31_titles_and_repositories_like_these_or_unlike_those() {
    they_hold(&[
        ("title: {matches: [^fix]}", json!({}), "approved"),
        ("title: {not_matches: [^fix]}", json!({}), "skipped"),
        ("title: {matches: [x], not_matches: [y]}", json!({}), "approved"),
        ("title: {matches: [^fix], not_matches: [^fix]}", json!({}), "approved"),
        ("title: {}", json!({}), "skipped"),
        ("repository: {matches: ['^acme/']}", json!({}), "approved"),
    ]);
    we_hold(&[
        ("title.matches = \"^fix\"", "title = 'fix: it'", "met"),
        ("title.not_matches = \"^fix\"", "title = 'fix: it'", "skipped"),
        ("title = { matches = \"x\", not_matches = \"y\" }", "title = 'fix: it'", "met"),
        ("title = { matches = \"^fix\", not_matches = \"^fix\" }", "title = 'fix: it'", "met"),
        ("repository.matches = \"^acme/\"", "repository = 'acme/env'", "met"),
        ("repository.matches = \"^acme/\"", "", "skipped"),
    ]);
    we_refuse(&rule("when = { title = {} }\nrequire = { count = 1 }"), "is empty");
}

#[test]
fn p32_signatures_that_hold_by_whom_and_by_which_key() {
    let signed = |kind: &str, valid: bool| json!({ "commits": [{ "sha": "c2", "signature": { "kind": kind, "valid": valid, "key": "3AA5C34371567BD2", "signer": "bo" } }] });
    they_hold(&[
        ("has_valid_signatures: true", json!({}), "skipped"),
        ("has_valid_signatures: false", json!({}), "approved"),
        ("has_valid_signatures: true", signed("gpg", true), "approved"),
        ("has_valid_signatures: true", signed("gpg", false), "skipped"),
        ("has_valid_signatures_by: {users: [bo]}", signed("gpg", true), "approved"),
        ("has_valid_signatures_by: {users: [cy]}", signed("gpg", true), "skipped"),
        ("has_valid_signatures_by_keys: {key_ids: [3AA5C34371567BD2]}", signed("gpg", true), "approved"),
        ("has_valid_signatures_by_keys: {key_ids: [3AA5C34371567BD2]}", signed("ssh", true), "skipped"),
    ]);
    let keys = "has_valid_signatures_by_keys = \"3AA5C34371567BD2\"";
    we_hold(&[
        ("has_valid_signatures = true", "commits = [{ signed = false }]", "skipped"),
        ("has_valid_signatures = false", "commits = [{ signed = true }, { signed = false }]", "met"),
        ("has_valid_signatures = true", "commits = [{ signed = true }]", "met"),
        (
            "has_valid_signatures = true",
            "commits = [{}]".replace("{}", "{ via_web = false }").as_str(),
            "unknown",
        ),
        ("has_valid_signatures = true", "commits = 'unknown'", "unknown"),
        ("has_valid_signatures_by.users = \"dee\"", "commits = [{ signed = true, signer = 'dee' }]", "met"),
        (
            "has_valid_signatures_by.users = \"cy\"",
            "commits = [{ signed = true, signer = 'dee' }]",
            "skipped",
        ),
        ("has_valid_signatures_by.users = \"cy\"", "commits = [{ signed = true }]", "unknown"),
        (keys, "commits = [{ signed = true, key = '3AA5C34371567BD2' }]", "met"),
        (keys, "commits = [{ signed = true, key = 'AAAAAAAAAAAAAAAA' }]", "skipped"),
        (keys, "commits = [{ signed = true }]", "unknown"),
    ]);
}

#[test]
fn p33_expressions_match_anywhere_and_newer_conditions_are_there() {
    they_hold(&[
        ("title: {matches: ['']}", json!({}), "approved"),
        ("title: {matches: ['x: i']}", json!({}), "approved"),
        ("file_not_deleted: {paths: ['a']}", json!({}), "approved"),
        ("changed_files: {globs: ['src/**']}", json!({}), "approved"),
        ("custom_property_is_not_null: [tier]", json!({ "properties": { "tier": "1" } }), "approved"),
        ("custom_property_is_null: [tier]", json!({}), "approved"),
        (
            "custom_property_matches_any_of: {tier: ['^1']}",
            json!({ "properties": { "tier": "1" } }),
            "approved",
        ),
        (
            "custom_property_matches_none_of: {tier: ['^1']}",
            json!({ "properties": { "tier": "1" } }),
            "skipped",
        ),
    ]);
    they_refuse(&only("if: {title: {matches: ['(']}}"), "not a regular expression");
    we_hold(&[
        ("title.matches = \"x: i\"", "title = 'fix: it'", "met"),
        ("file_not_deleted.paths = \"a\"", "files = [{ path = 'a', operation = 'remove' }]", "skipped"),
        ("changed_files_count = \">= 2\"", "files = [{ path = 'a' }]", "met"),
        ("commit_count = \"= 2\"", "commits = [{ author = 'cy' }, { author = 'dee' }]", "met"),
        ("commit_count = \"= 2\"", "commits = 'unknown'", "unknown"),
        (
            "window = { days = [\"sat\"], from = \"00:00\", to = \"12:00\", zone = \"UTC\" }",
            "now = 2000-01-01",
            "met",
        ),
        ("not = { title.matches = \"^fix\" }", "title = 'feat'", "met"),
    ]);
    we_refuse(&rule("when = { title.matches = \"(\" }\nrequire = { count = 1 }"), "expression");
    we_refuse(&rule("when = { commit_messages = \"x\" }\nrequire = { count = 1 }"), "use `title`");
    // Properties of repositories are not read: an imported condition on one waits.
    let policy =
        read(&only("if: {custom_property_is_null: [tier]}\n  requires: {count: 1, users: [bo]}"), "p")
            .unwrap();
    let translation = crate::policybot::translate(&policy, "p");
    assert!(translation.text.contains("unknown = "), "{}", translation.text);
}

/// What stands in the manifests of a case is what conditions on effects look at.
#[test]
fn what_a_case_says_of_objects_is_looked_at() {
    let object = |before: &str, after: &str| {
        format!(
            "effects = [{{ environment = 'production', kind = 'apps/Deployment', namespace = 'shop', name = 'web', before = {before}, after = {after} }}]"
        )
    };
    let body = |image: &str, replicas: u32, team: &str| {
        format!(
            "{{ metadata = {{ labels = {{ team = '{team}' }} }}, spec = {{ replicas = {replicas}, template = {{ spec = {{ containers = [{{ name = 'web', image = '{image}' }}] }} }} }} }}"
        )
    };
    let moved = object(&body("r.example.org/web:1.1", 3, "shop"), &body("r.example.org/web:1.0", 3, "shop"));
    let scaled = object(&body("r.example.org/web:1", 3, "shop"), &body("r.example.org/web:1", 4, "shop"));
    we_hold(&[
        ("effect.any = { paths = \"spec.replicas\" }", &scaled, "met"),
        ("effect.any = { paths = \"spec.replicas\" }", &moved, "skipped"),
        ("effect.any = { image = { moves = \"downgrade\" } }", &moved, "met"),
        ("effect.any = { image = { registries = \"r.example.org\" } }", &scaled, "skipped"),
        ("effect.any = { labels = \"team=shop\" }", &scaled, "met"),
        ("effect.any = { count = \">= 2\" }", &scaled, "skipped"),
        (
            "effect.only = { kinds = \"apps/*\", namespaces = \"shop\", names = \"w*\", operations = \"update\" }",
            &scaled,
            "met",
        ),
    ]);
}
