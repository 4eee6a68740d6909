//! `countersign drift`, on a repository and a real API server.

use std::process::{Command, Output};

use super::*;
use crate::source::git;

/// A repository whose `main` says these objects.
pub(super) struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    pub(super) fn new(manifests: &[&Value]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let env = folder.path().join("env");
        std::fs::create_dir_all(env.join("apps")).unwrap();
        // What that key says is about changes: drift has no render to fall back on.
        let policy = "version = 1\n\n[environment.production]\nsource = { yaml = \"apps\" }\ncluster = \"prod\"\n\
                      on_unreachable = \"render\"\n";
        std::fs::write(env.join(".countersign.toml"), policy).unwrap();
        for (number, manifest) in manifests.iter().enumerate() {
            std::fs::write(env.join(format!("apps/{number}.yaml")), manifest.to_string()).unwrap();
        }
        git(&env, &["init", "-q", "-b", "main"]);
        git(&env, &["add", "-A"]);
        git(&env, &["commit", "-q", "-m", "main"]);
        Self { folder }
    }

    pub(super) fn run(&self, kubeconfig: &std::path::Path, arguments: &[&str]) -> (i32, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.arg("drift").args(arguments).arg("--kubeconfig").arg(kubeconfig);
        command.current_dir(self.folder.path().join("env")).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.folder.path());
        let Output { status, stdout, stderr } = command.output().unwrap();
        let said = [stdout, stderr].concat();
        (status.code().unwrap(), String::from_utf8(said).unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_differs_in_the_cluster_is_told_without_a_change() {
    let Some(world) = World::new().await else { return };
    let web = world.deployment(json!({ "replicas": 3 }));
    let settings = world.config_map(json!({ "a": "1", "b": "2" }));
    let absent = world.object("v1", "ConfigMap", "absent", json!({ "data": {} }));
    let secret = world.object("v1", "Secret", "s", json!({ "stringData": { "a": "hunter3" } }));
    // It runs at certain moments, and is not missing in between.
    let mut hook = world.object("v1", "ConfigMap", "hook", json!({ "data": {} }));
    hook["metadata"]["annotations"] = json!({ "helm.sh/hook": "pre-install" });
    let desk = Desk::new(&[&web, &settings, &secret, &hook]);
    let check = |arguments: &[&str]| {
        let arguments = [&["--cluster", "prod=test"], arguments].concat();
        let (code, said) = desk.run(world.server.kubeconfig(), &arguments);
        assert!(!said.contains("hunter"), "{said}");
        (code, said.replace(&world.namespace, "NS"))
    };
    world.apply_client_side(&web).await;
    world.apply(&settings, "somebody-else").await;
    let (code, said) = check(&[]);
    assert_eq!(code, 2);
    assert_snapshot!(said, @r"
    production, cluster prod: 0 of 1 objects differ; 2 are never looked at
      not told: ConfigMap NS/settings: unsettled: it has no last-applied annotation: it was not applied client-side
    ");
    world
        .edit(&web, json!({ "spec": { "replicas": 5 }, "metadata": { "labels": { "theirs": "hunter2" } } }))
        .await;
    let (code, said) = check(&[]);
    assert_eq!(code, 1);
    assert_snapshot!(said, @r"
    production, cluster prod: 1 of 1 objects differ; 2 are never looked at
      Deployment NS/web: spec.replicas is 5, base says 3
      not told: ConfigMap NS/settings: unsettled: it has no last-applied annotation: it was not applied client-side
    ");
    let (code, said) = check(&["--format", "json", "--environment", "production"]);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &said["environments"][0]["drift"][0]["changes"][0]["before"]), (1, &json!(5)));
    assert_snapshot!(check(&["--format", "markdown"]).1, @r"
    ### `production`, cluster `prod`: 1 of 1 objects differ; 2 are never looked at
    - `Deployment NS/web`: `spec.replicas is 5, base says 3`
    - not told: `ConfigMap NS/settings: unsettled: it has no last-applied annotation: it was not applied client-side`
    ");
    let log: Value = serde_json::from_str(&check(&["--format", "sarif"]).1).unwrap();
    crate::reports::assert_valid(&crate::reports::schema(), &log);
    let said = |result: &Value| {
        format!("{} {} {}", result["level"], result["ruleId"], result["message"]["text"].as_str().unwrap())
    };
    let results: Vec<String> = log["runs"][0]["results"].as_array().unwrap().iter().map(said).collect();
    assert_snapshot!(results.join("\n"), @r#"
    "warning" "drift/differs" Deployment NS/web in production: spec.replicas is 5, base says 3
    "error" "evaluation/cluster-untold" production: ConfigMap NS/settings: unsettled: it has no last-applied annotation: it was not applied client-side
    "#);
    let page = check(&["--format", "html"]).1;
    for part in [
        "Clusters differ from what the repository says",
        "<code>spec.replicas</code> is <code>5</code>",
        "Content-Security-Policy",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("<script"), "{page}");

    let desk = Desk::new(&[&absent]);
    let (code, said) = desk.run(world.server.kubeconfig(), &["--cluster", "prod=test"]);
    assert_eq!(code, 1);
    assert_snapshot!(said.replace(&world.namespace, "NS"), @r"
    production, cluster prod: 1 of 1 objects differ; 0 are never looked at
      ConfigMap NS/absent is not in the cluster
    ");
    world.apply_client_side(&absent).await;
    let (code, said) = desk.run(world.server.kubeconfig(), &["--cluster", "prod=test"]);
    assert_eq!(
        (code, said.as_str()),
        (0, "production, cluster prod: 0 of 1 objects differ; 0 are never looked at\n")
    );
    let (code, said) = desk.run(world.server.kubeconfig(), &[]);
    assert_eq!(
        (code, said.as_str()),
        (64, "error: no cluster is given: name one by --cluster NAME=CONTEXT, or give --settings\n")
    );
    let (code, said) = desk.run(world.server.kubeconfig(), &["--cluster", "other=test"]);
    assert_eq!((code, said.contains("not told: no cluster `prod` was given")), (2, true), "{said}");
}

#[test]
fn a_cluster_that_does_not_answer_leaves_it_undecided() {
    let object =
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a", "namespace": "b" } });
    let desk = Desk::new(&[&object]);
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let kubeconfig = desk.folder.path().join("nowhere");
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "test",
        "clusters": [{ "name": "test", "cluster": { "server": format!("http://{nobody}") } }],
        "users": [{ "name": "test", "user": {} }],
        "contexts": [{ "name": "test", "context": { "cluster": "test", "user": "test" } }],
    });
    std::fs::write(&kubeconfig, config.to_string()).unwrap();
    for format in ["terminal", "markdown", "json", "html", "sarif"] {
        let (code, said) = desk.run(&kubeconfig, &["--cluster", "prod=test", "--format", format]);
        assert_eq!(code, 2, "{format}: {said}");
        assert!(said.contains("did not answer"), "{format}: {said}");
    }
}
