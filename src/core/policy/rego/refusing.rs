//! What is refused before anything is judged: what the engine underneath does not have, or would answer in another way
//! than OPA. Each refusal says where, and what to write instead.

use std::collections::{BTreeMap, BTreeSet};

use regorus::Engine;
use regorus::unstable::{AssignOp, Expr, Literal, Module, Query, Ref, Rule, RuleHead, Span};

use super::MOODY;
use super::accounting::as_written;
use super::functions;
use super::syntax::{arguments, bodies, given, head, of_literal, parts, path, variables};

/// Looks through everything that an engine has loaded.
///
/// # Errors
///
/// The first thing that is not supported: `policies/main.rego:3:8: what, and what to do`.
pub(in crate::policy) fn check(engine: &mut Engine) -> Result<(), String> {
    let modules = engine.get_modules().clone();
    let known = Known::of(&modules);
    modules.iter().try_for_each(|module| Walk::of(module, &known).module(module))?;
    super::circles::check(&modules)?;
    modules.iter().try_for_each(|module| super::safety::check(module, &Walk::of(module, &known)))
}

pub(super) fn at(span: &Span, what: &str) -> String {
    let column = as_written(span.source.line(span.line.saturating_sub(1)), span.col);
    format!("{}:{}:{column}: {what}", span.source.get_path(), span.line)
}

/// What all the modules have together.
struct Known {
    /// Paths of packages: `data`, `main`.
    packages: BTreeSet<Vec<String>>,
    /// Functions, with how many arguments they take: `data.lib.f`.
    functions: BTreeMap<Vec<String>, usize>,
    /// Names of rules, by package.
    rules: BTreeMap<Vec<String>, BTreeSet<String>>,
}

pub(super) fn package(module: &Module) -> Vec<String> {
    let (names, _) = path(&module.package.refr).unwrap_or_default();
    std::iter::once("data".to_owned()).chain(names).collect()
}

/// What an import is called, and what it stands for.
pub(super) fn imports(module: &Module) -> BTreeMap<String, Vec<String>> {
    let mut imports = BTreeMap::new();
    for import in &module.imports {
        let Some((names, _)) = path(&import.refr) else { continue };
        let own = import.r#as.as_ref().map(|span| span.text().to_owned());
        if let Some(name) = own.or_else(|| names.last().cloned()) {
            imports.insert(name, names);
        }
    }
    imports
}

impl Known {
    fn of(modules: &[Ref<Module>]) -> Self {
        let mut known =
            Self { packages: BTreeSet::new(), functions: BTreeMap::new(), rules: BTreeMap::new() };
        for module in modules {
            let package = package(module);
            for rule in &module.policy {
                let Some((names, _)) = path(head(rule)) else { continue };
                if let Some(first) = names.first() {
                    known.rules.entry(package.clone()).or_default().insert(first.clone());
                }
                let takes = arguments(rule).len();
                if takes > 0 || matches!(rule.as_ref(), Rule::Spec { head: RuleHead::Func { .. }, .. }) {
                    known.functions.insert(package.iter().cloned().chain(names).collect(), takes);
                }
            }
            known.packages.insert(package);
        }
        known
    }
}

/// One module.
pub(super) struct Walk<'a> {
    known: &'a Known,
    package: Vec<String>,
    /// What an import is called, and what it stands for.
    imports: BTreeMap<String, Vec<String>>,
    newer: bool,
}

impl<'a> Walk<'a> {
    fn of(module: &Module, known: &'a Known) -> Self {
        Self { known, package: package(module), imports: imports(module), newer: module.rego_v1 }
    }

    fn module(&self, module: &Module) -> Result<(), String> {
        for import in &module.imports {
            let (names, _) = path(&import.refr).unwrap_or_default();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let supported = match names.as_slice() {
                ["future", "keywords"] | ["rego", "v1"] | ["data" | "input", ..] => true,
                ["future", "keywords", keyword] => matches!(*keyword, "in" | "every" | "if" | "contains"),
                _ => false,
            };
            if !supported {
                let span = import.refr.span();
                return Err(at(span, &format!("`import {}` is not supported", names.join("."))));
            }
        }
        module.policy.iter().try_for_each(|rule| self.rule(rule))
    }

    fn rule(&self, rule: &Rule) -> Result<(), String> {
        self.head(head(rule))?;
        let mut bound = BTreeSet::new();
        for argument in arguments(rule) {
            whole(argument)?;
            self.expr(argument)?;
            variables(argument, &mut bound);
        }
        given(rule).into_iter().try_for_each(|expr| self.expr(expr))?;
        bodies(rule).into_iter().try_for_each(|body| self.query(body, &bound))
    }

    /// Refuses heads like `p[x].q`.
    fn head(&self, head: &Ref<Expr>) -> Result<(), String> {
        let inner = match head.as_ref() {
            Expr::RefBrack { refr, .. } | Expr::RefDot { refr, .. } => refr,
            _ => return Ok(()),
        };
        if path(inner).is_some_and(|(_, whole)| whole) {
            return self.expr(head);
        }
        Err(at(
            head.span(),
            "a rule's name may have a variable only at its end; name the rule, and give it an object",
        ))
    }

