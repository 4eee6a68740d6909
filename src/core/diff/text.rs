//! Unified text of two lists of lines. Its size and its time are bounded by the lines, never by a clock.

use std::fmt::Write as _;

use similar::{Algorithm, ChangeTag, DiffOp, capture_diff_slices, group_diff_ops};

const CONTEXT: usize = 3;
/// Differing parts with more lines than this (both sides together) are shown as removed and added whole.
const MAX_COMPARED: usize = 20_000;
/// The most lines and bytes of a text.
const MAX_LINES: usize = 5_000;
const MAX_BYTES: usize = 512 << 10;

/// Hunks with three lines of context; empty where the lines are equal.
pub(super) fn unified(before: &[String], after: &[String]) -> String {
    let mut out = Text::default();
    for group in group_diff_ops(operations(before, after), CONTEXT) {
        out.hunk(&group, before, after);
    }
    out.finish()
}

fn operations(before: &[String], after: &[String]) -> Vec<DiffOp> {
    let head = before.iter().zip(after).take_while(|(old, new)| old == new).count();
    let rest = before.len().min(after.len()) - head;
    let tail =
        before.iter().rev().zip(after.iter().rev()).take(rest).take_while(|(old, new)| old == new).count();
    let (old_len, new_len) = (before.len() - head - tail, after.len() - head - tail);
    let mut operations = Vec::new();
    if head > 0 {
        operations.push(DiffOp::Equal { old_index: 0, new_index: 0, len: head });
    }
    if old_len + new_len > MAX_COMPARED {
        operations.push(DiffOp::Replace { old_index: head, old_len, new_index: head, new_len });
    } else {
        let middle =
            |lines: &'_ [String], len| lines.iter().skip(head).take(len).cloned().collect::<Vec<_>>();
        let inner = capture_diff_slices(Algorithm::Myers, &middle(before, old_len), &middle(after, new_len));
        operations.extend(inner.into_iter().map(|operation| moved(operation, head)));
    }
    if tail > 0 {
        operations.push(DiffOp::Equal { old_index: head + old_len, new_index: head + new_len, len: tail });
    }
    operations
}

fn moved(operation: DiffOp, by: usize) -> DiffOp {
    match operation {
        DiffOp::Equal { old_index, new_index, len } => {
            DiffOp::Equal { old_index: old_index + by, new_index: new_index + by, len }
        }
        DiffOp::Delete { old_index, old_len, new_index } => {
            DiffOp::Delete { old_index: old_index + by, old_len, new_index: new_index + by }
        }
        DiffOp::Insert { old_index, new_index, new_len } => {
            DiffOp::Insert { old_index: old_index + by, new_index: new_index + by, new_len }
        }
        DiffOp::Replace { old_index, old_len, new_index, new_len } => {
            DiffOp::Replace { old_index: old_index + by, old_len, new_index: new_index + by, new_len }
        }
    }
}

#[derive(Default)]
struct Text {
    text: String,
    lines: usize,
    /// Lines that did not fit: added, removed, unchanged.
    added: usize,
    removed: usize,
    unchanged: usize,
}

impl Text {
    fn hunk(&mut self, group: &[DiffOp], before: &[String], after: &[String]) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { return };
        let range = |from: usize, to: usize| match to - from {
            0 => format!("{from},0"),
            1 => format!("{}", from + 1),
            len => format!("{},{len}", from + 1),
        };
        let old = range(first.old_range().start, last.old_range().end);
        let new = range(first.new_range().start, last.new_range().end);
        if self.has_room(0) {
            let _ = writeln!(self.text, "@@ -{old} +{new} @@");
            self.lines += 1;
        }
        for operation in group {
            for change in operation.iter_changes(before, after) {
                self.line(change.tag(), change.value_ref());
            }
        }
    }

    fn has_room(&self, length: usize) -> bool {
        self.lines < MAX_LINES && self.text.len() + length < MAX_BYTES
    }

    fn line(&mut self, tag: ChangeTag, line: &str) {
        if self.added + self.removed + self.unchanged == 0 && self.has_room(line.len()) {
            let _ = writeln!(self.text, "{tag}{line}");
            self.lines += 1;
            return;
        }
        match tag {
            ChangeTag::Insert => self.added += 1,
            ChangeTag::Delete => self.removed += 1,
            ChangeTag::Equal => self.unchanged += 1,
        }
    }

    fn finish(mut self) -> String {
        let (added, removed) = (self.added, self.removed);
        let hidden = added + removed + self.unchanged;
        if hidden > 0 {
            let _ = writeln!(
                self.text,
                "@@ {hidden} more lines are not shown: {added} added, {removed} removed @@"
            );
        }
        self.text
    }
}
