//! Those who really apply, and as whom they are predicted.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::super::comes_true::command;
use super::super::*;
use crate::parts::{self, ArgoCd, Flux, Repository, tools};

/// Somebody who makes real objects of manifests.
pub(super) enum Applier {
    /// kubectl with this verb and these options.
    Kubectl {
        program: PathBuf,
        verb: &'static [&'static str],
    },
    Helm {
        program: PathBuf,
    },
    Argo {
        argocd: &'static ArgoCd,
        options: &'static [&'static str],
        repository: Repository,
        application: String,
    },
    Flux {
        flux: &'static Flux,
        source: String,
        kustomization: Option<String>,
    },
}

/// Where the manifests of everything are, and where those of one object alone.
const ALL: &str = "all/all.yaml";

impl Applier {
    pub(super) async fn argo(world: &World, options: &'static [&'static str]) -> Option<Self> {
        let argocd = parts::argocd().await?;
        let repository = Repository::new();
        let application = argocd.create(&repository, "all", &world.namespace, json!({})).await;
        Some(Self::Argo { argocd, options, repository, application })
    }

    pub(super) async fn flux() -> Option<Self> {
        let flux = parts::flux().await?;
        Some(Self::Flux { flux, source: flux.create_source().await, kustomization: None })
    }

    pub(super) fn kubectl(verb: &'static [&'static str]) -> Option<Self> {
        Some(Self::Kubectl { program: tools::kubectl()?, verb })
    }

    pub(super) fn helm() -> Option<Self> {
        Some(Self::Helm { program: tools::helm()? })
    }

    /// Applies everything; the error says what went wrong, in its own words.
    pub(super) async fn apply(&mut self, world: &World, all: &[&Value]) -> Result<(), String> {
        match self {
            Self::Kubectl { program, verb } if *verb == ["replace"] => replace(program, world, all).await,
            Self::Kubectl { program, verb } => kubectl(program, world, verb, all),
            Self::Helm { program } => helm(program, world, all),
            Self::Argo { argocd, options, repository, application } => {
                let commit = repository.commit(&BTreeMap::from([(ALL.to_owned(), documents(all))]));
                let synced = argocd.sync(application, &commit, options).await;
                if synced.succeeded() { Ok(()) } else { Err(synced.message) }
            }
            Self::Flux { flux, source, kustomization } => {
                let files = BTreeMap::from([(ALL.to_owned(), documents(all))]);
                let revision = flux.publish(source, &commit_like(), &files).await;
                let name = match kustomization {
                    Some(name) => {
                        flux.patch(name, json!({ "spec": { "suspend": false } })).await;
                        name.clone()
                    }
                    None => kustomization.insert(flux.create(source, "./all", json!({})).await).clone(),
                };
                let reconciled = flux.reconciled(&name, &revision).await;
                // It may look once more, and would undo what others write meanwhile.
                flux.patch(&name, json!({ "spec": { "suspend": true } })).await;
                at_rest(flux, &name).await;
                if reconciled.succeeded { Ok(()) } else { Err(reconciled.message) }
            }
        }
    }

    /// Applies each alone, one by one; each with its place in `all`, which is what is there besides, or beyond where it is new.
    pub(super) async fn apply_each(
        &mut self,
        world: &World,
        all: &[&Value],
        each: &[(usize, &Value)],
    ) -> Vec<Result<(), String>> {
        let mut came = Vec::new();
        if each.is_empty() {
            return came;
        }
        match self {
            Self::Kubectl { program, verb } if *verb == ["replace"] => {
                for (_, one) in each {
                    came.push(replace(program, world, &[one]).await);
                }
            }
            Self::Kubectl { program, verb } => {
                came.extend(each.iter().map(|(_, one)| kubectl(program, world, verb, &[one])));
            }
            Self::Helm { program } => {
                for (place, one) in each {
                    let mut with = all.to_vec();
                    match with.get_mut(*place) {
                        Some(own) => *own = one,
                        None => with.push(one),
                    }
                    came.push(helm(program, world, &with));
                }
            }
            Self::Argo { argocd, options, repository, .. } => {
                let commit = repository.commit(&alone(each));
                let mut applications = Vec::new();
                for (place, _) in each {
                    let path = format!("alone/{place}");
                    applications.push(argocd.create(repository, &path, &world.namespace, json!({})).await);
                }
                for application in applications {
                    let synced = argocd.sync(&application, &commit, options).await;
                    came.push(if synced.succeeded() { Ok(()) } else { Err(synced.message) });
                }
            }
            Self::Flux { flux, source, kustomization } => {
                if let Some(name) = kustomization {
                    flux.patch(name, json!({ "spec": { "suspend": true } })).await;
                }
                let revision = flux.publish(source, &commit_like(), &alone(each)).await;
                for (place, _) in each {
                    let name = flux.create(source, &format!("./alone/{place}"), json!({})).await;
                    let reconciled = flux.reconciled(&name, &revision).await;
                    came.push(if reconciled.succeeded { Ok(()) } else { Err(reconciled.message) });
                }
            }
        }
        came
    }
}

