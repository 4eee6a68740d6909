//! Reviews, and asking for them.

use countersign::ports::ForgeError;
use countersign_core::change::{Review, ReviewState, Reviewer};

use super::{Role, Stage, opened};

/// Who is asked is told until they review; whoever cannot be asked is refused, and nothing else happens.
pub(crate) async fn asks_for_reviews(stage: &dyn Stage) {
    let forge = stage.forge();
    let (id, _) = opened(stage, "asking").await;
    let person = |role| Reviewer::User(stage.actor(role).login);
    let asked = async || {
        let mut asked = forge.review_requests(&id).await.unwrap();
        asked.sort();
        asked
    };
    assert_eq!(asked().await, []);
    let (reviewer, admin) = (person(Role::Reviewer), person(Role::Admin));
    forge.request_review(&id, &reviewer).await.unwrap();
    assert_eq!(asked().await, std::slice::from_ref(&reviewer));
    // Asked again, they are asked once.
    forge.request_review(&id, &reviewer).await.unwrap();
    forge.request_review(&id, &admin).await.unwrap();
    let mut both = [reviewer.clone(), admin.clone()];
    both.sort();
    assert_eq!(asked().await, both);

    let owner = stage.repo().owner().to_owned();
    for whom in [
        person(Role::Stranger),
        person(Role::Author),
        Reviewer::User("nobody-of-this-name".to_owned()),
        Reviewer::Team(format!("{owner}/no-such-team")),
        Reviewer::Team("another-organization/sre".to_owned()),
        Reviewer::Team("sre".to_owned()),
    ] {
        let refused = forge.request_review(&id, &whom).await;
        let no = matches!(refused, Err(ForgeError::Refused { .. } | ForgeError::NotFound { .. }));
        assert!(no, "{whom:?}: {refused:?}");
    }
    assert_eq!(asked().await, both);

    stage.review(Role::Reviewer, id.number, ReviewState::Approved, "fine").await;
    assert_eq!(asked().await, std::slice::from_ref(&admin));
    let team = Reviewer::Team(stage.team());
    forge.request_review(&id, &team).await.unwrap();
    forge.request_review(&id, &team).await.unwrap();
    assert_eq!(asked().await, [admin, team]);
}

pub(crate) async fn reads_reviews(stage: &dyn Stage) {
    let (id, head) = opened(stage, "reviewed").await;
    stage.review(Role::Reviewer, id.number, ReviewState::Commented, "hm").await;
    stage.review(Role::Reviewer, id.number, ReviewState::Approved, "fine").await;
    stage.review(Role::Admin, id.number, ReviewState::ChangesRequested, "not so fast").await;
    let reviews = stage.forge().reviews(&id).await.unwrap();
    let told = |review: &Review| (review.author.id, review.state, review.body.clone(), review.head.clone());
    let (reviewer, admin) = (stage.actor(Role::Reviewer).id, stage.actor(Role::Admin).id);
    assert_eq!(
        reviews.iter().map(told).collect::<Vec<_>>(),
        [
            (reviewer, ReviewState::Commented, "hm".to_owned(), Some(head.clone())),
            (reviewer, ReviewState::Approved, "fine".to_owned(), Some(head.clone())),
            (admin, ReviewState::ChangesRequested, "not so fast".to_owned(), Some(head)),
        ]
    );
}
