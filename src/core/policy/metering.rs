//! The walk over a compiled expression that checks its names and bounds, and puts the meter in. Knows nothing of
//! what is evaluated.

use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr, SourceInfo, operators,
};
use cel::common::types::CelInt;

use std::collections::BTreeSet;

use super::expression::{DEEPEST, DEEPEST_LOOPS, ExpressionError};
use super::libraries;
use super::names::{Names, composed, is_field_of_request};
use super::value::{AMONG, KNOWN, LONGEST_AMONG, METER, Touch};
use super::vocabulary::{FUNCTIONS, NAMESPACES, SURFACE, TYPES};
use crate::config::{nearest, one_of};

/// An expression with the meter in it, and what it names.
pub(super) struct Metered {
    pub(super) root: IdedExpr,
    /// Variables that are given, and `request.operation`.
    pub(super) reads: BTreeSet<String>,
}

/// Puts the meter into an expression.
pub(super) fn put_in(
    root: IdedExpr,
    places: &SourceInfo,
    names: &Names<'_>,
) -> Result<Metered, ExpressionError> {
    let mut walk = Metering { places, names, bound: Vec::new(), reads: BTreeSet::new() };
    let root = walk.expression(root, Depth { nested: 0, loops: 0 })?;
    Ok(Metered { root, reads: walk.reads })
}

/// How deep the walk is.
#[derive(Debug, Clone, Copy)]
struct Depth {
    nested: u16,
    loops: usize,
}

struct Metering<'s> {
    places: &'s SourceInfo,
    names: &'s Names<'s>,
    /// Variables of the loops around.
    bound: Vec<String>,
    reads: BTreeSet<String>,
}

