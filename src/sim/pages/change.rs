//! One change request with its conversation, and the forms to take part in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use http::{StatusCode, Uri};
use maud::{Markup, PreEscaped, html};

use super::frame::{badge, commit, page, time};
use super::{diff, markdown};
use crate::config::Pages;
use crate::state::{
    AccountKind, Change, CheckRun, Comment, Holder, Review, ReviewState, Role, State as Forge, Status,
};
use crate::urlencoded;
use crate::world::World;

pub(super) async fn show(
    State(world): State<Arc<World>>,
    uri: Uri,
    Path((owner, name, number)): Path<(String, String, u64)>,
) -> Response {
    let found = {
        let state = world.state();
        let repo = state.repo_named(&owner, &name).map(|repo| repo.id);
        repo.and_then(|repo| state.change(repo, number).ok().map(|change| (repo, change.clone())))
    };
    let Some((repo, change)) = found else { return super::nowhere(&world, &uri) };
    let base = change.facts.as_ref().map_or(&change.base.sha, |facts| &facts.base_tip);
    let text = world.bare(repo).diff(&format!("{base}...{}", change.head.sha)).await.unwrap_or_default();
    let state = world.state();
    let full = state.full_name(repo);
    let chosen = urlencoded::read(uri.query().unwrap_or_default()).remove("as").unwrap_or_default();
    let view = View { state: &state, full: &full, repo, change: &change, chosen: &chosen };
    let body = html! {
        (view.head())
        (view.conversation())
        (view.statuses())
        @if world.config.pages == Pages::ActAsAnybody {
            @if change.is_open() { (view.forms()) }
            (view.with_git(&world.base))
        }
        section { h2 { "Changes" } (diff::coloured(&text)) }
    };
    page(StatusCode::OK, &format!("{} · {full} #{number}", change.title), &body)
}

struct View<'a> {
    state: &'a Forge,
    full: &'a str,
    repo: u64,
    change: &'a Change,
    chosen: &'a str,
}