/// Waits until a Kustomization that is suspended is left alone, too, by whoever still worked on it.
async fn at_rest(flux: &Flux, name: &str) {
    let mut last = flux.kustomization(name).await;
    loop {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let now = flux.kustomization(name).await;
        if std::mem::replace(&mut last, now.clone()) == now {
            return;
        }
    }
}

fn alone(each: &[(usize, &Value)]) -> BTreeMap<String, String> {
    each.iter().map(|(place, one)| (format!("alone/{place}/one.yaml"), documents(&[one]))).collect()
}

/// As one file. JSON is YAML.
fn documents(all: &[&Value]) -> String {
    all.iter().map(|one| format!("---\n{one}\n")).collect()
}

/// Something that looks like the id of a commit, and differs each time.
fn commit_like() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static LAST: AtomicU64 = AtomicU64::new(0);
    format!("{:040x}", LAST.fetch_add(1, Ordering::Relaxed) + 1)
}

/// Replaces what is there, and creates the rest.
async fn replace(program: &std::path::Path, world: &World, all: &[&Value]) -> Result<(), String> {
    let (mut there, mut new) = (Vec::new(), Vec::new());
    for one in all {
        let live = super::live(world, one).await;
        if live.is_some() { there.push(*one) } else { new.push(*one) }
    }
    let mut came = Ok(());
    for (verb, some) in [("replace", there), ("create", new)] {
        if !some.is_empty() {
            came = came.and(kubectl(program, world, &[verb], &some));
        }
    }
    came
}

fn kubectl(program: &std::path::Path, world: &World, verb: &[&str], all: &[&Value]) -> Result<(), String> {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("all.yaml"), documents(all)).unwrap();
    let done = command(program, world, home.path()).args(verb).args(["-f", "all.yaml"]).output().unwrap();
    if done.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&done.stderr).into_owned()) }
}

fn helm(program: &std::path::Path, world: &World, all: &[&Value]) -> Result<(), String> {
    let home = tempfile::tempdir().unwrap();
    let chart = home.path().join("chart");
    std::fs::create_dir_all(chart.join("templates")).unwrap();
    std::fs::write(chart.join("Chart.yaml"), "apiVersion: v2\nname: shop\nversion: 1.0.0\n").unwrap();
    for (number, manifest) in all.iter().enumerate() {
        std::fs::write(chart.join(format!("templates/{number:03}.yaml")), manifest.to_string()).unwrap();
    }
    let arguments = ["upgrade", "--install", "shop", "chart", "--namespace", &world.namespace];
    let done = command(program, world, home.path()).args(arguments).output().unwrap();
    if done.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&done.stderr).into_owned()) }
}
