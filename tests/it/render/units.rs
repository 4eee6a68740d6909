//! Which units there are, and what each could read.

use super::*;

#[tokio::test]
async fn finds_the_units_of_each_kind_of_source() {
    let scene = Scene::new(&[
        ("apps/web/a.yaml", CONFIG_MAP),
        ("apps/web/deep/b.yml", CONFIG_MAP),
        ("apps/web/README.md", "x"),
        ("apps/api/c.json", "{}"),
        ("apps/empty/README.md", "x"),
        ("apps/loose.yaml", CONFIG_MAP),
        ("top.yaml", CONFIG_MAP),
        ("over/prod/kustomization.yaml", "resources: []\n"),
        ("over/stage/Kustomization", "resources: []\n"),
        ("over/none/x.yaml", CONFIG_MAP),
        ("chart/Chart.yaml", CHART),
    ])
    .await;
    let check = async |source: EnvironmentSource, want: &[&str]| {
        let units = scene.units(source.clone()).await;
        let shown: Vec<String> = units
            .iter()
            .map(|unit| match &unit.source {
                UnitSource::Yaml { files } => format!("{}: {}", unit.name, files.join(" ")),
                UnitSource::Kustomize { root } => format!("{}: kustomize {root}", unit.name),
                UnitSource::Helm { chart, release, namespace, .. } => {
                    format!("{}: helm {chart} {release} {namespace}", unit.name)
                }
            })
            .collect();
        assert_eq!(shown, want, "{source:?}");
    };
    let yaml = |paths: &[&str]| EnvironmentSource::Yaml(texts(paths));
    let web = "apps/web: apps/web/a.yaml apps/web/deep/b.yml";
    let api = "apps/api: apps/api/c.json";
    check(yaml(&["apps/*"]), &["apps: apps/loose.yaml", api, web]).await;
    check(yaml(&["apps/web/"]), &[web]).await;
    check(yaml(&["./apps/web", "apps/*"]), &["apps: apps/loose.yaml", api, web]).await;
    check(yaml(&["apps/*/"]), &["apps: apps/loose.yaml", api, web]).await;
    check(yaml(&["**/*.yml"]), &[".: apps/web/deep/b.yml"]).await;
    check(yaml(&["top.yaml"]), &[".: top.yaml"]).await;
    check(yaml(&["nowhere/*"]), &[]).await;
    check(yaml(&["apps/we"]), &[]).await;
    let kustomize = |paths: &[&str]| EnvironmentSource::Kustomize(texts(paths));
    let both = ["over/prod: kustomize over/prod", "over/stage: kustomize over/stage"];
    check(kustomize(&["over/*"]), &both).await;
    check(kustomize(&["over/*/*ustomization*"]), &both).await;
    check(kustomize(&["over/none", "over/prod"]), &both[..1]).await;
    let helm = |chart: &str| EnvironmentSource::Helm {
        chart: chart.to_owned(),
        values: vec![],
        release: None,
        namespace: None,
    };
    check(helm("./chart"), &["chart: helm chart chart default"]).await;
    check(helm("charts"), &[]).await;
    for bad in ["../x", "/etc", "a[", "{a"] {
        let environment = environment(yaml(&[bad]));
        assert!(scene.programs.units(&scene.mirror, &scene.tree, &environment).await.is_err(), "{bad}");
    }
}

