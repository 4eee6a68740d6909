//! Deliveries to one address: signed, sent one after the other, never repeated by themselves.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A delivery that was sent, or not.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// `X-GitHub-Delivery`.
    pub id: String,
    /// `X-GitHub-Event`.
    pub event: String,
    /// The `action` in the body, if it has one.
    pub action: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver answered with this status.
    Answered(u16),
    /// Nobody answered.
    Unreachable,
    /// It was lost on purpose.
    Dropped,
}

/// In which order held deliveries leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// As they came.
    InOrder,
    /// The last one first.
    Reversed,
}

#[derive(Debug, Clone)]
struct Letter {
    id: String,
    event: String,
    action: String,
    body: Vec<u8>,
}

#[derive(Debug, Default)]
struct Post {
    target: Option<(String, String)>,
    queue: VecDeque<Letter>,
    log: Vec<Delivery>,
    to_drop: u32,
    to_double: u32,
    held: bool,
    sending: bool,
    count: u64,
}

#[derive(Debug)]
pub(crate) struct Hooks {
    post: Mutex<Post>,
    wake: tokio::sync::Notify,
}

impl Hooks {
    pub(crate) fn new() -> Self {
        Self { post: Mutex::default(), wake: tokio::sync::Notify::new() }
    }

    pub(crate) fn target(&self, url: &str, secret: &str) {
        self.post().target = Some((url.to_owned(), secret.to_owned()));
    }

    pub(crate) fn wanted(&self) -> bool {
        self.post().target.is_some()
    }

    pub(crate) fn drop_next(&self, count: u32) {
        self.post().to_drop += count;
    }

    pub(crate) fn double_next(&self, count: u32) {
        self.post().to_double += count;
    }

    pub(crate) fn hold(&self) {
        self.post().held = true;
    }

    pub(crate) fn release(&self, order: Release) {
        let mut post = self.post();
        post.held = false;
        if order == Release::Reversed {
            post.queue.make_contiguous().reverse();
        }
        self.wake.notify_one();
    }

    pub(crate) fn log(&self) -> Vec<Delivery> {
        self.post().log.clone()
    }

    pub(crate) fn send(&self, event: &str, action: &str, body: Vec<u8>) {
        let mut post = self.post();
        if post.target.is_none() {
            return;
        }
        post.count += 1;
        let id = format!(
            "{:08x}-c0de-11ef-8{:03x}-{:012x}",
            0x5eed_0000 + post.count,
            post.count % 4096,
            post.count
        );
        let letter = Letter { id, event: event.to_owned(), action: action.to_owned(), body };
        if post.to_drop > 0 {
            post.to_drop -= 1;
            post.log.push(letter.outcome(Outcome::Dropped));
            return;
        }
        if post.to_double > 0 {
            post.to_double -= 1;
            post.queue.push_back(letter.clone());
        }
        post.queue.push_back(letter);
        drop(post);
        self.wake.notify_one();
    }

    /// Waits until nothing is left to send, unless it is held back.
    pub(crate) async fn settle(&self) {
        loop {
            {
                let post = self.post();
                if !post.sending && (post.held || post.queue.is_empty()) {
                    return;
                }
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Sends for as long as it is polled.
    pub(crate) async fn run(&self, client: reqwest::Client) {
        loop {
            let next = self.next();
            match next {
                Some((url, secret, letter)) => {
                    let outcome = deliver(&client, &url, &secret, &letter).await;
                    let mut post = self.post();
                    post.log.push(letter.outcome(outcome));
                    post.sending = false;
                }
                None => self.wake.notified().await,
            }
        }
    }

    fn next(&self) -> Option<(String, String, Letter)> {
        let mut post = self.post();
        if post.held {
            return None;
        }
        let (url, secret) = post.target.clone()?;
        let letter = post.queue.pop_front()?;
        post.sending = true;
        Some((url, secret, letter))
    }

    fn post(&self) -> MutexGuard<'_, Post> {
        self.post.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Letter {
    fn outcome(&self, outcome: Outcome) -> Delivery {
        Delivery { id: self.id.clone(), event: self.event.clone(), action: self.action.clone(), outcome }
    }
}

/// `sha256=` and the HMAC of the bytes, as `X-Hub-Signature-256` carries it.
pub fn signature(secret: &str, body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(body);
    let digest: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={digest}")
}

async fn deliver(client: &reqwest::Client, url: &str, secret: &str, letter: &Letter) -> Outcome {
    let sent = client
        .post(url)
        .header("content-type", "application/json")
        .header("user-agent", "GitHub-Hookshot/5eed000")
        .header("x-github-event", &letter.event)
        .header("x-github-delivery", &letter.id)
        .header("x-github-hook-id", "1")
        .header("x-hub-signature-256", signature(secret, &letter.body))
        .timeout(Duration::from_secs(10))
        .body(letter.body.clone())
        .send()
        .await;
    match sent {
        Ok(answer) => Outcome::Answered(answer.status().as_u16()),
        Err(_) => Outcome::Unreachable,
    }
}
