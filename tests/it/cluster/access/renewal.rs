//! Credentials of a plugin's that do not hold for ever.

use super::plugins::{TOKEN, give, script};
use super::*;

impl Desk {
    /// How often the plugin ran.
    fn runs(&self) -> usize {
        std::fs::read_to_string(self.path("runs")).unwrap_or_default().lines().count()
    }
}

/// A script that counts its runs first.
fn counted(text: &str) -> String {
    format!("echo ran >> $FOLDER/runs; {text}")
}

/// Asks until the plugin ran so often; every time it has to answer.
async fn until_run(desk: &Desk, cluster: &KubeCluster, times: usize) {
    for _ in 0..200 {
        assert_eq!(told_anew(cluster).await, "asked");
        if desk.runs() >= times {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the plugin ran {} times", desk.runs());
}

/// Who the cluster is, it is asked once only: this, each time.
async fn told_anew(cluster: &KubeCluster) -> String {
    let map = ObjectRef {
        group: String::new(),
        version: "v1".to_owned(),
        kind: "ConfigMap".to_owned(),
        namespace: "default".to_owned(),
        name: "absent".to_owned(),
    };
    match cluster.read(&map).await {
        Ok(_) => "asked".to_owned(),
        Err(error) => format!("{:#}", anyhow::Error::new(error)),
    }
}

const SOON: &str = "until=$(date -u -d '+4 seconds' +%Y-%m-%dT%H:%M:%SZ); ";

#[tokio::test]
async fn what_holds_is_kept_and_what_is_over_is_obtained_anew() {
    let Some(desk) = Desk::new().await else { return };
    let status = format!("{TOKEN},\"expirationTimestamp\":\"$until\"");
    let exec = script(&desk, &counted(&format!("{SOON}{}", give(&status))));
    let cluster = desk.with_plugin(exec, Patience::USUAL).await;
    for _ in 0..5 {
        assert_eq!(told_anew(&cluster).await, "asked");
    }
    assert_eq!(desk.runs(), 1);
    until_run(&desk, &cluster, 2).await;
}

#[tokio::test]
async fn what_holds_without_an_end_is_obtained_once() {
    let Some(desk) = Desk::new().await else { return };
    let far = format!("{TOKEN},\"expirationTimestamp\":\"2099-01-01T00:00:00.5+02:00\"");
    for status in [TOKEN, &far] {
        let cluster = desk.with_plugin(script(&desk, &counted(&give(status))), Patience::USUAL).await;
        for _ in 0..3 {
            assert_eq!(told_anew(&cluster).await, "asked");
        }
    }
    assert_eq!(desk.runs(), 2);
}

#[tokio::test]
async fn what_is_over_when_it_comes_is_tried_and_not_obtained_for_every_request() {
    let Some(desk) = Desk::new().await else { return };
    // By the clock of this machine; the server does not look at it.
    let past = format!("{TOKEN},\"expirationTimestamp\":\"2020-01-01T00:00:00Z\"");
    let cluster = desk.with_plugin(script(&desk, &counted(&give(&past))), Patience::USUAL).await;
    let began = std::time::Instant::now();
    for _ in 0..20 {
        assert_eq!(told_anew(&cluster).await, "asked");
    }
    assert!(desk.runs() <= 2 + began.elapsed().as_secs() as usize, "{} runs", desk.runs());
}

#[tokio::test]
async fn a_certificate_is_obtained_anew_too() {
    let Some(desk) = Desk::new().await else { return };
    let answer = |group: &str| {
        let signed = Authority::of_clients().client("somebody", group);
        let status = json!({
            "clientCertificateData": signed.certificate, "clientKeyData": signed.key, "expirationTimestamp": "UNTIL",
        });
        json!({ "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status })
    };
    desk.file("answer", answer("developers").to_string());
    let text = counted(&format!("{SOON}sed \"s/UNTIL/$until/\" $FOLDER/answer"));
    let cluster = desk.with_plugin(script(&desk, &text), Patience::USUAL).await;
    assert_snapshot!(told_anew(&cluster).await, @"the cluster refused to tell (get configmaps): the account may not get `configmaps` in namespace `default`");
    desk.file("answer", answer("system:masters").to_string());
    let mut said = String::new();
    for _ in 0..200 {
        said = told_anew(&cluster).await;
        if said == "asked" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(said, "asked");
    assert!(desk.runs() >= 2);
}

#[tokio::test]
async fn what_holds_still_counts_where_nothing_new_is_to_be_had() {
    let Some(desk) = Desk::new().await else { return };
    // The second run comes while the first one's token holds, and fails.
    let status = format!("{TOKEN},\"expirationTimestamp\":\"$until\"");
    let text = counted(&format!("[ $(wc -l < $FOLDER/runs) = 1 ] || exit 1; {SOON}{}", give(&status)));
    let cluster = desk.with_plugin(script(&desk, &text), Patience::USUAL).await;
    until_run(&desk, &cluster, 2).await;
    assert_eq!(told_anew(&cluster).await, "asked");
}

#[tokio::test]
async fn a_token_that_is_taken_back_is_replaced() {
    let Some(desk) = Desk::new().await else { return };
    let text = counted(&format!("[ $(wc -l < $FOLDER/runs) = 1 ] && TOKEN=hunter2; {}", give(TOKEN)));
    let cluster = desk.with_plugin(script(&desk, &text), Patience::USUAL).await;
    // A plugin that was asked a moment ago is not asked again at once.
    assert_snapshot!(told(&cluster).await, @"when asked: the cluster refused to tell (get namespaces): the credentials are not accepted");
    assert_eq!(desk.runs(), 1);
    assert_eq!(until(&cluster, |said| said == ANSWERS).await, ANSWERS);
    assert_eq!(desk.runs(), 2);
}