#[tokio::test]
async fn a_kustomization_reads_what_it_names_and_what_that_names() {
    let scene = Scene::new(&[
        (
            "apps/foo/kustomization.yaml",
            "resources: [../../base, extra.yaml, later]\ncomponents: [../../comp]\npatches:\n- path: patch.yaml\n\
             - path: none.yaml\nconfigMapGenerator:\n- name: c\n  files: [key=conf/app.conf]\n  envs: [x.env]\n\
             replacements:\n- path: repl.yaml\nopenapi:\n  path: schema.json\ntransformers: [t.yaml]\n\
             commonAnnotations:\n  x: ../../scripts/deploy.sh\n",
        ),
        ("apps/foo/extra.yaml", CONFIG_MAP),
        ("apps/foo/patch.yaml", "x"),
        ("apps/foo/conf/app.conf", "x"),
        ("apps/foo/x.env", "x"),
        ("apps/foo/repl.yaml", "x"),
        ("apps/foo/schema.json", "{}"),
        ("apps/foo/t.yaml", "apiVersion: builtin\nkind: PatchTransformer\npath: t/inner.yaml\n"),
        ("apps/foo/t/inner.yaml", "x"),
        ("apps/foo/unread.yaml", "x"),
        ("apps/foobar/x", "x"),
        ("scripts/deploy.sh", "x"),
        ("base/kustomization.yml", "resources: [deployment.yaml, ../apps/foo]\n"),
        ("base/deployment.yaml", "->../shared/real.yaml"),
        ("shared/real.yaml", CONFIG_MAP),
        ("comp/Kustomization", "kind: Component\npatches: [{path: c.yaml}]\n"),
        ("comp/c.yaml", "x"),
        ("other/x.yaml", "x"),
    ])
    .await;
    let unit = scene.units(EnvironmentSource::Kustomize(texts(&["apps/foo"]))).await.remove(0);
    let reads = scene.read_set(&unit).await;
    let check = |path: &str, want: bool| assert_eq!(reads.touched_by(&changed(path)), want, "{path}");
    for path in [
        "apps/foo/kustomization.yaml",
        "apps/foo/extra.yaml",
        "apps/foo/patch.yaml",
        "apps/foo/conf/app.conf",
        "apps/foo/x.env",
        "apps/foo/repl.yaml",
        "apps/foo/schema.json",
        "apps/foo/t.yaml",
        "apps/foo/t/inner.yaml",
        "base/kustomization.yml",
        "base/deployment.yaml",
        "shared/real.yaml",
        "comp/Kustomization",
        "comp/c.yaml",
    ] {
        check(path, true);
    }
    // What is looked for and absent.
    for path in [
        "apps/foo/kustomization.yml",
        "base/kustomization.yaml",
        "apps/foo/none.yaml",
        "apps/foo/later",
        "apps/foo/later/kustomization.yaml",
    ] {
        check(path, true);
    }
    for path in ["apps/foobar/x", "apps/foo/unread.yaml", "other/x.yaml", "shared/other.yaml", "README.md"] {
        check(path, false);
    }
    // A guess renders anew and hides nothing.
    let claims = |path: &str, want: bool| assert_eq!(reads.claims(&changed(path)), want, "{path}");
    for path in
        ["apps/foo/conf/app.conf", "apps/foo/x.env", "apps/foo/t.yaml", "comp/c.yaml", "shared/real.yaml"]
    {
        claims(path, true);
    }
    for path in ["apps/foo/t/inner.yaml", "scripts/deploy.sh", "apps/foo/later/kustomization.yaml"] {
        check(path, true);
        claims(path, false);
    }
}

#[tokio::test]
async fn what_cannot_be_told_widens_a_read_set() {
    let scene = Scene::new(&[("a/kustomization.yaml", "resources: [\n"), ("b/x.yaml", "x: 1\n")]).await;
    let unit = scene.units(EnvironmentSource::Kustomize(texts(&["a"]))).await.remove(0);
    let reads = scene.read_set(&unit).await;
    assert!(reads.touched_by(&changed("anything/at/all")));
    assert!(!reads.claims(&changed("anything/at/all")));
    assert!(reads.claims(&changed("a/kustomization.yaml")));
}

/// A chart that depends on the one beside it.
fn needs(name: &str, other: &str) -> String {
    format!(
        "apiVersion: v2\n{name}\nversion: 0.1.0\ndependencies:\n- name: {other}\n  version: 0.1.0\n  repository: \
         file://../{other}\n"
    )
}

#[tokio::test]
async fn a_chart_reads_its_folder_its_values_and_its_neighbours() {
    let scene = Scene::new(&[
        ("chart/Chart.yaml", &needs("name: chart", "lib")),
        ("chart/templates/x.yaml", "a: {{ .Files.Get \"f.txt\" }}"),
        ("chart/f.txt", "x"),
        ("chart/charts/sub/Chart.yaml", CHART),
        ("chart/charts/sub/scripts/run.sh", "x"),
        ("lib/Chart.yaml", "apiVersion: v2\nname: lib\nversion: 0.1.0\n"),
        ("lib/templates/l.yaml", "b: 1\n"),
        ("values/prod.yaml", "a: 1\n"),
        ("chartbar/x", "x"),
    ])
    .await;
    let reads = scene.read_set(&chart("chart", &["values/prod.yaml", "values/secret.yaml"])).await;
    let check = |path: &str, want: bool| assert_eq!(reads.touched_by(&changed(path)), want, "{path}");
    for path in
        ["chart/f.txt", "chart/new/file", "lib/templates/l.yaml", "values/prod.yaml", "values/secret.yaml"]
    {
        check(path, true);
    }
    for path in ["chartbar/x", "values/other.yaml", "README.md"] {
        check(path, false);
    }
    let claims = |path: &str, want: bool| assert_eq!(reads.claims(&changed(path)), want, "{path}");
    for path in [
        "chart/charts/sub/values.yaml",
        "chart/charts/sub/templates/new.yaml",
        "lib/templates/new.yaml",
        "lib/crds/c.yaml",
        "values/prod.yaml",
    ] {
        claims(path, true);
    }
    // A template that reads files of some name says nothing about all the others.
    for path in [
        "lib/deploy.sh",
        "lib/README.md",
        "chart/f.txt",
        "chart/new/file",
        "chart/charts/sub/scripts/run.sh",
        "chart/charts/other-1.0.0.tgz",
    ] {
        check(path, true);
        claims(path, false);
    }
}

