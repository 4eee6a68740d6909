//! What a repository's size costs a review that touches one file: the untouched part doubled, and a repository of a hundred
//! thousand files and fifty thousand commits.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::kustomize::side;
use crate::manifests::{folder, git, repository, write};
use crate::measure::{Times, ratio, row};
use crate::warm::review;

const APPLICATIONS: usize = 600;
const RUNS: usize = 11;
const FILES: usize = 100_000;
const COMMITS: usize = 50_000;

pub(crate) fn run() {
    doubled();
    large();
}

/// A repository with so many applications, in which `head` changes one, and the cache that its reviews share.
struct Fleet {
    base: Vec<(String, String)>,
    repository: TempDir,
    cache: TempDir,
}

impl Fleet {
    fn new(applications: usize) -> Self {
        let base = side(applications, "1.0");
        let repository = repository(&base, &[changed(&base, 0)]);
        let fleet = Self { base, repository, cache: folder() };
        fleet.once();
        fleet
    }

    fn once(&self) -> Duration {
        review(self.repository.path(), self.cache.path())
    }

    /// Another change of the same application: base is in the cache, head is rendered.
    fn anew(&self, run: usize) -> Duration {
        write(self.repository.path(), &[changed(&self.base, run)]);
        git(self.repository.path(), &["commit", "-q", "-a", "-m", "Another image"]);
        self.once()
    }
}

fn changed(base: &[(String, String)], run: usize) -> (String, String) {
    let path = "apps/app-300/kustomization.yaml".to_owned();
    let text = &base.iter().find(|(found, _)| *found == path).unwrap().1;
    (path, text.replace("1.0", &format!("2.{run}")))
}

fn doubled() {
    let fleets = [APPLICATIONS, APPLICATIONS * 2].map(Fleet::new);
    let [mut anew, mut again] = [[Vec::new(), Vec::new()], [Vec::new(), Vec::new()]];
    for run in 1..=RUNS {
        for (number, fleet) in fleets.iter().enumerate() {
            anew[number].push(fleet.anew(run));
            again[number].push(fleet.once());
        }
    }
    let told = |what: &str, aim: &str, times: [Vec<Duration>; 2]| {
        let [single, double] = times.map(Times::new);
        row(
            &format!(
                "one file of {} kustomize applications, no policy, warm, {what}: the whole program",
                APPLICATIONS * 2
            ),
            &double.to_string(),
            &format!("of {APPLICATIONS}: {single}{aim}"),
            &ratio(double.median(), single.median()),
        );
    };
    told("head rendered", "; aim: ≤ 1.1 ×", anew);
    told("the same change again, no renderer runs", "", again);
}

fn large() {
    let (place, cache) = (folder(), folder());
    grow(place.path());
    let time = |arguments: &'static [&'static str]| {
        Times::of(RUNS, || {
            let mut command = Command::new("git");
            let status =
                command.args(arguments).current_dir(place.path()).stdout(Stdio::null()).status().unwrap();
            assert!(status.success());
        })
    };
    let listing = time(&["ls-tree", "-r", "main"]);
    let reviews = Times::new((0..RUNS).map(|_| review(place.path(), cache.path())).collect());
    row(
        &format!(
            "one file of {FILES}, after {COMMITS} commits, a policy with one environment: the whole program"
        ),
        &reviews.to_string(),
        &format!("`git ls-tree -r` of the same: {listing}"),
        &ratio(reviews.median(), listing.median()),
    );
}

/// A repository in which `head` changes one file of production.
fn grow(place: &Path) {
    git(place, &["init", "-q", "-b", "main"]);
    let mut import = Command::new("git");
    let mut import =
        import.args(["fast-import", "--quiet"]).current_dir(place).stdin(Stdio::piped()).spawn().unwrap();
    let mut stream = std::io::BufWriter::new(import.stdin.take().unwrap());
    let map = |name: usize, value: usize| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: map-{name}}}\ndata: {{k: \"{value}\"}}\n")
    };
    let policy = "version = 1\n[environment.production]\nsource = { yaml = \"environments/000\" }\n";
    let path = |file: usize| format!("environments/{:03}/{:03}.yaml", file / 100, file % 100);
    let mut commit = |branch: &str, from: &str, files: &mut dyn Iterator<Item = (String, String)>| {
        write!(stream, "commit refs/heads/{branch}\ncommitter A <a@b.c> 1700000000 +0000\ndata 1\nx\n{from}")
            .unwrap();
        for (path, text) in files {
            write!(stream, "M 644 inline {path}\ndata {}\n{text}\n", text.len()).unwrap();
        }
    };
    let all = (0..FILES).map(|file| (path(file), map(file, 0)));
    commit("main", "", &mut all.chain([(".countersign.toml".to_owned(), policy.to_owned())]));
    for number in 1..COMMITS {
        let file = 200 + number % (FILES - 200);
        commit("main", "", &mut std::iter::once((path(file), map(file, number))));
    }
    commit("head", "from refs/heads/main\n", &mut std::iter::once((path(7), map(7, 1))));
    drop(stream);
    assert!(import.wait().unwrap().success());
}
