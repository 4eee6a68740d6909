//! `policy test`: a policy, tried on its own cases.

use std::path::Path;

use countersign_core::decide::rehearse;
use countersign_core::report::terminal_safe;
use countersign_core::snapshot::PolicyFile;

use super::super::{Exit, deliver, files};

pub(super) fn run(file: &Path) -> anyhow::Result<Exit> {
    let (text, policy) = match super::read(file)? {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    let library = files::library(&files::root_of(file)?, &policy)?;
    let outcomes = rehearse(&policy, &PolicyFile { blob: files::id(&text)?, text }, &library);
    let mut said = String::new();
    for outcome in &outcomes {
        let name = terminal_safe(&outcome.name);
        if outcome.differs.is_empty() {
            said.push_str(&format!("ok    {name}\n"));
            continue;
        }
        said.push_str(&format!("fail  {name}   {}:{}\n", file.display(), outcome.line));
        for differs in &outcome.differs {
            said.push_str(&format!("        {}\n", terminal_safe(differs)));
        }
    }
    let failed = outcomes.iter().filter(|outcome| !outcome.differs.is_empty()).count();
    said.push_str(&match (outcomes.len(), failed) {
        (0, _) => format!("{}: has no cases ([[policy_test]])\n", file.display()),
        (1, 0) => "1 case, as expected\n".to_owned(),
        (n, 0) => format!("{n} cases, all as expected\n"),
        (n, failed) => format!("{n} case{}, {failed} failed\n", if n == 1 { "" } else { "s" }),
    });
    deliver(&said, None)?;
    Ok(if failed == 0 { Exit::Fine } else { Exit::Blocked })
}
