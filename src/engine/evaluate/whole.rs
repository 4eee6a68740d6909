//! Whole environments at one tree, against their clusters.

use countersign_core::environment::Environment;
use countersign_core::evaluation::{Drifted, EnvironmentError, Side};
use countersign_core::object::RenderedObject;
use countersign_core::revision::ObjectId;
use futures::stream::{self, StreamExt as _};

use super::scopes::Scopes;
use super::{EvaluateError, Evaluator};
use crate::engine::predict;
use crate::ports::Cluster;

/// All that an environment says at a tree.
pub(super) struct Whole {
    pub(super) objects: Vec<RenderedObject>,
    /// Units that do not render, or otherwise each time, and why.
    pub(super) untold: Vec<(String, String)>,
}

impl Evaluator<'_> {
    /// How a cluster differs from all that an environment says at a tree. A unit that does not render, or renders
    /// otherwise each time, is an error of the answer.
    pub async fn drift(
        &self,
        tree: &ObjectId,
        environment: &Environment,
        cluster: &dyn Cluster,
    ) -> Result<Drifted, EvaluateError> {
        let Whole { objects, untold } = self.whole(tree, environment, Side::Base).await?;
        let untold = untold.into_iter().map(|(unit, why)| EnvironmentError {
            object: None,
            message: format!("{unit}: {why}"),
            undecided: true,
        });
        let mut drifted = predict::drift(cluster, environment, &objects).await;
        let errors = untold.chain(drifted.errors.drain(..)).collect();
        Ok(Drifted { errors, ..drifted })
    }

    /// Renders every unit of an environment.
    pub(super) async fn whole(
        &self,
        tree: &ObjectId,
        environment: &Environment,
        side: Side,
    ) -> Result<Whole, EvaluateError> {
        let plans = self.side_plans(tree, environment).await?;
        self.progress.planned(plans.len());
        let renders = plans.into_iter().map(|plan| async move {
            let given = self.side(tree, Some(&plan), side).await;
            self.progress.rendered(&plan.spec.name);
            (plan.spec.name, given)
        });
        let given: Vec<_> = stream::iter(renders).buffered(self.parallel.max(1)).collect().await;
        let scopes = Scopes::new(environment, [tree]);
        let scopes = scopes.of(self, given.iter().map(|(_, given)| given)).await?;
        let reader = self.reader(environment, scopes);
        let mut whole = Whole { objects: Vec::new(), untold: Vec::new() };
        for (unit, given) in given {
            let outcome = reader.side(given, side);
            let why = match outcome.error() {
                Some(error) => Some(error.message.clone()),
                None if !outcome.stable() => {
                    Some("it renders otherwise each time, and is not compared".to_owned())
                }
                None => None,
            };
            match why {
                Some(why) => whole.untold.push((unit, why)),
                None => whole.objects.extend(outcome.into_renders().0.objects),
            }
        }
        Ok(whole)
    }
}
