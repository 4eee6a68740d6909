//! Policies that were carried over, against what they were: never laxer, and the same where nothing departs.

use countersign_core::decide::decide;
use countersign_core::policybot::{
    Change, CommitStatus, Kind, Policy, ReviewState, Status, Translation, evaluate, read, recorded, translate,
};
use countersign_core::verdict::Verdict;

use super::made::{Maker, Reach};
use super::staged::{spoken, staged};

const SEED: u64 = 0x1D87_2B41_9C55_0F33;

fn translated(policy: &str) -> (Policy, Translation) {
    let policy = read(policy, "policy.yml").unwrap_or_else(|errors| panic!("{errors:#?}\n{policy}"));
    let translation = translate(&policy, "policy.yml");
    (policy, translation)
}

/// Whether the translation lets a change land.
fn lands(translation: &Translation, change: &Change) -> Verdict {
    decide(&staged(change, &translation.text)).verdict
}

fn approves(policy: &Policy, change: &Change) -> bool {
    evaluate(policy, change).commit_status() == CommitStatus::Success
}

/// Whether the two may differ as the translation says that they do: the newest of several words by one person is
/// edited, or who asked for changes approved in a way that does not revoke.
fn may_differ(policy: &Policy, change: &Change, translation: &Translation) -> bool {
    let said = change.comments.iter().map(|one| (&one.author, one.edited_at));
    let said = said.chain(change.reviews.iter().map(|one| (&one.author, one.edited_at)));
    let said: Vec<_> = said.collect();
    let several = |author: &String| said.iter().filter(|(other, _)| *other == author).count() > 1;
    let edited = said.iter().any(|(author, edited)| edited.is_some() && several(author));
    let ignored =
        policy.rules.iter().any(|rule| rule.options.in_force(policy).ignore_edited_comments == Some(true));
    let asked = |author: &String| {
        change.reviews.iter().any(|one| one.state == ReviewState::ChangesRequested && one.author == *author)
    };
    let revoked = translation
        .departures
        .iter()
        .any(|one| one.kind == Kind::Differs && one.what.starts_with("`disapproval`"));
    (edited && ignored) || (revoked && said.iter().any(|(author, _)| asked(author) && several(author)))
}

#[test]
fn what_was_carried_over_is_never_laxer() {
    let mut count = [0_usize; 4];
    for reach in [Reach::Everything, Reach::Carried] {
        let mut maker = Maker::new(SEED, reach);
        for _ in 0..600 {
            let text = maker.policy().to_string();
            let change = spoken(maker.change());
            let (policy, translation) = translated(&text);
            let (here, there) = (lands(&translation, &change), approves(&policy, &change));
            if may_differ(&policy, &change, &translation) {
                continue;
            }
            count[usize::from(here == Verdict::Allow) * 2 + usize::from(there)] += 1;
            assert!(
                here != Verdict::Allow || there,
                "laxer:\n{text}\n{}\n{change:#?}\n{}",
                translation.text,
                evaluate(&policy, &change).render()
            );
        }
    }
    let [neither, stricter, _, both] = count;
    assert!(both > 100 && neither > 300 && stricter > 30, "{count:?}");
}

/// A change about which everything can be told in both: every commit stands in one line, was pushed before what is
/// said about it and belongs to accounts, nothing is edited, and nobody asks for changes.
fn plain(mut change: Change) -> Change {
    let mut parents = vec!["f".repeat(40)];
    for commit in &mut change.commits {
        commit.parents = std::mem::replace(&mut parents, vec![commit.sha.clone()]);
        for user in [&mut commit.author, &mut commit.committer] {
            if user.is_empty() {
                user.clone_from(&change.author);
            }
        }
        if let Some(signature) = &mut commit.signature {
            signature.kind = countersign_core::policybot::SignatureKind::Gpg;
            "0123456789ABCDEF".clone_into(&mut signature.key);
        }
    }
    let newest = change.pushed_at.values().max().copied();
    change.pushed_at.extend(newest.map(|newest| (change.head.clone(), newest)));
    change.comments.iter_mut().for_each(|comment| comment.edited_at = None);
    change.reviews.iter_mut().for_each(|review| review.edited_at = None);
    change.reviews.retain(|review| review.state != ReviewState::ChangesRequested);
    change
}

/// Whether a departure says nothing of a plain change on which nobody disapproved.
fn is_silent(departure: &countersign_core::policybot::Departure) -> bool {
    match departure.kind {
        Kind::Harmless | Kind::Differs => true,
        // Who is asked for a review decides nothing.
        Kind::Missing => departure.what.starts_with("`request_review`"),
        Kind::Stricter => departure.what.starts_with("`disapproval`"),
    }
}

#[test]
fn what_was_carried_over_without_departures_is_the_same() {
    let mut maker = Maker::new(SEED, Reach::Carried);
    let mut count = [0_usize; 2];
    for _ in 0..1_200 {
        let text = maker.policy().to_string();
        let change = plain(spoken(maker.change()));
        let (policy, translation) = translated(&text);
        if !translation.departures.iter().all(is_silent) {
            continue;
        }
        let outcome = evaluate(&policy, &change);
        let disapproval = &outcome.children[1];
        if disapproval.why.starts_with("disapproved by")
            || disapproval.why.starts_with("disapproval taken back")
        {
            continue;
        }
        assert_eq!(disapproval.status == Status::Disapproved, disapproval.why.ends_with("` holds"));
        let there = approves(&policy, &change);
        let here = lands(&translation, &change);
        count[usize::from(there)] += 1;
        assert_eq!(
            here == Verdict::Allow,
            there,
            "{here:#?}\n{text}\n{}\n{change:#?}\n{}",
            translation.text,
            outcome.render()
        );
    }
    assert!(count.iter().all(|count| *count > 100), "{count:?}");
}

#[test]
fn a_recorded_snapshot_comes_out_as_the_change_does() {
    let mut maker = Maker::new(SEED, Reach::Carried);
    let mut told = 0;
    for _ in 0..300 {
        let text = maker.policy().to_string();
        let change = plain(spoken(maker.change()));
        let (policy, translation) = translated(&text);
        let recorded = recorded(&policy, &staged(&change, &translation.text)).change;
        let (here, there) = (evaluate(&policy, &recorded), evaluate(&policy, &change));
        let approved = here.commit_status() == CommitStatus::Success;
        if approved || !here.has_gap() {
            assert_eq!(here.status, there.status, "{text}\n{}\n{}", here.render(), there.render());
            told += 1;
        }
    }
    assert!(told > 150, "{told}");
}
