//! Whom a client trusts to be the server. Its certificate is for `127.0.0.1` and `kubernetes.default.svc`, among others, and
//! signed by itself.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::*;

impl Desk {
    /// The server by a name that its certificate is not for.
    fn elsewhere(&self) -> String {
        self.server.url().replace("127.0.0.1", "localhost")
    }

    async fn ask_cluster(&self, cluster: Value) -> String {
        self.ask(cluster, self.administrator()).await
    }
}

#[tokio::test]
async fn the_authority_counts_in_a_file_and_as_data() {
    let Some(desk) = Desk::new().await else { return };
    assert_eq!(desk.ask_cluster(desk.cluster()).await, ANSWERS);
    let pem = std::fs::read(desk.server.ca()).unwrap();
    desk.file("ca.crt", &pem);
    let beside = json!({ "server": desk.server.url(), "certificate-authority": "ca.crt" });
    assert_eq!(desk.ask_cluster(beside).await, ANSWERS);
    // Data wins over a file, and there may be several.
    let several = format!("{}{}", Authority::new("another").pem(), String::from_utf8(pem).unwrap());
    let data = json!({
        "server": desk.server.url(),
        "certificate-authority": "absent",
        "certificate-authority-data": BASE64_STANDARD.encode(several),
    });
    assert_eq!(desk.ask_cluster(data).await, ANSWERS);
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_is_not_believed() {
    let Some(desk) = Desk::new().await else { return };
    let none = json!({ "server": desk.server.url() });
    assert_snapshot!(desk.ask_cluster(none).await, @"when asked: the cluster did not answer: nobody who is trusted has signed its certificate: put the certificate of its authority into the `certificate-authority` of its kubeconfig");
    let other = desk.file("other.crt", Authority::new("another").pem());
    let wrong = json!({ "server": desk.server.url(), "certificate-authority": other });
    assert_snapshot!(desk.ask_cluster(wrong).await, @"when asked: the cluster did not answer: nobody who is trusted has signed its certificate: put the certificate of its authority into the `certificate-authority` of its kubeconfig");
}

#[tokio::test]
async fn an_authority_that_is_none_is_told_at_the_start() {
    let Some(desk) = Desk::new().await else { return };
    let (empty, text) = (desk.file("empty.crt", ""), desk.file("text.crt", "hunter2"));
    let broken = "-----BEGIN CERTIFICATE-----\naHVudGVyMg==\n-----END CERTIFICATE-----\n";
    let authorities = [
        ("certificate-authority", json!("absent.crt")),
        ("certificate-authority", json!(empty)),
        ("certificate-authority", json!(text)),
        ("certificate-authority", json!(desk.folder.path())),
        ("certificate-authority", json!(desk.file("broken.crt", broken))),
        ("certificate-authority-data", json!("hunter2!")),
        ("certificate-authority-data", json!(BASE64_STANDARD.encode("hunter2"))),
    ];
    let mut all = Vec::new();
    for (field, authority) in authorities {
        all.push(desk.ask_cluster(json!({ "server": desk.server.url(), field: authority })).await);
    }
    let all = all.join("\n");
    assert!(!all.contains("hunter2"), "{all}");
    assert_snapshot!(all, @r"
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: the `certificate-authority` of its cluster names the file `FOLDER/absent.crt`, which cannot be read (No such file or directory (os error 2))
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: the `certificate-authority` of its cluster has no certificate in PEM, or something else beside it
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: the `certificate-authority` of its cluster has no certificate in PEM, or something else beside it
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: the `certificate-authority` of its cluster names the file `FOLDER`, which cannot be read (Is a directory (os error 21))
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: the `certificate-authority` of its cluster has no certificate in PEM, or something else beside it
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: the `certificate-authority-data` of its cluster is not base64
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: the `certificate-authority` of its cluster has no certificate in PEM, or something else beside it
    ");
}

#[tokio::test]
async fn a_certificate_is_held_to_the_name_that_the_kubeconfig_says() {
    let Some(desk) = Desk::new().await else { return };
    let mut cluster = json!({ "server": desk.elsewhere(), "certificate-authority": desk.server.ca() });
    assert_snapshot!(desk.ask_cluster(cluster.clone()).await, @"when asked: the cluster did not answer: its certificate is for another name than the `server` of its kubeconfig: set `tls-server-name` there to one that it is for");
    for name in ["kubernetes.default.svc", "127.0.0.1"] {
        cluster["tls-server-name"] = json!(name);
        assert_eq!(desk.ask_cluster(cluster.clone()).await, ANSWERS, "{name}");
    }
    cluster["server"] = json!(desk.server.url());
    cluster["tls-server-name"] = json!("k8s.example.org");
    assert_snapshot!(desk.ask_cluster(cluster.clone()).await, @"when asked: the cluster did not answer: its certificate is for another name than the `server` of its kubeconfig: set `tls-server-name` there to one that it is for");
    cluster["tls-server-name"] = json!("no name");
    assert_snapshot!(desk.ask_cluster(cluster).await, @"at the start: cluster `test`: cannot prepare a client for it: its `tls-server-name` is no name of a server");
}

#[tokio::test]
async fn a_server_may_be_believed_without_a_look() {
    let Some(desk) = Desk::new().await else { return };
    let mut cluster = json!({ "server": desk.elsewhere(), "insecure-skip-tls-verify": true });
    assert_eq!(desk.ask_cluster(cluster.clone()).await, ANSWERS);
    cluster["insecure-skip-tls-verify"] = json!(false);
    assert_ne!(desk.ask_cluster(cluster).await, ANSWERS);
}

#[tokio::test]
async fn a_server_that_speaks_something_else_is_told() {
    let Some(desk) = Desk::new().await else { return };
    // The server speaks TLS alone.
    let plain = desk.server.url().replace("https", "http");
    assert_snapshot!(desk.ask_cluster(json!({ "server": plain })).await, @"when asked: the cluster answered something unexpected: status 400 with a body that is not the API server's");
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let talking = tokio::spawn(async move {
        // Bounded: the bot tries once or twice.
        for _ in 0..4 {
            let Ok((mut stream, _)) = listener.accept().await else { return };
            let _ =
                tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 1024]).await;
        }
    });
    let url = format!("https://127.0.0.1:{port}");
    assert_snapshot!(desk.ask_cluster(json!({ "server": url, "certificate-authority": desk.server.ca() })).await, @"when asked: the cluster did not answer: it does not speak TLS: are the port and the `https://` of `server` in its kubeconfig right?");
    talking.abort();
}
