//! Paths inside a tree: joining them, and following symlinks as a kernel would, without touching a file system.

use std::collections::VecDeque;

/// How many symlinks one path may go through, as in Linux.
const MAX_LINKS: usize = 40;

/// Joins `relative` to the folder `folder` (`""` is the root) and resolves `.` and `..` by the text alone. `None`
/// where that leaves the tree or `relative` is absolute.
pub fn join_path(folder: &str, relative: &str) -> Option<String> {
    if relative.starts_with('/') {
        return None;
    }
    // Most are plain.
    if !folder.is_empty() && [folder, relative].iter().all(|path| is_plain(path)) {
        return Some(format!("{folder}/{relative}"));
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

fn is_plain(path: &str) -> bool {
    path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// The folder that a path lies in; `""` for what lies in the root.
pub fn parent_path(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// Follows the symlinks of a path; `target` gives the text of the link at a path, or `None` where there is none. The
/// answer is the path behind all links, and the links on the way. `None` where a link leaves the tree, or where links
/// go round in circles.
pub fn follow_links<'a>(
    path: &str,
    target: &dyn Fn(&str) -> Option<&'a str>,
) -> Option<(String, Vec<String>)> {
    let mut pending: VecDeque<String> = path.split('/').map(str::to_owned).collect();
    let mut at: Vec<String> = Vec::new();
    let mut links = Vec::new();
    while let Some(part) = pending.pop_front() {
        match part.as_str() {
            "" | "." => continue,
            ".." => {
                at.pop()?;
                continue;
            }
            _ => at.push(part),
        }
        let here = at.join("/");
        let Some(text) = target(&here) else { continue };
        if text.starts_with('/') || links.len() >= MAX_LINKS {
            return None;
        }
        links.push(here);
        at.pop();
        for part in text.rsplit('/') {
            pending.push_front(part.to_owned());
        }
    }
    Some((at.join("/"), links))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;
    use std::path::Path;

    use proptest::prelude::*;

    use super::{follow_links, join_path};

    /// Where a kernel arrives, seen from `root`, if it stays below it at every step.
    fn kernel(root: &Path, path: &str) -> Option<String> {
        let real = root.join(path).canonicalize().ok()?;
        real.strip_prefix(root).ok().map(|rest| rest.to_str().unwrap().to_owned())
    }

    proptest! {
        /// Follow a path over a tree of links as the kernel does: arrive at the same place, or refuse.
        #[test]
        fn agrees_with_the_kernel(
            links in prop::collection::btree_map("[ab]/[lm]|[lm]", "(\\.\\.|\\.|a|b|l|m)(/(\\.\\.|a|b|l|m)){0,3}", 0..4),
            path in "(a|b|l|m)(/(\\.\\.|a|b|l|m)){0,3}",
        ) {
            let dir = tempfile::tempdir().unwrap();
            let root = dir.path().canonicalize().unwrap();
            for folder in ["a/a", "a/b", "b/a", "b/b"] {
                std::fs::create_dir_all(root.join(folder)).unwrap();
            }
            let links: BTreeMap<String, String> = links;
            for (path, target) in &links {
                std::os::unix::fs::symlink(target, root.join(path)).unwrap();
            }
            let target = |at: &str| links.get(at).map(String::as_str);
            if let Some((ours, _)) = follow_links(&path, &target) {
                prop_assert!(!ours.split('/').any(|part| part == ".." || part == "."));
                if let Some(theirs) = kernel(&root, &path) {
                    prop_assert_eq!(ours, theirs);
                }
            } else if let Some(theirs) = kernel(&root, &path) {
                // Refused, though it comes back into the tree: only after it had left it.
                prop_assert!(links.values().any(|target| target.contains("..")) || path.contains(".."), "{}", theirs);
            }
        }
    }

    #[test]
    fn joins() {
        let check = |folder, relative, want: Option<&str>| {
            assert_eq!(join_path(folder, relative).as_deref(), want, "{folder} + {relative}");
        };
        check("apps/web", "../base", Some("apps/base"));
        check("apps/web", "./a//b/", Some("apps/web/a/b"));
        check("", ".", Some(""));
        check("apps", "..", Some(""));
        check("apps", "../..", None);
        check("apps", "/etc/passwd", None);
        check("a//b", "c/d", Some("a/b/c/d"));
        check("a/b", "c/d", Some("a/b/c/d"));
        check("a/b", "", Some("a/b"));
    }

    #[test]
    fn follows() {
        let check = |links: &[(&str, &str)], path, want: Option<&str>| {
            let target = |at: &str| links.iter().find(|(from, _)| *from == at).map(|(_, to)| *to);
            let got = follow_links(path, &target).map(|(path, _)| path);
            assert_eq!(got.as_deref(), want, "{path} over {links:?}");
        };
        check(&[], "a/b", Some("a/b"));
        check(&[("a/l", "../c")], "a/l/x", Some("c/x"));
        check(&[("l", "/etc")], "l/passwd", None);
        check(&[("l", "../etc")], "l", None);
        check(&[("l", "l")], "l", None);
        // By the text alone `d/x/../foo` is `d/foo`; a kernel goes through the link first, and out of the tree.
        check(&[("d/x", ".."), ("y", "d/x/../foo")], "y", None);
        check(&[("d/x", "."), ("y", "d/x/../foo")], "y", Some("foo"));
    }
}
