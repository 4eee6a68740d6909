//! How a cluster merges patches: its OpenAPI documents, one a group and version, asked when first needed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use countersign_core::patch::PatchDocument;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::answer::{self, Answer};
use super::behind;
use super::kube;
use super::link::{Link, Question, Verb};
use super::respite::Respite;
use crate::ports::ClusterError;

/// How long a document is believed: kinds come and go with an upgrade, or with their definitions.
const FRESH: Duration = Duration::from_secs(600);

/// Group and version.
type Name = (String, String);

/// The documents that were asked for.
#[derive(Debug, Default)]
pub(super) struct Patches(Mutex<Documents>);

#[derive(Debug, Default)]
struct Documents {
    known: BTreeMap<Name, (Instant, Arc<PatchDocument>)>,
    respite: BTreeMap<Name, Respite>,
}

impl Patches {
    /// The document of a group and version. Whoever asks meanwhile waits for the one answer.
    pub(super) async fn document(
        &self,
        link: &Link,
        group: &str,
        version: &str,
    ) -> Result<Arc<PatchDocument>, ClusterError> {
        let mut documents = self.0.lock().await;
        let name = (group.to_owned(), version.to_owned());
        let known = documents.known.get(&name);
        if let Some((_, document)) =
            known.filter(|(asked, _)| Instant::now().saturating_duration_since(*asked) < FRESH)
        {
            return Ok(Arc::clone(document));
        }
        let respite = documents.respite.entry(name.clone()).or_default();
        respite.over(Instant::now())?;
        let asked = ask(link, group, version).await.map_err(|error| behind::told(group, version, error));
        let document = Arc::new(respite.note(asked)?);
        documents.known.insert(name, (Instant::now(), Arc::clone(&document)));
        Ok(document)
    }
}

async fn ask(link: &Link, group: &str, version: &str) -> Result<PatchDocument, ClusterError> {
    let encoded = |part: &str| utf8_percent_encode(part, NON_ALPHANUMERIC).to_string();
    let path = match group {
        "" => format!("/openapi/v3/api/{}", encoded(version)),
        group => format!("/openapi/v3/apis/{}/{}", encoded(group), encoded(version)),
    };
    let reply = link.reply(&Question { verb: Verb::Get, path: &path, accept: "application/json" }).await?;
    if (200..300).contains(&reply.status) {
        let document = serde_json::from_slice::<Value>(&reply.body).ok().and_then(PatchDocument::read);
        return document
            .ok_or_else(|| ClusterError::Unexpected { why: format!("`{path}` is not an OpenAPI document") });
    }
    Err(match answer::read(&reply) {
        Answer::Trouble(trouble) => kube::error(trouble, "get", &path),
        // Kubernetes describes its own kinds, and their lists are not to be replaced whole because it did not just now.
        Answer::Absent(_) if !group.contains('.') => ClusterError::Unexpected {
            why: format!("`{path}`, which says how patches are merged, is not there"),
        },
        // Whoever serves this group describes none of its kinds, so that no applier knows how to merge their lists.
        Answer::Absent(_) => return Ok(PatchDocument::default()),
        Answer::Object(_) | Answer::Refused { .. } | Answer::Unpredictable { .. } => {
            ClusterError::Unexpected { why: format!("`{path}` is not an OpenAPI document") }
        }
    })
}
