//! The proxy that a kubeconfig names.

use std::io::Write;
use std::sync::{Arc, Mutex};

use super::proxy::{Manner, Proxy};
use super::*;

impl Desk {
    /// The server, by a name that only a proxy knows, through `proxy`.
    fn through(&self, proxy: &str) -> Value {
        let mut cluster = self.cluster();
        cluster["server"] = json!("https://kubernetes.default.svc:6443");
        cluster["proxy-url"] = json!(proxy);
        cluster
    }

    async fn ask_through(&self, proxy: &str) -> String {
        self.ask(self.through(proxy), self.administrator()).await
    }
}

#[tokio::test]
async fn a_kubeconfig_names_a_proxy_and_it_is_taken() {
    let Some(desk) = Desk::new().await else { return };
    let proxy = Proxy::start(Manner::Open, desk.server).await;
    assert_eq!(desk.ask_through(&format!("http://{}", proxy.address)).await, ANSWERS);
    assert_eq!(proxy.asked(), ["kubernetes.default.svc:6443"]);
    // Also to where the environment's would not count.
    let mut cluster = desk.cluster();
    cluster["proxy-url"] = json!(format!("http://{}/", proxy.address));
    assert_eq!(desk.ask(cluster, desk.administrator()).await, ANSWERS);
    assert_eq!(proxy.asked().last().unwrap(), desk.server.url().trim_start_matches("https://"));
}

#[tokio::test]
async fn a_proxy_may_speak_tls() {
    let Some(desk) = Desk::new().await else { return };
    let proxy = Proxy::start(Manner::Secured, desk.server).await;
    let mut cluster = desk.through(&format!("https://user:hunter2@{}", proxy.address));
    assert_eq!(desk.ask(cluster.clone(), desk.administrator()).await, ANSWERS);
    assert_eq!(proxy.asked(), ["kubernetes.default.svc:6443"]);
    // Whom the kubeconfig trusts vouches for it, as for kubectl.
    cluster["certificate-authority"] = json!(desk.file("other.crt", Authority::new("another").pem()));
    assert_snapshot!(desk.ask(cluster, desk.administrator()).await, @"when asked: the cluster did not answer: the proxy that `proxy-url` of its kubeconfig names cannot be reached (invalid peer certificate: UnknownIssuer)");
}

#[tokio::test]
async fn a_proxy_may_speak_socks() {
    let Some(desk) = Desk::new().await else { return };
    for scheme in ["socks5", "socks5h"] {
        let proxy = Proxy::start(Manner::Socks, desk.server).await;
        assert_eq!(desk.ask_through(&format!("{scheme}://{}", proxy.address)).await, ANSWERS);
        // The proxy looks the name up.
        assert_eq!(proxy.asked(), ["kubernetes.default.svc:6443"]);
    }
    let proxy = Proxy::start(Manner::SocksRefusing, desk.server).await;
    assert_snapshot!(desk.ask_through(&format!("socks5://{}", proxy.address)).await, @"when asked: the cluster did not answer: the proxy that `proxy-url` of its kubeconfig names does not let through to it (connection not allowed)");
    assert_snapshot!(desk.ask_through("socks5://127.0.0.1:9").await, @"when asked: the cluster did not answer: the proxy that `proxy-url` of its kubeconfig names cannot be reached (Connection refused (os error 111))");
}

