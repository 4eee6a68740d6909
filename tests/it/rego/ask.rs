//! One question to both: policies, and the objects they judge.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use countersign_core::config::{Check, Judge, Policy, RegoCheck, Severity};
use countersign_core::library::{Library, LibraryFile};
use countersign_core::policy::run_checks;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::arrivals::evaluation;

/// Policies and what they are asked about.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Question {
    #[serde(default)]
    pub(crate) note: String,
    pub(crate) modules: Vec<String>,
    pub(crate) inputs: Vec<Value>,
    #[serde(default)]
    pub(crate) data: Map<String, Value>,
}

/// What is said of one object.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Answer {
    #[serde(default)]
    pub(crate) said: BTreeSet<String>,
    #[serde(default)]
    pub(crate) excepted: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) failed: String,
}

/// What is said of all of them, or why the policies are no good.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Reply {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) refused: String,
    #[serde(default)]
    pub(crate) answers: Vec<Answer>,
}

/// What OPA says to all the questions, in their order.
pub(crate) fn theirs(tool: &Path, questions: &[Question]) -> Vec<Reply> {
    let lines: String =
        questions.iter().map(|question| format!("{}\n", serde_json::to_string(question).unwrap())).collect();
    let mut child = Command::new(tool).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()).unwrap());
    let done = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(done.status.success());
    let replies = String::from_utf8(done.stdout).unwrap();
    let replies: Vec<Reply> = replies.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(replies.len(), questions.len());
    replies
}

/// What OPA's own tests ask.
pub(crate) fn cases_of_opa(tool: &Path) -> Vec<Question> {
    let done = Command::new(tool).arg("cases").output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let lines = String::from_utf8(done.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What we say to all the questions, in their order.
pub(crate) fn ours(questions: &[Question]) -> Vec<Reply> {
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    let each = questions.len().div_ceil(workers * 8).max(1);
    let parts: Vec<&[Question]> = questions.chunks(each).collect();
    let next = std::sync::atomic::AtomicUsize::new(0);
    let given = std::sync::Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some(part) = parts.get(index) else { return };
                    let replies: Vec<Reply> = part.iter().map(our).collect();
                    given.lock().unwrap().insert(index, replies);
                }
            });
        }
    });
    given.into_inner().unwrap().into_values().flatten().collect()
}

/// What we say to one.
pub(crate) fn our(question: &Question) -> Reply {
    let mut library = Library::default();
    let mut insert = |path: String, text: String| {
        library.insert(path, LibraryFile { blob: "1".repeat(40).parse().unwrap(), text });
    };
    for (index, module) in question.modules.iter().enumerate() {
        insert(format!("policy/m{index}.rego"), module.clone());
    }
    if !question.data.is_empty() {
        insert("data/d.json".to_owned(), serde_json::to_string(&question.data).unwrap());
    }
    let check = Check {
        name: "c".into(),
        judge: Judge::Rego(RegoCheck {
            files: vec!["policy".into()],
            data: if question.data.is_empty() { Vec::new() } else { vec!["data".into()] },
            parameters: None,
        }),
        severity: Severity::Error,
        environments: Vec::new(),
        kinds: Vec::new(),
    };
    let policy = Policy { checks: vec![check], ..Policy::builtin() };
    let mut answers = vec![Answer::default(); question.inputs.len()];
    for finding in run_checks(&policy, &library, &evaluation(&question.inputs)) {
        let Some(object) = finding.object else {
            let why = finding.message.strip_prefix("check `c` could not be run: ").unwrap();
            return Reply { refused: why.to_owned(), answers: Vec::new() };
        };
        let answer = &mut answers[object.name.parse::<usize>().unwrap()];
        if finding.errored {
            answer.failed = finding.message;
            continue;
        }
        let said = format!("{}: {}", finding.rule.unwrap(), finding.message);
        let into = if finding.waived.is_some() { &mut answer.excepted } else { &mut answer.said };
        into.insert(said);
    }
    Reply { refused: String::new(), answers }
}
