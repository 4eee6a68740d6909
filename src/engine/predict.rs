//! What the cluster itself says about a change: each changed object is read live, and the API server is asked by dry
//! run what the applier would make of it at base and at head.
//!
//! Nothing here reaches for a forge, a tree or a renderer. A prediction never hides the render's answer: it replaces
//! it only where live shows that the applier owns what base says, and whatever could not be told is an error that is
//! named, never "no change".

mod ahead;
mod amended;
mod drifted;
mod foreseen;
mod input;
mod judge;
mod marks;
mod needs;
mod ownership;
mod pair;
mod quotas;
mod reading;
mod redefined;
mod refused;
mod scope;
mod standing;
mod stays;
#[cfg(test)]
mod tests;
mod tries;
mod warned;
mod wishes;
mod words;
mod writes;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use countersign_core::effect::{Applier, Effect, Operation, Tier};
use countersign_core::environment::{ApplyMode, Environment, OnUnreachable};
use countersign_core::evaluation::{Drift, EnvironmentError};
use countersign_core::object::ObjectRef;
use countersign_core::patch::PatchError;
use futures::StreamExt;
use futures::stream;
use serde_json::Value;
use tokio::time::Instant;

use self::ahead::Live;
pub use self::drifted::drift;
pub use self::input::{Manifest, PredictInput};
use self::input::{has_name, is_asked, namespaces, writing};
use self::judge::{Judged, Seen};
use self::pair::Answers;
use self::reading::Reading;
pub use self::scope::Scope;
use self::tries::Tries;
use self::writes::Known;
use crate::ports::{Cluster, ClusterError, Prediction, Tried, Write};
use countersign_core::live::{Destinations, Manifests};

/// Objects that are looked at together.
const AT_ONCE: usize = 32;
/// How often an object is looked at again that changes meanwhile.
const LOOKS: u32 = 3;
const MOVES: &str = "it changed in the cluster each time it was looked at";
/// After so many silences in a row the rest is not asked: nobody waits for a cluster that is down.
const SILENCES: u32 = 3;
/// After so long the rest of an environment is not asked, however well the cluster answers.
const LONGEST: Duration = Duration::from_secs(300);

/// What the cluster says.
#[derive(Debug, Clone, PartialEq)]
pub struct Predicted {
    /// The effects, in the order in which they were given. `rendered`, `before` and `after`, which the change digest
    /// covers, are as they were; `operation`, `tier`, `settled`, `risks`, `reason` and `changes` may differ.
    pub effects: Vec<Effect>,
    /// What is different in the cluster apart from this change, by object.
    pub drift: Vec<Drift>,
    /// What could not be told, by object; what is about the whole cluster comes first.
    pub errors: Vec<EnvironmentError>,
    /// The best tier that an effect reached; `Render` where there is none.
    pub tier: Tier,
}

/// Predicts the effects of one environment on its cluster. Give all effects of the environment at once: objects whose
/// CRD, namespace, quota or admission the same change touches are recognised by that.
///
/// Each way to apply is predicted as that applier writes: server-side apply, the three-way patches of client-side
/// appliers and of Helm, and the replacement of whole objects. For Secrets, for RBAC and admission kinds, and for objects
/// with sealed leaves the render's answer stands. Never fails as a whole.
pub async fn predict(
    cluster: &dyn Cluster,
    environment: &Environment,
    inputs: Vec<PredictInput>,
) -> Predicted {
    let scope = Scope::of(&inputs);
    predict_within(cluster, environment, inputs, scope).await
}

/// The same, where the change does more to this cluster than what these effects say: another environment may bring the
/// namespace, the definition or the quota that they depend on.
pub async fn predict_within(
    cluster: &dyn Cluster,
    environment: &Environment,
    inputs: Vec<PredictInput>,
    scope: Scope,
) -> Predicted {
    let asking = Asking::of(cluster, environment, scope, &inputs).await;
    let mut judged = asking.all(inputs).await;
    quotas::hold(cluster, &mut judged).await;
    asking.tell_of_redefined(&mut judged).await;
    let mut predicted = asking.gather(judged);
    if let Some(message) = presumption(environment, &predicted.effects) {
        predicted.errors.push(EnvironmentError {
            object: None,
            message: message.to_owned(),
            undecided: false,
        });
    }
    predicted
}

/// What is taken for granted of an applier where it would change something, for people to know.
fn presumption(environment: &Environment, effects: &[Effect]) -> Option<&'static str> {
    let updates = |effect: &Effect| effect.settled == Some(true) && effect.operation == Operation::Update;
    match environment.apply {
        ApplyMode::Helm if !effects.is_empty() => Some(
            "Helm's patches are predicted from base: what the last release stored is a Secret, which is never read",
        ),
        ApplyMode::ClientSide | ApplyMode::ServerSide
            if Applier::of(environment) == Applier::Argo && effects.iter().any(updates) =>
        {
            Some(
                "what Applications say in `ignoreDifferences` is not known: Argo CD may leave such fields as they are \
                 (`RespectIgnoreDifferences=true`), and does not sync by itself what differs in nothing else",
            )
        }
        ApplyMode::Helm | ApplyMode::ServerSide | ApplyMode::ClientSide | ApplyMode::Replace => None,
    }
}

