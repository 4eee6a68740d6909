//! Inside of a cluster: by the variables and files that a pod has. The files lie where no test of a person's machine may
//! write, so this is tried where nobody has them and they can be made, and else skipped by name.

use std::io;

use super::environment::doctor;
use super::*;
use crate::parts::tools;

const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// A service account's folder, until it is dropped.
struct Account;

impl Account {
    fn new() -> Option<Self> {
        let folder = Path::new(ACCOUNT);
        let made =
            std::fs::create_dir_all(folder.parent().unwrap()).and_then(|()| std::fs::create_dir(folder));
        if made.is_err() {
            tools::skip("a place for the files of a service account");
        }
        made.ok().map(|()| Self)
    }

    fn write(name: &str, content: impl AsRef<[u8]>) -> io::Result<()> {
        std::fs::write(Path::new(ACCOUNT).join(name), content)
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(ACCOUNT);
        // Only what is empty, and so was made for this.
        for folder in Path::new(ACCOUNT).ancestors().skip(1).take(2) {
            let _ = std::fs::remove_dir(folder);
        }
    }
}

#[tokio::test]
async fn a_pod_asks_by_its_own_account() {
    let Some(desk) = Desk::new().await else { return };
    let (host, port) = desk.server.url().trim_start_matches("https://").split_once(':').unwrap();
    let variables = [
        ("KUBERNETES_SERVICE_HOST", host.to_owned()),
        ("KUBERNETES_SERVICE_PORT", port.to_owned()),
        // Not for a server in the same cluster.
        ("HTTPS_PROXY", "http://user:hunter2@127.0.0.1:9".to_owned()),
    ];
    let ask =
        async |variables: &[(&str, String)]| doctor(desk.folder.path(), "in_cluster = true", variables).await;
    let outside = [ask(&[]).await, ask(&variables[..1]).await];
    assert_snapshot!(outside.join("\n"), @r"
      because: cluster `prod`: `in_cluster` is set, but there is no service account here: `KUBERNETES_SERVICE_HOST` is not set in the environment; outside of a cluster, set `kubeconfig` instead
      because: cluster `prod`: `in_cluster` is set, but there is no service account here: `KUBERNETES_SERVICE_PORT` is not set in the environment; outside of a cluster, set `kubeconfig` instead
    ");
    let Some(_account) = Account::new() else { return };
    let mut all = vec![ask(&variables).await];
    Account::write("token", "hunter2").unwrap();
    all.push(ask(&variables).await);
    Account::write("ca.crt", "hunter2").unwrap();
    all.push(ask(&variables).await);
    Account::write("ca.crt", std::fs::read(desk.server.ca()).unwrap()).unwrap();
    all.push(ask(&variables).await);
    Account::write("token", desk.server.admin_token()).unwrap();
    all.push(ask(&variables).await);
    assert_snapshot!(all.join("\n"), @r"
      because: cluster `prod`: `in_cluster` is set, but there is no service account here: `/var/run/secrets/kubernetes.io/serviceaccount/token` cannot be read (No such file or directory (os error 2)): the pod needs `automountServiceAccountToken`; outside of a cluster, set `kubeconfig` instead
      because: cluster `prod`: `in_cluster` is set, but there is no service account here: `/var/run/secrets/kubernetes.io/serviceaccount/ca.crt` cannot be read (No such file or directory (os error 2)): the pod needs `automountServiceAccountToken`; outside of a cluster, set `kubeconfig` instead
      because: cluster `prod`: `in_cluster` is set, but there is no service account here: `/var/run/secrets/kubernetes.io/serviceaccount/ca.crt` has no certificate in PEM, or something else beside it; outside of a cluster, set `kubeconfig` instead
    ✗ cluster prod: the cluster refused to tell (get namespaces): the credentials are not accepted
    ✓ cluster prod:
    ");
}
