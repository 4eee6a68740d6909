//! What admission says of an object that it does not let pass, without values: the names of policies, webhooks, quotas and
//! of what is missing are kept, and the checks that fail. What the author of a policy or a webhook has to say is kept apart: it may
//! quote values. Pure.
//!
//! An authorizer says `deployments.apps "web" is forbidden: User "…" cannot …`; whatever else follows `is forbidden:` comes
//! from an admission plugin, and would meet the applier too.

use super::wording::{Status, between, is_authorizers, joined, quoted};

/// What is said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Denial {
    /// The object may not be like this, whoever applies it.
    Refuses(String),
    /// A policy or a webhook refuses it, in these words of its author's.
    Denies { why: String, words: Option<String> },
    /// Whoever decides over it cannot yet.
    NotReady(String),
    /// The account lacks a right that the applier may have.
    WantsRight(String),
}

use Denial::{Denies, NotReady, Refuses, WantsRight};

/// The checks of Pod Security, as it names them.
const POD_SECURITY: [&str; 18] = [
    "allowPrivilegeEscalation != false",
    "forbidden AppArmor profile",
    "forbidden sysctls",
    "host namespaces",
    "host probe",
    "hostPath volumes",
    "hostPort",
    "hostProcess",
    "non-default capabilities",
    "privileged",
    "procMount",
    "restricted volume types",
    "runAsNonRoot != true",
    "runAsUser=0",
    "seLinuxOptions",
    "seccompProfile",
    "unrestricted capabilities",
    "windowsOptions",
];

/// Denials that are always the same, by how they begin.
const FIXED: [(&str, &str); 5] = [
    ("Use of external IPs is denied", "external IPs are denied by admission"),
    (
        "only dynamically provisioned pvc can be resized",
        "only a claim whose StorageClass allows it (`allowVolumeExpansion`) can grow",
    ),
    ("the integer value of priority (", "`spec.priority` is not what its PriorityClass says"),
    ("the string value of PreemptionPolicy (", "`spec.preemptionPolicy` is not what its PriorityClass says"),
    ("insufficient quota to match these scopes", "no quota of its namespace covers it"),
];

/// Plugins that let one account do what they deny another.
const BY_ACCOUNT: [(&str, &str); 4] = [
    (
        "cannot set blockOwnerDeletion",
        "the account may not set finalizers of the object's owners (`blockOwnerDeletion`)",
    ),
    (
        "unable to validate against any security context constraint",
        "no security context constraint lets the account make such a Pod",
    ),
    (
        "unable to validate against any pod security policy",
        "no PodSecurityPolicy lets the account make such a Pod",
    ),
    ("PodSecurityPolicy: unable to admit pod", "no PodSecurityPolicy lets the account make such a Pod"),
];

/// What admission says, where it says anything. Policies and webhooks choose the code of their answer themselves.
pub(super) fn read(status: &Status, code: u16) -> Option<Denial> {
    let by_author = webhook(&status.message).or_else(|| validating(status));
    if let Some(denial) = by_author.or_else(|| mutating(&status.message).filter(|_| code == 403)) {
        return Some(denial);
    }
    if status.details.causes.iter().any(|cause| cause.reason == "NamespaceTerminating") {
        return Some(Refuses("its namespace is being deleted".to_owned()));
    }
    let text = text(status).filter(|_| code == 403)?;
    plugin(text).or_else(|| limits(text)).or_else(|| missing(text)).or_else(|| {
        (!is_authorizers(&status.message))
            .then(|| Refuses("admission denies it, in words that may quote values".to_owned()))
    })
}

fn webhook(message: &str) -> Option<Denial> {
    let rest = message.strip_prefix("admission webhook \"")?;
    let (name, said) = rest.split_once("\" denied the request")?;
    Some(denies("admission webhook", name, said.strip_prefix(": ")))
}

fn validating(status: &Status) -> Option<Denial> {
    let said = text(status)?.split_once(DENIED).map(|(_, said)| said);
    Some(denies("ValidatingAdmissionPolicy", policy(status)?, said))
}

/// A MutatingAdmissionPolicy that could not change the object, which is all that the message says, and with any reason.
fn mutating(message: &str) -> Option<Denial> {
    let (who, said) = message.split_once(DENIED)?;
    let name = match who.split_once("' with binding '") {
        Some((name, binding)) => name.strip_prefix("policy '").filter(|_| binding.ends_with('\''))?,
        None => quoted(who, "policy \"", "\"")?,
    };
    is_plain(&name).then(|| denies("MutatingAdmissionPolicy", name, Some(said)))
}

/// What stands before the words of a policy.
const DENIED: &str = " denied request: ";