enum Entry<'a> {
    Comment(&'a Comment),
    Review(&'a Review),
}

impl View<'_> {
    fn head(&self) -> Markup {
        let change = self.change;
        html! {
            p.quiet { a href=(format!("/{}", self.full)) { (self.full) } }
            h1 { (change.title) " " span.quiet { "#" (change.number) } }
            p {
                (badge(change)) " " b { (self.state.login(change.author)) } " wants to merge "
                code { (change.head.branch) } " into " code { (change.base.branch) } " · head "
                (commit(self.full, &change.head.sha))
                @if let Some(merged) = &change.merged {
                    " · merged by " b { (self.state.login(merged.by)) } " as " (commit(self.full, &merged.commit))
                }
                " · " a href=(format!("?as={}", self.chosen)) { "look again" }
            }
            @if let Some(body) = &change.body { (rendered(body)) }
        }
    }

    fn conversation(&self) -> Markup {
        let mut entries: Vec<(jiff::Timestamp, u64, Entry<'_>)> = Vec::new();
        let change = self.change;
        entries.extend(change.comments.iter().map(|one| (one.created, one.id, Entry::Comment(one))));
        entries.extend(change.reviews.iter().map(|one| (one.submitted, one.id, Entry::Review(one))));
        entries.sort_by_key(|(at, id, _)| (*at, *id));
        html! {
            @for (_, _, entry) in &entries {
                @match entry {
                    Entry::Comment(comment) => (self.comment(comment)),
                    Entry::Review(review) => (self.review(review)),
                }
            }
        }
    }

    fn comment(&self, comment: &Comment) -> Markup {
        let mut reactions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for reaction in &comment.reactions {
            reactions.entry(sign(&reaction.content)).or_default().push(self.state.login(reaction.user));
        }
        html! {
            article.comment id=(format!("issuecomment-{}", comment.id)) {
                header {
                    (self.who(comment.author)) " " (time(comment.created))
                    @if !comment.earlier.is_empty() {
                        details.edits {
                            summary { "edited" }
                            @for earlier in &comment.earlier { pre { (earlier) } }
                        }
                    }
                }
                (rendered(&comment.body))
                @if !reactions.is_empty() {
                    footer { @for (sign, who) in &reactions { span.reaction title=(who.join(", ")) { (sign) " " (who.len()) } } }
                }
            }
        }
    }

    fn review(&self, review: &Review) -> Markup {
        let (class, word) = match review.state {
            ReviewState::Approved => ("yes", "approved"),
            ReviewState::ChangesRequested => ("no", "asked for changes"),
            ReviewState::Commented => ("", "reviewed"),
            ReviewState::Dismissed => ("quiet", "gave a review that was dismissed"),
        };
        html! {
            article.comment id=(format!("pullrequestreview-{}", review.id)) {
                header {
                    (self.who(review.author)) " " b class=(class) { (word) } " at "
                    (commit(self.full, &review.commit)) " " (time(review.submitted))
                }
                @if !review.body.is_empty() { (rendered(&review.body)) }
            }
        }
    }

    fn who(&self, id: u64) -> Markup {
        let bot = self.state.accounts.get(&id).is_some_and(|account| account.kind == AccountKind::Bot);
        html! { b { (self.state.login(id)) } @if bot { " " span.badge.bot { "bot" } } }
    }

    fn statuses(&self) -> Markup {
        let Some(repo) = self.state.repos.get(&self.repo) else { return html! {} };
        let head = &self.change.head.sha;
        let statuses: BTreeMap<&str, &Status> = repo
            .statuses
            .iter()
            .filter(|one| one.sha == *head)
            .map(|one| (one.context.as_str(), one))
            .collect();
        let runs: BTreeMap<&str, &CheckRun> =
            repo.checks.iter().filter(|one| one.sha == *head).map(|one| (one.name.as_str(), one)).collect();
        html! {
            section {
                h2 { "Checks" }
                @if statuses.is_empty() && runs.is_empty() { p.quiet { "None yet." } }
                table.list {
                    @for status in statuses.values() {
                        tr {
                            td { (light(&status.state)) }
                            td { b { (status.context) } " " (status.description.as_deref().unwrap_or_default()) }
                            td.right { @if let Some(url) = status.target_url.as_deref().and_then(markdown::safe_link) {
                                a href=(url) { "more" }
                            } }
                        }
                    }
                    @for run in runs.values() {
                        tr {
                            td { (light(run.conclusion.as_deref().unwrap_or(&run.status))) }
                            td {
                                b { (run.name) } " " (run.title.as_deref().unwrap_or_default())
                                @if let Some(summary) = &run.summary { details { summary { "more" } (rendered(summary)) } }
                            }
                            td {}
                        }
                    }
                }
            }
        }
    }

    /// Accounts that a visitor may be: people who see the repository.
    fn people(&self) -> Vec<&str> {
        let all = self.state.accounts.values().filter(|account| account.kind == AccountKind::User);
        let see = all.filter(|account| self.state.role(self.repo, account.id) >= Role::Read);
        see.map(|account| account.login.as_str()).collect()
    }

    fn chooser(&self) -> Markup {
        html! {
            label {
                "as "
                select name="who" {
                    @for login in self.people() {
                        @let author = if self.state.login(self.change.author) == login { " (the author)" } else { "" };
                        option value=(login) selected[login == self.chosen] { (login) (author) }
                    }
                }
            }
        }
    }

    fn forms(&self) -> Markup {
        let here = format!("/{}/pull/{}", self.full, self.change.number);
        html! {
            section.forms {
                h2 { "Take part" }
                form method="post" action=(format!("{here}/comments")) {
                    textarea name="body" rows="4" required placeholder="Write a comment, or a command such as /approve" {}
                    div.row { (self.chooser()) button { "Comment" } }
                }
                form method="post" action=(format!("{here}/reviews")) {
                    div.row {
                        (self.chooser())
                        input name="body" placeholder="why (needed for a no)";
                        button.yes name="verdict" value="approve" { "Approve" }
                        button.no name="verdict" value="request_changes" { "Request changes" }
                    }
                }
            }
        }
    }

    fn with_git(&self, base: &str) -> Markup {
        let login = if self.chosen.is_empty() { self.state.login(self.change.author) } else { self.chosen };
        let token = self.state.account_id(login).ok().and_then(|id| {
            let own = |(_, token): &(&String, &crate::state::Token)| token.holder == Holder::Account(id);
            self.state.tokens.iter().find(own).map(|(text, _)| text.clone())
        });
        let Some(token) = token else { return html! {} };
        let rest = base.trim_start_matches("http://");
        let from = self.state.full_name(self.change.head.repo);
        html! {
            details {
                summary { "Push to this change with git, as " (login) }
                pre { (format!(
                    "git clone -b {} http://{login}:{token}@{rest}/{from}.git\n# edit, commit\ngit push",
                    self.change.head.branch
                )) }
            }
        }
    }
}

fn rendered(text: &str) -> Markup {
    html! { div.markdown { (PreEscaped(markdown::render(text))) } }
}

fn light(state: &str) -> Markup {
    let class = match state {
        "success" => "light yes",
        "failure" | "error" | "cancelled" | "timed_out" | "action_required" => "light no",
        _ => "light wait",
    };
    html! { span class=(class) { (state.replace('_', " ")) } }
}

fn sign(content: &str) -> &'static str {
    match content {
        "+1" => "👍",
        "-1" => "👎",
        "laugh" => "😄",
        "confused" => "😕",
        "heart" => "❤️",
        "hooray" => "🎉",
        "rocket" => "🚀",
        _ => "👀",
    }
}
