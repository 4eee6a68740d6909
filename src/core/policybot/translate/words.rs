//! Texts, lists and comments as TOML has them.

/// Where Countersign departs from policy-bot whatever a policy says, in sentences.
pub const ALWAYS: [&str; 9] = [
    "An approval is for the change that was on display when it was given; another change voids it, and so does an edit.",
    "An approval whose comment is deleted stands: `/unapprove` takes it back.",
    "Whoever requests changes takes their own approval back. They lift it by approving, or with `/unhold`, and so may \
     administrators; anybody with triage permission can request them where `[disapproval]` names nobody.",
    "Committers on every parent count as such, not only those on the first. A commit that belongs to no account may \
     be anybody's: it asks for one more approval, and conditions on contributors are unknown.",
    "Bots cannot approve. Words in quotes and code, and in comments with commands, do not approve. Expressions for \
     comments are held against what remains.",
    "A login names its account however it is written; to policy-bot capitals count.",
    "Of several approvals by one person each is looked at by itself; to policy-bot the newest alone counts, whatever \
     became of it.",
    "Changed files are those that differ between the target branch and the merge result; to policy-bot all that the \
     change touched.",
    "Drafts, conflicts, holds and required checks that do not pass keep a change from landing.",
];

/// A text in quotes. Always on one line.
pub(super) fn text(text: &str) -> String {
    let simple = |c: char| !c.is_control() && c != '\'';
    if text.contains(['\\', '"']) && text.chars().all(simple) {
        return format!("'{text}'");
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\U{:08X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A list of texts.
pub(super) fn list<T: AsRef<str>>(texts: &[T]) -> String {
    let all: Vec<String> = texts.iter().map(|one| text(one.as_ref())).collect();
    format!("[{}]", all.join(", "))
}

/// How wide comments get, in characters.
const WIDE: usize = 100;

/// Writes a comment over as many lines as it takes.
pub(super) fn comment(into: &mut String, said: &str) {
    let mut width = WIDE;
    for word in said.split_whitespace() {
        let word: String = word.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        let length = word.chars().count() + 1;
        if width + length > WIDE {
            if !into.is_empty() && !into.ends_with('\n') {
                into.push('\n');
            }
            into.push('#');
            width = 1;
        }
        into.push(' ');
        into.push_str(&word);
        width += length;
    }
    into.push('\n');
}
