//! Policies as OPA compiles them. OPA takes what is handed to a function, or to an operator that is none of equality, out
//! of a `not`: where it is undefined, so is all that the `not` stands in. The engine underneath says that the `not`
//! holds. So it is taken out here too, in the text:
//!
//! `not startswith(input.image, "a")` becomes `not_1__ := input.image; not startswith(not_1__, "a")`
//!
//! In the same way `f(x, y)`, where `f` takes one argument, becomes `y = f(x)`, and `x in xs` becomes a function where its
//! value is asked for. Lines stay what they are.

use std::collections::BTreeSet;

use regorus::Engine;
use regorus::unstable::{
    ArithOp, AssignOp, BinOp, BoolOp, Expr, Literal, LiteralStmt, Module, Query, Ref, Span,
};

use super::accounting::counted;
use super::functions;
use super::syntax::{arguments, bodies, given, of_literal, parts, path, variables};

/// How a name that is made here begins.
pub(super) const OWN: &str = "not__";
/// The function that `in` is where its value is asked for.
const MEMBER: &str = "member__";
/// The function that `some` looks into.
const EACH: &str = "each__";
/// More than this many times nothing is nested.
const DEEPEST: usize = 30;
/// How many bytes are parsed for one file: a large one is not nested as deep.
const MOST: usize = 8 << 20;

/// The text that is judged by.
///
/// # Errors
///
/// Where the text cannot be parsed, as the engine says it, and where it is too deep.
pub(super) fn rewritten(path: &str, text: &str, older: bool) -> Result<String, String> {
    let mut text = text.to_owned();
    let (mut count, mut parsed) = (0, 0);
    for _ in 0..DEEPEST {
        parsed += text.len();
        if parsed > MOST {
            break;
        }
        let mut engine = super::reading::engine();
        engine.set_rego_v0(older);
        engine.add_policy(path.to_owned(), text.clone()).map_err(|error| error.to_string())?;
        if let Some(span) = engine.get_modules().iter().find_map(|module| unclear(module)) {
            let what = "a body that begins with `|` reads as a comprehension; give the union a name, as in `all := a | b`";
            return Err(format!("{path}:{}:{}: {what}", span.line, span.col));
        }
        let edits = edits(&mut engine, &text, &mut count);
        if edits.is_empty() {
            let counted = engine.get_modules().iter().map(|module| counted(module, &text)).next();
            return Ok(counted.unwrap_or(text));
        }
        text = applied(&text, edits);
    }
    Err(format!("{path}: it is nested too deep"))
}

/// Where the body of a rule begins with a union: OPA reads `{ a | b }` as a comprehension.
fn unclear(module: &Module) -> Option<&Span> {
    let begins = |query: &'_ Ref<Query>| match query.stmts.first().map(|statement| &statement.literal) {
        Some(Literal::Expr { expr, .. }) => has_union(expr),
        _ => false,
    };
    let mut all = module.policy.iter().flat_map(|rule| bodies(rule));
    all.find(|query| begins(query)).map(|query| &query.span)
}

fn has_union(expr: &Expr) -> bool {
    match expr {
        Expr::BinExpr { op: BinOp::Union, .. } => true,
        Expr::BinExpr { lhs, .. } | Expr::BoolExpr { lhs, .. } | Expr::AssignExpr { lhs, .. } => {
            has_union(lhs)
        }
        _ => false,
    }
}

/// What is written in place of a part of the text.
struct Edit {
    from: usize,
    to: usize,
    by: String,
}

/// Where in the text. The engine's places leave out the quotes of a text at either end.
pub(super) fn range(text: &str, span: &Span) -> (usize, usize) {
    let at = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
    let (from, to) = (at(span.start), at(span.end));
    let quote = |at: Option<usize>| {
        at.and_then(|at| text.as_bytes().get(at)).is_some_and(|byte| matches!(byte, b'"' | b'`'))
    };
    let before = usize::from(quote(from.checked_sub(1)));
    let behind = usize::from(quote(Some(to)));
    (from - before, to + behind)
}

/// The outermost edits; what is inside of them waits for the next time.
fn applied(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|edit| (edit.from, std::cmp::Reverse(edit.to)));
    let (mut to, mut done) = (String::with_capacity(text.len()), 0);
    for edit in edits {
        if edit.from >= done && edit.to >= edit.from {
            to.push_str(text.get(done..edit.from).unwrap_or_default());
            to.push_str(&edit.by);
            done = edit.to;
        }
    }
    to.push_str(text.get(done..).unwrap_or_default());
    to
}

fn edits(engine: &mut Engine, text: &str, count: &mut usize) -> Vec<Edit> {
    let mut rewriting = Rewriting { text, count, edits: Vec::new(), bound: BTreeSet::new() };
    for module in engine.get_modules() {
        rewriting.module(module);
    }
    rewriting.edits
}

struct Rewriting<'a> {
    text: &'a str,
    count: &'a mut usize,
    edits: Vec<Edit>,
    /// Variables that have a value where the walk is.
    bound: BTreeSet<String>,
}

