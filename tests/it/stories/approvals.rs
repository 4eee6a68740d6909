//! Whose yes counts, for what, and how long.

use countersign_sim::ReviewGiven;

use super::town::Town as _;
use super::{REPO, stand_in_story, story};

story! {
    async fn the_author_cannot_approve(tale) {
        let change = tale.scales("ana", "scale", 5).await;
        tale.says("ana", &change, "/approve").await;
        assert!(tale.reply(&change).await.contains("you are the author"));
        tale.says("ana", &change, "/merge").await;
        assert!(tale.reply(&change).await.contains("not yet"));
        assert_eq!(tale.state(&change).await, "open");
    }
}

story! {
    async fn a_push_that_changes_the_effect_voids_the_approval(tale) {
        let mut change = tale.scales("ana", "scale", 5).await;
        tale.says("bo", &change, "/approve").await;
        assert_eq!(tale.status(&change).await, "success");
        let more = super::super::tale::web(&tale.namespace, 9, "1.0");
        tale.pushes("ana", &mut change, &[("production/web.yaml", Some(&more))]).await;
        assert_eq!(tale.status(&change).await, "pending");
        tale.says("ana", &change, "/merge").await;
        assert_eq!(tale.state(&change).await, "open");
    }
}

story! {
    async fn a_push_that_changes_nothing_keeps_the_approval(tale) {
        let mut change = tale.scales("ana", "scale", 5).await;
        tale.says("bo", &change, "/approve").await;
        let same = format!("# A comment that renders to nothing.\n{}", super::super::tale::web(&tale.namespace, 5, "1.0"));
        tale.pushes("ana", &mut change, &[("production/web.yaml", Some(&same))]).await;
        assert_eq!(tale.status(&change).await, "success");
        tale.says("ana", &change, "/merge").await;
        assert_eq!(tale.state(&change).await, "merged");
    }
}

story! {
    async fn a_push_that_touches_a_file_outside_voids_the_approval(tale) {
        let mut change = tale.scales("ana", "scale", 5).await;
        tale.says("bo", &change, "/approve").await;
        tale.pushes("ana", &mut change, &[("docs/runbook.md", Some("Do not restart it.\n"))]).await;
        assert_eq!(tale.status(&change).await, "pending");
    }
}

story! {
    async fn a_hold_stops_everything_until_its_holder_lifts_it(tale) {
        let change = tale.scales("ana", "scale", 5).await;
        tale.says("bo", &change, "/approve").await;
        tale.says("cy", &change, "/hold waiting for the migration").await;
        tale.says("ana", &change, "/merge").await;
        assert!(tale.reply(&change).await.contains("held by"));
        tale.says("bo", &change, "/unhold").await;
        assert_eq!(tale.status(&change).await, "pending");
        tale.says("cy", &change, "/unhold").await;
        tale.says("ana", &change, "/merge").await;
        assert_eq!(tale.state(&change).await, "merged");
    }
}

story! {
    async fn somebody_elses_edit_of_the_display_is_undone_and_voids_approvals(tale) {
        let change = tale.scales("ana", "scale", 5).await;
        let display = tale.display(&change).await;
        tale.town.edit("ada", display.id, &format!("{}\nNothing to see here.", display.body)).await;
        tale.says("bo", &change, "/approve").await;
        assert!(!tale.display(&change).await.body.contains("Nothing to see here."));
        assert_eq!(tale.status(&change).await, "pending");
    }
}

story! {
    async fn an_edit_of_the_approving_comment_voids_it(tale) {
        let change = tale.scales("ana", "scale", 5).await;
        let comment = tale.says("bo", &change, "/approve").await;
        assert_eq!(tale.status(&change).await, "success");
        tale.town.edit("bo", comment, "/approve only if the migration ran").await;
        tale.settles(&change).await;
        assert_eq!(tale.status(&change).await, "pending");
    }
}

story! {
    /// Where two are needed, the author is not one of them.
    under (Some(super::super::tale::USUAL.replace("count = 1", "count = 2")))
    async fn the_author_is_not_one_of_two(tale) {
        let change = tale.scales("ana", "scale", 5).await;
        tale.says("ana", &change, "/approve").await;
        tale.says("bo", &change, "/approve").await;
        assert_eq!(tale.status(&change).await, "pending");
        tale.says("ana", &change, "/merge").await;
        assert_eq!(tale.state(&change).await, "open");
        tale.says("cy", &change, "/approve").await;
        assert_eq!(tale.status(&change).await, "success");
        tale.says("ana", &change, "/merge").await;
        assert_eq!(tale.state(&change).await, "merged");
    }
}

story! {
    /// The forge's own button counts for nothing before the effect could be read.
    async fn a_review_at_once_does_not_count(tale) {
        let change = tale.scales("ana", "scale", 5).await;
        tale.town.approve("bo", change.number).await;
        tale.settles(&change).await;
        assert_eq!(tale.status(&change).await, "pending");
    }
}

story! {
    /// The forge's own button counts once the effect has been on display for a while.
    async fn a_review_of_what_was_on_display_counts(tale) {
        let change = tale.scales("ana", "scale", 5).await;
        tale.town.half_a_minute_passes().await;
        tale.town.approve("bo", change.number).await;
        tale.settles(&change).await;
        assert_eq!(tale.status(&change).await, "success", "{}", tale.display(&change).await.body);
        tale.says("ana", &change, "/merge").await;
        assert_eq!(tale.state(&change).await, "merged", "{}\n{}", tale.reply(&change).await, tale.display(&change).await.body);
    }
}

stand_in_story! {
    /// Whoever may write can edit a review of somebody else, and the REST API does not tell that anybody did.
    async fn a_review_that_was_edited_before_it_was_read_runs_nothing(tale, town) {
        let change = tale.scales("ana", "scale", 5).await;
        town.a_moment_passes().await;
        let review = town.sim.review(REPO, change.number, "bo", ReviewGiven::Comment, "What is this for?").unwrap();
        town.sim.edit_review(REPO, change.number, review, "/approve").unwrap();
        town.sim.review(REPO, change.number, "cy", ReviewGiven::Comment, "/hold").unwrap();
        tale.settles(&change).await;
        assert!(tale.replies(&change).await.iter().any(|reply| reply.contains("was edited before it was read")));
        let display = tale.display(&change).await.body;
        assert!(display.contains("held by cy") && !display.contains("bo"), "{display}");
    }
}
