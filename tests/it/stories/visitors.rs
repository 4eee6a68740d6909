//! Changes that come from elsewhere, and those that do not fit.

use super::story;
use super::tale::{Opened, WEB, web};
use super::town::Clone;

story! {
    /// Somebody who may only read offers a change from a fork. Nobody tells who pushed there, so it takes one more.
    async fn a_change_from_a_fork_lands(tale) {
        let fork = tale.town.fork("dee").await;
        let clone = Clone::new(tale.town.as_ref(), "dee").pushing_to(&fork);
        let head = clone.push("scale", "main", &[(WEB, Some(&web(&tale.namespace, 5, "1.0")))], "Scale");
        let source = format!("{}:scale", tale.town.login("dee"));
        let number = tale.town.open("dee", &source, "Scale").await;
        let change = Opened { number, branch: "scale".to_owned(), head };
        tale.settles(&change).await;
        assert_eq!(tale.status(&change).await, "pending");
        tale.says("dee", &change, "/merge").await;
        assert!(tale.reply(&change).await.contains("needs write permission"), "{}", tale.reply(&change).await);
        tale.says("bo", &change, "/approve").await;
        tale.says("bo", &change, "/merge").await;
        assert!(tale.reply(&change).await.contains("nobody told who pushed"), "{}", tale.reply(&change).await);
        tale.says("cy", &change, "/approve").await;
        tale.says("bo", &change, "/merge").await;
        assert_eq!(tale.state(&change).await, "merged", "{}", tale.reply(&change).await);
    }
}

story! {
    /// Who may only read has no voice where write permission is asked for.
    async fn a_readers_approval_does_not_count(tale) {
        let change = tale.scales("ana", "scale", 5).await;
        tale.says("dee", &change, "/approve").await;
        assert_eq!(tale.status(&change).await, "pending");
    }
}

story! {
    /// A change that conflicts is blocked and says where.
    async fn a_conflict_is_told(tale) {
        let change = tale.scales("ana", "scale", 5).await;
        let other = tale.scales("cy", "scale-too", 7).await;
        tale.says("bo", &other, "/approve").await;
        tale.says("bo", &other, "/merge").await;
        assert_eq!(tale.state(&other).await, "merged");
        tale.says("bo", &change, "/approve").await;
        assert_eq!(tale.status(&change).await, "failure");
        let display = tale.display(&change).await.body;
        assert!(display.contains("conflicts with") && display.contains(WEB), "{display}");
        tale.says("ana", &change, "/merge").await;
        assert_eq!(tale.state(&change).await, "open");
    }
}
