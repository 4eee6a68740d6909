//! Reading both sides at once is reading each for itself, whatever they hold.

use proptest::prelude::*;

use super::{KEY, production, told};
use crate::diff::unified;
use crate::effect::{Effect, compare};
use crate::object::{
    ManifestText, ObjectRef, Parsed, RenderedObject, Sealer, TextError, parse_side, parse_sides,
};
use crate::revision::Diff;

type Files = Vec<(Option<&'static str>, String)>;

fn texts(files: &Files) -> Vec<ManifestText<'_>> {
    files.iter().map(|(file, text)| ManifestText { file: *file, text, sources: None }).collect()
}

fn sealer() -> Sealer<'static> {
    Sealer { key: &KEY, environment: "production", mask: &[] }
}

/// Everything that is made of two sides: effects to the last value, texts, and the names of all objects.
type Found = (Vec<Effect>, Vec<String>, [Vec<ObjectRef>; 2]);

fn found(base: &[RenderedObject], head: &[RenderedObject], same: [&[ObjectRef]; 2]) -> Found {
    let effects = compare(&production(), base, head);
    let texts = effects.iter().map(|e| unified(e.before.as_ref(), e.after.as_ref())).collect();
    let names = |objects: &[RenderedObject], same: &[ObjectRef]| {
        let mut all: Vec<ObjectRef> =
            objects.iter().map(|object| object.reference.clone()).chain(same.iter().cloned()).collect();
        all.sort();
        all
    };
    (effects, texts, [names(base, same[0]), names(head, same[1])])
}

fn plain(base: &Files, head: &Files) -> Diff<Result<Vec<RenderedObject>, TextError>> {
    let side = |files: &Files| parse_side(&texts(files), Some("shop"), &sealer(), 2);
    Diff { base: side(base), head: side(head) }
}

fn together(base: &Files, head: &Files, threads: usize) -> Diff<Result<Parsed, TextError>> {
    let sides = Diff { base: texts(base), head: texts(head) };
    parse_sides(&sides, Some("shop"), &sealer(), threads)
}

/// How many objects were found to be the same, after all else was found to agree.
#[track_caller]
fn check(base: &Files, head: &Files) -> usize {
    let alone = plain(base, head);
    let both = together(base, head, 2);
    match (alone.base, alone.head) {
        (Ok(old), Ok(new)) => {
            let (Ok(base), Ok(head)) = (both.base, both.head) else { panic!("an error of its own") };
            let want = found(&old, &new, [&[], &[]]);
            let got = found(&base.objects, &head.objects, [&base.same, &head.same]);
            assert_eq!(told(&got.0), told(&want.0));
            assert_eq!(got, want);
            base.same.len()
        }
        (old, new) => {
            assert_eq!(both.base.map(drop), old.map(drop));
            assert_eq!(both.head.map(drop), new.map(drop));
            0
        }
    }
}

fn one(text: &str) -> Files {
    vec![(Some("a.yaml"), text.to_owned())]
}

fn config(name: &str, value: &str) -> String {
    format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  k: {value}\n")
}

#[test]
fn what_is_equal_is_read_once() {
    let base = config("a", "x") + &config("b", "x") + &config("c", "x");
    let head = config("c", "x") + "---\n# nothing\n" + &config("b", "y") + &config("a", "x");
    assert_eq!(check(&one(&base), &one(&head)), 2);
    assert_eq!(check(&one(&base), &one(&base)), 3);
    let rendered = |text: &str| vec![(None, text.to_owned())];
    assert_eq!(check(&rendered(&base), &rendered(&head)), 2);
    let two = |first: &str, second: &str| {
        vec![(Some("a.yaml"), first.to_owned()), (Some("b.yaml"), second.to_owned())]
    };
    assert_eq!(check(&two(&base, &config("d", "x")), &two(&head, &config("d", "x"))), 3);
}

