//! Units, read-sets and renders with the real programs, and what a hostile repository or renderer can do: nothing.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use countersign::ports::{ReadSet, RenderError, Renderer as _, Rendering, Source as _, UnitSource, UnitSpec};
use countersign::render::sandbox::{SANDBOX_COMMAND, SandboxState, self_test};
use countersign::render::{Programs, RenderSettings, Unsandboxed, unite};
use countersign::source::Mirror;
use countersign_core::environment::{ApplyMode, Environment, EnvironmentSource, OnUnreachable};
use countersign_core::evaluation::{ChangedPath, PathOperation};
use countersign_core::revision::{Diff, ObjectId};
use tempfile::TempDir;

use crate::source::git;

/// A repository with one commit, and a renderer.
struct Scene {
    _repo: TempDir,
    scratch: TempDir,
    mirror: Mirror,
    tree: ObjectId,
    programs: Programs,
}

impl Scene {
    async fn new(files: &[(&str, &str)]) -> Self {
        Self::with(files, |_| {}).await
    }

    /// A file whose text begins with `->` is a symlink to what follows.
    async fn with(files: &[(&str, &str)], change: impl FnOnce(&mut RenderSettings)) -> Self {
        let repo = TempDir::new().unwrap();
        git(repo.path(), &["init", "-q", "-b", "main"]);
        for (path, text) in files {
            let path = repo.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            match text.strip_prefix("->") {
                Some(target) => symlink(target, path).unwrap(),
                None => std::fs::write(path, text).unwrap(),
            }
        }
        git(repo.path(), &["add", "-A"]);
        git(repo.path(), &["commit", "-q", "-m", "x"]);
        let mirror = Mirror::local(repo.path()).await.unwrap();
        let tree = mirror.tree_of(&mirror.resolve("HEAD").await.unwrap()).await.unwrap();
        let scratch = TempDir::new().unwrap();
        let mut settings = RenderSettings::new(scratch.path().join("scratch"), sandbox_program());
        settings.timeout = Duration::from_secs(20);
        for (name, program) in [("kustomize", &mut settings.kustomize), ("helm", &mut settings.helm)] {
            if let Some(found) = tool(name) {
                *program = found;
            }
        }
        change(&mut settings);
        let programs = Programs::new(settings).unwrap();
        Self { _repo: repo, scratch, mirror, tree, programs }
    }

    async fn units(&self, source: EnvironmentSource) -> Vec<UnitSpec> {
        self.programs.units(&self.mirror, &self.tree, &environment(source)).await.unwrap()
    }

    async fn read_set(&self, unit: &UnitSpec) -> ReadSet {
        self.programs.read_set(&self.mirror, &self.tree, unit).await.unwrap()
    }

    async fn render(&self, unit: &UnitSpec) -> Result<Rendering, RenderError> {
        let reads = self.read_set(unit).await;
        self.programs.render(&self.mirror, &self.tree, unit, &reads).await
    }

    /// Renders a kustomize root.
    async fn kustomize(&self, root: &str) -> Result<Rendering, RenderError> {
        let source = UnitSource::Kustomize { root: root.to_owned() };
        self.render(&UnitSpec { name: root.to_owned(), path: root.to_owned(), source }).await
    }

    /// Renders the chart in `chart` with values files.
    async fn helm(&self, values: &[&str]) -> Result<Rendering, RenderError> {
        self.render(&chart("chart", values)).await
    }
}

fn chart(path: &str, values: &[&str]) -> UnitSpec {
    let source = UnitSource::Helm {
        chart: path.to_owned(),
        values: values.iter().map(|path| (*path).to_owned()).collect(),
        release: "web".to_owned(),
        namespace: "shop".to_owned(),
    };
    UnitSpec { name: path.to_owned(), path: path.to_owned(), source }
}

fn sandbox_program() -> PathBuf {
    env!("CARGO_BIN_EXE_countersign").into()
}

