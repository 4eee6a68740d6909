//! What an expression certainly answers with, as far as its outermost part tells: an API server does not take a policy
//! whose rule is a number. Knows nothing of what is evaluated.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};

/// A type of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// True or false.
    Flag,
    /// A text.
    Text,
    /// Nothing.
    Null,
    /// Something else: a number, a list, a mapping.
    Other,
    /// Whatever a manifest has there.
    Anything,
}

const FLAGS: [&str; 12] = [
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::GREATER_EQUALS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::LESS,
    operators::IN,
    "startsWith",
    "endsWith",
];

const OTHERS: [&str; 8] = [
    operators::SUBSTRACT,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::NEGATE,
    "size",
    "int",
    "double",
];

/// What an expression answers with, where that is certain.
pub(super) fn answer(expression: &IdedExpr) -> Option<Answer> {
    match &expression.expr {
        Expr::Literal(LiteralValue::Boolean(_)) => Some(Answer::Flag),
        Expr::Literal(LiteralValue::String(_)) => Some(Answer::Text),
        Expr::Literal(LiteralValue::Null) => Some(Answer::Null),
        Expr::Literal(
            LiteralValue::Bytes(_) | LiteralValue::Double(_) | LiteralValue::Int(_) | LiteralValue::UInt(_),
        )
        | Expr::List(_)
        | Expr::Map(_) => Some(Answer::Other),
        Expr::Select(select) if select.test => Some(Answer::Flag),
        Expr::Select(select) => is_of_manifest(&select.operand).then_some(Answer::Anything),
        Expr::Call(call) => of_call(call),
        Expr::Unspecified | Expr::Comprehension(_) | Expr::Ident(_) | Expr::Struct(_) => None,
    }
}

fn of_call(call: &CallExpr) -> Option<Answer> {
    match call.func_name.as_str() {
        name if FLAGS.contains(&name) => Some(Answer::Flag),
        name if OTHERS.contains(&name) => Some(Answer::Other),
        "string" => Some(Answer::Text),
        // Both sides are of one type.
        operators::ADD => call.args.iter().find_map(answer),
        operators::CONDITIONAL => {
            match (call.args.get(1).and_then(answer), call.args.get(2).and_then(answer)) {
                (Some(one), Some(other)) if one == other => Some(one),
                // An API server takes none whose two sides are of two types.
                (Some(one), Some(other)) if ![one, other].contains(&Answer::Anything) => Some(Answer::Other),
                _ => None,
            }
        }
        operators::INDEX => call.args.first().is_some_and(is_of_manifest).then_some(Answer::Anything),
        _ => None,
    }
}

/// Whether it is a manifest, or something in one.
fn is_of_manifest(expression: &IdedExpr) -> bool {
    match &expression.expr {
        Expr::Ident(name) => ["object", "oldObject", "params"].contains(&name.as_str()),
        Expr::Select(select) => !select.test && is_of_manifest(&select.operand),
        Expr::Call(call) if call.func_name == operators::INDEX => {
            call.args.first().is_some_and(is_of_manifest)
        }
        Expr::Call(_)
        | Expr::Unspecified
        | Expr::Comprehension(_)
        | Expr::List(_)
        | Expr::Literal(_)
        | Expr::Map(_)
        | Expr::Struct(_) => false,
    }
}
