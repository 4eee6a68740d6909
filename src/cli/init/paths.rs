//! Many patterns as the few that a person would write. They are proposals: whoever asks has to see that one means the
//! same in the tree.

use std::collections::BTreeSet;

/// Ways to say these paths, the shortest first, the paths themselves last.
pub(super) fn shorter(paths: &[String]) -> Vec<Vec<String>> {
    let mut ways = Vec::new();
    if paths.len() > 2 {
        ways.extend(starred(paths).map(|pattern| vec![pattern]));
        ways.extend(deep(paths).map(|pattern| vec![pattern]));
    }
    ways.push(paths.to_vec());
    ways
}

/// Folders, or patterns of folders, that hold these files, and last the files.
pub(super) fn folders(files: &[String]) -> Vec<Vec<String>> {
    let parents: BTreeSet<&str> =
        files.iter().map(|file| file.rsplit_once('/').map_or("", |(parent, _)| parent)).collect();
    let parents: Vec<String> = parents.into_iter().map(str::to_owned).collect();
    let mut ways: Vec<Vec<String>> = Vec::new();
    if !parents.iter().any(String::is_empty) {
        ways.extend(shorter(&parents));
        ways.extend(common(&parents).map(|folder| vec![folder]));
    }
    ways.push(files.to_vec());
    ways
}

/// `apps/*/production` for paths that differ in one part.
fn starred(paths: &[String]) -> Option<String> {
    let split: Vec<Vec<&str>> = paths.iter().map(|path| path.split('/').collect()).collect();
    let first = split.first()?;
    let same = |at: usize| split.iter().all(|parts| parts.get(at) == first.get(at));
    let differ: Vec<usize> = (0..first.len()).filter(|at| !same(*at)).collect();
    let [at] = differ.as_slice() else { return None };
    let whole = first.len() > 1 && split.iter().all(|parts| parts.len() == first.len());
    let parts = first.iter().enumerate().map(|(index, part)| if index == *at { "*" } else { *part });
    whole.then(|| parts.collect::<Vec<_>>().join("/"))
}

/// `apps/**` for paths below one folder.
fn deep(paths: &[String]) -> Option<String> {
    common(paths).map(|folder| format!("{folder}/**"))
}

/// The innermost folder that all paths lie in, if that is not the root.
fn common(paths: &[String]) -> Option<String> {
    let mut shared: Vec<&str> = paths.first()?.split('/').collect();
    for path in paths {
        let same = path.split('/').zip(&shared).take_while(|(a, b)| a == *b).count();
        shared.truncate(same);
    }
    (!shared.is_empty()).then(|| shared.join("/"))
}

#[cfg(test)]
mod tests {
    use super::{folders, shorter};

    #[track_caller]
    fn check(ways: Vec<Vec<String>>, want: &[&[&str]]) {
        let ways: Vec<Vec<&str>> = ways.iter().map(|way| way.iter().map(String::as_str).collect()).collect();
        assert_eq!(ways, want);
    }

    fn owned(paths: &[&str]) -> Vec<String> {
        paths.iter().map(|path| (*path).to_owned()).collect()
    }

    #[test]
    fn many_paths_become_few_patterns() {
        check(shorter(&owned(&["overlays/production"])), &[&["overlays/production"]]);
        check(
            shorter(&owned(&["apps/a/prod", "apps/b/prod", "apps/c/prod"])),
            &[&["apps/*/prod"], &["apps/**"], &["apps/a/prod", "apps/b/prod", "apps/c/prod"]],
        );
        check(
            shorter(&owned(&["apps/a", "apps/b/x", "apps/c"])),
            &[&["apps/**"], &["apps/a", "apps/b/x", "apps/c"]],
        );
        check(shorter(&owned(&["a", "b", "c"])), &[&["a", "b", "c"]]);
    }

    #[test]
    fn files_become_their_folders() {
        check(
            folders(&owned(&["prod/a.yaml", "prod/b.yaml"])),
            &[&["prod"], &["prod"], &["prod/a.yaml", "prod/b.yaml"]],
        );
        check(folders(&owned(&["a.yaml", "prod/b.yaml"])), &[&["a.yaml", "prod/b.yaml"]]);
    }
}
