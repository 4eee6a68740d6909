//! Files in, and for each object of a rendered text where it comes from.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeMap;

use insta::assert_snapshot;

use super::super::tests::SEALER;
use super::*;
use crate::object::{ManifestText, parse_side};

/// A tree in memory, without symlinks.
struct Tree<'a>(BTreeMap<&'a str, &'a str>);

impl Files for Tree<'_> {
    fn look(&self, folder: &str, named: &str) -> Look<'_> {
        let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
        for part in named.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        let path = parts.join("/");
        let within = |file: &&&str| file.starts_with(&format!("{path}/"));
        match self.0.get_key_value(path.as_str()) {
            Some((path, text)) => Look::File { path, text },
            None if self.0.keys().any(|file| within(&file)) => Look::Folder(path),
            None => Look::Nothing,
        }
    }
}

/// Each object of a text and its place, in a line.
fn places(text: &str, sources: &Sources) -> String {
    let texts = [ManifestText { file: None, text, sources: Some(sources) }];
    let objects = parse_side(&texts, None, &SEALER, 1).unwrap();
    let line = |object: &crate::object::RenderedObject| {
        let place = match object.made.as_ref().unwrap() {
            Place::Source { file, line: Some(line) } => format!("{file}:{line}"),
            Place::Source { file, line: None } => file.clone(),
            Place::Rendered { line } => format!("rendered {line}"),
        };
        assert_eq!(object.origin, None);
        format!("{} {place}\n", object.reference)
    };
    objects.iter().map(line).collect()
}

fn kustomized(files: &[(&str, &str)], rendered: &str) -> String {
    places(rendered, &kustomize("over", &Tree(files.iter().copied().collect())))
}

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";

