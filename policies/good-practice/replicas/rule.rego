# METADATA
# scope: package
# title: workloads run more than one pod
# description: >-
#   One pod means an outage at every drain of its node, every eviction, and in rollouts that take it down first.
#   Without a number there is one pod, until an autoscaler says another.
# custom:
#   id: good-practice/replicas
#   severity: warning
#   fix: >-
#     Set `replicas` to at least 2; where a HorizontalPodAutoscaler sets it, waive this for the workload.
#   parameters:
#     replicas:
#       type: number
#       default: 2
#       description: The fewest replicas.
package good_practice.replicas

import data.lib.kubernetes
import data.lib.pods

default replicas := 2

replicas := data.parameters.replicas

several if {
	pods.is_workload
	input.kind in ["Deployment", "StatefulSet"]
}

deny contains {"msg": sprintf("%v replicas are fewer than %v", [found, replicas]), "path": ["spec", "replicas"], "worse": replicas - found} if {
	several
	found := input.spec.replicas
	is_number(found)
	found < replicas
	found > 0
}

# An autoscaler is another object, which is not seen here: with one this is as it should be.
warn contains {"msg": "no `replicas`: that is one pod, unless an autoscaler scales it", "path": ["spec", "replicas"], "worse": replicas - 1} if {
	several
	replicas > 1
	not kubernetes.given(input, ["spec", "replicas"])
}
