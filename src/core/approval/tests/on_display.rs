//! Which display an approval means, and displays that somebody else rewrote.
use super::standing::check;
use super::*;

#[test]
fn a_review_means_what_was_on_display_for_thirty_seconds() {
    let ask =
        |reason: &str| format!("{reason}; `/approve {}` approves what is shown now", digest("d").short());
    let approves = |seconds| review(7, "bo", ReviewState::Approved, seconds);
    check(|seen| seen.reviews.push(approves(30)), &["bo"], &[]);
    check(
        |seen| seen.reviews.push(approves(29)),
        &[],
        &[("bo", &ask("reviewed before the effect had been on display for 30 seconds"))],
    );
    check(
        |seen| seen.reviews.push(approves(-1)),
        &[],
        &[("bo", &ask("reviewed before the effect was on display"))],
    );
    check(
        |seen| {
            seen.reviews.push(approves(60));
            seen.reviews[0].head = Some(head('e'));
        },
        &[],
        &[("bo", &ask("reviewed another head than the one on display"))],
    );
    // A forge that tells no head: only a head that has not moved can be meant.
    check(
        |seen| {
            seen.reviews.push(approves(60));
            seen.reviews[0].head = None;
        },
        &["bo"],
        &[],
    );
    check(
        |seen| {
            seen.reviews.push(approves(60));
            seen.reviews[0].head = None;
            seen.change.head = head('e');
        },
        &[],
        &[("bo", &ask("reviewed another head than the one on display"))],
    );
    for state in [ReviewState::Commented, ReviewState::Dismissed, ReviewState::ChangesRequested] {
        check(|seen| seen.reviews.push(review(7, "bo", state, 60)), &[], &[]);
    }
}

#[test]
fn a_review_binds_to_the_display_of_its_time() {
    let old = digest("old").short().to_owned();
    check(
        |seen| {
            seen.facts.insert(0, posted(0, 'a', "old", -500));
            seen.reviews.push(review(7, "bo", ReviewState::Approved, -100));
            seen.reviews.push(review(8, "dee", ReviewState::Approved, 100));
        },
        &["dee"],
        &[("bo", &format!("the change is another one since (approved was `{old}`)"))],
    );
    // The next display was about to be posted: nobody knows which of the two was seen.
    let planned = |of: &str, seconds| {
        let FactKind::DisplayPosted { display, .. } = posted(2, 'a', of, 0).kind else { unreachable!() };
        fact(2, FactKind::DisplayPlanned(display), seconds)
    };
    let ask = format!(
        "reviewed while the display was being replaced; `/approve {}` approves what is shown now",
        digest("d").short()
    );
    for (of, planned_at, stands) in [("e", 50, false), ("e", 130, false), ("e", 131, true), ("d", 50, true)] {
        let ignored = [("bo", ask.as_str())];
        check(
            |seen| {
                seen.facts.push(planned(of, planned_at));
                seen.reviews.push(review(7, "bo", ReviewState::Approved, 100));
            },
            if stands { &["bo"] } else { &[] },
            if stands { &[] } else { &ignored },
        );
    }
}

#[test]
fn what_was_approved_on_a_tampered_display_is_void() {
    let tampered = |seen: &mut Snapshot| {
        let found = FactKind::DisplayTampered { comment: CommentId(1) };
        seen.facts.insert(0, posted(0, 'a', "d", -500));
        seen.facts.push(fact(20, found, 200));
        seen.facts.push(posted(21, 'a', "d", 300));
    };
    for (seconds, stands) in [(-100, true), (0, false), (100, false), (299, false), (300, true), (400, true)]
    {
        let ignored = [("bo", "somebody had changed what was on display")];
        check(
            |seen| {
                tampered(seen);
                seen.facts.push(approved("bo", 30, seconds));
            },
            if stands { &["bo"] } else { &[] },
            if stands { &[] } else { &ignored },
        );
    }
    check(
        |seen| {
            tampered(seen);
            seen.reviews.push(review(7, "bo", ReviewState::Approved, 100));
        },
        &[],
        &[("bo", "somebody had changed what was on display")],
    );
    // Not restored yet.
    check(
        |seen| {
            seen.facts.push(fact(20, FactKind::DisplayTampered { comment: CommentId(1) }, 200));
            seen.facts.push(approved("bo", 30, 9_000));
        },
        &[],
        &[("bo", "somebody had changed what was on display")],
    );
}
