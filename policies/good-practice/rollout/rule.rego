# METADATA
# scope: package
# title: a rollout keeps pods running
# description: >-
#   The strategy `Recreate` and `maxUnavailable: 100%` take every pod down before the first new one is ready.
# custom:
#   id: good-practice/rollout
#   severity: info
#   fix: >-
#     Use `RollingUpdate` with `maxUnavailable` below 100%; where two versions cannot run at once, leave this rule out
#     for that check.
package good_practice.rollout

import data.lib.pods

deny contains {"msg": "a rollout takes every pod down first: the strategy is `Recreate`", "path": ["spec", "strategy", "type"]} if {
	pods.is_workload
	input.kind == "Deployment"
	input.spec.strategy.type == "Recreate"
	input.spec.replicas > 1
}

deny contains {"msg": "a rollout may take every pod down: `maxUnavailable` is 100%", "path": ["spec", strategy, "rollingUpdate", "maxUnavailable"]} if {
	pods.is_workload
	some strategy in ["strategy", "updateStrategy"]
	input.spec[strategy].rollingUpdate.maxUnavailable == "100%"
}
