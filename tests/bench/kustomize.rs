//! Fifty kustomize roots on two sides, cold: what the program makes of them, beside the same renderer processes started
//! bare on a checkout, as many at once.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use countersign::engine::{Asking, Evaluator, Quiet};
use countersign::ports::{Reads, Renderer as _, Source as _};
use countersign::source::Mirror;
use countersign_core::environment::EnvironmentSource;
use countersign_core::object::SealingKey;
use countersign_core::revision::{Diff, ObjectId};
use futures::stream::{self, StreamExt as _};

use crate::bot;
use crate::manifests::{deployment, folder, repository, write};
use crate::measure::{Times, ratio, row};

const ROOTS: usize = 50;
/// Renderer processes at once, as the renderers do by default.
const PARALLEL: usize = 2;
const RUNS: usize = 5;

pub(crate) fn run() {
    let (base, head) = (side(ROOTS, "1.0"), side(ROOTS, "1.1"));
    let repository = repository(&base, &head);
    let checkouts = folder();
    write(&checkouts.path().join("base"), &base);
    write(&checkouts.path().join("head"), &head);
    let runtime = bot::runtime();
    let (mut bare, mut rendered, mut evaluated) = (Vec::new(), Vec::new(), Vec::new());
    // In turns, so that what else this machine does falls on all alike.
    for _ in 0..RUNS {
        bare.push(processes(checkouts.path(), ROOTS));
        rendered.push(runtime.block_on(programs(repository.path())));
        evaluated.push(runtime.block_on(evaluation(repository.path())));
    }
    let [bare, rendered, evaluated] = [bare, rendered, evaluated].map(Times::new);
    let beside = format!("`kustomize build` of the same {} folders, {PARALLEL} at once: {bare}", ROOTS * 2);
    let what = format!("{ROOTS} kustomize roots, base and head, cold");
    row(
        &format!("{what}: `Programs`, from trees to manifests"),
        &rendered.to_string(),
        &beside,
        &ratio(rendered.median(), bare.median()),
    );
    row(
        &format!("{what}: the whole evaluation"),
        &evaluated.to_string(),
        "the same; aim: ≤ 1.1",
        &ratio(evaluated.median(), bare.median()),
    );
}

/// A shared base, and a root for each application that patches it.
pub(crate) fn side(roots: usize, version: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut file = |path: String, text: &str| files.push((path, text.to_owned()));
    file("base/kustomization.yaml".to_owned(), "resources: [deployment.yaml, service.yaml]\n");
    file("base/deployment.yaml".to_owned(), &deployment("app", 2, "1.0"));
    file(
        "base/service.yaml".to_owned(),
        "apiVersion: v1\nkind: Service\nmetadata: {name: app}\nspec:\n  selector: {app: app}\n  ports: [{port: 80}]\n",
    );
    for number in 0..roots {
        let root = format!("apps/app-{number:03}");
        file(
            format!("{root}/kustomization.yaml"),
            &format!(
                "resources: [../../base]\nnamespace: shop\nnamePrefix: a{number}-\nimages:\n  - name: registry.example.org/app\n    newTag: \"{version}\"\n\
                 patches:\n  - path: replicas.yaml\nconfigMapGenerator:\n  - name: settings\n    files: [settings.properties]\n"
            ),
        );
        file(
            format!("{root}/replicas.yaml"),
            &format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: app, namespace: shop}}\nspec: {{replicas: {}}}\n",
                number % 5 + 1
            ),
        );
        file(format!("{root}/settings.properties"), &format!("number={number}\ncolour=blue\n"));
    }
    files
}

/// The renderer's processes, bare: all roots of both sides.
pub(crate) fn processes(checkouts: &Path, roots: usize) -> Duration {
    let sides = ["base", "head"].map(|side| checkouts.join(side));
    let roots =
        (0..roots).flat_map(|number| sides.each_ref().map(|side| side.join(format!("apps/app-{number:03}"))));
    let waiting: Arc<Mutex<VecDeque<PathBuf>>> = Arc::new(Mutex::new(roots.collect()));
    let began = Instant::now();
    let work = || {
        let waiting = Arc::clone(&waiting);
        std::thread::spawn(move || {
            loop {
                let Some(root) = waiting.lock().unwrap().pop_front() else { return };
                let output = Command::new(bot::tool("kustomize")).arg("build").arg(root).output().unwrap();
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            }
        })
    };
    let running: Vec<_> = (0..PARALLEL).map(|_| work()).collect();
    running.into_iter().for_each(|thread| thread.join().unwrap());
    began.elapsed()
}

fn source() -> EnvironmentSource {
    EnvironmentSource::Kustomize(vec!["apps/*".to_owned()])
}

async fn trees(mirror: &Mirror) -> Diff<ObjectId> {
    let base = mirror.resolve("main").await.unwrap();
    let head = mirror.resolve("head").await.unwrap();
    Diff { base: mirror.tree_of(&base).await.unwrap(), head: mirror.tree_of(&head).await.unwrap() }
}

/// From two trees to the manifests of all units; nothing is remembered from before.
async fn programs(repository: &Path) -> Duration {
    let scratch = folder();
    let began = Instant::now();
    let mirror = Mirror::local(repository).await.unwrap();
    let trees = trees(&mirror).await;
    let programs = bot::renderer(scratch.path());
    let environment = bot::environment(source());
    let mut units = Vec::new();
    for tree in [&trees.base, &trees.head] {
        let all = programs.units(&mirror, tree, &environment).await.unwrap();
        let reads = programs.read_sets(&mirror, tree, &all).await.unwrap();
        units.extend(reads.into_iter().zip(all).map(|(reads, unit)| (tree, reads, unit)));
    }
    assert_eq!(units.len(), ROOTS * 2);
    let render = |(tree, reads, unit): (_, Reads, _)| {
        let (mirror, programs) = (&mirror, &programs);
        async move { programs.render(mirror, tree, &unit, &reads).await.unwrap() }
    };
    let rendered: Vec<_> = stream::iter(units).map(render).buffer_unordered(PARALLEL * 2).collect().await;
    let took = began.elapsed();
    assert!(rendered.iter().all(|rendering| rendering.texts.len() == 1));
    took
}

/// The same, and what follows: objects, effects.
async fn evaluation(repository: &Path) -> Duration {
    let scratch = folder();
    let began = Instant::now();
    let mirror = Mirror::local(repository).await.unwrap();
    let trees = trees(&mirror).await;
    let programs = bot::renderer(scratch.path());
    let evaluator = Evaluator {
        source: &mirror,
        renderer: &programs,
        clusters: Asking::Nobody,
        key: &SealingKey::new([7; 32]),
        mask: &[],
        inventory: None,
        parallel: PARALLEL * 2,
        progress: &Quiet,
    };
    let evaluation = evaluator.evaluate(&trees, &[bot::environment(source())], false).await.unwrap();
    let took = began.elapsed();
    let units = &evaluation.environments[0].units;
    assert_eq!(units.len(), ROOTS);
    assert!(units.iter().all(|unit| unit.effects.len() == 1 && unit.errors.is_empty()), "{units:?}");
    took
}
