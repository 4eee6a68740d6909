//! Who could still say yes to a rule, by name. Never decides whether it is enough: it only tells whom to ask.

use std::collections::BTreeMap;

use super::person::Asked;
use crate::actor::{Actor, ActorKind, Known, Permission};
use crate::config::Rule;
use crate::fact::Approval;
use crate::snapshot::Snapshot;

/// The most that are named.
const MOST: usize = 20;

/// The first of those who could still say yes.
pub(super) fn candidates(asked: &Asked<'_>, by: &[Approval]) -> Vec<String> {
    everybody(asked, by).into_iter().take(MOST).collect()
}

/// Whom a rule could be answered by, leaving out those who are known to have no business in the repository.
pub(crate) fn answerable(rule: &Rule, snapshot: &Snapshot, by: &[Approval]) -> Vec<String> {
    let asked = Asked { from: &rule.require.from, options: &rule.options, owned: None, snapshot };
    let seen = seen(snapshot);
    let strangers = |login: &String| {
        let actor = seen.get(&login.to_lowercase());
        let known = actor.and_then(|actor| snapshot.directory.permissions.get(&actor.id));
        known.and_then(Known::as_option) == Some(&Permission::None)
    };
    everybody(&asked, by).into_iter().filter(|login| !strangers(login)).collect()
}

/// People whom the rule names, or who are in a team, group or organization of it, who would count and have not said
/// yes, in alphabetical order. Whoever counts by a permission or by owning a file is not among them: nobody lists those.
fn everybody(asked: &Asked<'_>, by: &[Approval]) -> Vec<String> {
    let directory = &asked.snapshot.directory;
    let sets = asked.from.teams.iter().map(|name| directory.teams.get(name));
    let sets = sets.chain(asked.from.groups.iter().map(|name| directory.groups.get(name)));
    let sets = sets.chain(asked.from.organizations.iter().map(|name| directory.organizations.get(name)));
    let members = sets.flatten().flat_map(|known| match known {
        Known::Yes(members) => members.as_slice(),
        Known::Unknown(_) => &[],
    });
    let seen = seen(asked.snapshot);
    let mut people: BTreeMap<String, (&str, Option<&Actor>)> = BTreeMap::new();
    for login in &asked.from.users {
        people.insert(login.to_lowercase(), (login, seen.get(&login.to_lowercase()).copied()));
    }
    people.extend(members.map(|actor| (actor.login.to_lowercase(), (actor.login.as_str(), Some(actor)))));
    let could = people.into_values().filter(|(_, actor)| actor.is_none_or(|actor| may(asked, actor, by)));
    could.map(|(login, _)| login.to_owned()).collect()
}

fn may(asked: &Asked<'_>, actor: &Actor, by: &[Approval]) -> bool {
    actor.kind == ActorKind::Human
        && actor.id.get() != 0
        && asked.excluded(actor.id).is_none()
        && !by.iter().any(|approval| approval.actor.id == actor.id)
}

/// Accounts that the snapshot shows, by name: a policy names people by their logins alone.
fn seen(snapshot: &Snapshot) -> BTreeMap<String, &Actor> {
    let contributors = snapshot.contributors.known.iter().chain(&snapshot.contributors.pusher);
    let spoke = snapshot.comments.iter().map(|comment| &comment.author);
    let spoke = spoke.chain(snapshot.reviews.iter().map(|review| &review.author));
    let all = spoke.chain(contributors).chain([&snapshot.change.author, &snapshot.bot]);
    all.map(|actor| (actor.login.to_lowercase(), actor)).collect()
}
