//! What Gitea's deliveries say, as a table.

use aws_lc_rs::hmac;
use countersign_core::actor::{Actor, ActorId, ActorKind};

use super::*;
use crate::ports::{DeliveryError, DeliveryId, Hint};

fn signature(body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"between us");
    hmac::sign(&key, body).as_ref().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

fn read(event: &str, body: &[u8]) -> Result<(DeliveryId, Hint), DeliveryError> {
    let forge = Gitea::new(config("http://127.0.0.1:1")).unwrap();
    let signature = signature(body);
    let header = |name: &str| match name {
        "x-gitea-signature" => Some(signature.clone()),
        "x-gitea-delivery" => Some("d-1".to_owned()),
        "x-gitea-event" => Some(event.to_owned()),
        _ => None,
    };
    forge.read(&header, body)
}

#[track_caller]
fn check(event: &str, fields: Value, expected: Hint) {
    let mut payload = json!({ "repository": { "full_name": "acme/shop", "default_branch": "main" } });
    payload.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let answer = read(event, payload.to_string().as_bytes());
    assert_eq!(answer, Ok((DeliveryId("d-1".to_owned()), expected)), "{event} {payload}");
}

fn looks(number: u64) -> Hint {
    Hint::Change { repo: shop(), number, pushed: None }
}

fn moved(name: &str) -> Hint {
    Hint::Branch { repo: shop(), branch: name.parse().unwrap() }
}

#[test]
fn events_say_where_to_look() {
    let pull = json!({ "number": 7, "head": { "sha": HEAD } });
    let with = |action: &str, sender: Value| json!({ "action": action, "number": 7, "pull_request": pull, "sender": sender });
    check("pull_request", with("opened", user(5, "ann")), looks(7));
    let ann = Actor { id: ActorId::new(5), login: "ann".to_owned(), kind: ActorKind::Human };
    let pushed = Hint::Change { repo: shop(), number: 7, pushed: Some((ann, head())) };
    check("pull_request", with("synchronized", user(5, "ann")), pushed);
    check("pull_request", with("synchronized", user(-1, "Ghost")), looks(7));
    check("pull_request", with("of next year", Value::Null), looks(7));
    for event in ["pull_request_approved", "pull_request_rejected", "pull_request_comment"] {
        check(event, with("reviewed", user(5, "ann")), looks(7));
    }
    check(
        "issue_comment",
        json!({ "action": "created", "issue": { "number": 7 }, "is_pull": true }),
        looks(7),
    );
    check(
        "issue_comment",
        json!({ "action": "created", "issue": { "number": 7 }, "is_pull": false }),
        Hint::Nothing,
    );
    check("push", json!({ "ref": "refs/heads/release/1.2" }), moved("release/1.2"));
    check("push", json!({ "ref": "refs/tags/v1" }), Hint::Nothing);
    check("status", json!({ "context": "ci", "state": "success" }), moved("main"));
    check("status", json!({ "context": "ci", "state": "pending" }), Hint::Nothing);
    for ours in ["countersign", "countersign (release/1)"] {
        check("status", json!({ "context": ours, "state": "success" }), Hint::Nothing);
    }
    check("of_next_year", json!({ "action": "created" }), Hint::Nothing);
    check("pull_request", json!({ "number": "seven" }), Hint::Nothing);
    check("pull_request", json!({ "number": 7, "repository": { "full_name": "other/shop" } }), Hint::Nothing);
    check("pull_request", json!({ "number": 7, "repository": null }), Hint::Nothing);
}

#[test]
fn only_signed_deliveries_are_read() {
    let forge = Gitea::new(config("http://127.0.0.1:1")).unwrap();
    let body = br#"{"repository":{"full_name":"acme/shop"},"number":7}"#;
    let signature = signature(body);
    let read_as = |name: &'static str, value: &str| {
        forge.read(&|asked| (asked == name).then(|| value.to_owned()), body)
    };
    let headless = read_as("x-gitea-signature", &signature);
    assert_eq!(headless, Err(DeliveryError::Malformed("no x-gitea-delivery header".to_owned())));
    for (name, value) in [
        ("x-gitea-signature", ""),
        ("x-gitea-signature", &signature[..62]),
        ("x-gogs-signature", &signature),
        ("x-hub-signature-256", &format!("sha256={signature}")),
    ] {
        assert_eq!(read_as(name, value), Err(DeliveryError::Signature), "{name}: {value}");
    }
    insta::assert_snapshot!(read("push", b"payload=%7B%7D").unwrap_err(), @"the body is not a delivery: expected value at line 1 column 1; set the webhook's content type to application/json");
}
