//! What a `.policy.yml` says, typed. Every field means what it means to policy-bot 1.41; what is not set is not set
//! here either, and [`Rule::options`] with [`Policy::defaults`] gives what holds.

use std::collections::BTreeMap;

use super::expression::Pattern;
use crate::actor::Permission;

/// A policy.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Policy {
    /// `policy.approval`; an empty list is none, and then everything is approved.
    pub approval: Option<Tree>,
    /// `policy.disapproval`.
    pub disapproval: Option<Disapproval>,
    /// `approval_defaults.options`.
    pub defaults: Options,
    /// `approval_rules`, in the file's order. Of two with one name the later one counts.
    pub rules: Vec<Rule>,
}

impl Policy {
    /// The rule of a name: the last one.
    pub fn rule(&self, name: &str) -> Option<&Rule> {
        self.rules.iter().rev().find(|rule| rule.name == name)
    }
}

/// How rules combine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tree {
    /// A rule, by name.
    Rule(String),
    /// All of these.
    And(Vec<Tree>),
    /// One of these.
    Or(Vec<Tree>),
}

/// One of `approval_rules`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rule {
    /// `name`.
    pub name: String,
    /// `description`.
    pub description: String,
    /// Where it begins, line from 1.
    pub line: u32,
    /// `if`: one that is false skips the rule. In policy-bot's order, not the file's.
    pub predicates: Vec<Predicate>,
    /// `options`, as far as they are set.
    pub options: Options,
    /// `requires`.
    pub requires: Requires,
}

/// `requires` of a rule.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Requires {
    /// How many; none or fewer: nobody is asked.
    pub count: i64,
    /// Whom.
    pub actors: Actors,
    /// `conditions`: one that is false keeps the rule waiting.
    pub conditions: Vec<Predicate>,
}

/// A set of people: the union of its parts. Empty means nobody.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Actors {
    /// Logins; capitals count.
    pub users: Vec<String>,
    /// Teams, `org/team`.
    pub teams: Vec<String>,
    /// Organizations.
    pub organizations: Vec<String>,
    /// At least one of these permissions; `admins` and `write_collaborators` are among them.
    pub permissions: Vec<Permission>,
}

impl Actors {
    /// Whether nobody is meant.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// `options` of a rule, or of `approval_defaults`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options {
    /// `allow_author`.
    pub allow_author: Option<bool>,
    /// `allow_contributor`: the author counts among them.
    pub allow_contributor: Option<bool>,
    /// `allow_non_author_contributor`.
    pub allow_non_author_contributor: Option<bool>,
    /// `invalidate_on_push`.
    pub invalidate_on_push: Option<bool>,
    /// `ignore_edited_comments`.
    pub ignore_edited_comments: Option<bool>,
    /// `ignore_update_merges`.
    pub ignore_update_merges: Option<bool>,
    /// `ignore_commits_by`.
    pub ignore_commits_by: Option<Actors>,
    /// `request_review`.
    pub request_review: Option<RequestReview>,
    /// `methods`.
    pub methods: Methods,
}

impl Options {
    /// These, and where they say nothing the others. Methods are taken one by one, all else as a whole.
    pub fn or(&self, others: &Self) -> Self {
        Self {
            allow_author: self.allow_author.or(others.allow_author),
            allow_contributor: self.allow_contributor.or(others.allow_contributor),
            allow_non_author_contributor: self
                .allow_non_author_contributor
                .or(others.allow_non_author_contributor),
            invalidate_on_push: self.invalidate_on_push.or(others.invalidate_on_push),
            ignore_edited_comments: self.ignore_edited_comments.or(others.ignore_edited_comments),
            ignore_update_merges: self.ignore_update_merges.or(others.ignore_update_merges),
            ignore_commits_by: self.ignore_commits_by.as_ref().or(others.ignore_commits_by.as_ref()).cloned(),
            request_review: self.request_review.as_ref().or(others.request_review.as_ref()).cloned(),
            methods: self.methods.or(&others.methods),
        }
    }

