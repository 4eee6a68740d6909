//! What a patch of values would not tell is asked about as the apply that it is.

use super::redefined::{Kind, version};
use super::*;
use countersign_core::patch::Patch;

/// What is said of a change of `color`, where the definition changes after `ours` was applied, and `theirs` by somebody else;
/// then what an apply makes of it, which is refused where that is nothing.
async fn redefined(
    before: Value,
    after: Value,
    ours: Value,
    theirs: Value,
) -> Option<(String, Option<Value>)> {
    let world = World::new().await?;
    let with = |properties: &Value, more: Value| {
        let mut all = properties.clone();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!([version("v1", true, &all)])
    };
    let color = json!({ "color": { "type": "string" } });
    let before = with(&before, json!({ "color": color["color"], "gone": { "type": "string" } }));
    let kind = Kind::new(&world, before).await;
    let widget = |mut spec: Value, color: Option<&str>| {
        if let Some(color) = color {
            spec["color"] = json!(color);
        }
        kind.widget("v1", "w", spec)
    };
    let (base, head) = (widget(ours.clone(), Some("red")), widget(ours, Some("blue")));
    world.apply(&base, MANAGER).await;
    world.apply(&widget(theirs, None), "others").await;
    kind.apply(&kind.definition(with(&after, color))).await;
    kind.in_force(&kind.widget("v1", "probe", json!({ "gone": "x" }))).await;
    let said = world.predict(&environment(), vec![input(Some(&base), Some(&head))]).await;
    let url = format!("{}{}?fieldManager={MANAGER}&force=true", world.server.url(), world.path(&head));
    let applied = world.server.http().patch(url).bearer_auth(world.server.admin_token());
    let applied = applied.header("content-type", "application/apply-patch+yaml").body(head.to_string());
    let applied = applied.send().await.unwrap();
    let became = if applied.status().is_success() { world.live(&head).await } else { None };
    Some((world.check(&said), became.map(|live| live["spec"].clone())))
}

#[tokio::test]
async fn a_value_that_its_definition_takes_no_more_is_refused_though_it_stays() {
    let (text, number) = (json!({ "size": { "type": "string" } }), json!({ "size": { "type": "integer" } }));
    let Some((said, became)) = redefined(text, number, json!({ "size": "one" }), json!({})).await else {
        return;
    };
    assert_eq!(became, None);
    assert_snapshot!(said, @r"
    Fail Widget (DryRun, settled Some(false))
      reason: the cluster refuses it: `spec.size` has a value of the wrong type: numeric (int or float) is expected; base is refused as well
    ");
}

#[tokio::test]
async fn what_others_put_into_a_map_goes_once_its_definition_takes_it_as_one() {
    let merged = json!({ "labels": { "type": "object", "additionalProperties": { "type": "string" } } });
    let mut atomic = merged.clone();
    atomic["labels"]["x-kubernetes-map-type"] = json!("atomic");
    let (ours, theirs) = (json!({ "labels": { "a": "1" } }), json!({ "labels": { "theirs": "1" } }));
    let Some((said, became)) = redefined(merged, atomic, ours, theirs).await else { return };
    assert_eq!(became, Some(json!({ "color": "blue", "labels": { "a": "1" } })));
    assert_snapshot!(said, @r#"
    Update Widget (DryRun, settled Some(false))
      reason: unsettled: what is live is not what base says
    drift Widget
      spec.labels.theirs: "‹live›" → –
    "#);
}

#[tokio::test]
async fn a_text_that_no_apply_can_read_is_refused() {
    let Some(world) = World::new().await else { return };
    let base = world.config_map(json!({ "a": "1" }));
    world.apply(&base, MANAGER).await;
    let said = async |text: &str| {
        let head = world.config_map(json!({ "a": text }));
        let said = world.predict(&environment(), vec![input(Some(&base), Some(&head))]).await;
        world.check(&said)
    };
    assert_snapshot!(said("rub\u{7f}out").await, @r"
    Fail ConfigMap (DryRun, settled Some(false))
      reason: the cluster refuses it: it is not a valid object of its kind
    ");
    // An apply takes this for the end of a line.
    assert_snapshot!(said("next\u{85}line").await, @r#"
    Update ConfigMap (DryRun, settled Some(true))
      data.a: "1" → "next line"
    "#);
}

#[tokio::test]
async fn what_was_made_for_an_object_that_is_gone_meanwhile_is_made_anew() {
    let Some(world) = World::new().await else { return };
    let map = world.config_map(json!({ "a": "1" }));
    let mut replacement = map.clone();
    replacement["metadata"]["resourceVersion"] = json!("1");
    let amendment = json!([{ "op": "replace", "path": "/data/a", "value": "2" }]);
    let writes = [
        Write::Amend(amendment),
        Write::Patch(Patch::Merge(json!({ "data": { "a": "2" } }))),
        Write::Patch(Patch::Strategic(json!({ "data": { "a": "2" } }))),
        Write::Replace(replacement),
    ];
    for write in writes {
        let tried = world.cluster.dry_run(&reference(&map), &write, MANAGER).await;
        assert!(matches!(tried, Err(ClusterError::Moved)), "{write:?}: {tried:?}");
    }
}
