//! A server that never outlives the test process, however that ends.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a server may take to its first good answer: on a loaded build server some need many times the usual.
const PATIENCE: Duration = Duration::from_secs(60);

/// The shell first leaves a watcher behind, then becomes the server. The watcher reads a pipe that we hold: it closes
/// when this process ends, even when it is killed and nothing of ours can run any more. QUIT is the
/// sign to end at once, at which PostgreSQL still gives its shared memory back. The server is in a process group
/// of its own, so that an interrupt from the keyboard reaches us, not the watcher.
const WATCHED: &str = r#"
home=$1; shift
ulimit -c 0
exec 3<&0
{
    read -r _ <&3
    kill -QUIT $$
    tries=0
    while kill -0 $$ && [ $tries -lt 40 ]; do tries=$((tries + 1)); sleep 0.05; done
    kill -KILL $$
    rm -rf "$home"
} >/dev/null 2>&1 &
exec "$@" </dev/null 3<&-
"#;

/// A running server with its folder. Dropping it, or the end of the test process, stops the one and removes the other.
#[derive(Debug)]
pub struct Server {
    name: &'static str,
    child: Child,
    home: PathBuf,
}

impl Server {
    /// Starts `command`, whose files are in `home`; from here on `home` is removed when the server is.
    pub fn start(name: &'static str, home: TempDir, command: &Command) -> Self {
        let home = home.keep();
        let log = File::create(home.join("log")).expect("a log in the server's folder");
        let mut watched = Command::new("sh");
        watched
            .args(["-c", WATCHED, "watched"])
            .arg(&home)
            .arg(command.get_program())
            .args(command.get_args());
        for (variable, value) in command.get_envs() {
            match value {
                Some(value) => watched.env(variable, value),
                None => watched.env_remove(variable),
            };
        }
        watched
            .stdin(Stdio::piped())
            .stderr(log.try_clone().expect("a second handle of the log"))
            .stdout(log);
        let child = watched.process_group(0).spawn().unwrap_or_else(|failed| panic!("{name}: {failed}"));
        Self { name, child, home }
    }

    /// The process id of the server itself: the shell has become it.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The server's folder.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Waits until `url` answers with a success. If it does not, the error is the end of the log.
    pub async fn ready(
        &mut self,
        http: &reqwest::Client,
        url: &str,
        token: Option<&str>,
    ) -> Result<(), String> {
        self.until(async || {
            let request = http.get(url).timeout(Duration::from_secs(5));
            let request = token.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth);
            request.send().await.is_ok_and(|answer| answer.status().is_success())
        })
        .await
    }

    /// Waits until `ready` holds. If the server ends or it takes too long, the error is the end of the log.
    pub async fn until(&mut self, ready: impl AsyncFn() -> bool) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        while !ready().await {
            if let Ok(Some(ended)) = self.child.try_wait() {
                return Err(self.failure(&format!("ended with {ended}")));
            }
            if Instant::now() > deadline {
                return Err(self.failure(&format!("was not ready after {PATIENCE:?}")));
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        Ok(())
    }

    fn failure(&self, what: &str) -> String {
        let log = fs::read_to_string(self.home.join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines.split_at(lines.len().saturating_sub(20)).1;
        format!("{} {what}\n{}", self.name, last.join("\n"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take()); // the watcher's sign; it stops the server and tidies up
        self.child.wait().ok();
    }
}

/// Loopback ports that were free a moment ago; they differ from each other.
pub(super) fn free_ports<const N: usize>() -> [u16; N] {
    // All are held until all are known.
    let held = [(); N].map(|()| TcpListener::bind(("127.0.0.1", 0)).expect("a free loopback port"));
    held.map(|listener| listener.local_addr().expect("its address").port())
}

/// Runs `start` again when it fails, since a port can be taken between finding it free and using it.
pub(super) async fn insist<T, F: Future<Output = Result<T, String>>>(
    start: impl Fn() -> F,
) -> Result<T, String> {
    let mut outcome = start().await;
    for _ in 0..2 {
        if outcome.is_ok() {
            break;
        }
        outcome = start().await;
    }
    outcome
}
