//! Custom resource definitions that change under live objects which are not part of the change: what is told of those is
//! what comes of them.

use reqwest::Method;

use super::faults::between::{Between, Fault};
use super::faults::through;
use super::*;

/// A kind `Widget` of a group that nobody else has.
pub(super) struct Kind<'a> {
    world: &'a World,
    group: String,
}

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/// What `spec` may have.
pub(super) fn loose() -> Value {
    json!({ "size": { "type": "integer" }, "color": { "type": "string" } })
}

pub(super) fn version(name: &str, served: bool, properties: &Value) -> Value {
    let spec = json!({ "type": "object", "properties": properties });
    json!({ "name": name, "served": served, "storage": name == "v1", "schema": {
        "openAPIV3Schema": { "type": "object", "properties": { "spec": spec } },
    }})
}

impl<'a> Kind<'a> {
    pub(super) async fn new(world: &'a World, versions: Value) -> Self {
        let kind = Self { world, group: format!("{}.example.org", world.namespace) };
        kind.apply(&kind.definition(versions.clone())).await;
        world.define(&kind.definition(versions), &kind.group).await;
        kind
    }

    pub(super) fn definition(&self, versions: Value) -> Value {
        json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": { "name": format!("widgets.{}", self.group) },
            "spec": {
                "group": self.group, "scope": "Namespaced", "names": { "kind": "Widget", "plural": "widgets" },
                "versions": versions,
            },
        })
    }

    fn path(&self) -> String {
        format!("{DEFINITIONS}/widgets.{}", self.group)
    }

    /// As the environment's applier does.
    pub(super) async fn apply(&self, definition: &Value) {
        let path = format!("{}?fieldManager={MANAGER}&force=true", self.path());
        self.world.server.patch(&path, "application/apply-patch+yaml", definition).await;
    }

    pub(super) fn widget(&self, version: &str, name: &str, spec: Value) -> Value {
        self.world.object(&format!("{}/{version}", self.group), "Widget", name, json!({ "spec": spec }))
    }

    pub(super) async fn make(&self, version: &str, name: &str, spec: Value) -> Value {
        let widget = self.widget(version, name, spec);
        self.world.apply(&widget, "somebody").await;
        widget
    }

    /// What is said of the change from one to another definition, and of what else the change has.
    async fn said(&self, base: &Value, head: Option<&Value>, more: Vec<PredictInput>) -> Predicted {
        let inputs = std::iter::once(input(Some(base), head)).chain(more).collect();
        self.world.predict(&environment(), inputs).await
    }

    fn check(&self, predicted: &Predicted) -> String {
        let Effect { operation, settled, reason, .. } = &predicted.effects[0];
        let reason = reason.clone().unwrap_or_default();
        format!("{operation:?} (settled {settled:?}): {reason}").replace(&self.world.namespace, "NS")
    }

    /// Waits until the server judges by a new definition: an object that it must not take is refused.
    pub(super) async fn in_force(&self, refused: &Value) {
        let url =
            format!("{}{}?dryRun=All&fieldManager=probe", self.world.server.url(), self.world.path(refused));
        for _ in 0..200 {
            let request = self.world.server.http().patch(&url).bearer_auth(self.world.server.admin_token());
            let request =
                request.header("content-type", "application/apply-patch+yaml").body(refused.to_string());
            if !request.send().await.unwrap().status().is_success() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("the definition never comes into force");
    }
}

/// A kind as base defines it, and that definition.
async fn defined(world: &World, versions: Value) -> (Kind<'_>, Value) {
    let kind = Kind::new(world, versions.clone()).await;
    let base = kind.definition(versions);
    (kind, base)
}

#[tokio::test]
async fn a_schema_that_tightens_tells_how_many_live_objects_it_leaves_behind() {
    let Some(world) = World::new().await else { return };
    let (kind, base) = defined(&world, json!([version("v1", true, &loose())])).await;
    for (name, size) in [("small", 3), ("large", 9), ("mended", 9), ("also-large", 10)] {
        kind.make("v1", name, json!({ "size": size })).await;
    }
    let tight = json!({ "size": { "type": "integer", "maximum": 5 }, "color": { "type": "string" } });
    let head = kind.definition(json!([version("v1", true, &tight)]));
    // The change mends one of them itself, and is judged by what it says of that.
    let mended = input(
        Some(&kind.widget("v1", "mended", json!({ "size": 9 }))),
        Some(&kind.widget("v1", "mended", json!({ "size": 4 }))),
    );
    let predicted = kind.said(&base, Some(&head), vec![mended]).await;
    assert_snapshot!(kind.check(&predicted), @"Update (settled Some(true)): 2 live objects have values that are not valid any more");
    assert!(predicted.effects[0].risks.contains(&Risk::Image) && predicted.errors.is_empty());

    kind.apply(&head).await;
    kind.in_force(&kind.widget("v1", "new", json!({ "size": 9 }))).await;
    for (name, size, valid) in [("small", 3, true), ("large", 9, false), ("also-large", 10, false)] {
        // Whoever writes it anew is refused.
        let anew = kind.widget("v1", &format!("{name}-anew"), json!({ "size": size }));
        let tried = world.cluster.dry_run(&reference(&anew), &Write::Create(anew), "somebody").await.unwrap();
        assert_eq!(matches!(tried.prediction, Prediction::Object(_)), valid, "{name}");
    }
}

