//! What a cluster costs: a thousand changed objects against a real API server, beside the same requests fired bare and
//! beside `kubectl diff --server-side`; and ten thousand objects of which a hundred change.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ::kube::client::Body;
use ::kube::config::{KubeConfigOptions, Kubeconfig};
use ::kube::{Client, Config};
use bytes::Bytes;
use countersign::cluster::{Access, KubeCluster, Patience};
use countersign::engine::predict::{Manifest, PredictInput, predict};
use countersign_core::effect::{Effect, Operation, RenderOperation, Tier};
use countersign_core::environment::{ApplyMode, Environment, EnvironmentSource, OnUnreachable};
use countersign_core::object::ObjectRef;
use futures::StreamExt as _;
use futures::stream;
use http::{Method, Request};
use http_body_util::BodyExt as _;
use serde_json::Value;

use crate::bot;
use crate::manifests::{deployment, folder, repository};
use crate::measure::{Times, ratio, row, shown};
use crate::parts::{ApiServer, apiserver};
use crate::review::{megabytes, watched};

const CHANGED: usize = 1_000;
const ALL: usize = 10_000;
const FEW: usize = 100;
const RUNS: usize = 5;
/// As many as the product has under way.
const AT_ONCE: usize = 32;
const MANAGER: &str = "bench";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/shop/deployments";
const JSON: &str = "application/json";
const APPLY: &str = "application/apply-patch+yaml";
const AMEND: &str = "application/json-patch+json";

pub(crate) fn run() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let Some(server) = apiserver().await else { panic!("there is no kube-apiserver") };
        let name = serde_json::json!({ "metadata": { "name": "shop" } });
        server.call(reqwest::Method::POST, "/api/v1/namespaces", Some(name)).await;
        let client = client(server).await;
        thousand(server, &client).await;
        few_of_many(server, &client).await;
    });
}

/// An application at a version.
fn manifest(number: usize, version: &str) -> String {
    deployment(&format!("app-{number:05}"), 2, version)
}

fn json(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

async fn client(server: &ApiServer) -> Client {
    let kubeconfig = Kubeconfig::read_from(server.kubeconfig()).unwrap();
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    Client::try_from(config).unwrap()
}

/// One request, and what comes back.
async fn send(client: &Client, method: Method, path: &str, (kind, body): (&str, Option<Vec<u8>>)) -> Bytes {
    let request = Request::builder().method(method).uri(path).header("accept", JSON);
    let request = request.header("content-type", kind);
    let request = request.body(body.map_or_else(Body::empty, Body::from)).unwrap();
    let answer = client.send(request).await.unwrap();
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
    answer.into_body().collect().await.unwrap().to_bytes()
}

fn path(number: usize, query: &str) -> String {
    format!("{DEPLOYMENTS}/app-{number:05}{query}")
}

/// Applies what a real applier would, for good.
async fn apply(client: &Client, numbers: std::ops::Range<usize>, version: &'static str) {
    let one = |number: usize| async move {
        let body = json(&manifest(number, version)).to_string().into_bytes();
        let query = format!("?fieldManager={MANAGER}&force=true");
        send(client, Method::PATCH, &path(number, &query), (APPLY, Some(body))).await
    };
    stream::iter(numbers.map(one)).buffer_unordered(AT_ONCE).collect::<Vec<Bytes>>().await;
}

fn environment() -> Environment {
    Environment {
        name: "production".to_owned(),
        source: EnvironmentSource::Yaml(vec!["apps".to_owned()]),
        cluster: Some("bench".to_owned()),
        apply: ApplyMode::ServerSide,
        field_manager: MANAGER.to_owned(),
        prune: true,
        on_unreachable: OnUnreachable::Hold,
        default_namespace: None,
        destinations: Vec::new(),
        unforced: false,
        kubernetes: None,
    }
}

fn input(number: usize) -> PredictInput {
    let object = ObjectRef {
        group: "apps".to_owned(),
        version: "v1".to_owned(),
        kind: "Deployment".to_owned(),
        namespace: "shop".to_owned(),
        name: format!("app-{number:05}"),
    };
    let effect = Effect {
        object,
        operation: Operation::Update,
        rendered: RenderOperation::Change,
        tier: Tier::Render,
        settled: None,
        risks: [].into(),
        reason: None,
        source: None,
        changes: Vec::new(),
        before: None,
        after: None,
        made: None,
        moved_from: None,
    };
    let side = |version| Manifest::Raw(json(&manifest(number, version)));
    PredictInput { effect, base: side("1.0"), head: side("1.1") }
}

async fn thousand(server: &ApiServer, client: &Client) {
    apply(client, 0..CHANGED, "1.0").await;
    let inputs: Vec<PredictInput> = (0..CHANGED).map(input).collect();
    let bodies: Vec<Vec<u8>> = (0..CHANGED).map(amendment).collect();
    let access = Access::Kubeconfig { file: Some(server.kubeconfig().to_owned()), context: None };
    let head = folder();
    let all: Vec<String> = (0..CHANGED).map(|number| manifest(number, "1.1")).collect();
    std::fs::write(head.path().join("all.yaml"), all.join("---\n")).unwrap();
    let (mut ours, mut bare, mut peer) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..RUNS {
        let cluster = KubeCluster::connect("bench".to_owned(), &access, Patience::USUAL).await.unwrap();
        let inputs = inputs.clone();
        let began = Instant::now();
        let predicted = predict(&cluster, &environment(), inputs).await;
        ours.push(began.elapsed());
        let settled = predicted.effects.iter().filter(|effect| effect.settled == Some(true)).count();
        assert_eq!((settled, predicted.errors.as_slice()), (CHANGED, [].as_slice()));
        // Ours starts with new connections too.
        let fresh = self::client(server).await;
        bare.push(fired(&fresh, &bodies).await);
        if run % 2 == 0 {
            peer.push(kubectl(server, head.path()));
        }
    }
    let (ours, bare, peer) = (Times::new(ours), Times::new(bare), Times::new(peer));
    let what = format!("{CHANGED} changed Deployments predicted by dry run, on a real API server");
    row(
        &what,
        &ours.to_string(),
        &format!(
            "the same list and {CHANGED} dry runs fired bare with the same client, {AT_ONCE} at once: {bare}; aim: ≤ 1.2"
        ),
        &ratio(ours.median(), bare.median()),
    );
    row(
        &what,
        &ours.to_string(),
        &format!("`kubectl diff --server-side` of the same: {peer}; aim: ≥ 5 × faster"),
        &format!("{} × faster", ratio(peer.median(), ours.median())),
    );
}

/// What the product asks about such a change.
fn amendment(number: usize) -> Vec<u8> {
    let (path, image) =
        ("/spec/template/spec/containers/0/image", format!("registry.example.org/app-{number:05}:1.1"));
    serde_json::json!([{ "op": "replace", "path": path, "value": image }]).to_string().into_bytes()
}

/// All of them listed, by pages as large as there, and a dry run of each, as many at once as there.
async fn fired(client: &Client, bodies: &[Vec<u8>]) -> Duration {
    let query = format!("?dryRun=All&fieldManager={MANAGER}&fieldValidation=Ignore");
    let began = Instant::now();
    let (mut token, mut listed) = (String::new(), 0);
    for _ in 0..CHANGED {
        let page = send(client, Method::GET, &format!("{DEPLOYMENTS}?limit=500{token}"), (JSON, None)).await;
        let page: Value = serde_json::from_slice(&page).unwrap();
        listed += page["items"].as_array().unwrap().len();
        let Some(next) = page["metadata"]["continue"].as_str() else { break };
        token = format!("&continue={next}");
    }
    assert_eq!(listed, bodies.len());
    let one = |number: usize| {
        let (dry, head) = (path(number, &query), bodies[number].clone());
        async move { send(client, Method::PATCH, &dry, (AMEND, Some(head))).await.len() }
    };
    let bytes: Vec<usize> =
        stream::iter((0..bodies.len()).map(one)).buffer_unordered(AT_ONCE).collect().await;
    assert_eq!(bytes.len(), bodies.len());
    began.elapsed()
}

fn kubectl(server: &ApiServer, folder: &std::path::Path) -> Duration {
    let began = Instant::now();
    let mut command = Command::new(bot::tool("kubectl"));
    command.args(["diff", "--server-side", "--force-conflicts", "--field-manager", MANAGER]);
    command.arg("--kubeconfig").arg(server.kubeconfig()).arg("-f").arg(folder);
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(1), "it differs");
    began.elapsed()
}

