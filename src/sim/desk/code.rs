//! Commits, branches and change requests.

use crate::Sim;
use crate::acts::{Move, NewChange, Via};
use crate::error::SimError;
use crate::git::ZERO;
use crate::git::write::Signature;
use crate::state::{Activity, ChangeState, Role, WorkflowRun};
use crate::views::ChangeSeen;

impl Sim {
    /// Commits files (`None` removes one) onto `branch` and pushes it as `author`. A branch that is not there yet starts
    /// at `parent_branch`, or at nothing if that is not there either. Returns the commit.
    pub async fn commit(
        &self,
        repo: &str,
        branch: &str,
        parent_branch: &str,
        files: &[(&str, Option<&str>)],
        author: &str,
        message: &str,
    ) -> Result<String, SimError> {
        self.commit_as(repo, (branch, parent_branch), files, (author, None), message).await
    }

    /// Without a committer the author is it.
    pub(super) async fn commit_as(
        &self,
        repo: &str,
        (branch, parent_branch): (&str, &str),
        files: &[(&str, Option<&str>)],
        (author, committer): (&str, Option<Signature>),
        message: &str,
    ) -> Result<String, SimError> {
        let world = self.world();
        let _turn = world.turn.lock().await;
        let (id, actor, signature, tip, parent) = {
            let state = world.state();
            let id = state.repo_id(repo)?;
            let account = state.account(author)?;
            let signature =
                Signature { name: account.login.clone(), email: account.email().to_owned(), at: state.now() };
            let branches = &state.repo(id)?.branches;
            let tip = branches.get(branch).cloned();
            let parent = tip.clone().or_else(|| branches.get(parent_branch).cloned());
            (id, account.id, signature, tip, parent)
        };
        let bare = world.bare(id);
        let tree = bare.tree_with(parent.as_deref(), files).await?;
        let parents: Vec<&str> = parent.as_deref().into_iter().collect();
        let committer = committer.as_ref().unwrap_or(&signature);
        let commit = bare.commit_tree(&tree, &parents, &signature, committer, message).await?;
        let before = tip.unwrap_or_else(|| ZERO.to_owned());
        self.push(id, actor, Move { branch: branch.to_owned(), before, after: commit.clone() }).await?;
        Ok(commit)
    }

    /// Moves a branch to a commit, forwards or not, as somebody.
    pub async fn move_branch(&self, repo: &str, branch: &str, to: &str, who: &str) -> Result<(), SimError> {
        let world = self.world();
        let _turn = world.turn.lock().await;
        let (id, actor, before) = self.place(repo, branch, who)?;
        let after = world.bare(id).resolve(to).await.ok_or_else(|| SimError::missing("commit", to))?;
        self.push(id, actor, Move { branch: branch.to_owned(), before, after }).await
    }

    /// Lets a workflow run for the tip of a branch, set off by somebody; without a conclusion it is still running.
    /// Returns the run's number.
    pub fn run_workflow(
        &self,
        repo: &str,
        branch: &str,
        file: &str,
        event: &str,
        conclusion: Option<&str>,
        who: &str,
    ) -> Result<u64, SimError> {
        let (id, actor, sha) = self.place(repo, branch, who)?;
        let mut state = self.world().state();
        let (run, at) = (state.id(), state.now());
        let runs = &mut state.repo_mut(id)?.workflows;
        let number = runs.iter().filter(|known| known.file == file).count() as u64 + 1;
        runs.push(WorkflowRun {
            id: run,
            sha,
            branch: branch.to_owned(),
            file: file.to_owned(),
            event: event.to_owned(),
            number,
            conclusion: conclusion.map(str::to_owned),
            actor,
            at,
        });
        Ok(number)
    }

    /// Deletes a branch as somebody.
    pub async fn delete_branch(&self, repo: &str, branch: &str, who: &str) -> Result<(), SimError> {
        let _turn = self.world().turn.lock().await;
        let (id, actor, before) = self.place(repo, branch, who)?;
        self.push(id, actor, Move { branch: branch.to_owned(), before, after: ZERO.to_owned() }).await
    }

    fn place(&self, repo: &str, branch: &str, who: &str) -> Result<(u64, u64, String), SimError> {
        let state = self.world().state();
        let id = state.repo_id(repo)?;
        let before = state.repo(id)?.branches.get(branch).cloned().unwrap_or_else(|| ZERO.to_owned());
        Ok((id, state.account_id(who)?, before))
    }

    /// What a push over HTTP does, without the HTTP.
    async fn push(&self, repo: u64, actor: u64, moved: Move) -> Result<(), SimError> {
        let world = self.world();
        {
            let state = world.state();
            if state.role(repo, actor) < Role::Write {
                let (full, login) = (state.full_name(repo), state.login(actor));
                return Err(SimError::refused(format!("Permission to {full}.git denied to {login}.")));
            }
        }
        let bare = world.bare(repo);
        let name = format!("refs/heads/{}", moved.branch);
        let verdicts = world.verdicts(repo, actor, std::slice::from_ref(&moved));
        if !verdicts.is_empty() {
            bare.ask_hook(&verdicts, &name, &moved.before, &moved.after).await?;
        }
        if moved.after == ZERO {
            bare.delete_ref(&name, &moved.before).await?;
        } else {
            bare.set_ref(&name, &moved.after, Some(&moved.before)).await?;
        }
        world.after_push(repo, actor, Via::Push).await
    }

