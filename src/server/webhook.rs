//! A delivery: verified over its raw bytes, read as a hint, durable before it is answered.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use bytes::BytesMut;
use countersign_core::change::{ChangeId, RepoId};
use countersign_core::fact::FactKind;
use http_body_util::BodyExt as _;

use super::Desk;
use crate::ports::{DeliveryError, Hint, StoreError};

/// The largest delivery that is read, in bytes. GitHub sends up to 25 MB; what is larger gets 413.
const LARGEST: usize = 26 * 1024 * 1024;
/// How much of a larger one is read and thrown away. A sender that is cut off while it sends never sees the answer.
const LARGEST_DISCARDED: usize = 128 * 1024 * 1024;

/// What a receiver answers: a status and a sentence.
type Answer = (StatusCode, String);

/// `POST /webhooks/{forge}`: 202 once durable; 401 bad or missing signature; 400 not a delivery; 404 no such forge;
/// 413 too large; 503 the store failed, so that the forge shows a failed delivery.
pub(super) async fn receive(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let body = match read(body).await {
        Ok(body) => body,
        Err(unread) => return unread,
    };
    let Some(forge) = desk.engine.forges.get(&name) else {
        return (StatusCode::NOT_FOUND, "no forge of this name is configured\n".to_owned());
    };
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (delivery, hint) = match forge.read(&header, &body) {
        Ok(read) => read,
        Err(error @ DeliveryError::Signature) => return (StatusCode::UNAUTHORIZED, format!("{error}\n")),
        Err(error @ DeliveryError::Malformed(_)) => return (StatusCode::BAD_REQUEST, format!("{error}\n")),
    };
    let accepted = async {
        let (changes, facts) = named(&desk, &name, hint).await?;
        desk.engine.store.accept(&name, &delivery, &changes, &facts, desk.engine.clock.now()).await
    };
    match accepted.await {
        Ok(()) => {
            desk.wake.notify_waiters();
            (StatusCode::ACCEPTED, "accepted\n".to_owned())
        }
        Err(error) => {
            tracing::error!(forge = name, error = %error, "a delivery could not be stored");
            (StatusCode::SERVICE_UNAVAILABLE, "it could not be stored; deliver it again\n".to_owned())
        }
    }
}

/// The whole body, or what to answer in its place.
async fn read(mut body: Body) -> Result<BytesMut, Answer> {
    let (mut kept, mut length) = (BytesMut::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Err((StatusCode::BAD_REQUEST, "the body was cut off\n".to_owned()));
        };
        let Ok(data) = frame.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length > LARGEST_DISCARDED {
            break;
        }
        if length <= LARGEST {
            kept.extend_from_slice(&data);
        } else {
            kept = BytesMut::new();
        }
    }
    if length > LARGEST {
        return Err((StatusCode::PAYLOAD_TOO_LARGE, format!("deliveries have at most {LARGEST} bytes\n")));
    }
    Ok(kept)
}

type Named = (Vec<ChangeId>, Vec<(ChangeId, FactKind)>);

/// The changes to look at. For a branch that moved these are the changes of its repository that the bot knows;
/// polling finds the others.
async fn named(desk: &Desk, forge: &str, hint: Hint) -> Result<Named, StoreError> {
    let repo = |path| RepoId { forge: forge.to_owned(), path };
    Ok(match hint {
        Hint::Nothing => Named::default(),
        Hint::Change { repo: path, number, pushed } => {
            let id = ChangeId { repo: repo(path), number };
            let facts = pushed.map(|(actor, head)| (id.clone(), FactKind::Pushed { actor, head }));
            (vec![id], facts.into_iter().collect())
        }
        Hint::Branch { repo: path, .. } => {
            let repo = repo(path);
            let known = desk.engine.store.changes().await?;
            (known.into_iter().filter(|id| id.repo == repo).collect(), Vec::new())
        }
    })
}
