//! What a change of a custom resource definition does to the live objects of its kind that are not part of the change: the
//! server predicts of the definition that it takes it, and says nothing of them.

use std::time::Duration;

use countersign_core::effect::{Effect, Operation, Risk};
use countersign_core::object::{Body, ObjectRef};
use countersign_core::schema::{Outgrown, Redefined, stored_and_gone};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::judge::{Judged, with_reason};
use super::tries::Tries;
use super::{Asking, failure};
use crate::ports::ClusterError;

/// Live objects of one kind that are looked at; of more than that, some may be missed, which is said.
pub(super) const MOST: usize = 10_000;
/// Those that are told by name.
const NAMED: usize = 5;
/// No definition keeps the rest waiting for longer.
const LONGEST: Duration = Duration::from_secs(60);

/// What was found among the live objects of a kind.
#[derive(Debug, Default)]
struct Found {
    looked_at: usize,
    /// There are more.
    is_cut: bool,
    invalid: Vec<(String, String)>,
    losing: Vec<(String, String)>,
    untold: Vec<(String, String)>,
}

impl Asking<'_> {
    /// Says beside each definition that changes, or goes, what becomes of live objects.
    pub(super) async fn tell_of_redefined(&self, judged: &mut [(usize, Judged)]) {
        if let Tries::Nothing(_) = self.tries {
            return;
        }
        for (_, one) in judged.iter_mut().filter(|(_, one)| is_looked_into(one)) {
            let until = self.until.min(Instant::now() + LONGEST);
            let told = match timeout_at(until, self.redefined(&one.effect)).await {
                Ok(told) => told,
                Err(_) => Err(ClusterError::OutOfOrder {
                    why: "it takes longer than a minute to tell them all".to_owned(),
                }),
            };
            let effect = one.effect.clone();
            match told {
                Ok(None) => {}
                Ok(Some(Told { why, loses, refused })) => {
                    one.effect = with_reason(effect, why);
                    if loses {
                        one.effect.risks.insert(Risk::DataLoss);
                    }
                    if refused {
                        one.effect.operation = Operation::Fail;
                        one.effect.settled = one.effect.settled.map(|_| false);
                    }
                }
                Err(error) => {
                    let failed = failure(self.cluster, self.environment, Some(&effect.object), &error);
                    let why = "what becomes of live objects of its kind could not be looked at";
                    one.effect = with_reason(effect, why.to_owned());
                    let message = format!("{}: {why}", failed.message);
                    one.error = Some(countersign_core::evaluation::EnvironmentError { message, ..failed });
                }
            }
        }
    }

    /// `None` where there is nothing to say.
    async fn redefined(&self, effect: &Effect) -> Result<Option<Told>, ClusterError> {
        let Some(now) = self.cluster.read(&effect.object).await? else { return Ok(None) };
        if goes(effect.operation) {
            return self.goes(&now).await;
        }
        let Some(next) = effect.after.as_ref().map(Body::value) else { return Ok(None) };
        let stored = stored_and_gone(&now, &next);
        if !stored.is_empty() {
            let why = format!(
                "the cluster refuses it: objects may be stored as {}, which it does not have any more: bring them into \
                 another version first, and take it out of `status.storedVersions`",
                listed(&stored)
            );
            return Ok(Some(Told { why, loses: false, refused: true }));
        }
        let Some(redefined) = Redefined::of(&now, &next) else { return Ok(None) };
        let mut all = Found::default();
        for version in redefined.versions() {
            let mut found = Found::default();
            let (group, kind) = redefined.kind();
            self.each(&of_kind(group, version, kind), |name, object| {
                match redefined.outgrown(version, object) {
                    Outgrown::No => {}
                    Outgrown::Invalid(why) => found.invalid.push((name, why)),
                    Outgrown::Loses(why) => found.losing.push((name, why)),
                    Outgrown::Untold(why) => found.untold.push((name, why)),
                }
            })
            .await
            .map(|(looked_at, is_cut)| (found.looked_at, found.is_cut) = (looked_at, is_cut))?;
            all.add(found);
        }
        let loses = !all.losing.is_empty();
        Ok(Some(Told { why: all.words(redefined.changes_rules()), loses, refused: false }))
    }

    /// All objects of a kind go with its definition.
    async fn goes(&self, now: &Value) -> Result<Option<Told>, ClusterError> {
        let text = |path: &str| now.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let versions = now.pointer("/spec/versions").and_then(Value::as_array).into_iter().flatten();
        let mut served = versions.filter(|version| version.get("served") == Some(&Value::Bool(true)));
        let Some(version) = served.next().and_then(|version| version.get("name")?.as_str()) else {
            return Ok(None);
        };
        let mut names = Vec::new();
        let kind = of_kind(text("/spec/group"), version, text("/spec/names/kind"));
        let (_, is_cut) = self.each(&kind, |name, _| names.push(name)).await?;
        let why = match names.len() {
            0 => "no live objects go with it that the change does not name".to_owned(),
            many => format!(
                "{} that the change does not name: {}",
                number(many, is_cut, "live object goes with it", "live objects go with it"),
                listed(&names)
            ),
        };
        Ok(Some(Told { why, loses: !names.is_empty(), refused: false }))
    }

    /// Shows every live object of a kind that the change does not name, with what it is called. How many there are, and
    /// whether there are more.
    async fn each(
        &self,
        kind: &ObjectRef,
        mut show: impl FnMut(String, &Value) + Send,
    ) -> Result<(usize, bool), ClusterError> {
        let (mut seen, mut next) = (0_usize, None);
        loop {
            let page = self.cluster.list(kind, next.as_deref()).await?;
            for object in &page.objects {
                let text = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or_default();
                let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
                let one =
                    ObjectRef { namespace: namespace.to_owned(), name: name.to_owned(), ..kind.clone() };
                if self.scope.names(&one) {
                    continue;
                }
                seen = seen.saturating_add(1);
                let slash = if namespace.is_empty() { "" } else { "/" };
                show(format!("`{namespace}{slash}{name}`"), object);
            }
            next = page.next;
            if next.is_none() || seen >= MOST {
                return Ok((seen, next.is_some()));
            }
        }
    }
}

