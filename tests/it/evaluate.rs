//! From two trees to an evaluation: what a side that does not render means, and what moves between units.

use std::path::Path;

use countersign::engine::{Asking, Evaluator, Quiet};
use countersign::ports::Source as _;
use countersign::render::{Programs, RenderSettings};
use countersign::source::Mirror;
use countersign_core::environment::{ApplyMode, Environment, EnvironmentSource, OnUnreachable};
use countersign_core::evaluation::{Evaluation, UnitEvaluation};
use countersign_core::object::SealingKey;
use countersign_core::revision::Diff;
use tempfile::TempDir;

use crate::source::git;

/// Two sides of a repository, and a third one on top of either where somebody else merged something.
struct Scene {
    repo: TempDir,
    scratch: TempDir,
}

impl Scene {
    fn new(base: &[(&str, &str)], head: &[(&str, &str)]) -> Self {
        let scene = Self { repo: TempDir::new().unwrap(), scratch: TempDir::new().unwrap() };
        git(scene.repo.path(), &["init", "-q", "-b", "main"]);
        scene.commit("main", base);
        git(scene.repo.path(), &["checkout", "-q", "-b", "head"]);
        scene.commit("head", head);
        scene
    }

    /// An empty text removes a file.
    fn commit(&self, branch: &str, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = self.repo.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            if text.is_empty() {
                std::fs::remove_file(path).unwrap();
            } else {
                std::fs::write(path, text).unwrap();
            }
        }
        git(self.repo.path(), &["add", "-A"]);
        git(self.repo.path(), &["commit", "-q", "--allow-empty", "-m", branch]);
    }

    async fn evaluate(&self) -> Evaluation {
        let mirror = Mirror::local(self.repo.path()).await.unwrap();
        let mut trees = Vec::new();
        for branch in ["main", "head"] {
            let commit = mirror.resolve(branch).await.unwrap();
            trees.push(mirror.tree_of(&commit).await.unwrap());
        }
        let trees = Diff { base: trees.remove(0), head: trees.remove(0) };
        let sandbox = Path::new(env!("CARGO_BIN_EXE_countersign")).to_owned();
        let programs =
            Programs::new(RenderSettings::new(self.scratch.path().join("scratch"), sandbox)).unwrap();
        let evaluator = Evaluator {
            source: &mirror,
            renderer: &programs,
            clusters: Asking::Nobody,
            key: &SealingKey::new([7; 32]),
            mask: &[],
            inventory: None,
            parallel: 2,
            progress: &Quiet,
        };
        evaluator.evaluate(&trees, &[production()], false).await.unwrap()
    }
}

fn production() -> Environment {
    Environment {
        name: "production".to_owned(),
        source: EnvironmentSource::Yaml(vec!["one".to_owned(), "two".to_owned()]),
        cluster: None,
        apply: ApplyMode::default(),
        field_manager: "kubectl".to_owned(),
        prune: true,
        on_unreachable: OnUnreachable::default(),
        default_namespace: Some("shop".to_owned()),
        destinations: Vec::new(),
        unforced: false,
        kubernetes: None,
    }
}

fn config(name: &str, value: &str) -> String {
    format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{k: {value}}}\n")
}

const BROKEN: &str = "apiVersion: v1\nkind: [\n";

fn told(unit: &UnitEvaluation) -> String {
    let effect = |effect: &countersign_core::effect::Effect| {
        let operation = serde_json::to_value(effect.operation).unwrap();
        let from = effect.moved_from.as_ref().map(|from| format!(" from {from}")).unwrap_or_default();
        let reason = effect.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        format!("\n  {} {}{from}{reason}", operation.as_str().unwrap(), effect.object)
    };
    let effects: String = unit.effects.iter().map(effect).collect();
    format!("{} {:?} → {:?}{effects}", unit.name, unit.sides.base, unit.sides.head)
}

async fn check(base: &[(&str, &str)], head: &[(&str, &str)]) -> (String, Evaluation) {
    let evaluation = Scene::new(base, head).evaluate().await;
    let lines: Vec<String> = evaluation.environments[0].units.iter().map(told).collect();
    (lines.join("\n"), evaluation)
}