    /// These of a rule with the defaults of its policy and of policy-bot.
    pub fn in_force(&self, policy: &Policy) -> Self {
        let built_in = Self { methods: Methods::words([":+1:", "👍"]), ..Self::default() };
        self.or(&policy.defaults).or(&built_in)
    }
}

/// `request_review`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RequestReview {
    /// `enabled`.
    pub enabled: bool,
    /// `mode`; empty means `random-users`.
    pub mode: String,
    /// `count`; zero means as many as the rule requires.
    pub count: i64,
}

/// How people say yes, or no. An empty list switches a method off; `None` leaves it to the defaults.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Methods {
    /// `comments`: texts that stand somewhere in a comment.
    pub comments: Option<Vec<String>>,
    /// `comment_patterns`.
    pub comment_patterns: Option<Vec<Pattern>>,
    /// `github_review`.
    pub github_review: Option<bool>,
    /// `github_review_comment_patterns`: with any, reviews count whose text one of them matches.
    pub review_patterns: Option<Vec<Pattern>>,
    /// `body_patterns`, over the text of the pull request itself.
    pub body_patterns: Option<Vec<Pattern>>,
}

impl Methods {
    /// Reviews, and comments with these words.
    pub(super) fn words(words: [&str; 2]) -> Self {
        Self {
            comments: Some(words.map(str::to_owned).to_vec()),
            github_review: Some(true),
            ..Self::default()
        }
    }

    fn or(&self, others: &Self) -> Self {
        Self {
            comments: self.comments.as_ref().or(others.comments.as_ref()).cloned(),
            comment_patterns: self.comment_patterns.as_ref().or(others.comment_patterns.as_ref()).cloned(),
            github_review: self.github_review.or(others.github_review),
            review_patterns: self.review_patterns.as_ref().or(others.review_patterns.as_ref()).cloned(),
            body_patterns: self.body_patterns.as_ref().or(others.body_patterns.as_ref()).cloned(),
        }
    }
}

/// `policy.disapproval`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Disapproval {
    /// `if`: one that is true disapproves.
    pub predicates: Vec<Predicate>,
    /// `options.methods.disapprove`; set, it stands alone: nothing is added to it.
    pub disapprove: Option<Methods>,
    /// `options.methods.revoke`, likewise.
    pub revoke: Option<Methods>,
    /// `requires`: who may disapprove, and revoke. Empty: nobody.
    pub actors: Actors,
}

impl Disapproval {
    /// How people disapprove.
    pub fn disapproving(&self) -> Methods {
        self.disapprove.clone().unwrap_or_else(|| Methods::words([":-1:", "👎"]))
    }

    /// How they take it back.
    pub fn revoking(&self) -> Methods {
        self.revoke.clone().unwrap_or_else(|| Methods::words([":+1:", "👍"]))
    }
}

/// A predicate of `if` or `conditions`, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Predicate {
    /// Its key.
    pub key: &'static str,
    /// Line of its key, from 1.
    pub line: u32,
    /// What it asks.
    pub asks: Asks,
}

