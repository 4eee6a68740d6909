//! Whether an account can do no harm, whatever it is told: its rights are those of reading and of dry runs, and a write
//! that is none is refused by our own admission policy. Asked before the first dry run, and again after a while.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::future;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::answer::{self, Absence, Answer, Reply, Trouble};
use super::denial;
use super::kube;
use super::link::{Link, Question, Verb};
use super::respite::Respite;
use super::rights::{FORBIDDEN, Rule};
use super::wording::Status;
use crate::ports::{ClusterError, DryRuns};

/// The policy of `deploy/cluster/dry-run-only.yaml`.
const POLICY: &str = "countersign-dry-run-only";
/// What the probe would make. Always the same name, so that at most one is ever left behind.
const PROBE: &str = "countersign-probe";
/// Where the probe is tried when it may not be made in any namespace that is asked about.
const ALWAYS_THERE: &str = "default";

/// How long an account that was found harmless is believed to be so.
const FRESH: Duration = Duration::from_secs(600);
/// How long one that was not, so that a repair is soon seen.
const OFF: Duration = Duration::from_secs(60);

const JSON: &str = "application/json";
const MOST_RIGHTS: usize = 8;
const MOST_NAMESPACES: usize = 64;

/// What was found, when.
#[derive(Debug, Clone)]
struct Found {
    at: Instant,
    /// What is wrong; empty where nothing is.
    wrong: BTreeSet<String>,
}

impl Found {
    fn now(wrong: BTreeSet<String>) -> Self {
        Self { at: Instant::now(), wrong }
    }

    fn counts(&self) -> bool {
        let patience = if self.wrong.is_empty() { FRESH } else { OFF };
        Instant::now().saturating_duration_since(self.at) < patience
    }
}

#[derive(Debug, Default)]
struct Known {
    /// Rights that are too many, by namespace; those in all namespaces stand under the empty name.
    rights: BTreeMap<String, Found>,
    probe: Option<Found>,
    respite: Respite,
}

/// What is known of an account.
#[derive(Debug, Default)]
pub(super) struct Guard(Mutex<Known>);

impl Guard {
    /// Whether objects in these namespaces may be tried. Whoever asks meanwhile waits for the one answer.
    pub(super) async fn ask(
        &self,
        link: &Link,
        namespaces: &BTreeSet<String>,
    ) -> Result<DryRuns, ClusterError> {
        let mut known = self.0.lock().await;
        known.respite.over(Instant::now())?;
        let told = known.ask(link, namespaces).await;
        known.respite.note(told)
    }
}

impl Known {
    async fn ask(&mut self, link: &Link, namespaces: &BTreeSet<String>) -> Result<DryRuns, ClusterError> {
        self.rights.retain(|_, found| found.counts());
        let mut wrong = BTreeSet::new();
        for namespace in std::iter::once("").chain(namespaces.iter().map(String::as_str)) {
            let found = match self.rights.get(namespace) {
                Some(found) => found.clone(),
                None => Found::now(excess(link, namespace).await?),
            };
            wrong.extend(found.wrong.iter().cloned());
            self.rights.insert(namespace.to_owned(), found);
        }
        if !wrong.is_empty() {
            // A write with these rights could succeed, so none is tried.
            return Ok(DryRuns::Off { why: too_many(&wrong) });
        }
        let probe = match self.probe.take().filter(Found::counts) {
            Some(probe) => probe,
            None => Found::now(probe(link, namespaces).await?.into_iter().collect()),
        };
        let why = probe.wrong.iter().next().cloned();
        self.probe = Some(probe);
        Ok(why.map_or(DryRuns::On, |why| DryRuns::Off { why }))
    }
}

fn too_many(rights: &BTreeSet<String>) -> String {
    let shown: Vec<&str> = rights.iter().take(MOST_RIGHTS).map(String::as_str).collect();
    let more = match rights.len().saturating_sub(MOST_RIGHTS) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    format!(
        "the account may do more than deploy/cluster gives it: {}{more}; take these rights away",
        shown.join(", ")
    )
}

/// The rights that are too many in a namespace, or in all.
async fn excess(link: &Link, namespace: &str) -> Result<BTreeSet<String>, ClusterError> {
    let place = if namespace.is_empty() { ALWAYS_THERE } else { namespace };
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": { "namespace": place },
    });
    let rules: Rules = review_of(link, "selfsubjectrulesreviews", &review).await?;
    let mut all: BTreeSet<String> = rules.resource_rules.iter().flat_map(Rule::excess).collect();
    if namespace.is_empty() || rules.incomplete {
        let asked = FORBIDDEN.iter().map(|right| async move {
            let review = right.question(namespace);
            let answer: Allowed = review_of(link, "selfsubjectaccessreviews", &review).await?;
            Ok::<_, ClusterError>(answer.allowed.then(|| right.words()))
        });
        all.extend(future::try_join_all(asked).await?.into_iter().flatten());
    }
    Ok(all)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rules {
    resource_rules: Vec<Rule>,
    #[serde(default)]
    incomplete: bool,
}

#[derive(Deserialize)]
struct Allowed {
    allowed: bool,
}

