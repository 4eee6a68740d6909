//! The sticky comment, and the same text without its marker for `review --format markdown`. The first line answers
//! whether the change may land; everything else stands in the order in which a reviewer needs it. Nothing here is
//! decided, and neither the base commit nor a time is printed: the same report gives the same bytes.

mod dress;
mod fit;
mod headline;
mod objects;
mod sections;
mod table;

use super::Report;
use super::escape::{inert, prose};
use super::image::{ImageMove, image_moves};
use super::standing;
use super::summary::cut;
use crate::change::{ChangeId, ChangeRequest, ChangeState};
use dress::{Cuts, section};
use fit::Detail;
use objects::Folds;
pub(super) use objects::sign;
pub(super) use sections::ignored as not_counted;
pub(super) use table::{Row, approvals_cell, cluster_cell, policy_cell, rows, unit_notes};

/// What the comment needs beside the report.
#[derive(Debug, Clone, Copy)]
pub struct CommentInput<'a> {
    /// The report.
    pub report: &'a Report,
    /// The change request.
    pub change: &'a ChangeRequest,
    /// Notes for the top, e.g. errors of the policy file (Markdown, already safe).
    pub notes: &'a [String],
    /// The commands that are valid now, ready to copy.
    pub commands: &'a [String],
    /// The full page, where there is one.
    pub page: Option<&'a str>,
    /// Byte budget, 60,000 on GitHub.
    pub budget: usize,
}

/// The hidden marker of a change's sticky comment: its first line starts with it.
pub fn marker(change: &ChangeId) -> String {
    let forge: String = change
        .repo
        .forge
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' })
        .collect();
    format!("<!-- countersign:change {forge}/{}#{} -->", change.repo.path, change.number)
}

/// The comment, marker first, within the budget. The same report gives the same bytes.
pub fn comment(input: &CommentInput<'_>) -> String {
    let marker = marker(&input.change.id);
    let view = View {
        report: input.report,
        target: Some(input.change.target.as_str()),
        state: Some(&input.change.state),
        notes: input.notes,
        commands: input.commands,
        page: input.page,
    };
    let room = input.budget.saturating_sub(marker.len() + 1);
    format!("{marker}\n{}", fit::within(&view, room))
}

/// The comment's text without its marker and without commands; `budget` in bytes, `None` for all of it.
pub fn markdown(report: &Report, budget: Option<usize>) -> String {
    let view = View { report, target: None, state: None, notes: &[], commands: &[], page: None };
    fit::within(&view, budget.unwrap_or(usize::MAX))
}

/// What one text is made of.
#[derive(Debug, Clone, Copy)]
struct View<'a> {
    report: &'a Report,
    /// The target branch, where there is a change request.
    target: Option<&'a str>,
    /// Where that is in its life.
    state: Option<&'a ChangeState>,
    notes: &'a [String],
    commands: &'a [String],
    page: Option<&'a str>,
}

impl View<'_> {
    /// What the target branch is called in sentences.
    fn base_words(&self) -> String {
        self.target.map_or_else(|| "the target branch".to_owned(), super::escape::code_span)
    }
}

/// Everything that can be said, drawn once for all levels of detail.
struct Drawn<'a> {
    view: View<'a>,
    what_changes: String,
    dangers: Option<String>,
    errors: Vec<String>,
    rows: Vec<table::Row<'a>>,
    images: Vec<ImageMove>,
    folds: Folds<'a>,
    drift: Vec<sections::Drifted>,
    policy: Vec<String>,
    waivers: Vec<String>,
    proposed: Vec<String>,
    rules: Vec<String>,
    ignored: Vec<String>,
    outside: Vec<String>,
}

impl<'a> Drawn<'a> {
    fn new(view: View<'a>) -> Self {
        let report = view.report;
        Self {
            view,
            what_changes: headline::what_changes(&view),
            dangers: table::dangers(report),
            errors: sections::errors(&view),
            rows: table::rows(report),
            images: image_moves(report),
            folds: Folds::new(report),
            drift: sections::drift(&view),
            policy: sections::policy(&view),
            waivers: standing::waivers(report).iter().map(|said| prose(&cut(said, 600))).collect(),
            proposed: standing::proposed(report).iter().map(|said| prose(&cut(said, 600))).collect(),
            rules: sections::rules(report),
            ignored: sections::ignored(report),
            outside: sections::outside(report),
        }
    }

    /// The longest of everything that can be cut by number.
    fn longest(&self) -> usize {
        self.folds.objects().max(self.rows.len())
    }

    /// The whole text at one level of detail.
    fn render(&self, detail: &Detail) -> String {
        let view = &self.view;
        let mut cuts = Cuts::default();
        let mut parts: Vec<String> = Vec::new();
        let (title, others) = headline::title(view, detail, &mut cuts);
        parts.push(title);
        parts.extend(headline::notes(view, detail, &mut cuts));
        parts.extend(others);
        parts.push(self.what_changes.clone());
        parts.extend(self.dangers.clone());
        parts.extend(section("Could not be told", &self.errors, detail.items, "error", &mut cuts));
        parts.extend(table::units(view.report, &self.rows, detail, &mut cuts));
        parts.extend(table::images(&self.images, detail, &mut cuts));
        parts.extend(self.folds.render(detail, &mut cuts));
        parts.extend(self.drift.iter().map(|drifted| drifted.render(detail, &mut cuts)));
        parts.extend(section("Policy", &self.policy, detail.items, "finding", &mut cuts));
        parts.extend(section("Waivers", &self.waivers, detail.items, "waiver", &mut cuts));
        parts.extend(sections::approvals(&self.rules, &self.ignored, detail, &mut cuts));
        let title = "If the proposed policy were in force";
        parts.extend(section(title, &self.proposed, detail.items, "line", &mut cuts));
        parts.extend(sections::other_files(&self.outside, detail, &mut cuts));
        parts.extend(cuts.sentence(view.page));
        parts.extend(sections::commands(view));
        let mut text = parts.join("\n\n");
        text.push('\n');
        text
    }
}

/// The least that is ever said: the title and where the rest stands.
fn least(view: &View<'_>, room: usize) -> String {
    let mut cuts = Cuts::default();
    let (title, _) = headline::title(view, &Detail::least(), &mut cuts);
    let rest = match view.page {
        Some(page) => format!("\n\nThere is no room for more here: {}\n", dress::link("full page", page)),
        None => "\n\nThere is no room for more here.\n".to_owned(),
    };
    if title.len() + rest.len() <= room {
        return title + &rest;
    }
    // Plain text has no fence to leave open.
    let plain = inert(&super::summary::missing(view.report).join(", "));
    plain.char_indices().take_while(|(at, c)| at + c.len_utf8() <= room).map(|(_, c)| c).collect()
}
