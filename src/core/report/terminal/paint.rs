//! Columns and colours.

use super::Colour;

/// What a text means; its colour follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    Good,
    Change,
    Bad,
    Strong,
    Faint,
}

/// Colours, or none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint(pub(super) Colour);

impl Paint {
    pub(super) fn ink(self, ink: Ink, text: &str) -> String {
        match self.0 {
            Colour::Plain => text.to_owned(),
            Colour::Ansi => {
                let code = match ink {
                    Ink::Good => "32",
                    Ink::Change => "33",
                    Ink::Bad => "31",
                    Ink::Strong => "1",
                    Ink::Faint => "2",
                };
                format!("\u{1b}[{code}m{text}\u{1b}[0m")
            }
        }
    }
}

/// The pieces of a text: our own colour sequences, and characters.
fn pieces(text: &str) -> impl Iterator<Item = (&str, usize)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        // Escapes come from `Paint` alone: others' were written out before.
        let (length, width) = match rest.strip_prefix("\u{1b}[").and_then(|tail| tail.find('m')) {
            Some(end) => (2 + end + 1, 0),
            None => (first.len_utf8(), width(first)),
        };
        let (piece, tail) = rest.split_at_checked(length)?;
        rest = tail;
        Some((piece, width))
    })
}

/// How many columns a text takes.
pub(super) fn columns(text: &str) -> usize {
    pieces(text).map(|(_, width)| width).sum()
}

/// A path without colours, cut so that it takes at most so many columns: what tells it from others stands at its end.
pub(super) fn fit_path(path: &str, limit: usize) -> String {
    if columns(path) <= limit {
        return path.to_owned();
    }
    let pieces: Vec<_> = pieces(path).collect();
    let mut room = limit.saturating_sub(1);
    let mut start = pieces.len();
    for (_, width) in pieces.iter().rev() {
        if *width > room {
            break;
        }
        room -= width;
        start -= 1;
    }
    let kept: String = pieces.iter().skip(start).map(|(piece, _)| *piece).collect();
    format!("…{kept}")
}

/// The text, cut so that it takes at most so many columns; colours are closed.
pub(super) fn fit(text: &str, limit: usize) -> String {
    if columns(text) <= limit {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    let mut coloured = false;
    for (piece, width) in pieces(text) {
        if width > 0 && used + width >= limit {
            break;
        }
        used += width;
        coloured |= piece.starts_with('\u{1b}');
        out.push_str(piece);
    }
    out.push('…');
    if coloured {
        out.push_str("\u{1b}[0m");
    }
    out
}

/// The text, with spaces up to so many columns.
pub(super) fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

/// The text in lines of at most so many columns, broken at spaces, or within a word that is longer.
pub(super) fn wrap(text: &str, limit: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && columns(&line) + 1 + columns(word) > limit {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        for (piece, width) in pieces(word) {
            if columns(&line) + width > limit {
                lines.push(std::mem::take(&mut line));
            }
            line.push_str(piece);
        }
    }
    lines.push(line);
    lines
}

/// Columns of one character: two for wide scripts and pictures, none for marks that combine.
fn width(c: char) -> usize {
    match u32::from(c) {
        0x300..=0x36f
        | 0x483..=0x489
        | 0x591..=0x5bd
        | 0x610..=0x61a
        | 0x64b..=0x65f
        | 0x1ab0..=0x1aff
        | 0x1dc0..=0x1dff
        | 0x20d0..=0x20ff
        | 0xfe00..=0xfe0f
        | 0xfe20..=0xfe2f => 0,
        0x1100..=0x115f
        | 0x2614..=0x2615
        | 0x26a1
        | 0x26d4
        | 0x2705
        | 0x2e80..=0x303e
        | 0x3041..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f
        | 0x1f680..=0x1f6ff
        | 0x1f900..=0x1f9ff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::fit_path;

    #[test]
    fn a_path_keeps_its_end() {
        let check =
            |path: &str, limit, want: &str| assert_eq!(fit_path(path, limit), want, "{path} in {limit}");
        check("apps/web/overlays/prod", 22, "apps/web/overlays/prod");
        check("apps/web/overlays/prod", 14, "…overlays/prod");
        check("店/店", 4, "…/店");
        check("店店店", 4, "…店");
    }
}