    fn query(&self, query: &Query, outside: &BTreeSet<String>) -> Result<(), String> {
        let mut bound = outside.clone();
        for statement in &query.stmts {
            let literal = &statement.literal;
            self.patterns(literal)?;
            for expr in of_literal(literal) {
                self.expr(expr)?;
                if !matches!(literal, Literal::NotExpr { .. }) {
                    self.inner(expr, &bound)?;
                }
            }
            match literal {
                Literal::NotExpr { expr, .. } => {
                    self.inner(expr, &bound)?;
                    self.negated(expr, &bound, query)?;
                }
                Literal::Every { key, value, query, .. } => {
                    let mut bound = bound.clone();
                    bound.extend(key.iter().chain([value]).map(|span| span.text().to_owned()));
                    self.query(query, &bound)?;
                }
                Literal::SomeVars { .. } | Literal::SomeIn { .. } | Literal::Expr { .. } => {}
            }
            for with in &statement.with_mods {
                self.with(&with.refr)?;
                self.expr(&with.r#as)?;
            }
            if !matches!(literal, Literal::NotExpr { .. }) {
                of_literal(literal).into_iter().for_each(|expr| variables(expr, &mut bound));
            }
        }
        Ok(())
    }

    /// Refuses patterns that the engine reads in a way of its own.
    fn patterns(&self, literal: &Literal) -> Result<(), String> {
        let Literal::Expr { expr, .. } = literal else {
            return if let Literal::SomeIn { value, .. } = literal { whole(value) } else { Ok(()) };
        };
        match expr.as_ref() {
            Expr::AssignExpr { op: AssignOp::ColEq, lhs, .. } => whole(lhs),
            Expr::AssignExpr { op: AssignOp::Eq, lhs, rhs, .. } => {
                let named = |expr: &Ref<Expr>| matches!(expr.as_ref(), Expr::Var { .. });
                if named(lhs) || named(rhs) { Ok(()) } else { whole(lhs).and_then(|()| whole(rhs)) }
            }
            _ => Ok(()),
        }
    }

    /// The comprehensions inside of an expression.
    fn inner(&self, expr: &Expr, bound: &BTreeSet<String>) -> Result<(), String> {
        let (exprs, query) = parts(expr);
        exprs.into_iter().try_for_each(|expr| self.inner(expr, bound))?;
        query.map_or(Ok(()), |query| self.query(query, bound))
    }

    /// What is negated has to be bound before: the engine evaluates it where it stands.
    fn negated(&self, expr: &Ref<Expr>, bound: &BTreeSet<String>, query: &Query) -> Result<(), String> {
        if let Some(open) = open(expr) {
            let what = "`_` cannot stand behind `not`; write a rule or a comprehension for what must not be, and negate that";
            return Err(at(open, what));
        }
        let mut used = BTreeSet::new();
        variables(expr, &mut used);
        let mut elsewhere = BTreeSet::new();
        for statement in &query.stmts {
            if !matches!(statement.literal, Literal::NotExpr { .. }) {
                of_literal(&statement.literal).into_iter().for_each(|expr| variables(expr, &mut elsewhere));
            }
        }
        let late = used
            .iter()
            .find(|name| !bound.contains(*name) && elsewhere.contains(*name) && !self.is_global(name));
        late.map_or(Ok(()), |name| {
            let what =
                format!("`{name}` gets its value only after this `not`; write the line that sets it above");
            Err(at(expr.span(), &what))
        })
    }

    /// Whether a name means something where no variable has it.
    pub(super) fn is_global(&self, name: &str) -> bool {
        matches!(name, "input" | "data")
            || self.imports.contains_key(name)
            || self.known.rules.get(&self.package).is_some_and(|rules| rules.contains(name))
    }

    fn with(&self, target: &Ref<Expr>) -> Result<(), String> {
        let rooted = path(target).is_some_and(|(names, _)| {
            names
                .first()
                .is_some_and(|first| first == "input" || first == "data" || self.imports.contains_key(first))
        });
        let function =
            path(target).is_some_and(|(names, _)| self.known.functions.contains_key(&self.meant(names)));
        if rooted && !function {
            return Ok(());
        }
        Err(at(target.span(), "`with` may replace `input` and `data` here, and no function"))
    }

    /// What a name stands for, imports and rules of the package resolved.
    fn meant(&self, names: Vec<String>) -> Vec<String> {
        let Some(first) = names.first() else { return names };
        let rest = || names.iter().skip(1).cloned();
        if let Some(import) = self.imports.get(first) {
            return import.iter().cloned().chain(rest()).collect();
        }
        if self.known.rules.get(&self.package).is_some_and(|rules| rules.contains(first)) {
            return self.package.iter().cloned().chain(names).collect();
        }
        names
    }

    /// How many arguments a function of these policies takes.
    pub(super) fn takes(&self, names: Vec<String>) -> Option<usize> {
        self.known.functions.get(&self.meant(names)).copied()
    }

    fn expr(&self, expr: &Ref<Expr>) -> Result<(), String> {
        match expr.as_ref() {
            Expr::Call { fcn, params, .. } => self.call(fcn, params)?,
            Expr::Number { span, .. } => number(span)?,
            Expr::Membership { span, key: Some(_), .. } => {
                return Err(at(
                    span,
                    "`key, value in …` is not supported here; write `collection[key] == value`",
                ));
            }
            Expr::RefDot { .. } | Expr::RefBrack { .. } | Expr::Var { .. } => {
                self.reference(expr)?;
                return self.indices(expr);
            }
            Expr::String { .. }
            | Expr::RawString { .. }
            | Expr::Bool { .. }
            | Expr::Null { .. }
            | Expr::Array { .. }
            | Expr::Set { .. }
            | Expr::Object { .. }
            | Expr::ArrayCompr { .. }
            | Expr::SetCompr { .. }
            | Expr::ObjectCompr { .. }
            | Expr::UnaryExpr { .. }
            | Expr::BinExpr { .. }
            | Expr::BoolExpr { .. }
            | Expr::ArithExpr { .. }
            | Expr::AssignExpr { .. }
            | Expr::Membership { .. } => {}
        }
        parts(expr).0.into_iter().try_for_each(|expr| self.expr(expr))
    }

    /// What is in the brackets of a reference, and what it begins with where that is no name.
    fn indices(&self, expr: &Ref<Expr>) -> Result<(), String> {
        match expr.as_ref() {
            Expr::RefDot { refr, .. } => self.indices(refr),
            Expr::RefBrack { refr, index, .. } => {
                self.indices(refr)?;
                self.expr(index)
            }
            Expr::Var { .. } => Ok(()),
            _ => self.expr(expr),
        }
    }

    /// Refuses a reference to a whole package.
    fn reference(&self, expr: &Ref<Expr>) -> Result<(), String> {
        let Some((names, _)) = path(expr) else { return Ok(()) };
        let names = self.meant(names);
        let within = |package: &Vec<String>| package.starts_with(&names);
        if names.first().is_some_and(|first| first == "data") && self.known.packages.iter().any(within) {
            let what = "this means everything in a package; name the rule that is meant";
            return Err(at(expr.span(), what));
        }
        Ok(())
    }

    fn call(&self, function: &Ref<Expr>, params: &[Ref<Expr>]) -> Result<(), String> {
        let span = function.span();
        let Some((names, _)) = path(function) else {
            return Err(at(span, "this is no name of a function"));
        };
        if self.known.functions.contains_key(&self.meant(names.clone())) {
            return Ok(());
        }
        let name = names.join(".");
        if name == "print" {
            return Ok(());
        }
        if MOODY.contains(&name.as_str()) {
            let what = format!("`{name}` gives another answer every time; a decision has to stay one");
            return Err(at(span, &what));
        }
        let old = functions::is_old(&name) && self.newer;
        let Some(takes) = functions::arity(&name).filter(|_| !old) else {
            return Err(at(span, &format!("there is no function `{name}` here")));
        };
        let bound = params.len() == takes + 1;
        if bound && name != "walk" {
            let what =
                format!("`{name}` takes {takes} arguments; write `x := {name}(…)` for what it answers");
            return Err(at(span, &what));
        }
        if name == "walk" && !bound {
            return Err(at(span, "write `walk(x, [path, value])` on a line of its own"));
        }
        if params.len() != takes && !bound {
            return Err(at(span, &format!("`{name}` takes {takes} arguments, not {}", params.len())));
        }
        Ok(())
    }
}

/// Refuses to take objects apart: the engine takes one that has more keys than are named, OPA does not.
fn whole(pattern: &Expr) -> Result<(), String> {
    let mut names = BTreeSet::new();
    match pattern {
        Expr::Object { span, .. } => {
            variables(pattern, &mut names);
            let what = "an object cannot be taken apart here; give it a name, and look at its fields";
            if names.is_empty() { Ok(()) } else { Err(at(span, what)) }
        }
        Expr::Array { items, .. } => items.iter().try_for_each(|item| whole(item)),
        _ => Ok(()),
    }
}

/// OPA keeps a number as it was written, the engine does not.
fn number(span: &Span) -> Result<(), String> {
    let text = span.text();
    let fraction = text.contains('.');
    if text.contains(['e', 'E']) || (fraction && text.ends_with('0')) {
        let what = format!("write `{text}` without an exponent and without zeros at its end");
        return Err(at(span, &what));
    }
    Ok(())
}

/// The `_` of an expression, outside of comprehensions.
fn open(expr: &Expr) -> Option<&Span> {
    if let Expr::Var { span, .. } = expr {
        return (span.text() == "_").then_some(span);
    }
    let (exprs, query) = parts(expr);
    if query.is_some() { None } else { exprs.into_iter().find_map(|expr| open(expr)) }
}
