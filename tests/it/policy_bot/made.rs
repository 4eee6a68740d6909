//! Policies and changes that nobody wrote: every word of a policy with every kind of answer.

mod changes;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::rego::dice::Dice;

pub(super) const PEOPLE: [&str; 6] = ["ana", "bo", "cy", "dee", "emil", "renovate[bot]"];
const KEYS: [&str; 2] = ["3AA5C34371567BD2", "0123456789ABCDEF"];
const CONCLUSIONS: [&str; 5] = ["success", "failure", "skipped", "neutral", "pending"];

/// What may be made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// All that policy-bot has.
    Everything,
    /// What Countersign can be told too.
    Carried,
}

pub(super) struct Maker {
    pub(super) dice: Dice,
    pub(super) reach: Reach,
    clock: i64,
}

impl Maker {
    pub(super) fn new(seed: u64, reach: Reach) -> Self {
        Self { dice: Dice(seed), reach, clock: 1_800_000_000 }
    }

    /// A moment, later than all before it.
    pub(super) fn now(&mut self) -> Timestamp {
        self.clock += 60;
        Timestamp::from_second(self.clock).unwrap()
    }

    fn some(&mut self, from: &[&str], most: usize) -> Vec<String> {
        let count = self.dice.below(most + 1);
        (0..count).map(|_| self.dice.pick(from).to_owned()).collect()
    }

    fn at_least_one(&mut self, from: &[&str], most: usize) -> Vec<String> {
        let mut some = self.some(from, most - 1);
        some.push(self.dice.pick(from).to_owned());
        some
    }

    pub(super) fn policy(&mut self) -> Value {
        let names = ["r0", "r1", "r2", "r3"];
        let rules: Vec<Value> = names.iter().map(|name| self.rule(name)).collect();
        let mut policy = json!({ "policy": {}, "approval_rules": rules });
        if self.dice.often(9) {
            let count = 1 + self.dice.below(3);
            policy["policy"]["approval"] = (0..count).map(|_| self.tree(&names, 2)).collect();
        }
        if self.dice.often(4) {
            policy["policy"]["disapproval"] = self.disapproval();
        }
        if self.dice.often(3) {
            policy["approval_defaults"] = json!({ "options": self.options() });
        }
        policy
    }

    fn tree(&mut self, names: &[&str], depth: usize) -> Value {
        if depth == 0 || self.dice.often(5) {
            return json!(self.dice.pick(names));
        }
        let word = self.dice.pick(&["and", "or", "or"]);
        let count = 1 + self.dice.below(3);
        let children: Vec<Value> = (0..count).map(|_| self.tree(names, depth - 1)).collect();
        json!({ word: children })
    }

    fn rule(&mut self, name: &str) -> Value {
        let mut requires = self.actors(3);
        if self.dice.often(8) {
            requires.insert("count".into(), json!(self.dice.below(3)));
        }
        if self.dice.often(2) {
            requires.insert("conditions".into(), self.predicates(2));
        }
        let mut rule = json!({ "name": name, "requires": requires });
        if self.dice.often(6) {
            rule["if"] = self.predicates(2);
        }
        if self.dice.often(6) {
            rule["options"] = self.options();
        }
        rule
    }

    fn actors(&mut self, most: usize) -> Map<String, Value> {
        let mut actors = Map::new();
        for _ in 0..self.dice.below(most + 1) {
            let (key, value) = match self.dice.below(7) {
                0 | 1 => ("users", json!(self.some(&PEOPLE, 3))),
                2 => ("teams", json!(self.some(&["acme/sre", "acme/web", "acme/none"], 2))),
                3 => ("organizations", json!(self.some(&["acme", "other"], 2))),
                4 => ("admins", json!(self.dice.often(7))),
                5 => ("write_collaborators", json!(self.dice.often(7))),
                _ => ("permissions", json!(self.some(&["read", "triage", "write", "maintain", "admin"], 2))),
            };
            actors.insert(key.to_owned(), value);
        }
        actors
    }

    fn options(&mut self) -> Value {
        let mut options = Map::new();
        let flags = [
            "allow_author",
            "allow_contributor",
            "allow_non_author_contributor",
            "invalidate_on_push",
            "ignore_edited_comments",
            "ignore_update_merges",
        ];
        for flag in flags {
            if self.dice.often(2) {
                options.insert(flag.to_owned(), json!(self.dice.often(7)));
            }
        }
        if self.dice.often(2) {
            options.insert("ignore_commits_by".into(), Value::Object(self.actors(2)));
        }
        if self.dice.often(1) {
            options.insert("request_review".into(), json!({ "enabled": true, "mode": "teams", "count": 1 }));
        }
        if self.dice.often(4) {
            options.insert("methods".into(), Value::Object(self.methods()));
        }
        Value::Object(options)
    }

    fn methods(&mut self) -> Map<String, Value> {
        let mut methods = Map::new();
        for _ in 0..self.dice.below(3) {
            let (key, value) = match self.dice.below(6) {
                0 | 1 => ("comments", json!(self.some(&[":+1:", "👍", "LGTM", "ship it", ":-1:"], 2))),
                2 => ("comment_patterns", json!(self.some(&["^LGTM$", r"\bship\b", "(?i)lgtm"], 2))),
                3 => ("github_review", json!(self.dice.often(6))),
                4 => ("github_review_comment_patterns", json!(self.some(&["(?i)lgtm", "ok"], 2))),
                _ => ("body_patterns", json!(self.some(&["no review needed", "LGTM"], 1))),
            };
            methods.insert(key.to_owned(), value);
        }
        methods
    }

