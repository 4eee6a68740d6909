//! Faults where the live objects of a kind are listed whose definition changes.

use super::super::redefined::{Kind, loose, version};
use super::*;

#[tokio::test]
async fn live_objects_of_a_redefined_kind_are_told_of_or_undecided() {
    let Some(world) = World::new().await else { return };
    let base = json!([version("v1", true, &loose())]);
    let kind = Kind::new(&world, base.clone()).await;
    kind.make("v1", "coloured", json!({ "size": 1, "color": "red" })).await;
    let head = kind.definition(json!([version("v1", true, &json!({ "size": { "type": "integer" } }))]));
    let inputs = [input(Some(&kind.definition(base)), Some(&head))];
    let truth = world.predict(&environment(), inputs.to_vec()).await;
    assert!(truth.effects[0].risks.contains(&Risk::DataLoss), "{}", words(&truth));
    let is_list = |target: &str| target.contains("/widgets?limit=");
    let lost = [((), u32::MAX, LOST_ROUTE, Untold("it does not list `widgets`"))];
    for ((), times, fault, outcome) in rows(&[()]).chain(lost) {
        let plan = move |asked: &Asked| {
            if is_list(&asked.target) && asked.before < times { fault } else { Fault::None }
        };
        let between = Between::start(world.server, plan).await;
        let cluster = through(&between, world.server, world.server.admin_token(), patience(fault)).await;
        let environment = environment();
        let said = predict(&cluster, &environment, inputs.to_vec());
        let said = tokio::time::timeout(HANGING, said).await.expect("an end");
        let about = format!("{fault:?} {times}: {}", words(&said));
        assert!(between.asked(is_list) > 0, "{about}");
        match outcome {
            Told => assert_eq!(said, truth, "{about}"),
            Untold(why) => {
                let [error] = &said.errors[..] else { panic!("{about}") };
                assert!(error.undecided && error.message.contains(why), "{about}");
                let reason = said.effects[0].reason.as_deref();
                let untold = "what becomes of live objects of its kind could not be looked at";
                assert_eq!(reason, Some(untold), "{about}");
            }
        }
    }
}
