//! What happens between the look that ordered a landing and the push: somebody moves the head or the base.

use std::sync::Arc;

use countersign::engine::AUDIT_BRANCH;

use super::story;
use super::tale::{Opened, Tale, WEB, forge_sees, web};
use super::town::Clone;

/// Has ana push more replicas onto her change right before the next push of a branch.
fn sneak_before(tale: &Tale, branch: &'static str, change: &Opened) {
    let (town, mut change) = (Arc::clone(&tale.town), change.clone());
    let more = web(&tale.namespace, 50, "1.0");
    tale.fuse.before_push(branch, async move {
        let clone = Clone::new(town.as_ref(), "ana");
        change.head = clone.push(&change.branch, "main", &[(WEB, Some(&more))], "Sneak");
        forge_sees(town.as_ref(), &change).await;
    });
}

/// Has ada push to main, past the bot, right before it does.
fn force_before(tale: &Tale, path: &'static str, content: String) {
    let town = Arc::clone(&tale.town);
    tale.fuse.before_push("main", async move { drop(town.force(&[(path, Some(&content))]).await) });
}

/// The tip of a branch on the forge.
fn tip(tale: &Tale, branch: &str) -> String {
    tale.clone().git(&["rev-parse", &format!("origin/{branch}")])
}

fn assert_audited(tale: &Tale) {
    let clone = tale.clone();
    let (status, text) = tale.verify(clone.path(), "origin/main^1..origin/main");
    assert_eq!((status, text.contains("landing")), (0, true), "{text}");
}

story! {
    /// A commit arrives while the evidence is pushed: the landing is given up.
    async fn the_head_moves_after_the_second_look(tale) {
        let mut change = tale.scales("ana", "scale", 5).await;
        let before = tip(&tale, "main");
        tale.says("bo", &change, "/approve").await;
        sneak_before(&tale, AUDIT_BRANCH, &change);
        tale.says("ana", &change, "/merge").await;
        change.head = tip(&tale, "scale");
        assert_eq!(tip(&tale, "main"), before);
        assert_eq!((tale.state(&change).await, tale.status(&change).await), ("open".to_owned(), "pending".to_owned()));
        let display = tale.display(&change).await.body;
        assert!(display.contains("its head moved while it was being landed"), "{display}");
    }
}

story! {
    /// A commit arrives at the very moment of the push. What was judged lands; what came after stays in the open request.
    async fn the_head_moves_at_the_push(tale) {
        let mut change = tale.scales("ana", "scale", 5).await;
        let judged = change.head.clone();
        tale.says("bo", &change, "/approve").await;
        sneak_before(&tale, "main", &change);
        tale.says("ana", &change, "/merge").await;
        change.head = tip(&tale, "scale");
        assert_ne!(change.head, judged);
        assert_eq!(tip(&tale, "main^2"), judged);
        assert!(tale.clone().git(&["show", &format!("origin/main:{WEB}")]).contains("replicas: 5\n"));
        assert_eq!((tale.state(&change).await, tale.status(&change).await), ("open".to_owned(), "pending".to_owned()));
        let display = tale.display(&change).await.body;
        assert!(display.contains("was changed meanwhile"), "{display}");
        assert_audited(&tale);
    }
}

story! {
    /// Main moves at the very moment of the push: the bot looks again and lands on the new tip.
    async fn the_base_moves_at_the_push(tale) {
        let change = tale.scales("ana", "scale", 5).await;
        tale.says("bo", &change, "/approve").await;
        force_before(&tale, "docs/notes.md", "Notes.\n".to_owned());
        tale.says("ana", &change, "/merge").await;
        assert_eq!(tale.state(&change).await, "merged");
        assert_eq!(tale.clone().git(&["show", "origin/main^1:docs/notes.md"]), "Notes.");
        assert_audited(&tale);
    }
}

