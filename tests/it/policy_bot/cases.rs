//! Cases by hand: what the rules of policy-bot say one by one, and where it is easily read otherwise. Each is the text
//! of a rule `r` in a policy that asks for it, or all of a policy, and what is to change in [`change`].

use countersign_core::policybot::Change;
use serde_json::{Value, json};

/// What a case starts from: ana's two commits, pushed at two and three o'clock; bo approves at four.
fn change() -> Value {
    json!({
        "repository": "acme/env", "author": "ana", "target": "main", "source": "topic", "head": "c2", "title": "fix: it",
        "commits": [{ "sha": "c1", "parents": ["b0"], "author": "ana", "committer": "ana" },
                    { "sha": "c2", "parents": ["c1"], "author": "ana", "committer": "ana" }],
        "pushed_at": { "c1": at(2), "c2": at(3) },
        "files": [{ "path": "src/a.go", "status": "modified", "additions": 5, "deletions": 3 }],
        "permissions": { "ana": "admin", "bo": "write", "cy": "read" },
        "teams": { "acme/sre": ["bo", "ana"] }, "organizations": { "acme": ["bo", "cy"] },
        "reviews": [{ "author": "bo", "state": "approved", "created_at": at(4) }]
    })
}

fn at(hour: u32) -> String {
    format!("2026-05-01T{hour:02}:00:00Z")
}

fn comment(author: &str, text: &str, hour: u32) -> Value {
    json!({ "author": author, "text": text, "created_at": at(hour) })
}

fn review(author: &str, state: &str, hour: u32) -> Value {
    json!({ "author": author, "state": state, "created_at": at(hour) })
}

