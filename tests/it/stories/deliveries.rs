//! What becomes of a story when deliveries come, do not come, come twice or in the wrong order.

use countersign_sim::{Outcome, Release};

use super::live::{Live, Polling};
use super::tale::{WEB, web};
use super::{WEBHOOK_SECRET, stand_in_story, story};

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

stand_in_story! {
    /// Every delivery comes twice: nothing is said twice, and one commit lands.
    async fn doubled_deliveries_count_once(tale, town) {
        let live = Live::begin(&tale.engine, Polling::Never).await;
        town.sim.set_webhook(&live.webhook(), WEBHOOK_SECRET);
        town.sim.double_deliveries(1_000);
        let before = tale.clone().git(&["rev-parse", "origin/main"]);
        let change = tale.opens_unseen("ana", "scale", &[(WEB, Some(&web(&tale.namespace, 5, "1.0")))]).await;
        tale.status_becomes(&change, "pending").await;
        tale.says_unheard("bo", &change, "/approve").await;
        tale.status_becomes(&change, "success").await;
        tale.says_unheard("ana", &change, "/merge").await;
        tale.lands(&change).await;
        town.sim.settle().await;
        let deliveries = town.sim.deliveries();
        assert!(deliveries.iter().all(|one| one.outcome == Outcome::Answered(202)), "{deliveries:?}");
        assert!(deliveries.len() >= 8 && deliveries.chunks(2).all(|pair| pair[0].id == pair[1].id), "{deliveries:?}");
        tale.settles(&change).await;
        assert_eq!(tale.replies(&change).await.len(), 2);
        tale.display(&change).await;
        let landed = tale.clone().git(&["rev-list", "--count", "--first-parent", &format!("{before}..origin/main")]);
        assert_eq!(landed, "1");
    }
}

stand_in_story! {
    /// The newest delivery comes first: what is read afresh does not depend on which one told.
    async fn deliveries_in_the_wrong_order_change_nothing(tale, town) {
        let live = Live::begin(&tale.engine, Polling::Never).await;
        town.sim.set_webhook(&live.webhook(), WEBHOOK_SECRET);
        let change = tale.opens_unseen("ana", "scale", &[(WEB, Some(&web(&tale.namespace, 5, "1.0")))]).await;
        tale.status_becomes(&change, "pending").await;
        town.sim.settle().await;
        town.sim.hold_deliveries();
        tale.says_unheard("bo", &change, "/approve").await;
        tale.says_unheard("ana", &change, "/merge").await;
        tale.says_unheard("cy", &change, "Too late to say something?").await;
        town.sim.release_deliveries(Release::Reversed);
        tale.lands(&change).await;
        assert_eq!(tale.replies(&change).await.len(), 2);
    }
}
