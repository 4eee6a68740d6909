//! Signed commits. Nothing here signs: what the forge finds of a signature is what it is told.

use crate::Sim;
use crate::acts::forge_signature;
use crate::error::SimError;
use crate::state::{Seal, SealedBy};

/// The account by which the forge commits what people do on its pages.
const WEB_FLOW: &str = "web-flow";

/// What the forge finds of a commit's signature.
#[derive(Debug, Clone)]
pub struct NewSeal<'a> {
    /// By which key.
    pub by: SealedBy,
    /// Whose it is, by login; `None` for one that the forge does not know.
    pub signer: Option<&'a str>,
    /// GraphQL's word for what it found: `VALID`, `UNKNOWN_KEY` and so on.
    pub state: &'a str,
}

impl Sim {
    /// Lets the forge find this of a commit's signature from now on.
    pub async fn seal(&self, repo: &str, commit: &str, seal: NewSeal<'_>) -> Result<(), SimError> {
        let id = self.world().state().repo_id(repo)?;
        let sha = self.world().bare(id).commit(commit).await?.sha;
        let mut state = self.world().state();
        let signer = seal.signer.map(|login| state.account_id(login)).transpose()?;
        state.seals.insert(sha, Seal { by: seal.by, signer, state: seal.state.to_owned() });
        Ok(())
    }

    /// Commits like [`Sim::commit`] and on the forge's pages: the forge makes and signs it, in the author's name.
    pub async fn commit_on_page(
        &self,
        repo: &str,
        branch: &str,
        parent_branch: &str,
        files: &[(&str, Option<&str>)],
        author: &str,
        message: &str,
    ) -> Result<String, SimError> {
        let forge = forge_signature(self.now());
        if self.user(WEB_FLOW).is_err() {
            self.add_user(WEB_FLOW)?;
            self.add_email(WEB_FLOW, &forge.email)?;
        }
        let place = (branch, parent_branch);
        let made = self.commit_as(repo, place, files, (author, Some(forge)), message).await?;
        let seal = NewSeal { by: SealedBy::Forge, signer: Some(WEB_FLOW), state: "VALID" };
        self.seal(repo, &made, seal).await?;
        Ok(made)
    }
}
