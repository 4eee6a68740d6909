//! Killed between any two writes: wherever the bot is stopped, one that begins again comes to the same end.

use std::sync::Arc;

use countersign::engine::Engine;
use countersign_core::change::ChangeId;
use futures::future::join_all;

use super::bot::{self, Home};
use super::gitea::GiteaTown;
use super::stand_in::{SignIn, StandIn};
use super::stopping::{Fuse, Side, fused};
use super::tale::{USUAL, WEB, as_files, beginning, web};
use super::town::{Clone, Town};

/// How many towns are told the story side by side.
const TOGETHER: u32 = 4;

/// On the real Gitea, whose clock cannot be moved, the story is told of one write in so many, unless
/// `COUNTERSIGN_EVERY_STOP` is set: then of every write, on both sides of it, which takes some twenty minutes.
const SAMPLE: u32 = 12;

/// The first write on Gitea that a story is stopped at, and how many from one to the next.
fn sample(first: u32) -> (u32, u32) {
    if std::env::var_os("COUNTERSIGN_EVERY_STOP").is_some() { (1, 1) } else { (first, SAMPLE) }
}

/// Where the story is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Gitea,
    StandIn(SignIn),
}

/// A town whose bot may be stopped once.
struct Fragile {
    town: Arc<dyn Town>,
    /// The same, where it can be held to account.
    stand_in: Option<StandIn>,
    home: Home,
    engine: Engine,
    fuse: Arc<Fuse>,
    id: ChangeId,
    head: String,
}

impl Fragile {
    /// Ana has opened a change that nobody has looked at. Nothing where Gitea is not built.
    async fn begin(place: Place, fuse: Arc<Fuse>) -> Option<Self> {
        let home = Home::new();
        // Production has no cluster here: what is stopped does not depend on it, and the story is told often.
        let policy =
            USUAL.replace("cluster = \"prod\"\napply = \"server-side\"\nfield_manager = \"gitops\"\n", "");
        assert_ne!(policy, USUAL);
        let files = beginning("shop", &home.allowed_signers(), Some(policy));
        let (town, stand_in): (Arc<dyn Town>, _) = match place {
            Place::Gitea => (Arc::new(GiteaTown::found(&as_files(&files)).await?), None),
            Place::StandIn(sign_in) => {
                let town = StandIn::found(sign_in, &as_files(&files)).await;
                (Arc::new(town.clone()), Some(town))
            }
        };
        let head = Clone::new(town.as_ref(), "ana").push(
            "scale",
            "main",
            &[(WEB, Some(&web("shop", 5, "1.0")))],
            "Scale",
        );
        let number = town.open("ana", "scale", "Scale").await;
        let engine = fused(bot::engine_without_clusters(town.as_ref(), &home).await, &fuse);
        let id = ChangeId { repo: town.repo(), number };
        Some(Self { town, stand_in, home, engine, fuse, id, head })
    }

    /// The bot looks until nothing is left to do. If it is stopped on the way, another begins and does the rest.
    async fn settles(&mut self) {
        if !self.fuse.is_blown() {
            tokio::select! {
                () = bot::settle(&self.engine, &self.id) => return,
                () = self.fuse.blown() => {}
            }
            self.engine = bot::engine_without_clusters(self.town.as_ref(), &self.home).await;
        }
        bot::settle(&self.engine, &self.id).await;
    }

    async fn says(&mut self, who: &str, body: &str) {
        self.town.a_moment_passes().await;
        self.town.comment(who, self.id.number, body).await;
        self.settles().await;
    }

    /// What everybody can see in the end.
    async fn seen(&self) -> Seen {
        let bot = self.town.login("countersign");
        let all = self.town.conversation(self.id.number).await.into_iter();
        let all: Vec<String> = all.filter(|said| said.who == bot).map(|said| said.body).collect();
        let beginning_with =
            |marker: &str| all.iter().filter(|body| body.starts_with(marker)).cloned().collect::<Vec<_>>();
        let mut replies = beginning_with("<!-- countersign:reply");
        replies.sort();
        replies.dedup_by_key(|body| body.lines().next().map(str::to_owned));
        let clone = Clone::new(self.town.as_ref(), "ada");
        let verify = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(["audit", "verify", "origin/main^1..origin/main", "--repo"])
            .arg(clone.path())
            .output()
            .unwrap();
        let displays = beginning_with("<!-- countersign:change");
        Seen {
            state: self.town.state(self.id.number).await,
            status: self.town.status(&self.head).await.map(|(state, _)| state),
            comments: all.len(),
            displays: displays.len(),
            display_is_final: displays.iter().all(|body| body.contains("Landed as")),
            replies: replies.len(),
            commits: clone
                .git(&["log", "--first-parent", "--format=%an", "origin/main"])
                .replace(&bot, "the bot")
                .replace(&self.town.login("ada"), "ada"),
            audited: verify.status.success() && String::from_utf8_lossy(&verify.stdout).contains("landing"),
        }
    }
}

/// The end of a story.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    state: String,
    status: Option<String>,
    /// All of the bot's.
    comments: usize,
    displays: usize,
    display_is_final: bool,
    /// Comments of people that were answered.
    replies: usize,
    /// Who made the commits of main, newest first.
    commits: String,
    audited: bool,
}

impl Seen {
    /// How it ends where nothing goes wrong.
    fn well() -> Self {
        Self {
            state: "merged".to_owned(),
            status: Some("success".to_owned()),
            comments: 3,
            displays: 1,
            display_is_final: true,
            replies: 2,
            commits: "the bot\nada".to_owned(),
            audited: true,
        }
    }
}

/// Tells the story with a stop at one write; answers whether the stop came, or nothing where Gitea is not built.
async fn stopped_at(write: u32, side: Side, place: Place) -> Option<bool> {
    let mut fragile = Fragile::begin(place, Fuse::new(write, side)).await?;
    fragile.settles().await;
    fragile.says("bo", "/approve").await;
    fragile.says("ana", "/merge").await;
    assert_eq!(fragile.seen().await, Seen::well(), "stopped {side:?} write {write}");
    if let Some(stand_in) = &fragile.stand_in {
        stand_in.assert_clean();
    }
    Some(fragile.fuse.is_blown())
}

/// Tells it of every write, or of one in so many from a first one on.
async fn stopped_throughout(first: u32, every: u32, side: Side, place: Place) {
    let mut next = first;
    loop {
        let writes = (0..TOGETHER).map(|ahead| next + ahead * every);
        let round = join_all(writes.map(|write| stopped_at(write, side, place))).await;
        next += TOGETHER * every;
        if round.contains(&None) {
            return;
        }
        if round.contains(&Some(false)) {
            break;
        }
    }
    assert!(next > 20, "a whole story has more writes than {next}");
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_before_any_write_it_ends_the_same() {
    stopped_throughout(1, 1, Side::Before, Place::StandIn(SignIn::Token)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_after_any_write_it_ends_the_same() {
    stopped_throughout(1, 1, Side::After, Place::StandIn(SignIn::App)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_before_some_writes_on_gitea_it_ends_the_same() {
    let (first, every) = sample(1);
    stopped_throughout(first, every, Side::Before, Place::Gitea).await;
}

/// Other writes than those that the story is stopped before.
#[tokio::test(flavor = "multi_thread")]
async fn stopped_after_some_writes_on_gitea_it_ends_the_same() {
    let (first, every) = sample(1 + SAMPLE / 2);
    stopped_throughout(first, every, Side::After, Place::Gitea).await;
}