impl Metering<'_> {
    fn refuse(&self, id: u64, message: String, hint: Option<String>) -> ExpressionError {
        let source = self.places.source.as_str();
        let whole = || (0, u32::try_from(source.len()).unwrap_or(u32::MAX).saturating_sub(1));
        let (first, last) = self.places.offset_for(id).unwrap_or_else(whole);
        let start = source.floor_char_boundary(first as usize);
        let stop = source.ceil_char_boundary((last as usize).saturating_add(1)).max(start + 1);
        ExpressionError { offset: start, width: stop - start, message, hint }
    }

    fn expression(&mut self, node: IdedExpr, depth: Depth) -> Result<IdedExpr, ExpressionError> {
        let id = node.id;
        if depth.nested > DEEPEST {
            return Err(self.refuse(id, format!("this expression nests deeper than {DEEPEST}"), None));
        }
        let inner = Depth { nested: depth.nested + 1, ..depth };
        let expr = match node.expr {
            Expr::Unspecified => return Err(self.refuse(id, "this is not an expression".to_owned(), None)),
            Expr::Struct(_) => {
                return Err(self.refuse(id, "messages cannot be built in a check".to_owned(), None));
            }
            Expr::Literal(literal) => Expr::Literal(literal),
            Expr::Ident(name) => self.variable(id, name)?,
            Expr::Select(select) if self.given(&select.operand) == Some("variables") => {
                return self.variable_of_policy(id, &select.field, select.test);
            }
            Expr::Select(select) if self.given(&select.operand) == Some("request") => {
                return self.field_of_request(id, select);
            }
            Expr::Select(mut select) => {
                *select.operand = self.expression(std::mem::take(&mut *select.operand), inner)?;
                Expr::Select(select)
            }
            Expr::List(mut list) => {
                list.elements = self.all(list.elements, Touch::Copy, inner)?;
                Expr::List(list)
            }
            Expr::Map(mut map) => {
                for entry in &mut map.entries {
                    if let EntryExpr::MapEntry(entry) = &mut entry.expr {
                        entry.key = self.paid(std::mem::take(&mut entry.key), Touch::Read, inner)?;
                        entry.value = self.paid(std::mem::take(&mut entry.value), Touch::Copy, inner)?;
                    }
                }
                Expr::Map(map)
            }
            Expr::Comprehension(comprehension) => self.comprehension(id, *comprehension, inner)?,
            Expr::Call(call) => self.call(id, call, inner)?,
        };
        Ok(IdedExpr { id, expr })
    }

    /// The variable that an expression is, where it is one that is given.
    fn given<'e>(&self, node: &'e IdedExpr) -> Option<&'e str> {
        let Expr::Ident(name) = &node.expr else { return None };
        (!self.bound.contains(name)).then_some(name)
    }

    fn refuse_authorizer(&self, id: u64) -> ExpressionError {
        let message = "`authorizer` is not supported: who may do what is known to the cluster alone";
        self.refuse(id, message.to_owned(), None)
    }

    /// `variables.NAME`: as it was evaluated, or an error where it could not be.
    fn variable_of_policy(&mut self, id: u64, name: &str, test: bool) -> Result<IdedExpr, ExpressionError> {
        let Some(known) = self.names.composed else {
            return Err(self.refuse(id, "there are no `variables` here".to_owned(), None));
        };
        if test {
            return Err(self.refuse(id, format!("`has(variables.{name})` is not supported"), None));
        }
        if !known.iter().any(|known| known == name) {
            let hint = nearest(name, known.iter().map(String::as_str))
                .map(|near| format!("did you mean `variables.{near}`?"));
            return Err(self.refuse(
                id,
                format!("there is no `variables.{name}` before this expression"),
                hint,
            ));
        }
        Ok(known_only(id, IdedExpr { id, expr: Expr::Ident(composed(name)) }))
    }

    fn field_of_request(&mut self, id: u64, select: SelectExpr) -> Result<IdedExpr, ExpressionError> {
        let field = &select.field;
        if !is_field_of_request(field) {
            return Err(self.refuse(id, format!("`request` has no `{field}` here"), None));
        }
        self.reads.insert(format!("request.{field}"));
        let test = select.test;
        let select = IdedExpr { id, expr: Expr::Select(select) };
        Ok(if test { select } else { known_only(id, select) })
    }

    fn variable(&mut self, id: u64, name: String) -> Result<Expr, ExpressionError> {
        if self.bound.contains(&name) || name.starts_with(['@', '#']) {
            return Ok(Expr::Ident(name));
        }
        if name == "request" || name == "variables" {
            let message = format!("`{name}` is there only with what is wanted of it");
            return Err(self.refuse(id, message, Some("write it out, like `request.operation`".to_owned())));
        }
        if name == "authorizer" {
            return Err(self.refuse_authorizer(id));
        }
        let variables = self.names.variables;
        if variables.contains(&name.as_str()) {
            let node = IdedExpr { id, expr: Expr::Ident(name.clone()) };
            let may_be_unknown = ["namespaceObject", "params"].contains(&name.as_str());
            self.reads.insert(name);
            return Ok(if may_be_unknown { known_only(id, node).expr } else { node.expr });
        }
        if TYPES.contains(&name.as_str()) {
            return Ok(Expr::Ident(name));
        }
        let hint = nearest(&name, variables.iter().copied()).map_or_else(
            || format!("expected {}", one_of(variables)),
            |near| format!("did you mean `{near}`?"),
        );
        Err(self.refuse(id, format!("there is no variable `{name}`"), Some(hint)))
    }

    fn comprehension(
        &mut self,
        id: u64,
        mut loops: ComprehensionExpr,
        depth: Depth,
    ) -> Result<Expr, ExpressionError> {
        // `cel.bind` and the like are loops that never run.
        let runs =
            !matches!(&loops.loop_cond.expr, Expr::Literal(LiteralValue::Boolean(flag)) if !*flag.inner());
        let inner = Depth { loops: depth.loops + usize::from(runs), ..depth };
        if inner.loops > DEEPEST_LOOPS {
            let message = format!("loops nest deeper than {DEEPEST_LOOPS}");
            return Err(self.refuse(id, message, Some("split the check into several".to_owned())));
        }
        loops.iter_range = self.paid(loops.iter_range, Touch::Range, depth)?;
        loops.accu_init = self.paid(loops.accu_init, Touch::Copy, depth)?;
        let outside = self.bound.len();
        self.bound.push(loops.accu_var.clone());
        self.bound.push(loops.iter_var.clone());
        self.bound.extend(loops.iter_var2.clone());
        loops.loop_cond = self.expression(loops.loop_cond, inner)?;
        loops.loop_step = self.expression(loops.loop_step, inner)?;
        loops.result = self.expression(loops.result, inner)?;
        self.bound.truncate(outside);
        Ok(Expr::Comprehension(Box::new(loops)))
    }

    fn call(&mut self, id: u64, mut call: CallExpr, depth: Depth) -> Result<Expr, ExpressionError> {
        let namespace = call.target.as_ref().and_then(|target| {
            let Expr::Ident(name) = &target.expr else { return None };
            let known = NAMESPACES.contains(&name.as_str()) || libraries::NAMESPACES.contains(&name.as_str());
            (known && !self.bound.contains(name)).then_some(name)
        });
        let name =
            namespace.map_or_else(|| call.func_name.clone(), |space| format!("{space}.{}", call.func_name));
        let in_namespace = namespace.is_some();
        let root = call.target.as_deref().map(root);
        if let Some(root) = root.filter(|root| self.given(root) == Some("authorizer")) {
            return Err(self.refuse_authorizer(root.id));
        }
        self.known_function(id, &name)?;
        if let (operators::IN, [value, list]) = (name.as_str(), call.args.as_slice())
            && let Some(constants) = short_constants(list)
        {
            // The list would be made anew each time. Its length is bounded, and so is what it costs.
            let value = self.paid(value.clone(), Touch::Read, depth)?;
            let args = std::iter::once(value).chain(constants.iter().cloned()).collect();
            return Ok(Expr::Call(CallExpr { func_name: AMONG.to_owned(), target: None, args }));
        }
        if let Some(target) = call.target.as_mut().filter(|_| !in_namespace) {
            **target = self.paid(std::mem::take(&mut **target), touch_of_target(&name), depth)?;
        }
        let last = call.args.len().saturating_sub(1);
        // Whether something is null shows on its surface.
        let is_null = |arg: &IdedExpr| matches!(arg.expr, Expr::Literal(LiteralValue::Null));
        let asks_for_null = [operators::EQUALS, operators::NOT_EQUALS].contains(&name.as_str())
            && call.args.iter().any(is_null);
        let mut args = Vec::with_capacity(call.args.len());
        for (index, arg) in call.args.into_iter().enumerate() {
            let touch = touch_of_argument(&name, index, last).filter(|_| !asks_for_null);
            args.push(match touch {
                Some(touch) => self.paid(arg, touch, depth)?,
                None => self.expression(arg, depth)?,
            });
        }
        if libraries::PAYING.contains(&name.as_str()) {
            let target = call.target.filter(|_| !in_namespace).map(|target| *target);
            let meter = IdedExpr { id, expr: Expr::Ident(METER.to_owned()) };
            let args = std::iter::once(meter).chain(target).chain(args).collect();
            return Ok(Expr::Call(CallExpr { func_name: libraries::paying(&name), target: None, args }));
        }
        Ok(Expr::Call(CallExpr { args, ..call }))
    }

    /// The same at the name of a function: its place is the parenthesis behind it.
    fn refuse_function(&self, id: u64, name: &str, message: String, hint: Option<String>) -> ExpressionError {
        let error = self.refuse(id, message, hint);
        let before = self.places.source.get(..error.offset).unwrap_or_default();
        let word = name.rsplit('.').next().unwrap_or(name);
        match before.trim_end().ends_with(word) {
            true => {
                ExpressionError { offset: before.trim_end().len() - word.len(), width: word.len(), ..error }
            }
            false => error,
        }
    }

    fn known_function(&self, id: u64, name: &str) -> Result<(), ExpressionError> {
        if SURFACE.contains(&name)
            || FUNCTIONS.contains(&name)
            || libraries::PAYING.contains(&name)
            || libraries::has(name)
        {
            return Ok(());
        }
        let names = SURFACE.into_iter().chain(FUNCTIONS).chain(libraries::PAYING).chain(libraries::names());
        let near = nearest(name, names.filter(|known| !known.contains(['_', '@'])));
        let hint = near.map(|near| format!("did you mean `{near}`?"));
        let message = format!("there is no function `{name}` with these arguments");
        Err(self.refuse_function(id, name, message, hint))
    }

    fn all(
        &mut self,
        nodes: Vec<IdedExpr>,
        touch: Touch,
        depth: Depth,
    ) -> Result<Vec<IdedExpr>, ExpressionError> {
        nodes.into_iter().map(|node| self.paid(node, touch, depth)).collect()
    }

    /// The expression, paid for by its value each time. What cannot be large or secret is free.
    fn paid(&mut self, node: IdedExpr, touch: Touch, depth: Depth) -> Result<IdedExpr, ExpressionError> {
        let node = self.expression(node, depth)?;
        let free = match &node.expr {
            Expr::Literal(_) => touch != Touch::Pattern,
            Expr::Ident(name) => name.starts_with(['@', '#']),
            // Its elements have paid already. The compiler knows loops that only append by this very shape.
            Expr::List(list) => list.elements.is_empty() || touch == Touch::Copy,
            Expr::Select(select) => select.test,
            Expr::Unspecified | Expr::Call(_) | Expr::Comprehension(_) | Expr::Map(_) | Expr::Struct(_) => {
                false
            }
        };
        if free {
            return Ok(node);
        }
        let meter = IdedExpr { id: node.id, expr: Expr::Ident(METER.to_owned()) };
        let touch = Expr::Literal(LiteralValue::Int(CelInt::from(touch as i64)));
        let touch = IdedExpr { id: node.id, expr: touch };
        let id = node.id;
        let call = CallExpr { func_name: METER.to_owned(), target: None, args: vec![meter, touch, node] };
        Ok(IdedExpr { id, expr: Expr::Call(call) })
    }
}

