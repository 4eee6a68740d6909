//! Kustomizations, sound and broken.

use super::*;

const NAMESPACED: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a.b, namespace: shop}\n";

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
    insta::assert_snapshot!(check(&[root("resources: [x.yaml, b]\n"), ("a/x.yaml", NAMESPACED),
            ("a/b/kustomization.yaml", "resources: [y.yaml]\n"), ("a/b/y.yaml", NAMESPACED)]).await,
        @"-:-:-: ConfigMap `a.b` in namespace `shop` is defined twice");
    insta::assert_snapshot!(check(&[root("resources: [b]\n"), ("a/b/kustomization.yaml", "# nothing\n")]).await,
        @"a/b/kustomization.yaml:-:-: the kustomization is empty");
    insta::assert_snapshot!(check(&[root("resources:\n- x.yaml\n- kustomization.yaml\n"), x]).await,
        @"a/kustomization.yaml:3:3: a kustomization is listed as a resource; list its folder, or nothing where it lists itself");
    insta::assert_snapshot!(check(&[root("configMapGenerator:\n- name: a\n  files: [\"a=https://x.example/y.json\"]\n")]).await,
        @"a/kustomization.yaml:3:14: `https://x.example/y.json` is a remote file, which is not fetched; copy it into the repository");
    insta::assert_snapshot!(
        check(&[root("resources: [x.yaml]\npatches: [{path: p.yaml, target: {kind: ConfigMap}}]\n"), x,
            ("a/p.yaml", "- {op: replace, path: /spec/replicas, value: 1}\n")]).await,
        @"-:-:-: a JSON patch cannot be applied at `/spec/replicas`, since the object has no such place");
    insta::assert_snapshot!(
        check(&[root("resources: [x.yaml]\npatches: [{path: p.yaml, target: {kind: ConfigMap}}]\n"), x,
            ("a/p.yaml", "- {op: add, path: /metadata/labels/app, value: a}\n")]).await,
        @"-:-:-: a JSON patch cannot be applied at `/metadata/labels/app`, since the object has no such place");
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
