//! Conditions in words, as a sentence that is either true or not.

use crate::config::{
    Comparison, EffectMatch, FileTest, Files, ImageMatch, MOVES, ModifiedLines, OPERATIONS, Pattern,
    Predicate, RISKS, StatusTest, TextTest, Than, Window, WorkflowTest,
};
use crate::people;

/// A condition that has no parts; `None` for one that has.
pub(super) fn of_leaf(predicate: &Predicate) -> Option<String> {
    Some(match predicate {
        Predicate::All(_) | Predicate::Any(_) | Predicate::Not(_) => return None,
        Predicate::EffectAny(wanted) => match (wanted.count, of_effect(wanted)) {
            (Some(count), what) => format!("{} {} with {what}", comparison(count), objects(count)),
            (None, what) => format!("an object changes with {what}"),
        },
        Predicate::EffectOnly(wanted) => format!("every object that changes does with {}", of_effect(wanted)),
        Predicate::EffectNone(wanted) => format!("no object changes with {}", of_effect(wanted)),
        Predicate::PathsAny(globs) => format!("a changed path is like {}", either(globs)),
        Predicate::TargetsBranch(pattern) => format!("it targets a branch like {}", like(pattern)),
        Predicate::FromBranch(pattern) => format!("it comes from a branch like {}", like(pattern)),
        Predicate::Files(test, files) => of_files(*test, files),
        Predicate::FileCount(wanted) => format!("it changes {} files", comparison(*wanted)),
        Predicate::ModifiedLines(wanted) => of_lines(wanted),
        Predicate::CommitCount(wanted) => format!("it has {} commits", comparison(*wanted)),
        Predicate::HasAuthorIn(from) => format!("its author is one of: {}", people::words(from)),
        Predicate::HasContributorIn(from) => {
            format!("somebody who had a hand in it is one of: {}", people::words(from))
        }
        Predicate::OnlyHasContributorsIn(from) => {
            format!("everybody who had a hand in it is one of: {}", people::words(from))
        }
        Predicate::AuthorIsOnlyContributor(true) => "nobody but its author has a commit in it".to_owned(),
        Predicate::AuthorIsOnlyContributor(false) => "others than its author have commits in it".to_owned(),
        Predicate::HasStatus(test) => of_status(test),
        Predicate::HasWorkflowResult(test) => of_workflow(test),
        Predicate::HasLabels(labels) => format!("it has the {}", several("label", labels)),
        Predicate::Title(test) => format!("its title {}", of_text(test)),
        Predicate::Repository(test) => format!("its repository {}", of_text(test)),
        Predicate::HasValidSignatures(true) => "every commit has a signature that holds".to_owned(),
        Predicate::HasValidSignatures(false) => "a commit has no signature that holds".to_owned(),
        Predicate::HasValidSignaturesBy(from) => {
            format!("every commit is signed by one of: {}", people::words(from))
        }
        Predicate::HasValidSignaturesByKeys(keys) => {
            format!("every commit is signed with one of the keys {}", either(keys))
        }
        Predicate::Draft(true) => "it is a draft".to_owned(),
        Predicate::Draft(false) => "it is no draft".to_owned(),
        Predicate::Fork(true) => "it comes from another repository".to_owned(),
        Predicate::Fork(false) => "it comes from the same repository".to_owned(),
        Predicate::Window(window) => of_window(window),
        Predicate::Unknown(_) => "nobody can tell".to_owned(),
    })
}

/// What an effect match asks for, key by key.
fn of_effect(wanted: &EffectMatch) -> String {
    let EffectMatch {
        environment,
        clusters,
        kinds,
        namespaces,
        names,
        labels,
        operations,
        risks,
        paths,
        image,
        count: _,
    } = wanted;
    let named =
        |what: &str, items: &[String]| (!items.is_empty()).then(|| format!("{what} {}", either(items)));
    let operations = spelled(&OPERATIONS, operations);
    let risks = spelled(&RISKS, risks);
    let parts: Vec<String> = [
        named("environment", environment),
        named("cluster", clusters),
        named("kind", kinds),
        named("namespace", namespaces),
        named("name", names),
        named("label", labels),
        named("operation", &operations),
        named("risk", &risks),
        named("field", paths),
        image.as_ref().map(of_image),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() { "anything".to_owned() } else { parts.join(", ") }
}

fn of_image(image: &ImageMatch) -> String {
    let ImageMatch { registries, repositories, moves } = image;
    let moves = spelled(&MOVES, moves);
    let named =
        |what: &str, items: &[String]| (!items.is_empty()).then(|| format!("{what} {}", either(items)));
    let parts =
        [named("registry", registries), named("repository", repositories), named("difference in", &moves)];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        "an image that moves".to_owned()
    } else {
        format!("an image of {}", parts.join(", "))
    }
}