    fn disapproval(&mut self) -> Value {
        let mut disapproval = json!({ "requires": self.actors(2) });
        if self.dice.often(2) {
            disapproval["if"] = self.predicates(1);
        }
        if self.dice.often(4) {
            let mut methods = Map::new();
            for key in ["disapprove", "revoke"] {
                if self.dice.often(5) {
                    methods.insert(key.to_owned(), Value::Object(self.methods()));
                }
            }
            disapproval["options"] = json!({ "methods": methods });
        }
        disapproval
    }

    fn predicates(&mut self, most: usize) -> Value {
        let mut predicates = Map::new();
        for _ in 0..=self.dice.below(most) {
            let (key, value) = self.predicate();
            predicates.insert(key.to_owned(), value);
        }
        Value::Object(predicates)
    }

    fn predicate(&mut self) -> (&'static str, Value) {
        match self.dice.below(27) {
            0 => ("changed_files", self.files(true)),
            1 => ("no_changed_files", self.files(true)),
            2 => ("only_changed_files", self.files(false)),
            3 => ("file_added", self.files(false)),
            4 => ("file_not_added", self.files(false)),
            5 => ("file_deleted", self.files(false)),
            6 => ("file_not_deleted", self.files(false)),
            7 => ("has_author_in", Value::Object(self.actors(2))),
            8 => ("has_contributor_in", Value::Object(self.actors(2))),
            9 => ("only_has_contributors_in", Value::Object(self.actors(3))),
            10 => ("author_is_only_contributor", json!(self.dice.often(5))),
            11 => ("targets_branch", json!({ "pattern": self.dice.pick(&["^main$", "a", "^dev"]) })),
            12 => ("from_branch", json!({ "pattern": self.dice.pick(&["^fork:", "topic", "^release/"]) })),
            13 => ("modified_lines", self.lines()),
            14 => (
                "has_status",
                json!({ "statuses": self.some(&["build", "lint", "deploy"], 2), "conclusions": self.some(&CONCLUSIONS, 2) }),
            ),
            15 => ("has_successful_status", json!(self.some(&["build", "lint"], 2))),
            16 => (
                "has_workflow_result",
                json!({ "workflows": self.some(&["ci.yml", "e2e.yml"], 2), "conclusions": self.some(&CONCLUSIONS, 2) }),
            ),
            17 => ("has_labels", json!(self.some(&["urgent", "Urgent", "docs"], 2))),
            18 => (
                "repository",
                json!({ "matches": self.some(&["^acme/", "web"], 1), "not_matches": self.some(&["env$", "x"], 1) }),
            ),
            19 => (
                "title",
                json!({ "matches": self.some(&["^fix", "(?i)WIP"], 1), "not_matches": self.some(&["^chore", "fix"], 1) }),
            ),
            20 => ("has_valid_signatures", json!(self.dice.often(6))),
            21 => ("has_valid_signatures_by", Value::Object(self.actors(2))),
            22 => ("has_valid_signatures_by_keys", json!({ "key_ids": self.some(&KEYS, 2) })),
            n if self.reach == Reach::Carried => self.files_again(n),
            23 => ("custom_property_is_not_null", json!(self.some(&["tier", "owner"], 2))),
            24 => ("custom_property_is_null", json!(self.some(&["tier", "owner"], 2))),
            25 => ("custom_property_matches_any_of", json!({ "tier": self.some(&["^1$", "2"], 2) })),
            _ => (
                "custom_property_matches_none_of",
                json!({ "tier": self.some(&["^1$", "2"], 2), "owner": ["x"] }),
            ),
        }
    }

    fn files_again(&mut self, n: usize) -> (&'static str, Value) {
        match n {
            23 => ("changed_files", self.files(true)),
            24 => ("no_changed_files", self.files(true)),
            25 => ("only_changed_files", self.files(false)),
            _ => ("title", json!({ "matches": ["."] })),
        }
    }

    fn files(&mut self, ignores: bool) -> Value {
        let expressions = [r"^docs/", r"\.go$", "^src/[a-z]+/", ".*", "secret"];
        let globs = ["docs/**", "**/*.go", "*.md", "src/*/{a,b}.go", "**"];
        let mut files = Map::new();
        for (key, pool, chance) in [
            ("paths", &expressions, 8),
            ("globs", &globs, 3),
            ("ignore", &expressions, 3),
            ("ignore_globs", &globs, 2),
        ] {
            if self.dice.often(chance) && (ignores || !key.starts_with("ignore")) {
                files.insert(key.to_owned(), json!(self.some(pool, 2)));
            }
        }
        Value::Object(files)
    }

    fn lines(&mut self) -> Value {
        let mut lines = Map::new();
        for key in ["additions", "deletions", "total"] {
            if self.dice.often(4) {
                let word = self.dice.pick(&["< ", ">", "=  "]);
                lines.insert(key.to_owned(), json!(format!("{word}{}", self.dice.below(40))));
            }
        }
        if self.dice.often(3) && self.reach == Reach::Everything {
            let files = json!({ "include": self.some(&["^src/", r"\.md$"], 1), "include_globs": self.some(&["docs/*"], 1), "exclude": self.some(&["go$"], 1) });
            lines.insert("files".into(), files);
        }
        Value::Object(lines)
    }
}