#[tokio::test]
async fn a_proxy_of_socks_may_ask_for_a_name_and_a_password() {
    let Some(desk) = Desk::new().await else { return };
    let proxy = Proxy::start(Manner::SocksGuarded, desk.server).await;
    for userinfo in ["user:hunter2", "us%65r:hunter%32"] {
        assert_eq!(desk.ask_through(&format!("socks5://{userinfo}@{}", proxy.address)).await, ANSWERS);
    }
    assert_eq!(proxy.asked(), ["kubernetes.default.svc:6443"]);
    // One that asks for none is content.
    let open = Proxy::start(Manner::Socks, desk.server).await;
    assert_eq!(desk.ask_through(&format!("socks5h://user:hunter2@{}", open.address)).await, ANSWERS);
    let mut said = Vec::new();
    for userinfo in ["user:hunter3@", "user@", ""] {
        said.push(desk.ask_through(&format!("socks5://{userinfo}{}", proxy.address)).await);
    }
    said.push(desk.ask_through(&format!("socks5://user:{}@{}", "x".repeat(256), proxy.address)).await);
    assert_snapshot!(said.join("\n"), @r"
    when asked: the cluster did not answer: the proxy that `proxy-url` of its kubeconfig names does not take the credentials of that URL: put others there, as socks5://USER:PASSWORD@HOST:PORT
    when asked: the cluster did not answer: the proxy that `proxy-url` of its kubeconfig names does not take the credentials of that URL: put others there, as socks5://USER:PASSWORD@HOST:PORT
    when asked: the cluster did not answer: the proxy that `proxy-url` of its kubeconfig names asks for credentials, which that URL does not have: put them there, as socks5://USER:PASSWORD@HOST:PORT
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: the `proxy-url` of its cluster has credentials that SOCKS cannot carry: a name is needed, and neither it nor the password may be longer than 255 bytes
    ");
}

#[tokio::test]
async fn a_proxy_that_does_not_let_through_is_told_as_that() {
    let Some(desk) = Desk::new().await else { return };
    assert_snapshot!(desk.ask_through("http://127.0.0.1:9").await, @"when asked: the cluster did not answer: the proxy that `proxy-url` of its kubeconfig names cannot be reached (Connection refused (os error 111))");
    let mut all = Vec::new();
    for status in [403, 407, 502] {
        let proxy = Proxy::start(Manner::Refusing(status), desk.server).await;
        all.push(desk.ask_through(&format!("http://{}", proxy.address)).await);
    }
    assert_snapshot!(all.join("\n"), @r"
    when asked: the cluster did not answer: the proxy that `proxy-url` of its kubeconfig names does not let through to it: is it allowed to go there?
    when asked: the cluster did not answer: the proxy that `proxy-url` of its kubeconfig names asks for credentials, or for others than that URL has (407): put them there, as http://USER:PASSWORD@HOST:PORT
    when asked: the cluster did not answer: the proxy that `proxy-url` of its kubeconfig names does not let through to it: is it allowed to go there?
    ");
}

#[tokio::test]
async fn a_proxy_that_says_nothing_is_waited_for_as_long_as_a_connection() {
    let Some(desk) = Desk::new().await else { return };
    let proxy = Proxy::start(Manner::Silent, desk.server).await;
    let file = desk.kubeconfig(desk.through(&format!("http://{}", proxy.address)), desk.administrator());
    let hasty = Patience { connect: Duration::from_millis(500), ..Patience::USUAL };
    let began = std::time::Instant::now();
    assert_snapshot!(ask(&file, None, hasty).await, @"when asked: the cluster did not answer: no connection came about in time through the proxy that `proxy-url` of its kubeconfig names");
    assert!(began.elapsed() < Duration::from_secs(5));
}

/// What is logged, of everything there is.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_credentials_of_a_proxy_are_used_and_neither_told_nor_logged() {
    let Some(desk) = Desk::new().await else { return };
    let log = Log::default();
    let writer = log.clone();
    let logger = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    // The tests' runtime has one thread, so that this hears everything.
    let listening = tracing::subscriber::set_default(logger);
    let guarded = Proxy::start(Manner::Guarded, desk.server).await;
    assert_eq!(desk.ask_through(&format!("http://user:hunter2@{}", guarded.address)).await, ANSWERS);
    assert_eq!(desk.ask_through(&format!("http://us%65r:hunter%32@{}", guarded.address)).await, ANSWERS);
    let socks = Proxy::start(Manner::SocksGuarded, desk.server).await;
    assert_eq!(desk.ask_through(&format!("socks5://user:hunter2@{}", socks.address)).await, ANSWERS);
    let mut said = vec![
        desk.ask_through(&format!("http://user:hunter3@{}", guarded.address)).await,
        desk.ask_through(&format!("socks5://user:hunter3@{}", socks.address)).await,
    ];
    for proxy in [
        "http://user:hunter2@127.0.0.1:9",
        "https://user:hunter2@127.0.0.1:9",
        "socks5://user:hunter2@127.0.0.1:9",
        "ftp://user:hunter2@127.0.0.1:9",
        "http://user:hunter2 @127.0.0.1:9",
        "user:hunter2",
    ] {
        said.push(desk.ask_through(proxy).await);
    }
    drop(listening);
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("kubernetes.default.svc"), "something is logged");
    let encoded = "dXNlcjpodW50ZX";
    for text in [&logged, &said.join("\n")] {
        assert!(!text.contains("hunter") && !text.contains(encoded), "{text}");
    }
    assert_snapshot!(said.join("\n"), @r"
    when asked: the cluster did not answer: the proxy that `proxy-url` of its kubeconfig names asks for credentials, or for others than that URL has (407): put them there, as http://USER:PASSWORD@HOST:PORT
    when asked: the cluster did not answer: the proxy that `proxy-url` of its kubeconfig names does not take the credentials of that URL: put others there, as socks5://USER:PASSWORD@HOST:PORT
    when asked: the cluster did not answer: the proxy that `proxy-url` of its kubeconfig names cannot be reached (Connection refused (os error 111))
    when asked: the cluster did not answer: the proxy that `proxy-url` of its kubeconfig names cannot be reached (Connection refused (os error 111))
    when asked: the cluster did not answer: the proxy that `proxy-url` of its kubeconfig names cannot be reached (Connection refused (os error 111))
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: the `proxy-url` of its cluster is no URL of a proxy: write http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: the `proxy-url` of its cluster is no URL of a proxy: write http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT
    at the start: cluster `test`: its kubeconfig `FOLDER/kubeconfig` is incomplete: the `proxy-url` of its cluster is no URL of a proxy: write http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT
    ");
}
