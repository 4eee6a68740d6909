//! What a rule says beside whom it asks: `options` and `methods`; and `[disapproval]`.

use super::table::{Node, Reader};
use super::{
    Disapproval, Exclusion, From, Methods, OnPush, RequestMode, RequestReview, Require, RuleOptions, name,
    people, predicate,
};

pub(super) fn read<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<RuleOptions> {
    let before = reader.errors.len();
    let table = reader.table(node, "`options`")?;
    reader.only(
        &table,
        &[
            "allow_author",
            "allow_committers",
            "allow_pusher",
            "ignore_commits_by",
            "ignore_edited_comments",
            "on_push",
            "request_review",
        ],
        &[],
    );
    if let (Some(false), Some(node)) =
        (reader.flag_at(&table, "ignore_edited_comments"), table.get("ignore_edited_comments"))
    {
        reader.error_with(&node.span(), "an approval that was edited never counts", "leave it out");
    }
    let mut exclusion = |key| match reader.flag_at(&table, key) {
        Some(true) => Exclusion::Allowed,
        Some(false) | None => Exclusion::Excluded,
    };
    let (author, committers, pusher) =
        (exclusion("allow_author"), exclusion("allow_committers"), exclusion("allow_pusher"));
    let ignore_commits_by = table
        .get("ignore_commits_by")
        .and_then(|node| people::read(reader, node, "`ignore_commits_by`", people::Owners::Meaningless));
    let on_push = reader
        .word_at(&table, "on_push", &[("effect", OnPush::Effect), ("head", OnPush::Head)])
        .unwrap_or_default();
    let request_review = table.get("request_review").and_then(|node| read_request(reader, node));
    (reader.errors.len() == before).then_some(RuleOptions {
        author,
        committers,
        pusher,
        ignore_commits_by,
        on_push,
        request_review,
    })
}

/// The most people whom a rule may ask for a review; forges take no more.
pub(crate) const MOST_REQUESTS: u32 = 15;

fn read_request<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<RequestReview> {
    let table = reader.table(node, "`request_review`")?;
    reader.only(&table, &["mode", "count"], &[]);
    let modes = [
        ("random-users", RequestMode::RandomUsers),
        ("all-users", RequestMode::AllUsers),
        ("teams", RequestMode::Teams),
    ];
    let mode = match table.get("mode") {
        Some(_) => reader.word_at(&table, "mode", &modes)?,
        None => RequestMode::default(),
    };
    let Some(entry) = table.entry("count") else { return Some(RequestReview { mode, count: None }) };
    if mode != RequestMode::RandomUsers {
        reader.error_with(
            &entry.key_span,
            "`count` is for `random-users`; here all are asked",
            "leave it out",
        );
        return None;
    }
    let count = reader.integer(entry.value)?;
    let sound = u32::try_from(count).ok().filter(|count| (1..=MOST_REQUESTS).contains(count));
    if sound.is_none() {
        let message = format!("`count` is {count}; it is from 1 to {MOST_REQUESTS}");
        reader.error(&entry.value.span(), message);
    }
    sound.map(|count| RequestReview { mode, count: Some(count) })
}

/// Says where a rule asks for reviews and names nobody who could be asked.
pub(super) fn check_request<'t>(
    reader: &mut Reader<'t>,
    node: &Node<'t>,
    options: &RuleOptions,
    require: &Require,
) {
    let Some(RequestReview { mode, .. }) = options.request_review else { return };
    let From { users, teams, groups, organizations, .. } = &require.from;
    let someone = match mode {
        RequestMode::Teams => !teams.is_empty(),
        RequestMode::RandomUsers | RequestMode::AllUsers => {
            !(users.is_empty() && teams.is_empty() && groups.is_empty() && organizations.is_empty())
        }
    };
    if require.count == 0 {
        reader.error_with(
            &node.span(),
            "`request_review` asks for reviews, and the rule for nobody",
            "say how many with `require.count`, or leave `request_review` out",
        );
    } else if !someone {
        let hint = match mode {
            RequestMode::Teams => "name `teams` in `require.from`",
            RequestMode::RandomUsers | RequestMode::AllUsers => {
                "name `users`, `teams`, `groups` or `organizations` in `require.from`: nobody lists who has a \
                 permission or owns a file"
            }
        };
        reader.error_with(&node.span(), "`request_review` has nobody whom it could ask", hint);
    }
}

pub(super) fn read_methods<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<Methods> {
    let before = reader.errors.len();
    let table = reader.table(node, "`methods`")?;
    let known = ["reviews", "commands", "comments", "comment_patterns", "review_patterns"];
    if let Some(entry) = table.entry("reactions") {
        // Nothing lands by what cannot be bound to a display.
        reader.error_with(
            &entry.key_span,
            "a reaction does not approve: it names neither head nor digest, and forges do not tell when one is given",
            "leave `reactions` out; reviews, `/approve` and `comments` approve",
        );
        return None;
    }
    reader.only(&table, &known, &[]);
    let otherwise = Methods::default();
    let methods = Methods {
        reviews: reader.flag_at(&table, "reviews").unwrap_or(otherwise.reviews),
        commands: reader.flag_at(&table, "commands").unwrap_or(otherwise.commands),
        comments: reader.texts_at(&table, "comments", name::valid_line),
        comment_patterns: reader.texts_at(&table, "comment_patterns", for_comments),
        review_patterns: reader.texts_at(&table, "review_patterns", name::valid_expression),
    };
    if let (false, Some(node)) = (methods.reviews, table.get("review_patterns")) {
        reader.error_with(
            &node.span(),
            "reviews do not count here, whatever they say",
            "leave one of them out",
        );
    }
    let none = !methods.reviews && !methods.commands;
    if none && methods.comments.is_empty() && methods.comment_patterns.is_empty() {
        reader.error_with(
            &table.span,
            "nobody could say yes",
            "leave one of `reviews`, `commands` and `comments`",
        );
    }
    (reader.errors.len() == before).then_some(methods)
}

/// An expression that does not take every comment.
fn for_comments(pattern: &str) -> Result<(), String> {
    match name::expression(pattern)?.is_match("") {
        true => Err("this expression matches every comment".to_owned()),
        false => Ok(()),
    }
}

pub(super) fn read_disapproval<'t>(
    reader: &mut Reader<'t>,
    node: &Node<'t>,
    environments: &[String],
) -> Disapproval {
    let Some(table) = reader.table(node, "`disapproval`") else { return Disapproval::default() };
    reader.only(&table, &["from", "when", "revoke", "comments", "comment_patterns"], &[]);
    let mut people = |key, what| {
        table.get(key).and_then(|node| people::read(reader, node, what, people::Owners::Meaningless))
    };
    let (from, revoke) = (people("from", "who may disapprove"), people("revoke", "who may revoke"));
    let when = table.get("when").and_then(|node| predicate::parts(reader, node, environments, 0));
    Disapproval {
        from,
        when: when.unwrap_or_default(),
        revoke,
        comments: reader.texts_at(&table, "comments", name::valid_line),
        comment_patterns: reader.texts_at(&table, "comment_patterns", for_comments),
    }
}
