//! What holds for every snapshot.

use proptest::prelude::*;

use super::fixture::*;
use crate::actor::{Actor, ActorKind, Known, Permission};
use crate::approval;
use crate::decide::{Found, PolicyInForce, decide, explain, judge};
use crate::evaluation::SideState;
use crate::explanation::Outcome;
use crate::fact::FactKind;
use crate::plan::{Action, Plan};
use crate::snapshot::{MergeOutcome, PolicyFile, Snapshot};
use crate::verdict::Verdict;

const TEXTS: [&str; 12] = [
    "/approve",
    "/unapprove",
    "/hold",
    "/unhold",
    "/merge",
    "/merge when-ready",
    "/cancel",
    "> /approve",
    "looks good",
    "/cs-approve\n/hold",
    "/status",
    "/help",
];

const POLICIES: [&str; 3] = [
    POLICY,
    r#"
version = 1
[environment.production]
source = { yaml = "production" }
[[rule]]
name = "two"
when = { effect.any = { environment = ["production"] } }
require = { count = 2 }
"#,
    r#"
version = 1
[environment.production]
source = { yaml = "production" }
[[check]]
name = "not too many"
cel = "object.spec.replicas < 8"
message = "too many"
[merge]
when = "approved"
"#,
];

/// What people say that does not depend on what others said before.
const WORDS: [&str; 6] =
    ["/approve", "/hold", "/unapprove", "/approve production", "/merge when-ready", "well"];

/// From the best to the worst.
fn badness(snapshot: &Snapshot) -> usize {
    let word = decide(snapshot).verdict.word();
    ["allow", "hold", "undecided", "block"].iter().position(|known| *known == word).unwrap()
}

/// One thing that happens to a change.
#[derive(Debug, Clone)]
enum Step {
    Says { who: u64, text: usize, edited: bool },
    Shown,
    Pushed { digit: char, replicas: u64 },
    Tampered,
    Draft(bool),
    Conflict(bool),
    Permission { who: u64, level: usize },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1_u64..6, 0..TEXTS.len(), prop::bool::weighted(0.1))
            .prop_map(|(who, text, edited)| Step::Says { who, text, edited }),
        4 => Just(Step::Shown),
        2 => (prop::char::range('0', '9'), 0_u64..12).prop_map(|(digit, replicas)| Step::Pushed { digit, replicas }),
        1 => Just(Step::Tampered),
        1 => any::<bool>().prop_map(Step::Draft),
        1 => any::<bool>().prop_map(Step::Conflict),
        1 => (1_u64..6, 0_usize..5).prop_map(|(who, level)| Step::Permission { who, level }),
    ]
}

fn who(id: u64) -> Actor {
    let mut actor = person(id, ["zoe", "ana", "bo", "cy", "dee", "robot"][usize::try_from(id).unwrap()]);
    if id == 5 {
        actor.id = crate::actor::ActorId::new(6);
        actor.kind = ActorKind::Bot;
    }
    actor
}

