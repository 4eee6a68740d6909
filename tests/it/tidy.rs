//! What the house promises about its own sources: who imports whom, how long a file gets, what nothing is called, what
//! the core may depend on. Each rule is one test over the files that git knows, and is itself tried on a small sample
//! that breaks it. Nothing here builds or runs the product.

mod code;
mod files;
mod imports;
mod packages;
mod words;

use std::path::{Path, PathBuf};
use std::process::Command;

/// A file of the repository.
struct File {
    /// From the root of the repository, with `/`.
    path: String,
    text: String,
    /// The text without comments and without what stands in string literals, line for line; Rust only.
    code: String,
}

impl File {
    fn new(path: &str, text: &str) -> Self {
        let code =
            if path.ends_with(".rs") { code::without_comments_and_strings(text) } else { String::new() };
        Self { path: path.to_owned(), text: text.to_owned(), code }
    }

    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    fn within(&self, folder: &str) -> bool {
        self.path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    }

    /// `file:line`, the line from 1.
    fn at(&self, line: usize) -> String {
        format!("{}:{line}", self.path)
    }
}

/// A rule: what is wrong, each as `file:line: what, and what to do`.
type Rule = fn(&[File]) -> Vec<String>;

fn root() -> PathBuf {
    option_env!("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from("."), PathBuf::from)
}

/// The text files of the repository as they stand on disk: those that git knows, and new ones that it does not ignore.
fn repository() -> Vec<File> {
    let listed = git(&["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let mut paths: Vec<&str> = listed.split('\0').filter(|path| !path.is_empty()).collect();
    paths.sort_unstable();
    paths.dedup();
    let files: Vec<File> = paths.iter().filter_map(|path| read(&root(), path)).collect();
    assert!(
        files.iter().any(|file| file.path == "src/lib.rs"),
        "git lists no src/lib.rs: is this the repository?"
    );
    files
}

/// `None` for what is not text, and for what git still lists but is gone.
fn read(root: &Path, path: &str) -> Option<File> {
    std::fs::read_to_string(root.join(path)).ok().map(|text| File::new(path, &text))
}

fn git(arguments: &[&str]) -> String {
    let run =
        Command::new("git").args(["-c", "safe.directory=*"]).args(arguments).current_dir(root()).output();
    match run {
        Ok(done) if done.status.success() => String::from_utf8_lossy(&done.stdout).into_owned(),
        Ok(done) => panic!("git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr)),
        Err(error) => panic!("git is needed for this test: {error}"),
    }
}

#[track_caller]
fn holds(rule: Rule) {
    let wrong = rule(&repository());
    assert!(wrong.is_empty(), "{} to put right:\n{}\n", wrong.len(), wrong.join("\n"));
}

/// The rule finds exactly this in these files; each expectation is how the complaint begins.
#[track_caller]
fn check(rule: Rule, sample: &[(&str, &str)], expected: &[&str]) {
    let files: Vec<File> = sample.iter().map(|(path, text)| File::new(path, text)).collect();
    let found = rule(&files);
    let agree = found.len() == expected.len()
        && found.iter().zip(expected).all(|(found, expected)| found.starts_with(expected));
    assert!(agree, "expected {expected:#?}, found {found:#?}");
}
