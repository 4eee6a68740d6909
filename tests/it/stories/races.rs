//! What happens between the look that ordered a landing and the push: somebody moves the head or the base.

use countersign_sim::{Fault, Sim};

use super::tale::{WEB, web};
use super::{REPO, stand_in_story};

/// The push of the merge commit. The one before it brings the evidence.
const PUSH: &str = "POST /acme/env.git/git-receive-pack";

/// Has ana push more replicas onto her change.
async fn sneak(sim: &Sim, namespace: &str) {
    let more = web(namespace, 50, "1.0");
    sim.commit(REPO, "scale", "main", &[(WEB, Some(&more))], "ana", "Sneak").await.unwrap();
}

stand_in_story! {
    /// A commit arrives while the evidence is pushed: the landing is given up.
    async fn the_head_moves_after_the_second_look(tale, town) {
        let mut change = tale.scales("ana", "scale", 5).await;
        let before = town.sim.tip(REPO, "main").unwrap();
        tale.says("bo", &change, "/approve").await;
        let namespace = tale.namespace.clone();
        town.sim.on_next(PUSH, move |sim| async move { sneak(&sim, &namespace).await }).unwrap();
        tale.says("ana", &change, "/merge").await;
        change.head = town.sim.tip(REPO, "scale").unwrap();
        assert_eq!(town.sim.tip(REPO, "main").unwrap(), before);
        assert_eq!((tale.state(&change).await, tale.status(&change).await), ("open".to_owned(), "pending".to_owned()));
        let display = tale.display(&change).await.body;
        assert!(display.contains("its head moved while it was being landed"), "{display}");
    }
}

stand_in_story! {
    /// A commit arrives at the very moment of the push. What was judged lands; what came after stays in the open request.
    async fn the_head_moves_at_the_push(tale, town) {
        let mut change = tale.scales("ana", "scale", 5).await;
        let judged = change.head.clone();
        tale.says("bo", &change, "/approve").await;
        let namespace = tale.namespace.clone();
        let at_the_second = move |sim: Sim| async move {
            sim.on_next(PUSH, move |sim| async move { sneak(&sim, &namespace).await }).unwrap();
        };
        town.sim.on_next(PUSH, at_the_second).unwrap();
        tale.says("ana", &change, "/merge").await;
        change.head = town.sim.tip(REPO, "scale").unwrap();
        assert_ne!(change.head, judged);
        let landed = town.sim.git(REPO, &["rev-parse", "main^2"]).await.unwrap();
        assert_eq!(landed.trim(), judged);
        assert!(town.sim.file(REPO, "main", WEB).await.unwrap().contains("replicas: 5\n"));
        assert_eq!((tale.state(&change).await, tale.status(&change).await), ("open".to_owned(), "pending".to_owned()));
        let display = tale.display(&change).await.body;
        assert!(display.contains("stays open with them"), "{display}");
        let clone = tale.clone();
        let (status, text) = tale.verify(clone.path(), "origin/main^1..origin/main");
        assert_eq!((status, text.contains("landing")), (0, true), "{text}");
    }
}

stand_in_story! {
    /// Main moves at the very moment of the push: the bot looks again and lands on the new tip.
    async fn the_base_moves_at_the_push(tale, town) {
        let change = tale.scales("ana", "scale", 5).await;
        tale.says("bo", &change, "/approve").await;
        let other = town.clone();
        let at_the_second = move |sim: Sim| async move {
            let past = move |_: Sim| async move { drop(other.force(&[("docs/notes.md", Some("Notes.\n"))]).await) };
            sim.on_next(PUSH, past).unwrap();
        };
        town.sim.on_next(PUSH, at_the_second).unwrap();
        tale.says("ana", &change, "/merge").await;
        assert_eq!(tale.state(&change).await, "merged");
        assert_eq!(town.sim.file(REPO, "main^1", "docs/notes.md").await.unwrap().trim(), "Notes.");
        let clone = tale.clone();
        let (status, text) = tale.verify(clone.path(), "origin/main^1..origin/main");
        assert_eq!((status, text.contains("landing")), (0, true), "{text}");
    }
}

