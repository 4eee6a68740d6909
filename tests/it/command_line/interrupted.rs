//! Commands that are told to stop while they are at something that takes for ever.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::{Desk, done};

#[test]
fn a_check_of_a_policy_ends_when_it_is_told_to() {
    let desk = Desk::new(&[]);
    let pipe = std::fs::canonicalize(desk.path("env")).unwrap().join("policy.toml");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // Held open by somebody who writes nothing: whoever reads it waits.
    let _held = std::fs::OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
    for signal in [Signal::INT, Signal::TERM] {
        let mut command = desk.command("env", &["policy", "check", "policy.toml"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let process = std::path::PathBuf::from(format!("/proc/{}", child.id()));
        let reads = || {
            let mut open = std::fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
            open.any(|file| std::fs::read_link(file.path()).is_ok_and(|to| to == pipe))
        };
        let began = Instant::now();
        while !(reads() && hears(&process, signal)) {
            assert!(began.elapsed() < Duration::from_secs(60), "it never came to reading");
            std::thread::sleep(Duration::from_millis(5));
        }
        kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), signal).unwrap();
        let ended = done(child.wait_with_output().unwrap());
        assert_eq!((ended.code, ended.out.as_str(), ended.err.as_str()), (130, "", ""), "{signal:?}");
    }
}

/// Whether a process has said what it does on a signal.
fn hears(process: &std::path::Path, signal: Signal) -> bool {
    let status = std::fs::read_to_string(process.join("status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or_default();
    let caught = u64::from_str_radix(caught.trim(), 16).unwrap_or_default();
    caught >> (signal.as_raw() - 1) & 1 == 1
}
