//! Rules and functions that need themselves. OPA refuses them; the engine underneath follows them until the stack is
//! used up, which ends the whole program. So what needs what is found out before anything is judged, as OPA finds it
//! out: by names, not by what would come to pass.

use std::collections::{BTreeMap, BTreeSet};

use regorus::unstable::{AssignOp, Expr, Literal, Module, Query, Ref, Rule, RuleHead, Span};

use super::refusing::{at, imports, package};
use super::syntax::{arguments, bodies, given, head, of_literal, parts, path, variables};

/// How many rules may need one another in a row: each takes a part of the stack.
const LONGEST: usize = 200;

/// How much may need how much: more than any policy says by hand.
const MOST: usize = 200_000;

/// What a reference names: a part of it may be known only when it is evaluated.
type Name = Vec<Option<String>>;

/// A rule, or several of one name.
struct Node {
    /// `data`, `main`, `deny`
    name: Vec<String>,
    place: Span,
    /// What it names, in order.
    names: BTreeSet<Name>,
}

/// Refuses rules that need themselves, and too many in a row.
///
/// # Errors
///
/// The place of such a rule, and what needs what.
pub(super) fn check(modules: &[Ref<Module>]) -> Result<(), String> {
    let nodes = nodes(modules);
    let by_name: BTreeMap<&[String], usize> =
        nodes.iter().enumerate().map(|(index, node)| (node.name.as_slice(), index)).collect();
    let (mut needs, mut count): (Vec<Vec<usize>>, usize) = (Vec::new(), 0);
    for node in &nodes {
        needs.push(needed(node, &by_name));
        count += needs.last().map_or(0, Vec::len);
        if count > MOST {
            return Err(at(&node.place, "the rules up to here refer to too many others"));
        }
    }
    let mut left: Vec<usize> = vec![0; nodes.len()];
    let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    for (index, needs) in needs.iter().enumerate() {
        for needed in needs {
            set(&mut left, index, |left| left + 1);
            if let Some(by) = needed_by.get_mut(*needed) {
                by.push(index);
            }
        }
    }
    // Whatever needs nothing that is left is taken away, as long as there is such a rule.
    let mut ready: Vec<usize> = (0..nodes.len()).filter(|index| left.get(*index) == Some(&0)).collect();
    let mut depth = vec![1_usize; nodes.len()];
    while let Some(index) = ready.pop() {
        let own = depth.get(index).copied().unwrap_or(1);
        if let Some(node) = nodes.get(index).filter(|_| own > LONGEST) {
            let what = format!("more than {LONGEST} rules need one another in a row here; say it with fewer");
            return Err(at(&node.place, &what));
        }
        for by in needed_by.get(index).into_iter().flatten() {
            set(&mut depth, *by, |depth| depth.max(own + 1));
            set(&mut left, *by, |left| left.saturating_sub(1));
            if left.get(*by) == Some(&0) {
                ready.push(*by);
            }
        }
    }
    match (0..nodes.len()).find(|index| left.get(*index).is_some_and(|left| *left > 0)) {
        Some(first) => Err(told(&circle(first, &needs, &left), &nodes)),
        None => Ok(()),
    }
}

fn set(list: &mut [usize], index: usize, change: impl FnOnce(usize) -> usize) {
    if let Some(value) = list.get_mut(index) {
        *value = change(*value);
    }
}

/// Every rule of a path that is left needs another that is left, so that some path comes back.
fn circle(first: usize, needs: &[Vec<usize>], left: &[usize]) -> Vec<usize> {
    let mut path = vec![first];
    while let Some(last) = path.last() {
        let is_left = |index: &&usize| left.get(**index).is_some_and(|left| *left > 0);
        let Some(next) = needs.get(*last).and_then(|needs| needs.iter().find(is_left)) else { break };
        if let Some(begin) = path.iter().position(|known| known == next) {
            return path.split_off(begin);
        }
        path.push(*next);
    }
    path
}

