//! Loops with two variables and `cel.bind`, as macros. A loop with two variables becomes one with one variable, over
//! pairs: the crate underneath evaluates no other. The pair's name cannot be spelled, so nothing captures it.

use std::collections::HashMap;

use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, ListExpr, LiteralValue, operators,
};
use cel::common::types::{CelInt, CelList, CelMap, CelMapKey, DYN_TYPE, LIST_TYPE};
use cel::common::value::{CowVal, Val};
use cel::parser::{Macro, MacroExprHelper, ParseError};
use cel::{DeclarationError, Env, ExecutionError};

/// The pairs of key and value of a map in the keys' order, or of index and element of a list.
pub(in super::super) const PAIRS: &str = "@pairs";
/// The map of pairs.
const MAP: &str = "@map";
/// The map of the entries of maps.
const UNION: &str = "@union";
/// What results of `transformMap` and `transformMapEntry` are made by.
pub(super) const FUNCTIONS: &[&str] = &[PAIRS, MAP, UNION];

const RESULT: &str = "@result";

type Expanded = Result<Option<IdedExpr>, ParseError>;
type Helper<'h, 'p> = &'h mut MacroExprHelper<'p>;
type Expander = fn(Helper<'_, '_>, &mut Option<IdedExpr>, &mut Vec<IdedExpr>) -> Expanded;

pub(super) fn add(env: &mut Env) -> Result<(), DeclarationError> {
    let macros: [(&str, usize, Expander); 11] = [
        ("all", 3, all),
        ("exists", 3, exists),
        ("existsOne", 3, exists_one),
        ("exists_one", 3, exists_one),
        ("transformList", 3, transform_list),
        ("transformList", 4, transform_list),
        ("transformMap", 3, transform_map),
        ("transformMap", 4, transform_map),
        ("transformMapEntry", 3, transform_entries),
        ("transformMapEntry", 4, transform_entries),
        ("bind", 3, bind),
    ];
    for (name, arguments, expander) in macros {
        env.add_macro(Macro::receiver(name, arguments, expander))?;
    }
    env.add_overload(PAIRS, PAIRS, vec![DYN_TYPE], pairs)?;
    env.add_overload(MAP, MAP, vec![LIST_TYPE], map)?;
    env.add_overload(UNION, UNION, vec![LIST_TYPE], union)
}

fn ident(helper: Helper<'_, '_>, name: &str) -> IdedExpr {
    helper.next_expr(Expr::Ident(name.to_owned()))
}

fn call(helper: Helper<'_, '_>, name: &str, args: Vec<IdedExpr>) -> IdedExpr {
    helper.next_expr(Expr::Call(CallExpr { func_name: name.to_owned(), target: None, args }))
}

fn flag(helper: Helper<'_, '_>, value: bool) -> IdedExpr {
    helper.next_expr(Expr::Literal(LiteralValue::Boolean(value.into())))
}

fn number(helper: Helper<'_, '_>, value: i64) -> IdedExpr {
    helper.next_expr(Expr::Literal(LiteralValue::Int(value.into())))
}

fn name_of(helper: Helper<'_, '_>, node: &IdedExpr) -> Result<String, ParseError> {
    match &node.expr {
        Expr::Ident(name) => Ok(name.clone()),
        Expr::Unspecified
        | Expr::Call(_)
        | Expr::Comprehension(_)
        | Expr::List(_)
        | Expr::Literal(_)
        | Expr::Map(_)
        | Expr::Select(_)
        | Expr::Struct(_) => Err(helper.new_error(node.id, "the argument has to be a simple name")),
    }
}

/// The pairs that a loop runs over, the name of one, and the bodies that speak of it instead of its two variables.
struct Opened {
    range: IdedExpr,
    pair: String,
    bodies: Vec<IdedExpr>,
}

fn opened(
    helper: Helper<'_, '_>,
    target: &mut Option<IdedExpr>,
    args: &mut Vec<IdedExpr>,
) -> Result<Opened, ParseError> {
    let bodies = args.split_off(args.len().min(2));
    let mut names = Vec::new();
    for arg in args.iter() {
        names.push(name_of(helper, arg)?);
    }
    let range = target.take().unwrap_or_default();
    let range = call(helper, PAIRS, vec![range]);
    let pair = format!("@pair{}", range.id);
    let bodies = bodies.into_iter().map(|mut body| {
        // The second name hides the first where they are the same.
        for (index, name) in names.iter().enumerate().rev() {
            put(&mut body, name, &pair, index as i64);
        }
        body
    });
    Ok(Opened { range, bodies: bodies.collect(), pair })
}

