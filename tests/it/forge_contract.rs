//! What every forge has to do, asked of whichever is there. A [`Stage`] sets the scene as people would, the forge under
//! test is asked through the doors alone. A difference between two forges is the fault of an adapter or of a stand-in.

mod details;
mod git;
mod on_gitea;
mod on_the_stand_in;
mod reviews;

use std::time::Duration;

use async_trait::async_trait;
use countersign::ports::{DeliveryError, Forge, ForgeError, Hint, SealDepth, StatusUpdate};
use countersign_core::actor::{Actor, ActorId, ActorKind, Permission};
use countersign_core::change::{
    ChangeId, ChangeState, Comment, CommentId, RepoId, RepoPath, ReviewState, Reviewer,
};
use countersign_core::plan::Reaction;
use countersign_core::revision::{BranchName, CommitSha};
use countersign_core::snapshot::{CommitStatus, StatusState};

use self::details::{tells_what_only_some_policies_ask, tells_whose_signatures_they_are};
use self::reviews::{asks_for_reviews, reads_reviews};

/// Who plays a part. Each stage gives them accounts of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Owns everything.
    Admin,
    /// May write; opens the requests.
    Author,
    /// May write, and is the only member of the team.
    Reviewer,
    /// May read.
    Reader,
    /// May do nothing.
    Stranger,
}

/// A branch to be, and what is in its commit.
#[derive(Debug, Clone, Copy)]
struct Edit<'a> {
    branch: &'a str,
    file: &'a str,
    text: &'a str,
}