/// The circle in words, beginning with the rule that comes first in its file.
fn told(circle: &[usize], nodes: &[Node]) -> String {
    let mut circle: Vec<&Node> = circle.iter().filter_map(|index| nodes.get(*index)).collect();
    let place = |node: &&Node| (node.place.source.get_path().clone(), node.place.line, node.place.col);
    let first = circle.iter().enumerate().min_by_key(|(_, node)| place(node)).map_or(0, |(index, _)| index);
    circle.rotate_left(first);
    let Some(begin) = circle.first() else { return "a rule needs itself".to_owned() };
    let name = |node: &Node| format!("`{}`", node.name.join("."));
    let what = match circle.get(1..) {
        None | Some([]) => format!("{} needs itself", name(begin)),
        Some(rest) => {
            let rest: Vec<String> = rest.iter().map(|node| name(node)).collect();
            format!("{} needs {}, which needs {}", name(begin), rest.join(", which needs "), name(begin))
        }
    };
    at(&begin.place, &format!("{what}: rules and functions may not need themselves"))
}

fn nodes(modules: &[Ref<Module>]) -> Vec<Node> {
    let mut all: BTreeMap<Vec<String>, Node> = BTreeMap::new();
    let mut rules: BTreeMap<Vec<String>, BTreeSet<String>> = BTreeMap::new();
    for module in modules {
        let names = module.policy.iter().filter_map(|rule| path(head(rule))?.0.into_iter().next());
        rules.entry(package(module)).or_default().extend(names);
    }
    for module in modules {
        let package = package(module);
        let own = rules.get(&package).cloned().unwrap_or_default();
        let scope = Scope { package: &package, imports: imports(module), own };
        for rule in &module.policy {
            let Some((names, _)) = path(head(rule)) else { continue };
            let name: Vec<String> = package.iter().cloned().chain(names).collect();
            let place = begin(head(rule)).clone();
            let node =
                all.entry(name.clone()).or_insert_with(|| Node { name, place, names: BTreeSet::new() });
            scope.rule(rule, &mut node.names);
        }
    }
    all.into_values().collect()
}

/// Where a reference begins: the engine says where its last bracket does.
fn begin(expr: &Expr) -> &Span {
    let mut expr = expr;
    while let Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } = expr {
        expr = refr;
    }
    expr.span()
}

/// The rules that a rule needs: those into whose value a reference leads, the one that it names, and those that what it
/// names holds.
fn needed(node: &Node, by_name: &BTreeMap<&[String], usize>) -> Vec<usize> {
    let mut needed = BTreeSet::new();
    for name in &node.names {
        let known: Vec<String> = name.iter().map_while(Clone::clone).collect();
        let above = (1..known.len()).filter_map(|end| by_name.get(known.get(..end)?));
        needed.extend(above);
        let below = by_name.range(known.as_slice()..).take_while(|(rule, _)| rule.starts_with(&known));
        let meant = below.filter(|(rule, _)| {
            name.iter().zip(rule.iter()).all(|(one, other)| one.as_ref().is_none_or(|one| one == other))
        });
        needed.extend(meant.map(|(_, index)| index));
        if needed.len() > MOST {
            break;
        }
    }
    needed.into_iter().collect()
}

/// Where names are looked up.
struct Scope<'a> {
    package: &'a [String],
    imports: BTreeMap<String, Vec<String>>,
    own: BTreeSet<String>,
}