struct Asking<'a> {
    cluster: &'a dyn Cluster,
    live: Live<'a>,
    environment: &'a Environment,
    scope: Scope,
    tries: Tries,
    silences: AtomicU32,
    /// Why nothing could be read ahead.
    unanswered: Option<ClusterError>,
    until: Instant,
}

/// Why an object has no prediction.
enum Unasked {
    Failed(ClusterError),
    /// The cluster is taken to be down.
    Silent,
}

impl<'a> Asking<'a> {
    async fn of(
        cluster: &'a dyn Cluster,
        environment: &'a Environment,
        scope: Scope,
        inputs: &[PredictInput],
    ) -> Self {
        let until = Instant::now() + LONGEST;
        let scope = scope.within(Destinations::of(environment));
        let seen =
            inputs.iter().filter(|input| is_asked(environment, input) && scope.blind_to(input).is_none());
        let seen: Vec<&ObjectRef> = seen.map(|input| &input.effect.object).collect();
        let tries = match seen.is_empty() {
            true => Tries::DryRuns,
            false => Tries::of(cluster, environment, &namespaces(&seen)).await,
        };
        let mut live = Live::of(cluster);
        let objects: Vec<&ObjectRef> = seen.into_iter().filter(|object| has_name(object)).collect();
        let unanswered = match &tries {
            Tries::Nothing(_) => None,
            Tries::DryRuns | Tries::Reads(_) => live.look_ahead(&objects).await.err(),
        };
        let silences = AtomicU32::new(u32::from(unanswered.is_some()));
        Self { cluster, live, environment, scope, tries, silences, unanswered, until }
    }

    /// In the order in which they were given.
    async fn all(&self, inputs: Vec<PredictInput>) -> Vec<(usize, Judged)> {
        let asked = inputs
            .into_iter()
            .enumerate()
            .map(|(index, input)| async move { (index, self.one(input).await) });
        let mut judged: Vec<(usize, Judged)> = stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
        judged.sort_by_key(|(index, _)| *index);
        judged
    }

    async fn one(&self, input: PredictInput) -> Judged {
        let object = &input.effect.object;
        if !is_asked(self.environment, &input) {
            return Judged::as_rendered(input.effect);
        }
        if let Tries::Nothing(_) = self.tries {
            return Judged::silent(input.effect);
        }
        if let Some(why) = self.scope.blind_to(&input) {
            let refused = input.head.raw().and_then(|head| {
                let strict = Reading::of(&writing(self.environment, head), object).is_strict();
                self.scope.refuses(object, head, strict)
            });
            let judged = Judged::rendered_because(input.effect, why);
            return refused.into_iter().fold(judged, Judged::failing);
        }
        match self.look(object, &input).await {
            Ok(Some(seen)) if self.only_reads() => {
                judge::read(self.environment, input.effect, seen.live.as_ref())
            }
            Ok(Some(seen)) => judge::judge(self.environment, input, seen),
            Ok(None) => Judged::unsettled_because(input.effect, MOVES.to_owned()),
            Err(Unasked::Silent) => Judged::silent(input.effect),
            Err(Unasked::Failed(error)) => {
                let error = failure(self.cluster, self.environment, Some(object), &error);
                Judged::failed(input.effect, error)
            }
        }
    }

    fn only_reads(&self) -> bool {
        matches!(self.tries, Tries::Reads(_))
    }

    /// One consistent look at an object; `None` where it changed each time.
    async fn look(&self, object: &ObjectRef, input: &PredictInput) -> Result<Option<Seen>, Unasked> {
        if !has_name(object) {
            return Ok(Some(Seen::nameless()));
        }
        // What was read ahead may be older than a look would be, and is no fault of the object's.
        let looks = LOOKS.saturating_add(u32::from(self.live.is_known(object)));
        for _ in 0..looks {
            if self.is_silent() || Instant::now() >= self.until {
                return Err(Unasked::Silent);
            }
            let seen = self.see(object, input).await;
            if let Err(ClusterError::Moved) = seen {
                continue;
            }
            self.hear(seen.as_ref().err());
            let seen = seen.map_err(Unasked::Failed)?;
            if seen.consistent() {
                return Ok(Some(seen));
            }
        }
        Ok(None)
    }

    /// Whether nobody waits for the cluster any more.
    fn is_silent(&self) -> bool {
        self.silences.load(Ordering::Relaxed) >= SILENCES
    }

    /// Counts the silences in a row.
    fn hear(&self, error: Option<&ClusterError>) {
        if let Some(ClusterError::Unreachable { .. }) = error {
            self.silences.fetch_add(1, Ordering::Relaxed);
        } else {
            self.silences.store(0, Ordering::Relaxed);
        }
    }

