#![allow(clippy::unwrap_used)]
use super::{ForgeName, checks, forge_of, host};

#[test]
fn the_forge_is_told_by_the_host_alone() {
    let check = |url: &str, want: Option<ForgeName>| assert_eq!(forge_of(host(url)), want, "{url}");
    check("https://github.com/acme/env.git", Some(ForgeName::Github));
    check("git@github.com:acme/env.git", Some(ForgeName::Github));
    check("ssh://git@gitlab.example.org:2222/acme/env", Some(ForgeName::Gitlab));
    check("https://user:pass:word@gitea.example.org/acme/env", Some(ForgeName::Gitea));
    check("https://codeberg.org/acme/env", Some(ForgeName::Gitea));
    check("https://git.example.org/github/env", None);
    check("https://gitlab@git.example.org/env", None);
    check("../github", None);
    check("", None);
}

#[test]
fn checks_have_the_least_rights_and_no_text_of_strangers_in_scripts() {
    for forge in [ForgeName::Github, ForgeName::Gitea] {
        let text = checks::check(forge).text;
        let workflow: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(workflow["permissions"], serde_json::json!({ "contents": "read" }));
        let steps = workflow["jobs"]["review"]["steps"].as_array().unwrap();
        assert_eq!(steps[0]["with"], serde_json::json!({ "fetch-depth": 0, "persist-credentials": false }));
        let scripts: Vec<&str> = steps.iter().filter_map(|step| step["run"].as_str()).collect();
        assert!(scripts.len() == 2 && !scripts.concat().contains("${{"), "{scripts:?}");
        let on = workflow["on"].as_object().unwrap();
        assert_eq!(on.keys().collect::<Vec<_>>(), ["pull_request"], "never pull_request_target");
    }
    let text = checks::check(ForgeName::Gitlab).text;
    let pipeline: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
    assert_eq!(pipeline["countersign"]["variables"]["GIT_DEPTH"], "0");
    assert_eq!(pipeline["countersign"]["script"].as_array().unwrap().len(), 3);
}
