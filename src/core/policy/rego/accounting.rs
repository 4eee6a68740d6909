//! Counting what a policy makes. The engine puts elements into lists and sets without asking anybody, and a list may
//! hold another many times over, so that some lines stand for more than any memory holds. So where a list is written out
//! or gathered a function of ours stands around it, or at the end of the body that gathers it:
//!
//! `[[x, x] | some x in xs]` becomes `[made__([x, x]  , 3) | some x in xs]`
//!
//! Patterns are left alone, and lines stay what they are.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;
use regorus::unstable::{AssignOp, Expr, Literal, LiteralStmt, Module, Query, Ref, Rule, RuleHead};

use super::functions;
use super::rewriting::range;
use super::syntax::{arguments, bodies, given, head, of_literal, parts, path, variables};

/// Something that is put around a part of the text, or behind it.
struct Added {
    from: usize,
    to: usize,
    before: &'static str,
    behind: String,
}

/// The text of a module with everything counted that it makes.
pub(super) fn counted(module: &Module, text: &str) -> String {
    let mut counting = Counting { text, added: Vec::new() };
    module.policy.iter().for_each(|rule| counting.rule(rule));
    let mut marks = Vec::with_capacity(counting.added.len() * 2);
    for added in &counting.added {
        // At one place what ends comes first, the inner before the outer; then what begins, the outer before the inner.
        if !added.before.is_empty() {
            marks.push(((added.from, true, usize::MAX - added.to), added.before));
        }
        marks.push(((added.to, false, usize::MAX - added.from), added.behind.as_str()));
    }
    marks.sort_by_key(|(order, _)| *order);
    let (mut to, mut done) = (String::with_capacity(text.len() * 2), 0);
    for ((at, _, _), mark) in marks {
        to.push_str(text.get(done..at).unwrap_or_default());
        to.push_str(mark);
        done = at;
    }
    to.push_str(text.get(done..).unwrap_or_default());
    to
}

struct Counting<'a> {
    text: &'a str,
    added: Vec<Added>,
}