/// A review is an answer, and leaves nothing behind; our policy still wants it to be a dry run.
async fn review_of<T: for<'a> Deserialize<'a>>(
    link: &Link,
    resource: &str,
    review: &Value,
) -> Result<T, ClusterError> {
    let path = format!("/apis/authorization.k8s.io/v1/{resource}?dryRun=All");
    let json = review.to_string().into_bytes();
    let verb = Verb::DryRun { method: http::Method::POST, content_type: JSON, json };
    let why = || ClusterError::Unexpected { why: format!("`{resource}` has no answer about the account") };
    match link.ask(&Question { verb, path: &path, accept: JSON }).await? {
        Answer::Object(answer) => {
            let status = answer.get("status").cloned().ok_or_else(why)?;
            serde_json::from_value(status).map_err(|_| why())
        }
        Answer::Trouble(trouble) => Err(kube::error(trouble, "create", resource)),
        Answer::Absent(_) | Answer::Refused { .. } | Answer::Unpredictable { .. } => Err(why()),
    }
}

/// What came of a write that should have been refused.
#[derive(Debug, PartialEq, Eq)]
enum Tried {
    /// By our policy.
    Refused,
    /// By somebody else, whose word may change; it says who.
    RefusedBy(String),
    /// It came to nothing: the account may not write there, or there is no such place.
    Nothing,
    /// It was made, or is there from before.
    Written,
}

/// Tries to write, where the account may: what is wrong, where something is.
async fn probe(link: &Link, namespaces: &BTreeSet<String>) -> Result<Option<String>, ClusterError> {
    let others = namespaces.iter().map(String::as_str).filter(|name| *name != ALWAYS_THERE);
    for namespace in std::iter::once(ALWAYS_THERE).chain(others).take(MOST_NAMESPACES) {
        match write(link, namespace).await? {
            Tried::Refused => return Ok(None),
            Tried::Nothing => {}
            Tried::RefusedBy(who) => {
                return Ok(Some(format!(
                    "a write that is no dry run was refused by somebody else than `{POLICY}` ({who}): whether that is in \
                     force cannot be told; let the account's write of a ConfigMap `{PROBE}` get as far as that"
                )));
            }
            Tried::Written => return Ok(Some(undo(link, namespace).await)),
        }
    }
    Ok(Some(format!(
        "whether `{POLICY}` refuses writes could not be tried: the account may create no `configmaps` in any namespace \
         that was asked about"
    )))
}

async fn write(link: &Link, namespace: &str) -> Result<Tried, ClusterError> {
    let path = format!("{}?fieldManager=countersign", maps(namespace));
    let probe = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": { "name": PROBE, "namespace": namespace },
        "data": { "about": "countersign tries whether a real write is refused; this object should not be here" },
    });
    let reply = link.reply(&Question { verb: Verb::Probe(probe), path: &path, accept: JSON }).await?;
    tried(&reply).map_err(|trouble| kube::error(trouble, "create", "configmaps"))
}

/// Read by who refused it.
fn tried(reply: &Reply) -> Result<Tried, Trouble> {
    let status = Status::read(&reply.body);
    if status.as_ref().and_then(denial::policy) == Some(POLICY) {
        return Ok(Tried::Refused);
    }
    match answer::read(reply) {
        Answer::Object(_) | Answer::Trouble(Trouble::Conflict) => Ok(Tried::Written),
        Answer::Absent(Absence::Namespace(_) | Absence::Object) => Ok(Tried::Nothing),
        Answer::Trouble(Trouble::Forbidden { .. }) if reply.status == 403 => Ok(Tried::Nothing),
        // Whoever answers, it is no API server.
        Answer::Absent(Absence::Kind) => {
            Err(Trouble::Odd { why: "it does not serve `configmaps`".to_owned() })
        }
        Answer::Refused { why, .. } | Answer::Unpredictable { why } => Ok(Tried::RefusedBy(why)),
        Answer::Trouble(trouble) => Err(trouble),
    }
}

/// Takes the probe away again, as far as that goes, and says what was found.
async fn undo(link: &Link, namespace: &str) -> String {
    let found = format!(
        "a write that is no dry run succeeded: `{POLICY}` is missing, not bound, or does not deny; apply deploy/cluster"
    );
    let path = format!("{}/{PROBE}", maps(namespace));
    let gone = link.reply(&Question { verb: Verb::RemoveProbe, path: &path, accept: JSON }).await;
    match gone {
        Ok(reply) if matches!(reply.status, 200..=299 | 404) => {
            format!("{found} (the ConfigMap `{namespace}/{PROBE}` that it made was deleted again)")
        }
        Ok(reply) if reply.status == 403 => {
            format!(
                "{found}, and delete the ConfigMap `{namespace}/{PROBE}`, which the account may not delete"
            )
        }
        Ok(_) | Err(_) => {
            format!(
                "{found}, and see that the ConfigMap `{namespace}/{PROBE}` goes, whose deletion was not answered"
            )
        }
    }
}

fn maps(namespace: &str) -> String {
    let namespace = percent_encoding::utf8_percent_encode(namespace, percent_encoding::NON_ALPHANUMERIC);
    format!("/api/v1/namespaces/{namespace}/configmaps")
}
