//! Who owns a file: the last line that matches, or the folders above.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::{ApproverFiles, CodeOwners, Owner};
use crate::library::{Library, LibraryFile};

fn library(files: &[(&str, &str)]) -> Library {
    let mut library = Library::default();
    for (path, text) in files {
        let file = LibraryFile { blob: "a".repeat(40).parse().unwrap(), text: (*text).to_owned() };
        library.insert((*path).to_owned(), file);
    }
    library
}

fn names<'a>(owners: impl IntoIterator<Item = &'a Owner>) -> String {
    let name = |owner: &Owner| match owner {
        Owner::User(name) | Owner::Team(name) | Owner::Address(name) => name.clone(),
    };
    owners.into_iter().map(name).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_last_line_that_matches_wins() {
    let text = "# all\n* @ana\n*.tf @bo @acme/net # network\n/docs/ eve@example.org\ndocs/* @fay\napps/ @gus\n\
                /apps/free\nwith\\ blank.md @hal\n";
    let owners = CodeOwners::read(&library(&[("CODEOWNERS", text)])).unwrap();
    for (path, wanted) in [
        ("README.md", "ana"),
        ("net/main.tf", "bo acme/net"),
        ("docs/a.md", "fay"),
        ("docs/deep/a.md", "eve@example.org"),
        ("x/apps/a.yaml", "gus"),
        ("apps/free/a.yaml", ""),
        ("with blank.md", "hal"),
    ] {
        assert_eq!(names(owners.of(path)), wanted, "{path}");
    }
}

#[test]
fn what_cannot_be_read_is_said_with_its_line() {
    let told = |files: &[(&str, &str)]| CodeOwners::read(&library(files)).unwrap_err();
    let all = [
        told(&[]),
        told(&[("CODEOWNERS", "* @a"), ("docs/CODEOWNERS", "* @b")]),
        told(&[("CODEOWNERS", "* @a\n[Docs]\n")]),
        told(&[("CODEOWNERS", "* bo\n")]),
        told(&[("CODEOWNERS", ".*\\.tf @bo\n")]),
        told(&[("CODEOWNERS", "!x @bo\n")]),
    ];
    insta::assert_snapshot!(all.join("\n"), @r"
    the target branch has no CODEOWNERS; add one as `.github/CODEOWNERS` or `CODEOWNERS`
    there are CODEOWNERS and docs/CODEOWNERS; keep one of them
    CODEOWNERS:2: sections are not supported; write the lines without them
    CODEOWNERS:1: `bo` is neither `@user`, `@org/team` nor an address
    CODEOWNERS:1: `.*\.tf` is a regular expression; write a pattern like `*.yaml`
    CODEOWNERS:1: a pattern cannot be negated; write a later line that names other owners
    ");
}

#[test]
fn approvers_are_those_of_the_folders_above_up_to_one_that_stops() {
    let files = [
        ("OWNERS", "approvers: [ana, sre]\n"),
        ("OWNERS_ALIASES", "aliases:\n  sre: [bo, cy]\n"),
        ("apps/OWNERS", "approvers: [dee]\n"),
        ("apps/closed/OWNERS", "approvers: [eve]\noptions: { no_parent_owners: true }\n"),
        ("net/OWNERS", "filters:\n  '\\.tf$': { approvers: [fay] }\n  '.*': { approvers: [gus] }\n"),
    ];
    let owners = ApproverFiles::read(&library(&files)).unwrap();
    for (path, wanted) in [
        ("README.md", "ana bo cy"),
        ("apps/shop/a.yaml", "ana bo cy dee"),
        ("apps/closed/a.yaml", "eve"),
        ("net/main.tf", "ana bo cy fay gus"),
        ("net/a.md", "ana bo cy gus"),
    ] {
        assert_eq!(names(&owners.of(path)), wanted, "{path}");
    }
}
