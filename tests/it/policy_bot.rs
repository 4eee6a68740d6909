//! policy-bot's policies against policy-bot itself: what we read, it reads; what it decides, we decide.

mod ask;
mod carried;
mod cases;
mod made;
mod patterns;
pub(crate) mod staged;

use made::{Maker, Reach};

use crate::parts;

const SEED: u64 = 0x9E37_79B9_7F4A_7C15;
const MADE: usize = 3_000;

#[test]
fn what_policy_bot_decides_we_decide() {
    let Some(tool) = parts::tools::policy_bot() else { return };
    let mut maker = Maker::new(SEED, Reach::Everything);
    let made = (0..MADE).map(|index| {
        let (policy, mut change) = (maker.policy().to_string(), maker.change());
        if index % 4 == 0 {
            maker.fail(&mut change);
        }
        (policy, change)
    });
    let cases: Vec<_> = cases::all().into_iter().chain(made).collect();
    let count = ask::agree(&tool, &cases);
    // Made up as they are, they must come to everything that a policy can come to.
    assert!(count.approved > 300 && count.pending > 300 && count.disapproved > 100, "{count:?}");
    assert!(count.skipped > 30 && count.failed > 50, "{count:?}");
}

#[test]
fn what_policy_bot_reads_we_read() {
    let Some(tool) = parts::tools::policy_bot() else { return };
    ask::read_alike(&tool, &cases::doubtful());
}

#[test]
fn patterns_match_what_they_match_there() {
    let Some(tool) = parts::tools::policy_bot() else { return };
    patterns::agree(&tool, SEED);
}
