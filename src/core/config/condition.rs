//! What a condition of `when` and `conditions` looks at, typed.

use super::From;
use crate::effect::{Operation, Risk};

/// A condition over a change, three-valued.
#[derive(Debug, Clone, PartialEq)]
pub enum Predicate {
    /// All hold; true when empty.
    All(Vec<Predicate>),
    /// One holds; false when empty.
    Any(Vec<Predicate>),
    /// It does not hold.
    Not(Box<Predicate>),
    /// Some effect matches.
    EffectAny(EffectMatch),
    /// Every effect matches; false over no effects.
    EffectOnly(EffectMatch),
    /// No effect matches.
    EffectNone(EffectMatch),
    /// A changed path outside all renders (or any changed path) matches one of these globs.
    PathsAny(Vec<String>),
    /// The target branch is like this.
    TargetsBranch(Pattern),
    /// The branch that the change comes from is like this; a fork's reads `owner:branch`.
    FromBranch(Pattern),
    /// Something is true of the changed files.
    Files(FileTest, Files),
    /// How many files change.
    FileCount(Comparison),
    /// How many lines change; one comparison that holds is enough.
    ModifiedLines(ModifiedLines),
    /// How many commits there are.
    CommitCount(Comparison),
    /// The author is one of these.
    HasAuthorIn(From),
    /// The author, or an author or committer of a commit, is one of these.
    HasContributorIn(From),
    /// All of them are.
    OnlyHasContributorsIn(From),
    /// Whether nobody but the author has a commit in it.
    AuthorIsOnlyContributor(bool),
    /// All of these statuses ended well.
    HasStatus(StatusTest),
    /// All of these workflows ended well, for each event that set them off.
    HasWorkflowResult(WorkflowTest),
    /// It has all of these labels; capitals do not count.
    HasLabels(Vec<String>),
    /// Its title is like this.
    Title(TextTest),
    /// Its repository (`owner/name`) is like this.
    Repository(TextTest),
    /// Whether every commit carries a signature that holds.
    HasValidSignatures(bool),
    /// Every commit is signed by one of these people.
    HasValidSignaturesBy(From),
    /// Every commit is signed with one of these keys, by their long ids.
    HasValidSignaturesByKeys(Vec<String>),
    /// Whether it is a draft.
    Draft(bool),
    /// Whether it comes from another repository.
    Fork(bool),
    /// It is that time of the week.
    Window(Window),
    /// Nobody can tell, for this reason: it never holds, and its opposite does not either.
    Unknown(String),
}

/// A pattern for a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// A glob over all of it.
    Glob(String),
    /// A regular expression that may match anywhere in it.
    Expression(String),
}

/// What is asked of changed files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileTest {
    /// One of those named changes.
    Changed,
    /// None of them does.
    NoneChanged,
    /// No other does, and one of them does.
    OnlyChanged,
    /// One of them is new.
    Added,
    /// None of them is.
    NoneAdded,
    /// One of them goes.
    Deleted,
    /// None of them does.
    NoneDeleted,
}

/// Files by their paths: those that one of `paths` or `matches` has, without those of `ignore` or `ignore_matches`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Files {
    /// These, globs.
    pub paths: Vec<String>,
    /// And these, regular expressions that may match anywhere in a path.
    pub matches: Vec<String>,
    /// But not these, globs.
    pub ignore: Vec<String>,
    /// And not these, regular expressions.
    pub ignore_matches: Vec<String>,
}

/// How a number is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Than {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `=`
    Equal,
    /// `>=`
    AtLeast,
    /// `>`
    More,
}

/// A comparison with a number, like `>= 10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comparison {
    /// How.
    pub than: Than,
    /// With what.
    pub value: u64,
}

impl Comparison {
    /// Whether it holds of a number that is at least `least` and, where that is known, at most `most`; `None` where
    /// that depends on the number.
    pub fn holds(self, least: u64, most: Option<u64>) -> Option<bool> {
        let above = |value: u64| least > value;
        let below = |value: u64| most.is_some_and(|most| most < value);
        let value = self.value;
        match self.than {
            Than::More => decided(above(value), most.is_some_and(|most| most <= value)),
            Than::AtLeast => decided(least >= value, below(value)),
            Than::Less => decided(below(value), least >= value),
            Than::AtMost => decided(most.is_some_and(|most| most <= value), above(value)),
            Than::Equal => decided(least == value && most == Some(value), above(value) || below(value)),
        }
    }
}

const fn decided(yes: bool, no: bool) -> Option<bool> {
    match (yes, no) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    }
}

/// Comparisons of changed lines; at least one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModifiedLines {
    /// In these files; where none are named, in all but those that are left out.
    pub files: Files,
    /// Of new ones.
    pub additions: Option<Comparison>,
    /// Of those that go.
    pub deletions: Option<Comparison>,
    /// Of both together.
    pub total: Option<Comparison>,
}

/// Statuses that must be there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatusTest {
    /// By their names.
    pub names: Vec<String>,
    /// What they may end with; empty means `success` alone.
    pub conclusions: Vec<String>,
    /// The app, or account, that must have set them.
    pub app: Option<String>,
}

/// Workflows that must have run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WorkflowTest {
    /// By their files.
    pub workflows: Vec<String>,
    /// What they may end with; empty means `success` alone.
    pub conclusions: Vec<String>,
}

/// Regular expressions that may match anywhere in a text. It holds where one of `matches` does, or where there are
/// `not_matches` and none of them does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TextTest {
    /// One of these matches.
    pub matches: Vec<String>,
    /// None of these does.
    pub not_matches: Vec<String>,
}

/// A part of the week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Its days, Monday is 0; a window past midnight belongs to the day on which it begins.
    pub days: [bool; 7],
    /// From this minute of the day on.
    pub from: u16,
    /// Until before this one; not later than `from`: of the next day.
    pub to: u16,
    /// Where: a name of the time zone database, or a fixed offset.
    pub zone: String,
}

/// Which effects. Every key that is given must match; within a key, one entry is enough.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EffectMatch {
    /// Environment names, globs.
    pub environment: Vec<String>,
    /// Names of the environments' clusters, globs.
    pub clusters: Vec<String>,
    /// `group/kind` globs.
    pub kinds: Vec<String>,
    /// Namespaces, globs.
    pub namespaces: Vec<String>,
    /// Object names, globs.
    pub names: Vec<String>,
    /// Labels that the object has at base or at head: `key` or `key=value`, globs.
    pub labels: Vec<String>,
    /// Operations.
    pub operations: Vec<Operation>,
    /// Risks.
    pub risks: Vec<Risk>,
    /// Paths of fields that change, like `spec.replicas`; `*` crosses dots, brackets stand for themselves.
    pub paths: Vec<String>,
    /// An image that moves.
    pub image: Option<ImageMatch>,
    /// How many objects match.
    pub count: Option<Comparison>,
}

/// Which moves of an image. Every key that is given must match; within a key, one entry is enough.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImageMatch {
    /// The registry that it comes from then, globs; `docker.io` where it names none.
    pub registries: Vec<String>,
    /// The repository that it comes from then, without registry, globs.
    pub repositories: Vec<String>,
    /// What is different.
    pub moves: Vec<ImageMove>,
}

/// What differs between two images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageMove {
    /// The registry, or there was no image before.
    Registry,
    /// The repository, or there was no image before.
    Repository,
    /// The tag.
    Tag,
    /// The digest.
    Digest,
    /// The version goes back; unknown where tags have no order.
    Downgrade,
    /// It is named by a tag alone, without digest.
    Unpinned,
}