    /// The commit that a branch is at.
    pub fn tip(&self, repo: &str, branch: &str) -> Result<String, SimError> {
        let state = self.world().state();
        let found = state.repo(state.repo_id(repo)?)?.branches.get(branch).cloned();
        found.ok_or_else(|| SimError::missing("branch", branch))
    }

    /// What a file says at a branch or commit.
    pub async fn file(&self, repo: &str, at: &str, path: &str) -> Result<String, SimError> {
        self.git(repo, &["cat-file", "blob", &format!("{at}:{path}")]).await
    }

    /// Runs git in a bare repository and returns what it prints. For looking, not for moving branches.
    pub async fn git(&self, repo: &str, args: &[&str]) -> Result<String, SimError> {
        let id = self.world().state().repo_id(repo)?;
        self.world().bare(id).run(args).await
    }

    /// Who moved what, oldest first.
    pub fn activity(&self, repo: &str) -> Result<Vec<Activity>, SimError> {
        let state = self.world().state();
        Ok(state.repo(state.repo_id(repo)?)?.activity.clone())
    }

    /// An address with a person's token in it, for a clone by hand.
    pub fn clone_url(&self, repo: &str, login: &str) -> Result<String, SimError> {
        let person = self.user(login)?;
        let rest = self.url().trim_start_matches("http://");
        Ok(format!("http://{}:{}@{rest}/{repo}.git", person.login, person.token))
    }

    /// Opens a change request. The source is a branch of the repository, or `owner:branch` of a fork.
    pub async fn open_change(
        &self,
        repo: &str,
        author: &str,
        source: &str,
        target: &str,
        title: &str,
    ) -> Result<u64, SimError> {
        let _turn = self.world().turn.lock().await;
        let (id, author, source_repo, branch) = {
            let state = self.world().state();
            let id = state.repo_id(repo)?;
            let (from, branch) = match source.split_once(':') {
                None => (id, source),
                Some((owner, branch)) => {
                    let name = &state.repo(id)?.name;
                    (state.repo_id(&format!("{owner}/{name}"))?, branch)
                }
            };
            (id, state.account_id(author)?, from, branch)
        };
        let new = NewChange { author, source_repo, source: branch, target, title, body: None, draft: false };
        self.world().open(id, new).await
    }

    /// Closes a change request without landing it.
    pub fn close_change(&self, repo: &str, number: u64, who: &str) -> Result<(), SimError> {
        let (id, actor) = self.actor(repo, who)?;
        self.world().close(id, number, actor)
    }

    /// Opens a closed change request again.
    pub fn reopen_change(&self, repo: &str, number: u64, who: &str) -> Result<(), SimError> {
        let (id, actor) = self.actor(repo, who)?;
        self.world().reopen(id, number, actor)
    }

    /// Gives a change request another target.
    pub async fn retarget(&self, repo: &str, number: u64, who: &str, target: &str) -> Result<(), SimError> {
        let (id, actor) = self.actor(repo, who)?;
        self.world().retarget(id, number, actor, target).await
    }

    /// Gives a change request another title.
    pub fn retitle(&self, repo: &str, number: u64, who: &str, title: &str) -> Result<(), SimError> {
        let (id, actor) = self.actor(repo, who)?;
        self.world().reword(id, number, actor, Some(title), None)
    }

    /// Gives a change request another description.
    pub fn describe(&self, repo: &str, number: u64, who: &str, body: &str) -> Result<(), SimError> {
        let (id, actor) = self.actor(repo, who)?;
        self.world().reword(id, number, actor, None, Some(body))
    }

    /// Makes a change request a draft, or ready. Tells nobody.
    pub fn set_draft(&self, repo: &str, number: u64, draft: bool) -> Result<(), SimError> {
        let mut state = self.world().state();
        let id = state.repo_id(repo)?;
        state.change_mut(id, number)?.draft = draft;
        Ok(())
    }

    /// A change request as it is.
    pub fn change(&self, repo: &str, number: u64) -> Result<ChangeSeen, SimError> {
        let state = self.world().state();
        let change = state.change(state.repo_id(repo)?, number)?;
        Ok(ChangeSeen {
            number,
            title: change.title.clone(),
            author: state.login(change.author).to_owned(),
            state: change.state(),
            source: change.head.branch.clone(),
            target: change.base.branch.clone(),
            head: change.head.sha.clone(),
            merged_as: change.merged.as_ref().map(|merged| merged.commit.clone()),
            merged_by: change.merged.as_ref().map(|merged| state.login(merged.by).to_owned()),
        })
    }

    /// Numbers of the change requests in this state.
    pub fn changes(&self, repo: &str, wanted: ChangeState) -> Result<Vec<u64>, SimError> {
        let state = self.world().state();
        let all = state.repo(state.repo_id(repo)?)?.changes.values();
        Ok(all.filter(|change| change.state() == wanted).map(|change| change.number).collect())
    }

    pub(super) fn actor(&self, repo: &str, who: &str) -> Result<(u64, u64), SimError> {
        let state = self.world().state();
        Ok((state.repo_id(repo)?, state.account_id(who)?))
    }
}
