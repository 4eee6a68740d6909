//! The rules that a run speaks of: one for each check of the policy, and our own.

use serde_json::{Value, json};

use super::text;
use crate::effect::Risk;
use crate::policy::packs;
use crate::report::danger::risk_words;

/// What a result is an instance of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule<'a> {
    /// A check of the policy, by its name.
    Check(&'a str),
    /// A rule that comes with the program.
    Shipped(&'static packs::Rule),
    /// A rule of the policy that asks for approvals, by its name.
    Approval(&'a str),
    /// A danger.
    Risk(Risk),
    /// The cluster would refuse an object.
    Refused,
    /// A unit does not render.
    Render,
    /// A cluster did not tell.
    Cluster,
    /// An object of the cluster differs, without any change.
    Drift,
    /// An object is not in the cluster, without any change.
    Missing,
}

/// How heavy a result is, or of which kind where it is no failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Error,
    Warning,
    Note,
    /// Somebody has to look at it.
    Review,
    /// It could not be told.
    Open,
    /// It is as it should be.
    Pass,
}

impl Level {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
            Self::Review | Self::Open | Self::Pass => "none",
        }
    }

    /// `None` for what is a failure, as results are where they do not say.
    pub(super) fn kind(self) -> Option<&'static str> {
        match self {
            Self::Error | Self::Warning | Self::Note => None,
            Self::Review => Some("review"),
            Self::Open => Some("open"),
            Self::Pass => Some("pass"),
        }
    }
}

impl Rule<'_> {
    /// Its stable name.
    pub(super) fn id(&self) -> String {
        match self {
            Self::Check(name) => format!("policy/{}", text(name)),
            Self::Shipped(rule) => rule.id.to_owned(),
            Self::Approval(name) => format!("approval/{}", text(name)),
            Self::Risk(risk) => format!("risk/{}", risk_words(*risk).replace(' ', "-")),
            Self::Refused => "effect/refused".to_owned(),
            Self::Render => "evaluation/render-failed".to_owned(),
            Self::Cluster => "evaluation/cluster-untold".to_owned(),
            Self::Drift => "drift/differs".to_owned(),
            Self::Missing => "drift/missing".to_owned(),
        }
    }

    fn descriptor(&self) -> Value {
        let mut descriptor = json!({ "id": self.id(), "shortDescription": { "text": self.description() } });
        if let (Self::Shipped(rule), Value::Object(members)) = (self, &mut descriptor) {
            let help = format!("{} {}", rule.description, rule.fix);
            members.insert("fullDescription".to_owned(), json!({ "text": text(&rule.description) }));
            members.insert("help".to_owned(), json!({ "text": text(&help) }));
        }
        descriptor
    }

    fn description(&self) -> String {
        match self {
            Self::Check(name) => format!("The policy's check {}", text(name)),
            Self::Shipped(rule) => text(&rule.title),
            Self::Approval(name) => format!("The policy's rule {} asks for approvals", text(name)),
            Self::Risk(risk) => risk_description(*risk).to_owned(),
            Self::Refused => "The cluster would refuse the object".to_owned(),
            Self::Render => "A unit does not render, so what would change is not known".to_owned(),
            Self::Cluster => "A cluster did not tell, so what would change there is not known".to_owned(),
            Self::Drift => "An object of the cluster is not as the repository says".to_owned(),
            Self::Missing => "An object that the repository says is not in the cluster".to_owned(),
        }
    }
}

fn risk_description(risk: Risk) -> &'static str {
    match risk {
        Risk::Replace => "A field that cannot change in place changes: the object is deleted and made anew",
        Risk::DataLoss => "Stored data goes with the object",
        Risk::Privilege => "Somebody or something may do more than before",
        Risk::Exposure => "What can reach it, or what it can reach, changes",
        Risk::ScaleToZero => "Nothing of it runs afterwards",
        Risk::Image => "A container image moves",
        Risk::Chart => "A chart's version moves",
        Risk::Prune => "Pruning deletes the object",
        Risk::Orphan => "The object stays in the cluster and is owned by nobody",
        Risk::Suspended => "Its applier is suspended, so the change waits there",
        Risk::TwoOwners => "Two units own the object and would overwrite each other",
        Risk::Crd => "A custom resource definition changes for all of its objects",
        Risk::Namespace => "A namespace changes, or goes with all that is in it",
        Risk::Secret => "A secret changes",
    }
}

/// The rules that were used, in the order of their first use.
#[derive(Debug, Default)]
pub(super) struct Rules {
    known: Vec<(String, Value)>,
}

impl Rules {
    /// Its place in the list.
    pub(super) fn index(&mut self, rule: Rule<'_>) -> usize {
        let id = rule.id();
        let at = self.known.iter().position(|(known, _)| *known == id);
        at.unwrap_or_else(|| {
            self.known.push((id, rule.descriptor()));
            self.known.len() - 1
        })
    }

    pub(super) fn into_descriptors(self) -> Vec<Value> {
        self.known.into_iter().map(|(_, descriptor)| descriptor).collect()
    }
}