#[test]
fn a_name_is_followed_through_bases_and_components() {
    let files = [
        (
            "over/kustomization.yaml",
            "resources: [../base, own.yaml]\ncomponents: [../part]\nnamespace: prod\nnamePrefix: p-\n",
        ),
        (
            "over/own.yaml",
            "\n\napiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: own}\n",
        ),
        ("part/kustomization.yaml", "kind: Component\nnameSuffix: -c\n"),
        (
            "base/kustomization.yaml",
            "resources: [a.yaml]\nnamePrefix: in-\nconfigMapGenerator:\n- literals: [a=b]\n  name: gen\nimages:\n- name: gen\n",
        ),
        (
            "base/a.yaml",
            "# first\nkind: Namespace\napiVersion: v1\nmetadata: {name: shop}\n---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: foos.example.org}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: cr}\n---\n# about\napiVersion: example.org/v1\nkind: Foo\nmetadata: {name: foo, namespace: other}\n",
        ),
    ];
    // As kustomize 5 renders it.
    let rendered = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: prod\n---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: foos.example.org\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: p-in-cr-c\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: p-in-gen-c-4h2mbtbbt6\n  namespace: prod\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: p-own-c\n  namespace: prod\n---\napiVersion: example.org/v1\nkind: Foo\nmetadata:\n  name: p-in-foo-c\n  namespace: prod\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: nobody-knows\n  namespace: prod\n";
    assert_snapshot!(kustomized(&files, rendered), @r"
    Namespace prod base/a.yaml:2
    CustomResourceDefinition foos.example.org base/a.yaml:6
    ClusterRole p-in-cr-c base/a.yaml:10
    ConfigMap prod/p-in-gen-c-4h2mbtbbt6 base/kustomization.yaml:4
    ConfigMap prod/p-own-c over/own.yaml:6
    Foo prod/p-in-foo-c base/a.yaml:15
    ConfigMap prod/nobody-knows rendered 34
    ");
}

#[test]
fn what_is_in_doubt_is_told_of_the_rendered_text() {
    let check = |root: &str, more: &[(&str, &str)], want: &str| {
        let mut files = vec![("over/kustomization.yaml", root), ("over/a.yaml", CONFIG)];
        files.extend(more);
        let told = kustomized(&files, CONFIG);
        assert_eq!(told.trim_end(), format!("ConfigMap a {want}"), "{root}");
    };
    let (known, unknown) = ("over/a.yaml:1", "rendered 1");
    check("resources: [a.yaml]\n", &[], known);
    check(
        "resources: [a.yaml]\npatches: [{patch: 'metadata: {name: b}', target: {kind: ConfigMap}}]\n",
        &[],
        known,
    );
    check(
        "resources: [a.yaml]\npatches: [{path: p.yaml}]\n",
        &[("over/p.yaml", "[{op: add, path: /data, value: {}}]")],
        known,
    );
    check(
        "resources: [a.yaml]\nreplacements: [{source: {kind: X}, targets: [{fieldPaths: [data.a]}]}]\n",
        &[],
        known,
    );
    check("resources: [a.yaml]\ntransformers: []\n", &[], known);
    // What may rename.
    check(
        "resources: [a.yaml]\npatches: [{patch: '[{op: replace, path: /metadata/name, value: b}]'}]\n",
        &[],
        unknown,
    );
    check(
        "resources: [a.yaml]\npatchesJson6902: [{path: p.yaml}]\n",
        &[("over/p.yaml", "[{op: add, path: /metadata/namespace, value: x}]")],
        unknown,
    );
    check("resources: [a.yaml]\npatches: [{path: absent.yaml}]\n", &[], unknown);
    check(
        "resources: [a.yaml]\npatches: [{patch: 'a: b', options: {allowNameChange: true}}]\n",
        &[],
        unknown,
    );
    check(
        "resources: [a.yaml]\nreplacements: [{source: {kind: X}, targets: [{fieldPaths: [metadata.name]}]}]\n",
        &[],
        unknown,
    );
    check(
        "resources: [a.yaml]\nreplacements: [{source: {kind: X}, targets: [{select: {kind: X}}]}]\n",
        &[],
        unknown,
    );
    check("resources: [a.yaml]\nreplacements: [{path: r.yaml}]\n", &[], unknown);
    check("resources: [a.yaml]\ntransformers: [t.yaml]\n", &[], unknown);
    check("resources: [a.yaml]\ngenerators: [t.yaml]\n", &[], unknown);
    check("resources: [a.yaml]\nconfigurations: [c.yaml]\n", &[], unknown);
    check("resources: [a.yaml, absent.yaml]\n", &[], unknown);
    check("resources: [a.yaml, ../over]\n", &[], unknown);
    check("resources: {a: b}\n", &[], unknown);
    // The same name twice, another namespace, and a file that is no manifest.
    check("resources: [a.yaml, b.yaml]\n", &[("over/b.yaml", CONFIG)], unknown);
    check("resources: [a.yaml]\nnamespace: x\n", &[], known);
    check(
        "resources: [b.yaml]\n",
        &[("over/b.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: x}\n")],
        unknown,
    );
    check("resources: [b.yaml]\n", &[("over/b.yaml", "a: [\n")], unknown);
    check("resources: [b.yaml]\n", &[("over/b.yaml", &CONFIG.replace("v1", "example.org/v1"))], unknown);
}

/// Templates by what Helm calls them without the chart's name; they lie below `charts/shop`.
fn helmed(files: &[(&str, &str)], rendered: &str) -> String {
    let named: Vec<(String, String, &str)> = files
        .iter()
        .map(|(path, text)| (format!("web/{path}"), format!("charts/shop/{path}"), *text))
        .collect();
    let asked = helm_files(rendered);
    let known = named.into_iter().filter(|(name, ..)| asked.contains(name));
    let files = known.map(|(name, path, text)| (name, (path, text.to_owned()))).collect();
    places(rendered, &helm(rendered, &files))
}

#[test]
fn a_template_is_named_and_its_line_where_it_says_it() {
    let templates = [
        (
            "crds/c.yaml",
            "# no template\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: foos.example.org}\n---\n# Source: web/templates/b.yaml\napiVersion: v1\nkind: CustomResourceDefinition\nmetadata: {name: bars.example.org}\n",
        ),
        (
            "templates/b.yaml",
            "{{- if true }}\n# about\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n---\n{{/*\nkind: Service\n*/}}\napiVersion: v1\nkind: Service\nmetadata:\n  name: s\n{{- end }}\n---\n{{- range list \"a\" \"b\" }}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: {{ . }}}\n{{- end }}\n",
        ),
        (
            "templates/both.yaml",
            "kind: Secret\napiVersion: v1\nmetadata: {name: {{ .a }}}\n---\nkind: Secret\napiVersion: v1\nmetadata: {name: {{ .b }}}\n",
        ),
        (
            "templates/helped.yaml",
            "{{ include \"web.secret\" . }}\n---\napiVersion: v1\nkind: Event\nmetadata: {name: {{ .a }}}\n",
        ),
        (
            "templates/list.yaml",
            "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Event, metadata: {name: l}}\n",
        ),
        (
            "templates/kind.yaml",
            "apiVersion: v1\nkind: {{ .kind }}\nmetadata: {name: k}\n---\nkind: Lease\napiVersion: v1\nmetadata: {name: {{ .k }}}\n",
        ),
    ];
    // As Helm renders it.
    let rendered = "---\n# Source: web/crds/c.yaml\n# no template\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: foos.example.org}\n---\n# Source: web/templates/b.yaml\napiVersion: v1\nkind: CustomResourceDefinition\nmetadata: {name: bars.example.org}\n\n---\n# Source: web/templates/b.yaml\n# about\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n---\n# Source: web/templates/b.yaml\napiVersion: v1\nkind: Service\nmetadata:\n  name: s\n---\n# Source: web/templates/b.yaml\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\n# Source: web/templates/b.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: b}\n---\n# Source: web/templates/both.yaml\nkind: Secret\napiVersion: v1\nmetadata: {name: one}\n---\n# Source: web/templates/helped.yaml\napiVersion: v1\nkind: Event\nmetadata: {name: e}\n---\n# Source: web/templates/list.yaml\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Event, metadata: {name: l}}\n---\n# Source: web/templates/kind.yaml\nkind: Lease\napiVersion: v1\nmetadata: {name: k}\n---\n# Source: web/charts/packed/templates/x.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\n";
    assert_snapshot!(helmed(&templates, rendered), @r"
    CustomResourceDefinition foos.example.org charts/shop/crds/c.yaml:2
    CustomResourceDefinition bars.example.org charts/shop/crds/c.yaml:7
    ConfigMap x charts/shop/templates/b.yaml:3
    Service s charts/shop/templates/b.yaml:11
    Pod a charts/shop/templates/b.yaml:19
    Pod b charts/shop/templates/b.yaml:19
    Secret one charts/shop/templates/both.yaml
    Event e charts/shop/templates/helped.yaml
    Event l charts/shop/templates/list.yaml
    Lease k charts/shop/templates/kind.yaml
    Pod p rendered 60
    ");
}

#[test]
fn no_manifest_can_say_where_it_comes_from() {
    let templates = [("templates/a.yaml", CONFIG), ("templates/b.yaml", CONFIG)];
    let check = |rendered: &str, want: &str| {
        assert_eq!(helmed(&templates, rendered).trim_end(), want, "{rendered}");
    };
    let of = |file: &str| format!("---\n# Source: web/templates/{file}.yaml\n");
    check(&format!("{}{CONFIG}", of("a")), "ConfigMap a charts/shop/templates/a.yaml:1");
    // A template that begins with a marker of its own.
    check(&format!("{}---\n{CONFIG}", of("a")), "ConfigMap a charts/shop/templates/a.yaml:1");
    check(&format!("{}{}{CONFIG}", of("a"), of("b")), "ConfigMap a rendered 5");
    check(&format!("{}{}{}{CONFIG}", of("a"), of("b"), of("b")), "ConfigMap a rendered 7");
    // Helm's line stands behind its marker and nowhere else.
    check(&format!("# Source: web/templates/b.yaml\n{CONFIG}"), "ConfigMap a rendered 2");
    check(&format!("---\n# x\n# Source: web/templates/b.yaml\n{CONFIG}"), "ConfigMap a rendered 4");
    // Where a file of definitions ends is not known, so nothing below it is.
    let unknown = "---\n# Source: web/crds/absent.yaml\n";
    check(
        &format!("{unknown}{CONFIG}{}{}", of("b"), CONFIG.replace("a}", "b}")),
        "ConfigMap a rendered 3\nConfigMap b rendered 8",
    );
    check(&format!("---\n# Source: web/templates/crds/a.yaml\n{CONFIG}"), "ConfigMap a rendered 3");
}

#[test]
fn both_sides_read_together_say_the_same() {
    let sources = kustomize(
        "over",
        &Tree([("over/kustomization.yaml", "resources: [a.yaml]\n"), ("over/a.yaml", CONFIG)].into()),
    );
    let other = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n";
    let (base, head) =
        (format!("{CONFIG}data: {{k: x}}\n{other}"), format!("{CONFIG}data: {{k: y}}\n{other}"));
    let side = |text| vec![ManifestText { file: None, text, sources: Some(&sources) }];
    let sides = crate::revision::Diff { base: side(&base), head: side(&head) };
    let read = crate::object::parse_sides(&sides, None, &SEALER, 1);
    for side in [read.base.unwrap(), read.head.unwrap()] {
        let [object] = side.objects.as_slice() else { panic!("{side:?}") };
        assert_eq!(object.made, Some(Place::Source { file: "over/a.yaml".to_owned(), line: Some(1) }));
        assert_eq!(side.same.len(), 1);
    }
}

#[test]
fn what_is_remembered_reads_back() {
    let files = Tree([("over/kustomization.yaml", "resources: [a.yaml]\n"), ("over/a.yaml", CONFIG)].into());
    let text = format!("---\n# Source: web/templates/a.yaml\n{CONFIG}");
    let file = ("charts/a.yaml".to_owned(), CONFIG.to_owned());
    for sources in
        [kustomize("over", &files), helm(&text, &[("web/templates/a.yaml".to_owned(), file)].into())]
    {
        assert_ne!(sources, Sources::default());
        let text = serde_json::to_string(&sources).unwrap();
        assert_eq!(serde_json::from_str::<Sources>(&text).unwrap(), sources);
    }
}

proptest::proptest! {
    /// Whatever a text says, each file that is named is one that was given.
    #[test]
    fn no_text_is_too_strange(lines in proptest::collection::vec(proptest::sample::select(vec![
        "---", "# Source: web/templates/a.yaml", "# Source: web/crds/a.yaml", "kind: ConfigMap", "apiVersion: v1",
        "metadata: {name: a}", "{{ if x }}", "{{/*", "*/}}", "", "{{- include }}", "kind: {{ x }}",
    ]), 0..12)) {
        let text = lines.join("\n");
        let files = ["web/templates/a.yaml", "web/crds/a.yaml"]
            .map(|name| (name.to_owned(), (name.replace("web", "charts"), text.clone())));
        let sources = helm(&format!("---\n# Source: web/templates/a.yaml\n{text}\n"), &files.into());
        for stretch in &sources.stretches {
            assert!(stretch.file.as_ref().is_none_or(|file| file.starts_with("charts/")));
            if let Lines::At(line) = stretch.line {
                assert!((line as usize) <= text.lines().count(), "{line} of {text:?}");
            }
        }
    }
}