/// Who may update `main`, by push and by the merge button.
#[derive(Debug, Clone, Copy)]
enum Guard {
    /// The bot and nobody else.
    OnlyBot,
    /// The bot may push, anybody who may write may also merge.
    OthersMerge,
    /// Another may push, the bot may not.
    NotBot,
    /// The bot and nobody else, and this check has to pass.
    OnlyBotAndCheck(&'static str),
}

/// A private repository `org/name` with a first commit on `main`, and people around it.
#[async_trait]
trait Stage: Send + Sync {
    /// Under test: signed in as the bot, who administers the repository; allowed nothing else.
    fn forge(&self) -> &dyn Forge;
    fn repo(&self) -> RepoPath;
    fn bot(&self) -> ActorId;
    fn actor(&self, role: Role) -> Actor;
    /// The team whose only member is the reviewer, as `org/team`.
    fn team(&self) -> String;
    /// One commit on a branch that comes from `main` or is there; its author is `role`, who also pushes it.
    async fn push(&self, role: Role, edit: Edit<'_>) -> CommitSha;
    /// The same in a fork that belongs to `role`.
    async fn push_to_fork(&self, role: Role, edit: Edit<'_>) -> CommitSha;
    /// Opens a request to merge a branch into `main`; `branch` is `login:name` for a fork's.
    async fn open(&self, role: Role, branch: &str, title: &str) -> u64;
    async fn close(&self, number: u64);
    async fn comment(&self, role: Role, number: u64, text: &str) -> CommentId;
    async fn edit(&self, role: Role, comment: CommentId, text: &str);
    async fn review(&self, role: Role, number: u64, state: ReviewState, text: &str);
    async fn report(&self, role: Role, head: &CommitSha, context: &str, state: StatusState);
    async fn guard(&self, guard: Guard);
    /// Lets a workflow run for the tip of a branch; `false` where the forge has none.
    async fn run_workflow(&self, branch: &str, file: &str, conclusion: Option<&str>) -> bool;
    /// Lets the forge find this of a commit's signature, `state` in GitHub's words; `false` where it finds by itself.
    async fn seal(&self, commit: &CommitSha, key: &str, signer: Option<Role>, state: &str) -> bool;
    /// Like `push`, on the forge's pages.
    async fn push_on_page(&self, role: Role, edit: Edit<'_>) -> CommitSha;
    /// From now on deliveries are kept.
    async fn listen(&self);
    /// The deliveries since that arrived so far.
    async fn deliveries(&self) -> Vec<Delivery>;
}

/// A stage on which people can change their names.
#[async_trait]
trait Renames: Stage {
    /// Renames somebody, and gives the name that becomes free to `heir`.
    async fn rename(&self, role: Role, heir: Role);
}

/// A request that a forge made.
#[derive(Debug, Clone)]
struct Delivery {
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Delivery {
    fn header(&self, name: &str) -> Option<String> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }
}

fn delivery(request: wiremock::Request) -> Delivery {
    let text = |value: &http::HeaderValue| value.to_str().unwrap().to_owned();
    let headers = request.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value)));
    Delivery { headers: headers.collect(), body: request.body }
}

fn id_of(stage: &dyn Stage, number: u64) -> ChangeId {
    ChangeId { repo: RepoId { forge: stage.forge().name().to_owned(), path: stage.repo() }, number }
}

fn main_branch() -> BranchName {
    "main".parse().unwrap()
}

async fn opened(stage: &dyn Stage, branch: &str) -> (ChangeId, CommitSha) {
    let head = stage.push(Role::Author, Edit { branch, file: branch, text: "replicas: 1\n" }).await;
    (id_of(stage, stage.open(Role::Author, branch, "More replicas").await), head)
}

async fn knows_itself_and_its_repositories(stage: &dyn Stage) {
    let forge = stage.forge();
    let me = forge.me().await.unwrap();
    assert_eq!((me.id, me.kind), (stage.bot(), ActorKind::Bot));
    assert_eq!(forge.repositories().await.unwrap(), [stage.repo()]);
}

async fn shows_a_change_as_it_is(stage: &dyn Stage) {
    let forge = stage.forge();
    assert_eq!(forge.open_changes(&stage.repo()).await.unwrap(), []);
    let (id, head) = opened(stage, "more/replicas#1").await;

    let change = forge.change(&id).await.unwrap();
    assert_eq!(change.id, id);
    assert_eq!(change.title, "More replicas");
    assert_eq!(change.author, stage.actor(Role::Author));
    assert_eq!(change.state, ChangeState::Open);
    assert_eq!(change.target, main_branch());
    assert_eq!(change.source, "more/replicas#1");
    assert_eq!(change.head, head);
    assert!(!change.draft && !change.fork && change.into_default, "{change:?}");
    assert!(change.url.contains(stage.repo().as_str()), "{}", change.url);

    let listed = forge.open_changes(&stage.repo()).await.unwrap();
    assert_eq!(listed.iter().map(|line| (line.number, &line.head)).collect::<Vec<_>>(), [(id.number, &head)]);

    let edit = Edit { branch: "more/replicas#1", file: "second", text: "two" };
    let head = stage.push(Role::Author, edit).await;
    assert_eq!(forge.change(&id).await.unwrap().head, head);

    stage.close(id.number).await;
    assert_eq!(forge.change(&id).await.unwrap().state, ChangeState::Closed);
    assert_eq!(forge.open_changes(&stage.repo()).await.unwrap(), []);
}

async fn tells_a_fork(stage: &dyn Stage) {
    let edit = Edit { branch: "topic", file: "from-a-fork", text: "hello" };
    let head = stage.push_to_fork(Role::Reader, edit).await;
    let source = format!("{}:topic", stage.actor(Role::Reader).login);
    let id = id_of(stage, stage.open(Role::Reader, &source, "From afar").await);
    let change = stage.forge().change(&id).await.unwrap();
    assert!(change.fork, "{change:?}");
    assert_eq!((change.head, change.author), (head.clone(), stage.actor(Role::Reader)));
    assert_eq!(stage.forge().pusher(&id, &head).await.unwrap(), None);
}

async fn keeps_a_conversation(stage: &dyn Stage) {
    let forge = stage.forge();
    let (id, _) = opened(stage, "talk").await;
    let theirs = stage.comment(Role::Reviewer, id.number, "/approve").await;
    let ours = forge.create_comment(&id, "<!-- mine --> **Hold**").await.unwrap();
    assert_eq!((ours.author.id, ours.author.kind), (stage.bot(), ActorKind::Bot));

    let comments = forge.comments(&id).await.unwrap();
    let told = |comment: &Comment| (comment.id, comment.author.id, comment.body.clone());
    let reviewer = stage.actor(Role::Reviewer).id;
    assert_eq!(
        comments.iter().map(told).collect::<Vec<_>>(),
        [
            (theirs, reviewer, "/approve".to_owned()),
            (ours.id, stage.bot(), "<!-- mine --> **Hold**".to_owned())
        ]
    );

    let edited = forge.update_comment(&id, ours.id, "<!-- mine --> **Ready**").await.unwrap();
    assert_eq!((edited.id, edited.body.as_str()), (ours.id, "<!-- mine --> **Ready**"));
    assert!(edited.updated_at >= edited.created_at);
    stage.edit(Role::Reviewer, theirs, "/approve all").await;
    let bodies: Vec<_> = forge.comments(&id).await.unwrap().into_iter().map(|comment| comment.body).collect();
    assert_eq!(bodies, ["/approve all", "<!-- mine --> **Ready**"]);

    forge.react(&id, theirs, Reaction::Eyes).await.unwrap();
    forge.react(&id, theirs, Reaction::Eyes).await.unwrap();
    let gone = forge.update_comment(&id, CommentId(u64::from(u32::MAX)), "x").await;
    assert!(matches!(gone, Err(ForgeError::NotFound { .. })), "{gone:?}");
}

async fn takes_a_long_comment(stage: &dyn Stage) {
    let (id, _) = opened(stage, "long").await;
    let body = "ü".repeat(stage.forge().comment_budget() / 2);
    let posted = stage.forge().create_comment(&id, &body).await.unwrap();
    assert_eq!(posted.body.len(), body.len());
}

fn status<'a>(head: &'a CommitSha, state: StatusState, description: &'a str) -> StatusUpdate<'a> {
    StatusUpdate { head, context: "countersign", state, description, url: None, annotations: None }
}

async fn publishes_and_reads_statuses(stage: &dyn Stage) {
    let forge = stage.forge();
    let (_, head) = opened(stage, "checked").await;
    let repo = stage.repo();
    stage.guard(Guard::OnlyBotAndCheck("ci/test")).await;
    let say = async |state, description| {
        forge.set_status(&repo, status(&head, state, description)).await.unwrap();
    };
    say(StatusState::Failure, "blocked").await;
    say(StatusState::Pending, "on hold").await;
    say(StatusState::Success, "ready").await;
    say(StatusState::Pending, "on hold again").await;
    stage.report(Role::Author, &head, "ci/lint", StatusState::Failure).await;
    stage.report(Role::Author, &head, "ci/lint", StatusState::Success).await;

    let read = async || {
        let told = |status: CommitStatus| (status.context, status.state, status.required);
        let mut all: Vec<_> =
            forge.statuses(&repo, &head, &main_branch()).await.unwrap().into_iter().map(told).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    };
    let others = [
        ("ci/lint".to_owned(), StatusState::Success, false),
        ("ci/test".to_owned(), StatusState::Pending, true),
        ("countersign".to_owned(), StatusState::Pending, false),
    ];
    assert_eq!(read().await, others);
    stage.report(Role::Author, &head, "ci/test", StatusState::Success).await;
    assert_eq!(read().await.get(1), Some(&("ci/test".to_owned(), StatusState::Success, true)));
    let all = forge.statuses(&repo, &head, &main_branch()).await.unwrap();
    let ours = all.iter().find(|status| status.context == "countersign").unwrap();
    assert_eq!((ours.author, ours.description.as_str()), (Some(stage.bot()), "on hold again"));
}

async fn knows_what_people_may_do(stage: &dyn Stage) {
    let ask = async |actor: &Actor| stage.forge().permission(&stage.repo(), actor).await.unwrap();
    for (role, expected) in [
        (Role::Admin, Permission::Admin),
        (Role::Author, Permission::Write),
        (Role::Reader, Permission::Read),
        (Role::Stranger, Permission::None),
    ] {
        assert_eq!(ask(&stage.actor(role)).await, expected, "{role:?}");
    }
    let ghost = Actor { id: countersign::ports::GHOST, login: "ghost".to_owned(), kind: ActorKind::Human };
    assert_eq!(ask(&ghost).await, Permission::None);
}

/// Who takes over a name does not take over what its former owner may do.
async fn takes_no_name_for_a_person(stage: &dyn Renames) {
    let ask = async |actor: &Actor| stage.forge().permission(&stage.repo(), actor).await.unwrap();
    let author = stage.actor(Role::Author);
    stage.rename(Role::Author, Role::Stranger).await;
    assert_eq!(stage.actor(Role::Stranger).login, author.login);
    assert_eq!(
        ask(&author).await,
        Permission::Write,
        "asked by the number, under a name that is another's now"
    );
    assert_eq!(ask(&stage.actor(Role::Stranger)).await, Permission::None);
}

async fn knows_teams(stage: &dyn Stage) {
    let members = stage.forge().team_members(&stage.team()).await.unwrap();
    assert_eq!(members.iter().map(|member| member.id).collect::<Vec<_>>(), [stage.actor(Role::Reviewer).id]);
    let absent = stage.forge().team_members(&format!("{}-not", stage.team())).await;
    assert!(matches!(absent, Err(ForgeError::NotFound { .. })), "{absent:?}");
}

async fn knows_whose_commits_they_are(stage: &dyn Stage) {
    let (id, first) = opened(stage, "by-two").await;
    let second = stage.push(Role::Reviewer, Edit { branch: "by-two", file: "another", text: "x" }).await;
    let accounts = stage.forge().commit_accounts(&id).await.unwrap();
    let mut told: Vec<_> =
        accounts.into_iter().map(|(commit, author, _)| (commit, author.map(|author| author.id))).collect();
    told.sort();
    let (author, reviewer) = (stage.actor(Role::Author).id, stage.actor(Role::Reviewer).id);
    let mut expected = [(first, Some(author)), (second.clone(), Some(reviewer))];
    expected.sort();
    assert_eq!(told, expected);
    let pusher = eventually("who pushed", async || stage.forge().pusher(&id, &second).await.unwrap()).await;
    assert_eq!(pusher.id, reviewer);
    assert_eq!(stage.forge().pusher(&id, &"1".repeat(40).parse().unwrap()).await.unwrap(), None);
}

async fn says_who_can_land(stage: &dyn Stage) {
    let forge = stage.forge();
    let ask = async || forge.capability(&stage.repo(), &main_branch()).await.unwrap();
    let open = ask().await;
    assert!(open.can && !open.exclusive && !open.missing.is_empty(), "{open:?}");
    stage.guard(Guard::OnlyBot).await;
    let alone = ask().await;
    assert!(alone.can && alone.exclusive && alone.missing.is_empty(), "{alone:?}");
    stage.guard(Guard::OthersMerge).await;
    let shared = ask().await;
    assert!(shared.can && !shared.exclusive && !shared.missing.is_empty(), "{shared:?}");
    stage.guard(Guard::NotBot).await;
    let shut = ask().await;
    assert!(!shut.can && !shut.exclusive && !shut.missing.is_empty(), "{shut:?}");
}

async fn lands_by_a_push(stage: &dyn Stage) {
    let forge = stage.forge();
    stage.guard(Guard::OnlyBot).await;
    let (id, head) = opened(stage, "landing").await;
    let remote = forge.remote(&id).await.unwrap();
    let shown = format!("{remote:?}");
    let (_, token) = remote.credentials.clone().unwrap();
    assert!(!remote.url.contains('@') && !shown.contains(token.expose()), "{shown}");
    let commit = git::merge_and_push(&remote, &head);
    forge.mark_merged(&id, &commit).await.unwrap();
    forge.mark_merged(&id, &commit).await.unwrap();
    let change = forge.change(&id).await.unwrap();
    let ChangeState::Merged { commit: merged } = change.state else { panic!("{change:?}") };
    assert!(merged.is_none_or(|merged| merged == commit));
    assert_eq!(forge.open_changes(&stage.repo()).await.unwrap(), []);
}

async fn touches_nothing_else(stage: &dyn Stage) {
    let forge = stage.forge();
    let (id, head) = opened(stage, "ours").await;
    let other: RepoPath = format!("{}/another", stage.repo().owner()).parse().unwrap();
    assert!(forge.allows(&stage.repo()) && !forge.allows(&other));
    let elsewhere = ChangeId { repo: RepoId { forge: "elsewhere".to_owned(), ..id.repo.clone() }, ..id };
    let foreign = ChangeId { repo: RepoId { path: other.clone(), ..id.repo.clone() }, ..id };
    let (main, author) = (main_branch(), stage.actor(Role::Author));
    let update = status(&head, StatusState::Success, "x");
    let comment = CommentId(1);
    let mut answers = vec![
        ("open_changes", forge.open_changes(&other).await.err()),
        ("statuses", forge.statuses(&other, &head, &main).await.err()),
        ("permission", forge.permission(&other, &author).await.err()),
        ("capability", forge.capability(&other, &main).await.err()),
        ("set_status", forge.set_status(&other, update).await.err()),
        ("workflow_runs", forge.workflow_runs(&other, &head).await.err()),
    ];
    for id in [&elsewhere, &foreign] {
        answers.extend([
            ("change", forge.change(id).await.err()),
            ("comments", forge.comments(id).await.err()),
            ("reviews", forge.reviews(id).await.err()),
            ("commit_accounts", forge.commit_accounts(id).await.err()),
            ("commit_seals", forge.commit_seals(id, SealDepth::Holds).await.err()),
            ("commit_seals, whose", forge.commit_seals(id, SealDepth::Whose).await.err()),
            ("source_owner", forge.source_owner(id).await.err()),
            ("pusher", forge.pusher(id, &head).await.err()),
            ("remote", forge.remote(id).await.err()),
            ("create_comment", forge.create_comment(id, "x").await.err()),
            ("update_comment", forge.update_comment(id, comment, "x").await.err()),
            ("review_requests", forge.review_requests(id).await.err()),
            ("request_review", forge.request_review(id, &Reviewer::User(author.login.clone())).await.err()),
            ("react", forge.react(id, comment, Reaction::Eyes).await.err()),
            ("mark_merged", forge.mark_merged(id, &head).await.err()),
        ]);
    }
    for (what, answer) in answers {
        assert!(matches!(answer, Some(ForgeError::Refused { .. })), "{what}: {answer:?}");
    }
    let absent = ChangeId { number: 4_000_000, ..id };
    let answer = forge.change(&absent).await;
    assert!(matches!(answer, Err(ForgeError::NotFound { .. })), "{answer:?}");
}

async fn takes_deliveries(stage: &dyn Stage) {
    let forge = stage.forge();
    stage.listen().await;
    let (id, _) = opened(stage, "told").await;
    let head = stage.push(Role::Reviewer, Edit { branch: "told", file: "more", text: "x" }).await;
    stage.comment(Role::Reviewer, id.number, "/approve").await;
    stage.review(Role::Reviewer, id.number, ReviewState::Approved, "fine").await;

    let repo = stage.repo();
    let change = |pushed| Hint::Change { repo: repo.clone(), number: id.number, pushed };
    let branch = |name: &str| Hint::Branch { repo: repo.clone(), branch: name.parse().unwrap() };
    let expected = [change(None), change(Some((stage.actor(Role::Reviewer), head))), branch("told")];
    let read = |delivery: &Delivery| forge.read(&|name| delivery.header(name), &delivery.body);
    let deliveries = eventually("all deliveries", async || {
        let deliveries = stage.deliveries().await;
        let hints: Vec<_> = deliveries.iter().map(|delivery| read(delivery).unwrap().1).collect();
        expected.iter().all(|hint| hints.contains(hint)).then_some(deliveries)
    })
    .await;
    let mut ids = std::collections::HashSet::new();
    for delivery in deliveries {
        assert!(ids.insert(read(&delivery).unwrap().0), "two deliveries of one id");
        let altered = Delivery { body: [delivery.body.as_slice(), b" "].concat(), ..delivery.clone() };
        assert_eq!(read(&altered), Err(DeliveryError::Signature));
        assert_eq!(read(&Delivery { headers: Vec::new(), ..delivery }), Err(DeliveryError::Signature));
    }
}

/// Forges do much of their work after they answered.
async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..200 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{what}: not in ten seconds");
}

/// One test for each thing, on one stage; a stage that is absent skips them.
macro_rules! contract {
    ($stage:expr; $($name:ident),+ $(,)?) => { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let Some(stage) = $stage.await else { return };
            crate::forge_contract::$name(&stage).await;
        }
    )+ };
    ($stage:expr) => {
        contract!($stage;
            knows_itself_and_its_repositories,
            shows_a_change_as_it_is,
            tells_a_fork,
            keeps_a_conversation,
            takes_a_long_comment,
            reads_reviews,
            asks_for_reviews,
            publishes_and_reads_statuses,
            knows_what_people_may_do,
            knows_teams,
            knows_whose_commits_they_are,
            tells_what_only_some_policies_ask,
            tells_whose_signatures_they_are,
            says_who_can_land,
            lands_by_a_push,
            touches_nothing_else,
            takes_deliveries,
        );
    };
}
use contract;
