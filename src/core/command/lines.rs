//! Which lines of a comment could be commands: those that a reader sees as plain text at the start of a line of a
//! top-level paragraph. What a line says is not looked at here.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// The lines of `body` (line ends already `\n`) that a reader sees as plain text, without HTML comments.
pub(crate) fn plain_lines(body: &str) -> Vec<String> {
    let Reader { starts, comments, .. } = Reader::read(body);
    starts.into_iter().map(|start| line_without(body, start, &comments)).collect()
}

/// The same without what stands in code within them: what somebody says, and not what they show.
pub(crate) fn spoken_lines(body: &str) -> Vec<String> {
    let Reader { starts, mut comments, code, .. } = Reader::read(body);
    comments.extend(code);
    comments.sort_by_key(|hidden| hidden.start);
    starts.into_iter().map(|start| line_without(body, start, &comments)).collect()
}

fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_MATH
        | Options::ENABLE_GFM
}

/// What the reading is in, seen from the top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    Paragraph,
    Other,
}

/// Where the reading stands.
struct Reader<'a> {
    body: &'a str,
    /// Where lines start: a look-up per event must not cost the length of the line.
    lines: Vec<usize>,
    /// Containers that are open: paragraphs, quotes, links, emphasis.
    open: usize,
    /// The outermost open container.
    block: Block,
    /// HTML elements that were opened and not closed.
    elements: Vec<String>,
    /// The block of HTML that is being read.
    html: String,
    /// Whether `<!--` stands as text without its end: forges differ in what they hide then.
    commented: bool,
    /// Whether a `>>>` line opened a quote; GitLab has these.
    quoted: bool,
    /// Whether a line of this paragraph could be a table's delimiter: some forges make a table of what follows.
    tabular: bool,
    /// Starts of the lines that were found.
    starts: Vec<usize>,
    /// Inline HTML comments.
    comments: Vec<Range<usize>>,
    /// Inline code, and mathematics.
    code: Vec<Range<usize>>,
}

impl<'a> Reader<'a> {
    fn read(body: &'a str) -> Self {
        let mut reader = Self::new(body);
        for (event, range) in Parser::new_ext(body, options()).into_offset_iter() {
            reader.take(&event, range);
        }
        reader
    }

    fn new(body: &'a str) -> Self {
        Self {
            body,
            lines: std::iter::once(0).chain(body.match_indices('\n').map(|(at, _)| at + 1)).collect(),
            open: 0,
            block: Block::Other,
            elements: Vec::new(),
            html: String::new(),
            commented: false,
            quoted: false,
            tabular: false,
            starts: Vec::new(),
            comments: Vec::new(),
            code: Vec::new(),
        }
    }

