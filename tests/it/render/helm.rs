//! Charts, sound and broken.

use super::*;

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
    insta::assert_snapshot!(check("a: 1", &[("chart/Chart.yaml", "apiVersion: v2\nname: a\n")]).await,
        @"chart/Chart.yaml:-:-: Chart.yaml has no `version`");
    insta::assert_snapshot!(check("a: 1", &[("chart/Chart.yaml", "apiVersion: v2\nname: a\nversion: x.y\n")]).await,
        @"chart/Chart.yaml:-:-: `version` in Chart.yaml is not valid");
    insta::assert_snapshot!(check("a: 1", &[("chart/Chart.yaml", &format!("{CHART}type: library\n"))]).await,
        @"chart/Chart.yaml:-:-: the chart is a library, which others use and nobody installs");
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
async fn a_chart_is_told_the_version_that_the_policy_names() {
    if !has(&["helm"]) {
        return;
    }
    let template = "a: {{ .Capabilities.KubeVersion }}\n";
    let scene = Scene::new(&[("chart/Chart.yaml", CHART), ("chart/templates/x.yaml", template)]).await;
    for (version, want) in [("1.29", "a: v1.29.0"), ("1.35.2", "a: v1.35.2")] {
        let mut unit = chart("chart", &[]);
        if let UnitSource::Helm { kubernetes, .. } = &mut unit.source {
            *kubernetes = Some(version.to_owned());
        }
        let rendering = scene.render(&unit).await.unwrap();
        assert!(rendering.texts.iter().any(|text| text.text.contains(want)), "{:?}", rendering.texts);
    }
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
        assert_eq!(rendering.again.is_none(), want, "{files:?}");
        rendering
    };
    let values = ("v.yaml", "a: 1\n");
    check(&[("chart/templates/x.yaml", "a: {{ .Values.a }}\n"), values], true).await;
    let random = check(&[("chart/templates/x.yaml", "a: {{ randAlphaNum 9 }}\n"), values], false).await;
    assert_ne!(random.again.unwrap(), random.texts, "it was rendered twice");
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