/// Puts `pair[index]` where `name` stands, unless a loop within has a variable of that name.
fn put(node: &mut IdedExpr, name: &str, pair: &str, index: i64) {
    let id = node.id;
    match &mut node.expr {
        Expr::Ident(own) if own == name => {
            let of = |expr: Expr| IdedExpr { id, expr };
            let args =
                vec![of(Expr::Ident(pair.to_owned())), of(Expr::Literal(LiteralValue::Int(index.into())))];
            node.expr = Expr::Call(CallExpr { func_name: operators::INDEX.to_owned(), target: None, args });
        }
        Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => {}
        Expr::Select(select) => put(&mut select.operand, name, pair, index),
        Expr::Call(call) => {
            let parts = call.target.as_deref_mut().into_iter().chain(&mut call.args);
            parts.for_each(|part| put(part, name, pair, index));
        }
        Expr::List(list) => list.elements.iter_mut().for_each(|part| put(part, name, pair, index)),
        Expr::Map(map) => {
            for entry in &mut map.entries {
                if let EntryExpr::MapEntry(entry) = &mut entry.expr {
                    put(&mut entry.key, name, pair, index);
                    put(&mut entry.value, name, pair, index);
                }
            }
        }
        Expr::Struct(message) => {
            for entry in &mut message.entries {
                if let EntryExpr::StructField(field) = &mut entry.expr {
                    put(&mut field.value, name, pair, index);
                }
            }
        }
        Expr::Comprehension(inner) => {
            put(&mut inner.iter_range, name, pair, index);
            put(&mut inner.accu_init, name, pair, index);
            if inner.accu_var != name {
                put(&mut inner.result, name, pair, index);
                if inner.iter_var != name {
                    put(&mut inner.loop_cond, name, pair, index);
                    put(&mut inner.loop_step, name, pair, index);
                }
            }
        }
    }
}

/// A loop from its parts: what it begins with, whether it goes on, one step, and what comes of it.
fn looped(helper: Helper<'_, '_>, opened: Opened, [init, cond, step, result]: [IdedExpr; 4]) -> IdedExpr {
    helper.next_expr(Expr::Comprehension(Box::new(ComprehensionExpr {
        iter_range: opened.range,
        iter_var: opened.pair,
        iter_var2: None,
        accu_var: RESULT.to_owned(),
        accu_init: init,
        loop_cond: cond,
        loop_step: step,
        result,
    })))
}

fn body(opened: &mut Opened) -> IdedExpr {
    opened.bodies.pop().unwrap_or_default()
}

fn all(helper: Helper<'_, '_>, target: &mut Option<IdedExpr>, args: &mut Vec<IdedExpr>) -> Expanded {
    let mut opened = opened(helper, target, args)?;
    let so_far = ident(helper, RESULT);
    let cond = call(helper, operators::NOT_STRICTLY_FALSE, vec![so_far]);
    let so_far = ident(helper, RESULT);
    let step = call(helper, operators::LOGICAL_AND, vec![so_far, body(&mut opened)]);
    let parts = [flag(helper, true), cond, step, ident(helper, RESULT)];
    Ok(Some(looped(helper, opened, parts)))
}

fn exists(helper: Helper<'_, '_>, target: &mut Option<IdedExpr>, args: &mut Vec<IdedExpr>) -> Expanded {
    let mut opened = opened(helper, target, args)?;
    let so_far = ident(helper, RESULT);
    let not = call(helper, operators::LOGICAL_NOT, vec![so_far]);
    let cond = call(helper, operators::NOT_STRICTLY_FALSE, vec![not]);
    let so_far = ident(helper, RESULT);
    let step = call(helper, operators::LOGICAL_OR, vec![so_far, body(&mut opened)]);
    let parts = [flag(helper, false), cond, step, ident(helper, RESULT)];
    Ok(Some(looped(helper, opened, parts)))
}

fn exists_one(helper: Helper<'_, '_>, target: &mut Option<IdedExpr>, args: &mut Vec<IdedExpr>) -> Expanded {
    let mut opened = opened(helper, target, args)?;
    let more = vec![ident(helper, RESULT), number(helper, 1)];
    let more = call(helper, operators::ADD, more);
    let step = vec![body(&mut opened), more, ident(helper, RESULT)];
    let step = call(helper, operators::CONDITIONAL, step);
    let one = vec![ident(helper, RESULT), number(helper, 1)];
    let parts = [number(helper, 0), flag(helper, true), step, call(helper, operators::EQUALS, one)];
    Ok(Some(looped(helper, opened, parts)))
}

/// The list of what `of` makes of each body that is wanted.
fn list(
    helper: Helper<'_, '_>,
    target: &mut Option<IdedExpr>,
    args: &mut Vec<IdedExpr>,
    of: fn(Helper<'_, '_>, &str, IdedExpr) -> IdedExpr,
) -> Result<IdedExpr, ParseError> {
    let mut opened = opened(helper, target, args)?;
    let item = body(&mut opened);
    let item = of(helper, &opened.pair, item);
    let item = helper.next_expr(Expr::List(ListExpr::new(vec![item])));
    let so_far = ident(helper, RESULT);
    let mut step = call(helper, operators::ADD, vec![so_far, item]);
    if let Some(wanted) = opened.bodies.pop() {
        let so_far = ident(helper, RESULT);
        step = call(helper, operators::CONDITIONAL, vec![wanted, step, so_far]);
    }
    let empty = helper.next_expr(Expr::List(ListExpr::new(Vec::new())));
    let parts = [empty, flag(helper, true), step, ident(helper, RESULT)];
    Ok(looped(helper, opened, parts))
}

