//! `semver('1.2.3')`: versions as SemVer 2.0 orders them.

use std::cmp::Ordering;

use cel::common::types::{CelBool, CelInt, CelString};
use cel::{DeclarationError, Env, ExecutionError, add_member_overload, add_overload};

use super::opaque;

pub(super) const FUNCTIONS: &[&str] = &["isSemver", "major", "minor", "patch", "semver"];

/// A version. What stands after `+` does not order it.
#[derive(Debug, Clone)]
pub(super) struct Semver {
    core: [u64; 3],
    before: Vec<Identifier>,
}

/// One part of a pre-release: numbers come before words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Identifier {
    Number(u64),
    Word(String),
}

opaque!(Semver, "kubernetes.Semver", SEMVER);

impl PartialEq for Semver {
    fn eq(&self, other: &Self) -> bool {
        self.order(other).is_eq()
    }
}

impl Semver {
    fn order(&self, other: &Self) -> Ordering {
        let release = |version: &Self| version.before.is_empty();
        self.core
            .cmp(&other.core)
            .then_with(|| release(self).cmp(&release(other)))
            .then_with(|| self.before.cmp(&other.before))
    }
}

fn number(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (plain && (text.len() == 1 || !text.starts_with('0'))).then(|| text.parse().ok())?
}

fn word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn parse(text: &str) -> Option<Semver> {
    let mut parts = text.splitn(3, '.');
    let (major, minor, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let (rest, build) = rest.split_once('+').map_or((rest, None), |(rest, build)| (rest, Some(build)));
    let (patch, before) = rest.split_once('-').map_or((rest, None), |(patch, before)| (patch, Some(before)));
    if !build.is_none_or(|build| build.split('.').all(word)) {
        return None;
    }
    let identifier = |text: &str| match text.bytes().all(|b| b.is_ascii_digit()) {
        true => number(text).map(Identifier::Number),
        false => word(text).then(|| Identifier::Word(text.to_owned())),
    };
    let before = before.map(|before| before.split('.').map(identifier).collect::<Option<Vec<_>>>());
    let before = match before {
        Some(before) => before?,
        None => Vec::new(),
    };
    Some(Semver { core: [number(major)?, number(minor)?, number(patch)?], before })
}

/// The same of what people write: `v1.2`, `01.2.3`.
fn parse_loosely(text: &str) -> Option<Semver> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let mut parts: Vec<String> = text
        .splitn(3, '.')
        .map(|part| match part.trim_start_matches('0') {
            _ if part.len() < 2 => part.to_owned(),
            rest if rest.starts_with(|c: char| c.is_ascii_digit()) => rest.to_owned(),
            rest => format!("0{rest}"),
        })
        .collect();
    if parts.len() < 3 && parts.last().is_some_and(|last| last.contains(['+', '-'])) {
        return None;
    }
    parts.resize(3, "0".to_owned());
    parse(&parts.join("."))
}

pub(super) fn add(env: &mut Env) -> Result<(), DeclarationError> {
    add_overload!(env, fn semver: (CelString) -> Result<Semver>)?;
    add_overload!(env, fn semver_of: (CelString, CelBool) -> Result<Semver>, name = "semver")?;
    add_overload!(env, fn is_semver: (CelString) -> CelBool)?;
    add_overload!(env, fn is_semver_of: (CelString, CelBool) -> CelBool, name = "isSemver")?;
    add_member_overload!(env, fn major: (Semver) -> Result<CelInt>)?;
    add_member_overload!(env, fn minor: (Semver) -> Result<CelInt>)?;
    add_member_overload!(env, fn patch: (Semver) -> Result<CelInt>)?;
    add_member_overload!(env, fn is_greater_than: (Semver, Semver) -> CelBool)?;
    add_member_overload!(env, fn is_less_than: (Semver, Semver) -> CelBool)?;
    add_member_overload!(env, fn compare_to: (Semver, Semver) -> CelInt)
}

fn sound(version: Option<Semver>) -> Result<Semver, ExecutionError> {
    version.ok_or_else(|| ExecutionError::function_error("semver", "this text is no version"))
}

fn semver(text: &CelString<'_>) -> Result<Semver, ExecutionError> {
    sound(parse(text.inner()))
}

fn semver_of(text: &CelString<'_>, loosely: &CelBool) -> Result<Semver, ExecutionError> {
    if *loosely.inner() { sound(parse_loosely(text.inner())) } else { semver(text) }
}

fn is_semver(text: &CelString<'_>) -> CelBool {
    parse(text.inner()).is_some().into()
}

fn is_semver_of(text: &CelString<'_>, loosely: &CelBool) -> CelBool {
    semver_of(text, loosely).is_ok().into()
}

fn part(number: u64) -> Result<CelInt, ExecutionError> {
    let error = |_| ExecutionError::function_error("semver", "this number is too large");
    i64::try_from(number).map(CelInt::from).map_err(error)
}

fn major(version: &Semver) -> Result<CelInt, ExecutionError> {
    let [major, _, _] = version.core;
    part(major)
}

fn minor(version: &Semver) -> Result<CelInt, ExecutionError> {
    let [_, minor, _] = version.core;
    part(minor)
}

fn patch(version: &Semver) -> Result<CelInt, ExecutionError> {
    let [_, _, patch] = version.core;
    part(patch)
}

fn is_greater_than(a: &Semver, b: &Semver) -> CelBool {
    a.order(b).is_gt().into()
}

fn is_less_than(a: &Semver, b: &Semver) -> CelBool {
    a.order(b).is_lt().into()
}

fn compare_to(a: &Semver, b: &Semver) -> CelInt {
    (a.order(b) as i64).into()
}