impl Scope<'_> {
    fn rule(&self, rule: &Rule, to: &mut BTreeSet<Name>) {
        let mut local = BTreeSet::new();
        arguments(rule).iter().for_each(|argument| variables(argument, &mut local));
        let mut within = local.clone();
        for body in bodies(rule) {
            declared(body, &mut within);
            self.query(body, &local, to);
        }
        arguments(rule).iter().for_each(|argument| self.expr(argument, &within, to));
        given(rule).into_iter().for_each(|expr| self.expr(expr, &within, to));
        let mut name = head(rule);
        while let Expr::RefBrack { refr, index, .. } = name.as_ref() {
            self.expr(index, &within, to);
            name = refr;
        }
        if let Rule::Spec { head: RuleHead::Set { key: Some(key), .. }, .. } = rule {
            self.expr(key, &within, to);
        }
    }

    fn query(&self, query: &Query, outside: &BTreeSet<String>, to: &mut BTreeSet<Name>) {
        let mut local = outside.clone();
        declared(query, &mut local);
        for statement in &query.stmts {
            of_literal(&statement.literal).into_iter().for_each(|expr| self.expr(expr, &local, to));
            if let Literal::Every { key, value, query, .. } = &statement.literal {
                let mut local = local.clone();
                local.extend(key.iter().chain([value]).map(|span| span.text().to_owned()));
                self.query(query, &local, to);
            }
            for with in &statement.with_mods {
                self.expr(&with.refr, &local, to);
                self.expr(&with.r#as, &local, to);
            }
        }
    }

    fn expr(&self, expr: &Ref<Expr>, local: &BTreeSet<String>, to: &mut BTreeSet<Name>) {
        if let Expr::Call { fcn, .. } = expr.as_ref() {
            // A function is never the value of a variable.
            to.extend(self.named(fcn, &BTreeSet::new()));
        }
        if let Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. } = expr.as_ref() {
            to.extend(self.named(expr, local));
            return self.indices(expr, local, to);
        }
        let (exprs, query) = parts(expr);
        let mut within = local.clone();
        if let Some(query) = query {
            declared(query, &mut within);
            self.query(query, local, to);
        }
        exprs.into_iter().for_each(|expr| self.expr(expr, &within, to));
    }

    /// What is in the brackets of a reference, and what it begins with where that is no name.
    fn indices(&self, expr: &Ref<Expr>, local: &BTreeSet<String>, to: &mut BTreeSet<Name>) {
        let mut expr = expr;
        loop {
            expr = match expr.as_ref() {
                Expr::RefDot { refr, .. } => refr,
                Expr::RefBrack { refr, index, .. } => {
                    self.expr(index, local, to);
                    refr
                }
                Expr::Var { .. } => return,
                _ => return self.expr(expr, local, to),
            };
        }
    }

    /// The full name of what is referred to, unless that is a variable or the input.
    fn named(&self, expr: &Ref<Expr>, local: &BTreeSet<String>) -> Option<Name> {
        let (mut rest, mut expr) = (Vec::new(), expr);
        let first = loop {
            expr = match expr.as_ref() {
                Expr::RefDot { refr, field, .. } => {
                    rest.push(Some(field.0.text().to_owned()));
                    refr
                }
                Expr::RefBrack { refr, index, .. } => {
                    rest.push(match index.as_ref() {
                        Expr::String { value, .. } | Expr::RawString { value, .. } => {
                            value.as_string().ok().map(|text| text.as_ref().to_owned())
                        }
                        _ => None,
                    });
                    refr
                }
                Expr::Var { span, .. } => break span.text(),
                _ => return None,
            };
        };
        rest.reverse();
        let begin: Vec<String> = if local.contains(first) {
            return None;
        } else if let Some(import) = self.imports.get(first) {
            import.clone()
        } else if self.own.contains(first) {
            self.package.iter().cloned().chain([first.to_owned()]).collect()
        } else {
            vec![first.to_owned()]
        };
        let rooted = begin.first().is_some_and(|first| first == "data");
        rooted.then(|| begin.into_iter().map(Some).chain(rest).collect())
    }
}

/// The variables that a query declares, beside those of queries in it.
fn declared(query: &Query, to: &mut BTreeSet<String>) {
    for statement in &query.stmts {
        match &statement.literal {
            Literal::SomeVars { vars, .. } => to.extend(vars.iter().map(|span| span.text().to_owned())),
            Literal::SomeIn { key, value, .. } => {
                key.iter().chain([value]).for_each(|expr| variables(expr, to));
            }
            Literal::Expr { expr, .. } => {
                if let Expr::AssignExpr { op: AssignOp::ColEq, lhs, .. } = expr.as_ref() {
                    variables(lhs, to);
                }
            }
            Literal::NotExpr { .. } | Literal::Every { .. } => {}
        }
    }
}