/// A program from the tools that were built for the tests, or from `PATH`.
fn tool(name: &str) -> Option<PathBuf> {
    let built = std::env::var_os("COUNTERSIGN_TOOLS").map(PathBuf::from);
    let built = built.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools"));
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::iter::once(built)
        .chain(std::env::split_paths(&paths))
        .map(|dir| dir.join(name))
        .find(|path| path.is_file())
}

/// Whether a tool is there; a machine that says it is a CI has to have it.
fn has(names: &[&str]) -> bool {
    let found = names.iter().any(|name| tool(name).is_some());
    assert!(found || std::env::var_os("CI").is_none(), "none of {names:?} is installed");
    if !found {
        eprintln!("not run: none of {names:?} is installed");
    }
    found
}

fn has_kustomize() -> bool {
    has(&["kustomize", "kubectl"])
}

fn environment(source: EnvironmentSource) -> Environment {
    Environment {
        name: "prod".to_owned(),
        source,
        cluster: None,
        apply: ApplyMode::default(),
        field_manager: "kubectl".to_owned(),
        prune: true,
        on_unreachable: OnUnreachable::default(),
        default_namespace: None,
    }
}

fn changed(path: &str) -> ChangedPath {
    ChangedPath {
        path: path.to_owned(),
        operation: PathOperation::Change,
        entry: Diff { base: None, head: None },
    }
}

fn texts(paths: &[&str]) -> Vec<String> {
    paths.iter().map(|path| (*path).to_owned()).collect()
}

/// An error as a user sees it.
fn told(result: Result<Rendering, RenderError>) -> String {
    let error = result.unwrap_err();
    let number = |number: Option<u32>| number.map_or("-".to_owned(), |number| number.to_string());
    format!(
        "{}:{}:{}: {error}",
        error.file.as_deref().unwrap_or("-"),
        number(error.line),
        number(error.column)
    )
}

const CONFIG_MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";
const CHART: &str = "apiVersion: v2\nname: renamed\nversion: 0.1.0\n";

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
             replacements:\n- path: repl.yaml\nopenapi:\n  path: schema.json\ntransformers: [t.yaml]\n",
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
}

#[tokio::test]
async fn what_cannot_be_told_widens_a_read_set() {
    let scene = Scene::new(&[("a/kustomization.yaml", "resources: [\n"), ("b/x.yaml", "x: 1\n")]).await;
    let unit = scene.units(EnvironmentSource::Kustomize(texts(&["a"]))).await.remove(0);
    assert!(scene.read_set(&unit).await.touched_by(&changed("anything/at/all")));
}

