//! Findings beside the lines they are about, where a forge can show them there.

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
