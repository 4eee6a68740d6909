//! Manifests such as people write them, and repositories of them.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// A Deployment of some 1.2 kB.
pub(crate) fn deployment(name: &str, replicas: u32, version: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  namespace: shop
  labels: {{app.kubernetes.io/name: {name}, app.kubernetes.io/part-of: shop}}
  annotations:
    example.org/owner: team-{name}
spec:
  replicas: {replicas}
  revisionHistoryLimit: 3
  selector:
    matchLabels: {{app.kubernetes.io/name: {name}}}
  strategy:
    type: RollingUpdate
    rollingUpdate: {{maxSurge: 1, maxUnavailable: 0}}
  template:
    metadata:
      labels: {{app.kubernetes.io/name: {name}, app.kubernetes.io/part-of: shop}}
    spec:
      serviceAccountName: {name}
      securityContext: {{runAsNonRoot: true}}
      containers:
        - name: {name}
          image: registry.example.org/{name}:{version}
          ports:
            - name: http
              containerPort: 8080
          env:
            - name: LOG_LEVEL
              value: info
            - name: DATABASE_HOST
              value: {name}-db.shop.svc
          resources:
            requests: {{cpu: 100m, memory: 128Mi}}
            limits: {{memory: 256Mi}}
          readinessProbe:
            httpGet: {{path: /healthz, port: http}}
            periodSeconds: 5
        - name: proxy
          image: registry.example.org/proxy:3.2
          args: [--upstream, http://127.0.0.1:8080]
"
    )
}

/// A folder on the disk that also holds what is built; in memory nothing would have to be written down.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// Writes files below a folder.
pub(crate) fn write(root: &Path, files: &[(String, String)]) {
    for (path, text) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// Runs git; what it prints.
pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut git = Command::new("git");
    git.args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    for person in ["AUTHOR", "COMMITTER"] {
        git.env(format!("GIT_{person}_NAME"), "ana").env(format!("GIT_{person}_EMAIL"), "ana@example.org");
    }
    let output = git.output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// A repository with these files on `main` and, on `head`, those on top.
pub(crate) fn repository(base: &[(String, String)], head: &[(String, String)]) -> TempDir {
    let folder = folder();
    git(folder.path(), &["init", "-q", "-b", "main"]);
    for (branch, files) in [("main", base), ("head", head)] {
        git(folder.path(), &["checkout", "-q", "-B", branch]);
        write(folder.path(), files);
        git(folder.path(), &["add", "-A"]);
        git(folder.path(), &["commit", "-q", "-m", branch]);
    }
    // As it is after a clone.
    git(folder.path(), &["gc", "-q"]);
    folder
}
