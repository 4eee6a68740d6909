//! Asking somebody for a review, in the words that GitHub and Gitea share.

use countersign_core::change::{RepoPath, Reviewer};
use serde_json::{Value, json};

use super::answer::Ask;
use crate::ports::ForgeError;

/// Whom to ask, as the forge wants to be told. Nothing is sent for a team of another organization: its bare name could be
/// that of one of ours.
pub(super) fn requested(ask: Ask, repo: &RepoPath, whom: &Reviewer) -> Result<Value, ForgeError> {
    match whom {
        Reviewer::User(login) => Ok(json!({ "reviewers": [login] })),
        Reviewer::Team(team) => match team.split_once('/') {
            Some((organization, name)) if organization.eq_ignore_ascii_case(repo.owner()) => {
                Ok(json!({ "team_reviewers": [name] }))
            }
            Some(_) | None => Err(ask.refused(format!("`{team}` is no team of `{}`", repo.owner()))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_and_teams_of_the_same_organization_are_asked() {
        let body = |whom: Reviewer| {
            requested(Ask::Write("asking for a review"), &"Acme/shop".parse().unwrap(), &whom)
                .map(|body| body.to_string())
                .map_err(|error| format!("{error}"))
        };
        let team = |name: &str| Reviewer::Team(name.to_owned());
        assert_eq!(body(Reviewer::User("bo".to_owned())).unwrap(), r#"{"reviewers":["bo"]}"#);
        assert_eq!(body(team("acme/sre")).unwrap(), r#"{"team_reviewers":["sre"]}"#);
        for other in ["other/sre", "sre", ""] {
            assert!(body(team(other)).is_err(), "{other}");
        }
    }
}