/// The words of the policy file for these values.
fn spelled<T: PartialEq>(table: &[(&str, T)], values: &[T]) -> Vec<String> {
    let word = |value: &T| table.iter().find(|(_, known)| known == value).map(|(word, _)| (*word).to_owned());
    values.iter().filter_map(word).collect()
}

/// Files by globs, and by expressions, which stand between slashes.
fn of_named(files: &Files) -> String {
    let Files { paths, matches, ignore, ignore_matches } = files;
    let spelled = |globs: &[String], expressions: &[String]| {
        let expressions = expressions.iter().map(|expression| format!("/{expression}/"));
        globs.iter().cloned().chain(expressions).collect::<Vec<_>>()
    };
    let (wanted, left_out) = (spelled(paths, matches), spelled(ignore, ignore_matches));
    let but = if left_out.is_empty() { String::new() } else { format!(" (but not {})", either(&left_out)) };
    if wanted.is_empty() { but } else { format!(" like {}{but}", either(&wanted)) }
}

fn of_files(test: FileTest, files: &Files) -> String {
    let like = of_named(files);
    match test {
        FileTest::Changed => format!("a file{like} changes"),
        FileTest::NoneChanged => format!("no file{like} changes"),
        FileTest::OnlyChanged => format!("only files{like} change"),
        FileTest::Added => format!("a file{like} is new"),
        FileTest::NoneAdded => format!("no file{like} is new"),
        FileTest::Deleted => format!("a file{like} is deleted"),
        FileTest::NoneDeleted => format!("no file{like} is deleted"),
    }
}

fn of_lines(wanted: &ModifiedLines) -> String {
    let ModifiedLines { files, additions, deletions, total } = wanted;
    let parts = [(additions, "added"), (deletions, "removed"), (total, "added and removed")];
    let parts = parts.into_iter().filter_map(|(wanted, what)| Some((comparison((*wanted)?), what)));
    let parts: Vec<String> = parts.map(|(number, what)| format!("{number} lines are {what}")).collect();
    let within =
        if *files == Files::default() { String::new() } else { format!(" in files{}", of_named(files)) };
    parts.join(", or ") + &within
}

fn of_status(test: &StatusTest) -> String {
    let StatusTest { names, conclusions, app } = test;
    let by = app.as_ref().map(|app| format!(", set by `{app}`")).unwrap_or_default();
    format!("the {} ended with {}{by}", several("status", names), ended(conclusions))
}

fn of_workflow(test: &WorkflowTest) -> String {
    let WorkflowTest { workflows, conclusions } = test;
    format!("the {} ended with {}", several("workflow", workflows), ended(conclusions))
}

fn ended(conclusions: &[String]) -> String {
    if conclusions.is_empty() { "`success`".to_owned() } else { either(conclusions) }
}

fn of_text(test: &TextTest) -> String {
    let TextTest { matches, not_matches } = test;
    let parts = [
        (!matches.is_empty()).then(|| format!("matches {}", either(matches))),
        (!not_matches.is_empty()).then(|| format!("matches none of {}", both(not_matches))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", or ")
}

fn of_window(window: &Window) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let Window { days, from, to, zone } = window;
    let days: Vec<&str> = DAYS.into_iter().zip(days).filter_map(|(day, on)| on.then_some(day)).collect();
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    format!("it is {}, {} to {} in {zone}", days.join(", "), clock(*from), clock(*to))
}

fn like(pattern: &Pattern) -> String {
    match pattern {
        Pattern::Glob(glob) => format!("`{glob}`"),
        Pattern::Expression(expression) => format!("`/{expression}/`"),
    }
}

fn comparison(wanted: Comparison) -> String {
    let than = match wanted.than {
        Than::Less => "less than",
        Than::AtMost => "at most",
        Than::Equal => "exactly",
        Than::AtLeast => "at least",
        Than::More => "more than",
    };
    format!("{than} {}", wanted.value)
}

fn objects(count: Comparison) -> &'static str {
    if count.value == 1 { "object changes" } else { "objects change" }
}

/// Things of one sort, by name: `label a`, `labels a and b`.
fn several(one: &str, items: &[String]) -> String {
    let end = match (items.len(), one.ends_with('s')) {
        (1, _) => "",
        (_, true) => "es",
        (_, false) => "s",
    };
    format!("{one}{end} {}", both(items))
}