impl Rewriting<'_> {
    fn module(&mut self, module: &Module) {
        for rule in &module.policy {
            self.bound.clear();
            arguments(rule).iter().for_each(|expr| variables(expr, &mut self.bound));
            arguments(rule).iter().for_each(|expr| self.value(expr));
            given(rule).into_iter().for_each(|expr| self.value(expr));
            bodies(rule).into_iter().for_each(|query| self.query(query));
        }
    }

    fn query(&mut self, query: &Query) {
        let outside = self.bound.clone();
        self.statements(query);
        self.bound = outside;
    }

    fn statements(&mut self, query: &Query) {
        for statement in &query.stmts {
            match &statement.literal {
                Literal::NotExpr { expr, .. } => self.negated(statement, expr),
                Literal::Expr { expr, .. } => {
                    self.call(expr);
                    // Here `in` is a condition, not a value.
                    match expr.as_ref() {
                        Expr::Membership { .. } => self.inside(expr),
                        _ => self.value(expr),
                    }
                }
                literal @ Literal::Every { key, value, query, .. } => {
                    of_literal(literal).into_iter().for_each(|expr| self.value(expr));
                    let outside = self.bound.clone();
                    self.bound.extend(key.iter().chain([value]).map(|name| name.text().to_owned()));
                    self.query(query);
                    self.bound = outside;
                }
                literal @ (Literal::SomeVars { .. } | Literal::SomeIn { .. }) => {
                    if let Literal::SomeIn { collection, .. } = literal {
                        self.each(collection);
                    }
                    of_literal(literal).into_iter().for_each(|expr| self.value(expr));
                }
            }
            statement.with_mods.iter().for_each(|with| self.value(&with.r#as));
            if !matches!(statement.literal, Literal::NotExpr { .. }) {
                of_literal(&statement.literal).into_iter().for_each(|expr| variables(expr, &mut self.bound));
            }
        }
    }

    /// What is no collection has no elements; the engine fails at it.
    fn each(&mut self, collection: &Ref<Expr>) {
        let sure = match collection.as_ref() {
            Expr::Call { fcn, .. } => self.of(fcn.span()) == EACH,
            Expr::Array { .. } | Expr::Set { .. } | Expr::ArrayCompr { .. } | Expr::SetCompr { .. } => true,
            _ => false,
        };
        if !sure {
            let (from, to) = range(self.text, collection.span());
            let by = format!("{EACH}({})", self.of(collection.span()));
            self.edits.push(Edit { from, to, by });
        }
    }

    fn value(&mut self, expr: &Ref<Expr>) {
        if let Expr::Membership { span, key: None, value, collection, .. } = expr.as_ref() {
            let (from, to) = range(self.text, span);
            let by = format!("{MEMBER}({}, {})", self.of(value.span()), self.of(collection.span()));
            self.edits.push(Edit { from, to, by });
            return;
        }
        if let Some((name, lhs, rhs)) = operator(expr) {
            let (from, to) = range(self.text, expr.span());
            let by = format!("{name}({}, {})", self.of(lhs.span()), self.of(rhs.span()));
            self.edits.push(Edit { from, to, by });
            return;
        }
        self.inside(expr);
    }

    fn inside(&mut self, expr: &Ref<Expr>) {
        let (exprs, query) = parts(expr);
        exprs.into_iter().for_each(|expr| self.value(expr));
        if let Some(query) = query {
            self.query(query);
        }
    }

    fn of(&self, span: &Span) -> &str {
        let (from, to) = range(self.text, span);
        self.text.get(from..to).unwrap_or_default()
    }

    /// `f(x, y)` where `f` takes one argument; and the other way about for `walk`, which the engine knows so alone.
    fn call(&mut self, expr: &Ref<Expr>) {
        if let Expr::AssignExpr { span, lhs, rhs, .. } = expr.as_ref()
            && let Expr::Call { fcn, params, .. } = rhs.as_ref()
            && let ("walk", [walked]) = (self.of(fcn.span()), params.as_slice())
        {
            let by = format!("walk({}, {})", self.of(walked.span()), self.of(lhs.span()));
            let (from, to) = range(self.text, span);
            self.edits.push(Edit { from, to, by });
            return;
        }
        let Expr::Call { span, fcn, params, .. } = expr.as_ref() else { return };
        let Some((names, true)) = path(fcn) else { return };
        let name = names.join(".");
        let takes = functions::arity(&name).filter(|takes| params.len() == takes + 1 && name != "walk");
        if let (Some(_), Some((last, rest))) = (takes, params.split_last()) {
            let rest: Vec<&str> = rest.iter().map(|param| self.of(param.span())).collect();
            let by = format!("{} = {name}({})", self.of(last.span()), rest.join(", "));
            let (from, to) = range(self.text, span);
            self.edits.push(Edit { from, to, by });
        }
    }

    fn negated(&mut self, statement: &LiteralStmt, expr: &Ref<Expr>) {
        let mut out = Vec::new();
        top(expr, &mut out);
        // What is bound before has a value.
        out.retain(
            |expr| !matches!(expr.as_ref(), Expr::Var { span, .. } if self.bound.contains(span.text())),
        );
        if out.is_empty() || out.iter().any(|expr| is_open(expr)) {
            match expr.as_ref() {
                Expr::Membership { .. } => self.inside(expr),
                _ => self.value(expr),
            }
            return;
        }
        let with = match (statement.with_mods.first(), statement.with_mods.last()) {
            (Some(first), Some(last)) => {
                let (from, to) = (range(self.text, &first.span).0, range(self.text, &last.span).1);
                format!(" {}", self.text.get(from..to).unwrap_or_default())
            }
            _ => String::new(),
        };
        let (start, end) = range(self.text, &statement.span);
        let mut before = String::new();
        let mut edits = Vec::new();
        for expr in out {
            *self.count += 1;
            let name = format!("{OWN}{}", self.count);
            before.push_str(&format!("{name} := {}{with}; ", self.of(expr.span())));
            let (from, to) = range(self.text, expr.span());
            edits.push(Edit { from: from.saturating_sub(start), to: to.saturating_sub(start), by: name });
        }
        let statement = self.text.get(start..end).unwrap_or_default();
        let mut by = before + &applied(statement, edits);
        // A body of one line needs no braces, one of two does.
        let ahead = self.text.get(..start).unwrap_or_default();
        if ahead.trim_end().strip_suffix("if").is_some_and(|ahead| ahead.ends_with(char::is_whitespace)) {
            by = format!("{{ {by} }}");
        }
        self.edits.push(Edit { from: start, to: end, by });
    }
}

/// The function in place of an operator.
fn operator(expr: &Expr) -> Option<(&'static str, &Ref<Expr>, &Ref<Expr>)> {
    match expr {
        Expr::ArithExpr { op, lhs, rhs, .. } => {
            let name = match op {
                ArithOp::Add => "add__",
                ArithOp::Sub => "subtract__",
                ArithOp::Mul => "multiply__",
                ArithOp::Div => "divide__",
                ArithOp::Mod => "remainder__",
            };
            Some((name, lhs, rhs))
        }
        Expr::BoolExpr { op, lhs, rhs, .. } if !is_scalar(lhs) && !is_scalar(rhs) => {
            let name = match op {
                BoolOp::Lt => "less__",
                BoolOp::Le => "at_most__",
                BoolOp::Gt => "more__",
                BoolOp::Ge => "at_least__",
                BoolOp::Eq | BoolOp::Ne => return None,
            };
            Some((name, lhs, rhs))
        }
        Expr::BinExpr { op: BinOp::Union, lhs, rhs, .. } => Some(("unite__", lhs, rhs)),
        Expr::BinExpr { op: BinOp::Intersection, lhs, rhs, .. } => Some(("intersect__", lhs, rhs)),
        _ => None,
    }
}

/// What compares in the same way everywhere.
fn is_scalar(expr: &Expr) -> bool {
    matches!(expr, Expr::String { .. } | Expr::RawString { .. } | Expr::Number { .. })
}

/// What is taken out of a negated expression.
fn top<'a>(expr: &'a Ref<Expr>, out: &mut Vec<&'a Ref<Expr>>) {
    match expr.as_ref() {
        Expr::AssignExpr { op: AssignOp::Eq, lhs, rhs, .. }
        | Expr::BoolExpr { op: BoolOp::Eq, lhs, rhs, .. } => {
            term(lhs, out);
            term(rhs, out);
        }
        Expr::BoolExpr { .. }
        | Expr::ArithExpr { .. }
        | Expr::BinExpr { .. }
        | Expr::UnaryExpr { .. }
        | Expr::Membership { .. }
        | Expr::Call { .. } => parts(expr).0.into_iter().for_each(|expr| operand(expr, out)),
        _ => term(expr, out),
    }
}

