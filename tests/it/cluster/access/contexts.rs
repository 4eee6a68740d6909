//! Contexts: which one counts, and what it names.

use super::*;

/// Two contexts, of which the current one leads nowhere.
fn two(desk: &Desk) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            { "name": "real", "cluster": desk.cluster() },
            { "name": "nowhere", "cluster": { "server": "http://127.0.0.1:9" } },
        ],
        "users": [
            { "name": "keeper", "user": desk.administrator() },
            { "name": "stranger", "user": { "token": "hunter2" } },
        ],
        "contexts": [
            { "name": "good", "context": { "cluster": "real", "user": "keeper", "namespace": "shop" } },
            { "name": "strange", "context": { "cluster": "real", "user": "stranger" } },
            { "name": "anonymous", "context": { "cluster": "real" } },
            { "name": "down", "context": { "cluster": "nowhere", "user": "keeper" } },
        ],
        "current-context": "down",
    })
}

#[tokio::test]
async fn the_context_that_is_named_counts_else_the_current_one() {
    let Some(desk) = Desk::new().await else { return };
    let file = desk.file("kubeconfig", two(&desk).to_string());
    let mut all = Vec::new();
    for context in [Some("good"), Some("strange"), Some("anonymous"), Some("down"), None] {
        all.push(format!("{context:?}: {}", ask(&file, context, Patience::USUAL).await));
    }
    assert_snapshot!(all.join("\n"), @r#"
    Some("good"): it answers
    Some("strange"): when asked: the cluster refused to tell (get namespaces): the credentials are not accepted
    Some("anonymous"): when asked: the cluster refused to tell (get namespaces): the account may not get `namespaces` in namespace `kube-system`
    Some("down"): when asked: the cluster did not answer: Connection refused (os error 111)
    None: when asked: the cluster did not answer: Connection refused (os error 111)
    "#);
}

#[tokio::test]
async fn a_user_may_act_as_another() {
    let Some(desk) = Desk::new().await else { return };
    let mut user = desk.administrator();
    user["as"] = json!("nobody-in-particular");
    assert_snapshot!(desk.ask_as(user.clone()).await, @"when asked: the cluster refused to tell (get namespaces): the account may not get `namespaces` in namespace `kube-system`");
    user["as-groups"] = json!(["system:masters"]);
    assert_eq!(desk.ask_as(user).await, ANSWERS);
}
