//! A real PostgreSQL, one a test process, and in it a database for each test that asks.

use std::env;
use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::process::{self, Server};
use super::{tools, unique};

/// PostgreSQL refuses to run as root; this is `nobody`.
const NOBODY: u32 = 65534;

/// The PostgreSQL of this test process, or nothing where it is not installed.
pub async fn postgres() -> Option<&'static Postgres> {
    static POSTGRES: OnceCell<Result<Postgres, String>> = OnceCell::const_new();
    let programs = tools::present("postgresql", programs())?;
    match POSTGRES.get_or_init(|| process::insist(|| Postgres::start(&programs))).await {
        Ok(postgres) => Some(postgres),
        Err(failed) => panic!("{failed}"),
    }
}

/// A running PostgreSQL.
#[derive(Debug)]
pub struct Postgres {
    port: u16,
    psql: PathBuf,
    #[expect(dead_code, reason = "held so that it runs")]
    server: Server,
}

impl Postgres {
    /// A new empty database, as `postgres://app@127.0.0.1:PORT/NAME`.
    pub fn create_database(&self) -> String {
        let name = unique("test").replace('-', "_");
        self.ask("postgres", &format!("create database {name}"));
        format!("postgres://app@127.0.0.1:{}/{name}", self.port)
    }

    /// What `statement` answers in `database`, a name or URL: a line a row, `|` between its columns.
    pub fn ask(&self, database: &str, statement: &str) -> String {
        match psql(&self.psql, self.port, database, statement) {
            Ok(answer) => answer,
            Err(failed) => panic!("{statement}: {failed}"),
        }
    }

    async fn start(programs: &Path) -> Result<Self, String> {
        let home = tempfile::tempdir().map_err(|failed| format!("a folder for PostgreSQL: {failed}"))?;
        let [port] = process::free_ports();
        let data = create(programs, &home).map_err(|failed| format!("initdb: {failed}"))?;
        let mut command = unprivileged(&programs.join("postgres"));
        command.arg("-D").arg(data).arg("-p").arg(port.to_string()).arg("-k").arg(home.path());
        // What is lost with the machine is no loss here, and what the kernel keeps would outlive a kill.
        let settings = [
            "listen_addresses=127.0.0.1",
            "fsync=off",
            "full_page_writes=off",
            "dynamic_shared_memory_type=mmap",
        ];
        for setting in settings {
            command.arg("-c").arg(setting);
        }
        let mut server = Server::start("postgresql", home, &command);
        let psql_program = programs.join("psql");
        server.until(async || psql(&psql_program, port, "postgres", "select 1").is_ok()).await?;
        Ok(Self { port, psql: psql_program, server })
    }
}

/// The folder of `initdb`, `postgres` and `psql`: where the `initdb` of the PATH really is.
fn programs() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let initdb =
        env::split_paths(&path).map(|folder| folder.join("initdb")).find(|program| program.is_file())?;
    let folder = fs::canonicalize(initdb).ok()?.parent()?.to_owned();
    ["postgres", "psql"].iter().all(|program| folder.join(program).is_file()).then_some(folder)
}

/// A new cluster in `home`, of whoever is going to serve it.
fn create(programs: &Path, home: &TempDir) -> Result<PathBuf, String> {
    let data = home.path().join("data");
    if rustix::process::geteuid().is_root() {
        chown(home.path(), Some(NOBODY), Some(NOBODY)).map_err(|failed| failed.to_string())?;
    }
    let mut command = unprivileged(&programs.join("initdb"));
    command.arg("-D").arg(&data).args([
        "-U",
        "app",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync",
    ]);
    succeed(&mut command).map(|_| data)
}

/// `program`, run as `nobody` where we are root.
fn unprivileged(program: &Path) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")])
        .arg("--clear-groups")
        .arg(program);
    command
}

fn psql(program: &Path, port: u16, database: &str, statement: &str) -> Result<String, String> {
    let mut command = Command::new(program);
    command.args([
        "--no-psqlrc",
        "--quiet",
        "--no-align",
        "--tuples-only",
        "--set=ON_ERROR_STOP=1",
        "--no-password",
    ]);
    command.arg("--host=127.0.0.1").arg(format!("--port={port}")).arg("--username=app");
    succeed(command.arg("--dbname").arg(database).arg("--command").arg(statement))
}

fn succeed(command: &mut Command) -> Result<String, String> {
    let done = command.current_dir("/").stdin(Stdio::null()).output().map_err(|failed| failed.to_string())?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    Err(String::from_utf8_lossy(&done.stderr).into_owned())
}
