//! What the environment of the bot says of the way: `doctor` is run in one of its own.

use std::process::Stdio;

use super::plugins::{TOKEN, give, script};
use super::proxy::{Manner, Proxy};
use super::*;

/// What `doctor` says of one cluster, in an environment that has these variables beside what every program needs.
pub(super) async fn doctor(folder: &Path, cluster: &str, environment: &[(&str, String)]) -> String {
    let settings = folder.join("settings.toml");
    let text = format!(
        "[store]\nurl = \"sqlite:{}\"\ndata_dir = \"{}\"\n\n[[cluster]]\nname = \"prod\"\n{cluster}\n",
        folder.join("bot.db").display(),
        folder.join("data").display(),
    );
    std::fs::write(&settings, text).unwrap();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.arg("doctor").arg("--settings").arg(settings).env_clear().kill_on_drop(true);
    command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", folder);
    command.env("COUNTERSIGN_LOG", "trace").stdin(Stdio::null());
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    let output = command.output().await.unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(!said.contains("hunter2"), "{said}");
    let first = said.lines().find(|line| line.contains("luster"));
    first
        .unwrap_or(&said)
        .split(" answers as ")
        .next()
        .unwrap()
        .replace(&folder.display().to_string(), "FOLDER")
}

impl Desk {
    /// What `doctor` says of the server at this URL.
    async fn doctor(&self, server: &str, environment: &[(&str, String)]) -> String {
        let mut cluster = self.cluster();
        cluster["server"] = json!(server);
        let file = self.kubeconfig(cluster, self.administrator());
        doctor(self.folder.path(), &format!("kubeconfig = \"{}\"", file.display()), environment).await
    }
}

const FAR: &str = "https://kubernetes.default.svc:6443";
const FINE: &str = "✓ cluster prod:";

#[tokio::test]
async fn the_proxy_of_the_environment_is_taken_to_where_it_counts() {
    let Some(desk) = Desk::new().await else { return };
    let proxy = Proxy::start(Manner::Guarded, desk.server).await;
    let url = format!("http://user:hunter2@{}", proxy.address);
    for name in ["HTTPS_PROXY", "https_proxy"] {
        assert_eq!(desk.doctor(FAR, &[(name, url.clone())]).await, FINE);
    }
    assert_eq!(proxy.asked(), ["kubernetes.default.svc:6443"]);
    // The proxy itself is not what NO_PROXY is held to.
    let no_proxy = ("NO_PROXY", "127.0.0.1, localhost,".to_owned());
    assert_eq!(desk.doctor(FAR, &[("HTTPS_PROXY", url), no_proxy]).await, FINE);
}

#[tokio::test]
async fn the_proxy_of_the_environment_is_left_out_where_it_does_not_count() {
    let Some(desk) = Desk::new().await else { return };
    let proxy = Proxy::start(Manner::Refusing(502), desk.server).await;
    let set = ("HTTPS_PROXY", format!("http://user:hunter2@{}", proxy.address));
    // On this machine, without a word of NO_PROXY, and with one.
    let near = desk.server.url().to_owned();
    assert_eq!(desk.doctor(&near, std::slice::from_ref(&set)).await, FINE);
    assert_eq!(desk.doctor(&near, &[set.clone(), ("NO_PROXY", "127.0.0.0/8".to_owned())]).await, FINE);
    for no_proxy in ["kubernetes.default.svc", ".svc", "*", "default.svc:6443"] {
        let said = desk.doctor(FAR, &[set.clone(), ("NO_PROXY", no_proxy.to_owned())]).await;
        assert!(
            !said.contains("proxy") && said.starts_with("✗ cluster prod: the cluster did not answer"),
            "{said}"
        );
    }
    assert_eq!(desk.doctor(&near, &[("HTTPS_PROXY", "hunter2://".to_owned())]).await, FINE);
    assert_eq!(proxy.asked(), [""; 0]);
    assert_snapshot!(desk.doctor(FAR, &[set]).await, @"✗ cluster prod: the cluster did not answer: the proxy that `HTTPS_PROXY` names does not let through to it: is it allowed to go there?");
    assert_snapshot!(desk.doctor(FAR, &[("HTTPS_PROXY", "hunter2://".to_owned())]).await, @"  because: cluster `prod`: cannot prepare a client for it: `HTTPS_PROXY` is no URL of a proxy: write http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT");
}

#[tokio::test]
async fn the_kubeconfig_that_the_environment_names_counts() {
    let Some(desk) = Desk::new().await else { return };
    let whole = kubeconfig(desk.cluster(), desk.administrator());
    let (mut clusters, mut rest) = (whole.clone(), whole.clone());
    rest["clusters"] = json!([]);
    clusters["users"] = json!([]);
    clusters["contexts"] = json!([]);
    let (clusters, rest) = (desk.file("a", clusters.to_string()), desk.file("b", rest.to_string()));
    let listed = |files: &[&Path]| {
        let files = std::env::join_paths(files).unwrap().into_string().unwrap();
        [("KUBECONFIG", files)]
    };
    let check = async |environment: &[(&str, String)]| {
        doctor(desk.folder.path(), "context = \"both\"", environment).await
    };
    assert_eq!(check(&listed(&[&clusters, &rest])).await, FINE);
    // As kubectl, without those that are not there.
    assert_eq!(check(&listed(&[&desk.path("absent"), &clusters, &rest])).await, FINE);
    let mut all = vec![check(&listed(&[&desk.path("absent"), &desk.path("gone")])).await];
    all.push(check(&listed(&[&rest])).await);
    all.push(check(&[]).await);
    std::fs::create_dir(desk.path(".kube")).unwrap();
    desk.file(".kube/config", whole.to_string());
    assert_eq!(check(&[]).await, FINE);
    assert_snapshot!(all.join("\n"), @r"
    because: cluster `prod`: cannot read its kubeconfig `FOLDER/absent`
    because: cluster `prod`: its kubeconfig `FOLDER/b` is incomplete: it has no cluster `c`, which its context `both` names
    because: cluster `prod`: cannot read its kubeconfig `FOLDER/.kube/config`
    ");
}

#[tokio::test]
async fn a_plugin_hears_none_of_the_secrets_of_this_program() {
    let Some(desk) = Desk::new().await else { return };
    let exec =
        script(&desk, &format!("[ -z \"$COUNTERSIGN_FORGE_GIT_TOKEN$OTHER\" ] || exit 1; {}", give(TOKEN)));
    let file = desk.kubeconfig(desk.cluster(), json!({ "exec": exec }));
    let cluster = format!("kubeconfig = \"{}\"", file.display());
    let secret = ("COUNTERSIGN_FORGE_GIT_TOKEN", "hunter2".to_owned());
    assert_eq!(doctor(desk.folder.path(), &cluster, std::slice::from_ref(&secret)).await, FINE);
    // What else there is it has, as from kubectl.
    let other = ("OTHER", "1".to_owned());
    assert_snapshot!(doctor(desk.folder.path(), &cluster, &[secret, other]).await, @"✗ cluster prod: the cluster did not answer: credentials for it could not be obtained: its credential plugin `sh` failed (exit status: 1): what it says is not shown, since it may hold credentials; run `sh` by hand, as the user that this program runs as");
}