// What reaches from one document into others makes an equal text another object.
#[test]
fn equal_text_is_not_always_an_equal_object() {
    let planet = "---\n{apiVersion: example.org/v1, kind: Planet, metadata: {name: a}}\n";
    let crd = |scope: &str| {
        format!(
            "---\n{{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {{name: p}}, spec: {{scope: {scope}, group: example.org, names: {{kind: Planet}}}}}}\n"
        )
    };
    let with = |scope: &str| one(&(crd(scope) + planet));
    assert_eq!(check(&with("Namespaced"), &with("Cluster")), 0);
    assert_eq!(check(&with("Cluster"), &with("Cluster")), 2);
    let apart = |scope: &str| vec![(Some("a.yaml"), planet.to_owned()), (Some("b.yaml"), crd(scope))];
    assert_eq!(check(&apart("Namespaced"), &apart("Cluster")), 0);

    let secret = |hash: &str| {
        format!(
            "---\n{{apiVersion: v1, kind: Secret, metadata: {{name: db-{hash}}}, stringData: {{k: v}}}}\n"
        )
    };
    let user =
        "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {k: 'a db-7h2k9m4tgb b'}}\n";
    assert_eq!(check(&one(&(secret("7h2k9m4tgb") + user)), &one(&(secret("2bcdfghkm4") + user))), 0);
    assert_eq!(check(&one(&(secret("2bcdfghkm4") + user)), &one(&(secret("7h2k9m4tgb") + user))), 0);
    assert_eq!(check(&one(&(secret("7h2k9m4tgb") + user)), &one(&(secret("7h2k9m4tgb") + user))), 2);
    let other = "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {k: v}}\n";
    assert_eq!(check(&one(&(secret("7h2k9m4tgb") + other)), &one(&(secret("2bcdfghkm4") + other))), 1);

    let twice = config("a", "x") + &config("b", "x");
    assert_eq!(check(&one(&twice), &one(&(twice.clone() + &config("a", "y")))), 0);
}

fn document() -> impl Strategy<Value = String> {
    let name = || {
        prop::sample::select(vec!["a", "b", "c", "db-7h2k9m4tgb", "db-2bcdfghkm4", "\"db-2bcdfghk\\x6d4\""])
    };
    let value = prop::sample::select(vec![
        "x",
        "y",
        "null",
        "'db-7h2k9m4tgb'",
        "use db-2bcdfghkm4 here",
        "|\n    ---\n    kind: Node",
        "\"a\n  --- b\"",
        "|-\n    a\n\n    b",
        "hunter2 # note",
        "*x",
        "&x v",
        "'open",
        "[1, 2",
        "\"a\n---\nb\"",
        "1.0",
        "off",
    ]);
    (0..9_u8, name(), value).prop_map(|(form, name, value)| match form {
        0 | 1 => format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  k: {value}\n"),
        2 => format!("--- # a secret\napiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\nstringData:\n  k: {value}\n"),
        3 => format!("---\napiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: {name}\n  data: {{}}\n- apiVersion: example.org/v1\n  kind: Planet\n  metadata:\n    name: {name}\n"),
        4 => format!("---\napiVersion: example.org/v1\nkind: Planet\nmetadata:\n  name: {name}\nspec:\n  password: {value}\n"),
        5 => "---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: planets\nspec:\n  scope: Cluster\n  group: example.org\n  names: {kind: Planet}\n".to_owned(),
        6 => format!("---\n# only {name}\n"),
        7 => format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n...\n"),
        _ => format!("---\napiVersion: batch/v1\nkind: Job\nmetadata:\n  generateName: {name}\n"),
    })
}

fn side() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(document(), 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn both_at_once_is_each_alone(
        shared in side(), base in side(), head in side(), turn in any::<bool>(), ends in prop::sample::select(vec!["", "%YAML 1.1\n", "\u{feff}", "\r\n", "{"]),
    ) {
        let mut all = [shared.clone(), head].concat();
        if turn {
            all.reverse();
        }
        let base = [shared, base].concat().concat();
        let head = all.concat() + ends;
        check(&one(&base), &one(&head));
        check(&vec![(None, base.clone()), (None, head.clone())], &vec![(None, head.clone()), (None, base.clone())]);
        check(&one(&base.replace('\n', "\r\n")), &one(&head.replace('\n', "\r\n")));
    }

    /// The same with documents that all can be read, so that there is much to share.
    #[test]
    fn what_can_be_read_is_shared(names in prop::collection::btree_map("[a-h]", "[x-z]", 1..8), changed in "[a-h]", by in 0..8_usize) {
        let documents: Vec<String> = names.iter().map(|(name, value)| config(name, value)).collect();
        let mut others: Vec<String> = names.iter().map(|(name, value)| config(name, if *name == changed { "other" } else { value })).collect();
        let length = others.len();
        others.rotate_left(by % length);
        let same = check(&one(&documents.concat()), &one(&others.concat()));
        prop_assert_eq!(same, names.len() - usize::from(names.contains_key(&changed)));
    }
}