/// What a predicate asks.
#[derive(Debug, Clone, PartialEq)]
pub enum Asks {
    /// `changed_files`: one of these changes.
    ChangedFiles(Files),
    /// `no_changed_files`: none of these does.
    NoChangedFiles(Files),
    /// `only_changed_files`: no other does, and there are some.
    OnlyChangedFiles(Files),
    /// `file_added`: one of these is new.
    FileAdded(Files),
    /// `file_not_added`: none of these is.
    FileNotAdded(Files),
    /// `file_deleted`: one of these goes.
    FileDeleted(Files),
    /// `file_not_deleted`: none of these does.
    FileNotDeleted(Files),
    /// `has_author_in`.
    HasAuthorIn(Actors),
    /// `has_contributor_in`: the author, or an author or committer of a commit.
    HasContributorIn(Actors),
    /// `only_has_contributors_in`: all of them.
    OnlyHasContributorsIn(Actors),
    /// `author_is_only_contributor`; `false` asks for the opposite.
    AuthorIsOnlyContributor(bool),
    /// `targets_branch`; without a pattern it never holds.
    TargetsBranch(Option<Pattern>),
    /// `from_branch`, likewise; the branch of a fork reads `owner:branch`.
    FromBranch(Option<Pattern>),
    /// `modified_lines`: one of these comparisons holds.
    ModifiedLines(ModifiedLines),
    /// `has_status` and `has_successful_status`.
    HasStatus(Ended),
    /// `has_workflow_result`.
    HasWorkflowResult(Ended),
    /// `has_labels`: all of these; capitals do not count.
    HasLabels(Vec<String>),
    /// `repository`, as `owner/name`.
    Repository(TextTest),
    /// `title`.
    Title(TextTest),
    /// `has_valid_signatures`; `false` asks for a commit without one.
    HasValidSignatures(bool),
    /// `has_valid_signatures_by`.
    HasValidSignaturesBy(Actors),
    /// `has_valid_signatures_by_keys`: ids of OpenPGP keys.
    HasValidSignaturesByKeys(Vec<String>),
    /// `custom_property_is_not_null`: all of these are set.
    CustomPropertyIsNotNull(Vec<String>),
    /// `custom_property_is_null`: none of these is.
    CustomPropertyIsNull(Vec<String>),
    /// `custom_property_matches_any_of`: each is set to a text that one of its patterns matches.
    CustomPropertyMatchesAnyOf(BTreeMap<String, Vec<Pattern>>),
    /// `custom_property_matches_none_of`: none is set to such a text.
    CustomPropertyMatchesNoneOf(BTreeMap<String, Vec<Pattern>>),
}

/// Files: those that one of the patterns matches, without those that one of `ignore` does.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Files {
    /// `paths` and `globs`.
    pub paths: Vec<Pattern>,
    /// `ignore` and `ignore_globs`.
    pub ignore: Vec<Pattern>,
}

impl Files {
    /// Whether a path is one of them.
    pub fn has(&self, path: &str) -> bool {
        let hit = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(path));
        !hit(&self.ignore) && hit(&self.paths)
    }
}

/// `modified_lines`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ModifiedLines {
    /// `additions`.
    pub additions: Option<Comparison>,
    /// `deletions`.
    pub deletions: Option<Comparison>,
    /// `total`.
    pub total: Option<Comparison>,
    /// `files.include` and `files.include_globs`; empty means all.
    pub include: Vec<Pattern>,
    /// `files.exclude` and `files.exclude_globs`.
    pub exclude: Vec<Pattern>,
}

/// How numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Than {
    /// `<`
    Less,
    /// `>`
    More,
    /// `=`
    Equal,
}

/// `> 10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comparison {
    /// How.
    pub than: Than,
    /// With what.
    pub value: i64,
}

impl Comparison {
    /// Whether it holds of a number.
    pub const fn holds(self, number: i64) -> bool {
        match self.than {
            Than::Less => number < self.value,
            Than::More => number > self.value,
            Than::Equal => number == self.value,
        }
    }
}

/// Statuses or workflows that are there and ended well.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ended {
    /// `statuses` or `workflows`.
    pub names: Vec<String>,
    /// `conclusions`; empty means `success` alone.
    pub conclusions: Vec<String>,
}

impl Ended {
    /// Whether it may end like this.
    pub fn allows(&self, conclusion: &str) -> bool {
        match self.conclusions.is_empty() {
            true => conclusion == "success",
            false => self.conclusions.iter().any(|allowed| allowed == conclusion),
        }
    }
}

/// `matches` and `not_matches`: one of the former matches, or there are some of the latter and none does.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TextTest {
    /// `matches`.
    pub matches: Vec<Pattern>,
    /// `not_matches`.
    pub not_matches: Vec<Pattern>,
}

impl TextTest {
    /// Whether it holds of a text.
    pub fn holds(&self, text: &str) -> bool {
        let hit = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(text));
        hit(&self.matches) || (!self.not_matches.is_empty() && !hit(&self.not_matches))
    }
}
