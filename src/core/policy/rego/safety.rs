//! Variables that get no value. OPA refuses them when it compiles a policy; the engine underneath finds those that are
//! nowhere set, and fails at the others only where a rule comes to be judged. So they are looked for as OPA looks for
//! them: the order of the lines in a body makes no difference, and a line gives values once all that it takes has some.
//!
//! What is not clearly without a value is let through, and blocks where it comes to be judged.

use std::collections::BTreeSet;

use regorus::unstable::{AssignOp, Expr, Literal, LiteralStmt, Module, Ref, Rule, RuleHead, Span};

use super::functions;
use super::refusing::{Walk, at};
use super::rewriting::OWN;
use super::syntax::{arguments, head, parts, path, variables};

/// How many lines are looked at for one body, again and again: more than any policy asks for.
const MOST: usize = 1_000_000;

type Names = BTreeSet<String>;

/// Refuses variables of a module that get no value.
///
/// # Errors
///
/// The place of the first one.
pub(super) fn check(module: &Module, names: &Walk<'_>) -> Result<(), String> {
    let safety = Safety { names };
    module.policy.iter().try_for_each(|rule| safety.rule(rule))
}

/// What has a value anywhere is known by its name.
struct Safety<'a> {
    names: &'a Walk<'a>,
}

impl Safety<'_> {
    fn rule(&self, rule: &Rule) -> Result<(), String> {
        let Rule::Spec { head: of_rule, bodies, .. } = rule else { return Ok(()) };
        let mut known = Names::new();
        arguments(rule).iter().for_each(|argument| variables(argument, &mut known));
        let mut of_head = Vec::new();
        let mut name = head(rule);
        while let Expr::RefBrack { refr, index, .. } = name.as_ref() {
            of_head.push(index);
            name = refr;
        }
        match of_rule {
            RuleHead::Compr { assign, .. } | RuleHead::Func { assign, .. } => {
                of_head.extend(assign.as_ref().map(|assign| &assign.value));
            }
            RuleHead::Set { key, .. } => of_head.extend(key),
        }
        if bodies.is_empty() {
            return self.body(&[], &of_head, known);
        }
        bodies.iter().try_for_each(|part| {
            // What is said in the head is made of the first body alone; an `else` says its own.
            let mut given = if part.is_else { Vec::new() } else { of_head.clone() };
            given.extend(part.assign.as_ref().map(|assign| &assign.value));
            self.body(&part.query.stmts, &given, known.clone())
        })
    }

    /// The lines of a body, and what is made of them: the values of a rule, or the terms of a comprehension.
    fn body(&self, lines: &[LiteralStmt], given: &[&Ref<Expr>], mut known: Names) -> Result<(), String> {
        let mut looked = 0;
        loop {
            let before = known.len();
            lines.iter().for_each(|line| self.gives(line, &mut known));
            given.iter().for_each(|expr| self.references(expr, &mut known));
            if known.len() == before {
                break;
            }
            looked += lines.len();
            if looked > MOST {
                return Ok(());
            }
        }
        // What is gathered is counted at the end of a body too, which nobody wrote.
        given.iter().try_for_each(|expr| self.takes(expr, &known))?;
        lines.iter().try_for_each(|line| self.line(line, &known))
    }

    fn line(&self, line: &LiteralStmt, known: &Names) -> Result<(), String> {
        match &line.literal {
            Literal::SomeVars { .. } => {}
            Literal::SomeIn { key, value, collection, .. } => {
                key.iter().chain([value]).try_for_each(|expr| self.sets(expr, known))?;
                self.takes(collection, known)?;
            }
            Literal::Expr { expr, .. } => match expr.as_ref() {
                Expr::Call { fcn, params, .. } => match params.split_last() {
                    Some((answer, taken)) if self.answers(fcn, taken.len()) => {
                        taken.iter().try_for_each(|expr| self.takes(expr, known))?;
                        self.sets(answer, known)?;
                    }
                    _ => self.takes(expr, known)?,
                },
                _ => self.takes(expr, known)?,
            },
            Literal::NotExpr { expr, .. } => self.takes(expr, known)?,
            Literal::Every { key, value, domain, query, .. } => {
                self.takes(domain, known)?;
                let mut known = known.clone();
                known.extend(key.iter().chain([value]).map(|span| span.text().to_owned()));
                self.body(&query.stmts, &[], known)?;
            }
        }
        line.with_mods.iter().try_for_each(|with| self.takes(&with.r#as, known))
    }

    /// Adds what gets a value in a line, as far as what the line takes has one.
    fn gives(&self, line: &LiteralStmt, known: &mut Names) {
        match &line.literal {
            Literal::SomeVars { .. } | Literal::NotExpr { .. } => {}
            Literal::SomeIn { key, value, collection, .. } => {
                self.references(collection, known);
                if self.has_all(collection, known) {
                    key.iter().chain([value]).for_each(|expr| variables(expr, known));
                }
            }
            Literal::Every { domain, .. } => self.references(domain, known),
            Literal::Expr { expr, .. } => {
                if !is_still_negated(expr) {
                    self.references(expr, known);
                }
                self.condition(expr, known);
            }
        }
        line.with_mods.iter().for_each(|with| self.references(&with.r#as, known));
    }

    fn condition(&self, expr: &Expr, known: &mut Names) {
        match expr {
            Expr::AssignExpr { op: AssignOp::ColEq, lhs, rhs, .. } => match (lhs.as_ref(), rhs.as_ref()) {
                (Expr::Array { .. }, Expr::Array { .. }) => self.equal(lhs, rhs, known),
                _ if self.has_all(rhs, known) => pattern(lhs, known),
                _ => {}
            },
            Expr::AssignExpr { op: AssignOp::Eq, lhs, rhs, .. } => self.equal(lhs, rhs, known),
            Expr::Call { fcn, params, .. } => {
                if let Some((answer, taken)) = params.split_last()
                    && self.answers(fcn, taken.len())
                    && taken.iter().all(|taken| self.has_all(taken, known))
                {
                    variables(answer, known);
                }
            }
            _ => {}
        }
    }

    /// Whether what stands behind so many arguments is what a function answers. Who knows of a function that is not here?
    fn answers(&self, function: &Expr, takes: usize) -> bool {
        let Some((names, true)) = path(function) else { return true };
        let own = self.names.takes(names.clone());
        own.or_else(|| functions::arity(&names.join("."))).is_none_or(|own| own == takes)
    }

    /// Where all of one side has a value, so has the other; lists of one length are compared one by one.
    fn equal(&self, one: &Ref<Expr>, other: &Ref<Expr>, known: &mut Names) {
        if let (Expr::Array { items, .. }, Expr::Array { items: others, .. }) = (one.as_ref(), other.as_ref())
            && items.len() == others.len()
        {
            return items.iter().zip(others).for_each(|(one, other)| self.equal(one, other, known));
        }
        for (from, to) in [(one, other), (other, one)] {
            if self.has_all(from, known) {
                pattern(to, known);
            }
        }
    }

    /// Adds what is in the brackets of references: it goes through all that is there. A reference gives nothing where what
    /// it begins with has no value.
    fn references(&self, expr: &Expr, known: &mut Names) {
        let (exprs, query) = parts(expr);
        if query.is_some() {
            return;
        }
        exprs.into_iter().for_each(|expr| self.references(expr, known));
        if let Expr::RefBrack { index, .. } = expr
            && self.has_all(root(expr), known)
        {
            match index.as_ref() {
                Expr::Set { .. } => variables(index, known),
                _ => pattern(index, known),
            }
        }
    }

    /// Whether all variables outside of comprehensions have a value.
    fn has_all(&self, expr: &Expr, known: &Names) -> bool {
        let mut names = Names::new();
        variables(expr, &mut names);
        names.iter().all(|name| self.has(name, known))
    }

    fn has(&self, name: &str, known: &Names) -> bool {
        known.contains(name) || self.names.is_global(name)
    }

    /// Refuses an expression of which something has no value, comprehensions and what stands in them included.
    fn takes(&self, expr: &Ref<Expr>, known: &Names) -> Result<(), String> {
        match expr.as_ref() {
            Expr::Var { span, .. } => {
                let name = span.text();
                // What was made here has none where what it is made of has none: that is told instead.
                let fine = name.starts_with(OWN) || self.has(name, known);
                if fine { Ok(()) } else { Err(told(span)) }
            }
            Expr::RefBrack { refr, index, .. } => {
                self.takes(refr, known)?;
                self.sets(index, known)
            }
            Expr::AssignExpr { op, lhs, rhs, .. } => {
                self.sets(lhs, known)?;
                match (op, rhs.as_ref()) {
                    (AssignOp::ColEq, Expr::Var { .. }) => self.takes(rhs, known),
                    (AssignOp::ColEq | AssignOp::Eq, _) => self.sets(rhs, known),
                }
            }
            _ => match parts(expr) {
                (exprs, Some(query)) => self.body(&query.stmts, &exprs, known.clone()),
                (exprs, None) => exprs.into_iter().try_for_each(|expr| self.takes(expr, known)),
            },
        }
    }

    /// The same where `_` stands for whatever is there.
    fn sets(&self, expr: &Ref<Expr>, known: &Names) -> Result<(), String> {
        match expr.as_ref() {
            Expr::Var { span, .. } if span.text() == "_" => Ok(()),
            Expr::Array { items, .. } => items.iter().try_for_each(|item| self.sets(item, known)),
            Expr::Object { fields, .. } => fields.iter().try_for_each(|(_, key, value)| {
                self.takes(key, known)?;
                self.sets(value, known)
            }),
            _ => self.takes(expr, known),
        }
    }
}

/// Adds what is set where this is equal to something.
fn pattern(expr: &Expr, known: &mut Names) {
    match expr {
        Expr::Var { .. } => variables(expr, known),
        Expr::Array { items, .. } => items.iter().for_each(|item| pattern(item, known)),
        Expr::Object { fields, .. } => fields.iter().for_each(|(_, _, value)| pattern(value, known)),
        _ => {}
    }
}

/// What a reference begins with.
fn root(expr: &Expr) -> &Expr {
    let mut expr = expr;
    while let Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } = expr {
        expr = refr;
    }
    expr
}

/// Whether it is a line in which something was taken out of a `not` only for its value: OPA leaves references there, and
/// takes calls out with all that is in them.
fn is_still_negated(expr: &Expr) -> bool {
    let Expr::AssignExpr { lhs, rhs, .. } = expr else { return false };
    let is_ours = matches!(lhs.as_ref(), Expr::Var { span, .. } if span.text().starts_with(OWN));
    is_ours && is_plain_reference(rhs)
}

/// A reference in whose brackets is no more than a name or a value.
fn is_plain_reference(expr: &Expr) -> bool {
    match expr {
        Expr::Var { .. } => true,
        Expr::RefDot { refr, .. } => is_plain_reference(refr),
        Expr::RefBrack { refr, index, .. } => is_plain_reference(refr) && parts(index).0.is_empty(),
        _ => false,
    }
}

fn told(span: &Span) -> String {
    let what = match span.text() {
        "_" => "`_` has no value here (OPA says that it is unsafe): it stands for anything only in brackets and in patterns"
            .to_owned(),
        name => format!(
            "`{name}` has no value here (OPA says that it is unsafe); give it one, as in `{name} := …` or `some {name} in …`"
        ),
    };
    at(span, &what)
}
