//! Which repositories may be touched. Never asks a forge.

use countersign_core::change::RepoPath;

use super::SetupError;

/// Patterns over repository paths: `*` stands for any characters but `/`, a last `**` for any depth. Forges do not tell
/// repositories apart by case, so neither does this.
#[derive(Debug, Clone)]
pub(super) struct AllowList(Vec<Vec<String>>);

impl AllowList {
    pub(super) fn parse(name: &str, patterns: &[String]) -> Result<Self, SetupError> {
        if patterns.is_empty() {
            return Err(SetupError::NoRepositories { name: name.to_owned() });
        }
        patterns
            .iter()
            .map(|pattern| {
                parts(pattern)
                    .ok_or_else(|| SetupError::Pattern { name: name.to_owned(), pattern: pattern.clone() })
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    pub(super) fn allows(&self, repo: &RepoPath) -> bool {
        let path = repo.as_str().to_ascii_lowercase();
        let path: Vec<_> = path.split('/').collect();
        self.0.iter().any(|pattern| matches_path(pattern, &path))
    }
}

fn parts(pattern: &str) -> Option<Vec<String>> {
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '*');
    let parts: Vec<_> = pattern.split('/').map(str::to_ascii_lowercase).collect();
    let fine = |part: &String| !part.is_empty() && part.chars().all(safe);
    (parts.len() > 1 && parts.iter().all(fine)).then_some(parts)
}

fn matches_path(pattern: &[String], path: &[&str]) -> bool {
    match (pattern, path) {
        ([], []) => true,
        ([last], [_, ..]) if last == "**" => true,
        ([first, pattern @ ..], [part, path @ ..]) => {
            matches_part(first.as_bytes(), part.as_bytes()) && matches_path(pattern, path)
        }
        ([], [_, ..]) | ([_, ..], []) => false,
    }
}

fn matches_part(pattern: &[u8], part: &[u8]) -> bool {
    // The classical walk with one point to return to: linear in practice, and no recursion for a long row of stars.
    let (mut at, mut seen) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = part.get(seen) {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(wanted) if wanted == byte => {
                at += 1;
                seen += 1;
            }
            Some(_) | None => {
                let Some((back, from)) = star else { return false };
                star = Some((back, from + 1));
                at = back + 1;
                seen = from + 1;
            }
        }
    }
    pattern.iter().skip(at).all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[track_caller]
    fn check(patterns: &[&str], repo: &str, allowed: bool) {
        let patterns: Vec<_> = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
        let list = AllowList::parse("hub", &patterns).unwrap();
        assert_eq!(list.allows(&repo.parse().unwrap()), allowed, "{patterns:?} {repo}");
    }

    #[test]
    fn patterns_say_what_may_be_touched() {
        check(&["acme/*"], "acme/shop", true);
        check(&["acme/*"], "Acme/Shop", true);
        check(&["ACME/*"], "acme/shop", true);
        check(&["acme/*"], "acme2/shop", false);
        check(&["acme/*"], "acme/group/shop", false);
        check(&["acme/**"], "acme/group/shop", true);
        check(&["acme/**"], "acme/shop", true);
        check(&["acme/shop", "other/tool"], "other/tool", true);
        check(&["acme/shop"], "acme/shop2", false);
        check(&["acme/env-*"], "acme/env-prod", true);
        check(&["acme/env-*"], "acme/environment", false);
        check(&["acme/*-env-*x"], "acme/a-env-b-env-cx", true);
        check(&["acme/*-env-*x"], "acme/a-env-b-env-c", false);
        check(&["*/*"], "any/thing", true);
        check(&["*/shop"], "any/thing", false);
    }

    #[test]
    fn a_pattern_that_says_nothing_is_refused() {
        for pattern in ["", "acme", "acme/", "/shop", "acme//shop", "acme/sh op", "acme/sh?p"] {
            let refused = AllowList::parse("hub", &[pattern.to_owned()]).unwrap_err().to_string();
            assert!(refused.starts_with(&format!("forge `hub`: `{pattern}` in `repositories`")), "{refused}");
        }
        assert!(matches!(AllowList::parse("hub", &[]), Err(SetupError::NoRepositories { .. })));
    }

    proptest::proptest! {
        #[test]
        fn one_star_always_allows_every_name_of_its_owner(name in "[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,20}") {
            check(&["acme/*"], &format!("acme/{name}"), true);
        }

        #[test]
        fn a_name_always_allows_itself_and_nothing_longer(name in "[a-z0-9_][a-z0-9_.-]{0,20}") {
            let pattern = format!("acme/{name}");
            check(&[&pattern], &pattern, true);
            check(&[&pattern], &format!("{pattern}x"), false);
        }
    }
}
