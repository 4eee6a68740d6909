//! What two answers to one question are to each other.

use std::fmt;

use serde_json::Value;

use super::ask::{Answer, Question, Reply};

/// How ours and theirs compare, for one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// They say the same, or both say nothing but that they cannot.
    Agree,
    /// We say before anything is judged that we do not support this.
    Refused,
    /// We say of the object that it could not be judged, which blocks.
    Blocked,
    /// They refuse to load it, and we answer: there is nothing to compare.
    OnlyOurs,
    /// Two different answers, and nobody is told.
    Differs,
}

/// One object, where the two are not the same.
pub(crate) struct Difference<'a> {
    pub(crate) question: &'a Question,
    pub(crate) input: &'a Value,
    pub(crate) outcome: Outcome,
    pub(crate) ours: String,
    pub(crate) theirs: String,
}

/// How often each outcome came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) agree: usize,
    pub(crate) refused: usize,
    pub(crate) blocked: usize,
    pub(crate) only_ours: usize,
    pub(crate) differ: usize,
}

impl fmt::Display for Count {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { agree, refused, blocked, only_ours, differ } = self;
        write!(
            to,
            "{agree} agree, {refused} refused at load, {blocked} blocked, {only_ours} that OPA refuses, {differ} silently differ"
        )
    }
}

/// Compares the replies to all questions.
pub(crate) fn compare<'a>(
    questions: &'a [Question],
    ours: &[Reply],
    theirs: &[Reply],
) -> (Count, Vec<Difference<'a>>) {
    let (mut count, mut differences) = (Count::default(), Vec::new());
    for ((question, ours), theirs) in questions.iter().zip(ours).zip(theirs) {
        for (index, input) in question.inputs.iter().enumerate() {
            let (our, their) = (of(ours, index), of(theirs, index));
            let outcome = outcome(&our, &their);
            *match outcome {
                Outcome::Agree => &mut count.agree,
                Outcome::Refused => &mut count.refused,
                Outcome::Blocked => &mut count.blocked,
                Outcome::OnlyOurs => &mut count.only_ours,
                Outcome::Differs => &mut count.differ,
            } += 1;
            if outcome != Outcome::Agree {
                let (ours, theirs) = (words(&our), words(&their));
                differences.push(Difference { question, input, outcome, ours, theirs });
            }
        }
    }
    (count, differences)
}

fn of(reply: &Reply, index: usize) -> Result<&Answer, &str> {
    reply.answers.get(index).ok_or(reply.refused.as_str())
}

fn outcome(ours: &Result<&Answer, &str>, theirs: &Result<&Answer, &str>) -> Outcome {
    match (ours, theirs) {
        (Err(_), Err(_)) => Outcome::Agree,
        (Err(_), Ok(theirs)) if !theirs.failed.is_empty() => Outcome::Agree,
        (Err(_), Ok(_)) => Outcome::Refused,
        (Ok(ours), Err(_)) if !ours.failed.is_empty() => Outcome::Agree,
        (Ok(_), Err(_)) => Outcome::OnlyOurs,
        (Ok(ours), Ok(theirs)) => match (ours.failed.is_empty(), theirs.failed.is_empty()) {
            (false, false) => Outcome::Agree,
            (false, true) => Outcome::Blocked,
            (true, false) => Outcome::Differs,
            (true, true) if (&ours.said, &ours.excepted) == (&theirs.said, &theirs.excepted) => {
                Outcome::Agree
            }
            (true, true) => Outcome::Differs,
        },
    }
}

fn words(reply: &Result<&Answer, &str>) -> String {
    match reply {
        Err(why) => format!("refused: {why}"),
        Ok(answer) if !answer.failed.is_empty() => format!("failed: {}", answer.failed),
        Ok(answer) => {
            let Answer { said, excepted, failed: _ } = answer;
            format!("says {said:?}, excepted {excepted:?}")
        }
    }
}
