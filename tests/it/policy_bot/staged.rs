//! A change as policy-bot sees it, as a snapshot of Countersign's: everything is said in both.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::actor::{Actor, ActorId, ActorKind, Known};
use countersign_core::change::{self, ChangeId, ChangeRequest, ChangeState, CommentId, RepoId, ReviewId};
use countersign_core::config;
use countersign_core::details::{self, ChangedFile, Details, Lines, Signatory, WorkflowRun};
use countersign_core::effect;
use countersign_core::evaluation::{ChangedPath, Evaluation, PathOperation};
use countersign_core::fact::{Display, Fact, FactKind};
use countersign_core::library::Library;
use countersign_core::policybot::{Change, Comment, FileStatus, ReviewState, SignatureKind};
use countersign_core::revision::{CommitSha, Diff, Digest};
use countersign_core::snapshot::{
    Contributors, Directory, LandCapability, MergeOutcome, PolicyFile, SCHEMA, Snapshot,
};
use jiff::{SignedDuration, Timestamp};

/// Says in comments what reviews say that neither approve nor ask for changes, as policy-bot is told.
pub(super) fn spoken(mut change: Change) -> Change {
    let said = change.reviews.iter().filter(|review| review.state == ReviewState::Commented);
    let said = said.map(|review| Comment {
        author: review.author.clone(),
        text: review.text.clone(),
        created_at: review.created_at,
        edited_at: review.edited_at,
    });
    let said: Vec<Comment> = said.collect();
    change.comments.extend(said);
    change.reviews.retain(|review| !matches!(review.state, ReviewState::Commented | ReviewState::Pending));
    change
}

struct Stage<'c> {
    change: &'c Change,
    ids: BTreeMap<&'c str, u64>,
    /// When the newest commit was pushed: what was said before was about another head.
    pushed: Timestamp,
}

/// The snapshot of a change under a policy. What changes was on display before each push and after the last.
pub(crate) fn staged(change: &Change, policy: &str) -> Snapshot {
    let commits = change.commits.iter().flat_map(|commit| [&commit.author, &commit.committer]);
    let signers = change.commits.iter().filter_map(|commit| commit.signature.as_ref());
    let logins = commits
        .chain(signers.map(|signature| &signature.signer))
        .chain([&change.author])
        .chain(change.comments.iter().map(|comment| &comment.author))
        .chain(change.reviews.iter().map(|review| &review.author))
        .chain(change.permissions.keys())
        .chain(change.teams.values().chain(change.organizations.values()).flatten());
    let logins: BTreeSet<&str> = logins.map(String::as_str).filter(|login| !login.is_empty()).collect();
    let pushed = change.pushed_at.values().max().copied().unwrap_or(Timestamp::UNIX_EPOCH);
    Stage { change, ids: logins.into_iter().zip(100..).collect(), pushed }.snapshot(policy)
}

