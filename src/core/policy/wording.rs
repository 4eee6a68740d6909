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

fn of_files(test: FileTest, files: &Files) -> String {
    let Files { paths, ignore } = files;
    let but = if ignore.is_empty() { String::new() } else { format!(" (but not {})", either(ignore)) };
    let like = format!("like {}{but}", either(paths));
    match test {
        FileTest::Changed => format!("a file {like} changes"),
        FileTest::NoneChanged => format!("no file {like} changes"),
        FileTest::OnlyChanged => format!("only files {like} change"),
        FileTest::Added => format!("a file {like} is new"),
        FileTest::NoneAdded => format!("no file {like} is new"),
        FileTest::Deleted => format!("a file {like} is deleted"),
        FileTest::NoneDeleted => format!("no file {like} is deleted"),
    }
}

fn of_lines(wanted: &ModifiedLines) -> String {
    let ModifiedLines { additions, deletions, total } = wanted;
    let parts = [(additions, "added"), (deletions, "removed"), (total, "added and removed")];
    let parts = parts.into_iter().filter_map(|(wanted, what)| Some((comparison((*wanted)?), what)));
    let parts: Vec<String> = parts.map(|(number, what)| format!("{number} lines are {what}")).collect();
    parts.join(", or ")
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