#[tokio::test]
async fn a_schema_that_forgets_a_field_tells_which_live_objects_lose_it() {
    let Some(world) = World::new().await else { return };
    let (kind, base) = defined(&world, json!([version("v1", true, &loose())])).await;
    let coloured = kind.make("v1", "coloured", json!({ "size": 1, "color": "red" })).await;
    kind.make("v1", "plain", json!({ "size": 1 })).await;
    let head = kind.definition(json!([version("v1", true, &json!({ "size": { "type": "integer" } }))]));
    let predicted = kind.said(&base, Some(&head), Vec::new()).await;
    assert_snapshot!(kind.check(&predicted), @"Update (settled Some(true)): 1 live object loses what it has: `NS/coloured` (`spec.color`)");
    assert!(predicted.effects[0].risks.contains(&Risk::DataLoss));

    kind.apply(&head).await;
    kind.in_force(&kind.widget("v1", "new", json!({ "size": "text" }))).await;
    let mut live = world.live(&coloured).await.unwrap();
    for _ in 0..100 {
        if live["spec"].get("color").is_none() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        live = world.live(&coloured).await.unwrap();
    }
    assert_eq!(live["spec"], json!({ "size": 1 }));
}

#[tokio::test]
async fn a_version_that_stores_less_tells_which_live_objects_lose_it() {
    let Some(world) = World::new().await else { return };
    let (kind, base) = defined(&world, json!([version("v1", true, &loose())])).await;
    let coloured = kind.make("v1", "coloured", json!({ "size": 1, "color": "red" })).await;
    kind.make("v1", "plain", json!({ "size": 1 })).await;
    let (mut old, mut new) =
        (version("v1", true, &loose()), version("v2", true, &json!({ "size": { "type": "integer" } })));
    (old["storage"], new["storage"]) = (json!(false), json!(true));
    let head = kind.definition(json!([old, new]));
    let predicted = kind.said(&base, Some(&head), Vec::new()).await;
    assert_snapshot!(kind.check(&predicted), @"Update (settled Some(true)): 1 live object loses what it has: `NS/coloured` (`spec.color`, when it is next stored, as `v2`)");
    assert!(predicted.effects[0].risks.contains(&Risk::DataLoss));

    kind.apply(&head).await;
    let mut live = coloured.clone();
    for look in 0..100 {
        // Whoever writes anything else.
        world.edit(&coloured, json!({ "metadata": { "labels": { "look": look.to_string() } } })).await;
        live = world.live(&coloured).await.unwrap();
        if live["spec"].get("color").is_none() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(live["spec"], json!({ "size": 1 }));
}

#[tokio::test]
async fn nobody_reads_elsewhere_by_a_pattern() {
    let Some(world) = World::new().await else { return };
    let text = |rest: Value| {
        let mut token = json!({ "type": "string" });
        token.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        json!([version("v1", true, &json!({ "token": token }))])
    };
    let kind = Kind::new(&world, text(json!({}))).await;
    kind.make("v1", "salaries", json!({ "token": "hunter2" })).await;
    let base = kind.definition(text(json!({})));
    let between = Between::start(world.server, |_| Fault::None).await;
    let cluster = through(&between, world.server, world.server.admin_token(), Patience::USUAL).await;
    let elsewhere = Environment { destinations: vec!["shop".to_owned()], ..environment() };
    let mut all = Vec::new();
    for pattern in ["^g", "^h"] {
        let head = kind.definition(text(json!({ "pattern": pattern })));
        let predicted = predict(&cluster, &elsewhere, vec![input(Some(&base), Some(&head))]).await;
        all.push(kind.check(&predicted));
        // Nor is it told where it may be looked at whose value it is.
        let predicted = kind.said(&base, Some(&head), Vec::new()).await;
        assert!(!words(&predicted).contains("salaries"), "{}", words(&predicted));
    }
    assert_eq!(all[0], all[1]);
    assert_snapshot!(all[0], @"Update (settled None): predicted by rendering: it is in none of the environment's `destinations`; live objects of its kind were not looked at");
    assert_eq!(between.asked(|path| path.contains("widgets")), 0);
}

#[tokio::test]
async fn a_version_that_is_served_no_more_tells_who_still_writes_in_it() {
    let Some(world) = World::new().await else { return };
    let (kind, base) =
        defined(&world, json!([version("v1", true, &loose()), version("v1beta1", true, &loose())])).await;
    kind.make("v1", "new", json!({ "size": 1 })).await;
    let old = kind.make("v1beta1", "old", json!({ "size": 1 })).await;
    let unserved =
        kind.definition(json!([version("v1", true, &loose()), version("v1beta1", false, &loose())]));
    let predicted = kind.said(&base, Some(&unserved), Vec::new()).await;
    assert_snapshot!(kind.check(&predicted), @"Update (settled Some(true)): 1 live object is written in a version that is served no more: `NS/old` (`v1beta1`)");
    // One that is gone from the definition altogether says the same, as long as nothing was ever stored in it.
    let gone = kind.definition(json!([version("v1", true, &loose())]));
    let also = kind.said(&base, Some(&gone), Vec::new()).await;
    assert_eq!(kind.check(&also), kind.check(&predicted));

    kind.apply(&unserved).await;
    kind.in_force(&old).await;
}

#[tokio::test]
async fn a_version_in_which_objects_are_stored_cannot_go() {
    let Some(world) = World::new().await else { return };
    let (kind, base) = defined(&world, json!([version("v1", true, &loose())])).await;
    let mut other = version("v2", true, &loose());
    other["storage"] = json!(true);
    let head = kind.definition(json!([other]));
    let predicted = kind.said(&base, Some(&head), Vec::new()).await;
    let said = kind.check(&predicted);
    assert!(
        said.starts_with("Fail (settled Some(false)): the cluster refuses it: ")
            && said.contains("storedVersions"),
        "{said}"
    );

    // Where dry runs are off, the live definition tells it.
    let account = world.server.token_for(&world.namespace, "bot").await;
    let rules = json!([
        { "apiGroups": ["apiextensions.k8s.io"], "resources": ["customresourcedefinitions"], "verbs": ["get"] },
        { "apiGroups": [kind.group], "resources": ["widgets"], "verbs": ["get", "list"] },
    ]);
    world.server.allow_everywhere(&account, rules).await;
    let cluster = connect(&world.server.kubeconfig_for(&world.namespace, &account.token)).await.checked();
    let predicted = predict(&cluster, &environment(), vec![input(Some(&base), Some(&head))]).await;
    assert_eq!(predicted.tier, Tier::Live);
    assert_snapshot!(kind.check(&predicted), @"Fail (settled None): the cluster refuses it: objects may be stored as v1, which it does not have any more: bring them into another version first, and take it out of `status.storedVersions`");
}

#[tokio::test]
async fn a_definition_that_goes_tells_what_goes_with_it() {
    let Some(world) = World::new().await else { return };
    let (kind, base) = defined(&world, json!([version("v1", true, &loose())])).await;
    let none = kind.said(&base, None, Vec::new()).await;
    assert_snapshot!(kind.check(&none), @"Delete (settled None): no live objects go with it that the change does not name");
    let mut all = Vec::new();
    for name in ["a", "b", "c"] {
        all.push(kind.make("v1", name, json!({})).await);
    }
    let predicted = kind.said(&base, None, vec![input(Some(&all[0]), None)]).await;
    assert_snapshot!(kind.check(&predicted), @"Delete (settled None): 2 live objects go with it that the change does not name: `NS/b`, `NS/c`");
    assert!(predicted.effects[0].risks.contains(&Risk::DataLoss));
    // What stays in the cluster stays with all that is of its kind.
    let kept = Environment { prune: false, ..environment() };
    let mut orphan = input(Some(&base), None);
    orphan.effect.operation = Operation::Orphan;
    let predicted = world.predict(&kept, vec![orphan]).await;
    assert_eq!(predicted.effects[0].operation, Operation::Orphan);
    assert!(!kind.check(&predicted).contains("go with it"), "{}", kind.check(&predicted));

    world.server.call(Method::DELETE, &kind.path(), None).await;
}

#[tokio::test]
async fn live_objects_that_may_not_be_listed_are_an_error_and_never_all_well() {
    let Some(world) = World::new().await else { return };
    let (kind, base) = defined(&world, json!([version("v1", true, &loose())])).await;
    let account = world.server.token_for(&world.namespace, "bot").await;
    let rules = json!([{
        "apiGroups": ["apiextensions.k8s.io"], "resources": ["customresourcedefinitions"], "verbs": ["get", "patch"],
    }]);
    world.server.allow_everywhere(&account, rules).await;
    let cluster = connect(&world.server.kubeconfig_for(&world.namespace, &account.token)).await;
    let head = kind.definition(json!([version("v1", true, &json!({ "size": { "type": "integer" } }))]));
    let predicted = predict(&cluster, &environment(), vec![input(Some(&base), Some(&head))]).await;
    let errors: Vec<String> = predicted
        .errors
        .iter()
        .map(|error| format!("undecided {}: {}", error.undecided, error.message))
        .collect();
    let said = format!("{}\n{}", kind.check(&predicted), errors.join("\n")).replace(&world.namespace, "NS");
    assert_snapshot!(said, @r"
    Update (settled Some(true)): what becomes of live objects of its kind could not be looked at
    undecided true: CustomResourceDefinition widgets.NS.example.org: cluster `test`: the cluster refused to tell (list widgets): the account may not list `widgets.NS.example.org` in the whole cluster: what becomes of live objects of its kind could not be looked at
    ");
    // A change of words alone asks nothing of them.
    let mut words = base.clone();
    words["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["description"] = json!("What a widget is.");
    let predicted = predict(&cluster, &environment(), vec![input(Some(&base), Some(&words))]).await;
    assert_eq!((predicted.errors.len(), predicted.effects[0].reason.clone()), (0, None));
}
