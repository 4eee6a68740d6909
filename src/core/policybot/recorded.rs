//! A snapshot as policy-bot would have seen the change. What a snapshot does not have could not be had; what it has
//! less of is noted.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::change::{
    Change, Comment, Commit, File, FileStatus, Part, Review, ReviewState, Signature, SignatureKind,
};
use super::model::{Actors, Asks, Policy, Rule, Tree};
use crate::actor::{Actor, Known};
use crate::change::ReviewState as Seen;
use crate::config::valid_key;
use crate::details::{self, Signatory};
use crate::evaluation::PathOperation;
use crate::fact::FactKind;
use crate::snapshot::Snapshot;

/// A change, and what it was taken for where the snapshot does not say.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The change.
    pub change: Change,
    /// What was assumed, in sentences.
    pub notes: Vec<String>,
}

/// The change of a snapshot, with what a policy asks about it.
pub fn recorded(policy: &Policy, snapshot: &Snapshot) -> Recorded {
    let mut room = Room { snapshot, failed: BTreeMap::new(), notes: Vec::new() };
    room.fail(Part::Body, "a snapshot does not have it");
    room.fail(Part::Properties, "a snapshot does not have them");
    let commits = room.commits();
    let head = snapshot.change.head.to_string();
    let pushed = snapshot.facts.iter().filter_map(|fact| {
        if let FactKind::Pushed { head, .. } = &fact.kind { Some((head.to_string(), fact.at)) } else { None }
    });
    let change = Change {
        repository: snapshot.change.id.repo.path.as_str().to_owned(),
        author: snapshot.change.author.login.clone(),
        title: snapshot.change.title.clone(),
        target: snapshot.change.target.as_str().to_owned(),
        source: room.source(),
        head,
        body: None,
        files: room.files(),
        commits,
        pushed_at: pushed.collect(),
        comments: room.comments(),
        reviews: room.reviews(),
        teams: room.sets(Part::Teams, named(policy, |actors| &actors.teams), &snapshot.directory.teams),
        organizations: room.sets(
            Part::Organizations,
            named(policy, |actors| &actors.organizations),
            &snapshot.directory.organizations,
        ),
        permissions: room.permissions(policy),
        statuses: room.statuses(),
        workflows: room.workflows(),
        labels: room.part(Part::Labels, &snapshot.details.labels).to_vec(),
        properties: BTreeMap::new(),
        failed: BTreeMap::new(),
    };
    let failed = room.failed;
    Recorded { change: Change { failed, ..change }, notes: room.notes }
}

struct Room<'s> {
    snapshot: &'s Snapshot,
    failed: BTreeMap<Part, String>,
    notes: Vec<String>,
}

impl<'s> Room<'s> {
    fn fail(&mut self, part: Part, why: impl Into<String>) {
        self.failed.entry(part).or_insert_with(|| why.into());
    }