async fn few_of_many(server: &ApiServer, client: &Client) {
    apply(client, CHANGED..ALL, "1.0").await;
    let policy = format!(
        "version = 1\n[environment.production]\nsource = {{ yaml = \"apps\" }}\ncluster = \"bench\"\n\
         apply = \"server-side\"\nfield_manager = \"{MANAGER}\"\n"
    );
    let files = |changed: usize| -> Vec<(String, String)> {
        let file = |first: usize| {
            let version = |number: usize| if number < changed { "1.1" } else { "1.0" };
            let all: Vec<String> =
                (first..first + 100).map(|number| manifest(number, version(number))).collect();
            (format!("apps/{first:05}.yaml"), all.join("---\n"))
        };
        let policy = (".countersign.toml".to_owned(), policy.clone());
        (0..ALL).step_by(100).map(file).chain([policy]).collect()
    };
    let base = files(0);
    let mut told = Vec::new();
    for changed in [FEW, FEW * 2] {
        let repository = repository(&base, &files(changed));
        let before = requests(server).await;
        let runs: Vec<(Duration, u64)> = (0..RUNS).map(|_| reviewed(server, repository.path())).collect();
        let asked = (requests(server).await - before) / RUNS as u64;
        let memory = runs.iter().map(|(_, memory)| *memory).max().unwrap();
        told.push((Times::new(runs.into_iter().map(|(time, _)| time).collect()), memory, asked));
    }
    let [(times, memory, asked), (double, more, twice)] = told.as_slice() else {
        panic!("two were measured")
    };
    row(
        &format!("`countersign review --cluster` of {ALL} objects of which {FEW} changed, the whole program"),
        &format!("{times}; {}; {asked} requests", megabytes(*memory)),
        &format!(
            "of which {} changed: {double}; {}; {twice} requests; aim: requests grow with the change, ≤ 200 MB",
            FEW * 2,
            megabytes(*more)
        ),
        &format!("{} more for each hundred; {}", twice - asked, shown(times.median())),
    );
}

fn reviewed(server: &ApiServer, repository: &std::path::Path) -> (Duration, u64) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(["review", "--base", "main", "--head", "head", "--format", "json", "--fail-on", "block"]);
    command.args(["--no-cache", "--cluster", "bench=test"]).env("KUBECONFIG", server.kubeconfig());
    command.arg("--repo").arg(repository);
    watched(command)
}

/// How many requests for Deployments the server has answered.
async fn requests(server: &ApiServer) -> u64 {
    let metrics = server.http().get(format!("{}/metrics", server.url())).bearer_auth(server.admin_token());
    let text = metrics.send().await.unwrap().text().await.unwrap();
    let of = |line: &&str| {
        line.starts_with("apiserver_request_total{") && line.contains("resource=\"deployments\"")
    };
    text.lines().filter(of).filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum::<f64>()
        as u64
}
