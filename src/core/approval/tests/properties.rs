//! What holds of every policy: one more yes never closes, one more rule never opens, what is not known never opens, and
//! no order matters.

use std::collections::BTreeSet;
use std::fmt::Write;

use proptest::prelude::*;

use super::super::*;
use super::rules::{agree, policy};
use super::*;
use crate::actor::Known;
use crate::details::{ChangedFile, Commit, Outcome, Signatory};

const PEOPLE: [&str; 6] = ["bo", "dee", "emil", "cy", "renovate", "ghost"];

/// Every kind of condition, each with a case in which it holds and one in which it does not.
const CONDITIONS: [&str; 24] = [
    "effect.any = { names = \"web\" }",
    "effect.any = { names = \"api\", environment = \"staging\" }",
    "effect.none = { risks = \"data-loss\" }",
    "effect.only = { environment = \"production\" }",
    "paths.any = \"docs/**\"",
    "targets_branch = \"main\"",
    "from_branch = \"release/*\"",
    "changed_files.paths = \"docs/**\"",
    "no_changed_files.paths = \"secret/**\"",
    "only_changed_files.paths = \"docs/**\"",
    "file_deleted.paths = \"**\"",
    "changed_files_count = \">= 2\"",
    "modified_lines = { total = \"> 10\" }",
    "commit_count = \"= 1\"",
    "has_author_in.users = \"cy\"",
    "has_contributor_in.teams = \"acme/sre\"",
    "only_has_contributors_in.users = [\"cy\", \"emil\"]",
    "author_is_only_contributor = true",
    "has_status.names = \"build\"",
    "has_labels = \"urgent\"",
    "title.matches = \"^Shop\"",
    "has_valid_signatures = true",
    "draft = false",
    "fork = true",
];

const FROM: [&str; 7] = [
    "",
    ", from = { users = [\"bo\", \"cy\"] }",
    ", from = { teams = [\"acme/sre\"] }",
    ", from = { teams = [\"acme/lost\"], users = [\"dee\"] }",
    ", from = { permissions = [\"admin\"] }",
    ", from = { organizations = [\"acme\"] }",
    ", from = { permissions = [\"read\"], users = [\"emil\"] }",
];

const OPTIONS: [&str; 6] = [
    "",
    "allow_author = true",
    "allow_committers = true",
    "allow_pusher = true",
    "on_push = \"head\"",
    "ignore_commits_by = { teams = [\"acme/lost\"], users = [\"renovate\"] }",
];

/// A rule without its name.
#[derive(Debug, Clone)]
struct Drawn {
    when: Option<String>,
    count: u32,
    from: &'static str,
    condition: Option<&'static str>,
    options: &'static str,
}

fn condition() -> impl Strategy<Value = String> {
    let one = || prop::sample::select(CONDITIONS.to_vec());
    prop_oneof![
        3 => one().prop_map(|one| format!("{{ {one} }}")),
        1 => one().prop_map(|one| format!("{{ not = {{ {one} }} }}")),
        1 => (one(), one()).prop_map(|(a, b)| format!("{{ any = [{{ {a} }}, {{ {b} }}] }}")),
        1 => (one(), one()).prop_map(|(a, b)| format!("{{ all = [{{ {a} }}, {{ not = {{ {b} }} }}] }}")),
    ]
}

fn rule() -> impl Strategy<Value = Drawn> {
    let condition_of = prop::option::weighted(0.2, prop::sample::select(CONDITIONS.to_vec()));
    let options = prop::sample::select(OPTIONS.to_vec());
    let from = prop::sample::select(FROM.to_vec());
    (prop::option::of(condition()), 0_u32..3, from, condition_of, options).prop_map(
        |(when, count, from, condition, options)| {
            // Without anything else to ask, a rule asks for somebody.
            let count = if when.is_none() && condition.is_none() { count.max(1) } else { count };
            Drawn { when, count, from, condition, options }
        },
    )
}

