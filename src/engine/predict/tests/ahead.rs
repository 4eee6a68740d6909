//! What was read ahead is as good as what is read alone, and no better.

use super::*;
use crate::ports::Listed;

fn changed() -> PredictInput {
    input("", "ConfigMap", map(json!({ "a": "1" })), map(json!({ "a": "2" })))
}

/// A cluster of which this was read ahead, and whose dry runs are of these moments.
fn read_ahead(live: Option<Value>, moments: &[&str]) -> Script {
    let listed = |live: Value| Listed::new(&live.to_string(), "v1".into(), "ConfigMap".into());
    let known = (changed().effect.object, live.map(listed));
    let script = Script { ahead: Mutex::new(Some([known].into())), ..Script::default() };
    for moment in moments {
        script.dry_runs.lock().unwrap().push_back(Ok(predicted(moment, json!({ "a": "2" }))));
    }
    script
}

async fn said(script: &Script) -> (Option<bool>, usize) {
    let said = predict(script, &environment(ApplyMode::ServerSide), vec![changed()]).await;
    let reads = script.asked.lock().unwrap().iter().filter(|asked| asked.starts_with("read ")).count();
    (said.effects[0].settled, reads)
}

#[tokio::test]
async fn what_was_read_ahead_is_not_read_again() {
    let live = at("1", json!({ "a": "1" }));
    assert_eq!(said(&read_ahead(Some(live), &["1"])).await, (Some(true), 0));
}

#[tokio::test]
async fn what_changed_since_is_read_alone_and_looked_at_as_often_as_ever() {
    let live = at("1", json!({ "a": "1" }));
    let script = read_ahead(Some(live), &["2", "2"]);
    script.reads.lock().unwrap().push_back(Ok(Some(at("2", json!({ "a": "1" })))));
    assert_eq!(said(&script).await, (Some(true), 1));

    let script = read_ahead(None, &["1"; 8]);
    assert_eq!(
        said(&script).await,
        (Some(false), LOOKS as usize),
        "it was made since, and goes again and again"
    );
}

#[tokio::test]
async fn a_cluster_that_does_not_answer_to_many_is_given_up_sooner() {
    let silence = || ClusterError::Unreachable { source: "no answer".into() };
    let check = async |ahead: Option<LiveObjects>, want: usize, why: &str| {
        let script = Script { ahead: Mutex::new(ahead), ..Script::default() };
        for _ in 0..SILENCES {
            script.reads.lock().unwrap().push_back(Err(silence()));
            script.dry_runs.lock().unwrap().extend([Err(silence()), Err(silence())]);
        }
        let many = (0..64).map(|_| changed()).collect();
        let environment = Environment { apply: ApplyMode::Replace, ..environment(ApplyMode::Replace) };
        let said = predict(&script, &environment, many).await;
        let asked = script.asked.lock().unwrap().len();
        assert_eq!(asked, want);
        assert!(said.errors.iter().all(|error| error.undecided));
        let left = 64 - want;
        let message =
            format!("cluster `script` does not answer{why}: {left} more objects were not asked about");
        assert_eq!(said.errors[0].message, message);
    };
    check(Some(LiveObjects::default()), SILENCES as usize, "").await;
    check(None, SILENCES as usize - 1, " (no answer)").await;
}