/// Plays steps as the engine would: what a plan records is recorded.
fn play(policy: usize, steps: &[Step]) -> Snapshot {
    let mut snapshot = snapshot();
    snapshot.policy = Some(PolicyFile { text: POLICIES[policy].to_owned(), ..snapshot.policy.unwrap() });
    for (index, step) in steps.iter().enumerate() {
        let at = 1_000 + 60 * i64::try_from(index).unwrap();
        snapshot.now = time(at);
        match step {
            Step::Says { who: id, text, edited } => {
                says(&mut snapshot, 1_000 + index as u64, who(*id), TEXTS[*text], at);
                if *edited {
                    snapshot.comments.last_mut().unwrap().updated_at = time(at + 5);
                }
            }
            Step::Shown => {
                snapshot.comments.retain(|comment| comment.id.0 != 100);
                shown(&mut snapshot, at);
            }
            Step::Pushed { digit, replicas } => {
                snapshot.change.head = sha(*digit);
                snapshot.evaluation = evaluation(vec![unit(vec![replicas_effect(3, *replicas)])]);
                redigest(&mut snapshot);
            }
            Step::Tampered => {
                if let Some(shown) = snapshot.comments.iter_mut().find(|comment| comment.id.0 == 100) {
                    shown.body.push('!');
                }
            }
            Step::Draft(draft) => snapshot.change.draft = *draft,
            Step::Conflict(true) => snapshot.merge = MergeOutcome::Conflict { paths: vec!["a".to_owned()] },
            Step::Conflict(false) => {
                snapshot.merge = MergeOutcome::Clean { tree: "c".repeat(40).parse().unwrap() };
            }
            Step::Permission { who: id, level } => {
                let level =
                    [Permission::None, Permission::Read, Permission::Write, Permission::Admin].get(*level);
                let known = level.map_or(Known::Unknown("no answer".to_owned()), |level| Known::Yes(*level));
                snapshot.directory.permissions.insert(who(*id).id, known);
            }
        }
        // Half of the time the bot looks in between.
        if index % 2 == 0 {
            let plan = decide(&snapshot);
            enact(&mut snapshot, &plan);
        }
    }
    snapshot
}

fn enact(snapshot: &mut Snapshot, plan: &Plan) {
    for fact in &plan.facts {
        record(snapshot, fact.clone());
    }
}

fn approvals(snapshot: &Snapshot) -> usize {
    snapshot.facts.iter().filter(|fact| matches!(fact.kind, FactKind::Approved(_))).count()
}

