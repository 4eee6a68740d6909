//! Rules over a change: every policy that can be read is judged, and what is not known never opens what would be shut if
//! it were.
#![no_main]

mod staged;

use std::sync::LazyLock;

use countersign_core::actor::Known;
use countersign_core::approval::{evaluate, standing};
use countersign_core::config::{Policy, parse};
use countersign_core::details::Details;
use countersign_core::evaluation::SideState;
use countersign_core::snapshot::Snapshot;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

static SEEN: LazyLock<Option<Snapshot>> = LazyLock::new(snapshot);

/// ana's change to one Deployment in production, which bo approved; labels, files and a team are known.
fn snapshot() -> Option<Snapshot> {
    let account = |id: u64, login: &str| json!({ "id": id, "login": login, "kind": "human" });
    let digest = countersign_core::revision::Digest::of(b"");
    let head = "a".repeat(40);
    let seen = json!({
        "schema": countersign_core::snapshot::SCHEMA, "now": "2026-11-24T08:30:00Z", "bot": account(99, "countersign"),
        "change": {
            "id": { "repo": { "forge": "hub", "path": "acme/env" }, "number": 7 },
            "title": "feat: shop 1.5", "url": "https://git.example.org/acme/env/pulls/7",
            "author": account(1, "ana"), "state": { "state": "open" }, "target": "main", "into_default": true,
            "source": "feature/x", "head": head, "draft": false, "fork": false
        },
        "base_tip": "b".repeat(40), "merge": { "merge": "clean", "tree": "c".repeat(40) },
        "contributors": { "known": [account(1, "ana")], "unknown": [], "pusher": account(1, "ana") },
        "policy": { "blob": "d".repeat(40), "text": "" }, "proposed_policy": null,
        "evaluation": staged::evaluation(), "digest": digest,
        "directory": {
            "permissions": { "2": { "yes": "write" } }, "teams": { "acme/sre": { "yes": [account(2, "bo")] } }
        },
        "comments": [],
        "reviews": [{
            "id": 5, "author": account(2, "bo"), "state": "approved", "body": "", "head": head,
            "submitted_at": "2026-11-24T08:10:00Z"
        }],
        "facts": [{
            "seq": 1, "recorded_at": "2026-11-24T08:00:00Z", "at": "2026-11-24T08:00:00Z", "fact": "display-posted",
            "display": { "head": head, "digest": digest, "risks": [], "body_hash": digest }, "comment": 1
        }],
        "statuses": [], "capability": { "unknown": "not asked" }, "page": null
    });
    let mut seen: Snapshot = serde_json::from_value(seen).inspect_err(|error| eprintln!("{error}")).ok()?;
    seen.details.files = Known::Yes(Vec::new());
    seen.details.labels = Known::Yes(vec!["urgent".to_owned()]);
    staged::scale(&mut seen.evaluation);
    // Otherwise nothing would be tried.
    let open = parse("version = 1\n[[rule]]\nname = \"r\"\nrequire = { count = 1 }\n", "policy").ok()?;
    met(&open, &seen).then_some(seen)
}

fn met(policy: &Policy, seen: &Snapshot) -> bool {
    let agreement = evaluate(policy, seen, &standing(seen));
    assert!(!(agreement.met && agreement.unknown));
    agreement.met
}

fuzz_target!(|text: &str| {
    let Ok(policy) = parse(text, ".countersign.toml") else { return };
    let seen = SEEN.as_ref().expect("the change can be read");
    let now = met(&policy, seen);
    let mut less = seen.clone();
    less.details = Details::default();
    assert!(now || !met(&policy, &less), "details that are not known open it");
    less.directory.teams.clear();
    less.contributors.pusher = None;
    assert!(now || !met(&policy, &less), "people who are not known open it");
    for unit in less.evaluation.environments.iter_mut().flat_map(|environment| &mut environment.units) {
        unit.sides.head = SideState::Failed;
    }
    assert!(now || !met(&policy, &less), "effects that are not known open it");
});