stand_in_story! {
    /// Main moves at the push and changes what would land: the approval was for something else.
    async fn the_base_changes_the_effect_at_the_push(tale, town) {
        let change = tale.scales("ana", "scale", 5).await;
        tale.says("bo", &change, "/approve").await;
        let other = town.clone();
        let renamed = web(&tale.namespace, 3, "1.0").replace("app: web", "app: shop");
        let at_the_second = move |sim: Sim| async move {
            let past = move |_: Sim| async move { drop(other.force(&[(WEB, Some(&renamed))]).await) };
            sim.on_next(PUSH, past).unwrap();
        };
        town.sim.on_next(PUSH, at_the_second).unwrap();
        tale.says("ana", &change, "/merge").await;
        assert_eq!(tale.state(&change).await, "open");
        assert!(town.sim.file(REPO, "main", WEB).await.unwrap().contains("replicas: 3\n"));
    }
}

stand_in_story! {
    /// The request asks for another branch, or becomes a draft, while the evidence is pushed: the landing is given up.
    async fn the_request_changes_after_the_second_look(tale, town) {
        let before = town.sim.tip(REPO, "main").unwrap();
        town.sim.move_branch(REPO, "dev", &before, "ada").await.unwrap();
        for draft in [true, false] {
            let change = tale.scales("ana", &format!("scale-{draft}"), 5).await;
            let number = change.number;
            tale.says("bo", &change, "/approve").await;
            let meddle = move |sim: Sim| async move {
                if draft {
                    sim.set_draft(REPO, number, true).unwrap();
                } else {
                    sim.retarget(REPO, number, "ana", "dev").await.unwrap();
                }
            };
            town.sim.on_next(PUSH, meddle).unwrap();
            tale.says("ana", &change, "/merge").await;
            assert_eq!(town.sim.tip(REPO, "main").unwrap(), before, "draft: {draft}");
            assert_eq!(tale.state(&change).await, "open");
        }
    }
}

stand_in_story! {
    /// A landing is cut off after its commit is in, while a second look waits to pick it up as it stood at first: what
    /// landed is said to have landed, and stated.
    async fn a_look_beside_a_landing_that_is_cut_off(tale, town) {
        let change = tale.scales("ana", "scale", 5).await;
        tale.says("bo", &change, "/approve").await;
        let (engine, id) = (std::sync::Arc::clone(&tale.engine), tale.id(&change));
        let (sender, beside) = tokio::sync::oneshot::channel();
        let at_the_evidence = move |sim: Sim| async move {
            let look = tokio::spawn(async move { engine.look(&id).await.is_ok() });
            tokio::time::sleep(std::time::Duration::from_secs(5)).await;
            sender.send(look).unwrap();
            let at_the_merge = |sim: Sim| async move {
                let at_the_statement = |sim: Sim| async move { sim.fail_next(PUSH, Fault::Status(500)).unwrap() };
                sim.on_next(PUSH, at_the_statement).unwrap();
            };
            sim.on_next(PUSH, at_the_merge).unwrap();
        };
        town.sim.on_next(PUSH, at_the_evidence).unwrap();
        town.sim.comment(REPO, change.number, "ana", "/merge").unwrap();
        let id = tale.id(&change);
        while tale.engine.look(&id).await.is_ok() {}
        assert!(beside.await.unwrap().await.unwrap());
        tale.settles(&change).await;
        assert_eq!(tale.state(&change).await, "merged");
        let display = tale.display(&change).await.body;
        assert!(display.contains("Landed as") && !display.contains("given up"), "{display}");
        let clone = tale.clone();
        let (status, text) = tale.verify(clone.path(), "origin/main^1..origin/main");
        assert_eq!((status, text.contains("landing")), (0, true), "{text}");
    }
}
