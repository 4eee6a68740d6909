//! Changes that nobody made.

use countersign_core::actor::Permission;
use countersign_core::policybot::{
    Body, Change, Comment, Commit, File, FileStatus, Part, Property, Review, ReviewState, Signature,
    SignatureKind,
};
use jiff::Timestamp;

use super::{CONCLUSIONS, KEYS, Maker, PEOPLE};
use crate::rego::dice::Dice;

impl Maker {
    pub(in super::super) fn change(&mut self) -> Change {
        let commits = self.commits();
        let pushed_at = commits.iter().map(|commit| commit.sha.clone()).collect::<Vec<_>>();
        let mut change = Change {
            repository: self.dice.pick(&["acme/env", "acme/web", "other/x"]).to_owned(),
            author: self.dice.pick(&PEOPLE).to_owned(),
            title: self.dice.pick(&["fix: a thing", "chore: another", "WIP thing"]).to_owned(),
            target: self.dice.pick(&["main", "develop", "dev"]).to_owned(),
            source: self.dice.pick(&["topic", "fork:main", "release/1"]).to_owned(),
            head: commits.last().map_or_else(|| sha(1), |commit| commit.sha.clone()),
            body: None,
            files: self.changed(),
            commits,
            pushed_at: std::collections::BTreeMap::new(),
            comments: Vec::new(),
            reviews: Vec::new(),
            teams: [
                ("acme/sre".to_owned(), self.some(&PEOPLE, 4)),
                ("acme/web".to_owned(), self.some(&PEOPLE, 3)),
            ]
            .into(),
            organizations: [
                ("acme".to_owned(), self.some(&PEOPLE, 5)),
                ("other".to_owned(), self.some(&PEOPLE, 1)),
            ]
            .into(),
            permissions: PEOPLE.map(|login| (login.to_owned(), self.permission())).into(),
            statuses: self.statuses(),
            workflows: ["ci.yml", "e2e.yml"]
                .map(|name| (name.to_owned(), self.at_least_one(&CONCLUSIONS[..4], 2)))
                .into(),
            labels: self.some(&["urgent", "Docs", "x"], 3),
            properties: std::collections::BTreeMap::new(),
            failed: std::collections::BTreeMap::new(),
        };
        self.say(&mut change, pushed_at);
        if self.dice.often(5) {
            change
                .properties
                .insert("tier".into(), Property::Text(self.dice.pick(&["1", "2", "3"]).to_owned()));
        }
        if self.dice.often(2) {
            change.properties.insert("owner".into(), Property::List(vec!["x".into()]));
        }
        change
    }

    /// What happens one after another: pushes, comments, reviews, and the text of the request at first.
    fn say(&mut self, change: &mut Change, pushed: Vec<String>) {
        if self.dice.often(7) {
            let edited = self.dice.often(2);
            change.body = Some(Body {
                author: if self.dice.often(8) {
                    change.author.clone()
                } else {
                    self.dice.pick(&PEOPLE).to_owned()
                },
                text: self.dice.pick(&["LGTM", "no review needed", "text"]).to_owned(),
                created_at: self.now(),
                edited_at: edited.then(|| self.now()),
            });
        }
        let mut pushed = pushed.into_iter().peekable();
        for _ in 0..self.dice.below(10) {
            if self.dice.often(3)
                && let Some(sha) = pushed.next()
            {
                change.pushed_at.insert(sha, self.now());
            } else if self.dice.often(5) {
                let text = ["LGTM", ":+1:", "👍 nice", "lgtm, ship it", ":-1:", "👎", "hm"];
                let comment = Comment {
                    author: self.dice.pick(&PEOPLE).to_owned(),
                    text: self.dice.pick(&text).to_owned(),
                    created_at: self.now(),
                    edited_at: self.edited(),
                };
                change.comments.push(comment);
            } else {
                use ReviewState::{Approved, ChangesRequested, Commented, Dismissed, Pending};
                let states = [Approved, Approved, Approved, ChangesRequested, Commented, Dismissed, Pending];
                let review = Review {
                    author: self.dice.pick(&PEOPLE).to_owned(),
                    state: states[self.dice.below(7)],
                    text: self.dice.pick(&["", "LGTM", "ok"]).to_owned(),
                    created_at: self.now(),
                    edited_at: self.edited(),
                };
                change.reviews.push(review);
            }
        }
        // What was not pushed among all this was there before it.
        for (age, sha) in pushed.enumerate() {
            let early = Timestamp::from_second(1_700_000_000 + i64::try_from(age).unwrap()).unwrap();
            change.pushed_at.insert(sha, early);
        }
    }

