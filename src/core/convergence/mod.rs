//! Whether what landed has arrived: whether objects, and those who apply them, have reached a commit and are well.
//!
//! Pure functions over objects as a cluster has them. Built-in kinds are read by the rules that `kstatus` of
//! sigs.k8s.io/cli-utils made common, Applications of Argo CD and Kustomizations and HelmReleases of Flux by what their
//! controllers document. What an object does not say is unknown, never well.

mod argocd;
mod flux;
mod object;
mod release;
#[cfg(test)]
mod tests;
mod workload;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use object::object;
pub use release::{ChartSource, chart_source, release};

/// How far it has come, from the best to the worst.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Progress {
    /// It has reached the commit and is well.
    Reached,
    /// It is on its way.
    InProgress,
    /// Somebody told it to stand still.
    Suspended,
    /// It is at another commit and nothing moves it.
    OutOfDate,
    /// It does not say.
    Unknown,
    /// It has reached the commit and is not well.
    Degraded,
    /// It could not get there, and does not go on by itself.
    Failed,
}

/// How far something has come, and why that is so, in a sentence without the values of secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Standing {
    /// How far.
    pub progress: Progress,
    /// Why; what controllers say themselves is quoted on one line, cut to a length.
    pub why: String,
}

/// Characters of a controller's own words that are passed on.
const QUOTED: usize = 300;

impl Standing {
    pub(crate) fn new(progress: Progress, why: impl Into<String>) -> Self {
        Self { progress, why: why.into() }
    }

    /// With what somebody else says in their own words.
    fn quoting(progress: Progress, why: &str, words: Option<&str>) -> Self {
        let words = words.map(|words| words.split_whitespace().collect::<Vec<_>>().join(" "));
        match words.filter(|words| !words.is_empty()) {
            Some(words) => {
                let cut: String = words.chars().take(QUOTED).collect();
                let more = if words.chars().count() > QUOTED { "…" } else { "" };
                Self::new(progress, format!("{why}: {cut}{more}"))
            }
            None => Self::new(progress, why),
        }
    }
}

/// Whether a revision, as a controller names it, contains the commit that is asked for; `None` where nobody can tell.
/// Only who has the history knows: later commits contain earlier ones. It is a commit, or the first 12 digits of one.
pub type Contains<'a> = dyn Fn(&str) -> Option<bool> + 'a;

/// How far one object has come that a cluster has, or has not. One that applies others (an Application, a Kustomization)
/// is asked whether it has reached the commit; of every other, only itself counts. More can be told of a HelmRelease by
/// [`release`], with the source of its chart.
pub fn standing(live: Option<&Value>, contains: &Contains<'_>) -> Standing {
    let Some(live) = live else { return Standing::new(Progress::InProgress, "it is not there yet") };
    match (group(live), text(live, "/kind")) {
        ("argoproj.io", "Application") => argocd::application(live, contains),
        ("kustomize.toolkit.fluxcd.io", "Kustomization") => flux::kustomization(live, contains),
        ("helm.toolkit.fluxcd.io", "HelmRelease") => release(live, None, contains),
        _ => object(live),
    }
}

/// How far several have come together: as far as the worst of them, which is named. Nothing at all has arrived.
pub fn together<'a>(parts: impl IntoIterator<Item = (&'a str, Standing)>) -> Standing {
    let worst = parts.into_iter().reduce(|worst, next| match next.1.progress > worst.1.progress {
        true => next,
        false => worst,
    });
    match worst {
        None => Standing::new(Progress::Reached, "there is nothing to wait for"),
        Some((_, standing)) if standing.progress == Progress::Reached => {
            Standing::new(Progress::Reached, "everything has arrived and is well")
        }
        Some((name, Standing { progress, why })) => Standing::new(progress, format!("{name}: {why}")),
    }
}

fn group(object: &Value) -> &str {
    text(object, "/apiVersion").split_once('/').map_or("", |(group, _)| group)
}

fn text<'v>(object: &'v Value, pointer: &str) -> &'v str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn number(object: &Value, pointer: &str) -> Option<i64> {
    object.pointer(pointer).and_then(Value::as_i64)
}

/// The condition of a type: its status, reason and message, and the generation that it is about.
struct Condition<'v> {
    status: &'v str,
    reason: &'v str,
    message: Option<&'v str>,
    generation: Option<i64>,
}

fn condition<'v>(object: &'v Value, kind: &str) -> Option<Condition<'v>> {
    let mut all = object.pointer("/status/conditions").and_then(Value::as_array)?.iter();
    let found = all.find(|condition| text(condition, "/type") == kind)?;
    Some(Condition {
        status: text(found, "/status"),
        reason: text(found, "/reason"),
        message: found.pointer("/message").and_then(Value::as_str),
        generation: number(found, "/observedGeneration"),
    })
}

/// What is true of every object before its kind is looked at: it is on its way out, its controller has not seen what is
/// written, or says itself that it is at work or stuck.
fn generic(object: &Value) -> Option<Standing> {
    if object.pointer("/metadata/deletionTimestamp").is_some_and(|at| !at.is_null()) {
        return Some(Standing::new(Progress::InProgress, "it is being deleted"));
    }
    let (written, seen) =
        (number(object, "/metadata/generation"), number(object, "/status/observedGeneration"));
    if let (Some(written), Some(seen)) = (written, seen)
        && written != seen
    {
        // Controllers of Flux begin below all generations.
        let why = match seen {
            ..1 => "its controller is not through with it yet".to_owned(),
            1.. => format!("its controller has seen generation {seen}, not yet {written}"),
        };
        return Some(Standing::new(Progress::InProgress, why));
    }
    if let Some(stalled) = condition(object, "Stalled").filter(|condition| condition.status == "True") {
        return Some(Standing::quoting(Progress::Failed, "it is stalled", stalled.message));
    }
    let reconciling = condition(object, "Reconciling").filter(|condition| condition.status == "True")?;
    Some(Standing::quoting(Progress::InProgress, "its controller is at work", reconciling.message))
}
