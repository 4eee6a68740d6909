//! Tokens: in the kubeconfig, or in a file that somebody else renews.

use super::*;

#[tokio::test]
async fn a_token_counts() {
    let Some(desk) = Desk::new().await else { return };
    assert_eq!(desk.ask_as(desk.administrator()).await, ANSWERS);
    assert_snapshot!(desk.ask_as(json!({ "token": "hunter2" })).await, @"when asked: the cluster refused to tell (get namespaces): the credentials are not accepted");
    assert_snapshot!(desk.ask_as(json!({ "token": "hunter2\n\u{1}" })).await, @"at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: the `token` of its user has characters that no token has");
    assert_snapshot!(desk.ask_as(json!({})).await, @"when asked: the cluster refused to tell (get namespaces): the account may not get `namespaces` in namespace `kube-system`");
}

#[tokio::test]
async fn a_token_in_a_file_counts_from_the_moment_it_is_there() {
    let Some(desk) = Desk::new().await else { return };
    // From the folder of the kubeconfig.
    let file = desk.kubeconfig(desk.cluster(), json!({ "tokenFile": "token" }));
    let cluster = connect(&file).await;
    assert_snapshot!(told(&cluster).await, @"when asked: the cluster did not answer: credentials for it could not be obtained: its token file cannot be read (No such file or directory (os error 2))");
    desk.file("token", "\n");
    assert_snapshot!(told(&cluster).await, @"when asked: the cluster did not answer: credentials for it could not be obtained: its token file is empty");
    desk.file("token", "hunter2");
    assert_snapshot!(told(&cluster).await, @"when asked: the cluster refused to tell (get namespaces): the credentials are not accepted");
    // Editors and most programs end a file with a line break.
    desk.file("token", format!("{}\n", desk.server.admin_token()));
    assert_eq!(told(&cluster).await, ANSWERS);
}

/// A service account's token, and the kubeconfig of whoever reads it from a file.
#[tokio::test]
async fn a_token_in_a_file_is_read_again_after_it_was_renewed() {
    let Some(desk) = Desk::new().await else { return };
    let namespace = desk.server.create_namespace().await;
    let may = desk.server.token_for(&namespace, "may").await;
    let may_not = desk.server.token_for(&namespace, "may-not").await;
    let rules = json!([{ "apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"] }]);
    desk.server.allow(&may, rules).await;
    desk.file("token", &may_not.token);
    let file = desk.kubeconfig(desk.cluster(), json!({ "tokenFile": desk.path("token") }));
    let cluster = connect(&file).await;
    let map = ObjectRef {
        group: String::new(),
        version: "v1".to_owned(),
        kind: "ConfigMap".to_owned(),
        namespace,
        name: "settings".to_owned(),
    };
    assert!(matches!(cluster.read(&map).await, Err(ClusterError::Forbidden { .. })));
    // As a kubelet renews it: the new file takes the place of the old one.
    std::fs::rename(desk.file("token.new", &may.token), desk.path("token")).unwrap();
    assert_eq!(cluster.read(&map).await.unwrap(), None);
    // Some take it away once it was read.
    std::fs::remove_file(desk.path("token")).unwrap();
    assert_eq!(cluster.read(&map).await.unwrap(), None);
}

#[tokio::test]
async fn a_token_beside_its_file_counts_while_there_is_no_file() {
    let Some(desk) = Desk::new().await else { return };
    let user = json!({ "token": desk.server.admin_token(), "tokenFile": desk.path("token") });
    assert_eq!(desk.ask_as(user.clone()).await, ANSWERS);
    desk.file("token", "hunter2");
    assert_snapshot!(desk.ask_as(user).await, @"when asked: the cluster refused to tell (get namespaces): the credentials are not accepted");
}

#[tokio::test]
async fn a_provider_of_tokens_counts_by_the_token_that_it_left() {
    let Some(desk) = Desk::new().await else { return };
    let provider = |config: Value| json!({ "auth-provider": { "name": "oidc", "config": config } });
    assert_eq!(desk.ask_as(provider(json!({ "id-token": desk.server.admin_token() }))).await, ANSWERS);
    assert_snapshot!(desk.ask_as(provider(json!({ "client-secret": "hunter2" }))).await, @"at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: its user has an `auth-provider` without a token, which Kubernetes has done away with: use `exec`");
    // Nothing that it names is run.
    let gcp = json!({ "cmd-path": "touch", "cmd-args": desk.path("ran") });
    assert_snapshot!(desk.ask_as(json!({ "auth-provider": { "name": "gcp", "config": gcp } })).await, @"at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: its user has an `auth-provider` without a token, which Kubernetes has done away with: use `exec`");
    assert!(!desk.path("ran").exists());
}
