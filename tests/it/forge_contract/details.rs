//! What a forge tells of a change that only some policies ask for.

use super::{Edit, Role, Stage, id_of, opened};

pub(super) async fn tells_what_only_some_policies_ask(stage: &dyn Stage) {
    let (id, head) = opened(stage, "unsigned").await;
    let forge = stage.forge();
    let seals = forge.commit_seals(&id).await.unwrap();
    let told: Vec<_> = seals.iter().map(|seal| (&seal.commit, seal.signature.verified)).collect();
    assert_eq!(told, [(&head, false)]);
    assert_eq!(seals[0].signature.signer, None);
    assert_ne!(seals[0].via_web, Some(true));
    assert_eq!(forge.source_owner(&id).await.unwrap().as_deref(), Some(stage.repo().owner()));

    let edit = Edit { branch: "away", file: "away", text: "x" };
    let author = stage.actor(Role::Author);
    stage.push_to_fork(Role::Author, edit).await;
    let number = stage.open(Role::Author, &format!("{}:away", author.login), "From elsewhere").await;
    let owner = forge.source_owner(&id_of(stage, number)).await.unwrap();
    assert_eq!(owner, Some(author.login));

    let ran = stage.run_workflow("unsigned", ".github/workflows/build.yml", Some("success")).await;
    let runs = forge.workflow_runs(&stage.repo(), &head).await;
    if !ran {
        return assert_eq!(runs.unwrap(), []);
    }
    stage.run_workflow("unsigned", ".github/workflows/lint.yml", None).await;
    let told: Vec<_> = forge.workflow_runs(&stage.repo(), &head).await.unwrap();
    let mut told: Vec<_> =
        told.into_iter().map(|run| (run.workflow, run.event, run.number, run.conclusion)).collect();
    told.sort();
    let run = |file: &str, conclusion: Option<&str>| {
        (format!(".github/workflows/{file}"), "pull_request".to_owned(), 1, conclusion.map(str::to_owned))
    };
    assert_eq!(told, [run("build.yml", Some("success")), run("lint.yml", None)]);
    assert_eq!(forge.workflow_runs(&stage.repo(), &"1".repeat(40).parse().unwrap()).await.unwrap(), []);
}