    fn take(&mut self, event: &Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => {
                if self.open == 0 {
                    self.begin_block(tag, range.start);
                }
                self.open += 1;
            }
            Event::End(end) => {
                self.open = self.open.saturating_sub(1);
                if matches!(end, TagEnd::HtmlBlock) && self.open == 0 {
                    let html = std::mem::take(&mut self.html);
                    self.elements_of(&html);
                }
                if self.open == 0 {
                    self.block = Block::Other;
                }
            }
            // An element that opens within a quote or a list ends with it.
            Event::Html(html) if self.open == 1 => self.html.push_str(html),
            Event::InlineHtml(html) if self.block == Block::Paragraph => {
                if html.starts_with("<!--") {
                    self.comments.push(range);
                } else {
                    self.elements_of(html);
                }
            }
            Event::Html(_) | Event::InlineHtml(_) => {}
            Event::Text(_) => self.text(range),
            Event::Code(_) | Event::InlineMath(_) | Event::DisplayMath(_) => self.code.push(range),
            Event::FootnoteReference(_)
            | Event::SoftBreak
            | Event::HardBreak
            | Event::Rule
            | Event::TaskListMarker(_) => {}
        }
    }

    fn begin_block(&mut self, tag: &Tag<'_>, start: usize) {
        self.block = if matches!(tag, Tag::Paragraph) { Block::Paragraph } else { Block::Other };
        self.tabular = false;
        let line = self.body.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        if matches!(tag, Tag::BlockQuote(_)) && line.trim() == ">>>" {
            self.quoted = !self.quoted;
        }
    }

    fn text(&mut self, range: Range<usize>) {
        if self.block != Block::Paragraph {
            return;
        }
        let text = self.body.get(range.clone()).unwrap_or_default();
        let start = self.line_start(range.start);
        let indent = self.body.get(start..range.start).unwrap_or_default();
        let first = indent.len() <= 3 && indent.bytes().all(|byte| byte == b' ');
        if first && self.tabular_line(start) {
            self.tabular = true;
        }
        let plain = self.open == 1;
        let hidden = self.commented || self.quoted || self.tabular || !self.elements.is_empty();
        if first && plain && !hidden {
            self.starts.push(start);
        }
        // The parser cuts text at `<`, so what opens a comment is looked for behind the cut too.
        let opens = |(at, _): &(usize, &str)| {
            self.body.get(range.start + at..).is_some_and(|tail| tail.starts_with("<!--"))
        };
        let last_open = text.rmatch_indices('<').find(opens).map(|(at, _)| at);
        match (last_open, text.rfind("-->")) {
            (Some(open), close) => self.commented = close.is_none_or(|close| close < open),
            (None, Some(_)) => self.commented = false,
            (None, None) => {}
        }
    }

    /// Where the line that holds this place starts.
    fn line_start(&self, place: usize) -> usize {
        let line = self.lines.partition_point(|start| *start <= place).saturating_sub(1);
        self.lines.get(line).copied().unwrap_or(0)
    }

    fn tabular_line(&self, start: usize) -> bool {
        let line = self.body.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default().trim();
        line.contains('-')
            && line.contains(['|', ':'])
            && line.bytes().all(|byte| matches!(byte, b'-' | b'|' | b':' | b' ' | b'\t'))
    }

    /// Follows which elements are open. Tags are found by eye: an element too many only makes fewer commands.
    fn elements_of(&mut self, html: &str) {
        let mut rest = html;
        while let Some((_, tail)) = rest.split_once('<') {
            if let Some(comment) = tail.strip_prefix("!--") {
                rest = comment.split_once("-->").map_or("", |(_, after)| after);
                continue;
            }
            let (closing, tail) = tail.strip_prefix('/').map_or((false, tail), |tail| (true, tail));
            let name: String = tail
                .chars()
                .take_while(char::is_ascii_alphanumeric)
                .map(|c| c.to_ascii_lowercase())
                .collect();
            let (tag, after) = tail.split_once('>').unwrap_or((tail, ""));
            rest = after;
            if name.is_empty() || VOID.contains(&name.as_str()) || tag.ends_with('/') {
                continue;
            }
            if !closing {
                if self.elements.len() < MAX_ELEMENTS {
                    self.elements.push(name);
                }
            } else if let Some(at) = self.elements.iter().rposition(|open| *open == name) {
                self.elements.truncate(at);
            }
        }
    }
}

/// Elements without content.
const VOID: [&str; 13] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];

/// No comment of a person nests deeper; past it an element that opens is not followed and one that closes is.
const MAX_ELEMENTS: usize = 64;

/// The line that starts here, without the HTML comments in it.
fn line_without(body: &str, start: usize, comments: &[Range<usize>]) -> String {
    let end = body.get(start..).and_then(|rest| rest.find('\n')).map_or(body.len(), |length| start + length);
    let first = comments.partition_point(|comment| comment.end <= start);
    let mut line = String::new();
    let mut at = start;
    for comment in comments.get(first..).unwrap_or_default().iter().take_while(|comment| comment.start < end)
    {
        line.push_str(body.get(at..comment.start).unwrap_or_default());
        at = comment.end.min(end);
    }
    line.push_str(body.get(at..end).unwrap_or_default());
    line
}
