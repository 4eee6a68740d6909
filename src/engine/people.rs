//! Who had a hand in a change, and what those who speak on it may do.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::actor::{Actor, ActorKind, Known};
use countersign_core::change::ChangeRequest;
use countersign_core::config::Policy;
use countersign_core::fact::{Fact, FactKind};
use countersign_core::owners;
use countersign_core::revision::CommitSha;
use countersign_core::snapshot::{Contributors, Directory, Snapshot};

use crate::ports::{CommitPeople, Forge, ForgeError};

/// The account of each commit's author and committer: `(commit, author, committer)`.
type Accounts = [(CommitSha, Option<Actor>, Option<Actor>)];

/// Everybody in the commits of B..H. A git identity is free text: one that no account answers to is reported as
/// unknown, never dropped, unless the commit names the same account twice.
pub fn contributors(commits: &[CommitPeople], accounts: &Accounts, pusher: Option<Actor>) -> Contributors {
    let by_commit: BTreeMap<&CommitSha, (&Option<Actor>, &Option<Actor>)> =
        accounts.iter().map(|(commit, author, committer)| (commit, (author, committer))).collect();
    let mut known: BTreeMap<_, Actor> = BTreeMap::new();
    let mut unknown = BTreeSet::new();
    for commit in commits {
        let (author, committer) = by_commit.get(&commit.commit).copied().unwrap_or((&None, &None));
        for (account, identity) in [(author, &commit.author), (committer, &commit.committer)] {
            match account {
                Some(actor) => drop(known.insert(actor.id, actor.clone())),
                None => drop(unknown.insert(format!("{} <{}>", identity.name, identity.email))),
            }
        }
    }
    Contributors { known: known.into_values().collect(), unknown: unknown.into_iter().collect(), pusher }
}

/// Who pushed this head: a stored fact first, then what the forge says.
pub(super) async fn pusher(
    forge: &dyn Forge,
    change: &ChangeRequest,
    facts: &[Fact],
) -> Result<Option<Actor>, ForgeError> {
    let stored = facts.iter().rev().find_map(|fact| {
        if let FactKind::Pushed { actor, head } = &fact.kind {
            (*head == change.head).then(|| actor.clone())
        } else {
            None
        }
    });
    match stored {
        Some(actor) => Ok(Some(actor)),
        None => forge.pusher(&change.id, &change.head).await,
    }
}

/// What everybody who speaks on the change may do, and who is in these teams. A look-up that fails
/// is recorded as such; it never becomes "no permission" or "nobody".
pub(super) async fn directory(
    forge: &dyn Forge,
    seen: &Snapshot,
    policy: &Policy,
    teams: BTreeSet<String>,
) -> Directory {
    let Snapshot { change, comments, reviews, facts, details, library, contributors, .. } = seen;
    let speakers =
        comments.iter().map(|comment| &comment.author).chain(reviews.iter().map(|review| &review.author));
    let hands = std::iter::once(&change.author).chain(&contributors.known);
    let hands = hands.filter(|_| policy.asks_about_contributors());
    // What somebody asked for stands although the comment is gone.
    let recorded = facts.iter().filter_map(|fact| {
        let (FactKind::Handled { actor, .. } | FactKind::ChangesRequested { actor, .. }) = &fact.kind else {
            return None;
        };
        Some(actor)
    });
    let people: BTreeMap<_, &Actor> = speakers
        .chain(recorded)
        .chain(hands)
        .filter(|actor| actor.kind == ActorKind::Human && actor.id.get() != 0)
        .map(|actor| (actor.id, actor))
        .collect();
    let mut directory = Directory::default();
    for (id, actor) in people {
        let answer = known(forge.permission(&change.id.repo.path, actor).await);
        directory.permissions.insert(id, answer);
    }
    let sets = policy.people();
    let owners = match &details.files {
        Known::Yes(files) => owners::teams(library, files.iter().map(|file| file.path.as_str())),
        Known::Unknown(_) => BTreeSet::new(),
    };
    let of_sets = sets.iter().flat_map(|from| from.teams.clone());
    for team in of_sets.chain(owners).chain(teams).collect::<BTreeSet<String>>() {
        let answer = known(forge.team_members(&team).await);
        directory.teams.insert(team, answer);
    }
    for organization in sets.iter().flat_map(|from| &from.organizations).collect::<BTreeSet<_>>() {
        let answer = known(forge.organization_members(organization).await);
        directory.organizations.insert(organization.clone(), answer);
    }
    for group in sets.iter().flat_map(|from| &from.groups).collect::<BTreeSet<_>>() {
        let why = "groups are GitLab's; name teams or an organization here".to_owned();
        directory.groups.insert(group.clone(), Known::Unknown(why));
    }
    directory
}

/// An answer, or why there is none.
pub(super) fn known<T>(answer: Result<T, ForgeError>) -> Known<T> {
    match answer {
        Ok(answer) => Known::Yes(answer),
        Err(error) => Known::Unknown(error.to_string()),
    }
}
