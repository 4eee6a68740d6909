//! What is found of one side of a change does not depend on the other one, which was looked at before.

use proptest::prelude::*;

use super::*;

/// Files of a tree; of a file and what lies below it, the first stays.
fn files() -> impl Strategy<Value = BTreeMap<&'static str, &'static str>> {
    let kustomization = prop::sample::select(vec![
        "resources: [x.yaml]\n",
        "resources: [../a, shop]\n",
        "resources: [../b]\nnamePrefix: shop\n",
        "resources: [../c/d]\nnamespace: x.yaml\n",
        "resources: [../../a]\npatches: [{path: ./shop/y.yaml}]\n",
        "generators: [gen.yaml]\n",
        "kind: Component\ncomponents: [../b, ../c/d]\n",
        "resources: [\n",
    ]);
    let configuration = prop::sample::select(vec!["a: shop/y.yaml\n", "a: ../b/x.yaml\n", "a: [\n"]);
    let other = prop::sample::select(vec!["x: 1\n", "x: 2\n"]);
    let kustomizations = [
        "a/kustomization.yaml",
        "b/kustomization.yaml",
        "b/kustomization.yml",
        "c/d/Kustomization",
        "c/d/kustomization.yaml",
    ];
    let configurations = ["a/gen.yaml", "b/gen.yaml", "c/d/gen.yaml"];
    let others =
        ["a/x.yaml", "b/x.yaml", "c/d/x.yaml", "a/shop", "b/shop", "a/shop/y.yaml", "b/shop/y.yaml", "c/d"];
    let some = |paths: &[&'static str], text: prop::sample::Select<&'static str>| {
        prop::collection::btree_map(prop::sample::select(paths.to_vec()), text, 0..paths.len())
    };
    let all =
        (some(&kustomizations, kustomization), some(&configurations, configuration), some(&others, other));
    all.prop_map(|(one, two, three)| {
        let mut files: BTreeMap<&str, &str> = BTreeMap::new();
        for (path, text) in one.into_iter().chain(two).chain(three) {
            let below = |a: &str, b: &str| a.strip_prefix(b).is_some_and(|rest| rest.starts_with('/'));
            if !files.keys().any(|other| below(other, path) || below(path, other)) {
                files.insert(path, text);
            }
        }
        files
    })
}

fn written(repo: &Path, files: &BTreeMap<&str, &str>) -> ObjectId {
    for entry in std::fs::read_dir(repo).unwrap().flatten().filter(|entry| entry.file_name() != ".git") {
        let path = entry.path();
        if path.is_dir() {
            std::fs::remove_dir_all(path).unwrap()
        } else {
            std::fs::remove_file(path).unwrap()
        }
    }
    for (path, text) in files {
        let path = repo.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    git(repo, &["add", "-A"]);
    git(repo, &["write-tree"]).parse().unwrap()
}

/// The environments of a tree, and what each folder with a kustomization reads there.
async fn found(programs: &Programs, mirror: &Mirror, tree: &ObjectId) -> (Vec<Environment>, Vec<ReadSet>) {
    let same = Diff { base: tree.clone(), head: tree.clone() };
    let environments = programs.discover(mirror, &same).await.unwrap();
    let mut reads = Vec::new();
    for root in ["a", "b", "c/d"] {
        let source = UnitSource::Kustomize { root: root.to_owned() };
        let unit = UnitSpec { name: root.to_owned(), path: root.to_owned(), source };
        let found = programs.read_sets(mirror, tree, &[unit]).await.unwrap();
        reads.push(found[0].whole().as_ref().clone());
    }
    (environments, reads)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_is_found_as_if_it_were_alone(base in files(), change in files()) {
        let repo = TempDir::new().unwrap();
        git(repo.path(), &["init", "-q", "-b", "main"]);
        // Most of head is base.
        let mut head = base.clone();
        for (path, text) in &change {
            let near = |other: &str| other.starts_with(&format!("{path}/")) || path.starts_with(&format!("{other}/"));
            head.retain(|other, _| !near(other));
            if head.insert(path, text) == Some(*text) {
                head.remove(path);
            }
        }
        let [base, head] = [&base, &head].map(|files| written(repo.path(), files));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mirror = Mirror::local(repo.path()).await.unwrap();
            let scratch = TempDir::new().unwrap();
            let programs = |name: &str| {
                Programs::new(RenderSettings::new(scratch.path().join(name), sandbox_program())).unwrap()
            };
            let (one, other) = (programs("one"), programs("other"));
            let _before = found(&one, &mirror, &base).await;
            prop_assert_eq!(found(&one, &mirror, &head).await, found(&other, &mirror, &head).await);
            Ok(())
        })?;
    }
}
