//! Walking the syntax tree of a policy.

use std::collections::BTreeSet;

use regorus::unstable::{Expr, Literal, Query, Ref, Rule, RuleHead};

/// What an expression consists of: other expressions, and the body of a comprehension.
pub(super) fn parts(expr: &Expr) -> (Vec<&Ref<Expr>>, Option<&Ref<Query>>) {
    match expr {
        Expr::String { .. }
        | Expr::RawString { .. }
        | Expr::Number { .. }
        | Expr::Bool { .. }
        | Expr::Null { .. }
        | Expr::Var { .. } => (Vec::new(), None),
        Expr::Array { items, .. } | Expr::Set { items, .. } => (items.iter().collect(), None),
        Expr::Object { fields, .. } => {
            (fields.iter().flat_map(|(_, key, value)| [key, value]).collect(), None)
        }
        Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
            (vec![term], Some(query))
        }
        Expr::ObjectCompr { key, value, query, .. } => (vec![key, value], Some(query)),
        // The name of the function is no expression of its own.
        Expr::Call { params, .. } => (params.iter().collect(), None),
        Expr::UnaryExpr { expr, .. } => (vec![expr], None),
        Expr::RefDot { refr, .. } => (vec![refr], None),
        Expr::RefBrack { refr, index, .. } => (vec![refr, index], None),
        Expr::BinExpr { lhs, rhs, .. }
        | Expr::BoolExpr { lhs, rhs, .. }
        | Expr::ArithExpr { lhs, rhs, .. }
        | Expr::AssignExpr { lhs, rhs, .. } => (vec![lhs, rhs], None),
        Expr::Membership { key, value, collection, .. } => {
            (key.iter().chain([value, collection]).collect(), None)
        }
    }
}

/// What a literal consists of, without the body of `every`.
pub(super) fn of_literal(literal: &Literal) -> Vec<&Ref<Expr>> {
    match literal {
        Literal::SomeVars { .. } => Vec::new(),
        Literal::SomeIn { key, value, collection, .. } => key.iter().chain([value, collection]).collect(),
        Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => vec![expr],
        Literal::Every { domain, .. } => vec![domain],
    }
}

/// A rule's name, and whatever is behind it.
pub(super) fn head(rule: &Rule) -> &Ref<Expr> {
    match rule {
        Rule::Spec {
            head: RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. } | RuleHead::Func { refr, .. },
            ..
        }
        | Rule::Default { refr, .. } => refr,
    }
}

/// The arguments of a function.
pub(super) fn arguments(rule: &Rule) -> &[Ref<Expr>] {
    match rule {
        Rule::Spec { head: RuleHead::Func { args, .. }, .. } | Rule::Default { args, .. } => args,
        Rule::Spec { head: RuleHead::Compr { .. } | RuleHead::Set { .. }, .. } => &[],
    }
}

/// What a rule gives.
pub(super) fn given(rule: &Rule) -> Vec<&Ref<Expr>> {
    match rule {
        Rule::Default { value, .. } => vec![value],
        Rule::Spec { head, bodies, .. } => {
            let of_head = match head {
                RuleHead::Compr { assign, .. } | RuleHead::Func { assign, .. } => {
                    assign.as_ref().map(|assign| &assign.value)
                }
                RuleHead::Set { key, .. } => key.as_ref(),
            };
            let of_bodies = bodies.iter().filter_map(|body| body.assign.as_ref()).map(|assign| &assign.value);
            of_head.into_iter().chain(of_bodies).collect()
        }
    }
}

/// The bodies of a rule.
pub(super) fn bodies(rule: &Rule) -> Vec<&Ref<Query>> {
    match rule {
        Rule::Default { .. } => Vec::new(),
        Rule::Spec { bodies, .. } => bodies.iter().map(|body| &body.query).collect(),
    }
}

/// The names that a reference begins with, as far as they are written out: `data`, `lib`, `f` of `data.lib.f[x]`, and
/// whether that is all of it.
pub(super) fn path(expr: &Expr) -> Option<(Vec<String>, bool)> {
    match expr {
        Expr::Var { span, .. } => Some((vec![span.text().to_owned()], true)),
        Expr::RefDot { refr, field, .. } => {
            let (mut names, whole) = path(refr)?;
            if whole {
                names.push(field.0.text().to_owned());
            }
            Some((names, whole))
        }
        Expr::RefBrack { refr, index, .. } => {
            let (mut names, whole) = path(refr)?;
            match index.as_ref() {
                Expr::String { value, .. } | Expr::RawString { value, .. } if whole => {
                    let name = value.as_string().ok()?;
                    names.push(name.as_ref().to_owned());
                    Some((names, true))
                }
                _ => Some((names, false)),
            }
        }
        _ => None,
    }
}

/// The variables of an expression, without those of comprehensions in it.
pub(super) fn variables(expr: &Expr, to: &mut BTreeSet<String>) {
    if let Expr::Var { span, .. } = expr {
        if span.text() != "_" {
            to.insert(span.text().to_owned());
        }
        return;
    }
    let (exprs, query) = parts(expr);
    if query.is_none() {
        exprs.into_iter().for_each(|expr| variables(expr, to));
    }
}
