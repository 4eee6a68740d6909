//! The policy file `.countersign.toml`: its typed form, and the reading that gives it or says where it is wrong.

mod check;
mod condition;
mod conditions;
mod environment;
mod error;
mod floor;
mod given;
mod name;
mod needs;
mod never;
mod options;
mod pack;
mod people;
mod place;
mod predicate;
mod read;
mod rule;
mod strange;
mod table;
mod test_case;
#[cfg(test)]
mod tests;
mod waiver;
mod window;

pub use condition::{
    Comparison, EffectMatch, FileTest, Files, ImageMatch, ImageMove, ModifiedLines, Pattern, Predicate,
    StatusTest, TextTest, Than, Window, WorkflowTest,
};
pub(crate) use conditions::CONCLUSIONS;
pub use error::{Level, PolicyError, nearest};
pub(crate) use error::{Lines, quoted};
pub use floor::{Floor, collisions, parse_floor};
pub use given::{Given, GivenCommit, GivenEffect, GivenFile, GivenRun, GivenStatus, Listed};
pub(crate) use name::{
    expression, field, glob, valid_expression, valid_group, valid_key, valid_line, valid_login, valid_path,
    valid_team, valid_title,
};
pub(crate) use options::MOST_REQUESTS;
pub use place::at_entry;
pub(crate) use predicate::{MOVES, OPERATIONS, RISKS};
pub use read::parse;
pub use strange::strange;
pub(crate) use table::one_of;
pub use test_case::{Expect, PolicyTest};
pub use waiver::Waiver;
pub(crate) use waiver::rule_of as waived_rule;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::actor::Permission;
use crate::environment::Environment;

/// Where the policy lives in a repository.
pub const POLICY_PATH: &str = ".countersign.toml";

/// The JSON Schema of the file, for editors. It is held to what is read by a test.
pub const SCHEMA: &str = include_str!("policy.schema.json");

/// A policy that was read and found sound.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Environments in the file's order.
    pub environments: Vec<Environment>,
    /// Checks in the file's order.
    pub checks: Vec<Check>,
    /// Dated exceptions from checks.
    pub waivers: Vec<Waiver>,
    /// Cases that the policy is tried on.
    pub tests: Vec<PolicyTest>,
    /// Rules in the file's order; names are unique.
    pub rules: Vec<Rule>,
    /// How rules combine; without one, all that apply must hold.
    pub approval: Option<Tree>,
    /// What stops a change.
    pub disapproval: Disapproval,
    /// Who may do what in comments.
    pub commands: Commands,
    /// Extra paths that are secret, by `kind` or everywhere: `["ConfigMap:data.password"]`.
    pub mask: Vec<String>,
    /// How and when to land.
    pub merge: Merge,
    /// Rules that nothing uses, deprecated spellings.
    pub warnings: Vec<PolicyError>,
}

impl Policy {
    /// The policy of a repository without one: no environments, no checks, no rules. What is changed then falls to
    /// the built-in rule `default`; see [`crate::approval::evaluate`].
    pub fn builtin() -> Self {
        Self {
            environments: Vec::new(),
            checks: Vec::new(),
            waivers: Vec::new(),
            tests: Vec::new(),
            rules: Vec::new(),
            approval: None,
            disapproval: Disapproval::default(),
            commands: Commands::default(),
            mask: Vec::new(),
            merge: Merge::default(),
            warnings: Vec::new(),
        }
    }
}

impl Policy {
    /// Every team that the policy names: whose members have to be known.
    pub fn teams(&self) -> std::collections::BTreeSet<String> {
        self.people().into_iter().flat_map(|from| from.teams.iter().cloned()).collect()
    }
}

/// How heavy a finding is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Told, nothing more.
    Info,
    /// Told.
    Warning,
    /// Blocks.
    #[default]
    Error,
}

/// What a change may contain.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// Its name; unique.
    pub name: String,
    /// What judges.
    pub judge: Judge,
    /// How heavy what it finds is at most.
    pub severity: Severity,
    /// Only in these environments, globs; empty means everywhere.
    pub environments: Vec<String>,
    /// Only these kinds, `group/kind` globs (`apps/Deployment`, `rbac.authorization.k8s.io/*`, `/Pod` for core).
    pub kinds: Vec<String>,
}

/// What judges an object.
#[derive(Debug, Clone, PartialEq)]
pub enum Judge {
    /// An expression.
    Cel(CelCheck),
    /// Policies in Rego.
    Rego(RegoCheck),
    /// Schemas.
    Schema(SchemaCheck),
    /// ValidatingAdmissionPolicies with their bindings, in these files, folders and patterns on the target branch.
    Admission(Vec<String>),
    /// Gatekeeper's templates and constraints, in the same.
    Gatekeeper(Vec<String>),
    /// Shipped packs.
    Pack(PackCheck),
}

/// An expression in CEL.
#[derive(Debug, Clone, PartialEq)]
pub struct CelCheck {
    /// Over `object`, `oldObject`, `request`, `environment`, `params`, `namespaceObject`; true means fine.
    pub expression: String,
    /// What `params` is.
    pub parameters: Option<serde_json::Value>,
    /// What to say when it is false.
    pub message: String,
    /// Which field is wrong then, as people read it: `spec.replicas`.
    pub path: Option<String>,
}

/// Rules that come with the program.
#[derive(Debug, Clone, PartialEq)]
pub struct PackCheck {
    /// Packs and single rules, by name.
    pub uses: Vec<String>,
    /// Rules that are left out, by id or by name.
    pub except: Vec<String>,
    /// What `data.parameters` says.
    pub parameters: serde_json::Map<String, serde_json::Value>,
}

