//! Which approvals stand, and why the others do not.
use proptest::prelude::*;

use super::super::*;
use super::*;

/// Who stands after these changes to the snapshot, and who does not for which reason.
#[track_caller]
pub(super) fn check(change: impl FnOnce(&mut Snapshot), stands: &[&str], ignored: &[(&str, &str)]) {
    let mut seen = snapshot();
    change(&mut seen);
    let counted = standing(&seen);
    let who: Vec<&str> = counted.standing.iter().map(|approval| approval.actor.login.as_str()).collect();
    assert_eq!(who, stands, "{counted:?}");
    let told: Vec<(&str, &str)> =
        counted.ignored.iter().map(|ignored| (ignored.who.as_str(), ignored.reason.as_str())).collect();
    assert_eq!(told, ignored);
}

/// The snapshot with bo's `/approve` in comment 9.
fn with_bo(seen: &mut Snapshot) {
    seen.facts.push(approved("bo", 9, 60));
    seen.comments.push(comment(9, "bo", "/approve", 60));
}

#[test]
fn an_approval_stands_while_the_change_and_its_dangers_do() {
    check(with_bo, &["bo"], &[]);
    check(
        |seen| {
            with_bo(seen);
            seen.change.head = head('e');
        },
        &["bo"],
        &[],
    );
    check(
        |seen| {
            with_bo(seen);
            seen.evaluation.environments[0].units[0].effects[0].risks.clear();
        },
        &["bo"],
        &[],
    );
    let other = digest("d").short().to_owned();
    check(
        |seen| {
            with_bo(seen);
            seen.digest = digest("other");
        },
        &[],
        &[("bo", &format!("the change is another one since (approved was `{other}`)"))],
    );
    check(
        |seen| {
            with_bo(seen);
            let risks = &mut seen.evaluation.environments[0].units[0].effects[0].risks;
            risks.extend([Risk::DataLoss, Risk::Replace]);
        },
        &[],
        &[("bo", "a danger was not on display then: Deployment shop/web in production and 1 more")],
    );
}

#[test]
fn an_edit_voids_it_and_a_deletion_keeps_the_record() {
    check(
        |seen| {
            with_bo(seen);
            seen.comments[0].body = "/approve all of it".into();
        },
        &[],
        &[("bo", "the comment was edited")],
    );
    check(
        |seen| {
            with_bo(seen);
            seen.comments.clear();
        },
        &["bo"],
        &[],
    );
}

#[test]
fn its_giver_can_take_it_back_and_give_it_again() {
    let taken = |seq, login: &str| {
        let via = Via::Comment(CommentId(seq));
        fact(seq, FactKind::Unapproved { actor: actor(login), via }, 100)
    };
    check(
        |seen| {
            with_bo(seen);
            seen.facts.push(taken(10, "bo"));
        },
        &[],
        &[("bo", "taken back")],
    );
    check(
        |seen| {
            with_bo(seen);
            seen.facts.push(taken(10, "dee"));
        },
        &["bo"],
        &[],
    );
    check(
        |seen| {
            with_bo(seen);
            seen.facts.push(taken(10, "bo"));
            seen.facts.push(approved("bo", 11, 120));
        },
        &["bo"],
        &[("bo", "taken back")],
    );
    check(
        |seen| {
            seen.reviews.push(review(7, "bo", ReviewState::Approved, 60));
            seen.facts.push(taken(10, "bo"));
        },
        &[],
        &[("bo", "taken back")],
    );
    check(
        |seen| {
            seen.facts.push(taken(10, "bo"));
            seen.reviews.push(review(7, "bo", ReviewState::Approved, 160));
        },
        &["bo"],
        &[],
    );
}

