//! The report for a terminal.
use super::Report;

/// How to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Columns.
    pub width: usize,
    /// Whether to colour (ANSI).
    pub colour: Colour,
}

/// Whether to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Yes.
    Ansi,
    /// No.
    Plain,
}

/// Summary first, then dangers, then one block per object.
pub fn terminal(_report: &Report, _style: Style) -> String {
    todo!()
}