/// Rules by themselves, each with what differs in the change.
fn rules() -> Vec<(&'static str, Value)> {
    let bo = "requires: {count: 1, users: [bo]}";
    vec![
        (bo, json!({})),
        ("requires: {count: 1, users: [Bo]}", json!({})),
        ("requires: {count: 0}", json!({ "failed": { "comments": "no", "reviews": "no" } })),
        ("requires: {count: -1}", json!({})),
        ("requires: {count: 1}", json!({})),
        ("requires: {count: 1, permissions: [maintain, triage]}", json!({})),
        ("requires: {count: 1, permissions: [none]}", json!({ "permissions": { "bo": "none" } })),
        ("requires: {count: 1, admins: yes}", json!({})),
        ("requires: {count: 1, write_collaborators: on}", json!({})),
        ("requires: {count: 1, organizations: [acme]}", json!({ "failed": { "permissions": "no" } })),
        (
            "requires: {count: 1, teams: [acme/sre], permissions: [read]}",
            json!({ "failed": { "teams": "no" } }),
        ),
        ("requires: {count: 1, users: [bo], teams: [acme/sre]}", json!({ "failed": { "teams": "no" } })),
        // A later request for changes by the same person leaves the approval; so does a dismissed second one.
        (bo, json!({ "reviews": [review("bo", "approved", 4), review("bo", "changes-requested", 5)] })),
        (bo, json!({ "reviews": [review("bo", "dismissed", 4)] })),
        // The newest word counts even where it is edited.
        (
            "requires: {count: 1, users: [bo]}\n  options: {ignore_edited_comments: true}",
            json!({ "comments": [{ "author": "bo", "text": "👍", "created_at": at(5), "edited_at": at(6) }] }),
        ),
        (
            "requires: {count: 1, users: [ana]}\n  options: {allow_author: true}",
            json!({ "comments": [comment("ana", "yes :+1:", 5)] }),
        ),
        (
            "requires: {count: 1, users: [ana]}\n  options: {allow_contributor: true}",
            json!({ "comments": [comment("ana", "👍", 5)] }),
        ),
        (
            "requires: {count: 1, users: [ana]}\n  options: {allow_non_author_contributor: true}",
            json!({ "comments": [comment("ana", "👍", 5)] }),
        ),
        // A committer is a contributor, the one of a merged branch is not.
        (bo, json!({ "commits": [{ "sha": "c2", "parents": ["b0"], "author": "ana", "committer": "bo" }] })),
        (
            bo,
            json!({ "commits": [{ "sha": "c2", "parents": ["b0", "c1"], "author": "ana", "committer": "ana" }, { "sha": "c1", "parents": ["b0"], "author": "bo", "committer": "bo" }] }),
        ),
        (bo, json!({ "head": "gone", "commits": [{ "sha": "c1", "author": "bo", "committer": "bo" }] })),
        (
            "requires: {count: 1, users: [bo]}\n  options: {invalidate_on_push: true}",
            json!({ "pushed_at": { "c2": at(4) } }),
        ),
        (
            "requires: {count: 1, users: [bo]}\n  options: {invalidate_on_push: true, ignore_commits_by: {users: [ana]}}",
            json!({ "pushed_at": { "c2": at(5) } }),
        ),
        (
            "requires: {count: 1, users: [bo]}\n  options: {invalidate_on_push: true, ignore_update_merges: true}",
            json!({ "commits": [{ "sha": "c1", "author": "ana", "committer": "ana" }, { "sha": "c2", "parents": ["c1", "b1"], "author": "ana", "via_web": true }], "pushed_at": { "c1": at(2), "c2": at(9) } }),
        ),
        (
            "requires: {count: 1, users: [bo]}\n  options: {ignore_commits_by: {users: [bo]}}",
            json!({ "commits": [{ "sha": "c2", "author": "bo", "committer": "" }] }),
        ),
        (
            "requires: {count: 1, users: [bo]}\n  options: {ignore_commits_by: {users: [bo]}}",
            json!({ "commits": [{ "sha": "c2", "author": "bo", "committer": "cy" }] }),
        ),
        // Methods one by one; an empty list switches one off.
        (
            "requires: {count: 1, users: [bo]}\n  options: {methods: {github_review: false}}",
            json!({ "comments": [comment("bo", "👍", 5)] }),
        ),
        (
            "requires: {count: 1, users: [bo]}\n  options: {methods: {comments: [], github_review: false}}",
            json!({ "comments": [comment("bo", "👍", 5)] }),
        ),
        (
            "requires: {count: 1, users: [bo]}\n  options: {methods: {comments: ~, github_review: false}}",
            json!({ "comments": [comment("bo", "👍", 5)] }),
        ),
        (
            "requires: {count: 1, users: [bo]}\n  options: {methods: {github_review: false, github_review_comment_patterns: ['^ok']}}",
            json!({ "reviews": [{ "author": "bo", "state": "approved", "text": "ok then", "created_at": at(4) }] }),
        ),
        (
            "requires: {count: 1, users: [bo]}\n  options: {methods: {github_review_comment_patterns: ['^ok']}}",
            json!({ "reviews": [{ "author": "bo", "state": "approved", "text": "not ok", "created_at": at(4) }] }),
        ),
        (
            "requires: {count: 1, users: [ana]}\n  options: {allow_author: true, methods: {body_patterns: [trivial]}}",
            json!({ "body": { "author": "ana", "text": "trivial", "created_at": at(1) } }),
        ),
        (
            "requires: {count: 1, users: [bo]}\n  options: {methods: {body_patterns: [trivial], github_review: false}}",
            json!({ "body": { "author": "bo", "text": "trivial", "created_at": at(1), "edited_at": at(2) } }),
        ),
        (
            "requires: {count: 2, users: [bo, cy], conditions: {has_status: {statuses: [build, lint]}, title: {matches: [^fix]}}}",
            json!({ "statuses": { "build": "success" } }),
        ),
        // Predicates at their edges.
        ("if: {changed_files: {}}", json!({})),
        ("if: {changed_files: {paths: ['.*'], ignore: ['go$']}}", json!({})),
        ("if: {no_changed_files: {paths: ['']}}", json!({ "files": [] })),
        ("if: {only_changed_files: {paths: ['.*']}}", json!({ "files": [] })),
        ("if: {only_changed_files: {globs: ['src/**']}}", json!({})),
        ("if: {file_added: {paths: ['a']}}", json!({})),
        ("if: {file_not_deleted: {paths: ['a']}}", json!({})),
        (
            "if: {file_deleted: {globs: ['src/*']}}",
            json!({ "files": [{ "path": "src/a", "status": "deleted" }] }),
        ),
        ("if: {targets_branch: {}}", json!({})),
        ("if: {targets_branch: {pattern: ''}}", json!({})),
        ("if: {targets_branch: {pattern: ai}}", json!({})),
        ("if: {from_branch: {pattern: '^fork:'}}", json!({ "source": "fork:topic" })),
        ("if: {modified_lines: {}}", json!({})),
        ("if: {modified_lines: {additions: ' >4', deletions: '= 9', total: ''}}", json!({})),
        ("if: {modified_lines: {total: '< -1'}}", json!({})),
        ("if: {modified_lines: {total: '> 7', files: {exclude_globs: ['**/*.go']}}}", json!({})),
        ("if: {has_status: {}}", json!({})),
        (
            "if: {has_status: {statuses: [build], conclusions: [skipped]}}",
            json!({ "statuses": { "build": "success" } }),
        ),
        ("if: {has_successful_status: [build]}", json!({ "statuses": { "build": "success" } })),
        (
            "if: {has_workflow_result: {workflows: [ci]}}",
            json!({ "workflows": { "ci": ["success", "failure"] } }),
        ),
        ("if: {has_workflow_result: {workflows: [ci]}}", json!({ "workflows": { "ci": [] } })),
        ("if: {has_labels: []}", json!({ "failed": { "labels": "no" } })),
        ("if: {has_labels: [URGENT]}", json!({ "labels": ["Urgent"] })),
        ("if: {title: {}}", json!({})),
        ("if: {title: {matches: [x], not_matches: [y]}}", json!({})),
        ("if: {repository: {not_matches: ['^acme/']}}", json!({})),
        (
            "if: {author_is_only_contributor: true}",
            json!({ "commits": [{ "sha": "c2", "author": "ana", "committer": "", "via_web": true }] }),
        ),
        ("if: {author_is_only_contributor: false}", json!({ "commits": [] })),
        ("if: {has_author_in: {}}", json!({})),
        (
            "if: {only_has_contributors_in: {users: [ana]}}",
            json!({ "commits": [{ "sha": "c2", "author": "", "committer": "ana" }] }),
        ),
        ("if: {has_valid_signatures: false}", json!({})),
        ("if: {has_valid_signatures: true}", json!({ "commits": [] })),
        (
            "if: {has_valid_signatures_by_keys: {key_ids: [AA]}}",
            json!({ "commits": [{ "sha": "c2", "signature": { "kind": "ssh", "valid": true, "key": "AA" } }] }),
        ),
        ("if: {custom_property_matches_any_of: {tier: ['1']}}", json!({ "properties": { "tier": ["1"] } })),
        (
            "if: {custom_property_is_null: [tier], custom_property_is_not_null: [owner]}",
            json!({ "properties": { "owner": "x" } }),
        ),
        // What stands earlier in policy-bot's order is asked first.
        ("if: {title: {matches: [x]}, changed_files: {paths: [a]}}", json!({ "failed": { "files": "no" } })),
        ("if: {title: {matches: [x]}, has_valid_signatures: true}", json!({ "failed": { "commits": "no" } })),
    ]
}

