//! Renders that are remembered between runs.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::{Desk, Done, done, effects, files, web};
use crate::parts::tools;
use crate::source::git;

/// A desk with kustomize on its `PATH`, and settings under which no renderer can start.
struct Kustomized {
    desk: Desk,
    path: String,
}

impl Kustomized {
    fn new() -> Option<Self> {
        let kustomize = tools::kustomize()?;
        let root = "resources: [web.yaml]\nnamePrefix: a-\n";
        let desk = Desk::new(&[("production/kustomization.yaml", root), ("production/web.yaml", &web(2))]);
        git(&desk.path("env"), &["checkout", "-q", "-b", "topic"]);
        desk.commit("topic", &[("production/web.yaml", &web(3))]);
        std::fs::write(desk.path("starved.toml"), "[render]\nmemory_mb = 1\n").unwrap();
        let path = format!("{}:{}", kustomize.parent().unwrap().display(), std::env::var("PATH").unwrap());
        Some(Self { desk, path })
    }

    fn run(&self, arguments: &[&str]) -> Done {
        let mut command = self.desk.command("env", &["review", "--format", "json", "--base", "main"]);
        done(command.env("PATH", &self.path).args(arguments).output().unwrap())
    }

    /// What it says where it cannot render anything anew.
    fn starved(&self, arguments: &[&str]) -> Done {
        self.run(&[&["--settings", "../starved.toml"], arguments].concat())
    }

    /// What is remembered of renderers.
    fn entries(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let all = files(&self.desk.path("home/.cache/countersign/renders"));
        all.into_iter().filter(|(_, bytes)| !is_index(bytes) && !is_of_tree(bytes)).collect()
    }

    /// What is remembered of files.
    fn index(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let all = files(&self.desk.path("home/.cache/countersign/renders"));
        all.into_iter().filter(|(_, bytes)| is_index(bytes)).collect()
    }
}

fn is_index(entry: &[u8]) -> bool {
    String::from_utf8_lossy(entry).lines().nth(3).is_some_and(|line| line.contains(" {\"Says\":"))
}

/// Whether an entry is what is remembered of a tree: its environments, or its paths.
fn is_of_tree(entry: &[u8]) -> bool {
    let text = String::from_utf8_lossy(entry);
    text.lines().nth(3).is_some_and(|line| line.starts_with("[[\"") || line.starts_with("100644 "))
}

#[track_caller]
fn scaled(done: &Done) {
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    let report = serde_json::from_str(&done.out).unwrap();
    assert_eq!(effects(&report), ["update a-web: spec.replicas 2 3"]);
}

#[test]
fn what_was_rendered_once_is_not_rendered_again() {
    let Some(it) = Kustomized::new() else { return };
    assert_eq!(it.starved(&[]).code, 2, "nothing can be rendered without memory");
    assert_eq!(it.entries().len(), 0, "failures are not remembered");
    let first = it.run(&[]);
    scaled(&first);
    let kept = it.entries();
    assert_eq!(
        kept.len(),
        5,
        "two sides, where their objects come from, and the version of kustomize: {kept:?}"
    );
    let second = it.starved(&[]);
    scaled(&second);
    assert_eq!(second.out, first.out);
    assert_eq!(it.entries(), kept);
    assert_eq!(it.starved(&["--no-cache"]).code, 2);

    it.desk.commit("more", &[("production/web.yaml", &web(4))]);
    assert_eq!(it.starved(&[]).code, 2, "another input is another entry");
    it.desk.commit("back", &[("production/web.yaml", &web(3))]);
    scaled(&it.starved(&[]));
}

#[test]
fn what_was_damaged_is_rendered_again() {
    let Some(it) = Kustomized::new() else { return };
    let first = it.run(&[]);
    scaled(&first);
    for (path, bytes) in it.entries() {
        let text = String::from_utf8(bytes).unwrap();
        std::fs::write(path, text.replace("replicas: 3", "replicas: 1")).unwrap();
    }
    assert_eq!(it.starved(&[]).code, 2, "a damaged entry is no entry");
    assert_eq!(it.run(&[]).out, first.out);
    for (path, bytes) in it.entries() {
        std::fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
    }
    assert_eq!(it.run(&[]).out, first.out);
    scaled(&it.starved(&[]));
}