impl Stage<'_> {
    fn actor(&self, login: &str) -> Actor {
        Actor { id: ActorId::new(self.ids[login]), login: login.to_owned(), kind: ActorKind::Human }
    }

    fn account(&self, login: &str) -> Option<Actor> {
        (!login.is_empty()).then(|| self.actor(login))
    }

    fn snapshot(&self, policy: &str) -> Snapshot {
        let change = self.change;
        let (fork, source) = match change.source.split_once(':') {
            Some((_, branch)) => (true, branch),
            None => (false, change.source.as_str()),
        };
        let repo = RepoId { forge: "hub".into(), path: change.repository.parse().unwrap() };
        let evaluation = Evaluation { environments: Vec::new(), outside: self.paths(), discovered: false };
        let target = change.target.parse().unwrap();
        let mut snapshot = Snapshot {
            schema: SCHEMA.into(),
            unrequested: false,
            now: Timestamp::from_second(2_000_000_000).unwrap(),
            bot: Actor { id: ActorId::new(1), login: "countersign".into(), kind: ActorKind::Bot },
            change: ChangeRequest {
                id: ChangeId { repo: repo.clone(), number: 7 },
                title: change.title.clone(),
                url: "https://git.example.org/7".into(),
                author: self.actor(&change.author),
                state: ChangeState::Open,
                target,
                into_default: true,
                source: source.into(),
                head: change.head.parse().unwrap(),
                draft: false,
                fork,
            },
            base_tip: "a".repeat(40).parse().unwrap(),
            merge: MergeOutcome::Clean { tree: "c".repeat(40).parse().unwrap() },
            contributors: self.contributors(),
            policy: Some(PolicyFile { blob: "d".repeat(40).parse().unwrap(), text: policy.into() }),
            library: Library::default(),
            proposed_policy: None,
            proposed_library: None,
            floor: None,
            digest: effect::change_digest(&repo, &change.target.parse().unwrap(), &evaluation),
            shifted: std::collections::BTreeSet::new(),
            fields: Vec::new(),
            evaluation,
            details: self.details(),
            directory: self.directory(policy),
            comments: Vec::new(),
            reviews: self.reviews(),
            facts: Vec::new(),
            statuses: Vec::new(),
            capability: Known::Yes(LandCapability { can: true, exclusive: true, missing: Vec::new() }),
            page: None,
        };
        self.show(&mut snapshot);
        snapshot.comments.extend(self.comments());
        snapshot
    }

    fn paths(&self) -> Vec<ChangedPath> {
        let path = |file: &countersign_core::policybot::File| ChangedPath {
            path: file.path.clone(),
            operation: operation(file.status),
            entry: Diff { base: None, head: None },
        };
        self.change.files.iter().map(path).collect()
    }

    fn contributors(&self) -> Contributors {
        let users: Vec<&String> =
            self.change.commits.iter().flat_map(|commit| [&commit.author, &commit.committer]).collect();
        let known: BTreeSet<&String> = users.iter().copied().filter(|user| !user.is_empty()).collect();
        let nobody = users.iter().any(|user| user.is_empty());
        Contributors {
            known: known.into_iter().map(|login| self.actor(login)).collect(),
            unknown: nobody.then(|| "X <x@example.org>".to_owned()).into_iter().collect(),
            pusher: None,
        }
    }

    fn details(&self) -> Details {
        let change = self.change;
        let file = |file: &countersign_core::policybot::File| ChangedFile {
            path: file.path.clone(),
            operation: operation(file.status),
            lines: Some(Lines { added: file.additions.into(), removed: file.deletions.into() }),
        };
        let who = |login: &str| Signatory {
            identity: if login.is_empty() {
                "X <x@example.org>".into()
            } else {
                format!("{login} <x@{login}>")
            },
            account: self.account(login),
        };
        let commit = |commit: &countersign_core::policybot::Commit| details::Commit {
            sha: commit.sha.parse().unwrap(),
            author: who(&commit.author),
            committer: who(&commit.committer),
            via_web: Some(commit.via_web),
            signature: Known::Yes(match &commit.signature {
                Some(signature) => details::Signature {
                    verified: signature.valid,
                    signer: self.account(&signature.signer),
                    key: (signature.kind == SignatureKind::Gpg).then(|| signature.key.clone()),
                },
                None => details::Signature { verified: false, signer: None, key: None },
            }),
        };
        let outcome = |(name, conclusion): (&String, &String)| details::Outcome {
            name: name.clone(),
            conclusion: Some(conclusion.clone()),
            by: None,
        };
        let runs = change.workflows.iter().flat_map(|(name, ends)| {
            ends.iter().zip(1..).map(move |(end, number): (&String, u64)| WorkflowRun {
                workflow: name.clone(),
                event: format!("event {number}"),
                number,
                conclusion: Some(end.clone()),
            })
        });
        let owner = change.source.split_once(':').map_or("acme", |(owner, _)| owner);
        Details {
            files: Known::Yes(change.files.iter().map(file).collect()),
            commits: Known::Yes(change.commits.iter().map(commit).collect()),
            labels: Known::Yes(change.labels.clone()),
            outcomes: Known::Yes(change.statuses.iter().map(outcome).collect()),
            workflows: Known::Yes(runs.collect()),
            requested: Known::Yes(Vec::new()),
            source_owner: Known::Yes(owner.to_owned()),
        }
    }

    /// Everything that the policy asks about; a team that the change does not have has no members.
    fn directory(&self, policy: &str) -> Directory {
        let mut directory = Directory::default();
        for (login, permission) in &self.change.permissions {
            directory.permissions.insert(self.actor(login).id, Known::Yes(*permission));
        }
        let policy = config::parse(policy, "policy").unwrap_or_else(|errors| panic!("{errors:#?}\n{policy}"));
        let set = |known: &BTreeMap<String, Vec<String>>, name: &String| {
            let members = known.get(name).into_iter().flatten();
            (name.clone(), Known::Yes(members.map(|login| self.actor(login)).collect()))
        };
        for from in policy.people() {
            directory.teams.extend(from.teams.iter().map(|name| set(&self.change.teams, name)));
            let organizations = from.organizations.iter();
            directory.organizations.extend(organizations.map(|name| set(&self.change.organizations, name)));
        }
        directory
    }

    fn earlier(&self) -> CommitSha {
        "f".repeat(40).parse().unwrap()
    }

    fn comments(&self) -> Vec<change::Comment> {
        let one = |(id, comment): (u64, &Comment)| change::Comment {
            id: CommentId(id),
            author: self.actor(&comment.author),
            body: comment.text.clone(),
            created_at: comment.created_at,
            updated_at: comment.edited_at.unwrap_or(comment.created_at),
        };
        (10..).zip(&self.change.comments).map(one).collect()
    }

    fn reviews(&self) -> Vec<change::Review> {
        let one = |(id, review): (u64, &countersign_core::policybot::Review)| {
            let state = match review.state {
                ReviewState::Approved => change::ReviewState::Approved,
                ReviewState::ChangesRequested => change::ReviewState::ChangesRequested,
                ReviewState::Commented | ReviewState::Pending => return None,
                ReviewState::Dismissed => change::ReviewState::Dismissed,
            };
            let newest = review.created_at > self.pushed;
            Some(change::Review {
                id: ReviewId(id),
                author: self.actor(&review.author),
                state,
                body: review.text.clone(),
                head: Some(if newest { self.change.head.parse().unwrap() } else { self.earlier() }),
                submitted_at: review.created_at,
                edited: Some(review.edited_at.is_some()),
            })
        };
        (10..).zip(&self.change.reviews).filter_map(one).collect()
    }

    fn show(&self, snapshot: &mut Snapshot) {
        let body = "the change as it is";
        let first = Timestamp::from_second(1_000_000_000).unwrap();
        let comment = CommentId(1);
        let author = snapshot.bot.clone();
        let said =
            change::Comment { id: comment, author, body: body.into(), created_at: first, updated_at: first };
        snapshot.comments.push(said);
        let at_last = (self.pushed + SignedDuration::from_secs(1)).max(first + SignedDuration::from_secs(1));
        let heads = [(self.earlier(), first), (snapshot.change.head.clone(), at_last)];
        for (seq, (head, at)) in (1..).zip(heads) {
            let display = Display {
                head,
                digest: snapshot.digest.clone(),
                risks: effect::risk_set(&snapshot.evaluation),
                body_hash: Digest::of(body.as_bytes()),
            };
            snapshot.facts.push(Fact { seq, at, kind: FactKind::DisplayPosted { display, comment, at } });
        }
    }
}

const fn operation(status: FileStatus) -> PathOperation {
    match status {
        FileStatus::Modified => PathOperation::Change,
        FileStatus::Added => PathOperation::Add,
        FileStatus::Deleted => PathOperation::Remove,
    }
}
