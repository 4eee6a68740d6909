//! From a push to a merge commit that can be audited.

use super::story;

story! {
    /// Ana opens a change, bo approves what he reads, ana asks for the merge, an auditor proves it.
    async fn a_good_change_lands(tale) {
        let change = tale.scales("ana", "scale", 5).await;
        let display = tale.display(&change).await.body;
        assert!(display.contains("web"), "{display}");
        assert_eq!(tale.status(&change).await, "pending");

        tale.says("bo", &change, "Looks right.\n\n/approve").await;
        assert!(tale.reply(&change).await.contains("approves"), "{}", tale.reply(&change).await);
        assert_eq!(tale.status(&change).await, "success");

        tale.says("ana", &change, "/merge").await;
        assert_eq!(tale.state(&change).await, "merged");
        assert_eq!(tale.status(&change).await, "success");

        let clone = tale.clone();
        let message = clone.git(&["log", "-1", "--format=%B", "origin/main"]);
        let bot = tale.town.login("countersign");
        for expected in ["Approved-by: bo", "Requested-by: ana", "Environments: production", "Effect-Digest: sha256:", "Evidence: sha256:"] {
            assert!(message.contains(expected), "{expected} is missing in\n{message}");
        }
        assert!(message.contains(&format!("Merged-by: {bot}")), "{message}");
        let (status, text) = tale.verify(clone.path(), "origin/main^1..origin/main");
        assert_eq!((status, text.contains("landing")), (0, true), "{text}");
    }
}

story! {
    /// The auditor says no to a push past the bot, and to a trailer that was changed afterwards.
    async fn the_audit_finds_what_was_not_agreed(tale) {
        let change = tale.scales("ana", "scale", 5).await;
        tale.says("bo", &change, "/approve").await;
        tale.says("ana", &change, "/merge").await;
        assert_eq!(tale.state(&change).await, "merged");
        let clone = tale.clone();
        let landed = clone.git(&["rev-parse", "origin/main"]);

        clone.git(&["commit", "-q", "--allow-empty", "-m", "Just this once"]);
        let (status, text) = tale.verify(clone.path(), &format!("{landed}..HEAD"));
        assert_eq!((status, text.contains("direct push")), (1, true), "{text}");

        let forged = clone.git(&["cat-file", "commit", &landed]).replace("Approved-by: bo", "Approved-by: cy");
        let file = clone.path().join("forged");
        std::fs::write(&file, format!("{forged}\n")).unwrap();
        let forged = clone.git(&["hash-object", "-t", "commit", "-w", "forged"]);
        let (status, text) = tale.verify(clone.path(), &format!("{landed}^1..{forged}"));
        assert_eq!((status, text.contains("BROKEN")), (1, true), "{text}");
    }
}

story! {
    /// A change that breaks a check is blocked, and lands when it is repaired.
    async fn a_violation_is_repaired(tale) {
        let mut change = tale.scales("ana", "shrink", 1).await;
        assert_eq!(tale.status(&change).await, "failure");
        let display = tale.display(&change).await.body;
        assert!(display.contains("enough replicas"), "{display}");
        let repaired = super::super::tale::web(&tale.namespace, 4, "1.0");
        tale.pushes("ana", &mut change, &[("production/web.yaml", Some(&repaired))]).await;
        tale.says("bo", &change, "/approve").await;
        tale.says("bo", &change, "/merge").await;
        assert_eq!(tale.state(&change).await, "merged");
    }
}