fn denies(what: &str, name: &str, said: Option<&str>) -> Denial {
    let words = said.map(str::trim).filter(|said| !said.is_empty()).map(str::to_owned);
    Denies { why: format!("{what} `{name}` denies it"), words }
}

/// The ValidatingAdmissionPolicy that denies it, where one does.
pub(super) fn policy(status: &Status) -> Option<&str> {
    quoted(text(status)?, "ValidatingAdmissionPolicy '", "'")
}

/// What follows `deployments.apps "web" is forbidden: `. Only what stands where the server puts it: a value that is quoted
/// may say anything.
fn text(status: &Status) -> Option<&str> {
    let (object, text) = status.message.split_once(" is forbidden: ")?;
    let name = object.split_once(" \"")?.1.strip_suffix('"')?;
    (!name.contains('"')).then_some(text)
}

fn plugin(text: &str) -> Option<Denial> {
    if text.starts_with("not yet ready to handle request") {
        return Some(NotReady("its admission is not ready yet".to_owned()));
    }
    if let Some((_, why)) = BY_ACCOUNT.iter().find(|(start, _)| text.starts_with(start)) {
        return Some(WantsRight((*why).to_owned()));
    }
    if let Some(level) = quoted(text, "violates PodSecurity \"", "\"") {
        let failed = POD_SECURITY.iter().filter(|check| text.contains(*check)).copied();
        return Some(Refuses(with(format!("it violates PodSecurity `{level}`"), failed)));
    }
    if text.starts_with("unable to create new content in namespace ") {
        return Some(Refuses("its namespace is being deleted".to_owned()));
    }
    let fixed = FIXED.iter().find(|(start, _)| text.starts_with(start));
    fixed.map(|(_, why)| Refuses((*why).to_owned()))
}

/// Quotas and LimitRanges. What a namespace has, and has left, is no part of the change.
fn limits(text: &str) -> Option<Denial> {
    if let Some(quota) = quoted(text, "exceeded quota: ", ",") {
        let requested = between(text, "requested: ", ", used: ").unwrap_or_default();
        let resources = requested.split(',').filter_map(|one| Some(one.split_once('=')?.0));
        return Some(Refuses(with(format!("it exceeds the quota `{quota}`"), resources.filter(is_plain))));
    }
    if let Some(quota) = quoted(text, "failed quota: ", ":") {
        let wanted =
            between(text, "must specify ", " for: ").or_else(|| Some(text.split_once("must specify ")?.1));
        let resources = wanted.unwrap_or_default().split(',').filter(is_plain);
        return Some(Refuses(with(format!("the quota `{quota}` wants it to say its resources"), resources)));
    }
    if let Some(quota) = quoted(text, "status unknown for quota: ", ",") {
        return Some(NotReady(format!("the quota `{quota}` is not counted yet")));
    }
    let bounds = text.trim_matches(['[', ']']).split(", ").filter_map(|one| Some(one.split_once(" is ")?.0));
    let bounds: Vec<&str> = bounds.filter(|one| is_bound(one)).collect();
    let why = "it is outside the LimitRange of its namespace".to_owned();
    (!bounds.is_empty()).then(|| Refuses(with(why, bounds.into_iter())))
}

/// Like `maximum cpu usage per Container`.
fn is_bound(text: &str) -> bool {
    let usage =
        text.contains(" usage per ") && (text.starts_with("maximum ") || text.starts_with("minimum "));
    (usage || text.contains(" max limit to request ratio per "))
        && text.split(' ').all(|word| is_plain(&word))
}

/// Something that the object names and that is not there.
fn missing(text: &str) -> Option<Denial> {
    let (kind, name) = if let Some(name) = quoted(text, "no PriorityClass with name ", " was found") {
        ("PriorityClass", name)
    } else if let Some(name) = quoted(text, "pod rejected: RuntimeClass \"", "\" not found") {
        ("RuntimeClass", name)
    } else {
        let place = quoted(text, "error looking up service account ", ": serviceaccount \"")?;
        ("ServiceAccount", place.split_once('/')?.1)
    };
    let name = if is_plain(&name) { format!(" `{name}`") } else { String::new() };
    Some(Refuses(format!("its {kind}{name} is not in the cluster")))
}

/// Whether a word can be a name.
fn is_plain(word: &&str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | '-' | '_');
    !word.is_empty() && word.chars().all(is_name)
}

fn with<'a>(why: String, what: impl Iterator<Item = &'a str>) -> String {
    let what: Vec<String> = what.map(|one| format!("`{one}`")).collect();
    if what.is_empty() { why } else { format!("{why}: {}", joined(&what)) }
}
