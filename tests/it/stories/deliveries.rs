//! What becomes of a story when deliveries come, do not come, come twice or in the wrong order.

use super::live::{Live, Polling};
use super::postman::Postman;
use super::story;
use super::tale::{WEB, web};

story! {
    /// Deliveries alone carry a change from its opening to its landing.
    async fn deliveries_are_enough(tale) {
        let live = Live::begin(&tale.engine, Polling::Never).await;
        tale.town.deliver_to(&live.webhook()).await;
        let change = tale.opens_unseen("ana", "scale", &[(WEB, Some(&web(&tale.namespace, 5, "1.0")))]).await;
        tale.status_becomes(&change, "pending").await;
        tale.says_unheard("bo", &change, "/approve").await;
        tale.status_becomes(&change, "success").await;
        tale.says_unheard("ana", &change, "/merge").await;
        tale.lands(&change).await;
        assert_eq!(tale.replies(&change).await.len(), 2);
    }
}

story! {
    /// Every delivery is lost: asking now and then finds the change, the approval and the request for the merge.
    async fn lost_deliveries_are_made_up_for(tale) {
        let _live = Live::begin(&tale.engine, Polling::Often).await;
        let change = tale.opens_unseen("ana", "scale", &[(WEB, Some(&web(&tale.namespace, 5, "1.0")))]).await;
        tale.status_becomes(&change, "pending").await;
        tale.says_unheard("bo", &change, "/approve").await;
        tale.status_becomes(&change, "success").await;
        tale.says_unheard("ana", &change, "/merge").await;
        tale.lands(&change).await;
        assert_eq!(tale.replies(&change).await.len(), 2);
    }
}

story! {
    /// Every delivery comes twice: nothing is said twice, and one commit lands.
    async fn doubled_deliveries_count_once(tale) {
        let live = Live::begin(&tale.engine, Polling::Never).await;
        let postman = Postman::begin(live.webhook()).await;
        postman.doubles();
        tale.town.deliver_to(&postman.url).await;
        let before = tale.clone().git(&["rev-parse", "origin/main"]);
        let change = tale.opens_unseen("ana", "scale", &[(WEB, Some(&web(&tale.namespace, 5, "1.0")))]).await;
        tale.status_becomes(&change, "pending").await;
        tale.says_unheard("bo", &change, "/approve").await;
        tale.status_becomes(&change, "success").await;
        tale.says_unheard("ana", &change, "/merge").await;
        tale.lands(&change).await;
        let answers = postman.rests().await;
        assert!(answers.len() >= 4 && answers.iter().all(|both| both == &[202, 202]), "{answers:?}");
        tale.settles(&change).await;
        assert_eq!(tale.replies(&change).await.len(), 2);
        tale.display(&change).await;
        let landed = tale.clone().git(&["rev-list", "--count", "--first-parent", &format!("{before}..origin/main")]);
        assert_eq!(landed, "1");
    }
}

story! {
    /// The newest delivery comes first: what is read afresh does not depend on which one told.
    async fn deliveries_in_the_wrong_order_change_nothing(tale) {
        let live = Live::begin(&tale.engine, Polling::Never).await;
        let postman = Postman::begin(live.webhook()).await;
        tale.town.deliver_to(&postman.url).await;
        let change = tale.opens_unseen("ana", "scale", &[(WEB, Some(&web(&tale.namespace, 5, "1.0")))]).await;
        tale.status_becomes(&change, "pending").await;
        postman.rests().await;
        postman.holds();
        for (held, (who, body)) in
            [("bo", "/approve"), ("ana", "/merge"), ("cy", "Too late to say something?")].into_iter().enumerate()
        {
            tale.says_unheard(who, &change, body).await;
            postman.has(held + 1).await;
        }
        assert_eq!(postman.brings_the_newest_first().await, 3);
        tale.lands(&change).await;
        assert_eq!(tale.replies(&change).await.len(), 2);
    }
}