fn text(rules: &[Drawn], order: &[usize], tree: &str) -> String {
    let mut text = if tree.is_empty() { String::new() } else { format!("approval = {tree}\n") };
    text += "[environment.production]\nsource = { yaml = \"p\" }\n[environment.staging]\nsource = { yaml = \"s\" }\n";
    for &at in order {
        let Drawn { when, count, from, condition, options } = &rules[at];
        writeln!(text, "[[rule]]\nname = \"r{at}\"").unwrap();
        if let Some(when) = when {
            writeln!(text, "when = {when}").unwrap();
        }
        let conditions = condition.map_or_else(String::new, |one| format!(", conditions = [{{ {one} }}]"));
        writeln!(text, "require = {{ count = {count}{from}{conditions} }}").unwrap();
        if !options.is_empty() {
            writeln!(text, "options = {{ {options} }}").unwrap();
        }
    }
    text
}

/// Trees over three rules.
const TREES: [&str; 5] = [
    "",
    "[\"r0\", \"r1\"]",
    "{ any = [\"r0\", \"r1\"] }",
    "[\"r2\", { any = [\"r0\", \"r1\"] }]",
    "{ any = [\"r0\", { all = [\"r1\", \"r2\"] }] }",
];

/// What there is of a change, and what of it is known.
#[derive(Debug, Clone)]
struct World {
    approvals: Vec<(&'static str, bool)>,
    label: bool,
    build: Option<bool>,
    files: Vec<&'static str>,
    second: Option<&'static str>,
    pusher: &'static str,
    staging: bool,
    moved: bool,
}

fn world() -> impl Strategy<Value = World> {
    let approvals =
        prop::collection::vec((prop::sample::select(PEOPLE.to_vec()), prop::bool::weighted(0.2)), 0..5);
    let files = prop::sample::subsequence(vec!["docs/a.md", "apps/web.yaml", "secret/key"], 0..=3);
    let second = prop::option::of(prop::sample::select(vec!["emil", "renovate", "nobody"]));
    let pusher = prop::sample::select(vec!["cy", "bo"]);
    (
        approvals,
        any::<bool>(),
        prop::option::of(any::<bool>()),
        files,
        second,
        pusher,
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(approvals, label, build, files, second, pusher, staging, moved)| World {
            approvals,
            label,
            build,
            files,
            second,
            pusher,
            staging,
            moved,
        })
}

fn seen(world: &World) -> Snapshot {
    let mut seen = snapshot();
    for (comment, (login, limited)) in (9..).zip(&world.approvals) {
        let mut given = approval(login, comment, 60 + i64::try_from(comment).unwrap());
        if *limited {
            given.environments = vec!["production".into()];
        }
        seen.facts.push(fact(comment, FactKind::Approved(given), 60));
    }
    if world.staging {
        seen.evaluation.environments[1] = environment("staging", vec![effect("Deployment api", &[])]);
    }
    if world.moved {
        seen.change.head = head('f');
    }
    let changed =
        |path: &&str| ChangedFile { path: (*path).into(), operation: PathOperation::Change, lines: None };
    seen.details.files = Known::Yes(world.files.iter().map(changed).collect());
    seen.evaluation.outside =
        world.files.iter().filter(|path| path.starts_with("docs")).map(|path| outside(path)).collect();
    let signatory = |login: &str| Signatory {
        identity: format!("{login} <{login}@example.org>"),
        account: (login != "nobody").then(|| actor(login)),
    };
    let commit = |login: &str| Commit {
        sha: head('a'),
        author: signatory(login),
        committer: signatory(login),
        via_web: Some(false),
        signature: Known::Unknown("not asked".into()),
    };
    seen.details.commits = Known::Yes(std::iter::once("cy").chain(world.second).map(commit).collect());
    match world.second {
        Some("nobody") => seen.contributors.unknown.push("nobody <nobody@example.org>".into()),
        Some(login) => seen.contributors.known.push(actor(login)),
        None => {}
    }
    seen.contributors.pusher = Some(actor(world.pusher));
    seen.details.labels = Known::Yes(world.label.then(|| "urgent".to_owned()).into_iter().collect());
    let outcome = |ended: bool| Outcome {
        name: "build".into(),
        conclusion: Some(if ended { "success" } else { "failure" }.into()),
        by: None,
    };
    seen.details.outcomes = Known::Yes(world.build.map(outcome).into_iter().collect());
    let acme = ["bo", "emil", "cy"].map(actor).to_vec();
    seen.directory.organizations.insert("acme".into(), Known::Yes(acme));
    seen.directory.teams.insert("acme/lost".into(), Known::Yes(vec![actor("emil"), actor("renovate")]));
    seen
}

/// Takes away one thing that was known.
fn forget(seen: &mut Snapshot, what: u8) {
    fn lost<T>() -> Known<T> {
        Known::Unknown("the forge did not answer".into())
    }
    match what {
        0 => seen.details.labels = lost(),
        1 => seen.details.outcomes = lost(),
        2 => seen.details.files = lost(),
        3 => seen.details.commits = lost(),
        4 => seen.contributors.pusher = None,
        5 => drop(seen.directory.teams.insert("acme/sre".into(), lost())),
        6 => drop(seen.directory.teams.insert("acme/lost".into(), lost())),
        7 => drop(seen.directory.organizations.insert("acme".into(), lost())),
        8 => drop(seen.directory.permissions.insert(actor("bo").id, lost())),
        9 => seen.evaluation.environments[0].units[0].sides.head = SideState::Failed,
        _ => seen.evaluation.environments[1].units[0].sides.head = SideState::Failed,
    }
}

/// The same in another order.
fn reverse(seen: &mut Snapshot) {
    seen.evaluation.environments.reverse();
    seen.evaluation.outside.reverse();
    seen.contributors.known.reverse();
    for known in [&mut seen.directory.teams, &mut seen.directory.organizations]
        .into_iter()
        .flat_map(|sets| sets.values_mut())
    {
        if let Known::Yes(members) = known {
            members.reverse();
        }
    }
    let details = &mut seen.details;
    if let Known::Yes(files) = &mut details.files {
        files.reverse();
    }
    if let Known::Yes(commits) = &mut details.commits {
        commits.reverse();
    }
    if let Known::Yes(labels) = &mut details.labels {
        labels.reverse();
    }
}

/// The rules that are met.
fn met(agreement: &Agreement) -> BTreeSet<&str> {
    let met = agreement.requirements.iter().filter(|each| each.state == RequirementState::Met);
    met.map(|each| each.rule.as_str()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// One more yes never makes what was enough too little.
    #[test]
    fn one_more_approval_never_closes(
        rules in prop::collection::vec(rule(), 3), tree in prop::sample::select(TREES.to_vec()), world in world(),
        more in prop::sample::select(PEOPLE.to_vec()), forgotten in prop::option::of(0_u8..11),
    ) {
        let policy = policy(&text(&rules, &[0, 1, 2], tree));
        let mut before = seen(&world);
        if let Some(what) = forgotten { forget(&mut before, what); }
        let mut after = before.clone();
        after.facts.push(approved(more, 90, 200));
        let (then, now) = (agree(&policy, &before), agree(&policy, &after));
        prop_assert!(!then.met || now.met);
        for now in now.requirements.iter().filter(|now| met(&then).contains(now.rule.as_str())) {
            prop_assert!(now.state == RequirementState::Met, "{now:?}");
        }
    }

    /// One more rule never opens, whatever it asks for and however weak it is, where rules claim everything that changes.
    #[test]
    fn one_more_rule_never_opens(
        rules in prop::collection::vec(rule(), 2), more in rule(), world in world(), forgotten in prop::option::of(0_u8..11),
    ) {
        let everything = Drawn { when: None, count: 1, from: "", condition: None, options: "" };
        let rules = [rules, vec![everything, more]].concat();
        let mut seen = seen(&world);
        if let Some(what) = forgotten { forget(&mut seen, what); }
        let (with, without) = (policy(&text(&rules, &[0, 1, 2, 3], "")), policy(&text(&rules, &[0, 1, 2], "")));
        let (with, without) = (agree(&with, &seen), agree(&without, &seen));
        prop_assert!(!with.met || without.met);
        prop_assert!(without.requirements.iter().all(|each| each.rule != DEFAULT_RULE), "nothing is left to it");
    }

    /// The one exception: what no rule claimed was asked of `default`, and a rule that claims it is asked in its place. So
    /// where a rule opens, it is met itself, and nobody but `default` was missing before.
    #[test]
    fn one_more_rule_opens_only_what_was_left_to_the_default(
        rules in prop::collection::vec(rule(), 2), more in rule(), world in world(), forgotten in prop::option::of(0_u8..11),
    ) {
        let rules = [rules, vec![more]].concat();
        let mut seen = seen(&world);
        if let Some(what) = forgotten { forget(&mut seen, what); }
        let (with, without) = (policy(&text(&rules, &[0, 1, 2], "")), policy(&text(&rules, &[0, 1], "")));
        let (with, without) = (agree(&with, &seen), agree(&without, &seen));
        if with.met && !without.met {
            prop_assert!(met(&with).contains("r2"), "{with:?}");
            for missing in &without.requirements {
                let open = match missing.state {
                    RequirementState::Met | RequirementState::Skipped => false,
                    RequirementState::Pending | RequirementState::Unknown => true,
                };
                prop_assert!(!open || missing.rule == DEFAULT_RULE, "{missing:?}");
            }
        }
    }

    /// What is left open by something unknown is not met.
    #[test]
    fn what_is_unknown_is_not_met(
        rules in prop::collection::vec(rule(), 3), tree in prop::sample::select(TREES.to_vec()), world in world(),
        forgotten in prop::collection::vec(0_u8..11, 1..4),
    ) {
        let mut seen = seen(&world);
        forgotten.into_iter().for_each(|what| forget(&mut seen, what));
        let agreement = agree(&policy(&text(&rules, &[0, 1, 2], tree)), &seen);
        prop_assert!(!(agreement.unknown && agreement.met), "{agreement:?}");
    }

    /// What is not known opens nothing that would be shut if it were, whatever it is.
    #[test]
    fn what_is_forgotten_never_opens(
        rules in prop::collection::vec(rule(), 3), tree in prop::sample::select(TREES.to_vec()), world in world(), forgotten in 0_u8..9,
    ) {
        let policy = policy(&text(&rules, &[0, 1, 2], tree));
        let known = seen(&world);
        let mut less = known.clone();
        forget(&mut less, forgotten);
        prop_assert!(!agree(&policy, &less).met || agree(&policy, &known).met);
    }

    /// No order makes a difference where none is meant: of rules, of people's approvals, of what changes and of who is
    /// where.
    #[test]
    fn no_order_matters(
        rules in prop::collection::vec(rule(), 3), tree in prop::sample::select(TREES.to_vec()), world in world(),
        order in Just(vec![0_usize, 1, 2]).prop_shuffle(), forgotten in prop::option::of(0_u8..11),
    ) {
        let mut one = seen(&world);
        if let Some(what) = forgotten { forget(&mut one, what); }
        let mut other = one.clone();
        // Everybody says what they said; the ledger learnt of it in another order.
        other.facts[1..].reverse();
        for (seq, fact) in (1..).zip(&mut other.facts) { fact.seq = seq; }
        reverse(&mut other);
        let a = agree(&policy(&text(&rules, &[0, 1, 2], tree)), &one);
        let b = agree(&policy(&text(&rules, &order, tree)), &other);
        let uncovered = |of: &Agreement| of.uncovered.iter().cloned().collect::<BTreeSet<_>>();
        prop_assert_eq!((a.met, a.unknown, met(&a), uncovered(&a)), (b.met, b.unknown, met(&b), uncovered(&b)));
    }
}
