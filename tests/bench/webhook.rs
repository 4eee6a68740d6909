//! A delivery, from the first byte sent to the answer that it is durable, through the real router; beside the least
//! that durability costs on this disk, and the least that HTTP costs on this machine.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use axum::routing::post;
use countersign::server::{Desk, router};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::bot::{self, WEBHOOK_SECRET};
use crate::manifests;
use crate::measure::{Times, ratio, row, shown};

const CONNECTIONS: usize = 16;
/// How long each load lasts.
const LASTS: Duration = Duration::from_secs(8);
/// Different change requests that the deliveries are about.
const CHANGES: usize = 200;
/// Runs of what stands beside.
const ALONE: usize = 2_000;

/// Deliveries per second that the design asks for.
const RATE: u32 = 1_000;

pub(crate) fn run() {
    let bodies: Arc<Vec<(Vec<u8>, String)>> = Arc::new((0..CHANGES).map(delivery).collect());
    let size = bodies[0].0.len();
    let home = manifests::folder();
    let runtime = bot::runtime();

    let synced = synced(home.path(), &bodies);
    let committed = runtime.block_on(committed(home.path(), &bodies));
    let nothing = axum::Router::new().route("/webhooks/hub", post(async |_: axum::body::Bytes| "ok"));
    let address = runtime.block_on(serve(nothing));
    let (bare, bare_rate) = at_once(address, &bodies, "bare");
    let engine = runtime.block_on(bot::engine(home.path(), "http://127.0.0.1:9", "none"));
    let wake = Arc::new(tokio::sync::Notify::new());
    let address = runtime.block_on(serve(router(Desk { engine: Arc::new(engine), wake })));
    let (ours, ours_rate) = at_once(address, &bodies, "full");
    let paced = at_rate(address, &bodies);

    let alone = |times: &Times| 1.0 / times.median().as_secs_f64();
    let what = format!("webhook of {size} bytes made durable, {CONNECTIONS} connections as fast as they go");
    let figure = format!("{ours_rate:.0}/s; {ours}");
    row(
        &what,
        &figure,
        &format!(
            "`write` and `fdatasync` of the same bytes to a file, one after the other: {:.0}/s; {synced}",
            alone(&synced)
        ),
        &format!("{:.2} × the rate", ours_rate / alone(&synced)),
    );
    row(
        &what,
        &figure,
        &format!(
            "SQLite, one row of the same bytes a commit, one after the other: {:.0}/s; {committed}",
            alone(&committed)
        ),
        &format!("{:.2} × the rate", ours_rate / alone(&committed)),
    );
    row(
        &what,
        &figure,
        &format!("the same bytes to a route that does nothing: {bare_rate:.0}/s; {bare}"),
        &format!("{:.2} × the rate", ours_rate / bare_rate),
    );
    row(
        &format!("the same at {RATE}/s, from when each was due"),
        &paced.to_string(),
        &format!("aim: p99 ≤ 10 ms; the `fdatasync` above: p99 {}", shown(synced.p99())),
        &format!("{} × that p99", ratio(paced.p99(), synced.p99())),
    );
}

/// A push to a change request: the bytes that GitHub documents, whole, and their signature.
fn delivery(number: usize) -> (Vec<u8>, String) {
    const CAPTURED: &str = include_str!("../fixtures/webhooks/github/payloads.json");
    let all: Vec<serde_json::Value> = serde_json::from_str(CAPTURED).unwrap();
    let mut body = all.into_iter().find(|one| one["event"] == "pull_request").unwrap()["payload"].take();
    body["action"] = "synchronize".into();
    body["number"] = number.into();
    body["repository"]["full_name"] = "acme/env".into();
    let body = body.to_string().into_bytes();
    let signature = countersign_sim::signature(WEBHOOK_SECRET, &body);
    (body, signature)
}

