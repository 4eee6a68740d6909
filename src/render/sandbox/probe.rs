//! Attempting, inside the sandbox, what is forbidden there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Gives the attempts that ended otherwise than they must.
pub(super) fn attempt(read: &[PathBuf], write: &[PathBuf]) -> Result<(), String> {
    let mut wrong = Vec::new();
    let mut must_fail = |what: &str, result: io::Result<()>| {
        if result.is_ok() {
            wrong.push(format!("{what} was possible"));
        }
    };
    let parent = rustix::process::getppid().map_or(1, |pid| pid.as_raw_nonzero().get());
    must_fail("opening a TCP socket", std::net::TcpListener::bind("127.0.0.1:0").map(drop));
    must_fail("opening a UDP socket", std::net::UdpSocket::bind("127.0.0.1:0").map(drop));
    must_fail("opening a socket pair", std::os::unix::net::UnixStream::pair().map(drop));
    must_fail("reading /etc/passwd", fs::read("/etc/passwd").map(drop));
    must_fail("listing the root folder", fs::read_dir("/").map(drop));
    must_fail("reading the parent's environment", fs::read(format!("/proc/{parent}/environ")).map(drop));
    must_fail("reading its own /proc", fs::read("/proc/self/status").map(drop));
    must_fail("starting a process", Command::new("/bin/true").spawn().map(drop));
    must_fail("taking hold of a process", take_hold(parent));
    must_fail("signalling a process", signal(parent));
    for folder in read {
        must_fail("writing to the export", fs::write(folder.join("probe"), b""));
        let above = folder.parent().unwrap_or(Path::new("/"));
        must_fail("writing beside the export", fs::write(above.join("probe"), b""));
    }
    let mut must_work = |what: &str, result: io::Result<()>| {
        if let Err(error) = result {
            wrong.push(format!("{what} failed: {error}"));
        }
    };
    for folder in read {
        must_work("reading the export", fs::read_dir(folder).map(drop));
    }
    for folder in write {
        must_work("writing to the private folder", fs::write(folder.join("probe"), b""));
    }
    must_work("starting a thread", std::thread::Builder::new().spawn(|| {}).map(drop));
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join(", ")) }
}

/// The same rule refuses this and `ptrace`, for which there is no safe call.
fn take_hold(pid: i32) -> io::Result<()> {
    let pid = rustix::process::Pid::from_raw(pid).ok_or(io::ErrorKind::NotFound)?;
    rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty())?;
    Ok(())
}

fn signal(pid: i32) -> io::Result<()> {
    let pid = rustix::process::Pid::from_raw(pid).ok_or(io::ErrorKind::NotFound)?;
    Ok(rustix::process::test_kill_process(pid)?)
}
