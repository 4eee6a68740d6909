//! Carries a forge's deliveries to the bot: twice, or none until they are asked for and then the newest first. What is
//! in them, and their headers, he leaves as they are.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// How deliveries are carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Once,
    Twice,
    Held,
}

/// He stops when this is dropped.
pub(super) struct Postman {
    round: Arc<Round>,
    #[expect(dead_code, reason = "held so that it runs")]
    task: JoinSet<()>,
    /// Where he takes deliveries.
    pub(super) url: String,
}

struct Round {
    bot: String,
    http: reqwest::Client,
    carrying: Mutex<Carrying>,
}

struct Carrying {
    manner: Manner,
    held: Vec<Letter>,
    /// The bot's answers, a delivery each.
    answers: Vec<Vec<u16>>,
    under_way: usize,
}

#[derive(Clone)]
struct Letter {
    headers: HeaderMap,
    body: Bytes,
}

impl Postman {
    /// Carries to a bot's webhook, each delivery once.
    pub(super) async fn begin(bot: String) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let carrying = Carrying { manner: Manner::Once, held: Vec::new(), answers: Vec::new(), under_way: 0 };
        let round = Arc::new(Round { bot, http, carrying: Mutex::new(carrying) });
        let router = Router::new().fallback(take).with_state(Arc::clone(&round));
        let mut task = JoinSet::new();
        task.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { round, task, url }
    }

    /// From now on each comes twice.
    pub(super) fn doubles(&self) {
        self.round.carrying.lock().unwrap().manner = Manner::Twice;
    }

    /// From now on none comes.
    pub(super) fn holds(&self) {
        self.round.carrying.lock().unwrap().manner = Manner::Held;
    }

    /// Carries what was held, the newest first, and the rest as it comes; how many were held.
    pub(super) async fn brings_the_newest_first(&self) -> usize {
        let held = {
            let mut carrying = self.round.carrying.lock().unwrap();
            carrying.manner = Manner::Once;
            std::mem::take(&mut carrying.held)
        };
        for letter in held.iter().rev() {
            self.round.carry(letter, 1).await;
        }
        held.len()
    }

    /// Waits until so many are held.
    pub(super) async fn has(&self, wanted: usize) {
        for _ in 0..200 {
            if self.round.carrying.lock().unwrap().held.len() >= wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("there are never {wanted} deliveries to hold");
    }

    /// Waits until the forge has sent nothing for a while; the bot's answers so far.
    pub(super) async fn rests(&self) -> Vec<Vec<u16>> {
        let (mut quiet, mut before) = (0, 0);
        while quiet < 10 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let carrying = self.round.carrying.lock().unwrap();
            let now = carrying.answers.len();
            quiet = if carrying.under_way == 0 && now == before { quiet + 1 } else { 0 };
            before = now;
        }
        self.round.carrying.lock().unwrap().answers.clone()
    }
}

impl Round {
    async fn carry(&self, letter: &Letter, times: usize) -> StatusCode {
        self.carrying.lock().unwrap().under_way += 1;
        let mut answers = Vec::new();
        for _ in 0..times {
            let post = self.http.post(&self.bot).headers(letter.headers.clone()).body(letter.body.clone());
            answers.push(post.send().await.unwrap().status().as_u16());
        }
        let first = answers.first().copied().unwrap();
        let mut carrying = self.carrying.lock().unwrap();
        carrying.under_way -= 1;
        carrying.answers.push(answers);
        StatusCode::from_u16(first).unwrap()
    }
}

async fn take(State(round): State<Arc<Round>>, mut headers: HeaderMap, body: Bytes) -> StatusCode {
    // It named the postman.
    headers.remove(header::HOST);
    let letter = Letter { headers, body };
    let times = {
        let mut carrying = round.carrying.lock().unwrap();
        match carrying.manner {
            Manner::Once => 1,
            Manner::Twice => 2,
            Manner::Held => {
                carrying.held.push(letter);
                return StatusCode::ACCEPTED;
            }
        }
    };
    round.carry(&letter, times).await
}