fn lands(plan: &Plan) -> bool {
    plan.actions.iter().any(|action| matches!(action, Action::Land(_)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_same_snapshot_gives_the_same_plan(policy in 0..POLICIES.len(), steps in prop::collection::vec(step(), 0..14)) {
        let snapshot = play(policy, &steps);
        prop_assert_eq!(decide(&snapshot), decide(&snapshot));
    }

    #[test]
    fn a_saved_snapshot_decides_the_same(policy in 0..POLICIES.len(), steps in prop::collection::vec(step(), 0..14)) {
        let snapshot = play(policy, &steps);
        let saved = serde_json::to_string(&snapshot).unwrap();
        let read: Snapshot = serde_json::from_str(&saved).unwrap();
        prop_assert_eq!(decide(&snapshot), decide(&read));
    }

    #[test]
    fn a_decision_is_explained_by_what_it_rests_on(policy in 0..POLICIES.len(), steps in prop::collection::vec(step(), 0..14)) {
        let snapshot = play(policy, &steps);
        let told = explain(&snapshot);
        let expected = match decide(&snapshot).verdict {
            Verdict::Allow => Outcome::Yes,
            Verdict::Hold(_) => Outcome::Waiting,
            Verdict::Block(_) => Outcome::No,
            Verdict::Undecided(_) => Outcome::Unknown,
        };
        prop_assert_eq!(told.outcome, expected);
        let ranked = [Outcome::No, Outcome::Unknown, Outcome::Waiting];
        let worst = ranked.into_iter().find(|outcome| told.parts.iter().any(|part| part.outcome == *outcome));
        prop_assert_eq!(worst.unwrap_or(Outcome::Yes), expected, "{}", told.to_text());
    }

    #[test]
    fn nothing_lands_that_was_not_agreed(policy in 0..POLICIES.len(), steps in prop::collection::vec(step(), 0..14)) {
        let mut snapshot = play(policy, &steps);
        let plan = decide(&snapshot);
        if lands(&plan) {
            prop_assert_eq!(&plan.verdict, &Verdict::Allow);
            enact(&mut snapshot, &plan);
            let judgement = judge(&snapshot, &PolicyInForce::of(&snapshot), &Found::of(&snapshot, &PolicyInForce::of(&snapshot)));
            prop_assert!(judgement.agreement.met && judgement.agreement.uncovered.is_empty());
            let counted = approval::standing(&snapshot);
            let others = counted.standing.iter().filter(|approval| approval.actor.id != ana().id);
            prop_assert!(others.clone().count() >= 1);
            for approval in others {
                prop_assert_eq!(&approval.digest, &snapshot.digest);
            }
            prop_assert!(judgement.holds.is_empty());
            prop_assert!(!snapshot.change.draft);
        }
    }

    #[test]
    fn replay_gives_no_more_approvals(policy in 0..POLICIES.len(), steps in prop::collection::vec(step(), 0..14)) {
        let mut snapshot = play(policy, &steps);
        let plan = decide(&snapshot);
        enact(&mut snapshot, &plan);
        let before = approvals(&snapshot);
        let again = decide(&snapshot);
        enact(&mut snapshot, &again);
        prop_assert_eq!(approvals(&snapshot), before);
        prop_assert!(again.facts.is_empty(), "{:?}", again.facts);
    }

    /// One more approval never makes a verdict worse, whatever else is said.
    #[test]
    fn one_more_approval_never_makes_it_worse(
        policy in 0..POLICIES.len(), steps in prop::collection::vec(step(), 0..14), id in 1_u64..6,
    ) {
        let mut snapshot = play(policy, &steps);
        snapshot.now = time(9_000);
        let before = badness(&snapshot);
        says(&mut snapshot, 8_000, who(id), "/approve", 8_000);
        prop_assert!(badness(&snapshot) <= before, "{:#?}", decide(&snapshot).verdict);
    }

    /// What nobody could tell never lets in what would be kept out if they could, and never hides a hold.
    #[test]
    fn what_is_unknown_never_lets_in(
        policy in 0..POLICIES.len(), steps in prop::collection::vec(step(), 0..14), lost in 0_u8..6, id in 1_u64..6,
    ) {
        let known = play(policy, &steps);
        let mut less = known.clone();
        match lost {
            0 => less.capability = Known::Unknown("no answer".to_owned()),
            1 => drop(less.directory.permissions.insert(who(id).id, Known::Unknown("no answer".to_owned()))),
            2 => drop(less.directory.permissions.remove(&who(id).id)),
            3 => less.contributors.pusher = None,
            4 => less.contributors.unknown.push("Zoe <zoe@example.org>".to_owned()),
            _ => less.evaluation.environments[0].units[0].sides.head = SideState::Failed,
        }
        let (was, is) = (decide(&known).verdict, decide(&less).verdict);
        prop_assert!(is != Verdict::Allow || was == Verdict::Allow, "{was:#?}");
        prop_assert!(lost != 0 || is != Verdict::Allow);
    }

    /// In which order different people say yes, stop it, or ask for the merge, makes no difference.
    #[test]
    fn the_order_in_which_people_speak_does_not_matter(
        policy in 0..POLICIES.len(), words in prop::collection::vec(0..WORDS.len(), 5),
        order in Just(vec![1_u64, 2, 3, 4, 5]).prop_shuffle(),
    ) {
        let spoken = |order: &[u64]| {
            let mut snapshot = snapshot();
            snapshot.policy = Some(PolicyFile { text: POLICIES[policy].to_owned(), ..snapshot.policy.clone().unwrap() });
            shown(&mut snapshot, 100);
            for (at, id) in (200..).zip(order) {
                let word = WORDS[words[usize::try_from(*id).unwrap() - 1]];
                says(&mut snapshot, 1_000 + *id, who(*id), word, at);
            }
            let plan = decide(&snapshot);
            let codes: std::collections::BTreeSet<String> =
                plan.verdict.reasons().iter().map(|reason| reason.code.clone()).collect();
            (plan.verdict.word(), codes, lands(&plan))
        };
        prop_assert_eq!(spoken(&[1, 2, 3, 4, 5]), spoken(&order));
    }
}
