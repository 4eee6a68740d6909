//! What a cluster could not tell.

use super::fixture::*;
use super::tables::ready;
use crate::decide::decide;
use crate::evaluation::EnvironmentError;
use crate::object::ObjectRef;

#[test]
fn what_the_cluster_cannot_tell_names_its_object_once() {
    let object = ObjectRef {
        group: "example.org".to_owned(),
        version: "v1".to_owned(),
        kind: "Widget".to_owned(),
        namespace: "shop".to_owned(),
        name: "web".to_owned(),
    };
    for message in ["no answer".to_owned(), format!("{object}: no answer")] {
        let mut snapshot = ready();
        let mut evaluation = evaluation(vec![unit(Vec::new())]);
        evaluation.environments[0].errors =
            vec![EnvironmentError { object: Some(object.clone()), message, undecided: true }];
        snapshot.evaluation = evaluation;
        redigest(&mut snapshot);
        let plan = decide(&snapshot);
        let reason = plan.verdict.reasons().iter().find(|reason| reason.code == "cluster").unwrap();
        assert!(reason.message.ends_with(&format!(": {object}: no answer")), "{}", reason.message);
        assert_eq!(reason.message.matches("Widget").count(), 1, "{}", reason.message);
    }
}