#[tokio::test]
async fn discovers_what_nothing_includes() {
    let scene = Scene::new(&[
        ("base/kustomization.yaml", "resources: [a.yaml]\n"),
        ("base/a.yaml", CONFIG_MAP),
        ("comp/kustomization.yaml", "kind: Component\n"),
        ("overlays/production/kustomization.yaml", "resources: [../../base]\n"),
        ("overlays/staging/kustomization.yaml", "resources: [../../base]\ncomponents: [../../comp]\n"),
        ("charts/web/Chart.yaml", CHART),
        ("charts/web/values.yaml", "a: 1\n"),
        ("charts/web/values-production.yaml", "a: 1\n"),
        ("charts/web/charts/sub/Chart.yaml", CHART),
        ("charts/web/templates/x.yaml", CONFIG_MAP),
        ("charts/plain/Chart.yaml", CHART),
        ("charts/layered/Chart.yaml", &needs("name: layered", "base")),
        ("charts/layered/values/common.yaml", "a: 1\n"),
        ("charts/layered/values/qa.yml", "a: 1\n"),
        ("charts/layered/values-example.yaml", "a: 1\n"),
        ("charts/base/Chart.yaml", CHART),
        ("charts/base/values-qa.yaml", "a: 1\n"),
        ("charts/library/Chart.yaml", &format!("{CHART}type: library\n")),
        (".charts/hidden/Chart.yaml", CHART),
        ("clusters/eu/web/Chart.yaml", CHART),
        ("circle/a/kustomization.yaml", "resources: [../b]\n"),
        ("circle/b/kustomization.yaml", "resources: [../a]\n"),
        ("loose/x.yaml", CONFIG_MAP),
        ("loose/app.yaml", "apiVersion: 0.1.0\nkind: ksonnet.io/app\nname: x\n"),
        ("loose/values.yaml", "a: 1\n"),
        (".github/workflows/ci.yaml", "apiVersion: v1\nkind: x\n"),
    ])
    .await;
    let both = Diff { base: scene.tree.clone(), head: scene.tree.clone() };
    let found = scene.programs.discover(&scene.mirror, &both).await.unwrap();
    let shown: Vec<String> = found.iter().map(|found| format!("{} {:?}", found.name, found.source)).collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    default Kustomize(["circle/a"])
    default-yaml Yaml(["loose/x.yaml"])
    eu Helm { chart: "clusters/eu/web", values: [], release: None, namespace: None }
    plain Helm { chart: "charts/plain", values: [], release: None, namespace: None }
    production Kustomize(["overlays/production"])
    production-web Helm { chart: "charts/web", values: ["charts/web/values-production.yaml"], release: None, namespace: None }
    qa Helm { chart: "charts/layered", values: ["charts/layered/values/common.yaml", "charts/layered/values/qa.yml"], release: None, namespace: None }
    staging Kustomize(["overlays/staging"])
    "#);
    let less = found.iter().take(1).cloned().collect();
    assert_eq!(unite(less, found.clone()), found);
}
#[tokio::test]
async fn plain_manifests_are_their_own_render() {
    let scene =
        Scene::new(&[("m/a.yaml", CONFIG_MAP), ("m/b.yaml", "->a.yaml"), ("m/c.yaml", "->/etc/passwd")])
            .await;
    let unit = |files: &[&str]| UnitSpec {
        name: "m".to_owned(),
        path: "m".to_owned(),
        source: UnitSource::Yaml { files: texts(files) },
    };
    let rendering = scene.render(&unit(&["m/a.yaml", "m/b.yaml"])).await.unwrap();
    assert!(rendering.stable);
    let files: Vec<_> =
        rendering.texts.iter().map(|text| (text.file.as_deref().unwrap(), text.text.as_str())).collect();
    assert_eq!(files, [("m/a.yaml", CONFIG_MAP), ("m/b.yaml", CONFIG_MAP)]);
    insta::assert_snapshot!(
        told(scene.render(&unit(&["m/c.yaml"])).await),
        @"m/c.yaml:-:-: `m/c.yaml` is a symlink that leads out of the repository or in circles"
    );
}