    fn edited(&mut self) -> Option<Timestamp> {
        self.dice.often(2).then(|| self.now())
    }

    fn permission(&mut self) -> Permission {
        use Permission::{Admin, Maintain, None, Read, Triage, Write};
        [None, Read, Triage, Write, Write, Maintain, Admin][self.dice.below(7)]
    }

    fn statuses(&mut self) -> std::collections::BTreeMap<String, String> {
        let mut statuses = std::collections::BTreeMap::new();
        for name in ["build", "lint", "deploy"] {
            if self.dice.often(7) {
                statuses.insert(name.to_owned(), self.dice.pick(&CONCLUSIONS).to_owned());
            }
        }
        statuses
    }

    fn changed(&mut self) -> Vec<File> {
        let pool = ["docs/a.md", "src/web/a.go", "src/web/c.go", "README.md", "docs/x/y.md", "secret/key"];
        let mut files: Vec<File> = Vec::new();
        for path in pool {
            if self.dice.often(3) {
                let status =
                    [FileStatus::Modified, FileStatus::Added, FileStatus::Deleted][self.dice.below(3)];
                let mut count = || u32::try_from(self.dice.below(30)).unwrap();
                files.push(File { path: path.to_owned(), status, additions: count(), deletions: count() });
            }
        }
        files
    }

    /// A line of commits with merges in it; the head is the last one.
    fn commits(&mut self) -> Vec<Commit> {
        let mut commits: Vec<Commit> = Vec::new();
        let own = self.dice.pick(&PEOPLE).to_owned();
        for number in 1..=1 + self.dice.below(4) {
            let mut parents = vec![commits.last().map_or_else(|| sha(900), |commit| commit.sha.clone())];
            match self.dice.below(8) {
                0 => parents.push(sha(901)),
                1 if number > 1 => parents.push(sha(1)),
                2 if number > 2 => parents = vec![sha(901), parents.remove(0)],
                _ => {}
            }
            let who = |dice: &mut Dice| match dice.below(6) {
                0 => String::new(),
                1 | 2 => dice.pick(&PEOPLE).to_owned(),
                _ => own.clone(),
            };
            commits.push(Commit {
                sha: sha(number),
                parents,
                author: who(&mut self.dice),
                committer: who(&mut self.dice),
                via_web: self.dice.often(3),
                signature: self.signature(),
            });
        }
        commits
    }

    fn signature(&mut self) -> Option<Signature> {
        let kinds = [SignatureKind::Gpg, SignatureKind::Gpg, SignatureKind::Ssh, SignatureKind::Smime];
        let kind = kinds[self.dice.below(4)];
        self.dice.often(8).then(|| Signature {
            kind,
            valid: self.dice.often(9),
            key: if kind == SignatureKind::Gpg { self.dice.pick(&KEYS).to_owned() } else { String::new() },
            signer: self.dice.pick(&["ana", "ana", "bo"]).to_owned(),
        })
    }

    /// Lets some of it be out of reach.
    pub(in super::super) fn fail(&mut self, change: &mut Change) {
        use Part::{
            Body, Comments, Commits, Files, Labels, Organizations, Permissions, Properties, Reviews,
            Statuses, Teams, Workflows,
        };
        let parts = [
            Body,
            Files,
            Commits,
            Comments,
            Reviews,
            Teams,
            Organizations,
            Permissions,
            Statuses,
            Workflows,
            Labels,
            Properties,
        ];
        for _ in 0..=self.dice.below(2) {
            change.failed.insert(parts[self.dice.below(12)], "it timed out".into());
        }
        // In which order policy-bot asks about signers is left to chance there.
        for signature in change.commits.iter_mut().filter_map(|commit| commit.signature.as_mut()) {
            "ana".clone_into(&mut signature.signer);
        }
    }
}

/// An id of a commit.
fn sha(number: usize) -> String {
    format!("{number:040x}")
}