story! {
    /// Main moves at the push and changes what would land: the approval was for something else.
    async fn the_base_changes_the_effect_at_the_push(tale) {
        let change = tale.scales("ana", "scale", 5).await;
        tale.says("bo", &change, "/approve").await;
        force_before(&tale, WEB, web(&tale.namespace, 3, "1.0").replace("app: web", "app: shop"));
        tale.says("ana", &change, "/merge").await;
        assert_eq!(tale.state(&change).await, "open");
        let main = tale.clone().git(&["show", &format!("origin/main:{WEB}")]);
        assert!(main.contains("replicas: 3\n") && main.contains("app: shop"), "{main}");
    }
}

story! {
    /// The request asks for another branch, or becomes a draft, while the evidence is pushed: the landing is given up.
    async fn the_request_changes_after_the_second_look(tale) {
        let before = tip(&tale, "main");
        Clone::new(tale.town.as_ref(), "ana").git(&["push", "-q", "origin", "main:refs/heads/dev"]);
        for draft in [true, false] {
            let change = tale.scales("ana", &format!("scale-{draft}"), 5).await;
            tale.says("bo", &change, "/approve").await;
            let (town, number) = (Arc::clone(&tale.town), change.number);
            tale.fuse.before_push(AUDIT_BRANCH, async move {
                if draft {
                    town.make_draft("ana", number).await;
                } else {
                    town.retarget("ana", number, "dev").await;
                }
            });
            tale.says("ana", &change, "/merge").await;
            assert_eq!(tip(&tale, "main"), before, "draft: {draft}");
            assert_eq!(tale.state(&change).await, "open");
        }
    }
}

story! {
    /// A landing is cut off after its commit is in, while a second look waits to pick it up as it stood at first: what
    /// landed is said to have landed, and stated.
    async fn a_look_beside_a_landing_that_is_cut_off(tale) {
        let change = tale.scales("ana", "scale", 5).await;
        tale.says("bo", &change, "/approve").await;
        let (engine, id) = (Arc::clone(&tale.engine), tale.id(&change));
        let (sender, beside) = tokio::sync::oneshot::channel();
        tale.fuse.before_push(AUDIT_BRANCH, async move {
            let look = tokio::spawn(async move { engine.look(&id).await.is_ok() });
            tokio::time::sleep(std::time::Duration::from_secs(5)).await;
            sender.send(look).unwrap();
        });
        tale.fuse.fail_push(AUDIT_BRANCH);
        tale.says_unheard("ana", &change, "/merge").await;
        let id = tale.id(&change);
        while tale.engine.look(&id).await.is_ok() {}
        assert!(beside.await.unwrap().await.unwrap());
        tale.settles(&change).await;
        assert_eq!(tale.state(&change).await, "merged");
        let display = tale.display(&change).await.body;
        assert!(display.contains("Landed as") && !display.contains("given up"), "{display}");
        assert_audited(&tale);
    }
}

story! {
    /// The bot ends in the middle of its push and gives the landing up when it is back, while the push is still on its
    /// way: once it has arrived, what landed is said to have landed, and stated.
    async fn the_push_arrives_after_the_landing_was_given_up(tale) {
        let change = tale.scales("ana", "scale", 5).await;
        tale.says("bo", &change, "/approve").await;
        tale.fuse.fail_push("main");
        tale.says_unheard("ana", &change, "/merge").await;
        let id = tale.id(&change);
        assert!(tale.engine.look(&id).await.is_err());
        tale.says("cy", &change, "/hold").await;
        let display = tale.display(&change).await.body;
        assert!(display.contains("was given up"), "{display}");

        let landing = tale.engine.store.history(Some(&id)).await.unwrap().remove(0);
        let remote = tale.town.forge().remote(&id).await.unwrap();
        let source = tale.engine.sources.repository(&id.repo);
        source.push(&remote, &landing.branch, Some(&landing.base), &landing.commit).await.unwrap();
        tale.settles(&change).await;
        assert_eq!(tale.state(&change).await, "merged");
        let display = tale.display(&change).await.body;
        assert!(display.contains("Landed as") && !display.contains("given up"), "{display}");
        assert_audited(&tale);
    }
}