#[tokio::test]
async fn a_chart_reads_its_folder_its_values_and_its_neighbours() {
    let scene = Scene::new(&[
        (
            "chart/Chart.yaml",
            &format!("{CHART}dependencies:\n- name: lib\n  version: 0.1.0\n  repository: file://../lib\n"),
        ),
        ("chart/templates/x.yaml", "a: {{ .Files.Get \"f.txt\" }}"),
        ("chart/f.txt", "x"),
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

#[tokio::test]
async fn renders_a_kustomization_and_says_what_it_read() {
    if !has_kustomize() {
        return;
    }
    let files = [
        ("base/kustomization.yaml", "resources: [a.yaml]\n"),
        ("base/a.yaml", CONFIG_MAP),
        ("over/kustomization.yaml", "resources: [../base]\nnamePrefix: p-\n"),
    ];
    let scene = Scene::new(&files).await;
    let rendering = scene.kustomize("over").await.unwrap();
    assert!(rendering.stable);
    insta::assert_snapshot!(rendering.texts[0].text, @r"
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: p-a
    ");
    let same = Scene::new(&[files[0], files[1], files[2], ("README.md", "x")]).await;
    assert_eq!(
        same.kustomize("over").await.unwrap().input,
        rendering.input,
        "what is not read does not count"
    );
    let other = Scene::new(&[files[0], ("base/a.yaml", &format!("{CONFIG_MAP}# x\n")), files[2]]).await;
    assert_ne!(other.kustomize("over").await.unwrap().input, rendering.input);
    let tools = scene.programs.tools().await;
    assert!(tools["kustomize"].starts_with('v') && tools["kustomize"].contains(" sha256:"), "{tools:?}");
    let left: Vec<_> = std::fs::read_dir(scene.programs.scratch()).unwrap().flatten().collect();
    assert_eq!(left.len(), 1, "only the lock is left: {left:?}");
}

#[tokio::test]
async fn what_a_killed_process_left_is_cleared_away() {
    let scene = Scene::new(&[("a.yaml", CONFIG_MAP)]).await;
    let scratch = scene.programs.scratch().parent().unwrap();
    let stale = scratch.join("render-stale");
    std::fs::create_dir(&stale).unwrap();
    std::fs::write(stale.join("lock"), "").unwrap();
    std::fs::write(scratch.join("other"), "").unwrap();
    let _second = Programs::new(RenderSettings::new(scratch.to_owned(), sandbox_program())).unwrap();
    assert!(!stale.exists(), "nobody holds it");
    assert!(scene.programs.scratch().exists() && scratch.join("other").exists());
}

#[tokio::test]
async fn kubectl_stands_in_for_kustomize() {
    if !has(&["kubectl"]) {
        return;
    }
    let files = [("a/kustomization.yaml", "resources: [a.yaml]\n"), ("a/a.yaml", CONFIG_MAP)];
    let scene = Scene::with(&files, |settings| settings.kustomize = "no-such-program".into()).await;
    assert_eq!(scene.kustomize("a").await.unwrap().texts[0].text, CONFIG_MAP);
}

#[tokio::test]
async fn a_broken_kustomization_is_explained() {
    if !has_kustomize() {
        return;
    }
    let check = async |files: &[(&str, &str)]| told(Scene::new(files).await.kustomize("a").await);
    let root = |text: &'static str| ("a/kustomization.yaml", text);
    let x = ("a/x.yaml", CONFIG_MAP);
    insta::assert_snapshot!(check(&[root("resources:\n- missing.yaml\n")]).await,
        @"a/kustomization.yaml:2:3: `a/missing.yaml` is missing");
    insta::assert_snapshot!(check(&[root("resources: [../../outside]\n")]).await,
        @"a/kustomization.yaml:1:13: `../../outside` is outside of the repository");
    insta::assert_snapshot!(check(&[root("resources: [/etc/passwd]\n")]).await,
        @"a/kustomization.yaml:1:13: `/etc/passwd` is outside of the repository");
    insta::assert_snapshot!(check(&[root("resources: [l]\n"), ("a/l", "->../../etc")]).await,
        @"a/kustomization.yaml:1:13: `l` is a symlink that leads out of the repository");
    insta::assert_snapshot!(check(&[root("resources: [\"https://github.com/x/y//z?ref=1\"]\n")]).await,
        @"a/kustomization.yaml:1:14: `https://github.com/x/y//z?ref=1` is a remote base, which is not fetched; copy it into the repository");
    insta::assert_snapshot!(check(&[root("resources: [x.yaml]\nfoo: [\n"), x]).await,
        @"a/kustomization.yaml:2:6: the kustomization is not valid YAML");
    insta::assert_snapshot!(check(&[root("resources: [x.yaml]\nresourcez: [y]\n"), x]).await,
        @"a/kustomization.yaml:2:1: the kustomization has an unknown field `resourcez`");
    insta::assert_snapshot!(check(&[root("resources:\n- ../a\n")]).await,
        @"a/kustomization.yaml:2:3: the kustomization includes itself through `a`");
    insta::assert_snapshot!(check(&[root("resources: [sub]\n"), ("a/sub/x.yaml", CONFIG_MAP)]).await,
        @"a/kustomization.yaml:1:13: `a/sub` has no kustomization.yaml");
    insta::assert_snapshot!(check(&[root("resources: [x.yaml]\n"), ("a/x.yaml", "a: b\n c: : d\n")]).await,
        @"a/x.yaml:2:3: `a/x.yaml` is not valid YAML");
    insta::assert_snapshot!(check(&[root("resources: [x.yaml, y.yaml]\n"), x, ("a/y.yaml", CONFIG_MAP)]).await,
        @"-:-:-: ConfigMap `a` is defined twice");
    insta::assert_snapshot!(
        check(&[root("resources: [x.yaml]\npatches: [{path: p.yaml}]\n"), x,
            ("a/p.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: zzz}\n")]).await,
        @"-:-:-: a patch changes ConfigMap `zzz`, which is not there");
    insta::assert_snapshot!(check(&[root("resources: [x.yaml]\npatches:\n- path: none.yaml\n"), x]).await,
        @"a/kustomization.yaml:3:9: `a/none.yaml` is missing");
    insta::assert_snapshot!(check(&[root("resources: [x.yaml]\n"), ("a/x.yaml", "apiVersion: v1\nmetadata: {name: a}\n")]).await,
        @"a/x.yaml:-:-: an object has no `kind`");
    insta::assert_snapshot!(check(&[root("helmCharts: [{name: a, repo: \"https://x\"}]\n")]).await,
        @"a/kustomization.yaml:1:1: `helmCharts` renders a chart inside of kustomize, which is switched off; declare the chart as an environment of its own (`source = { helm = … }`)");
    insta::assert_snapshot!(
        check(&[root("generators: [g.yaml]\n"), ("a/g.yaml", "apiVersion: x/v1\nkind: Foo\nmetadata: {name: a, annotations: {config.kubernetes.io/function: \"exec: {path: ./run.sh}\"}}\n")]).await,
        @"-:-:-: it uses a plugin that is a program of its own, which is switched off");
    insta::assert_snapshot!(check(&[root("resources: [x.yaml]\n"), x, ("a/kustomization.yml", "")]).await,
        @"a/kustomization.yaml:-:-: `a` has more than one kustomization file; keep one");
    insta::assert_snapshot!(check(&[root("configMapGenerator: [{name: a, files: [big.bin]}]\n"),
            ("a/big.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")]).await,
        @"a/big.bin:-:-: a/big.bin is a Git LFS pointer: its content is not in the repository");
}

#[tokio::test]
async fn renders_a_chart_with_its_neighbour_and_its_crds() {
    if !has(&["helm"]) {
        return;
    }
    let scene = Scene::new(&[
        (
            "chart/Chart.yaml",
            &format!("{CHART}dependencies:\n- name: lib\n  version: 0.1.0\n  repository: file://../lib\n"),
        ),
        ("chart/values.yaml", "a: default\n"),
        ("chart/crds/c.yaml", "kind: CustomResourceDefinition\n"),
        (
            "chart/templates/x.yaml",
            "a: {{ .Values.a }}\nns: {{ .Release.Namespace }}\nname: {{ .Release.Name }}\n",
        ),
        (
            "chart/templates/hook.yaml",
            "kind: Job\nmetadata: {annotations: {\"helm.sh/hook\": pre-install}}\n",
        ),
        ("chart/templates/test.yaml", "kind: Pod\nmetadata: {annotations: {\"helm.sh/hook\": test}}\n"),
        ("lib/Chart.yaml", "apiVersion: v2\nname: lib\nversion: 0.1.0\n"),
        ("lib/templates/l.yaml", "lib: {{ fail .Values.global.x }}\n"),
        ("v1.yaml", "a: one\n"),
        ("v2.yaml", "a: two\nglobal: {x: boo}\n"),
    ])
    .await;
    insta::assert_snapshot!(
        told(scene.helm(&["v1.yaml", "v2.yaml"]).await),
        @"lib/templates/l.yaml:1:8: the template stops the render itself (`fail` or `required`)"
    );
    let scene = Scene::new(&[
        ("chart/Chart.yaml", CHART),
        ("chart/values.yaml", "a: default\n"),
        ("chart/crds/c.yaml", "kind: CustomResourceDefinition\n"),
        (
            "chart/templates/x.yaml",
            "a: {{ .Values.a }}\nns: {{ .Release.Namespace }}\nname: {{ .Release.Name }}\n",
        ),
        (
            "chart/templates/hook.yaml",
            "kind: Job\nmetadata: {annotations: {\"helm.sh/hook\": pre-install}}\n",
        ),
        ("chart/templates/test.yaml", "kind: Pod\nmetadata: {annotations: {\"helm.sh/hook\": test}}\n"),
        ("v1.yaml", "a: one\n"),
        ("v2.yaml", "a: two\n"),
    ])
    .await;
    let rendering = scene.helm(&["v1.yaml", "v2.yaml"]).await.unwrap();
    assert!(rendering.stable);
    insta::assert_snapshot!(rendering.texts[0].text, @r#"
    ---
    # Source: renamed/crds/c.yaml
    kind: CustomResourceDefinition

    ---
    # Source: renamed/templates/x.yaml
    a: two
    ns: shop
    name: web
    ---
    # Source: renamed/templates/hook.yaml
    kind: Job
    metadata: {annotations: {"helm.sh/hook": pre-install}}
    "#);
}

#[tokio::test]
async fn a_broken_chart_is_explained() {
    if !has(&["helm"]) {
        return;
    }
    let check = async |template: &str, more: &[(&str, &str)]| {
        let mut files =
            BTreeMap::from([("chart/Chart.yaml", CHART), ("chart/values.yaml", "a: {b: s3cr3t}\n")]);
        files.insert("chart/templates/x.yaml", template);
        files.extend(more.iter().copied());
        let files: Vec<_> = files.into_iter().collect();
        let told = told(Scene::new(&files).await.helm(&[]).await);
        assert!(!told.contains("s3cr3t"), "{told}");
        told
    };
    insta::assert_snapshot!(check("x: 1\na: {{ .Values.foo.bar }}", &[]).await,
        @"chart/templates/x.yaml:2:13: `.Values.foo.bar` is used, but what it lies in is not set or is no map");
    insta::assert_snapshot!(check("a: {{ .Values.a.b.c.d }}", &[]).await,
        @"chart/templates/x.yaml:1:13: `.Values.a.b.c.d` is used, but what it lies in is not set or is no map");
    insta::assert_snapshot!(check("a: {{ if }}", &[]).await,
        @"chart/templates/x.yaml:1:-: the template is not valid");
    insta::assert_snapshot!(check("a: {{ nope 1 }}", &[]).await,
        @"chart/templates/x.yaml:1:-: the template calls `nope`, which does not exist");
    insta::assert_snapshot!(check("a: 1\n b: : {{ .Values.a.b }}", &[]).await,
        @"chart/templates/x.yaml:-:-: what the template gives is not valid YAML, at line 2 of its output");
    insta::assert_snapshot!(check("a: {{ fail .Values.a.b }}", &[]).await,
        @"chart/templates/x.yaml:1:6: the template stops the render itself (`fail` or `required`)");
    insta::assert_snapshot!(check("a: {{ include \"nope\" . }}", &[]).await,
        @"chart/templates/x.yaml:1:6: the template `nope` does not exist");
    insta::assert_snapshot!(
        check("a: 1", &[("chart/Chart.yaml", &format!("{CHART}dependencies:\n- {{name: pg, version: 1.0.0, repository: \"https://x\"}}\n"))]).await,
        @"chart/Chart.yaml:-:-: the chart needs pg, which is not in its `charts` folder and is not fetched; run `helm dependency build` and commit the result");
    insta::assert_snapshot!(check("a: 1", &[("chart/values.yaml", "a: 1\nb: [\n")]).await,
        @"chart/values.yaml:2:4: `chart/values.yaml` is not valid YAML");
    insta::assert_snapshot!(
        check("a: 1", &[("chart/values.schema.json", r#"{"properties":{"a":{"properties":{"b":{"const":"x"}}}}}"#)]).await,
        @"chart/values.schema.json:-:-: values do not fit the chart's values.schema.json at /a/b");
    insta::assert_snapshot!(check("{{ define \"x\" }}{{ include \"x\" . }}{{ end }}{{ include \"x\" . }}", &[]).await,
        @"chart/templates/x.yaml:1:47: the template failed");
    let scene = Scene::new(&[("chart/Chart.yaml", CHART)]).await;
    insta::assert_snapshot!(told(scene.helm(&["nope.yaml"]).await),
        @"nope.yaml:-:-: values file `nope.yaml` is missing");
    let mut unit = chart("chart", &[]);
    if let UnitSource::Helm { release, .. } = &mut unit.source {
        *release = "--post-renderer=x".to_owned();
    }
    insta::assert_snapshot!(told(scene.render(&unit).await),
        @"-:-:-: `--post-renderer=x` is no valid release name: use at most 53 lower-case letters, digits, `-` and `.`; set `release` in the policy file");
}

#[tokio::test]
async fn a_chart_that_rolls_dice_is_unstable() {
    if !has(&["helm"]) {
        return;
    }
    let check = async |files: &[(&str, &str)], want: bool| {
        let files: Vec<_> = [("chart/Chart.yaml", CHART)].iter().chain(files).copied().collect();
        let rendering = Scene::new(&files).await.helm(&["v.yaml"]).await.unwrap();
        assert_eq!(rendering.stable, want, "{files:?}");
    };
    let values = ("v.yaml", "a: 1\n");
    check(&[("chart/templates/x.yaml", "a: {{ .Values.a }}\n"), values], true).await;
    check(&[("chart/templates/x.yaml", "a: {{ randAlphaNum 5 }}\n"), values], false).await;
    check(&[("chart/templates/x.yaml", "a: {{ tpl .Values.a . }}\n"), ("v.yaml", "a: '{{ now }}'\n")], false)
        .await;
    check(
        &[
            ("chart/charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 0.1.0\n"),
            ("chart/charts/sub/templates/_x.tpl", "{{ define \"x\" }}{{ uuidv4 }}{{ end }}"),
            values,
        ],
        false,
    )
    .await;
}

#[tokio::test]
async fn an_endless_template_is_ended() {
    if !has(&["helm"]) {
        return;
    }
    let limit = |settings: &mut RenderSettings| settings.timeout = Duration::from_secs(3);
    let template = "{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}";
    let files = [("chart/Chart.yaml", CHART), ("chart/templates/x.yaml", template)];
    insta::assert_snapshot!(
        told(Scene::with(&files, limit).await.helm(&[]).await),
        @"-:-:-: helm took longer than 3 s and was ended; make it smaller, or raise `[render] timeout_seconds`"
    );
    let limit = |settings: &mut RenderSettings| settings.memory = 256 << 20;
    let template = "{{ $x := list 1 }}{{ range until 60 }}{{ $x = concat $x $x }}{{ end }}";
    let files = [("chart/Chart.yaml", CHART), ("chart/templates/x.yaml", template)];
    insta::assert_snapshot!(
        told(Scene::with(&files, limit).await.helm(&[]).await),
        @"-:-:-: helm needed more than 256 MB of memory and was ended; make the unit smaller, or raise `[render] memory_mb`"
    );
}

/// A scene whose kustomize is this script.
async fn posing(body: &str, change: impl FnOnce(&mut RenderSettings)) -> (Scene, TempDir) {
    let dir = TempDir::new().unwrap();
    let script = dir.path().join("kustomize");
    let text = format!("#!/bin/bash\nif [ \"$1\" = version ]; then echo v0.0.1; exit; fi\n{body}\n");
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::write(dir.path().join("secret"), "s3cr3t").unwrap();
    let scene = Scene::with(&[("a/kustomization.yaml", "resources: []\n")], |settings| {
        settings.kustomize = script;
        change(settings);
    })
    .await;
    (scene, dir)
}

#[tokio::test]
async fn a_renderer_reaches_nothing() {
    let check = async |body: &str, want: &str| {
        let (scene, _dir) = posing(body, |_| {}).await;
        let text = scene.kustomize("a").await.unwrap().texts.remove(0).text;
        assert_eq!(text.trim(), want, "{body}");
    };
    check(
        "cat() { while read -r line; do echo \"$line\"; done; }; cat < a/kustomization.yaml",
        "resources: []",
    )
    .await;
    check("read -r x < /etc/passwd && echo got; echo end", "end").await;
    check("read -r x < \"/proc/$PPID/environ\" && echo got; echo end", "end").await;
    check("read -r x < /proc/self/status && echo got; echo end", "end").await;
    check("read -r x < \"${BASH_SOURCE%/*}/secret\" && echo got; echo end", "end").await;
    check("echo x > /tmp/countersign-escape && echo got; echo end", "end").await;
    check("echo x > a/new && echo got; echo x > kustomize && echo got; echo end", "end").await;
    check("echo x > \"$TMPDIR/new\" && echo wrote; echo end", "wrote\nend").await;
    check("exec 3<>/dev/tcp/127.0.0.1/9 && echo got; echo end", "end").await;
    check("exec 3<>/dev/udp/127.0.0.1/9 && echo got; echo end", "end").await;
    check("kill -0 $PPID && echo got; echo end", "end").await;
    check("shopt -s execfail; exec /bin/ls /; echo end", "end").await;
    check("echo \"${!CARGO*}${!GIT*}${!RUST*}\"", "").await;
    assert!(!Path::new("/tmp/countersign-escape").exists());
}

#[tokio::test]
async fn a_renderer_starts_no_process() {
    let (scene, _dir) = posing("(echo child) || exit 3", |_| {}).await;
    let error = scene.kustomize("a").await.unwrap_err();
    insta::assert_snapshot!(error, @"kustomize failed; `kustomize build a` says why");
}

#[tokio::test]
async fn a_renderer_makes_no_forbidden_call() {
    if !Path::new("/usr/bin/perl").is_file() || !cfg!(target_arch = "x86_64") {
        eprintln!("not run: no perl on x86_64");
        return;
    }
    let check = |number: i64, arguments: &str| {
        let room = TempDir::new().unwrap();
        let program = format!("$r = syscall({number}, {arguments}); print($r == -1 ? 0 + $! : 'done');");
        let output = std::process::Command::new(sandbox_program())
            .args([SANDBOX_COMMAND, "--memory=1073741824", "--cpu=5", "--read"])
            .arg(room.path())
            .args(["--", "/usr/bin/perl", "-e", &program])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(said, "1", "call {number}: {}", String::from_utf8_lossy(&output.stderr));
    };
    check(101, "0, 0, 0, 0"); // ptrace(PTRACE_TRACEME)
    check(41, "2, 1, 0"); // socket
    check(0x4000_0000 | 41, "2, 1, 0"); // socket, by the x32 interface
    check(57, ""); // fork
    check(58, ""); // vfork
    check(56, "17, 0, 0, 0, 0"); // clone without CLONE_THREAD
    check(310, "1, 0, 0, 0, 0, 0"); // process_vm_readv
    check(321, "0, 0, 0"); // bpf
    check(250, "0, 0, 0, 0, 0"); // keyctl
    check(425, "1, 0"); // io_uring_setup
    check(298, "0, 0, -1, -1, 0"); // perf_event_open
    check(165, "0, 0, 0, 0, 0"); // mount
    check(272, "0"); // unshare
    check(319, "0, 0"); // memfd_create
    check(62, "1, 0"); // kill(1, 0)
    check(62, "0, 0"); // kill of the process group
}

#[tokio::test]
async fn endless_output_and_endless_time_are_ended() {
    let limits = |settings: &mut RenderSettings| {
        settings.output = 1 << 20;
        settings.timeout = Duration::from_secs(2);
    };
    let told_of = async |body: &str| {
        let (scene, _dir) = posing(body, limits).await;
        told(scene.kustomize("a").await)
    };
    insta::assert_snapshot!(told_of("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done").await,
        @"-:-:-: kustomize gave more than 1048576 bytes of manifests and was ended; split the unit");
    insta::assert_snapshot!(told_of("while :; do echo x >&2; done").await,
        @"-:-:-: kustomize took longer than 2 s and was ended; make it smaller, or raise `[render] timeout_seconds`");
    insta::assert_snapshot!(told_of("exec >&- 2>&-; while :; do :; done").await,
        @"-:-:-: kustomize took longer than 2 s and was ended; make it smaller, or raise `[render] timeout_seconds`");
    insta::assert_snapshot!(told_of("echo 'Error: password is s3cr3t' >&2; exit 1").await,
        @"-:-:-: kustomize failed; `kustomize build a` says why");
}

#[tokio::test]
async fn a_bomb_of_memory_is_ended() {
    let (scene, _dir) =
        posing("x=xxxxxxxx; while :; do x=$x$x; done", |settings| settings.memory = 128 << 20).await;
    insta::assert_snapshot!(told(scene.kustomize("a").await),
        @"-:-:-: kustomize needed more than 128 MB of memory and was ended; make the unit smaller, or raise `[render] memory_mb`");
}

#[tokio::test]
async fn a_renderer_that_is_given_up_does_not_live_on() {
    let (scene, _dir) =
        posing("echo $$ > \"$TMPDIR/../tree/pid\" 2> /dev/null; while :; do :; done", |_| {}).await;
    assert_eq!(scene.programs.sandbox_state().await, &SandboxState::Ready);
    let render = scene.kustomize("a");
    tokio::time::timeout(Duration::from_millis(500), render).await.unwrap_err();
    let mine = scene.scratch.path().display().to_string();
    let alive = || {
        std::fs::read_dir("/proc").unwrap().flatten().any(|process| {
            std::fs::read(process.path().join("environ"))
                .is_ok_and(|text| String::from_utf8_lossy(&text).contains(&mine))
        })
    };
    for _ in 0..100 {
        if !alive() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the renderer is still there");
}

#[tokio::test]
async fn without_a_sandbox_nothing_of_others_is_rendered() {
    assert_eq!(self_test(&sandbox_program(), &std::env::temp_dir()).await, SandboxState::Ready);
    let broken = |settings: &mut RenderSettings| settings.sandbox_program = "/bin/false".into();
    let (scene, _dir) = posing("echo x", broken).await;
    insta::assert_snapshot!(told(scene.kustomize("a").await),
        @"-:-:-: renderers cannot be confined on this machine (the sandbox ended with exit status: 1), so nothing that others wrote is rendered; use a kernel with Landlock and seccomp, or allow rendering without a sandbox in the settings");
    let (scene, _dir) = posing("echo x", |settings| {
        broken(settings);
        settings.unsandboxed = Unsandboxed::Allow;
    })
    .await;
    assert_eq!(scene.kustomize("a").await.unwrap().texts[0].text, "x\n");
}

#[tokio::test]
async fn a_missing_program_is_named() {
    let files = [("a/kustomization.yaml", "resources: []\n"), ("chart/Chart.yaml", CHART)];
    let scene = Scene::with(&files, |settings| {
        settings.kustomize = "no-such-program".into();
        settings.kubectl = "/nowhere/kubectl".into();
        settings.helm = "no-such-program".into();
    })
    .await;
    insta::assert_snapshot!(told(scene.kustomize("a").await),
        @"-:-:-: there is no `kustomize` (and no `kubectl`) on this machine: install one, or name it as `[render] kustomize` in the settings");
    insta::assert_snapshot!(told(scene.helm(&[]).await),
        @"-:-:-: there is no `helm` on this machine: install it, or name it as `[render] helm` in the settings");
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
        ("loose/x.yaml", CONFIG_MAP),
        ("loose/values.yaml", "a: 1\n"),
        (".github/workflows/ci.yaml", "apiVersion: v1\nkind: x\n"),
    ])
    .await;
    let found = scene.programs.discover(&scene.mirror, &scene.tree).await.unwrap();
    let shown: Vec<String> = found.iter().map(|found| format!("{} {:?}", found.name, found.source)).collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    default Yaml(["loose/x.yaml"])
    plain Helm { chart: "charts/plain", values: [], release: None, namespace: None }
    production Kustomize(["overlays/production"])
    production-helm Helm { chart: "charts/web", values: ["charts/web/values-production.yaml"], release: None, namespace: None }
    staging Kustomize(["overlays/staging"])
    "#);
    let less = found.iter().take(1).cloned().collect();
    assert_eq!(unite(less, found.clone()), found);
}
