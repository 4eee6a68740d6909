//! Giving up what a renderer must not have, in the process that becomes it. Nothing here can be undone.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use landlock::{
    ABI, Access as _, AccessFs, BitFlags, CompatLevel, Compatible as _, PathBeneath, PathFd, Ruleset,
    RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _, RulesetStatus, Scope,
};
use rustix::process::{Resource, Rlimit, setrlimit};

use super::{probe, syscalls};
use crate::ports::BoxError;

/// The newest Landlock that is asked for; an older kernel gives what it has, at least the files.
const LANDLOCK: ABI = ABI::V6;
/// What dynamically linked programs and interpreters load.
const LIBRARIES: [&str; 4] = ["/lib", "/lib64", "/usr/lib", "/usr/lib64"];
/// The loaders that the kernel starts for them.
const LOADERS: [&str; 4] = [
    "/lib64/ld-linux-x86-64.so.2",
    "/lib/ld-linux-aarch64.so.1",
    "/lib/ld-musl-x86_64.so.1",
    "/lib/ld-musl-aarch64.so.1",
];

/// Why no renderer was started.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// Called with arguments that the parent never uses.
    #[error("the sandbox was called wrongly: {0}")]
    Usage(String),
    /// The kernel does not have it, or refuses it.
    #[error("{0} is not available")]
    Unavailable(&'static str, #[source] BoxError),
    /// The renderer itself could not be started.
    #[error("the renderer could not be started")]
    Start(#[source] std::io::Error),
    /// The probe could do what it must not, or could not do what it must.
    #[error("the sandbox does not hold: {0}")]
    Leaks(String),
}

/// What the parent asked for.
#[derive(Debug, Default)]
struct Orders {
    memory: u64,
    cpu_seconds: u64,
    read: Vec<PathBuf>,
    write: Vec<PathBuf>,
    /// The program and its arguments; empty for a probe.
    run: Vec<OsString>,
}

/// Confines this process, then becomes the program after `--`; or, with `--probe`, attempts what is forbidden and comes
/// back. Call it before any thread is started: threads that exist already would not be confined.
pub fn enter(args: impl Iterator<Item = OsString>) -> Result<(), SandboxError> {
    let orders = parse(args)?;
    let program = orders.run.first().map(PathBuf::from);
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    limit(&orders)?;
    restrict_files(&orders, program.as_deref())?;
    syscalls::restrict().map_err(|error| SandboxError::Unavailable("seccomp", error))?;
    match program {
        None => probe::attempt(&orders.read, &orders.write).map_err(SandboxError::Leaks),
        Some(program) => {
            let error = Command::new(program).args(orders.run.iter().skip(1)).exec();
            Err(SandboxError::Start(error))
        }
    }
}

fn parse(mut args: impl Iterator<Item = OsString>) -> Result<Orders, SandboxError> {
    let mut orders = Orders::default();
    let wrong = |what: &str| SandboxError::Usage(what.to_owned());
    while let Some(arg) = args.next() {
        let arg = arg.to_str().ok_or_else(|| wrong("an argument is not UTF-8"))?;
        let number = |text: &str| text.parse::<u64>().map_err(|_| wrong("not a number"));
        match arg.split_once('=').unwrap_or((arg, "")) {
            ("--memory", value) => orders.memory = number(value)?,
            ("--cpu", value) => orders.cpu_seconds = number(value)?,
            ("--read", _) => orders.read.push(args.next().ok_or_else(|| wrong("--read"))?.into()),
            ("--write", _) => orders.write.push(args.next().ok_or_else(|| wrong("--write"))?.into()),
            ("--probe", _) => return Ok(orders),
            ("--", _) => {
                orders.run = args.collect();
                return if orders.run.is_empty() { Err(wrong("no program")) } else { Ok(orders) };
            }
            (other, _) => return Err(wrong(other)),
        }
    }
    Err(wrong("no program"))
}

fn limit(orders: &Orders) -> Result<(), SandboxError> {
    let limits = [
        // What is written to counts, not what is only reserved: Go reserves far more than it uses.
        (Resource::Data, orders.memory),
        (Resource::As, orders.memory.saturating_add(16 << 30)),
        (Resource::Cpu, orders.cpu_seconds),
        (Resource::Fsize, 64 << 20),
        (Resource::Core, 0),
        (Resource::Nofile, 256),
        // Threads of every process of this user count: only a bomb comes this far.
        (Resource::Nproc, 8_192),
    ];
    for (resource, most) in limits {
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        let lowered = setrlimit(resource, limit);
        lowered.map_err(|error| SandboxError::Unavailable("a resource limit", error.into()))?;
    }
    Ok(())
}

fn restrict_files(orders: &Orders, program: Option<&Path>) -> Result<(), SandboxError> {
    let failed = |error: BoxError| SandboxError::Unavailable("Landlock", error);
    build_rules(orders, program).map_err(failed)
}

fn build_rules(orders: &Orders, program: Option<&Path>) -> Result<(), BoxError> {
    let look = AccessFs::ReadFile | AccessFs::ReadDir;
    let run = AccessFs::ReadFile | AccessFs::Execute;
    let write = AccessFs::from_all(LANDLOCK) & !AccessFs::Execute & !AccessFs::MakeSock & !AccessFs::MakeFifo;
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(LANDLOCK))?
        .scope(Scope::from_all(LANDLOCK))?
        .create()?;
    for path in &orders.read {
        rules = allow(rules, path, look)?;
    }
    for path in &orders.write {
        rules = allow(rules, path, write)?;
    }
    for path in LIBRARIES.iter().map(Path::new).filter(|path| path.exists()) {
        rules = allow(rules, path, look)?;
    }
    let programs = program.map(|program| [Some(program.to_owned()), interpreter(program)]);
    let programs = programs.into_iter().flatten().flatten().chain(LOADERS.iter().map(PathBuf::from));
    for path in programs.filter(|path| path.exists()) {
        rules = allow(rules, &path, run)?;
    }
    rules = allow(rules, Path::new("/dev/null"), AccessFs::ReadFile | AccessFs::WriteFile)?;
    for path in ["/dev/urandom", "/etc/ld.so.cache"].map(Path::new).into_iter().filter(|path| path.exists()) {
        rules = allow(rules, path, AccessFs::ReadFile.into())?;
    }
    let status = rules.restrict_self()?;
    if status.ruleset == RulesetStatus::NotEnforced || !status.no_new_privs {
        return Err("the kernel enforces no rules".into());
    }
    Ok(())
}

fn allow(rules: RulesetCreated, path: &Path, access: BitFlags<AccessFs>) -> Result<RulesetCreated, BoxError> {
    Ok(rules.add_rule(PathBeneath::new(PathFd::new(path)?, access))?)
}

/// The program that the first line of a script names.
fn interpreter(program: &Path) -> Option<PathBuf> {
    use std::io::Read as _;
    let mut first = [0; 256];
    let read = std::fs::File::open(program).ok()?.read(&mut first).ok()?;
    let line = first.get(..read)?.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let name = std::str::from_utf8(line).ok()?.split_whitespace().next()?;
    Path::new(name).canonicalize().ok()
}