/// A side of an equation: calls are taken out, and what is inside of anything else.
fn term<'a>(expr: &'a Ref<Expr>, out: &mut Vec<&'a Ref<Expr>>) {
    match expr.as_ref() {
        Expr::Call { .. }
        | Expr::ArithExpr { .. }
        | Expr::BinExpr { .. }
        | Expr::UnaryExpr { .. }
        | Expr::BoolExpr { .. }
        | Expr::Membership { .. } => out.push(expr),
        Expr::RefDot { refr, .. } => term(refr, out),
        Expr::RefBrack { refr, index, .. } => {
            term(refr, out);
            operand(index, out);
        }
        Expr::Array { .. } | Expr::Set { .. } | Expr::Object { .. } => {
            parts(expr).0.into_iter().for_each(|expr| operand(expr, out));
        }
        _ => {}
    }
}

/// What a function or an operator is given.
fn operand<'a>(expr: &'a Ref<Expr>, out: &mut Vec<&'a Ref<Expr>>) {
    match expr.as_ref() {
        Expr::Var { span, .. } if span.text().starts_with(OWN) => {}
        Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. } => out.push(expr),
        _ => term(expr, out),
    }
}

/// Whether `_` is in it, which OPA refuses.
fn is_open(expr: &Expr) -> bool {
    if let Expr::Var { span, .. } = expr {
        return span.text() == "_";
    }
    let (exprs, query) = parts(expr);
    query.is_none() && exprs.into_iter().any(|expr| is_open(expr))
}