fn transform_list(
    helper: Helper<'_, '_>,
    target: &mut Option<IdedExpr>,
    args: &mut Vec<IdedExpr>,
) -> Expanded {
    list(helper, target, args, |_, _, item| item).map(Some)
}

fn transform_map(
    helper: Helper<'_, '_>,
    target: &mut Option<IdedExpr>,
    args: &mut Vec<IdedExpr>,
) -> Expanded {
    let pairs = list(helper, target, args, |helper, pair, item| {
        let key = vec![ident(helper, pair), number(helper, 0)];
        let key = call(helper, operators::INDEX, key);
        helper.next_expr(Expr::List(ListExpr::new(vec![key, item])))
    })?;
    Ok(Some(call(helper, MAP, vec![pairs])))
}

fn transform_entries(
    helper: Helper<'_, '_>,
    target: &mut Option<IdedExpr>,
    args: &mut Vec<IdedExpr>,
) -> Expanded {
    let maps = list(helper, target, args, |_, _, item| item)?;
    Ok(Some(call(helper, UNION, vec![maps])))
}

/// `cel.bind(name, value, body)`: a loop that never runs, whose result is the body.
fn bind(helper: Helper<'_, '_>, target: &mut Option<IdedExpr>, args: &mut Vec<IdedExpr>) -> Expanded {
    if !matches!(target.as_ref().map(|target| &target.expr), Some(Expr::Ident(name)) if name == "cel") {
        return Ok(None);
    }
    let result = args.pop().unwrap_or_default();
    let value = args.pop().unwrap_or_default();
    let name = name_of(helper, &args.pop().unwrap_or_default())?;
    let bound = ComprehensionExpr {
        iter_range: helper.next_expr(Expr::List(ListExpr::new(Vec::new()))),
        iter_var: "#unused".to_owned(),
        iter_var2: None,
        loop_step: ident(helper, &name),
        accu_var: name,
        accu_init: value,
        loop_cond: flag(helper, false),
        result,
    };
    Ok(Some(helper.next_expr(Expr::Comprehension(Box::new(bound)))))
}

fn pair<'v>(key: Box<dyn Val + 'v>, value: Box<dyn Val + 'v>) -> Box<dyn Val + 'v> {
    Box::new(CelList::from(vec![key, value]))
}

fn pairs<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [range] = args.as_slice() else { return Err(ExecutionError::missing_argument_or_target()) };
    let pairs: Vec<Box<dyn Val + 'v>> = if let Some(map) = range.downcast_ref::<CelMap<'v>>() {
        let mut entries: Vec<_> = map.inner().iter().collect();
        entries.sort_by_key(|(key, _)| *key);
        entries
            .into_iter()
            .map(|(key, value)| pair(key.inner().clone_as_boxed(), value.clone_as_boxed()))
            .collect()
    } else if let Some(list) = range.downcast_ref::<CelList<'v>>() {
        let index = |at: usize| Box::new(CelInt::from(i64::try_from(at).unwrap_or(i64::MAX)));
        list.inner().iter().enumerate().map(|(at, item)| pair(index(at), item.clone_as_boxed())).collect()
    } else {
        return Err(ExecutionError::function_error("loop", "it runs over what is neither a list nor a map"));
    };
    Ok(CowVal::owned(CelList::from(pairs)))
}

fn insert<'v>(
    entries: &mut HashMap<CelMapKey<'v>, Box<dyn Val + 'v>>,
    key: CelMapKey<'v>,
    value: Box<dyn Val + 'v>,
) -> Result<(), ExecutionError> {
    match entries.insert(key, value) {
        None => Ok(()),
        Some(_) => Err(ExecutionError::function_error("transformMapEntry", "a key comes twice")),
    }
}

fn map<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let mut entries = HashMap::new();
    let wrong = ExecutionError::missing_argument_or_target;
    let [list] = args.as_slice() else { return Err(wrong()) };
    for pair in list.downcast_ref::<CelList<'v>>().ok_or_else(wrong)?.inner() {
        let Some([key, value]) = pair.downcast_ref::<CelList<'v>>().map(CelList::inner) else {
            return Err(wrong());
        };
        let key = CelMapKey::try_from(key.clone_as_boxed()).map_err(|_| wrong())?;
        insert(&mut entries, key, value.clone_as_boxed())?;
    }
    Ok(CowVal::owned(CelMap::from(entries)))
}

fn union<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let mut entries = HashMap::new();
    let wrong = ExecutionError::missing_argument_or_target;
    let [list] = args.as_slice() else { return Err(wrong()) };
    for map in list.downcast_ref::<CelList<'v>>().ok_or_else(wrong)?.inner() {
        let map = map.downcast_ref::<CelMap<'v>>();
        let not_a_map = || ExecutionError::function_error("transformMapEntry", "its result is no map");
        for (key, value) in map.ok_or_else(not_a_map)?.inner() {
            let key = CelMapKey::try_from(key.inner().clone_as_boxed()).map_err(|_| wrong())?;
            insert(&mut entries, key, value.clone_as_boxed())?;
        }
    }
    Ok(CowVal::owned(CelMap::from(entries)))
}
