//! The story of four requests: a good change that lands, a violation that is repaired, one that waits for two people,
//! and one that does not render.

use anyhow::Context as _;
use countersign_sim::ChangeState;

use super::say::Voice;
use super::stage::{REPOSITORY, Stage};

const SHOP: &str = "production/shop.yaml";

/// Plays all of it; whether every request ended as it should.
pub(super) async fn play(stage: &Stage, voice: &Voice) -> anyhow::Result<bool> {
    let shop = stage.forge.file(REPOSITORY, "main", SHOP).await?;
    let teller = Teller { stage, voice };

    voice.heading(1, "A good change lands");
    let good = teller
        .opens(
            "ana",
            "scale-up",
            "Five replicas for the sale",
            &[(SHOP, Some(&shop.replace("replicas: 3", "replicas: 5")))],
        )
        .await?;
    teller.says("bo", good, "/approve").await?;
    teller.says("ana", good, "/merge").await?;
    let landed = teller.ended(good, ChangeState::Merged)?;
    stage.sync().await?;

    voice.heading(2, "A violation is found, and repaired");
    let shop = stage.forge.file(REPOSITORY, "main", SHOP).await?;
    let release = shop.replace("shop:1.4.2", "shop:1.5.0");
    let careless = release.replace("replicas: 5", "replicas: 1");
    let repaired = teller.opens("cy", "release", "Shop 1.5.0", &[(SHOP, Some(&careless))]).await?;
    teller
        .pushes(
            "cy",
            "release",
            "Keep two",
            &[(SHOP, Some(&release.replace("replicas: 5", "replicas: 2")))],
            repaired,
        )
        .await?;
    teller.says("ana", repaired, "/approve").await?;
    teller.says("ana", repaired, "/merge").await?;
    let mended = teller.ended(repaired, ChangeState::Merged)?;
    stage.sync().await?;

    voice.heading(3, "Deleting data waits for two people");
    let risky = teller
        .opens("bo", "drop-volume", "Orders moved to the database", &[("production/volume.yaml", None)])
        .await?;
    teller.says("ana", risky, "/approve").await?;
    teller.says("bo", risky, "/merge").await?;
    let waiting = teller.ended(risky, ChangeState::Open)?;

    voice.heading(4, "What does not render does not land");
    let broken = teller
        .opens(
            "dee",
            "typo",
            "A typo",
            &[("staging/shop.yaml", Some("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop\n"))],
        )
        .await?;
    teller.says("ana", broken, "/approve").await?;
    teller.says("dee", broken, "/merge").await?;
    let held = teller.ended(broken, ChangeState::Open)?;

    voice.line("");
    voice.line("What landed, as git tells it:");
    let log = stage.forge.git(REPOSITORY, &["log", "--first-parent", "-2", "--format=%B", "main"]).await?;
    for line in log.lines() {
        voice.line(&format!("   {line}"));
    }
    Ok(landed && mended && waiting && held)
}

/// Tells who does what, and what the bot makes of it.
struct Teller<'a> {
    stage: &'a Stage,
    voice: &'a Voice,
}

type Files<'a> = [(&'a str, Option<&'a str>)];

impl Teller<'_> {
    async fn opens(&self, who: &str, branch: &str, title: &str, files: &Files<'_>) -> anyhow::Result<u64> {
        let forge = &self.stage.forge;
        forge.commit(REPOSITORY, branch, "main", files, who, title).await?;
        let number = forge.open_change(REPOSITORY, who, branch, "main", title).await?;
        self.voice.does(who, &format!("opens #{number} “{title}”"));
        self.voice.line(&format!("         {}/{REPOSITORY}/pull/{number}", forge.url()));
        self.stage.settle().await?;
        self.shows(number)?;
        Ok(number)
    }

    async fn pushes(
        &self,
        who: &str,
        branch: &str,
        message: &str,
        files: &Files<'_>,
        number: u64,
    ) -> anyhow::Result<()> {
        self.stage.forge.commit(REPOSITORY, branch, "main", files, who, message).await?;
        self.voice.does(who, &format!("pushes “{message}” to #{number}"));
        self.stage.settle().await?;
        self.shows(number)
    }

    async fn says(&self, who: &str, number: u64, text: &str) -> anyhow::Result<()> {
        let before = self.replies(number)?.len();
        self.stage.forge.comment(REPOSITORY, number, who, text)?;
        self.voice.does(who, &format!("says {text}"));
        self.stage.settle().await?;
        for reply in self.replies(number)?.iter().skip(before) {
            self.voice.bot(reply);
        }
        self.shows(number)
    }

    /// The first lines of the sticky comment.
    fn shows(&self, number: u64) -> anyhow::Result<()> {
        let display =
            self.texts(number, "<!-- countersign:change")?.pop().context("the bot shows nothing")?;
        let headline = display.lines().find(|line| line.starts_with("###")).unwrap_or_default();
        self.voice.bot(headline.trim_start_matches('#').trim());
        Ok(())
    }

    fn replies(&self, number: u64) -> anyhow::Result<Vec<String>> {
        self.texts(number, "<!-- countersign:reply")
    }

    /// The bot's comments that begin with a marker, without it.
    fn texts(&self, number: u64, marker: &str) -> anyhow::Result<Vec<String>> {
        let all = self.stage.forge.comments(REPOSITORY, number)?;
        let ours = all.into_iter().filter(|comment| comment.body.starts_with(marker));
        Ok(ours
            .map(|comment| {
                comment.body.split_once('\n').map_or_else(String::new, |(_, rest)| rest.to_owned())
            })
            .collect())
    }

    /// Whether a request is where the story wants it.
    fn ended(&self, number: u64, state: ChangeState) -> anyhow::Result<bool> {
        let change = self.stage.forge.change(REPOSITORY, number)?;
        let well = change.state == state;
        if let Some(page) = self.stage.page(number) {
            self.voice.line(&format!("         {page}"));
        }
        if !well {
            self.voice.line("         This is not how the story goes.");
        }
        Ok(well)
    }
}
