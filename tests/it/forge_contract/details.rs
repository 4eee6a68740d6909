//! What a forge tells of a change that only some policies ask for.

use std::collections::BTreeMap;

use countersign::ports::{CommitSeal, ForgeError, SealDepth};
use countersign_core::change::ChangeId;
use countersign_core::revision::CommitSha;

use super::{Edit, Role, Stage, id_of, opened};

pub(super) async fn tells_what_only_some_policies_ask(stage: &dyn Stage) {
    let (id, head) = opened(stage, "unsigned").await;
    let forge = stage.forge();
    let seals = forge.commit_seals(&id, SealDepth::Holds).await.unwrap();
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

/// By commit, whatever order the forge has them in.
async fn seals(stage: &dyn Stage, id: &ChangeId, depth: SealDepth) -> BTreeMap<CommitSha, CommitSeal> {
    let seals = stage.forge().commit_seals(id, depth).await.unwrap();
    seals.into_iter().map(|seal| (seal.commit.clone(), seal)).collect()
}

/// Of each commit whether its signature holds; where a forge knows keys, whose it is and by which key.
pub(super) async fn tells_whose_signatures_they_are(stage: &dyn Stage) {
    let (id, unsigned) = opened(stage, "signed").await;
    let key = "3262EFF25BA0D270";
    let print = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";
    let rows = [
        (Role::Author, key, Some(Role::Author), "VALID", Some(true)),
        (Role::Reviewer, print, Some(Role::Reviewer), "VALID", Some(true)),
        (Role::Author, key, None, "UNKNOWN_KEY", Some(false)),
        (Role::Author, key, Some(Role::Author), "EXPIRED_KEY", Some(false)),
        (Role::Author, key, Some(Role::Author), "OCSP_PENDING", None),
    ];
    let mut sealed = Vec::new();
    for (number, (role, key, signer, state, _)) in rows.into_iter().enumerate() {
        let edit = Edit { branch: "signed", file: &format!("file-{number}"), text: "x" };
        let commit = stage.push(role, edit).await;
        let found = stage.seal(&commit, key, signer, state).await;
        sealed.push((commit, found));
    }
    let page = stage.push_on_page(Role::Author, Edit { branch: "signed", file: "page", text: "x" }).await;

    let (told, held) = (seals(stage, &id, SealDepth::Whose).await, seals(stage, &id, SealDepth::Holds).await);
    assert!(told.keys().eq(held.keys()), "{told:?} {held:?}");
    for (told, held) in told.values().zip(held.values()) {
        assert_eq!((told.signature.verified, told.via_web), (held.signature.verified, held.via_web));
    }
    let none = &told[&unsigned].signature;
    assert_eq!((none.verified, &none.signer, &none.key), (false, &None, &None));
    if sealed.iter().any(|(_, found)| !found) {
        assert!(told.values().all(|seal| !seal.signature.verified), "{told:?}");
        return;
    }
    for ((_, key, signer, state, holds), (commit, _)) in rows.into_iter().zip(&sealed) {
        let seal = told.get(commit);
        assert_eq!(seal.map(|seal| seal.signature.verified), holds, "{state}");
        let Some(seal) = seal else { continue };
        let (by, with) = match signer {
            Some(role) if holds == Some(true) => (Some(stage.actor(role)), Some(key.to_owned())),
            Some(_) | None => (None, None),
        };
        assert_eq!(
            (&seal.signature.signer, &seal.signature.key, seal.via_web),
            (&by, &with, Some(false)),
            "{state}"
        );
    }
    let made = &told[&page];
    assert_eq!((made.signature.verified, made.via_web), (true, Some(true)));
    let signer = made.signature.signer.as_ref().map(|signer| signer.login.as_str());
    assert_eq!(signer, Some("web-flow"), "it is the forge's signature, not its author's");

    let absent = ChangeId { number: 4_000_000, ..id };
    let answer = stage.forge().commit_seals(&absent, SealDepth::Whose).await;
    assert!(matches!(answer, Err(ForgeError::Refused { .. } | ForgeError::NotFound { .. })), "{answer:?}");
}
