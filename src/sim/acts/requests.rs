//! Asking people and teams for a review.

use serde_json::{Value, json};

use crate::error::SimError;
use crate::state::{Role, State};
use crate::world::World;

/// Whom a review is asked of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Person(u64),
    Team(u64),
}

impl World {
    /// Asks for reviews: of all who are named or of nobody.
    pub(crate) fn request_reviews(
        &self,
        (repo, number): (u64, u64),
        sender: u64,
        users: &[String],
        teams: &[String],
    ) -> Result<(), SimError> {
        let new = {
            let mut state = self.state();
            let author = state.change(repo, number)?.author;
            let mut asked = Vec::new();
            for login in users {
                asked.push(Asked::Person(collaborator(&state, repo, author, login)?));
            }
            for slug in teams {
                asked.push(Asked::Team(team(&state, repo, slug)?));
            }
            let now = state.now();
            let change = state.change_mut(repo, number)?;
            asked.retain(|asked| match asked {
                Asked::Person(id) => !change.requested.contains(id),
                Asked::Team(id) => !change.requested_teams.contains(id),
            });
            for asked in &asked {
                match asked {
                    Asked::Person(id) => change.requested.push(*id),
                    Asked::Team(id) => change.requested_teams.push(*id),
                }
            }
            change.updated = now;
            asked
        };
        new.into_iter()
            .try_for_each(|asked| self.tell_request((repo, number), "review_requested", asked, sender))
    }

    /// Takes somebody off again.
    pub(crate) fn withdraw_request(
        &self,
        (repo, number): (u64, u64),
        sender: u64,
        account: u64,
    ) -> Result<(), SimError> {
        {
            let mut state = self.state();
            let change = state.change_mut(repo, number)?;
            if !change.requested.contains(&account) {
                return Err(SimError::refused("nobody asked them for a review"));
            }
            change.requested.retain(|asked| *asked != account);
        }
        self.tell_request((repo, number), "review_request_removed", Asked::Person(account), sender)
    }

    fn tell_request(
        &self,
        (repo, number): (u64, u64),
        action: &str,
        asked: Asked,
        sender: u64,
    ) -> Result<(), SimError> {
        let whom: Value = {
            let state = self.state();
            let shape = self.shape(&state);
            match asked {
                Asked::Person(id) => json!({ "requested_reviewer": shape.user(id) }),
                Asked::Team(id) => {
                    json!({ "requested_team": state.teams.get(&id).map(|team| shape.team(team)) })
                }
            }
        };
        self.tell_change(repo, number, action, sender, whom)
    }
}

fn stranger(state: &State, repo: u64) -> SimError {
    let name = state.repo(repo).map_or("", |repo| repo.name.as_str());
    SimError::refused(format!(
        "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a \
         collaborator of the {name} repository."
    ))
}

fn collaborator(state: &State, repo: u64, author: u64, login: &str) -> Result<u64, SimError> {
    let id = state.account_id(login).map_err(|_| stranger(state, repo))?;
    if id == author {
        return Err(SimError::refused("Review cannot be requested from pull request author."));
    }
    if state.role(repo, id) < Role::Read {
        return Err(stranger(state, repo));
    }
    Ok(id)
}

fn team(state: &State, repo: u64, slug: &str) -> Result<u64, SimError> {
    let found = state.repo(repo)?;
    let team = state.teams.values().find(|team| team.org == found.owner && team.slug == slug);
    let id = team.map(|team| team.id).filter(|id| found.teams.contains_key(id));
    id.ok_or_else(|| stranger(state, repo))
}