/// The elements of a list that holds a few constants and nothing else.
fn short_constants(node: &IdedExpr) -> Option<&[IdedExpr]> {
    let Expr::List(list) = &node.expr else { return None };
    let is_constant = |element: &IdedExpr| matches!(element.expr, Expr::Literal(_));
    let is_short = (1..=LONGEST_AMONG).contains(&list.elements.len()) && list.optional_indices.is_empty();
    (is_short && list.elements.iter().all(is_constant)).then_some(&list.elements)
}

/// What a chain of calls and fields begins with.
fn root(node: &IdedExpr) -> &IdedExpr {
    let mut node = node;
    loop {
        if let Expr::Call(CallExpr { target: Some(target), .. }) = &node.expr {
            node = target;
        } else if let Expr::Select(select) = &node.expr {
            node = &select.operand;
        } else {
            return node;
        }
    }
}

/// The value of an expression, or an error where it is not known.
fn known_only(id: u64, node: IdedExpr) -> IdedExpr {
    let call = CallExpr { func_name: KNOWN.to_owned(), target: None, args: vec![node] };
    IdedExpr { id, expr: Expr::Call(call) }
}

fn touch_of_target(name: &str) -> Touch {
    match name {
        "format" => Touch::Template,
        "distinct" => Touch::Square,
        name if SURFACE.contains(&name) => Touch::Copy,
        _ => Touch::Read,
    }
}

fn touch_of_argument(name: &str, index: usize, last: usize) -> Option<Touch> {
    match name {
        operators::IN if index == 1 => Some(Touch::Seek),
        operators::INDEX | operators::OPT_INDEX if index == 1 => Some(Touch::Read),
        "size" | "optional.of" | "or" | "orValue" | operators::ADD => Some(Touch::Copy),
        "matches" if index == last => Some(Touch::Pattern),
        "find" | "findAll" if index == 0 => Some(Touch::Pattern),
        "sets.contains" | "sets.equivalent" | "sets.intersects" => Some(Touch::Square),
        libraries::PAIRS => Some(Touch::Copy),
        name if SURFACE.contains(&name) => None,
        _ => Some(Touch::Read),
    }
}
