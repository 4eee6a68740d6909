//! The merge commit's message, written and read as git does.

use serde::{Deserialize, Serialize};

use crate::revision::Digest;

/// The key under which the evidence's digest stands.
pub(super) const EVIDENCE: &str = "Evidence";
/// The last trailer.
pub(super) const MERGED_BY: &str = "Merged-by";

/// One trailer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Trailer {
    /// `Approved-by`.
    pub key: String,
    /// Its value; one line.
    pub value: String,
}

impl std::fmt::Display for Trailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.key, self.value)
    }
}

/// Title and trailers of a merge commit. User text in it is already folded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergeMessage {
    /// `Merge acme/env#481: Shop 1.5.0`
    pub title: String,
    /// In the order of the design.
    pub trailers: Vec<Trailer>,
}

impl MergeMessage {
    /// The same with the digest of the evidence, which is known only once the evidence is written. It stands before
    /// `Merged-by`; one that is there already is replaced.
    #[must_use]
    pub fn with_evidence(mut self, digest: &Digest) -> Self {
        self.trailers.retain(|trailer| trailer.key != EVIDENCE);
        let last = self.trailers.iter().position(|trailer| trailer.key == MERGED_BY);
        let evidence = Trailer { key: EVIDENCE.to_owned(), value: digest.to_string() };
        self.trailers.insert(last.unwrap_or(self.trailers.len()), evidence);
        self
    }
}

/// Title, blank line, trailers.
pub fn render_message(message: &MergeMessage) -> String {
    let one_line = |text: &str| text.split(['\n', '\r']).collect::<Vec<_>>().join(" ");
    let mut text = format!("{}\n", one_line(&message.title));
    for (at, trailer) in message.trailers.iter().enumerate() {
        if at == 0 {
            text.push('\n');
        }
        text.push_str(&one_line(&trailer.to_string()));
        text.push('\n');
    }
    text
}

/// The trailers of a commit message, as `git interpret-trailers --parse` reads them where nothing is configured.
pub fn parse_trailers(message: &str) -> Vec<Trailer> {
    let lines: Vec<&str> = message.split('\n').take_while(|line| !is_divider(line)).collect();
    let ignored = |line: &&&str| is_blank(line) || line.starts_with('#');
    let end = lines.len() - lines.iter().rev().take_while(ignored).count();
    let lines = lines.get(..end).unwrap_or_default();
    let block = lines.get(block_start(lines)..).unwrap_or_default();
    let mut trailers: Vec<Trailer> = Vec::new();
    let mut open = false;
    for line in block {
        if open && line.starts_with(is_space) {
            if let Some(last) = trailers.last_mut() {
                last.value = format!("{} {}", last.value, line.trim_matches(is_space))
                    .trim_matches(is_space)
                    .to_owned();
            }
            continue;
        }
        open = false;
        if let Some((key, value)) = split_trailer(line) {
            open = true;
            trailers.push(Trailer { key: key.to_owned(), value: value.to_owned() });
        }
    }
    trailers
}

/// Where the last paragraph begins, if it is one of trailers; else behind the last line. The first paragraph is the
/// title and never is.
fn block_start(lines: &[&str]) -> usize {
    let title_end =
        lines.iter().position(|line| !line.starts_with('#') && is_blank(line)).unwrap_or(lines.len());
    let (mut trailers, mut others, mut maybe_continued) = (0_usize, 0_usize, 0_usize);
    let mut by_git = false;
    let mut only_spaces = true;
    for (at, line) in lines.iter().enumerate().skip(title_end).rev() {
        if line.starts_with('#') {
            others += std::mem::take(&mut maybe_continued);
        } else if is_blank(line) {
            if only_spaces {
                continue;
            }
            others += maybe_continued;
            let whole = trailers > 0 && others == 0;
            return if whole || by_git && trailers * 3 >= others { at + 1 } else { lines.len() };
        } else {
            only_spaces = false;
            let git_wrote =
                ["Signed-off-by: ", "(cherry picked from commit "].iter().any(|own| line.starts_with(own));
            if git_wrote || split_trailer(line).is_some() && !line.starts_with(is_space) {
                trailers += 1;
                by_git |= git_wrote;
                maybe_continued = 0;
            } else if line.starts_with(is_space) {
                maybe_continued += 1;
            } else {
                others += 1 + std::mem::take(&mut maybe_continued);
            }
        }
    }
    lines.len()
}

/// Key and value: letters, digits and dashes, perhaps blanks, a colon, the rest.
fn split_trailer(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(':')?;
    let word = key.trim_end_matches([' ', '\t']);
    let valid = !key.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    valid.then(|| (word, value.trim_matches(is_space)))
}

/// `---` begins a patch.
fn is_divider(line: &str) -> bool {
    line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with(is_space))
}

fn is_blank(line: &str) -> bool {
    line.chars().all(is_space)
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}