    /// A part, or nothing with the reason noted.
    fn part<T>(&mut self, part: Part, known: &'s Known<Vec<T>>) -> &'s [T] {
        match known {
            Known::Yes(all) => all,
            Known::Unknown(why) => {
                self.fail(part, why.as_str());
                &[]
            }
        }
    }

    fn source(&mut self) -> String {
        let branch = &self.snapshot.change.source;
        match (self.snapshot.change.fork, &self.snapshot.details.source_owner) {
            (false, _) => branch.clone(),
            (true, Known::Yes(owner)) => format!("{owner}:{branch}"),
            (true, Known::Unknown(why)) => {
                self.fail(Part::Source, format!("whose repository it comes from: {why}"));
                branch.clone()
            }
        }
    }

    fn files(&mut self) -> Vec<File> {
        let files = self.part(Part::Files, &self.snapshot.details.files);
        if let Some(file) = files.iter().find(|file| file.lines.is_none()) {
            self.notes.push(format!("{} has no counted lines: none are taken to change in it", file.path));
        }
        let number = |lines: u64| u32::try_from(lines).unwrap_or(u32::MAX);
        let read = files.iter().map(|file| File {
            path: file.path.clone(),
            status: match file.operation {
                PathOperation::Add => FileStatus::Added,
                PathOperation::Remove => FileStatus::Deleted,
                PathOperation::Change => FileStatus::Modified,
            },
            additions: file.lines.map_or(0, |lines| number(lines.added)),
            deletions: file.lines.map_or(0, |lines| number(lines.removed)),
        });
        read.collect()
    }

    /// Commits in a line from the head on: a snapshot does not have their parents.
    fn commits(&mut self) -> Vec<Commit> {
        let head = self.snapshot.change.head.to_string();
        let mut commits: Vec<Commit> = match &self.snapshot.details.commits {
            Known::Yes(commits) => commits.iter().map(|commit| self.commit(commit)).collect(),
            Known::Unknown(why) => {
                let why = format!("the commits: {why}");
                self.fail(Part::Signatures, why);
                let note =
                    "the commits were not read: one by each of the known contributors is taken for them";
                self.notes.push(note.to_owned());
                self.by_contributors()
            }
        };
        commits.sort_by_key(|commit| commit.sha != head);
        if commits.len() > 1 {
            let note = "the parents of commits are not in a snapshot: all of them are taken for one line";
            self.notes.push(note.to_owned());
        }
        let next: Vec<Vec<String>> =
            commits.iter().skip(1).map(|commit| vec![commit.sha.clone()]).chain([Vec::new()]).collect();
        commits.iter_mut().zip(next).for_each(|(commit, parents)| commit.parents = parents);
        commits
    }

    fn by_contributors(&self) -> Vec<Commit> {
        let contributors = &self.snapshot.contributors;
        let known = contributors.known.iter().map(|actor| actor.login.clone());
        let who: Vec<String> = known.chain(contributors.unknown.iter().map(|_| String::new())).collect();
        let head = self.snapshot.change.head.to_string();
        let one = |(number, login): (usize, String)| Commit {
            sha: if number == 0 { head.clone() } else { format!("commit {number}") },
            parents: Vec::new(),
            author: login.clone(),
            committer: login,
            via_web: false,
            signature: None,
        };
        who.into_iter().enumerate().map(one).collect()
    }

    fn commit(&mut self, commit: &details::Commit) -> Commit {
        let login =
            |who: &Signatory| who.account.as_ref().map(|actor| actor.login.clone()).unwrap_or_default();
        let signature = match &commit.signature {
            Known::Yes(signature) => Some(Signature {
                // Only OpenPGP keys have ids.
                kind: match &signature.key {
                    Some(key) if valid_key(key).is_ok() => SignatureKind::Gpg,
                    Some(_) | None => SignatureKind::Ssh,
                },
                valid: signature.verified,
                key: signature.key.clone().unwrap_or_default(),
                signer: signature.signer.as_ref().map(|actor| actor.login.clone()).unwrap_or_default(),
            }),
            Known::Unknown(why) => {
                self.fail(Part::Signatures, why.as_str());
                None
            }
        };
        Commit {
            sha: commit.sha.to_string(),
            parents: Vec::new(),
            author: login(&commit.author),
            committer: login(&commit.committer),
            via_web: commit.via_web == Some(true),
            signature,
        }
    }

    /// Comments, and reviews that say neither.
    fn comments(&self) -> Vec<Comment> {
        let comments = self.snapshot.comments.iter().map(|comment| Comment {
            author: comment.author.login.clone(),
            text: comment.body.clone(),
            created_at: comment.created_at,
            edited_at: (comment.updated_at > comment.created_at).then_some(comment.updated_at),
        });
        let reviews = self.snapshot.reviews.iter().filter(|review| review.state == Seen::Commented);
        let reviews = reviews.map(|review| Comment {
            author: review.author.login.clone(),
            text: review.body.clone(),
            created_at: review.submitted_at,
            edited_at: edited(review),
        });
        comments.chain(reviews).collect()
    }

    fn reviews(&self) -> Vec<Review> {
        let one = |review: &crate::change::Review| Review {
            author: review.author.login.clone(),
            state: match review.state {
                Seen::Approved => ReviewState::Approved,
                Seen::ChangesRequested => ReviewState::ChangesRequested,
                Seen::Commented => ReviewState::Commented,
                Seen::Dismissed => ReviewState::Dismissed,
            },
            text: review.body.clone(),
            created_at: review.submitted_at,
            edited_at: edited(review),
        };
        self.snapshot.reviews.iter().map(one).collect()
    }

    fn sets(
        &mut self,
        part: Part,
        wanted: BTreeSet<&str>,
        known: &BTreeMap<String, Known<Vec<Actor>>>,
    ) -> BTreeMap<String, Vec<String>> {
        let mut sets = BTreeMap::new();
        for name in wanted {
            match known.get(name) {
                Some(Known::Yes(members)) => {
                    sets.insert(name.to_owned(), members.iter().map(|actor| actor.login.clone()).collect());
                }
                Some(Known::Unknown(why)) => self.fail(part, format!("the members of {name}: {why}")),
                None => self.fail(part, format!("the members of {name} are not in the snapshot")),
            }
        }
        sets
    }

    /// What people may do: those who spoke, and where the policy asks about contributors, those too.
    fn permissions(&mut self, policy: &Policy) -> BTreeMap<String, crate::actor::Permission> {
        let snapshot = self.snapshot;
        let (asked, contributing) = sets(policy);
        let spoke = snapshot.comments.iter().map(|comment| &comment.author);
        let spoke = spoke.chain(snapshot.reviews.iter().map(|review| &review.author));
        let spoke = spoke.filter(|actor| actor.id != snapshot.bot.id).map(|actor| (actor, asks(&asked)));
        let commits = snapshot.details.commits.as_option().into_iter().flatten();
        let accounts = commits.flat_map(|commit| {
            let signer = commit.signature.as_option().and_then(|signature| signature.signer.as_ref());
            [commit.author.account.as_ref(), commit.committer.account.as_ref(), signer].into_iter().flatten()
        });
        let contributors = std::iter::once(&snapshot.change.author).chain(&snapshot.contributors.known);
        let contributors = contributors.chain(accounts).map(|actor| (actor, asks(&contributing)));
        let mut permissions = BTreeMap::new();
        for (actor, matters) in spoke.chain(contributors) {
            match snapshot.directory.permissions.get(&actor.id) {
                Some(Known::Yes(permission)) => drop(permissions.insert(actor.login.clone(), *permission)),
                Some(Known::Unknown(why)) if matters => {
                    self.fail(Part::Permissions, format!("the permission of {}: {why}", actor.login));
                }
                None if matters => {
                    let why = format!("the permission of {} is not in the snapshot", actor.login);
                    self.fail(Part::Permissions, why);
                }
                Some(Known::Unknown(_)) | None => {}
            }
        }
        permissions
    }

    fn statuses(&mut self) -> BTreeMap<String, String> {
        let outcomes = self.part(Part::Statuses, &self.snapshot.details.outcomes);
        let ended =
            outcomes.iter().filter_map(|outcome| Some((outcome.name.clone(), outcome.conclusion.clone()?)));
        ended.collect()
    }

    /// The newest finished run of each workflow for each event.
    fn workflows(&mut self) -> BTreeMap<String, Vec<String>> {
        let runs = self.part(Part::Workflows, &self.snapshot.details.workflows);
        let mut newest: BTreeMap<(&str, &str), (u64, &str)> = BTreeMap::new();
        for run in runs {
            let Some(conclusion) = &run.conclusion else { continue };
            let known = newest.entry((&run.workflow, &run.event)).or_insert((run.number, conclusion));
            if known.0 <= run.number {
                *known = (run.number, conclusion);
            }
        }
        let mut ended: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for ((workflow, _), (_, conclusion)) in newest {
            ended.entry(workflow.to_owned()).or_default().push(conclusion.to_owned());
        }
        ended
    }
}

/// When a review was changed; the forge tells only whether.
fn edited(review: &crate::change::Review) -> Option<Timestamp> {
    (review.edited == Some(true)).then_some(review.submitted_at)
}

/// Whether some set asks for permissions.
fn asks(sets: &[&Actors]) -> bool {
    sets.iter().any(|actors| !actors.permissions.is_empty())
}

/// Every set of people of a policy: whose word counts, and who stands behind a change.
fn sets(policy: &Policy) -> (Vec<&Actors>, Vec<&Actors>) {
    let (mut asked, mut contributing) = (Vec::new(), Vec::new());
    contributing.extend(&policy.defaults.ignore_commits_by);
    let mut predicates: Vec<_> = Vec::new();
    let used = |rule: &&Rule| policy.approval.as_ref().is_some_and(|tree| uses(tree, &rule.name));
    for rule in policy.rules.iter().filter(used) {
        if rule.requires.count > 0 {
            asked.push(&rule.requires.actors);
            contributing.extend(&rule.options.ignore_commits_by);
        }
        predicates.extend(rule.predicates.iter().chain(&rule.requires.conditions));
    }
    if let Some(disapproval) = &policy.disapproval {
        asked.push(&disapproval.actors);
        predicates.extend(&disapproval.predicates);
    }
    for predicate in predicates {
        if let Asks::HasAuthorIn(actors)
        | Asks::HasContributorIn(actors)
        | Asks::OnlyHasContributorsIn(actors)
        | Asks::HasValidSignaturesBy(actors) = &predicate.asks
        {
            contributing.push(actors);
        }
    }
    (asked, contributing)
}

/// Whether a tree names a rule.
fn uses(tree: &Tree, name: &str) -> bool {
    match tree {
        Tree::Rule(rule) => rule == name,
        Tree::And(children) | Tree::Or(children) => children.iter().any(|child| uses(child, name)),
    }
}

fn named(policy: &Policy, names: fn(&Actors) -> &Vec<String>) -> BTreeSet<&str> {
    let (asked, contributing) = sets(policy);
    asked.into_iter().chain(contributing).flat_map(names).map(String::as_str).collect()
}