fn either(items: &[String]) -> String {
    quoted(items, " or ")
}

fn both(items: &[String]) -> String {
    quoted(items, " and ")
}

fn quoted(items: &[String], last: &str) -> String {
    let quoted: Vec<String> = items.iter().map(|item| format!("`{item}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [init @ .., end] => format!("{}{last}{end}", init.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::config::{POLICY_PATH, parse};

    /// What a condition of a policy file says.
    fn said(condition: &str) -> String {
        let environments = "[environment.prod]\nsource = { yaml = \"a\" }\n";
        let rule = format!("[[rule]]\nname = \"r\"\nwhen = {{ {condition} }}\nrequire = {{ count = 1 }}\n");
        let policy = parse(&format!("version = 1\n{environments}{rule}"), POLICY_PATH).unwrap();
        of_leaf(policy.rules[0].when.as_ref().unwrap()).unwrap()
    }

    #[test]
    fn every_condition_is_a_sentence() {
        for (condition, sentence) in [
            (
                "effect.any = { environment = [\"prod\"], kinds = [\"apps/*\", \"/Pod\"], namespaces = [\"shop\"], operations = [\"delete\"], risks = [\"data-loss\"] }",
                "an object changes with environment `prod`, kind `apps/*` or `/Pod`, namespace `shop`, operation `delete`, risk `data-loss`",
            ),
            ("effect.any = { names = [\"a\"], count = \">= 3\" }", "at least 3 objects change with name `a`"),
            (
                "effect.only = { image = { repositories = [\"shop/*\"], moves = [\"tag\"] } }",
                "every object that changes does with an image of repository `shop/*`, difference in `tag`",
            ),
            ("effect.none = { paths = [\"spec.replicas\"] }", "no object changes with field `spec.replicas`"),
            ("paths.any = [\"docs/**\", \"*.md\"]", "a changed path is like `docs/**` or `*.md`"),
            ("targets_branch = \"release/*\"", "it targets a branch like `release/*`"),
            ("from_branch = { matches = \"^bot/\" }", "it comes from a branch like `/^bot//`"),
            (
                "changed_files = { paths = [\"a/**\"], matches = [\"b$\"], ignore = [\"a/x\"] }",
                "a file like `a/**` or `/b$/` (but not `a/x`) changes",
            ),
            ("no_changed_files = { paths = [\"a\"] }", "no file like `a` changes"),
            ("only_changed_files = { paths = [\"a\"] }", "only files like `a` change"),
            ("file_added = { paths = [\"a\"] }", "a file like `a` is new"),
            ("file_not_deleted = { paths = [\"a\"] }", "no file like `a` is deleted"),
            ("changed_files_count = \"< 10\"", "it changes less than 10 files"),
            ("commit_count = \"= 1\"", "it has exactly 1 commits"),
            (
                "modified_lines = { additions = \"> 10\", total = \">= 100\", ignore = [\"*.lock\"] }",
                "more than 10 lines are added, or at least 100 lines are added and removed in files (but not `*.lock`)",
            ),
            ("has_author_in = { teams = [\"acme/sre\"] }", "its author is one of: acme/sre"),
            ("author_is_only_contributor = false", "others than its author have commits in it"),
            (
                "has_status = { names = [\"ci\", \"lint\"], conclusions = [\"success\", \"skipped\"] }",
                "the statuses `ci` and `lint` ended with `success` or `skipped`",
            ),
            (
                "has_workflow_result = { workflows = [\"a.yml\"] }",
                "the workflow `a.yml` ended with `success`",
            ),
            ("has_labels = [\"a\", \"b\", \"c\"]", "it has the labels `a`, `b` and `c`"),
            (
                "title = { matches = [\"^fix\"], not_matches = [\"wip\"] }",
                "its title matches `^fix`, or matches none of `wip`",
            ),
            ("has_valid_signatures = true", "every commit has a signature that holds"),
            ("fork = false", "it comes from the same repository"),
            (
                "window = { days = [\"mon-fri\"], from = \"09:00\", to = \"17:30\", zone = \"Europe/Berlin\" }",
                "it is Mon, Tue, Wed, Thu, Fri, 09:00 to 17:30 in Europe/Berlin",
            ),
            ("unknown = \"nobody looks\"", "nobody can tell"),
        ] {
            assert_eq!(said(condition), sentence, "{condition}");
        }
    }
}
