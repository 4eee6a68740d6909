//! Charts that change while the HelmRelease stays as it is.

use super::*;

/// A chart out of a GitRepository.
fn of_git(strategy: &str) -> Value {
    let source = json!({ "kind": "GitRepository", "name": "shop" });
    json!({ "chart": { "spec": {
        "chart": "charts/web", "version": "*", "sourceRef": source, "reconcileStrategy": strategy,
    } } })
}

impl Depot {
    /// Has its source make the chart of a new commit, under a version.
    async fn commit(&mut self, version: impl Fn(&str) -> String, template: &str) {
        let commit = format!("{:012x}{:028}", self.history.0.len() + 0xabc, 0);
        let version = version(&commit);
        let chart = self.helm.chart(&self.namespace, &self.release, "*").await;
        let seen = json!({ "observedSourceArtifactRevision": format!("main@sha1:{commit}") });
        self.helm.publish(&chart, &files_of(&version, template), &version, seen).await;
        self.history.0.push(commit);
    }

    async fn source_now(&self) -> Value {
        self.source(&self.live().await).await.expect("a source")
    }
}

/// As the source-controller names the versions of charts by revision.
fn by_revision(commit: &str) -> String {
    format!("0.1.0+{}", &commit[..12])
}

#[tokio::test]
async fn a_chart_of_a_repository_by_its_revision() {
    let Some(mut depot) = Depot::new(of_git("Revision")).await else { return };
    let there = "it has released the commit and is ready";
    depot.until(Progress::InProgress, "SourceNotReady").await;
    depot.commit(by_revision, &config_map()).await;
    let before = depot.until(Progress::Reached, there).await;
    let alone = depot.told(&before, None);
    assert_eq!((alone.progress, alone.why.as_str()), (Progress::Reached, there));

    // A commit that its source has and it has not: as it is in between, whoever looks.
    depot.commit(by_revision, &config_map().replace("\"b\"", "\"c\"")).await;
    let between = depot.told(&before, Some(&depot.source_now().await));
    assert_eq!(between.progress, Progress::InProgress);
    assert_eq!(between.why, "its source has 0.1.0+000000000abd, and it has released 0.1.0+000000000abc");
    let between = depot.told(&before, None);
    assert_eq!(between.progress, Progress::InProgress);
    assert_eq!(between.why, "it has not released the commit yet");
    depot.until(Progress::Reached, there).await;

    // A commit that it gives up, and one that comes after it.
    depot.commit(by_revision, REFUSED).await;
    let gave_up = depot.until(Progress::Failed, "spec.ports: Required value").await;
    depot.commit(by_revision, &config_map()).await;
    let source = depot.source_now().await;
    for between in [depot.told(&gave_up, Some(&source)), depot.told(&gave_up, None)] {
        assert_eq!(between.progress, Progress::InProgress);
        assert!(between.why.starts_with("what it failed at is another chart"), "{}", between.why);
    }
    depot.until(Progress::Reached, there).await;

    // A commit of which nothing can be made: for a while the release is as ready as it was.
    let before = depot.live().await;
    depot.helm.refuse(&depot.source_now().await, "no such folder: charts/web").await;
    depot.history.0.push("f".repeat(40));
    depot.until(Progress::Failed, "the source of its chart: it is stalled: no such folder: charts/web").await;
    assert_eq!(depot.told(&before, None).progress, Progress::InProgress);
}

#[tokio::test]
async fn a_chart_of_a_repository_whose_source_is_suspended() {
    let Some(mut depot) = Depot::new(of_git("Revision")).await else { return };
    let there = "it has released the commit and is ready";
    depot.commit(by_revision, &config_map()).await;
    let live = depot.until(Progress::Reached, there).await;
    depot.helm.suspend(&depot.source_now().await).await;
    let source = depot.source_now().await;
    let now = depot.told(&live, Some(&source));
    assert_eq!((now.progress, now.why.as_str()), (Progress::Reached, there));
    depot.history.0.push("f".repeat(40));
    let now = depot.told(&live, Some(&source));
    assert_eq!(now.progress, Progress::OutOfDate);
    assert_eq!(now.why, "it is at another commit, and the source of its chart is suspended");

    // When it looks again, its controller finds a source that is not through with what is asked of it, and waits.
    depot.patch(json!({ "values": { "a": "b" } })).await;
    let waits = depot.until(Progress::Suspended, "the source of its chart: it is suspended").await;
    let alone = depot.told(&waits, None);
    assert_eq!(alone.progress, Progress::InProgress);
    assert!(alone.why.starts_with("SourceNotReady"), "{}", alone.why);
}

#[tokio::test]
async fn a_chart_of_a_repository_by_its_version() {
    let Some(mut depot) = Depot::new(of_git("ChartVersion")).await else { return };
    let untold = "released again only under another version";
    depot.commit(|_| "0.1.0".to_owned(), &config_map()).await;
    let live = depot.until(Progress::Unknown, untold).await;
    assert_eq!(depot.told(&live, None).progress, Progress::Unknown);
    depot.history.0.push("f".repeat(40));
    depot.until(Progress::InProgress, "it has not released the commit yet").await;

    // The same version, and another chart: what is released stays as it was, and nothing says so.
    depot.history.0.pop();
    depot.commit(|_| "0.1.0".to_owned(), &config_map().replace("\"b\"", "\"c\"")).await;
    depot.helm.patch(&depot.namespace, &depot.release, asked_to_look()).await;
    depot.when("looks again", |live| live["status"]["lastHandledReconcileAt"] == "1").await;
    depot.until(Progress::Unknown, untold).await;
    let path = format!("/api/v1/namespaces/{}/configmaps/a", depot.namespace);
    assert_eq!(depot.api.call(Method::GET, &path, None).await["data"]["a"], "b");
}

fn asked_to_look() -> Value {
    json!({ "metadata": { "annotations": { "reconcile.fluxcd.io/requestedAt": "1" } } })
}

#[tokio::test]
async fn a_chart_that_is_named_by_the_release() {
    let Some((api, helm)) = both().await else { return };
    let namespace = api.create_namespace().await;
    let charts = helm.create_repository(&namespace).await;
    let spec = json!({ "chartRef": { "kind": "OCIRepository", "name": &charts } });
    let release = helm.create(&namespace, spec).await;
    let depot = Depot { api, helm, namespace, release, history: History::default() };
    depot.until(Progress::InProgress, "SourceNotReady").await;
    let mut before = Value::Null;
    // By a tag that is a version, and by one that is none.
    for (tag, digit) in [("0.1.0", "a"), ("0.1.0", "b"), ("latest", "c")] {
        let revision = format!("{tag}@sha256:{}", digit.repeat(64));
        let template = config_map().replace("\"b\"", &format!("\"{digit}\""));
        depot
            .helm
            .publish(&depot.source_now().await, &files_of("0.1.0", &template), &revision, json!({}))
            .await;
        if before.is_object() {
            let between = depot.told(&before, Some(&depot.source_now().await));
            assert_eq!(between.progress, Progress::InProgress, "{}", between.why);
            let expected = format!("its source has sha256:{}", digit.repeat(64));
            assert!(between.why.starts_with(&expected), "{}", between.why);
        }
        before = depot.until(Progress::Reached, "it has released what its source has, and is ready").await;
        let alone = depot.told(&before, None);
        assert_eq!(alone.progress, Progress::Unknown, "{}", alone.why);
    }
}

async fn both() -> Option<(&'static ApiServer, &'static HelmController)> {
    Some((apiserver().await?, helm_controller().await?))
}
