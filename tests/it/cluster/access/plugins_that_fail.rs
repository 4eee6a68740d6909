//! Credential plugins that give nothing: an error of their cluster when it is asked, never of the start, and soon.

use std::time::Instant;

use super::plugins::{TOKEN, give, script};
use super::*;

const HASTY: Patience = Patience { plugin: Duration::from_secs(1), ..Patience::USUAL };

#[tokio::test]
async fn a_plugin_that_gives_nothing_says_why_and_quotes_nothing() {
    let Some(desk) = Desk::new().await else { return };
    let answer = |kind: &str, version: &str, status: &str| {
        format!(
            "echo '{{\"kind\":\"{kind}\",\"apiVersion\":\"client.authentication.k8s.io/{version}\"{status}}}'"
        )
    };
    let status = |status: &str| answer("ExecCredential", "v1", &format!(",\"status\":{status}"));
    let texts = [
        "echo hunter2; echo hunter2 >&2; exit 3".to_owned(),
        "kill -9 $$".to_owned(),
        "echo hunter2".to_owned(),
        "true".to_owned(),
        answer("Config", "v1", ""),
        answer("ExecCredential", "v1beta1", ",\"status\":{\"token\":\"hunter2\"}"),
        answer("ExecCredential", "v1", ""),
        status("{}"),
        status("{\"token\":\"\"}"),
        status("{\"token\":\"hunter2\\u0001\"}"),
        status("{\"clientCertificateData\":\"hunter2\"}"),
        status("{\"clientCertificateData\":\"hunter2\",\"clientKeyData\":\"hunter2\"}"),
        status("{\"token\":\"hunter2\",\"expirationTimestamp\":\"hunter2\"}"),
        "yes hunter2".to_owned(),
    ];
    let mut all = Vec::new();
    for text in texts {
        all.push(desk.ask_plugin(script(&desk, &text)).await);
    }
    let all = all.join("\n");
    assert!(!all.contains("hunter2"), "{all}");
    assert_snapshot!(all, @r"
    when asked: the cluster did not answer: credentials for it could not be obtained: its credential plugin `sh` failed (exit status: 3): what it says is not shown, since it may hold credentials; run `sh` by hand, as the user that this program runs as
    when asked: the cluster did not answer: credentials for it could not be obtained: its credential plugin `sh` failed (signal: 9 (SIGKILL)): what it says is not shown, since it may hold credentials; run `sh` by hand, as the user that this program runs as
    when asked: the cluster did not answer: credentials for it could not be obtained: its credential plugin `sh` printed no ExecCredential: is it a credential plugin?
    when asked: the cluster did not answer: credentials for it could not be obtained: its credential plugin `sh` printed no ExecCredential: is it a credential plugin?
    when asked: the cluster did not answer: credentials for it could not be obtained: its credential plugin `sh` printed no ExecCredential: is it a credential plugin?
    when asked: the cluster did not answer: credentials for it could not be obtained: its credential plugin `sh` answered in another `apiVersion` than client.authentication.k8s.io/v1: set that of `exec` in the kubeconfig to what it speaks
    when asked: the cluster did not answer: credentials for it could not be obtained: its credential plugin `sh` gave neither a token nor a client certificate
    when asked: the cluster did not answer: credentials for it could not be obtained: its credential plugin `sh` gave neither a token nor a client certificate
    when asked: the cluster did not answer: credentials for it could not be obtained: its credential plugin `sh` gave neither a token nor a client certificate
    when asked: the cluster did not answer: credentials for it could not be obtained: its credential plugin `sh` gave a token that has characters that no token has
    when asked: the cluster did not answer: credentials for it could not be obtained: its credential plugin `sh` gave one of a client certificate and its key, without the other
    when asked: the cluster did not answer: credentials for it could not be obtained: its credential plugin `sh` gave a certificate that cannot be used: its client certificate is no certificate in PEM
    when asked: the cluster did not answer: credentials for it could not be obtained: its credential plugin `sh` gave no time as `expirationTimestamp`
    when asked: the cluster did not answer: credentials for it could not be obtained: its credential plugin `sh` wrote more than 1048576 bytes and was ended
    ");
}

#[tokio::test]
async fn a_plugin_that_cannot_be_meant_is_told_at_the_start() {
    let Some(desk) = Desk::new().await else { return };
    let mut all = Vec::new();
    for (field, value) in [
        ("command", json!(null)),
        ("command", json!("")),
        ("apiVersion", json!(null)),
        ("apiVersion", json!("client.authentication.k8s.io/v1alpha1")),
    ] {
        let mut exec = script(&desk, &give(TOKEN));
        exec[field] = value;
        all.push(desk.ask_plugin(exec).await);
    }
    assert_snapshot!(all.join("\n"), @r"
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: the `exec` of its user has no `command`
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: the `exec` of its user has no `command`
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: the `exec` of its user needs the `apiVersion` client.authentication.k8s.io/v1 or client.authentication.k8s.io/v1beta1
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: the `exec` of its user needs the `apiVersion` client.authentication.k8s.io/v1 or client.authentication.k8s.io/v1beta1
    ");
}

#[tokio::test]
async fn a_plugin_that_hangs_is_ended_with_all_that_it_started_and_holds_nobody_up() {
    let Some(desk) = Desk::new().await else { return };
    let hangs = script(&desk, "sleep 600 & echo $! > $FOLDER/child; echo $$ > $FOLDER/plugin; wait");
    let cluster = desk.with_plugin(hangs, HASTY).await;
    let began = Instant::now();
    // One thread has to be enough for both.
    let beside = async {
        let mut times = 0;
        while began.elapsed() < Duration::from_millis(800) {
            tokio::time::sleep(Duration::from_millis(10)).await;
            times += 1;
        }
        times
    };
    let (said, times) = tokio::join!(told(&cluster), beside);
    assert_snapshot!(said, @"when asked: the cluster did not answer: credentials for it could not be obtained: its credential plugin `sh` took longer than 1 s and was ended: it may not ask anybody, and is given no terminal; run `sh` by hand to see what it waits for");
    assert!(times > 20, "only {times} times");
    for name in ["plugin", "child"] {
        let id = std::fs::read_to_string(desk.path(name)).unwrap();
        assert!(is_gone(id.trim()).await, "{name} still runs");
    }
}

/// Whether a process ends, within a moment.
async fn is_gone(id: &str) -> bool {
    for _ in 0..100 {
        let status = std::fs::read_to_string(format!("/proc/{id}/stat"));
        if status.is_err() || status.is_ok_and(|status| status.contains(") Z ")) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

#[tokio::test]
async fn whoever_waits_for_a_plugin_that_fails_waits_once() {
    let Some(desk) = Desk::new().await else { return };
    let cluster = desk.with_plugin(script(&desk, "echo ran >> $FOLDER/runs; sleep 600"), HASTY).await;
    let map = |number: usize| {
        let metadata = json!({ "name": format!("m-{number}"), "namespace": "shop" });
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {} })
    };
    let inputs = (0..50).map(|number| input(None, Some(&map(number)))).collect();
    let began = Instant::now();
    let predicted = predict(&cluster, &environment(), inputs).await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(predicted.errors.iter().all(|error| error.undecided));
    assert!(predicted.effects.iter().all(|effect| effect.settled.is_none()));
    assert_snapshot!(predicted.errors[0].message, @"cluster `test` does not answer (credentials for it could not be obtained: its credential plugin `sh` took longer than 1 s and was ended: it may not ask anybody, and is given no terminal; run `sh` by hand to see what it waits for): 48 more objects were not asked about");
    assert_eq!(std::fs::read_to_string(desk.path("runs")).unwrap().lines().count(), 1);
}

#[tokio::test]
async fn a_plugin_that_failed_is_run_again_after_a_moment() {
    let Some(desk) = Desk::new().await else { return };
    let exec = script(&desk, &format!("[ -e $FOLDER/logged-in ] || exit 1; {}", give(TOKEN)));
    let cluster = desk.with_plugin(exec, Patience::USUAL).await;
    let failed = told(&cluster).await;
    assert!(failed.contains("`sh` failed (exit status: 1)"), "{failed}");
    desk.file("logged-in", "");
    assert_eq!(until(&cluster, |said| said == ANSWERS).await, ANSWERS);
}
