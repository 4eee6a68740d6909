//! Comments that say yes in words of the policy's own, by `methods.comments` and `methods.comment_patterns`.

use super::PolicyInForce;
use super::execute::Outstanding;
use crate::change::{ChangeState, ReviewState};
use crate::command;
use crate::config::expression;
use crate::fact::{Said, Via};
use crate::snapshot::Snapshot;

/// What somebody said with a text that holds no command; `None` where no rule takes it for a yes. Quotes, code and
/// comments of HTML say nothing, and neither does a text that was changed before it was read.
pub(super) fn said(snapshot: &Snapshot, in_force: &PolicyInForce, text: &Outstanding) -> Option<Said> {
    let policy = in_force.policy();
    let mut methods = policy.rules.iter().map(|rule| &rule.methods);
    let none = methods.all(|methods| methods.comments.is_empty() && methods.comment_patterns.is_empty());
    if none || text.edited || snapshot.change.state != ChangeState::Open || !is_comment(snapshot, text.via) {
        return None;
    }
    let lines = command::spoken_lines(&text.body).join("\n");
    let mut words: Vec<String> = Vec::new();
    for rule in &policy.rules {
        words.extend(rule.methods.comments.iter().filter(|word| lines.contains(word.as_str())).cloned());
        let hit = |pattern: &&String| expression(pattern).is_ok_and(|one| one.is_match(&lines));
        words.extend(rule.methods.comment_patterns.iter().filter(hit).cloned());
    }
    words.sort();
    words.dedup();
    (!words.is_empty()).then_some(Said::Words(words))
}

/// A review that neither approves nor asks for changes is a comment too.
fn is_comment(snapshot: &Snapshot, via: Via) -> bool {
    match via {
        Via::Comment(_) => true,
        Via::Review(id) => {
            let review = snapshot.reviews.iter().find(|review| review.id == id);
            review.is_some_and(|review| review.state == ReviewState::Commented)
        }
    }
}
