//! What a change of a custom resource definition does to the live objects of its kind that are not part of the change: the
//! server predicts of the definition that it takes it, and says nothing of them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use countersign_core::effect::{Effect, Operation, Risk, Tier};
use countersign_core::evaluation::EnvironmentError;
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
    invalid: BTreeMap<String, String>,
    /// For a value. They are counted and never named: whoever chooses the pattern would read the value by it.
    invalid_value: BTreeSet<String>,
    losing: BTreeMap<String, String>,
    unserved: BTreeMap<String, String>,
    /// By the reason why.
    untold: BTreeMap<String, BTreeSet<String>>,
}

impl Asking<'_> {
    /// Says beside each definition that changes, or goes, what becomes of live objects.
    pub(super) async fn tell_of_redefined(&self, judged: &mut [(usize, Judged)]) {
        if let Tries::Nothing(_) = self.tries {
            return;
        }
        for (_, one) in judged.iter_mut().filter(|(_, one)| is_looked_into(one)) {
            let effect = one.effect.clone();
            if !self.scope.permits(&effect.object) {
                one.effect = with_reason(effect, "live objects of its kind were not looked at".to_owned());
                continue;
            }
            match self.within_time(&effect).await {
                Ok(None) => {}
                Ok(Some(told)) => one.effect = told.of(effect),
                Err(error) => {
                    let failed = failure(self.cluster, self.environment, Some(&effect.object), &error);
                    let why = "what becomes of live objects of its kind could not be looked at";
                    one.effect = with_reason(effect, why.to_owned());
                    let message = format!("{}: {why}", failed.message);
                    one.error = Some(EnvironmentError { message, ..failed });
                }
            }
        }
    }

    /// Asks as long as there is time, and as long as the cluster answers.
    async fn within_time(&self, effect: &Effect) -> Result<Option<Told>, ClusterError> {
        let late = |why: &str| ClusterError::OutOfOrder { why: why.to_owned() };
        let environments = || late("the five minutes are over that an environment is given");
        if self.is_silent() {
            return Err(late("it did not answer several times in a row, and was not asked any more"));
        }
        if Instant::now() >= self.until {
            return Err(environments());
        }
        let own = Instant::now() + LONGEST;
        match timeout_at(own.min(self.until), self.redefined(effect)).await {
            Ok(told) => {
                self.hear(told.as_ref().err());
                told
            }
            Err(_) if own < self.until => Err(late("it takes longer than a minute to look at them all")),
            Err(_) => Err(environments()),
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
                for outgrown in redefined.outgrown(version, object) {
                    found.note(&name, outgrown);
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

    /// Shows every live object of a kind that the environment may be told of and the change does not name, with what it is
    /// called. How many there are, and whether there are more.
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
                if self.scope.names(&one) || !self.scope.permits(&one) {
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

impl Told {
    fn of(self, effect: Effect) -> Effect {
        let mut effect = with_reason(effect, self.why);
        // The definition was read, whatever else was not asked.
        effect.tier = effect.tier.max(Tier::Live);
        if self.loses {
            effect.risks.insert(Risk::DataLoss);
        }
        if self.refused {
            effect.operation = Operation::Fail;
            effect.settled = effect.settled.map(|_| false);
        }
        effect
    }
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
    fn note(&mut self, name: &str, outgrown: Outgrown) {
        let name = name.to_owned();
        let (these, why) = match outgrown {
            Outgrown::Invalid(why) => (&mut self.invalid, why),
            Outgrown::Loses(what) => (&mut self.losing, what),
            Outgrown::Unserved(version) => (&mut self.unserved, format!("`{version}`")),
            Outgrown::InvalidValue => {
                self.invalid_value.insert(name);
                return;
            }
            Outgrown::Untold(why) => {
                self.untold.entry(why).or_default().insert(name);
                return;
            }
        };
        these.entry(name).or_insert(why);
    }

    /// The same objects, in another version.
    fn add(&mut self, other: Self) {
        self.looked_at = self.looked_at.max(other.looked_at);
        self.is_cut |= other.is_cut;
        for (all, more) in [
            (&mut self.invalid, other.invalid),
            (&mut self.losing, other.losing),
            (&mut self.unserved, other.unserved),
        ] {
            for (name, why) in more {
                all.entry(name).or_insert(why);
            }
        }
        self.invalid_value.extend(other.invalid_value);
        for (why, names) in other.untold {
            self.untold.entry(why).or_default().extend(names);
        }
    }

    fn words(&self, changes_rules: bool) -> String {
        let mut said = Vec::new();
        let named = |these: &BTreeMap<String, String>, one: &str, many: &str| {
            let each: Vec<String> = these.iter().map(|(name, why)| format!("{name} ({why})")).collect();
            let number = || number(these.len(), self.is_cut, one, many);
            (!these.is_empty()).then(|| format!("{}: {}", number(), listed(&each)))
        };
        let (one, many) = ("live object is not valid any more", "live objects are not valid any more");
        said.extend(named(&self.invalid, one, many));
        let by_value = self.invalid_value.iter().filter(|name| !self.invalid.contains_key(*name)).count();
        if by_value > 0 {
            let one = "live object has a value that is not valid any more";
            let many = "live objects have values that are not valid any more";
            said.push(number(by_value, self.is_cut, one, many));
        }
        said.extend(named(&self.losing, "live object loses what it has", "live objects lose what they have"));
        let one = "live object is written in a version that is served no more";
        let many = "live objects are written in a version that is served no more";
        said.extend(named(&self.unserved, one, many));
        let untold = self.untold.iter().map(|(why, names)| {
            let number = number(names.len(), self.is_cut, "live object", "live objects");
            format!("it cannot be told of {number}: {why}")
        });
        said.extend(untold);
        let rules = "its rules in CEL change, and were not tried";
        if said.is_empty() {
            said.push(self.well(changes_rules.then_some(rules)));
            if self.is_cut {
                said.push("there are more, which were not looked at".to_owned());
            }
            return said.join("; ");
        }
        if changes_rules {
            said.push(format!("of others it cannot be told: {rules}"));
        }
        if self.is_cut {
            said.push(format!("only the first {} were looked at", self.looked_at));
        }
        said.join("; ")
    }

    /// Where nothing was found.
    fn well(&self, untried: Option<&str>) -> String {
        let rest = "of its kind that the change does not name";
        let these = match (self.looked_at, self.is_cut) {
            (0, _) => return format!("there are no live objects {rest}"),
            (1, false) => format!("the live object {rest}"),
            (many, false) => format!("all {many} live objects {rest}"),
            (many, true) => format!("the first {many} live objects {rest}"),
        };
        match (untried, self.looked_at) {
            (Some(why), _) => format!("it cannot be told of {these}: {why}"),
            (None, 1) => format!("{these} stays valid"),
            (None, _) => format!("{these} stay valid"),
        }
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
