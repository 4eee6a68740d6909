//! Whole environments at one tree, against their clusters.

use countersign_core::environment::Environment;
use countersign_core::evaluation::{EnvironmentError, Side};
use countersign_core::object::Sealer;
use countersign_core::revision::ObjectId;
use futures::stream::{self, StreamExt as _};

use super::read::Reader;
use super::{EvaluateError, Evaluator};
use crate::engine::predict::{self, Drifted};
use crate::ports::Cluster;

impl Evaluator<'_> {
    /// How a cluster differs from all that an environment says at a tree. A unit that does not render, or renders
    /// otherwise each time, is an error of the answer.
    pub async fn drift(
        &self,
        tree: &ObjectId,
        environment: &Environment,
        cluster: &dyn Cluster,
    ) -> Result<Drifted, EvaluateError> {
        let plans = self.side_plans(tree, environment).await?;
        self.progress.planned(plans.len());
        let renders = plans.into_iter().map(|plan| async move {
            let given = self.side(tree, Some(&plan), Side::Base).await;
            self.progress.rendered(&plan.spec.name);
            (plan.spec.name, given)
        });
        let given: Vec<_> = stream::iter(renders).buffered(self.parallel.max(1)).collect().await;
        let reader = Reader {
            sealer: Sealer { key: self.key, environment: &environment.name, mask: self.mask },
            namespace: environment.default_namespace.as_deref(),
            threads: self.parallel,
        };
        let (mut objects, mut errors) = (Vec::new(), Vec::new());
        for (unit, given) in given {
            let outcome = reader.side(given, Side::Base);
            let why = match outcome.error() {
                Some(error) => Some(error.message.clone()),
                None if !outcome.stable() => {
                    Some("it renders otherwise each time, and is not compared".to_owned())
                }
                None => None,
            };
            match why {
                Some(why) => errors.push(EnvironmentError {
                    object: None,
                    message: format!("{unit}: {why}"),
                    undecided: true,
                }),
                None => objects.extend(outcome.into_renders().0.objects),
            }
        }
        let mut drifted = predict::drift(cluster, environment, &objects).await;
        errors.append(&mut drifted.errors);
        Ok(Drifted { errors, ..drifted })
    }
}
