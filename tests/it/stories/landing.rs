//! What happens while a change is being landed.

use super::story;
use super::town::Clone;

story! {
    /// Main moves under an approved change without touching what it does: the approval holds, and it lands on the new tip.
    async fn the_base_moves_before_landing(tale) {
        let change = tale.scales("ana", "scale", 5).await;
        tale.says("bo", &change, "/approve").await;
        let other = tale.opens("cy", "notes", &[("docs/notes.md", Some("Notes.\n"))]).await;
        tale.says("bo", &other, "/approve").await;
        tale.says("bo", &other, "/merge").await;
        assert_eq!(tale.state(&other).await, "merged");
        tale.says("ana", &change, "/merge").await;
        assert_eq!(tale.state(&change).await, "merged");
        let clone = tale.clone();
        let (status, text) = tale.verify(clone.path(), "origin/main~2..origin/main");
        assert_eq!(status, 0, "{text}");
    }
}

story! {
    /// A new commit arrives between the approval and the merge: what was not looked at does not land.
    async fn the_head_moves_before_landing(tale) {
        let mut change = tale.scales("ana", "scale", 5).await;
        tale.says("bo", &change, "/approve").await;
        let more = super::super::tale::web(&tale.namespace, 50, "1.0");
        let clone = Clone::new(tale.town.as_ref(), "ana");
        change.head = clone.push(&change.branch, "main", &[("production/web.yaml", Some(&more))], "Sneak");
        tale.says("ana", &change, "/merge").await;
        assert_eq!(tale.state(&change).await, "open");
        assert_eq!(tale.status(&change).await, "pending");
    }
}

story! {
    /// Nobody else can push to main: the forge itself refuses.
    async fn nobody_else_can_push_to_main(tale) {
        let clone = Clone::new(tale.town.as_ref(), "ana");
        clone.git(&["commit", "-q", "--allow-empty", "-m", "Past the bot"]);
        let pushed = std::process::Command::new("git")
            .args(["push", "-q", "origin", "HEAD:refs/heads/main"])
            .current_dir(clone.path())
            .output()
            .unwrap();
        assert!(!pushed.status.success());
    }
}

story! {
    /// The bot is stopped and started again between every step: nothing is lost, nothing is said twice.
    async fn a_restart_between_steps_changes_nothing(tale) {
        let change = tale.scales("ana", "scale", 5).await;
        let tale = tale.restarted().await;
        tale.says("bo", &change, "/approve").await;
        let tale = tale.restarted().await;
        assert_eq!(tale.status(&change).await, "success");
        tale.says("ana", &change, "/merge").await;
        let tale = tale.restarted().await;
        tale.settles(&change).await;
        assert_eq!(tale.state(&change).await, "merged");
        tale.display(&change).await;
    }
}
