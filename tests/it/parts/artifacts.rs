//! Artifacts as the source-controller of Flux would serve them: a test stands in for it, keeps bytes in a folder that is
//! served over HTTP, and says in a source's status where they are.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use aws_lc_rs::digest;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::unique;

/// A folder of artifacts that is served on loopback.
#[derive(Debug)]
pub(super) struct Artifacts {
    folder: TempDir,
    url: String,
}

impl Artifacts {
    /// With nothing in it.
    pub(super) fn start() -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|failed| format!("a folder for artifacts: {failed}"))?;
        let url = serve(folder.path().to_owned()).map_err(|failed| format!("artifacts: {failed}"))?;
        Ok(Self { folder, url })
    }

    /// Packs files, by path, into a new archive. Its bytes, and its name here.
    pub(super) fn pack(&self, files: &BTreeMap<String, String>) -> (String, Vec<u8>) {
        let name = unique("archive");
        let folder = self.folder.path().join(&name);
        fs::create_dir_all(&folder).expect("a folder for an archive");
        for (path, text) in files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().expect("a file in a folder")).expect("its folder");
            fs::write(path, text).expect("a file of the source");
        }
        let name = format!("{name}.tar.gz");
        let archive = self.folder.path().join(&name);
        // Helm takes no archive of a chart in which paths begin with a dot.
        let mut tops: Vec<_> = files.keys().filter_map(|path| path.split('/').next()).collect();
        tops.dedup();
        let tops = if tops.is_empty() { vec!["."] } else { tops };
        let made = Command::new("tar").arg("-czf").arg(&archive).arg("-C").arg(&folder).args(tops).status();
        assert!(made.is_ok_and(|status| status.success()), "tar makes an archive");
        let bytes = fs::read(&archive).expect("the archive");
        (name, bytes)
    }

    /// What a source's status says of an archive that [`Self::pack`] made.
    pub(super) fn told(&self, (name, bytes): &(String, Vec<u8>), revision: &str) -> Value {
        json!({
            "path": name,
            "url": format!("{}/{name}", self.url),
            "revision": revision,
            "digest": sha256(bytes),
            "size": bytes.len(),
            "lastUpdateTime": now(),
        })
    }
}

/// `sha256:` and the digest, in hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, bytes);
    let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// As Kubernetes writes it.
pub(super) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A condition that a source is ready, or is not.
pub(super) fn ready(is_ready: bool, reason: &str, message: &str, generation: i64) -> Value {
    json!({
        "type": "Ready", "status": if is_ready { "True" } else { "False" }, "reason": reason, "message": message,
        "lastTransitionTime": now(), "observedGeneration": generation,
    })
}

/// Serves the files of a folder over HTTP, as long as this process runs: tests have runtimes that end with them, a thread
/// does not.
fn serve(folder: PathBuf) -> std::io::Result<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for asked in listener.incoming() {
            // Whoever hangs up asks again.
            asked.and_then(|stream| answer(stream, &folder)).ok();
        }
    });
    Ok(format!("http://{address}"))
}

fn answer(mut stream: TcpStream, folder: &Path) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let name = first.split(' ').nth(1).and_then(|path| Path::new(path).file_name());
    let (status, bytes) = match name.map(|name| fs::read(folder.join(name))) {
        Some(Ok(bytes)) => ("200 OK", bytes),
        Some(Err(_)) | None => ("404 Not Found", Vec::new()),
    };
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", bytes.len())?;
    stream.write_all(&bytes)
}