#[test]
fn a_cache_that_others_could_alter_is_refused() {
    let Some(it) = Kustomized::new() else { return };
    let folder = it.desk.path("open");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).unwrap();
    let named = it.run(&["--cache-dir", "../open"]);
    assert_eq!((named.code, named.out.as_str()), (64, ""));
    assert_eq!(
        named.err,
        "error: ../open: others may write to it; close it with `chmod go-w`, or name another folder\n"
    );
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    std::fs::create_dir(it.desk.path("home/.cache")).unwrap();
    std::fs::rename(&folder, it.desk.path("home/.cache/countersign")).unwrap();
    let usual = it.run(&[]);
    assert_eq!(usual.code, 0, "without its usual cache it goes on");
    assert!(usual.err.starts_with("note: renders are not remembered: "), "{}", usual.err);
    scaled(&it.run(&["--cache-dir", "../own/cache"]));
    scaled(&it.starved(&["--cache-dir", "../own/cache"]));
    let mode = |path: &str| it.desk.path(path).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("own/cache"), mode("own/cache/renders")), (0o700, 0o700));
    assert!(files(&it.desk.path("own/cache/renders")).len() >= 5);
    let status = git(&it.desk.path("env"), &["status", "--porcelain"]);
    assert_eq!(status, "");
}

#[test]
fn many_reviews_at_once_share_a_cache() {
    let Some(it) = Kustomized::new() else { return };
    let all: Vec<Done> = std::thread::scope(|scope| {
        let started: Vec<_> = (0..6).map(|_| scope.spawn(|| it.run(&[]))).collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    all.iter().for_each(scaled);
    assert_eq!((it.entries().len(), it.index().len()), (5, 1));
}

/// After these files are committed, a review that remembers finds the same as one that does not: changes in `units`.
#[track_caller]
fn review_finds(it: &Kustomized, files: &[(&str, &str)], units: &[&str]) {
    it.desk.commit("more", files);
    let afresh = it.run(&["--no-cache"]);
    for time in ["first", "second"] {
        assert_eq!(it.run(&[]).out, afresh.out, "the {time} time");
    }
    let report: serde_json::Value = serde_json::from_str(&afresh.out).unwrap();
    let environments = report["environments"].as_array().unwrap();
    let found = environments.iter().flat_map(|environment| environment["units"].as_array().unwrap());
    let mut found: Vec<&str> = found.map(|unit| unit["name"].as_str().unwrap()).collect();
    found.sort_unstable();
    assert_eq!(found, units, "{}", afresh.err);
}

#[test]
fn what_is_remembered_of_a_file_says_nothing_of_where_it_stands() {
    let Some(it) = Kustomized::new() else { return };
    scaled(&it.run(&[]));
    assert_eq!(it.index().len(), 1);
    // A component is no root, until it is none any more.
    let component = "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nresources: [web.yaml]\n";
    let part = [("part/kustomization.yaml", component), ("part/web.yaml", &web(5))];
    review_finds(&it, &part, &["production"]);
    let uses = "components: [../part]\nnamePrefix: b-\n";
    review_finds(&it, &[("staging/kustomization.yaml", uses)], &["production", "staging"]);
    let root = "resources: [web.yaml]\nnamePrefix: p-\n";
    review_finds(&it, &[("part/kustomization.yaml", root)], &["production", "staging"]);
    review_finds(
        &it,
        &[("staging/kustomization.yaml", "namePrefix: s-\n")],
        &["part", "production", "staging"],
    );
    // The same bytes include another folder from another place.
    let include = "resources: [../part]\nnamePrefix: b-\n";
    let deep = [("deep/part/kustomization.yaml", root), ("deep/part/web.yaml", &web(6))];
    review_finds(&it, &deep, &["deep/part", "part", "production", "staging"]);
    review_finds(
        &it,
        &[("deep/x/kustomization.yaml", include)],
        &["deep/x", "part", "production", "staging"],
    );
    review_finds(&it, &[("staging/kustomization.yaml", include)], &["deep/x", "production", "staging"]);
    // What an include leads to changes, and the file that includes it does not.
    review_finds(&it, &[("part/web.yaml", &web(7))], &["deep/x", "production", "staging"]);
    std::fs::remove_dir_all(it.desk.path("env/part")).unwrap();
    review_finds(&it, &[], &["deep/x", "production", "staging"]);
}

#[test]
fn a_damaged_index_is_made_anew() {
    let Some(it) = Kustomized::new() else { return };
    let first = it.run(&[]);
    scaled(&first);
    let kept = it.index();
    let [(path, bytes)] = kept.as_slice() else { panic!("one index: {kept:?}") };
    let text = String::from_utf8(bytes.clone()).unwrap();
    for damaged in [text.replace("web.yaml", "odd.yaml"), text[..text.len() / 2].to_owned(), String::new()] {
        assert_ne!(damaged, text);
        std::fs::write(path, damaged).unwrap();
        assert_eq!(it.run(&[]).out, first.out);
        assert_eq!(it.index(), kept);
    }
}