// 66. One unit's render failure leaves other diffs visible, and is not shown as mass deletion.
#[tokio::test]
async fn head_fails_and_nothing_looks_deleted() {
    let (a, b, c) = (config("a", "x"), config("b", "x"), config("b", "y"));
    let (told, evaluation) =
        check(&[("one/a.yaml", &a), ("two/b.yaml", &b)], &[("one/a.yaml", BROKEN), ("two/b.yaml", &c)]).await;
    insta::assert_snapshot!(told, @r"
    one Rendered → Failed
    two Rendered → Rendered
      update ConfigMap shop/b
    ");
    let unit = &evaluation.environments[0].units[0];
    assert_eq!((unit.errors.len(), unit.already_broken), (1, false));
    assert_eq!(unit.errors[0].file.as_deref(), Some("one/a.yaml"));
}

#[tokio::test]
async fn a_repair_shows_all_of_head() {
    let a = config("a", "x") + &config("b", "x");
    let (told, evaluation) = check(&[("one/a.yaml", BROKEN)], &[("one/a.yaml", &a)]).await;
    insta::assert_snapshot!(told, @r"
    one Failed → Rendered
      create ConfigMap shop/a: base could not be rendered, so all of it is shown
      create ConfigMap shop/b: base could not be rendered, so all of it is shown
    ");
    assert!(!evaluation.environments[0].units[0].already_broken);
}

#[tokio::test]
async fn what_was_broken_before_is_told_as_that() {
    let base = [("one/a.yaml", BROKEN), ("one/notes.yaml", "# a\n")];
    let (told, evaluation) = check(&base, &[("one/notes.yaml", "# b\n")]).await;
    insta::assert_snapshot!(told, @"one Failed → Failed");
    assert!(!evaluation.environments[0].units[0].already_broken, "the change touches what the unit reads");
    let (told, _) = check(&base, &[("README.md", "# b\n")]).await;
    assert_eq!(told, "", "a change that has nothing to do with it does not render it");
}

#[tokio::test]
async fn a_unit_that_goes_is_deleted_and_one_that_comes_is_created() {
    let (a, b) = (config("a", "x"), config("b", "x"));
    let (told, _) = check(&[("one/a.yaml", &a)], &[("one/a.yaml", ""), ("two/b.yaml", &b)]).await;
    insta::assert_snapshot!(told, @r"
    one Rendered → Absent
      delete ConfigMap shop/a
    two Absent → Rendered
      create ConfigMap shop/b
    ");
}

#[tokio::test]
async fn an_object_moves_between_units() {
    let (a, b) = (config("a", "x") + &config("same", "x"), config("a", "x"));
    let (told, _) =
        check(&[("one/a.yaml", &a)], &[("one/a.yaml", &config("same", "x")), ("two/b.yaml", &b)]).await;
    insta::assert_snapshot!(told, @r"
    one Rendered → Rendered
    two Absent → Rendered
      none ConfigMap shop/a from one: only changes hands
    ");
}

// 15. The same object owned by two units is reported, although one of the two does not change it.
#[tokio::test]
async fn an_object_that_is_equal_in_another_file_has_two_owners_all_the_same() {
    let (both, other) = (config("a", "x") + &config("c", "x"), config("b", "x"));
    let (told, _) = check(
        &[("one/a.yaml", &both), ("two/b.yaml", &other)],
        &[
            ("one/a.yaml", &(both.clone() + &config("d", "x"))),
            ("two/b.yaml", &(other.clone() + &config("c", "y"))),
        ],
    )
    .await;
    insta::assert_snapshot!(told, @r"
    one Rendered → Rendered
      create ConfigMap shop/d
    two Rendered → Rendered
      create ConfigMap shop/c: also owned by one: the one that applies last wins
    ");
}

#[tokio::test]
async fn an_object_that_an_untouched_unit_holds_has_two_owners() {
    let (a, b) = (config("a", "x"), config("b", "x"));
    let base = [("one/a.yaml", a.as_str()), ("two/b.yaml", b.as_str())];
    let (told, evaluation) = check(&base, &[("one/b.yaml", &config("b", "y"))]).await;
    insta::assert_snapshot!(told, @r"
    one Rendered → Rendered
      create ConfigMap shop/b: also owned by two: the one that applies last wins
    ");
    assert_eq!(evaluation.environments[0].errors, []);
    let (told, _) = check(&base, &[("one/c.yaml", &config("c", "y"))]).await;
    insta::assert_snapshot!(told, @r"
    one Rendered → Rendered
      create ConfigMap shop/c
    ");
}

// 13. An object without namespace gets none when its kind is cluster-scoped, wherever the definition stands.
#[tokio::test]
async fn a_kind_that_is_defined_elsewhere_lives_where_its_definition_says() {
    let planet =
        |name: &str| format!("---\napiVersion: example.org/v1\nkind: Planet\nmetadata: {{name: {name}}}\n");
    let definition = |scope: &str| {
        format!(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: planets.example.org}}\nspec: \
             {{group: example.org, scope: {scope}, names: {{kind: Planet, plural: planets}}}}\n"
        )
    };
    let (mars, both) = (planet("mars"), planet("mars") + &planet("venus"));
    let base = |path: &'static str, scope: &str| [("one/a.yaml", mars.clone()), (path, definition(scope))];
    let judged = async |base: [(&str, String); 2], head: &[(&str, &str)]| {
        let base = base.each_ref().map(|(path, text)| (*path, text.as_str()));
        check(&base, head).await.0
    };
    let adds = [("one/a.yaml", both.as_str())];
    // In another unit, in no unit, and of a kind that lives in namespaces.
    insta::assert_snapshot!(judged(base("two/crd.yaml", "Cluster"), &adds).await, @r"
    one Rendered → Rendered
      create Planet venus
    ");
    insta::assert_snapshot!(judged(base("crds/planets.yaml", "Cluster"), &adds).await, @r"
    one Rendered → Rendered
      create Planet venus
    ");
    insta::assert_snapshot!(judged(base("two/crd.yaml", "Namespaced"), &adds).await, @r"
    one Rendered → Rendered
      create Planet shop/venus
    ");
    // The change brings the definition along, and in another unit an object that has two owners then.
    let brought =
        [("one/a.yaml", both.as_str()), ("two/crd.yaml", &definition("Cluster")), ("two/b.yaml", &mars)];
    insta::assert_snapshot!(judged(base("README.md", "Cluster"), &brought).await, @r"
    one Rendered → Rendered
      create Planet venus
    two Absent → Rendered
      create CustomResourceDefinition planets.example.org
      create Planet mars: also owned by one: the one that applies last wins
    ");
}
