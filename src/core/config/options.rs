//! What a rule says beside whom it asks: `options` and `methods`; and `[disapproval]`.

use super::table::{Later, Node, Reader};
use super::{Disapproval, Exclusion, Methods, OnPush, RuleOptions, name, people, predicate};

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
        ],
        &[Later { key: "request_review", instead: "remove it; `/status` and the comment name whom to ask" }],
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
    (reader.errors.len() == before).then_some(RuleOptions {
        author,
        committers,
        pusher,
        ignore_commits_by,
        on_push,
    })
}

pub(super) fn read_methods<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<Methods> {
    let before = reader.errors.len();
    let table = reader.table(node, "`methods`")?;
    let known = ["reviews", "commands", "comments", "comment_patterns", "review_patterns"];
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
