//! Links to the bot's own pages. A page shows what a private repository would change, so its link carries a key: an
//! HMAC over what it opens. Nobody can make one for another change.

use aws_lc_rs::{constant_time, hmac};
use countersign_core::change::ChangeId;

/// Makes and checks links.
pub struct Links {
    base: Option<String>,
    key: hmac::Key,
}

impl Links {
    /// Links below a public base URL; without one there are none.
    pub fn new(base: Option<&str>, key: [u8; 32]) -> Self {
        let base = base.map(|base| base.trim_end_matches('/').to_owned());
        Self { base, key: hmac::Key::new(hmac::HMAC_SHA256, &key) }
    }

    /// The page of a change, key included.
    pub fn change(&self, id: &ChangeId) -> Option<String> {
        let path = change_path(id);
        self.base.as_ref().map(|base| format!("{base}{path}?key={}", self.key_for(&path)))
    }

    /// The page of everything, key included: for whoever runs the bot.
    pub fn everything(&self) -> Option<String> {
        self.base.as_ref().map(|base| format!("{base}/?key={}", self.key_for("/")))
    }

    /// The key that opens a path.
    pub fn key_for(&self, path: &str) -> String {
        let tag = hmac::sign(&self.key, path.as_bytes());
        tag.as_ref().iter().take(16).fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
    }

    /// Whether a key opens a path: the path's own, or the one of everything.
    pub fn opens(&self, key: &str, path: &str) -> bool {
        [path, "/"].iter().any(|path| {
            constant_time::verify_slices_are_equal(self.key_for(path).as_bytes(), key.as_bytes()).is_ok()
        })
    }
}

/// The path of a change's page.
pub fn change_path(id: &ChangeId) -> String {
    format!("/{}/{}/{}", id.repo.forge, id.repo.path, id.number)
}
