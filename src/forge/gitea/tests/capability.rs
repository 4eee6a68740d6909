//! What Gitea's protection of a branch means, as a table.

use super::super::protection::{Known, Notice, Seen, judge};
use super::super::wire::{Branch, Permissions, Protection};
use super::*;

fn alone() -> Value {
    json!({
        "rule_name": "main", "enable_push": true, "enable_push_whitelist": true, "push_whitelist_usernames": ["cs-bot"],
        "push_whitelist_teams": [], "enable_merge_whitelist": true, "merge_whitelist_usernames": ["CS-Bot"],
    })
}

fn seen(rule: Value) -> Seen {
    let protection = if rule.is_null() {
        Known::None
    } else if rule.is_boolean() {
        Known::Hidden
    } else {
        Known::Rule(Box::new(serde_json::from_value::<Protection>(rule).unwrap()))
    };
    Seen {
        login: "cs-bot".to_owned(),
        repo: "acme/shop".to_owned(),
        target: "main".to_owned(),
        archived: false,
        permissions: Permissions { push: true, admin: true },
        notice: Notice::IsTold,
        branch: Branch { user_can_push: true, user_can_merge: true, ..Branch::default() },
        protection,
        has_key: false,
    }
}

/// `can alone`, then what is missing, a sentence to a line.
fn verdict(seen: &Seen) -> String {
    let judged = judge(seen);
    let yes = |yes: bool, word: &str| if yes { word.to_owned() } else { format!("not {word}") };
    let mut lines = vec![format!("{}, {}", yes(judged.can, "can"), yes(judged.exclusive, "alone"))];
    lines.extend(judged.missing);
    lines.join("\n")
}

#[test]
fn who_else_may_update_the_branch() {
    insta::assert_snapshot!(verdict(&seen(alone())), @"can, alone");
    insta::assert_snapshot!(verdict(&seen(Value::Null)), @"
    can, not alone
    `main` is not protected: protect it, with `cs-bot` alone; until only `cs-bot` may push to and merge into `main`, no status of the bot passes
    ");
    let with = |field: &str, value: Value| {
        let mut rule = alone();
        rule[field] = value;
        verdict(&seen(rule))
    };
    insta::assert_snapshot!(with("enable_merge_whitelist", json!(false)), @"
    can, not alone
    others may merge into `main`: in the protection `main`, whitelist `cs-bot` alone; until only `cs-bot` may push to and merge into `main`, no status of the bot passes
    ");
    insta::assert_snapshot!(with("push_whitelist_deploy_keys", json!(true)), @"
    can, not alone
    others may push to `main`: in the protection `main`, whitelist `cs-bot` alone; until only `cs-bot` may push to and merge into `main`, no status of the bot passes
    ");
    for (field, value) in [
        ("enable_push_whitelist", json!(false)),
        ("push_whitelist_usernames", json!(["cs-bot", "ann"])),
        ("push_whitelist_teams", json!(["sre"])),
        ("merge_whitelist_usernames", json!(["ann"])),
        ("merge_whitelist_teams", json!(["sre"])),
    ] {
        assert!(with(field, value).starts_with("can, not alone\nothers may "), "{field}");
    }
    // Gitea sends null for an empty list.
    assert_eq!(with("push_whitelist_teams", Value::Null), "can, alone");
    let mut hidden = seen(json!(true));
    hidden.permissions.admin = false;
    insta::assert_snapshot!(verdict(&hidden), @"
    can, not alone
    the protection of `main` in `acme/shop` cannot be read: make the bot an administrator of it; until only `cs-bot` may push to and merge into `main`, no status of the bot passes
    ");
}

#[test]
fn what_keeps_the_bot_from_landing() {
    let with = |change: &dyn Fn(&mut Seen)| {
        let mut seen = seen(alone());
        change(&mut seen);
        verdict(&seen)
    };
    insta::assert_snapshot!(with(&|seen| seen.archived = true), @"
    not can, alone
    `acme/shop` is archived: unarchive it
    ");
    insta::assert_snapshot!(with(&|seen| seen.permissions.push = false), @"
    not can, alone
    `cs-bot` may not push: give it write access to `acme/shop`
    ");
    insta::assert_snapshot!(with(&|seen| seen.branch.user_can_push = false), @"
    not can, alone
    `cs-bot` may not push to `main`: add it to those who may push in the protection of `main`
    ");
    let nobody = |seen: &mut Seen| {
        seen.branch.user_can_push = false;
        if let Known::Rule(rule) = &mut seen.protection {
            rule.enable_push = false;
        }
    };
    insta::assert_snapshot!(with(&nobody), @r#"
    not can, alone
    nobody may push to `main`: choose "Whitelist restricted push" in its protection, with `cs-bot` alone
    "#);
    insta::assert_snapshot!(with(&|seen| seen.notice = Notice::Never), @r#"
    not can, alone
    Gitea would not notice that a request landed: allow "Mark pull request as manually merged" in the settings of `acme/shop`
    "#);
    insta::assert_snapshot!(with(&|seen| seen.branch.user_can_merge = false), @"
    not can, alone
    `cs-bot` may not mark a request as merged: add it to those who may merge in the protection of `main`
    ");
    let detects = |seen: &mut Seen| {
        seen.branch.user_can_merge = false;
        seen.notice = Notice::Detects;
    };
    insta::assert_snapshot!(with(&detects), @"can, alone");
    let signed = |seen: &mut Seen| {
        if let Known::Rule(rule) = &mut seen.protection {
            rule.require_signed_commits = true;
        }
    };
    insta::assert_snapshot!(with(&signed), @"
    not can, alone
    `main` takes only signed commits and `cs-bot` has no key: add the bot's public signing key to its account
    ");
}