impl Counting<'_> {
    fn rule(&mut self, rule: &Rule) {
        arguments(rule).iter().for_each(|argument| self.inside(argument));
        bodies(rule).into_iter().for_each(|query| self.query(query));
        let gathers = matches!(head(rule).as_ref(), Expr::RefBrack { .. });
        match rule {
            Rule::Default { .. } => {}
            Rule::Spec { head: RuleHead::Set { refr, key: Some(key), .. }, bodies, .. } => {
                let (begin, end) = (self.place(refr).1, self.place(key).0);
                let newer = self.text.get(begin..end).is_some_and(|between| between.contains("contains"));
                if newer {
                    self.gathered_value(key);
                } else {
                    self.inside(key);
                    bodies.iter().for_each(|body| self.gathered(&body.query, key));
                }
            }
            Rule::Spec { .. } => {
                for value in given(rule) {
                    if gathers { self.gathered_value(value) } else { self.value(value) }
                }
            }
        }
    }

    fn query(&mut self, query: &Query) {
        for statement in &query.stmts {
            match &statement.literal {
                Literal::Expr { expr, .. } => self.condition(statement, expr),
                Literal::Every { domain, query, .. } => {
                    self.inside(domain);
                    self.query(query);
                }
                literal @ (Literal::SomeVars { .. } | Literal::SomeIn { .. } | Literal::NotExpr { .. }) => {
                    of_literal(literal).into_iter().for_each(|expr| self.inside(expr));
                }
            }
            for with in &statement.with_mods {
                self.inside(&with.r#as);
                self.around(&with.r#as, "made__(", "  , 1)".to_owned());
            }
        }
    }

    fn condition(&mut self, statement: &LiteralStmt, expr: &Ref<Expr>) {
        match expr.as_ref() {
            Expr::AssignExpr { op: AssignOp::ColEq, lhs, rhs, .. } => {
                self.inside(lhs);
                self.value(rhs);
            }
            Expr::AssignExpr { op: AssignOp::Eq, lhs, rhs, .. } => {
                self.inside(lhs);
                self.inside(rhs);
                if !is_plain(lhs) || !is_plain(rhs) {
                    self.equated(statement, expr);
                }
            }
            _ => self.inside(expr),
        }
    }

    /// Which side of an equation is a pattern is not known here, but that all in it has a value behind it.
    fn equated(&mut self, statement: &LiteralStmt, expr: &Ref<Expr>) {
        let mut names = BTreeSet::new();
        variables(expr, &mut names);
        if names.is_empty() {
            return;
        }
        let names: Vec<String> = names.into_iter().collect();
        let with = match (statement.with_mods.first(), statement.with_mods.last()) {
            (Some(first), Some(last)) => {
                let (from, to) = (range(self.text, &first.span).0, range(self.text, &last.span).1);
                format!(" {}", self.text.get(from..to).unwrap_or_default())
            }
            _ => String::new(),
        };
        let said = format!("counted__([{}], {}){with}", names.join(", "), size(expr));
        self.behind(statement, &said);
    }

    /// Another line at the end of a body, about what it gathers.
    fn gathered(&mut self, query: &Query, key: &Ref<Expr>) {
        let Some(last) = query.stmts.last() else { return };
        let (from, to) = self.place(key);
        let key_text = self.text.get(from..to).unwrap_or_default();
        self.behind(last, &format!("counted__({key_text}, {})", size(key) + 1));
    }

    /// A body of one line needs no braces, one of two does.
    fn behind(&mut self, statement: &LiteralStmt, said: &str) {
        let (from, mut to) = range(self.text, &statement.span);
        if let Some(last) = statement.with_mods.last() {
            to = to.max(range(self.text, &last.span).1);
        }
        let ahead = self.text.get(..from).unwrap_or_default().trim_end();
        let bare = ahead.strip_suffix("if").is_some_and(|ahead| ahead.ends_with(char::is_whitespace));
        let (before, behind) = if bare { ("{ ", format!("; {said} }}")) } else { ("", format!("; {said}")) };
        self.added.push(Added { from, to, before, behind });
    }

    /// What becomes the value of a name.
    fn value(&mut self, expr: &Ref<Expr>) {
        self.inside(expr);
        if !is_plain(expr) {
            self.around(expr, "made__(", format!("  , {})", size(expr)));
        }
    }

    /// What becomes an element.
    fn element(&mut self, expr: &Ref<Expr>) {
        self.inside(expr);
        if is_plain(expr) {
            self.around(expr, "kept__(", "  )".to_owned());
        } else {
            self.around(expr, "made__(", format!("  , {})", size(expr)));
        }
    }

    /// What becomes an element of a rule's value: all of it is looked at, since the rule's value never is as a whole.
    fn gathered_value(&mut self, expr: &Ref<Expr>) {
        self.inside(expr);
        if !is_constant(expr) {
            self.around(expr, "made__(", format!("  , {})", size(expr)));
        }
    }

    fn inside(&mut self, expr: &Ref<Expr>) {
        let (exprs, query) = parts(expr);
        match expr.as_ref() {
            Expr::ArrayCompr { term, .. } | Expr::SetCompr { term, .. } => self.element(term),
            Expr::ObjectCompr { key, value, .. } => {
                self.inside(key);
                self.element(value);
            }
            Expr::Call { fcn, params, .. } => {
                let name = path(fcn).map(|(names, _)| names.join(".")).unwrap_or_default();
                params.iter().for_each(|param| self.inside(param));
                let written = if name == "print" { params.len() } else { usize::from(name == "walk") };
                params
                    .iter()
                    .take(written)
                    .for_each(|param| self.around(param, "walked__(", "  )".to_owned()));
                // These give a part of what they are given; what others make is looked at when they have made it.
                let gives = matches!(name.as_str(), "object.get" | "max" | "min" | "each__");
                if written == 0 && (gives || functions::arity(&name).is_none()) {
                    for param in params.iter().filter(|param| !is_plain(param)) {
                        self.around(param, "made__(", format!("  , {})", size(param)));
                    }
                }
            }
            _ => exprs.into_iter().for_each(|expr| self.inside(expr)),
        }
        if let Some(query) = query {
            self.query(query);
        }
    }

    fn around(&mut self, expr: &Ref<Expr>, before: &'static str, behind: String) {
        let (from, to) = self.place(expr);
        self.added.push(Added { from, to, before, behind });
    }

    /// Where an expression stands. The engine says of an object where its last field begins, but the right line and column.
    fn place(&self, expr: &Ref<Expr>) -> (usize, usize) {
        let span = expr.span();
        let (from, to) = range(self.text, span);
        if !matches!(expr.as_ref(), Expr::Object { .. }) {
            return (from, to);
        }
        let before = usize::try_from(span.line).unwrap_or_default().saturating_sub(1);
        let line: usize = self.text.split_inclusive('\n').take(before).map(str::len).sum();
        let begin = line + at_column(self.text.get(line..).unwrap_or_default(), span.col);
        if self.text.as_bytes().get(begin) == Some(&b'{') && begin <= from { (begin, to) } else { (from, to) }
    }
}

/// Where in a line a column of the engine's is, for which a tab takes four.
fn at_column(line: &str, column: u32) -> usize {
    let mut at = 1;
    let found = line.char_indices().find(|(_, character)| {
        let here = at;
        at += if *character == '\t' { 4 } else { 1 };
        here >= column
    });
    found.map_or(line.len(), |(at, _)| at)
}

/// How what is added here reads.
static MARKS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:made|kept|walked)__\(|  (?:, [0-9]+)?\)").ok());

/// The column in the line as it was, where nothing was added.
pub(super) fn as_written(line: &str, column: u32) -> u32 {
    let ahead = line.get(..at_column(line, column)).unwrap_or_default();
    let added: usize = MARKS.as_ref().map_or(0, |marks| marks.find_iter(ahead).map(|mark| mark.len()).sum());
    column.saturating_sub(u32::try_from(added).unwrap_or_default())
}

/// Whether an expression is no list, set or object that is made here of what is known only when it is evaluated.
fn is_plain(expr: &Expr) -> bool {
    match expr {
        Expr::Array { .. } | Expr::Set { .. } | Expr::Object { .. } => is_constant(expr),
        Expr::ArrayCompr { .. } | Expr::SetCompr { .. } | Expr::ObjectCompr { .. } => false,
        _ => true,
    }
}

fn is_constant(expr: &Expr) -> bool {
    match expr {
        Expr::Array { .. } | Expr::Set { .. } | Expr::Object { .. } => {
            parts(expr).0.into_iter().all(|expr| is_constant(expr))
        }
        Expr::String { .. }
        | Expr::RawString { .. }
        | Expr::Number { .. }
        | Expr::Bool { .. }
        | Expr::Null { .. } => true,
        _ => false,
    }
}

/// Of how many parts something consists that is written out.
fn size(expr: &Expr) -> usize {
    match expr {
        Expr::Array { .. } | Expr::Set { .. } | Expr::Object { .. } | Expr::AssignExpr { .. } => {
            1 + parts(expr).0.into_iter().map(|expr| size(expr)).sum::<usize>()
        }
        _ => 1,
    }
}