/// Policies in Rego, as conftest reads them.
#[derive(Debug, Clone, PartialEq)]
pub struct RegoCheck {
    /// Files, folders and patterns on the target branch.
    pub files: Vec<String>,
    /// The same of JSON and YAML files that `data` consists of.
    pub data: Vec<String>,
    /// What `data.parameters` says.
    pub parameters: Option<serde_json::Value>,
}

/// What objects must look like.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SchemaCheck {
    /// Whether the kinds of Kubernetes that are shipped with the program are among them.
    pub builtin: bool,
    /// Files, folders and patterns on the target branch: CustomResourceDefinitions and JSON Schemas.
    pub files: Vec<String>,
}

/// Who must agree.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its name; unique.
    pub name: String,
    /// When it applies; `None` means always.
    pub when: Option<Predicate>,
    /// What it needs.
    pub require: Require,
    /// Who is excluded, and what a push does.
    pub options: RuleOptions,
    /// How people may say yes.
    pub methods: Methods,
}

/// A number of people from a set, and what else must be true.
#[derive(Debug, Clone, PartialEq)]
pub struct Require {
    /// How many distinct people; zero where conditions are enough.
    pub count: u32,
    /// From whom.
    pub from: From,
    /// What must be true; while it is not, the rule waits.
    pub conditions: Vec<Predicate>,
}

/// A set of people: the union of its parts. Empty means anybody with write permission.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct From {
    /// Logins.
    pub users: Vec<String>,
    /// Teams, `org/team`.
    pub teams: Vec<String>,
    /// Groups, as GitLab has them.
    pub groups: Vec<String>,
    /// Members of these organizations.
    pub organizations: Vec<String>,
    /// At least one of these permissions.
    pub permissions: Vec<Permission>,
    /// For each file, its owners by `CODEOWNERS`.
    pub codeowners: bool,
    /// For each file, its approvers by `OWNERS`.
    pub owners: bool,
}

impl From {
    /// Whether nobody is named: then anybody with write permission is meant.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Who may not count for a rule. The defaults exclude everybody who had a hand in the change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RuleOptions {
    /// Whether the author may count.
    pub author: Exclusion,
    /// Whether a committer of B..H may count.
    pub committers: Exclusion,
    /// Whether the pusher of the head may count.
    pub pusher: Exclusion,
    /// Commits whose authors and committers are all of these keep nobody from counting.
    pub ignore_commits_by: Option<From>,
    /// What a push does to approvals.
    pub on_push: OnPush,
    /// Who of those whom it asks is asked for a review by name; nobody where it is `None`.
    pub request_review: Option<RequestReview>,
}

/// Whom a rule that waits asks for a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RequestReview {
    /// Which of its people.
    pub mode: RequestMode,
    /// How many of them; as many as are missing where it is `None`.
    pub count: Option<u32>,
}

/// Which people of a rule are asked for a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RequestMode {
    /// Some of them, drawn by lot: always the same ones for one change.
    #[default]
    RandomUsers,
    /// All of them.
    AllUsers,
    /// Its teams, as teams.
    Teams,
}

/// Whether somebody is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Exclusion {
    /// Never counts.
    #[default]
    Excluded,
    /// Counts like anybody.
    Allowed,
}

/// What a push does to approvals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnPush {
    /// They stand as long as the effect is the one that was approved.
    #[default]
    Effect,
    /// They were for the head that was on display, and for no other.
    Head,
}

/// How people may say yes to a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Methods {
    /// By the forge's own reviews.
    pub reviews: bool,
    /// By `/approve`.
    pub commands: bool,
    /// By comments that contain one of these texts.
    pub comments: Vec<String>,
    /// By comments that one of these regular expressions matches.
    pub comment_patterns: Vec<String>,
    /// With any of these regular expressions, only reviews count whose text one of them matches.
    pub review_patterns: Vec<String>,
}

impl Default for Methods {
    fn default() -> Self {
        Self {
            reviews: true,
            commands: true,
            comments: Vec::new(),
            comment_patterns: Vec::new(),
            review_patterns: Vec::new(),
        }
    }
}

/// `[disapproval]`: what stops a change whatever was approved.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Disapproval {
    /// Whose request for changes counts; without it, that of everybody who may sort issues.
    pub from: Option<From>,
    /// Each of these, where it is true, stops the change.
    pub when: Vec<Predicate>,
    /// Who may lift somebody's request for changes or hold, beside themselves and administrators.
    pub revoke: Option<From>,
    /// Comments of people whose request for changes counts hold the change where one of these texts stands in them, be
    /// it in a quote.
    pub comments: Vec<String>,
    /// And where one of these regular expressions matches.
    pub comment_patterns: Vec<String>,
}

/// How rules combine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tree {
    /// A rule by name.
    Rule(String),
    /// All of these.
    All(Vec<Tree>),
    /// One of these.
    Any(Vec<Tree>),
}

/// Who may do what in comments, beyond what everybody may.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Commands {
    /// For each verb, who else may use it.
    pub allow: BTreeMap<String, From>,
}

/// How to land.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum How {
    /// A true merge that the bot builds, signs and pushes.
    #[default]
    Land,
}

/// When to land.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum When {
    /// When somebody says `/merge`.
    #[default]
    Command,
    /// As soon as nothing is missing.
    Approved,
}

/// `[merge]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Merge {
    /// How.
    pub how: How,
    /// When.
    pub when: When,
}