fn synced(home: &std::path::Path, bodies: &[(Vec<u8>, String)]) -> Times {
    let mut file = File::create(home.join("appended")).unwrap();
    let mut next = bodies.iter().cycle();
    Times::of(ALONE, || {
        file.write_all(&next.next().unwrap().0).unwrap();
        file.sync_data().unwrap();
    })
}

async fn committed(home: &std::path::Path, bodies: &[(Vec<u8>, String)]) -> Times {
    let options = SqliteConnectOptions::new().filename(home.join("bare.db")).create_if_missing(true);
    let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
    let mut connection = options.connect().await.unwrap();
    sqlx::query("create table body (body blob)").execute(&mut connection).await.unwrap();
    let mut times = Vec::new();
    for (body, _) in bodies.iter().cycle().take(ALONE) {
        let began = Instant::now();
        sqlx::query("insert into body values ($1)").bind(body).execute(&mut connection).await.unwrap();
        times.push(began.elapsed());
    }
    connection.close().await.unwrap();
    Times::new(times)
}

async fn serve(router: axum::Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

type Bodies = Arc<Vec<(Vec<u8>, String)>>;

/// Every connection sends as soon as it was answered; the times, and how many a second.
fn at_once(address: SocketAddr, bodies: &Bodies, name: &'static str) -> (Times, f64) {
    let began = Instant::now();
    let sent = each_connection(
        move |connection, bodies| {
            let mut client = Client::connect(address);
            let mut times = Vec::new();
            while began.elapsed() < LASTS {
                let due = Instant::now();
                client.send(
                    &bodies[(connection + CONNECTIONS * times.len()) % CHANGES],
                    &format!("{name}-{connection}-{}", times.len()),
                );
                times.push(due.elapsed());
            }
            times
        },
        bodies,
    );
    let rate = sent.len() as f64 / began.elapsed().as_secs_f64();
    (Times::new(sent), rate)
}

/// Deliveries fall due at a fixed rate, whether or not the ones before were answered in time.
fn at_rate(address: SocketAddr, bodies: &Bodies) -> Times {
    let began = Instant::now() + Duration::from_millis(50);
    let sent = each_connection(
        move |connection, bodies| {
            let mut client = Client::connect(address);
            let mut times = Vec::new();
            loop {
                let number = connection + CONNECTIONS * times.len();
                let due = Duration::from_secs(1) * u32::try_from(number).unwrap() / RATE;
                if due > LASTS {
                    return times;
                }
                thread::sleep((began + due).saturating_duration_since(Instant::now()));
                client.send(&bodies[number % CHANGES], &format!("paced-{number}"));
                times.push((began + due).elapsed());
            }
        },
        bodies,
    );
    Times::new(sent)
}

fn each_connection(
    work: impl Fn(usize, Bodies) -> Vec<Duration> + Send + Sync + 'static,
    bodies: &Bodies,
) -> Vec<Duration> {
    let work = Arc::new(work);
    let start = |connection| {
        let (work, bodies) = (Arc::clone(&work), Arc::clone(bodies));
        thread::spawn(move || work(connection, bodies))
    };
    let running: Vec<_> = (0..CONNECTIONS).map(start).collect();
    running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
}

/// As little of a client as speaks HTTP, since it shares the processors with what is measured.
struct Client(TcpStream);

impl Client {
    fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    fn send(&mut self, (body, signature): &(Vec<u8>, String), id: &str) {
        let mut request = format!(
            "POST /webhooks/hub HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\nx-github-event: pull_request\r\n\
             x-github-delivery: {id}\r\nx-hub-signature-256: {signature}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        self.0.write_all(&request).unwrap();
        let mut answer = Vec::new();
        let mut piece = [0; 1024];
        loop {
            let read = self.0.read(&mut piece).unwrap();
            assert!(read > 0, "the server hung up");
            answer.extend_from_slice(&piece[..read]);
            if whole(&answer) {
                break;
            }
        }
        assert!(answer.starts_with(b"HTTP/1.1 20"), "{}", String::from_utf8_lossy(&answer));
    }
}

fn whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
    body.len() >= length.parse().unwrap()
}