#[test]
fn a_later_request_for_changes_by_the_same_person_voids_it() {
    let requests = |login, seconds| review(7, login, ReviewState::ChangesRequested, seconds);
    for (login, seconds, stands, ignored) in [
        ("bo", 90, &[][..], &[("bo", "asked for changes later")][..]),
        ("bo", 60, &[], &[("bo", "asked for changes later")]),
        ("bo", 30, &["bo"], &[]),
        ("dee", 90, &["bo"], &[]),
    ] {
        check(
            |seen| {
                with_bo(seen);
                seen.reviews.push(requests(login, seconds));
            },
            stands,
            ignored,
        );
    }
}

#[test]
fn requests_for_changes_stay_until_their_author_approves_or_they_are_dismissed() {
    let asked = |change: &dyn Fn(&mut Snapshot)| -> Vec<String> {
        let mut seen = snapshot();
        seen.reviews.push(review(7, "bo", ReviewState::ChangesRequested, 30));
        change(&mut seen);
        standing(&seen).changes_requested.into_iter().map(|actor| actor.login).collect()
    };
    assert_eq!(asked(&|_| {}), ["bo"]);
    assert_eq!(asked(&|seen| seen.reviews[0].state = ReviewState::Dismissed), [""; 0]);
    assert_eq!(asked(&|seen| seen.reviews.push(review(8, "bo", ReviewState::Commented, 40))), ["bo"]);
    assert_eq!(asked(&|seen| seen.reviews.push(review(8, "dee", ReviewState::Approved, 40))), ["bo"]);
    assert_eq!(asked(&|seen| seen.reviews.push(review(8, "bo", ReviewState::Approved, 40))), [""; 0]);
    assert_eq!(asked(&|seen| seen.reviews.push(review(8, "bo", ReviewState::Approved, 20))), ["bo"]);
    assert_eq!(asked(&with_bo), [""; 0]);
    assert_eq!(
        asked(&|seen| {
            with_bo(seen);
            seen.reviews.push(review(8, "bo", ReviewState::ChangesRequested, 70));
        }),
        ["bo"]
    );
}

#[test]
fn bots_and_accounts_that_are_gone_cannot_approve() {
    check(|seen| seen.facts.push(approved("renovate", 9, 60)), &[], &[("renovate", "a bot cannot approve")]);
    check(
        |seen| seen.facts.push(approved("ghost", 9, 60)),
        &[],
        &[("ghost", "the account no longer exists")],
    );
    check(
        |seen| seen.reviews.push(review(7, "countersign", ReviewState::Approved, 60)),
        &[],
        &[("countersign", "a bot cannot approve")],
    );
    check(
        |seen| {
            seen.bot.kind = ActorKind::Human;
            let mut own = approval("countersign", 9, 60);
            own.actor.kind = ActorKind::Human;
            seen.facts.push(fact(9, FactKind::Approved(own), 60));
        },
        &[],
        &[("countersign", "a bot cannot approve")],
    );
}

#[test]
fn one_person_counts_once_by_number_whatever_the_name() {
    check(
        |seen| {
            with_bo(seen);
            let mut renamed = approval("bo", 10, 90);
            renamed.actor.login = "bo-k".into();
            seen.facts.push(fact(10, FactKind::Approved(renamed), 90));
            seen.reviews.push(review(7, "bo", ReviewState::Approved, 50));
        },
        &["bo-k"],
        &[],
    );
    // A later one that does not stand takes nothing away from an earlier one that does.
    check(
        |seen| {
            with_bo(seen);
            seen.facts.push(approved("bo", 10, 90));
            seen.comments.push(comment(10, "bo", "edited", 90));
        },
        &["bo"],
        &[("bo", "the comment was edited")],
    );
}

#[test]
fn approvals_for_some_environments_add_up() {
    let of = |pairs: &[&[&str]]| -> Vec<String> {
        let mut seen = snapshot();
        for (number, environments) in (9..).zip(pairs) {
            let mut given = approval("bo", number, 60 + number as i64);
            given.environments = environments.iter().map(|name| (*name).to_owned()).collect();
            seen.facts.push(fact(number, FactKind::Approved(given), 60));
        }
        standing(&seen).standing[0].environments.clone()
    };
    assert_eq!(of(&[&["staging"], &["production"]]), ["production", "staging"]);
    assert_eq!(of(&[&["staging"]]), ["staging"]);
    assert_eq!(of(&[&["staging"], &[]]), [""; 0]);
    assert_eq!(of(&[&[], &["staging"]]), [""; 0]);
}