    async fn see(&self, object: &ObjectRef, input: &PredictInput) -> Result<Seen, ClusterError> {
        if self.only_reads() {
            return Ok(Seen::of(self.live.read(object).await?, None, None));
        }
        // What leaves the tree is not applied any more.
        let base = if input.head == Manifest::Absent { None } else { input.base.raw() };
        let sides = Manifests { base, head: input.head.raw() };
        let live = self.live.read(object).await?;
        let by_patch = |manifest| {
            matches!(writing(self.environment, manifest).apply, ApplyMode::ClientSide | ApplyMode::Helm)
        };
        let patches = [sides.base, sides.head].into_iter().flatten().any(by_patch);
        let schema = match sides.head {
            Some(_) if patches && live.is_some() => self.cluster.patch_schema(object).await?,
            Some(_) | None => None,
        };
        let known = Known { object, live: live.as_ref(), sides, schema: schema.as_ref() };
        let Answers { base, head, made } = self.pair(&known).await?;
        Ok(Seen { made, ..Seen::of(live, base, head) })
    }

    async fn dry_run(
        &self,
        known: &Known<'_>,
        manifest: Option<&Value>,
    ) -> Result<Option<Tried>, ClusterError> {
        let Some(manifest) = manifest else { return Ok(None) };
        let environment = writing(self.environment, manifest);
        let reading = Reading::of(&environment, known.object);
        if let Some(why) = reading.obscures(manifest) {
            return Ok(Some(Prediction::Unpredictable { why }.into()));
        }
        let Tried { prediction, mut warnings } =
            self.send(&environment, known, &reading.sent(manifest)).await?;
        let one = reading.softened(prediction);
        let prediction = if let Some(why) = one.object().and_then(|object| reading.passes_over(object)) {
            Prediction::Unpredictable { why }
        } else if let Some(otherwise) = reading.otherwise(manifest) {
            let other = self.send(&environment, known, &reading.sent(&otherwise)).await?;
            warnings.extend(other.warnings);
            Reading::either(one, reading.softened(other.prediction))
        } else {
            one
        };
        Ok(Some(Tried { prediction, warnings }))
    }

    async fn send(
        &self,
        environment: &Environment,
        known: &Known<'_>,
        manifest: &Value,
    ) -> Result<Tried, ClusterError> {
        match (known.write(environment, manifest), known.live) {
            // Whoever has nothing to patch sends nothing. What would become of base all the same is asked where it may not be
            // what is live: a webhook that came later would add to that too.
            (Ok(Write::Patch(patch)), Some(live))
                if patch.is_empty() && known.sides.head == Some(manifest) =>
            {
                Ok(Prediction::Object(Box::new(live.clone())).into())
            }
            (Ok(write), _) => self.cluster.dry_run(known.object, &write, &environment.field_manager).await,
            (Err(error @ PatchError::SameKey { .. }), _) => {
                Ok(Prediction::Unpredictable { why: error.to_string() }.into())
            }
            (Err(error), _) => {
                let why = format!("no patch can be made of it: {error}");
                Ok(Prediction::Refused { why, immutable: false, words: None }.into())
            }
        }
    }

    fn gather(&self, judged: Vec<(usize, Judged)>) -> Predicted {
        let mut all =
            Predicted { effects: Vec::new(), drift: Vec::new(), errors: Vec::new(), tier: Tier::Render };
        let mut silent = 0_usize;
        for (_, one) in judged {
            all.tier = all.tier.max(one.effect.tier);
            all.effects.push(one.effect);
            all.drift.extend(one.drift);
            all.errors.extend(one.error);
            silent += usize::from(one.silent);
        }
        if let Tries::Reads(error) | Tries::Nothing(error) = &self.tries {
            all.errors.insert(0, error.clone());
        } else if silent > 0 {
            let name = self.cluster.name();
            let what = if self.is_silent() { "does not answer" } else { "takes longer than five minutes" };
            let why = self.unanswered.as_ref().and_then(std::error::Error::source);
            let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
            let message = format!("cluster `{name}` {what}{why}: {silent} more objects were not asked about");
            all.errors
                .insert(0, EnvironmentError { object: None, message, undecided: holds(self.environment) });
        }
        all.drift.sort_by(|one, other| one.object.cmp(&other.object));
        all
    }
}

fn holds(environment: &Environment) -> bool {
    environment.on_unreachable == OnUnreachable::Hold
}

fn failure(
    cluster: &dyn Cluster,
    environment: &Environment,
    object: Option<&ObjectRef>,
    error: &ClusterError,
) -> EnvironmentError {
    let beneath = std::error::Error::source(error).map(|source| format!(": {source}")).unwrap_or_default();
    let about = object.map(|object| format!("{object}: ")).unwrap_or_default();
    let message = format!("{about}cluster `{}`: {error}{beneath}", cluster.name());
    EnvironmentError { object: object.cloned(), message, undecided: holds(environment) }
}