/// What is said of a definition.
struct Told {
    why: String,
    loses: bool,
    refused: bool,
}

/// Whether it is a definition that comes to something.
fn is_looked_into(one: &Judged) -> bool {
    let ObjectRef { group, kind, .. } = &one.effect.object;
    let is_definition = group == "apiextensions.k8s.io" && kind == "CustomResourceDefinition";
    let comes = match one.effect.operation {
        Operation::Update | Operation::Replace | Operation::Delete => true,
        Operation::Create | Operation::Orphan | Operation::Fail | Operation::None => false,
    };
    is_definition && comes && one.error.is_none() && !one.silent
}

fn goes(operation: Operation) -> bool {
    matches!(operation, Operation::Delete | Operation::Replace)
}

fn of_kind(group: &str, version: &str, kind: &str) -> ObjectRef {
    ObjectRef {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
        namespace: String::new(),
        name: String::new(),
    }
}

impl Found {
    /// The same objects, in another version.
    fn add(&mut self, other: Self) {
        self.looked_at = self.looked_at.max(other.looked_at);
        self.is_cut |= other.is_cut;
        for (all, more) in [
            (&mut self.invalid, other.invalid),
            (&mut self.losing, other.losing),
            (&mut self.untold, other.untold),
        ] {
            for (name, why) in more {
                if !all.iter().any(|(known, _)| *known == name) {
                    all.push((name, why));
                }
            }
        }
    }

    fn words(&self, changes_rules: bool) -> String {
        let mut said = Vec::new();
        for (these, one, many) in [
            (&self.invalid, "live object is not valid any more", "live objects are not valid any more"),
            (&self.losing, "live object loses what it has", "live objects lose what they have"),
            (&self.untold, "live object cannot be told from", "live objects cannot be told from"),
        ] {
            if !these.is_empty() {
                let each: Vec<String> = these.iter().map(|(name, why)| format!("{name} ({why})")).collect();
                said.push(format!("{}: {}", number(these.len(), self.is_cut, one, many), listed(&each)));
            }
        }
        if said.is_empty() {
            said.push(match self.looked_at {
                0 => "there are no live objects of its kind that the change does not name".to_owned(),
                1 => "the live object of its kind that the change does not name stays valid".to_owned(),
                all => format!("all {all} live objects of its kind that the change does not name stay valid"),
            });
        }
        if self.is_cut {
            said.push(format!("only the first {} were looked at", self.looked_at));
        }
        if changes_rules {
            said.push("its rules in CEL, which change, were not tried on them".to_owned());
        }
        said.join("; ")
    }
}

fn number(count: usize, is_cut: bool, one: &str, many: &str) -> String {
    match (count, is_cut) {
        (1, false) => format!("1 {one}"),
        (count, false) => format!("{count} {many}"),
        (count, true) => format!("at least {count} {many}"),
    }
}

/// The first of these, and how many more there are.
fn listed(all: &[String]) -> String {
    let first: Vec<&str> = all.iter().take(NAMED).map(String::as_str).collect();
    match all.len().saturating_sub(NAMED) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
