//! How it is told that dry runs are off: by `doctor` beforehand, by `drift` beside what it can tell all the same.

use std::path::Path;
use std::process::Command;

use super::super::drift::Desk;
use super::*;

/// Settings with this one cluster and nothing else.
fn settings(folder: &Path, kubeconfig: &Path) -> std::path::PathBuf {
    let (file, data) = (folder.join("settings.toml"), folder.join("data"));
    let text = format!(
        "[store]\nurl = \"sqlite:{}\"\ndata_dir = \"{}\"\n\n[[cluster]]\nname = \"prod\"\nkubeconfig = \"{}\"\n",
        folder.join("bot.db").display(),
        data.display(),
        kubeconfig.display()
    );
    std::fs::write(&file, text).unwrap();
    file
}

/// The lines of `doctor` about the cluster, and how it ended.
fn doctor(kubeconfig: &Path) -> String {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path(), kubeconfig);
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.arg("doctor").arg("--settings").arg(settings).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", folder.path());
    let output = command.output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    let lines: Vec<&str> = said.lines().filter(|line| line.contains("cluster")).collect();
    format!("{}\nexit {}", lines.join("\n"), output.status.code().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_and_drift_say_that_dry_runs_are_off_and_why() {
    let Some(deployed) = Deployed::new().await else { return };
    let server = &deployed.server;
    let kubeconfig = server.kubeconfig_for(&deployed.namespace, &deployed.token);
    let system = server.call(Method::GET, "/api/v1/namespaces/kube-system", None).await;
    let id = system["metadata"]["uid"].as_str().unwrap();
    let check = |kubeconfig: &Path| doctor(kubeconfig).replace(id, "ID");
    assert_snapshot!(check(&kubeconfig), @r"
    ✓ cluster prod: answers as ID
    ✓ cluster prod: the account has no right too many, and a real write is refused: dry runs are on
    exit 0
    ");
    assert_snapshot!(check(server.kubeconfig()), @r"
    ✓ cluster prod: answers as ID
    ✗ cluster prod: dry runs are off: the account may do more than deploy/cluster gives it: * `*.*`, bind `clusterroles.rbac.authorization.k8s.io`, create `certificatesigningrequests.certificates.k8s.io`, create `clusterrolebindings.rbac.authorization.k8s.io`, create `mutatingwebhookconfigurations.admissionregistration.k8s.io`, create `nodes/proxy`, create `pods/binding`, create `pods/eviction`, and 23 more; take these rights away
    exit 1
    ");
    let stranger = server.kubeconfig_for(&deployed.namespace, "no-token");
    assert_snapshot!(check(&stranger), @r"
    ✗ cluster prod: the cluster refused to tell (get namespaces): the credentials are not accepted
    exit 1
    ");
    let text = std::fs::read_to_string(&stranger).unwrap();
    std::fs::write(&stranger, text.replace(server.url(), "https://127.0.0.1:9")).unwrap();
    assert_snapshot!(check(&stranger), @r"
    ✗ cluster prod: the cluster did not answer: Connection refused (os error 111)
    exit 1
    ");

    let object = |name: &str, value: &str| {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "data": { "a": value },
            "metadata": { "name": name, "namespace": deployed.namespace },
        })
    };
    let (same, other, absent) = (object("same", "1"), object("other", "1"), object("absent", "1"));
    let maps = format!("/api/v1/namespaces/{}/configmaps", deployed.namespace);
    for live in [object("same", "1"), object("other", "7")] {
        server.call(Method::POST, &maps, Some(live)).await;
    }
    deployed.unbind().await;
    assert_snapshot!(check(&kubeconfig), @r"
    ✓ cluster prod: answers as ID
    ✗ cluster prod: dry runs are off: a write that is no dry run succeeded: `countersign-dry-run-only` is missing, not bound, or does not deny; apply deploy/cluster, and delete the ConfigMap `default/countersign-probe`, which the account may not delete
    exit 1
    ");
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path(), &kubeconfig);
    let drift = |manifests: &[&Value]| {
        let desk = Desk::new(manifests);
        let (code, said) = desk.run(&kubeconfig, &["--settings", settings.to_str().unwrap()]);
        format!("{}exit {code}", said.replace(&deployed.namespace, "NS"))
    };
    assert_snapshot!(drift(&[&same, &other]), @r"
    production, cluster prod: 0 of 0 objects differ; 0 are never looked at
      not told: cluster `prod`: dry runs are off, live objects are only read: a write that is no dry run succeeded: `countersign-dry-run-only` is missing, not bound, or does not deny; apply deploy/cluster, and delete the ConfigMap `default/countersign-probe`, which the account may not delete
    exit 2
    ");
    assert_snapshot!(drift(&[&same, &other, &absent]), @r"
    production, cluster prod: 1 of 1 objects differ; 0 are never looked at
      ConfigMap NS/absent is not in the cluster
      not told: cluster `prod`: dry runs are off, live objects are only read: a write that is no dry run succeeded: `countersign-dry-run-only` is missing, not bound, or does not deny; apply deploy/cluster, and delete the ConfigMap `default/countersign-probe`, which the account may not delete
    exit 1
    ");
}
