//! Protection: what a push and the merge button are refused, and who is exempt.

use countersign_sim::{
    Bypass, BypassActor, BypassMode, Enforcement, NewStatus, OnPush, Protection, Restrictions, ReviewGiven,
    ReviewRule, ReviewState, Role, Rule, Ruleset, StatusRule, Toggle, UpToDate,
};
use reqwest::Method;
use serde_json::json;

use crate::stage::{REPO, Stage, git, git_ok};

fn ruleset(rule: Rule, actor: BypassActor) -> Ruleset {
    Ruleset {
        id: 0,
        name: "guard".to_owned(),
        enforcement: Enforcement::Active,
        include: vec!["refs/heads/main".to_owned()],
        rules: vec![rule],
        bypass: vec![Bypass { actor, mode: BypassMode::Always }],
    }
}

/// Who may push what to `main`, over real git: an ordinary commit on top, and a rewind.
async fn check(stage: &Stage, who: &str, token: &str, forwards: Result<(), &str>, back: Result<(), &str>) {
    let folder = tempfile::tempdir().unwrap();
    let rest = stage.sim.url().trim_start_matches("http://");
    git_ok(folder.path(), &["clone", "-q", &format!("http://x-access-token:{token}@{rest}/{REPO}.git"), "w"]);
    let work = folder.path().join("w");
    git_ok(&work, &["commit", "-q", "--allow-empty", "-m", "On top"]);
    for (spec, expected) in [("HEAD:main", forwards), ("+HEAD~1:main", back)] {
        let output = git(&work, &["push", "-q", "origin", spec]);
        let error = String::from_utf8_lossy(&output.stderr);
        match expected {
            Ok(()) => assert!(output.status.success(), "{who} {spec}: {error}"),
            Err(why) => assert!(!output.status.success() && error.contains(why), "{who} {spec}: {error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn restrictions_let_only_the_named_push() {
    let stage = Stage::new().await;
    let app = stage.app_token().await;
    let only = Restrictions { apps: vec!["countersign".to_owned()], ..Restrictions::default() };
    let strict = [Toggle::EnforceAdmins].into();
    let rules = Protection { restrictions: Some(only), toggles: strict, ..Protection::default() };
    stage.sim.protect(REPO, "main", rules.clone()).unwrap();
    let no = Err("not authorized to push");
    check(&stage, "bo", &stage.token("bo"), no, Ok(())).await;
    check(&stage, "ana", &stage.token("ana"), no, Ok(())).await;
    check(&stage, "the app", &app, Ok(()), Err("Cannot force-push")).await;
    let lax = Protection { toggles: [Toggle::ForcePushes].into(), ..rules };
    stage.sim.protect(REPO, "main", lax).unwrap();
    check(&stage, "ana, an administrator", &stage.token("ana"), Ok(()), Ok(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rulesets_exempt_only_the_listed() {
    let stage = Stage::new().await;
    let app = stage.app_token().await;
    let exempt = BypassActor::App("countersign".to_owned());
    stage.sim.add_ruleset(REPO, ruleset(Rule::Update, exempt.clone())).unwrap();
    stage.sim.add_ruleset(REPO, ruleset(Rule::NonFastForward, BypassActor::Role(Role::Admin))).unwrap();
    let no = Err("Cannot update this protected ref");
    check(&stage, "bo", &stage.token("bo"), no, Ok(())).await;
    check(&stage, "ana", &stage.token("ana"), no, Ok(())).await;
    check(&stage, "the app", &app, Ok(()), Err("Cannot force-push")).await;
    let direct = stage.sim.commit(REPO, "main", "main", &[("x", Some("x"))], "bo", "X").await;
    assert!(direct.unwrap_err().to_string().contains("Cannot update this protected ref"));
    stage.sim.clear_rulesets(REPO).unwrap();
    stage.sim.add_ruleset(REPO, ruleset(Rule::Signatures, exempt.clone())).unwrap();
    stage.sim.add_ruleset(REPO, ruleset(Rule::LinearHistory, exempt)).unwrap();
    check(&stage, "bo", &stage.token("bo"), Err("verified signatures"), Ok(())).await;
    stage.sim.assert_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_must_carry_the_required_checks() {
    let stage = Stage::new().await;
    let contexts = vec![("ci".to_owned(), None)];
    let statuses = StatusRule { up_to_date: UpToDate::Optional, contexts };
    let toggles = [Toggle::EnforceAdmins].into();
    let rules = Protection { statuses: Some(statuses), toggles, ..Protection::default() };
    stage.sim.protect(REPO, "main", rules).unwrap();
    let app = stage.app_token().await;
    check(&stage, "the app", &app, Err("\"ci\" is expected"), Ok(())).await;
    let passed = NewStatus { context: "ci", state: "success", description: "" };
    stage.sim.set_status(REPO, &stage.head, "bo", passed).unwrap();
    stage.sim.move_branch(REPO, "main", &stage.head, "cy").await.unwrap();
    assert_eq!(stage.sim.tip(REPO, "main").unwrap(), stage.head);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_button_wants_reviews_that_a_push_takes_away() {
    let stage = Stage::new().await;
    let sim = &stage.sim;
    let reviews = ReviewRule { approvals: 1, on_push: OnPush::Dismiss, bypass: Restrictions::default() };
    sim.protect(REPO, "main", Protection { reviews: Some(reviews), ..Protection::default() }).unwrap();
    let merge = async |status: u16, why: &str| {
        let path = format!("/repos/{REPO}/pulls/1/merge");
        let answer = stage.ask(Method::PUT, &path, &stage.token("cy"), Some(json!({}))).await;
        let message = answer.body["message"].as_str().unwrap().to_owned();
        assert!(answer.status == status && message.contains(why), "{}: {message}", answer.status);
    };
    merge(405, "approving review").await;
    sim.review(REPO, 1, "dee", ReviewGiven::Approve, "").unwrap();
    merge(405, "approving review").await;
    sim.review(REPO, 1, "bo", ReviewGiven::Approve, "").unwrap();
    sim.commit(REPO, "topic", "main", &[("a.yaml", Some("a: 4\n"))], "cy", "More").await.unwrap();
    let states: Vec<ReviewState> = sim.reviews(REPO, 1).unwrap().iter().map(|review| review.state).collect();
    assert_eq!(states, [ReviewState::Dismissed, ReviewState::Dismissed]);
    merge(405, "approving review").await;
    sim.review(REPO, 1, "bo", ReviewGiven::Approve, "").unwrap();
    sim.review(REPO, 1, "ana", ReviewGiven::RequestChanges, "wait").unwrap();
    merge(405, "approving review").await;
    sim.review(REPO, 1, "ana", ReviewGiven::Approve, "").unwrap();
    merge(200, "merged").await;
    sim.assert_clean();
}
