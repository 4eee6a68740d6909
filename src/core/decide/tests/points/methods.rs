//! In which words people say yes.

use super::super::fixture::*;
use super::*;

const BO: &str = "requires: {count: 1, users: [bo]}";

fn comments(text: &str) -> Value {
    json!({ "reviews": [], "comments": [said("bo", text, 5)] })
}

/// bo says something in a comment, under a rule with these methods: allowed, or on hold.
#[track_caller]
fn saying(methods: &str, text: &str, wanted: &str) {
    let mut snapshot = displayed(&rule(&format!("require = {{ count = 1 }}\nmethods = {{ {methods} }}")));
    says(&mut snapshot, 7, bo(), text, 200);
    verdict(&snapshot, wanted);
}

#[track_caller]
fn reviewing(methods: &str, state: ReviewState, text: &str, wanted: &str) {
    let mut snapshot = displayed(&rule(&format!("require = {{ count = 1 }}\nmethods = {{ {methods} }}")));
    review(&mut snapshot, 7, bo(), state, text, 200);
    verdict(&snapshot, wanted);
}

/// Here a word counts where a rule names it, and not in a quote or in code.
#[test]
fn p47_comments_with_a_text_in_them() {
    they(BO, &comments("well :+1: then"), "approved");
    they(BO, &comments("👍"), "approved");
    they(&format!("{BO}\n  options: {{methods: {{comments: []}}}}"), &comments("👍"), "pending");
    they(&format!("{BO}\n  options: {{methods: {{comments: [ok]}}}}"), &comments("> ok"), "approved");
    saying("comments = [\":+1:\"]", "well :+1: then", "allow");
    saying("comments = [\"ok\"]", "> ok", "hold");
    saying("comments = [\"ok\"]", "not this: `ok`", "hold");
    saying("reviews = true", "👍", "hold");
}

#[test]
fn p48_comments_like_an_expression() {
    they(
        &format!("{BO}\n  options: {{methods: {{comment_patterns: ['^ok']}}}}"),
        &comments("ok then"),
        "approved",
    );
    they(
        &format!("{BO}\n  options: {{methods: {{comment_patterns: ['^ok']}}}}"),
        &comments("not ok"),
        "pending",
    );
    saying("comment_patterns = [\"^ok\"]", "ok then", "allow");
    saying("comment_patterns = [\"^ok\"]", "not ok", "hold");
    we_refuse(
        &rule("require = { count = 1 }\nmethods = { comment_patterns = [\".*\"] }"),
        "matches every comment",
    );
}

#[test]
fn p49_reviews_count_unless_a_rule_says_otherwise() {
    they(BO, &json!({}), "approved");
    they(&format!("{BO}\n  options: {{methods: {{github_review: false}}}}"), &json!({}), "pending");
    reviewing("commands = true", ReviewState::Approved, "", "allow");
    reviewing("reviews = false", ReviewState::Approved, "", "hold");
}

/// There an expression for reviews switches them on again; here both together are a contradiction.
#[test]
fn p50_reviews_with_a_text_like_this() {
    let methods = |methods: &str| format!("{BO}\n  options: {{methods: {{{methods}}}}}");
    let review = |text: &str| json!({ "reviews": [{ "author": "bo", "state": "approved", "text": text, "created_at": at(4) }] });
    they(&methods("github_review_comment_patterns: ['^ok']"), &review("ok then"), "approved");
    they(&methods("github_review_comment_patterns: ['^ok']"), &review("not ok"), "pending");
    they(
        &methods("github_review: false, github_review_comment_patterns: ['^ok']"),
        &review("ok then"),
        "approved",
    );
    reviewing("review_patterns = [\"^ok\"]", ReviewState::Approved, "ok then", "allow");
    reviewing("review_patterns = [\"^ok\"]", ReviewState::Approved, "not ok", "hold");
    let both = "require = { count = 1 }\nmethods = { reviews = false, review_patterns = [\"ok\"] }";
    we_refuse(&rule(both), "reviews do not count here");
}

/// The text of a request says nothing about what was on display: it approves nothing here.
#[test]
fn p51_the_text_of_the_request_itself() {
    let body = json!({ "reviews": [], "body": { "author": "ana", "text": "trivial", "created_at": at(1) } });
    let author = "requires: {count: 1, users: [ana]}\n  options: {methods: {body_patterns: [trivial]}";
    they(&format!("{author}, allow_author: true}}"), &body, "approved");
    they(&format!("{author}}}"), &body, "pending");
    they(&format!("{author}, allow_author: true, invalidate_on_push: true}}"), &body, "pending");
    let edited = json!({ "reviews": [], "body": { "author": "bo", "text": "trivial", "created_at": at(1), "edited_at": at(2) } });
    they(&format!("{BO}\n  options: {{methods: {{body_patterns: [trivial]}}}}"), &edited, "approved");
    we_refuse(
        &rule("require = { count = 1 }\nmethods = { body_patterns = [\"trivial\"] }"),
        "unknown key `body_patterns`",
    );
    let policy = read(&only(&format!("{author}}}")), "p").unwrap();
    let told = crate::policybot::translate(&policy, "p").departures;
    assert!(told.iter().any(|one| one.what.starts_with("`body_patterns`")), "{told:?}");
}

#[test]
fn p52_texts_of_reviews_that_say_neither_are_comments() {
    // Such a text comes to policy-bot as a comment; one of a review that approves does not.
    they(&format!("{BO}\n  options: {{methods: {{github_review: false}}}}"), &comments("👍"), "approved");
    reviewing("comments = [\"ok\"]", ReviewState::Commented, "ok", "allow");
    reviewing("reviews = false, comments = [\"ok\"]", ReviewState::Commented, "ok", "allow");
    reviewing("reviews = false", ReviewState::Commented, "ok", "hold");
}

#[test]
fn p53_one_method_that_is_set_keeps_the_others() {
    they(&format!("{BO}\n  options: {{methods: {{comments: [ok]}}}}"), &json!({}), "approved");
    they(&format!("{BO}\n  options: {{methods: {{github_review: false}}}}"), &comments("👍"), "approved");
    they(
        &format!("{BO}\n  options: {{methods: {{github_review: false, comments: []}}}}"),
        &comments("👍"),
        "pending",
    );
    saying("comments = [\"ok\"]", "/approve", "allow");
    reviewing("comments = [\"ok\"]", ReviewState::Approved, "", "allow");
    saying("commands = false, comments = [\"ok\"]", "/approve", "hold");
    we_refuse(
        &rule("require = { count = 1 }\nmethods = { reviews = false, commands = false }"),
        "nobody could say yes",
    );
}

/// A reaction names neither head nor digest, and is not told when it is given: nothing can be bound to it.
#[test]
fn p53_a_reaction_approves_nothing() {
    let reactions = "require = { count = 1 }\nmethods = { reactions = [\"+1\"] }";
    we_refuse(&rule(reactions), "a reaction does not approve");
    we_refuse(&rule(reactions), "reviews, `/approve` and `comments` approve");
    they_refuse(&only("options: {methods: {reactions: ['+1']}}"), "unknown key `reactions`");
}
