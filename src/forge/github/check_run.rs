//! The check run that is ours on a commit. GitHub adds annotations and never takes one back, so a run that has others
//! than those to show is left, and a new one of its name takes its place. What is told in words, as who has to agree, is
//! written anew as often as it changes.

use countersign_core::change::RepoPath;
use countersign_core::plan::{Annotation, AnnotationLevel, Annotations};
use countersign_core::report::inert;
use countersign_core::snapshot::StatusState;
use http::Method;
use serde_json::{Value, json};

use super::call::Api;
use super::repo_route;
use super::wire::{CheckRun, CheckRuns};
use super::write::{add, cut};
use crate::forge::answer::Ask;
use crate::forge::route::Segment;
use crate::ports::{ForgeError, StatusUpdate};

/// No request may carry more annotations.
const AT_ONCE: usize = 50;
/// Bytes of what is told below a title. GitHub takes 65,535 with the title and the number of those that are left out.
const WORDS: usize = 60_000;
/// Between the title and what is told below it.
const BELOW: &str = "\n\n";
/// Marks a run of which not all annotations were sent yet: no digest looks like it.
const UNFINISHED: &str = "unfinished";

/// Changes the check run that is ours, else creates one. A finished run is not opened again: a new one of the same name
/// takes its place.
pub(super) async fn set_check_run(
    api: &Api,
    ask: Ask,
    repo: &RepoPath,
    app: u64,
    update: StatusUpdate<'_>,
) -> Result<(), ForgeError> {
    let (status, conclusion) = match update.state {
        StatusState::Success => ("completed", Some("success")),
        StatusState::Pending => ("in_progress", None),
        StatusState::Failure => ("completed", Some("failure")),
    };
    let ours = find_check_run(api, repo, app, &update).await?;
    let run = Run { context: update.context, status, conclusion, title: cut(update.description), update };
    let runs = format!("{}/check-runs", repo_route(repo));
    let (mut at, notes) = match &ours {
        Some(known) if run.is_said_by(known) && run.is_carried_by(known) => return Ok(()),
        Some(known) if run.may_become(known) => {
            let notes = if run.is_noted_by(known) { &[] } else { run.notes() };
            (Some(known.id), notes)
        }
        Some(known) => {
            leave(api, ask, &runs, known).await?;
            (None, run.notes())
        }
        None => (None, run.notes()),
    };
    let mut rest = notes;
    loop {
        let (part, others) = rest.split_at(rest.len().min(AT_ONCE));
        let kept = ours.as_ref().filter(|known| at == Some(known.id)).and_then(CheckRun::words);
        let mut body = run.body(part, kept, others.is_empty());
        let answer = match at {
            Some(id) => api.write(ask, Method::PATCH, &format!("{runs}/{id}"), &body).await?,
            None => {
                add(&mut body, "head_sha", Some(update.head.as_str()));
                if update.annotations.is_none() {
                    add(&mut body, "external_id", Some(&external_id(update.context, "")));
                }
                api.write(ask, Method::POST, &runs, &body).await?
            }
        };
        if others.is_empty() {
            return Ok(());
        }
        if at.is_none() {
            at = Some(answer.json::<CheckRun>(ask)?.id);
        }
        rest = others;
    }
}

/// Brings a run to an end in whose place a new one comes, to one that no rule takes for passing.
async fn leave(api: &Api, ask: Ask, runs: &str, known: &CheckRun) -> Result<(), ForgeError> {
    if known.status != "completed" {
        let body = json!({ "status": "completed", "conclusion": "cancelled" });
        api.write(ask, Method::PATCH, &format!("{runs}/{}", known.id), &body).await?;
    }
    Ok(())
}

/// What the run is to be.
struct Run<'a> {
    context: &'a str,
    status: &'a str,
    conclusion: Option<&'a str>,
    title: String,
    update: StatusUpdate<'a>,
}

