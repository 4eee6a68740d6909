//! Comments as HTML: CommonMark with tables, a handful of harmless tags, hidden HTML comments, and no other markup of
//! the writer's.

use std::collections::BTreeMap;

use pulldown_cmark::{CodeBlockKind, CowStr, Event, Options, Parser, Tag, TagEnd, html};

use super::diff;

/// Tags that a comment may use, without attributes.
const ALLOWED: &[&str] =
    &["details", "summary", "b", "strong", "i", "em", "br", "hr", "sub", "sup", "code", "kbd", "del", "p"];
/// Tags that stand alone.
const VOID: &[&str] = &["br", "hr"];

/// The HTML of a comment.
pub(super) fn render(text: &str) -> String {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM;
    let mut clean = Cleaner::default();
    let events: Vec<Event<'_>> =
        Parser::new_ext(text, options).filter_map(|event| clean.event(event)).collect();
    let mut out = String::new();
    html::push_html(&mut out, events.into_iter());
    out.push_str(&clean.closing());
    out
}

/// An address that a link may have: of the web or of this page.
pub(super) fn safe_link(url: &str) -> Option<&str> {
    let lower = url.to_ascii_lowercase();
    let fine = ["http://", "https://", "mailto:", "#", "/"].iter().any(|start| lower.starts_with(start));
    fine.then_some(url)
}

#[derive(Default)]
struct Cleaner {
    /// Raw HTML of a block, until the block ends.
    block: Option<String>,
    /// The lines of a fence that says it is a diff.
    diff: Option<String>,
    open: BTreeMap<&'static str, usize>,
}

impl Cleaner {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "a foreign enum: what is not named here stays as it is"
    )]
    fn event<'a>(&mut self, event: Event<'a>) -> Option<Event<'a>> {
        match event {
            Event::Start(Tag::HtmlBlock) => {
                self.block = Some(String::new());
                None
            }
            Event::Html(raw) | Event::InlineHtml(raw) => match &mut self.block {
                Some(block) => {
                    block.push_str(&raw);
                    None
                }
                None => Some(Event::InlineHtml(CowStr::from(self.permitted(&raw)))),
            },
            Event::End(TagEnd::HtmlBlock) => {
                let block = self.block.take().unwrap_or_default();
                Some(Event::Html(CowStr::from(self.permitted(&block))))
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) if info.trim() == "diff" => {
                self.diff = Some(String::new());
                None
            }
            Event::Text(text) if self.diff.is_some() => {
                self.diff.as_mut()?.push_str(&text);
                None
            }
            Event::End(TagEnd::CodeBlock) if self.diff.is_some() => {
                let text = self.diff.take()?;
                Some(Event::Html(CowStr::from(diff::coloured(&text).into_string())))
            }
            // A picture from elsewhere would not load: its text becomes a link.
            Event::Start(
                Tag::Link { link_type, dest_url, title, id } | Tag::Image { link_type, dest_url, title, id },
            ) => {
                let dest_url = if safe_link(&dest_url).is_some() { dest_url } else { CowStr::from("#") };
                Some(Event::Start(Tag::Link { link_type, dest_url, title, id }))
            }
            // In comments a line's end is a line's end.
            Event::SoftBreak => Some(Event::HardBreak),
            Event::End(TagEnd::Image) => Some(Event::End(TagEnd::Link)),
            other => Some(other),
        }
    }

    /// The harmless tags of raw HTML; comments go, everything else is shown as it is written.
    fn permitted(&mut self, raw: &str) -> String {
        let mut out = String::new();
        let mut rest = raw;
        while let Some((before, after)) = rest.split_once('<') {
            push_text(&mut out, before);
            if let Some(comment) = after.strip_prefix("!--") {
                rest = comment.split_once("-->").map_or("", |(_, rest)| rest);
                continue;
            }
            let Some((tag, next)) = after.split_once('>') else {
                push_text(&mut out, "<");
                push_text(&mut out, after);
                return out;
            };
            match self.tag(tag) {
                Some(tag) => out.push_str(&tag),
                None => {
                    push_text(&mut out, "<");
                    push_text(&mut out, tag);
                    push_text(&mut out, ">");
                }
            }
            rest = next;
        }
        push_text(&mut out, rest);
        out
    }

    fn tag(&mut self, tag: &str) -> Option<String> {
        let (closing, name) = match tag.strip_prefix('/') {
            Some(name) => (true, name),
            None => (false, tag.trim_end_matches('/')),
        };
        let name = name.trim().to_ascii_lowercase();
        let (name, attribute) =
            if name == "details open" { ("details", " open") } else { (name.as_str(), "") };
        let name = *ALLOWED.iter().find(|allowed| **allowed == name)?;
        if VOID.contains(&name) {
            return Some(format!("<{name}>"));
        }
        let open = self.open.entry(name).or_default();
        if closing {
            if *open == 0 {
                return Some(String::new());
            }
            *open -= 1;
            return Some(format!("</{name}>"));
        }
        *open += 1;
        Some(format!("<{name}{attribute}>"))
    }

    /// Ends what the comment left open, so that it cannot swallow what follows.
    fn closing(&self) -> String {
        let left = |name: &&str| self.open.get(*name).copied().unwrap_or_default();
        ALLOWED.iter().rev().map(|name| format!("</{name}>").repeat(left(name))).collect()
    }
}

/// Text of raw HTML: its entities stay, its brackets do not.
fn push_text(out: &mut String, text: &str) {
    out.push_str(&text.replace('<', "&lt;").replace('>', "&gt;"));
}

#[cfg(test)]
mod tests;