/// Policies with what differs in the change.
fn policies() -> Vec<(&'static str, Value)> {
    let two = "approval_rules:\n- {name: a, requires: {count: 1, users: [bo]}}\n- {name: b, if: {title: {matches: [nothing]}}}\n- {name: c, requires: {count: 1, users: [cy]}}\n- {name: e, if: {has_labels: [x]}}\n";
    let mut all = Vec::new();
    for tree in [
        "[a]",
        "[b]",
        "[c]",
        "[e]",
        "[a, b]",
        "[a, c]",
        "[b, c]",
        "[a, e]",
        "[{or: [a, b]}]",
        "[{or: [b]}]",
        "[{or: [b, c]}]",
        "[{or: [a, e]}]",
        "[{or: [c, e]}]",
        "[{or: [b, e]}]",
        "[b, {or: [b]}, {and: [b, {or: [b]}]}]",
        "[{or: [{and: [a, c]}, {and: [a, b]}]}]",
        "[]",
        "~",
    ] {
        let policy: &'static str = Box::leak(format!("{two}policy: {{approval: {tree}}}\n").into_boxed_str());
        all.push((policy, json!({ "failed": { "labels": "no" } })));
    }
    let ours = "policy:\n  disapproval:\n    requires: {users: [bo, cy]}\n";
    let says = |reviews: Value, comments: Value| json!({ "reviews": reviews, "comments": comments });
    all.extend([
        (ours, says(json!([review("cy", "changes-requested", 5)]), json!([]))),
        (ours, says(json!([review("cy", "changes-requested", 5), review("bo", "approved", 6)]), json!([]))),
        (ours, says(json!([review("bo", "approved", 5)]), json!([comment("cy", ":-1:", 6)]))),
        (ours, says(json!([review("ana", "changes-requested", 5)]), json!([comment("dee", "👎", 6)]))),
        ("policy: {disapproval: {}}\n", says(json!([review("cy", "changes-requested", 5)]), json!([]))),
        ("policy: {disapproval: {if: {title: {matches: [nothing]}, repository: {matches: [acme]}}}}\n", json!({})),
        ("policy: {disapproval: {requires: {users: [cy]}, options: {methods: {disapprove: {comments: [no]}, revoke: {}}}}}\n", says(json!([review("cy", "changes-requested", 5), review("cy", "approved", 9)]), json!([comment("cy", "no!", 6)]))),
        ("policy: {disapproval: {requires: {users: [cy]}, options: {methods: {disapprove: {}}}}}\n", says(json!([review("cy", "changes-requested", 5)]), json!([]))),
        ("policy: {approval: [r], disapproval: {if: {has_labels: [x]}}}\napproval_rules: [{name: r}]\n", json!({ "failed": { "labels": "no" } })),
        ("policy: {approval: [r]}\napproval_rules: [{name: r, requires: {count: 1, users: [bo]}}, {name: r, requires: {count: 1, users: [cy]}}]\n", json!({})),
        ("policy: {approval: [r]}\napproval_defaults: {options: {allow_author: true, methods: {comments: [ok]}}}\napproval_rules: [{name: r, options: {methods: {github_review: false}}, requires: {count: 1, users: [ana]}}]\n", json!({ "comments": [comment("ana", "ok", 5)] })),
        ("policy: {approval: [r]}\napproval_defaults: {options: {ignore_commits_by: {users: [bo]}}}\napproval_rules: [{name: r, options: {ignore_commits_by: {}}, requires: {count: 1, users: [bo]}}]\n", json!({ "commits": [{ "sha": "c2", "author": "bo", "committer": "bo" }] })),
        ("", json!({})),
        ("# nothing\n", json!({})),
    ]);
    all
}

