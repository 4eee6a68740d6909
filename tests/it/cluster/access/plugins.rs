//! Credential plugins that do what they should.

use super::*;

/// A plugin that is this shell script, which finds `$TOKEN` and `$FOLDER` in its environment.
pub(super) fn script(desk: &Desk, text: &str) -> Value {
    json!({
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "sh",
        "args": ["-c", text],
        "env": [
            { "name": "TOKEN", "value": desk.server.admin_token() },
            { "name": "FOLDER", "value": desk.folder.path() },
        ],
        "interactiveMode": "Never",
    })
}

/// The end of a script: gives credentials with this in their `status`.
pub(super) fn give(status: &str) -> String {
    format!(
        "printf '{{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{{%s}}}}' \
         \"{}\"",
        status.replace('"', "\\\"")
    )
}

/// The status with the administrator's token.
pub(super) const TOKEN: &str = r#""token":"$TOKEN""#;

impl Desk {
    pub(super) async fn ask_plugin(&self, exec: Value) -> String {
        self.ask_as(json!({ "exec": exec })).await
    }

    /// The cluster, asked as whom this plugin says.
    pub(super) async fn with_plugin(&self, exec: Value, patience: Patience) -> KubeCluster {
        let file = self.kubeconfig(self.cluster(), json!({ "exec": exec }));
        let access = Access::Kubeconfig { file: Some(file), context: None };
        KubeCluster::connect("test".to_owned(), &access, patience).await.unwrap()
    }
}

#[tokio::test]
async fn a_plugin_gives_a_token() {
    let Some(desk) = Desk::new().await else { return };
    assert_eq!(desk.ask_plugin(script(&desk, &give(TOKEN))).await, ANSWERS);
    let mut older = script(&desk, &give(TOKEN).replace("k8s.io/v1", "k8s.io/v1beta1"));
    older["apiVersion"] = json!("client.authentication.k8s.io/v1beta1");
    assert_eq!(desk.ask_plugin(older).await, ANSWERS);
    // kubectl takes YAML as well.
    let yaml = "printf 'apiVersion: client.authentication.k8s.io/v1\\nkind: ExecCredential\\nstatus:\\n  token: %s\\n' $TOKEN";
    assert_eq!(desk.ask_plugin(script(&desk, yaml)).await, ANSWERS);
}

#[tokio::test]
async fn a_plugin_gives_a_client_certificate() {
    let Some(desk) = Desk::new().await else { return };
    let signed = Authority::of_clients().administrator();
    let status = json!({ "clientCertificateData": signed.certificate, "clientKeyData": signed.key });
    let answer = json!({
        "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status,
    });
    desk.file("answer", answer.to_string());
    assert_eq!(desk.ask_plugin(script(&desk, "cat $FOLDER/answer")).await, ANSWERS);
}

#[tokio::test]
async fn a_plugin_lies_where_the_kubeconfig_says() {
    let Some(desk) = Desk::new().await else { return };
    std::fs::create_dir(desk.path("bin")).unwrap();
    // A link, since a program that was just written cannot be run while another thread still holds its file.
    std::os::unix::fs::symlink("/bin/sh", desk.path("bin/credentials")).unwrap();
    for command in [json!("./bin/credentials"), json!("bin/credentials"), json!(desk.path("bin/credentials"))]
    {
        let mut exec = script(&desk, &give(TOKEN));
        exec["command"] = command;
        assert_eq!(desk.ask_plugin(exec).await, ANSWERS);
    }
    let mut exec = script(&desk, "");
    exec["command"] = json!("credentials");
    assert_snapshot!(desk.ask_plugin(exec).await, @"when asked: the cluster did not answer: credentials for it could not be obtained: its credential plugin `credentials` was not found: install it where this program finds it (PATH), or write its path into the kubeconfig");
}

#[tokio::test]
async fn a_plugin_hears_of_the_cluster_where_it_asks_for_that() {
    let Some(desk) = Desk::new().await else { return };
    let script = |more: bool| {
        let text = format!("printf %s \"$KUBERNETES_EXEC_INFO\" > $FOLDER/info; {}", give(TOKEN));
        let mut exec = script(&desk, &text);
        exec["provideClusterInfo"] = json!(more);
        exec
    };
    let info = || -> Value { serde_json::from_slice(&std::fs::read(desk.path("info")).unwrap()).unwrap() };
    let bare = json!({
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "spec": { "interactive": false },
    });
    assert_eq!(desk.ask_plugin(script(false)).await, ANSWERS);
    assert_eq!(info(), bare);

    let mut cluster = desk.cluster();
    cluster["tls-server-name"] = json!("kubernetes.default.svc");
    let own = json!({ "audience": "shop", "nested": [1, { "a": true }] });
    cluster["extensions"] = json!([
        { "name": "client.authentication.k8s.io/exec", "extension": own },
        { "name": "somebody-elses", "extension": { "hunter2": 1 } },
    ]);
    assert_eq!(desk.ask(cluster, json!({ "exec": script(true) })).await, ANSWERS);
    let pem = std::fs::read(desk.server.ca()).unwrap();
    let mut full = bare;
    full["spec"]["cluster"] = json!({
        "server": desk.server.url(),
        "tls-server-name": "kubernetes.default.svc",
        "certificate-authority-data": base64::Engine::encode(&base64::prelude::BASE64_STANDARD, pem),
        "config": own,
    });
    assert_eq!(info(), full);
}

#[tokio::test]
async fn a_plugin_inherits_no_terminal_and_nothing_to_read() {
    let Some(desk) = Desk::new().await else { return };
    for mode in ["Never", "IfAvailable"] {
        let text = format!(
            "read -r line && exit 1; for n in 0 1 2; do [ -t $n ] && exit 2; done; echo asks for hunter2 >&2; {}",
            give(TOKEN)
        );
        let mut exec = script(&desk, &text);
        exec["interactiveMode"] = json!(mode);
        assert_eq!(desk.ask_plugin(exec).await, ANSWERS, "{mode}");
    }
    let mut exec = script(&desk, &format!("touch $FOLDER/ran; {}", give(TOKEN)));
    exec["interactiveMode"] = json!("Always");
    assert_snapshot!(desk.ask_plugin(exec).await, @"at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: the `exec` of its user is to ask at a terminal (`interactiveMode: Always`), and gets none here: log in beforehand, or take a plugin that does not ask");
    assert!(!desk.path("ran").exists());
}

#[tokio::test]
async fn a_plugin_is_not_run_where_a_token_is_given_nor_before_the_cluster_is_asked() {
    let Some(desk) = Desk::new().await else { return };
    let exec = script(&desk, &format!("touch $FOLDER/ran; {}", give(TOKEN)));
    let mut user = desk.administrator();
    user["exec"] = exec.clone();
    assert_eq!(desk.ask_as(user).await, ANSWERS);
    let cluster = desk.with_plugin(exec, Patience::USUAL).await;
    assert!(!desk.path("ran").exists());
    assert_eq!(told(&cluster).await, ANSWERS);
    assert!(desk.path("ran").exists());
}
