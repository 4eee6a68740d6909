//! Whom the bot asks for a review, where a rule says that somebody is to be asked.

use super::stand_in::{REPO, SignIn};
use super::tale::{Tale, USUAL};

/// The usual policy with a rule of these people that asks for reviews.
fn asking(from: &str, request: &str) -> Option<String> {
    let rule = format!(
        "\n[[rule]]\nname = \"asked\"\nrequire = {{ count = 1, from = {{ {from} }} }}\noptions = {{ request_review = {{ {request} }} }}\n"
    );
    Some(format!("{USUAL}{rule}"))
}

/// One of those who could say yes is asked, by name and once: not the author, nobody in the place of somebody who was taken
/// off, and nobody when it is enough.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_those_who_could_say_yes_is_asked_once() {
    let policy = asking("users = [\"ana\", \"bo\", \"cy\"]", "mode = \"random-users\"");
    let (tale, town) = Tale::on_the_stand_in(SignIn::App, policy).await;
    let change = tale.scales("ana", "scale", 5).await;
    let asked = town.sim.requested(REPO, change.number).unwrap();
    let [one] = asked.as_slice() else { panic!("{asked:?}") };
    assert!(["bo", "cy"].contains(&one.as_str()), "{asked:?}");
    // Looked at again, it is the same one.
    tale.says("dee", &change, "what is this?").await;
    assert_eq!(town.sim.requested(REPO, change.number).unwrap(), asked);
    // Taken off, they are not asked again, nor is anybody else; the comment says so.
    town.sim.withdraw_request(REPO, change.number, "ana", one).unwrap();
    tale.says("dee", &change, "and now?").await;
    assert_eq!(town.sim.requested(REPO, change.number).unwrap(), [""; 0]);
    let display = tale.display(&change).await.body;
    let told = format!("taken off after the bot asked, and not asked again: `{one}`");
    assert!(display.contains(&told), "{display}");
    tale.says(one, &change, "/approve").await;
    assert_eq!(tale.status(&change).await, "success", "{}", tale.display(&change).await.body);
    assert_eq!(town.sim.requested(REPO, change.number).unwrap(), [""; 0]);
    tale.says("ana", &change, "/merge").await;
    assert_eq!(tale.state(&change).await, "merged");
    town.assert_clean();
}

/// Whom the forge does not want asked is told to nobody else: another of the rule's people is asked instead.
#[tokio::test(flavor = "multi_thread")]
async fn where_somebody_cannot_be_asked_another_is() {
    let policy = asking("users = [\"nobody-of-this-name\", \"neither-this\", \"bo\"]", "count = 1");
    let (tale, town) = Tale::on_the_stand_in(SignIn::App, policy).await;
    let change = tale.scales("ana", "scale", 5).await;
    for _ in 0..3 {
        tale.says("dee", &change, "hm").await;
    }
    assert_eq!(town.sim.requested(REPO, change.number).unwrap(), ["bo"]);
    town.assert_clean();
}

/// A draft asks nobody; ready, it asks all who were meant. A team is asked as such, and no more once one of it answered.
#[tokio::test(flavor = "multi_thread")]
async fn all_of_them_or_their_team_are_asked_when_it_is_ready() {
    let policy = asking("users = [\"bo\", \"cy\"]", "mode = \"all-users\"");
    let (tale, town) = Tale::on_the_stand_in(SignIn::App, policy).await;
    let change = tale.scales("ana", "scale", 5).await;
    let mut asked = town.sim.requested(REPO, change.number).unwrap();
    asked.sort();
    assert_eq!(asked, ["bo", "cy"]);
    town.assert_clean();

    let (tale, town) =
        Tale::on_the_stand_in(SignIn::App, asking("teams = [\"acme/sre\"]", "mode = \"teams\"")).await;
    town.sim.add_team("acme", "sre", &["bo", "cy"]).unwrap();
    town.sim.grant_team(REPO, "sre", countersign_sim::Role::Read).unwrap();
    let change = tale.scales("ana", "scale", 5).await;
    assert_eq!(town.sim.requested(REPO, change.number).unwrap(), ["sre"]);
    town.sim.review(REPO, change.number, "bo", countersign_sim::ReviewGiven::Comment, "hm").unwrap();
    tale.says("dee", &change, "asked?").await;
    assert_eq!(town.sim.requested(REPO, change.number).unwrap(), [""; 0]);
    town.assert_clean();
}