#[test]
fn a_command_in_a_review_outranks_the_review() {
    check(
        |seen| {
            seen.reviews.push(review(7, "bo", ReviewState::Approved, 10));
            seen.reviews[0].body = "/approve".into();
            let by_command = Approval { via: Via::Review(ReviewId(7)), ..approval("bo", 9, 10) };
            seen.facts.push(fact(9, FactKind::Approved(by_command), 10));
        },
        &["bo"],
        &[],
    );
    check(
        |seen| {
            seen.reviews.push(review(7, "bo", ReviewState::Approved, 60));
            let via = Via::Review(ReviewId(7));
            seen.facts.push(fact(9, FactKind::Unapproved { actor: actor("bo"), via }, 10));
        },
        &[],
        &[("bo", "taken back")],
    );
    for (state, body, reason) in [
        (ReviewState::Dismissed, "/approve", "the review was dismissed"),
        (ReviewState::Commented, "/approve!", "the review was edited"),
    ] {
        check(
            |seen| {
                seen.reviews.push(review(7, "bo", state, 60));
                seen.reviews[0].body = body.into();
                let by_command = Approval { via: Via::Review(ReviewId(7)), ..approval("bo", 9, 60) };
                seen.facts.push(fact(9, FactKind::Approved(by_command), 60));
            },
            &[],
            &[("bo", reason)],
        );
    }
    // The body of a review without commands was read too; an edit of it voids the review.
    check(
        |seen| {
            seen.reviews.push(review(7, "bo", ReviewState::Approved, 60));
            let handled = FactKind::Handled {
                via: Via::Review(ReviewId(7)),
                actor: actor("bo"),
                body_hash: digest("looks good"),
                reply: None,
            };
            seen.facts.push(fact(9, handled, 60));
        },
        &[],
        &[("bo", "the review was edited")],
    );
}

proptest! {
    /// Whatever was said and done, nobody stands twice, and whoever stands approved exactly what would land.
    #[test]
    fn whoever_stands_approved_this_change_once(
        steps in prop::collection::vec((0_u8..6, 0_usize..NAMES.len(), 0_i64..300, any::<bool>()), 0..12)
    ) {
        let mut seen = snapshot();
        for (number, (step, who, seconds, same)) in (9_u64..).zip(steps) {
            let login = NAMES[who].1;
            let of = if same { "d" } else { "e" };
            match step {
                0 | 1 => {
                    let given = Approval { digest: digest(of), ..approval(login, number, seconds) };
                    seen.facts.push(fact(number, FactKind::Approved(given), seconds));
                }
                2 => seen.reviews.push(review(number, login, ReviewState::Approved, seconds)),
                3 => seen.reviews.push(review(number, login, ReviewState::ChangesRequested, seconds)),
                4 => {
                    let via = Via::Comment(CommentId(number));
                    seen.facts.push(fact(number, FactKind::Unapproved { actor: actor(login), via }, seconds));
                }
                _ => seen.facts.push(posted(number, 'a', of, seconds)),
            }
        }
        let counted = standing(&seen);
        let mut people: Vec<u64> = counted.standing.iter().map(|approval| approval.actor.id.get()).collect();
        people.sort_unstable();
        let all = people.len();
        people.dedup();
        prop_assert_eq!(all, people.len());
        prop_assert!(!people.contains(&0) && !people.contains(&5) && !people.contains(&90));
        let risks = crate::effect::risk_set(&seen.evaluation);
        for approval in &counted.standing {
            prop_assert_eq!(&approval.digest, &seen.digest);
            prop_assert!(approval.risks.is_superset(&risks));
            prop_assert!(!counted.changes_requested.contains(&approval.actor));
        }
    }
}
