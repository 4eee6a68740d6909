//! Opening, editing and closing change requests, and asking git about them.

use serde_json::json;

use crate::error::SimError;
use crate::git::write::Signature;
use crate::state::{Change, Facts, Side};
use crate::world::World;

/// A change request to open.
pub(crate) struct NewChange<'a> {
    pub(crate) author: u64,
    pub(crate) source_repo: u64,
    pub(crate) source: &'a str,
    pub(crate) target: &'a str,
    pub(crate) title: &'a str,
    pub(crate) body: Option<&'a str>,
    pub(crate) draft: bool,
}

impl World {
    /// Opens one. Called with the turn held.
    pub(crate) async fn open(&self, repo: u64, new: NewChange<'_>) -> Result<u64, SimError> {
        let (number, head) = {
            let mut state = self.state();
            let tip = |state: &crate::state::State, repo: u64, branch: &str| {
                let found = state.repo(repo)?.branches.get(branch).cloned();
                found.ok_or_else(|| SimError::missing("branch", branch))
            };
            let head = tip(&state, new.source_repo, new.source)?;
            let base = tip(&state, repo, new.target)?;
            let same = |change: &&Change| {
                change.is_open()
                    && change.head.repo == new.source_repo
                    && change.head.branch == new.source
                    && change.base.branch == new.target
            };
            if let Some(open) = state.repo(repo)?.changes.values().find(same) {
                return Err(SimError::refused(format!("A pull request already exists: #{}", open.number)));
            }
            let (id, now) = (state.id(), state.now());
            let found = state.repo_mut(repo)?;
            let number = found.next_number;
            found.next_number += 1;
            let change = Change {
                id,
                number,
                author: new.author,
                title: new.title.to_owned(),
                body: new.body.map(str::to_owned),
                draft: new.draft,
                head: Side { repo: new.source_repo, branch: new.source.to_owned(), sha: head.clone() },
                base: Side { repo, branch: new.target.to_owned(), sha: base },
                merged: None,
                closed: None,
                created: now,
                updated: now,
                comments: Vec::new(),
                reviews: Vec::new(),
                requested: Vec::new(),
                requested_teams: Vec::new(),
                facts: None,
            };
            found.changes.insert(number, change);
            (number, head)
        };
        let from = self.bare(new.source_repo);
        self.bare(repo).take(&from, &head, &format!("refs/pull/{number}/head")).await?;
        self.learn(repo, number).await?;
        self.tell_change(repo, number, "opened", new.author, json!({}))?;
        Ok(number)
    }

    /// Closes one without landing it.
    pub(crate) fn close(&self, repo: u64, number: u64, actor: u64) -> Result<(), SimError> {
        {
            let mut state = self.state();
            let now = state.now();
            let change = state.change_mut(repo, number)?;
            if !change.is_open() {
                return Err(SimError::refused("it is closed already"));
            }
            change.closed = Some(now);
            change.updated = now;
        }
        self.tell_change(repo, number, "closed", actor, json!({}))
    }

    /// Opens a closed one again.
    pub(crate) fn reopen(&self, repo: u64, number: u64, actor: u64) -> Result<(), SimError> {
        {
            let mut state = self.state();
            let now = state.now();
            let change = state.change_mut(repo, number)?;
            if change.merged.is_some() || change.closed.is_none() {
                return Err(SimError::refused("only a closed change request can be opened again"));
            }
            change.closed = None;
            change.updated = now;
        }
        self.tell_change(repo, number, "reopened", actor, json!({}))
    }

    /// Gives it another target branch.
    pub(crate) async fn retarget(
        &self,
        repo: u64,
        number: u64,
        actor: u64,
        target: &str,
    ) -> Result<(), SimError> {
        let (from, old) = {
            let mut state = self.state();
            let now = state.now();
            let tip = state.repo(repo)?.branches.get(target).cloned();
            let tip = tip.ok_or_else(|| SimError::missing("branch", target))?;
            let change = state.change_mut(repo, number)?;
            let from = std::mem::replace(&mut change.base.branch, target.to_owned());
            let old = std::mem::replace(&mut change.base.sha, tip);
            change.facts = None;
            change.updated = now;
            (from, old)
        };
        self.learn(repo, number).await?;
        let changes = json!({ "changes": { "base": { "ref": { "from": from }, "sha": { "from": old } } } });
        self.tell_change(repo, number, "edited", actor, changes)
    }

    /// Gives it another title or text.
    pub(crate) fn reword(
        &self,
        repo: u64,
        number: u64,
        actor: u64,
        title: Option<&str>,
        body: Option<&str>,
    ) -> Result<(), SimError> {
        let changes = {
            let mut state = self.state();
            let now = state.now();
            let change = state.change_mut(repo, number)?;
            let mut changes = serde_json::Map::new();
            if let Some(title) = title {
                let from = std::mem::replace(&mut change.title, title.to_owned());
                changes.insert("title".to_owned(), json!({ "from": from }));
            }
            if let Some(body) = body {
                let from = change.body.replace(body.to_owned()).unwrap_or_default();
                changes.insert("body".to_owned(), json!({ "from": from }));
            }
            change.updated = now;
            changes
        };
        self.tell_change(repo, number, "edited", actor, json!({ "changes": changes }))
    }

    /// Whether git was asked about this pair of head and base already.
    pub(crate) fn knows(&self, repo: u64, number: u64) -> Result<bool, SimError> {
        let state = self.state();
        let change = state.change(repo, number)?;
        let tip = state.repo(repo)?.branches.get(&change.base.branch);
        let fits = |facts: &Facts| facts.head == change.head.sha && Some(&facts.base_tip) == tip;
        Ok(!change.is_open() || change.facts.as_ref().is_some_and(fits))
    }

    /// Asks git what a change request comes to, and puts the test merge where people can fetch it.
    pub(crate) async fn learn(&self, repo: u64, number: u64) -> Result<(), SimError> {
        let (head, base_tip, now) = {
            let state = self.state();
            let change = state.change(repo, number)?;
            let tip = state.repo(repo)?.branches.get(&change.base.branch).cloned();
            (change.head.sha.clone(), tip.unwrap_or_else(|| change.base.sha.clone()), state.now())
        };
        let bare = self.bare(repo);
        let count = bare.run(&["rev-list", "--count", &format!("{base_tip}..{head}")]).await?;
        let files = bare.files(&base_tip, &head).await?;
        let name = format!("refs/pull/{number}/merge");
        let test_merge = match bare.merge_tree(&base_tip, &head).await {
            Some(tree) => {
                let forge = forge_signature(now);
                let message = format!("Merge {head} into {base_tip}\n");
                let commit = bare.commit_tree(&tree, &[&base_tip, &head], &forge, &forge, &message).await?;
                bare.set_ref(&name, &commit, None).await?;
                Some(commit)
            }
            None => None,
        };
        let facts = Facts {
            head,
            base_tip,
            test_merge,
            commits: count.parse().unwrap_or_default(),
            additions: files.iter().map(|file| file.additions).sum(),
            deletions: files.iter().map(|file| file.deletions).sum(),
            files: files.len() as u64,
        };
        self.state().change_mut(repo, number)?.facts = Some(facts);
        Ok(())
    }
}

/// The forge's own name on commits that its buttons make.
pub(crate) fn forge_signature(at: jiff::Timestamp) -> Signature {
    Signature { name: "GitHub".to_owned(), email: "noreply@github.com".to_owned(), at }
}
