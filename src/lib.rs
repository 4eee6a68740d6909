//! # Countersign
//!
//! A bot that stands between a merge request and a live environment. It shows what merging would really do, holds the
//! change to the policy that the repository itself declares, takes approvals where people already talk, and lands the
//! change so that the merge commit alone can be audited.
//!
//! Four promises, in this order. When two pull apart, the earlier wins.
//!
//! 1. **Nothing lands that was not agreed.** An approval binds to a head commit *and* to the digest of the change that was
//!    on display. What is merged is the exact tree that was judged.
//! 2. **Nothing is hidden.** A render that fails and a cluster that does not answer are stated facts that the verdict takes
//!    into account. "No changes" means that it was looked at and there are none.
//! 3. **Nothing is lost.** Every accepted delivery ends in a final state on the merge request, across crashes, duplicates
//!    and outages of the forge.
//! 4. **Nobody waits.** A reviewer sees the effect soon after the push, in one comment that stays in place.
//!
//! # The loop
//!
//! ```text
//! webhook / poll ──► queue ──► observe ──► decide ──► enact ──► land
//!    (hint)        (durable)  (ports to    (pure:    (Plan to   (a persisted
//!                             Snapshot,    Snapshot   ports)     state machine)
//!                             render and   to Plan)
//!                             compare)
//! ```
//!
//! It is level-triggered. An event only says *look at this change request*; the state is read afresh from the forge, so
//! lost, doubled and reordered deliveries are harmless, and a poll finds what never arrived.
//!
//! The one edge-triggered thing is a command in a comment. Executing it appends facts to the ledger, in the same transaction
//! that marks the comment as handled; every effect follows from facts.
//!
//! A change is judged as three commits: **B**, the tip of the target branch; **H**, the head; **M**, the merge of the two.
//! What is rendered as "head" is always M's tree, never the raw branch.
//!
//! # Rooms
//!
//! | room | what it is for | imports, of ours |
//! |---|---|---|
//! | [`countersign_core`] (`src/core`) | study: every rule, as values and functions over values | nothing |
//! | [`ports`] | doors: what the engine asks of the world, small traits in our words | core |
//! | [`forge`] | workshop: GitHub and Gitea | core, ports |
//! | [`source`] | workshop: git mirrors, merge trees, exports | core, ports, `process` |
//! | [`render`] | workshop: yaml, kustomize, Helm; hostile input in a sandbox | core, ports, `process` |
//! | [`cluster`] | workshop: reads and dry runs against a Kubernetes API | core, ports, `process` |
//! | [`store`] | workshop: queue, ledger, landings in SQLite | core, ports |
//! | [`audit`] | workshop: the bot's key, signatures, verification | core, ports |
//! | [`engine`] | corridor: ports to snapshot, plan to ports; thin | core, ports, `audit::sign_commit` |
//! | [`server`] | front desk: webhooks, pages, health | core, ports, engine, settings, telemetry |
//! | [`worker`] | night shift: claim, look, retry, poll | core, ports, engine, settings, telemetry |
//! | [`cli`] | bench: the commands; `cli/wire.rs` alone builds workshops and hands them to the engine | the above, no workshop |
//! | [`settings`], [`telemetry`] | the server's settings, from a file and the environment; logs | core, ports |
//! | `process` | runs another program within limits | nothing |
//! | `countersign_sim` (`src/sim`) | stage: a stand-in forge over HTTP with real git behind it | nothing: shared types would share mistakes |
//!
//! Workshops never import each other. Two exceptions are written down where the rule is: a workshop may use
//! `settings::write_private`, and the engine may use `audit::sign_commit`. `tests/it/tidy` holds every line of this table.
//!
//! # Words
//!
//! One word per thing. "PR" and "MR" exist only inside forge adapters and in what users read.
//!
//! | type | meaning |
//! |---|---|
//! | `ChangeRequest` | a PR or MR: source, target, head, author, state |
//! | `CommitSha`, `ObjectId`, `Digest` | a validated commit id; any git object; a SHA-256 |
//! | `Environment` | a named place where the change lands: a source, perhaps a cluster, an applier |
//! | `UnitSpec`, `UnitEvaluation` | one thing that is rendered as a whole: a kustomize root, a chart with its values, a set of files |
//! | `Reads`, `ReadSet` | everything that a unit's render could read, and places where a new file would be read; a piece of that, which units share |
//! | `RenderedObject`, `ObjectRef` | one manifest after rendering; group, version, kind, namespace, name |
//! | `Sealer` | turns a secret leaf into a handle that can be compared and never shown |
//! | `Effect`, `Operation` | what merging does to one object: create, update, replace, delete, orphan, fail, none |
//! | `Risk` | a class of danger on an object; the set of them that was displayed belongs to an approval |
//! | `Tier` | how an effect is known: by the render, from the live object, from the cluster's own dry run |
//! | `Drift` | where live already differs from base, not caused by this change |
//! | `Display` | what was shown: head, digest, risks, hash of the comment's bytes |
//! | `Finding`, `Severity` | what a check saw, and how bad it is |
//! | `Origin`, `Place` | the line of a file that is a manifest; where an object can be read: a file it is made of, or the render |
//! | `Annotations` | what a status carries: findings beside lines of the head commit, who has to agree |
//! | `Waiver`, `Floor` | a dated exception from a check; what no repository of a server can weaken |
//! | `Fact` | one entry of the ledger: a command executed, a display posted, a landing begun or ended |
//! | `Approval`, `Requirement` | a person's yes to one head, digest and risk set; what is needed |
//! | `Verdict` | Allow, Hold (people are missing), Block (the change must be repaired), Undecided (it could not be told) |
//! | `Snapshot` → `Plan` | all that was seen → all that will be done |
//! | `LandCapability` | what the forge and its protection rules let the bot do, and what is missing |
//! | `LandingRow` | the persisted state of one merge under way |
//!
//! # Architecture invariants
//!
//! Most of them are absences: they cannot be seen in any one file, and are easily lost.
//!
//! **The core never does I/O.** No clock, no environment, no file, no socket, no process, no hash-map order. Time comes in as
//! data. Its dependency list is closed, and a test compares it.
//!
//! **`decide` never fails and never waits.** [`countersign_core::decide::decide`] is synchronous, total and deterministic: a
//! snapshot gives a plan, always the same one. What could not be told is a value in the snapshot (`Known::Unknown`, a unit
//! that failed, a cluster's error), and never passes as "fine". A recorded snapshot can be decided again, offline.
//!
//! **Nothing lands without the verdict Allow, decided twice on the same base, head and digest.** A landing observes and decides again under
//! the lock, and goes on only if that orders the same base, head and digest. What is pushed is the commit whose bytes
//! were stored, with the exact old value of the branch; that push is the fence, locks only save work.
//!
//! **Hold, Block and Undecided are never a passing status.** Neither is Allow, where others than the bot may update the
//! branch: whoever presses the forge's button could merge what nobody judged.
//!
//! **No display without a record.** What is posted is recorded before and after, with the hash of its bytes. An approval
//! binds to a recorded display; a comment that somebody else rewrote is restored, and approvals meanwhile are void.
//!
//! **Forge events are hints.** No rule reads a payload. The one thing that is kept from a delivery is who pushed which
//! head, since no forge tells it later; it can only make a rule stricter.
//!
//! **A change does not choose its own judge.** Policy is read at B. A policy that the change proposes is checked for
//! errors and tried, what would be under it is told, and it never decides.
//!
//! **A floor only strengthens.** The server's floor is judged beside the repository's policy, never merged into it: its
//! rules cover nothing, its checks are waived only where it says so. It travels in the snapshot.
//!
//! **Commands run once, and never from an edit.** A comment that was changed before it was read executes nothing.
//!
//! **Evidence before the merge, the statement after.** The audit branch is appended to by compare-and-swap and never
//! rewritten. Recovery asks the remote whether M is in the branch; it never searches messages, which anybody can imitate.
//!
//! **Clusters are never written.** The port reads and predicts; it has no call that writes. Secrets are not read, not sent
//! and not shown. The bot's own account is asked for dry runs only while it could do no harm: one probe is a real write,
//! which the admission policy of `deploy/cluster` has to refuse.
//!
//! **Renderers get no network and no credentials.** They see an export of what they may read, and nothing of the server.
//!
//! **Tokens are in no log, error, argument or URL.** `Secret` prints nothing; git gets credentials through its
//! environment.
//!
//! **Nothing repeats a write blindly.** An answer that was lost is `Ambiguous`: the next look finds out.
//!
//! **Foreign types stay in their workshop.** No octocrab, kube or sqlx type crosses a port.
//!
//! **The product has no hooks for tests.** Tests use what users use, or another implementation of a port.
//!
//! # Where to add things
//!
//! - *A command*: `core/command` (the compiler then asks for its help line), what it does in `core/decide/execute.rs`.
//! - *A condition of a rule, an option, a key of the policy file*: `core/config` reads it, `core/policy` or `core/approval`
//!   gives it meaning. Unknown must have a meaning too.
//! - *A danger that reviewers must not miss*: a `Risk` in `core/effect`, and its words in `core/report`.
//! - *A rule that comes with the program*: a folder under `policies/` with its documentation and its cases, and a line in
//!   `core/policy/packs/registry.rs`.
//! - *A renderer*: a variant of `EnvironmentSource` and `UnitSource`, its read-set and its run in [`render`].
//! - *A version of Kubernetes whose kinds are shipped*: `tests/tools/schemas` makes `policies/schemas` and
//!   `policies/data/removed-apis.json` again; `tests/it/schemas.rs` asks a real API server whether they are right.
//! - *A forge*: a folder in [`forge`] that implements the forge traits of [`ports`], and an arm in `cli/wire.rs`.
//! - *A page or endpoint*: [`server`]. It shows what the engine saved, and decides nothing.
//! - *A setting*: [`settings`], and `deploy/countersign.example.toml`.
//!
//! A new method of a port, and above all a new line in the table of imports, is proposed before it is written.

pub mod audit;
pub mod cli;
pub mod cluster;
pub mod engine;
pub mod forge;
pub mod ports;
pub mod process;
pub mod render;
pub mod server;
pub mod settings;
pub mod source;
pub mod store;
pub mod telemetry;
pub mod worker;

/// Policies and manifests are made of small pieces by the million, which the system's allocator takes a fifth of the time for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