/// All of them.
pub(super) fn all() -> Vec<(String, Change)> {
    let of = |patch: Value| {
        let mut change = change();
        let entries = change.as_object_mut().unwrap();
        entries.extend(patch.as_object().unwrap().clone());
        serde_json::from_value(change).unwrap()
    };
    let alone = rules().into_iter().map(|(rule, patch)| {
        (format!("policy:\n  approval: [r]\napproval_rules:\n- name: r\n  {rule}\n"), of(patch))
    });
    alone.chain(policies().into_iter().map(|(policy, patch)| (policy.to_owned(), of(patch)))).collect()
}

/// Policies that policy-bot refuses, and such that look as if it did.
pub(super) fn doubtful() -> Vec<String> {
    let rule = |body: &str| format!("policy: {{approval: [r]}}\napproval_rules:\n- name: r\n  {body}\n");
    let tree = |tree: &str| {
        format!("approval_rules: [{{name: r}}, {{name: on}}, {{name: '1'}}]\npolicy:\n  approval: {tree}\n")
    };
    let deep = |depth: usize| tree(&format!("[{}r{}]", "{or: [".repeat(depth), "]}".repeat(depth)));
    let bodies = [
        "if: {no_such: 1}",
        "if: {changed_files: {path: [a]}}",
        "if: {changed_files: [a]}",
        "if: {only_changed_files: {ignore: [a]}}",
        "if: {has_labels: x}",
        "if: {has_labels: {a: b}}",
        "if: {author_is_only_contributor: 'true'}",
        "if: {author_is_only_contributor: y}",
        "if: {author_is_only_contributor: 1}",
        "if: {title: {matches: x}}",
        "if: {title: {matches: ['(']}}",
        "if: {title: {matches: [1, on]}}",
        "if: {modified_lines: {additions: '~10'}}",
        "if: {modified_lines: {additions: '< 10ab'}}",
        "if: {modified_lines: {additions: '>='}}",
        "if: {modified_lines: {additions: '>= 3'}}",
        "if: {modified_lines: {additions: 10}}",
        "if: {modified_lines: {total: '>\t3 '}}",
        "if: {modified_lines: {total: '> +3'}}",
        "if: {modified_lines: {total: '> 1_0'}}",
        "if: {modified_lines: {files: {paths: [a]}}}",
        "if: {has_valid_signatures_by_keys: [a]}",
        "if: {custom_property_matches_any_of: [a]}",
        "if: {targets_branch: main}",
        "if: {targets_branch: ~}",
        "if: ~",
        "if: []",
        "if: {title: {matches: [a]}, title: {matches: [b]}}",
        "requires: {count: '1'}",
        "requires: {count: 1.0}",
        "requires: {count: 1.7}",
        "requires: {count: 0x1F}",
        "requires: {count: 010}",
        "requires: {count: 0b11}",
        "requires: {count: 1_000}",
        "requires: {count: one}",
        "requires: {count: ~}",
        "requires: {count: [1]}",
        "requires: {count: +1}",
        "requires: {count: 08}",
        "requires: {count: 1e2}",
        "requires: {users: bo}",
        "requires: {users: [[bo]]}",
        "requires: {users: [1, on]}",
        "requires: {permissions: [push]}",
        "requires: {permissions: [Write, ADMIN]}",
        "requires: {permissions: write}",
        "requires: {admin: true}",
        "requires: {conditions: {x: 1}}",
        "requires: {owners: true}",
        "options: {methods: [comments]}",
        "options: {methods: {comments: ok}}",
        "options: {methods: {comment: [ok]}}",
        "options: {methods: {reactions: [ok]}}",
        "options: {methods: {github_reactions: [ok]}}",
        "options: {methods: {github_review: 'yes'}}",
        "options: {methods: {comment_patterns: ['a**']}}",
        "options: {allow_author: maybe}",
        "options: {allow_author: ~}",
        "options: {allow_authors: true}",
        "options: {request_review: {mode: nonsense}}",
        "options: {request_review: {enabled: true, number: 1}}",
        "options: {ignore_commits_by: [a]}",
        "options: {ignore_commits_by: {users: [a], users: [b]}}",
        "description: [a]",
        "description: 12",
        "description: ~",
        "weight: 1",
        "requires: &a {count: 1}",
        "options: {}\n  options: {}",
        "requires: {<<: {count: 1}}",
        "requires: {<<: {count: 1}, users: [bo]}",
    ];
    let trees = [
        "r",
        "{and: [r]}",
        "[r, r]",
        "[x]",
        "[1]",
        "['1']",
        "[on]",
        "['on']",
        "[{xor: [r]}]",
        "[{and: r}]",
        "[{and: []}]",
        "[{and: [r], or: [r]}]",
        "[{}]",
        "[[r]]",
        "[{or: [{and: [r]}]}]",
        "[2026-01-01]",
        "['']",
        "[{or: ~}]",
        "[{and: {}}]",
    ];
    let whole = [
        "polic: {}\n",
        "policy: []\n",
        "policy: {approvals: []}\n",
        "policy: {disapproval: []}\n",
        "policy: {disapproval: {requires: {count: 1}}}\n",
        "policy: {disapproval: {requires: {users: [bo]}}}\n",
        "policy: {disapproval: {options: {methods: {approve: {}}}}}\n",
        "policy: {disapproval: {options: {allow_author: true}}}\n",
        "policy: {disapproval: {options: {methods: {disapprove: {comments: [x]}}}}}\n",
        "policy: {disapproval: ~}\n",
        "approval_rules: {}\n",
        "approval_rules: ~\n",
        "approval_defaults: {}\n",
        "approval_defaults: {options: {methods: {}}}\n",
        "approval_defaults: {requires: {count: 1}}\n",
        "[]\n",
        "text\n",
        "1\n",
        "policy: {\n",
        "policy: {}\npolicy: {}\n",
        "'policy': {}\n",
        "a: &a 1\n",
        "remote: acme/policies\n",
    ];
    let bodies = bodies.iter().map(|body| rule(body));
    let trees = trees.iter().map(|one| tree(one));
    bodies
        .chain(trees)
        .chain(whole.map(str::to_owned))
        .chain([deep(8), deep(9), deep(10), deep(11)])
        .collect()
}