impl<'a> Run<'a> {
    fn notes(&self) -> &'a [Annotation] {
        self.update.annotations.map_or(&[], |annotations| &annotations.notes)
    }

    fn is_said_by(&self, known: &CheckRun) -> bool {
        known.status == self.status
            && known.conclusion.as_deref() == self.conclusion
            && known.output.as_ref().and_then(|output| output.title.as_deref()) == Some(&self.title)
            && (self.update.url.is_none() || known.details_url.as_deref() == self.update.url)
    }

    /// Whether it carries this and nothing else, or nothing is asked for.
    fn is_carried_by(&self, known: &CheckRun) -> bool {
        let wanted = self.update.annotations.map(Annotations::digest);
        wanted.is_none_or(|wanted| known.annotated(self.context) == Some(&wanted))
    }

    /// The same of the annotations alone: what is told beside them can be written over.
    fn is_noted_by(&self, known: &CheckRun) -> bool {
        let wanted = self.update.annotations.map(Annotations::notes_digest);
        let noted =
            known.annotated(self.context).map(|all| all.split_once('.').map_or(all, |(notes, _)| notes));
        wanted.is_none_or(|wanted| noted == Some(&wanted))
    }

    /// Whether what is known can be made this.
    fn may_become(&self, known: &CheckRun) -> bool {
        let has_none = known.output.as_ref().is_none_or(|output| output.annotations_count == 0);
        (known.status != "completed" || self.status == "completed") && (self.is_noted_by(known) || has_none)
    }

    /// One request; the last one says what the run carries. `kept` is what it tells below its title already.
    fn body(&self, part: &[Annotation], kept: Option<&str>, is_last: bool) -> Value {
        let mut summary = inert(&self.title);
        let told = match self.update.annotations {
            Some(annotations) => words_of(annotations),
            None => kept.map(str::to_owned),
        };
        if let Some(told) = told {
            summary.push_str(BELOW);
            summary.push_str(&told);
        }
        let mut output = json!({ "title": self.title, "summary": summary });
        if let (false, Some(output)) = (part.is_empty(), output.as_object_mut()) {
            output.insert("annotations".to_owned(), part.iter().map(annotation).collect());
        }
        let mut body = json!({ "name": self.context, "status": self.status, "output": output });
        // Where nothing is said of it, the run keeps what it carries, and what says so.
        if let Some(annotations) = self.update.annotations {
            let carried = if is_last { annotations.digest() } else { UNFINISHED.to_owned() };
            add(&mut body, "external_id", Some(&external_id(self.context, &carried)));
        }
        add(&mut body, "conclusion", self.conclusion);
        add(&mut body, "details_url", self.update.url);
        body
    }
}

/// What is told below the title.
fn words_of(annotations: &Annotations) -> Option<String> {
    let told = [findings_of(annotations), approvals_of(&annotations.approvals)];
    let told: Vec<String> = told.into_iter().flatten().collect();
    (!told.is_empty()).then(|| told.join(BELOW))
}

/// As many lines as there is room for, each whole, and how many more there are.
fn approvals_of(approvals: &[String]) -> Option<String> {
    let mut list = "**Approvals**\n".to_owned();
    for (at, line) in approvals.iter().enumerate() {
        if list.len() + line.len() > WORDS {
            list.push_str(&format!("\n- and {} more", approvals.len() - at));
            break;
        }
        list.push_str(&format!("\n- {line}"));
    }
    (!approvals.is_empty()).then_some(list)
}

/// How many findings stand beside their lines, and how many do not.
fn findings_of(annotations: &Annotations) -> Option<String> {
    let findings = |n: usize| if n == 1 { "1 finding".to_owned() } else { format!("{n} findings") };
    let are = |n: usize| if n == 1 { "is" } else { "are" };
    let (noted, others) = (annotations.notes.len(), annotations.elsewhere as usize);
    match (noted, others) {
        (0, 0) => None,
        (0, others) => Some(format!("{} {} told in the comment.", findings(others), are(others))),
        (noted, 0) => Some(format!("{} {} noted at the line.", findings(noted), are(noted))),
        (noted, others) => Some(format!(
            "{} {} noted at the line, {others} more {} told in the comment alone.",
            findings(noted),
            are(noted),
            are(others)
        )),
    }
}

fn annotation(note: &Annotation) -> Value {
    let Annotation { level, path, line, title, message } = note;
    let level = match level {
        AnnotationLevel::Failure => "failure",
        AnnotationLevel::Warning => "warning",
        AnnotationLevel::Notice => "notice",
    };
    json!({
        "path": path, "start_line": line, "end_line": line, "annotation_level": level, "title": title,
        "message": message,
    })
}

async fn find_check_run(
    api: &Api,
    repo: &RepoPath,
    app: u64,
    update: &StatusUpdate<'_>,
) -> Result<Option<CheckRun>, ForgeError> {
    let ask = Ask::Read("looking for the check run");
    let route = format!(
        "{}/commits/{}/check-runs?check_name={}&app_id={app}&filter=all",
        repo_route(repo),
        update.head,
        Segment(update.context)
    );
    let runs = api.list(ask, &route, |page: CheckRuns| page.check_runs).await?;
    let ours = |run: &CheckRun| {
        run.annotated(update.context).is_some()
            && run.name == update.context
            && run.app.as_ref().is_none_or(|by| by.id == app)
    };
    Ok(runs.into_iter().filter(ours).max_by_key(|run| run.id))
}

impl CheckRun {
    /// What a run of ours tells below its title.
    fn words(&self) -> Option<&str> {
        let (_, words) = self.output.as_ref()?.summary.as_deref()?.split_once(BELOW)?;
        Some(words)
    }

    /// What a run of ours carries: the digest of all, or nothing for nothing. `None` for a run that is not ours.
    pub(super) fn annotated(&self, context: &str) -> Option<&str> {
        let rest = self.external_id.as_deref()?.strip_prefix(&external_id(context, ""))?;
        if rest.is_empty() { Some(rest) } else { rest.strip_prefix(' ') }
    }
}

/// Marks a check run as ours, so that a lost answer is found again instead of repeated, and says what it carries.
fn external_id(context: &str, carried: &str) -> String {
    let space = if carried.is_empty() { "" } else { " " };
    format!("countersign:{context}{space}{carried}")
}
