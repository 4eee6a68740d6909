//! Kubeconfigs that lead nowhere: what is said names the file and what is missing, and quotes nothing that may be secret.

use super::*;

async fn of(file: &Path) -> String {
    ask(file, None, Patience::USUAL).await
}

#[tokio::test]
async fn a_kubeconfig_that_is_none_is_told_with_its_place() {
    let Some(desk) = Desk::new().await else { return };
    let mut all = vec![of(&desk.path("absent")).await, of(desk.folder.path()).await];
    for (name, text) in [
        ("tabs", "users:\n\t- name: hunter2\n"),
        ("quotes", "apiVersion: v1\nusers:\n- name: \"hunter2\n"),
        ("kinds", "apiVersion: v1\nusers: hunter2\n"),
        ("secret", "apiVersion: v1\nusers:\n- name: u\n  user: { token: [hunter2] }\n"),
        ("empty", ""),
        ("other", "kind: Config\nfoo: hunter2\n"),
        ("two", "apiVersion: v1\nkind: Config\n---\napiVersion: v2\nkind: Config\n"),
    ] {
        all.push(of(&desk.file(name, text)).await);
    }
    all.push(of(&desk.file("latin", b"users: \xff hunter2")).await);
    let all = desk.said(all.join("\n"));
    assert!(!all.contains("hunter2"), "{all}");
    assert_snapshot!(all, @r"
    at the start: cluster `test`: cannot read its kubeconfig `FOLDER/absent`: No such file or directory (os error 2)
    at the start: cluster `test`: cannot read its kubeconfig `FOLDER`: Is a directory (os error 21)
    at the start: cluster `test`: its kubeconfig `FOLDER/tabs` is not valid YAML of a kubeconfig (line 2, column 2)
    at the start: cluster `test`: its kubeconfig `FOLDER/quotes` is not valid YAML of a kubeconfig (line 4, column 1)
    at the start: cluster `test`: its kubeconfig `FOLDER/kinds` is not valid YAML of a kubeconfig (line 2, column 8)
    at the start: cluster `test`: its kubeconfig `FOLDER/secret` is not valid YAML of a kubeconfig (line 4, column 18)
    at the start: cluster `test`: its kubeconfig `FOLDER/empty` is incomplete: no `context` is given, and it has no current one
    at the start: cluster `test`: its kubeconfig `FOLDER/other` is incomplete: no `context` is given, and it has no current one
    at the start: cluster `test`: its kubeconfig `FOLDER/two` is incomplete: its documents differ in their `kind` or `apiVersion`
    at the start: cluster `test`: cannot read its kubeconfig `FOLDER/latin`: Invalid UTF-8
    ");
}

#[tokio::test]
async fn a_kubeconfig_that_is_incomplete_says_what_is_missing() {
    let Some(desk) = Desk::new().await else { return };
    let whole = || kubeconfig(desk.cluster(), desk.administrator());
    let with = |pointer: &str, value: Value| {
        let mut changed = whole();
        *changed.pointer_mut(pointer).unwrap() = value;
        changed
    };
    let all = [
        with("/current-context", json!(null)),
        with("/current-context", json!("")),
        with("/current-context", json!("absent")),
        with("/contexts", json!([])),
        with("/contexts/0/context", json!(null)),
        with("/contexts/0/context/cluster", json!("absent")),
        with("/contexts/0/context/user", json!("absent")),
        with("/clusters/0/cluster", json!(null)),
        with("/clusters/0/cluster/server", json!(null)),
        with("/clusters/0/cluster/server", json!("")),
        with("/clusters/0/cluster/server", json!("10.0.0.1:6443")),
        with("/clusters/0/cluster/server", json!("https://a host")),
        with("/clusters/0/cluster/server", json!("ssh://k8s.example.org")),
        with("/users/0/user/token", json!("a\u{7}b")),
        with("/users/0/user", json!({ "as": "a\u{7}b" })),
    ];
    let mut said = Vec::new();
    for kubeconfig in all {
        said.push(of(&desk.file("kubeconfig", kubeconfig.to_string())).await);
    }
    assert_snapshot!(desk.said(said.join("\n")), @r"
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: no `context` is given, and it has no current one
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: no `context` is given, and it has no current one
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: it has no context `absent`, but `both`
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: it has no context `both`, nor any other
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: its context `both` is empty
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: it has no cluster `absent`, which its context `both` names
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: it has no user `absent`, whom its context `both` names
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: it has no cluster `c`, which its context `both` names
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: its cluster has no `server`
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: its cluster has no `server`
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: the `server` of its cluster is no URL: write https://HOST:PORT
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: the `server` of its cluster is no URL: write https://HOST:PORT
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: the `server` of its cluster is no URL: write https://HOST:PORT
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: the `token` of its user has characters that no token has
    at the start: cluster `test`: cannot prepare a client for it: whom its user acts as (`as`) has characters that no header may have
    ");
}
