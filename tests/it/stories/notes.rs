//! What a check run carries where a forge can show it: findings beside the lines they are about, who has to agree.

use super::tale::{USUAL, WEB, web};
use super::{REPO, SignIn, StandIn, Tale};

/// `level file:line message` of the newest check run on a commit.
fn annotations(town: &StandIn, commit: &str) -> Vec<String> {
    let runs = town.sim.checks(REPO, commit).unwrap();
    let ours = runs.into_iter().rfind(|run| run.name == "countersign").unwrap();
    let told = |note: &serde_json::Value| {
        assert_eq!(note["start_line"], note["end_line"]);
        format!(
            "{} {}:{} {}",
            note["annotation_level"].as_str().unwrap(),
            note["path"].as_str().unwrap(),
            note["start_line"],
            note["message"].as_str().unwrap()
        )
    };
    ours.annotations.iter().map(told).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finding_is_an_annotation_until_it_is_repaired() {
    let (tale, town) = Tale::on_the_stand_in(SignIn::App, Some(USUAL.to_owned())).await;
    let mut change = tale.scales("ana", "shrink", 1).await;
    let blocked = change.head.clone();
    let noted = annotations(&town, &blocked);
    let [note] = noted.as_slice() else { panic!("{noted:?}") };
    assert!(note.starts_with(&format!("failure {WEB}:1 production: Deployment")), "{note}");
    let display = tale.display(&change).await.body;
    assert!(display.contains(&format!("`{WEB}:1`")), "{display}");
    // Whoever looks again writes nothing again.
    tale.settles(&change).await;
    assert_eq!(annotations(&town, &blocked), noted);
    assert_eq!(town.sim.checks(REPO, &blocked).unwrap().len(), 1);

    tale.pushes("ana", &mut change, &[(WEB, Some(&web(&tale.namespace, 4, "1.0")))]).await;
    assert_eq!(annotations(&town, &change.head), [""; 0]);
    assert_eq!(annotations(&town, &blocked), noted);
    town.assert_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_moved_since_has_no_annotation() {
    let (tale, town) = Tale::on_the_stand_in(SignIn::App, Some(USUAL.to_owned())).await;
    let change = tale.scales("ana", "shrink", 1).await;
    assert_eq!(annotations(&town, &change.head).len(), 1);
    // Somebody puts a line above it on the target branch: the merge has it elsewhere than head.
    let lower = format!("# The shop.\n# Ask ana.\n{}", web(&tale.namespace, 3, "1.0"));
    super::town::Town::force(&town, &[(WEB, Some(&lower))]).await;
    tale.settles(&change).await;
    assert_eq!(annotations(&town, &change.head), [""; 0]);
    let display = tale.display(&change).await.body;
    assert!(display.contains(&format!("`{WEB}:3`")), "{display}");
    town.assert_clean();
}

/// GitHub takes no annotation back, so another run takes the place of the one that has them; that one does not wait for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_place_another_takes_is_brought_to_an_end() {
    let warns =
        USUAL.replace("environments = [\"production\"]\n\n[[rule]]", "severity = \"warning\"\n\n[[rule]]");
    let (tale, town) = Tale::on_the_stand_in(SignIn::App, Some(warns)).await;
    let change = tale.scales("ana", "shrink", 1).await;
    assert_eq!(annotations(&town, &change.head).len(), 1);
    let lower = format!("# The shop.\n# Ask ana.\n{}", web(&tale.namespace, 3, "1.0"));
    super::town::Town::force(&town, &[(WEB, Some(&lower))]).await;
    tale.settles(&change).await;
    let runs = town.sim.checks(REPO, &change.head).unwrap();
    let stand = |run: &countersign_sim::CheckSeen| {
        (run.status.clone(), run.conclusion.clone(), run.annotations.len())
    };
    let (ended, waits) =
        (("completed".to_owned(), Some("cancelled".to_owned()), 1), ("in_progress".to_owned(), None, 0));
    assert_eq!(runs.iter().map(stand).collect::<Vec<_>>(), [ended, waits]);
    town.assert_clean();
}

/// What the newest check run on a commit tells below its title, and how many runs and annotations there are.
fn told(town: &StandIn, commit: &str) -> (String, usize, usize) {
    let runs = town.sim.checks(REPO, commit).unwrap();
    let ours = runs.iter().rfind(|run| run.name == "countersign").unwrap();
    let (_, words) = ours.summary.split_once("\n\n").unwrap_or_default();
    (words.to_owned(), runs.len(), ours.annotations.len())
}

/// Who has to agree stands in the check run too, whether or not anything is found, and what it says follows what people say.
#[tokio::test(flavor = "multi_thread")]
async fn a_check_run_says_who_has_to_agree() {
    let warns =
        USUAL.replace("environments = [\"production\"]\n\n[[rule]]", "severity = \"warning\"\n\n[[rule]]");
    let (tale, town) = Tale::on_the_stand_in(SignIn::App, Some(warns)).await;
    for (branch, replicas, found, notes) in
        [("grow", 5, "", 0), ("shrink", 1, "1 finding is noted at the line.\n\n", 1)]
    {
        let change = tale.scales("ana", branch, replicas).await;
        let of = format!("Deployment {}/web in production", tale.namespace);
        let waits = format!(
            "{found}**Approvals**\n\n- ⏳ waits: `production needs one` has 0 of 1 approvals from whoever has write permission; because of {of}"
        );
        assert_eq!(told(&town, &change.head), (waits.clone(), 1, notes));
        // What changes nothing writes nothing.
        tale.says("dee", &change, "what is this?").await;
        assert_eq!(told(&town, &change.head), (waits, 1, notes));
        tale.says("bo", &change, "/approve").await;
        assert_eq!(tale.status(&change).await, "success");
        let met = format!(
            "{found}**Approvals**\n\n- ✅ met: `production needs one` has 1 of 1 approvals from whoever has write permission; approved by bo; because of {of}"
        );
        assert_eq!(told(&town, &change.head), (met.clone(), 1, notes));
        tale.says("ana", &change, "/merge").await;
        assert_eq!(tale.state(&change).await, "merged");
        assert_eq!(told(&town, &change.head), (met, 1, notes));
    }
    town.assert_clean();
}
