# METADATA
# scope: package
# title: workloads run more than one pod
# description: >-
#   One pod means an outage at every drain of its node, every eviction, and in rollouts that take it down first.
#   What is scaled by an autoscaler says no number, and is left alone.
# custom:
#   id: good-practice/replicas
#   severity: warning
#   fix: >-
#     Set `replicas` to at least 2, or leave it to a HorizontalPodAutoscaler.
#   parameters:
#     replicas:
#       type: number
#       default: 2
#       description: The fewest replicas.
package good_practice.replicas

import data.lib.pods

default replicas := 2

replicas := data.parameters.replicas

# Without a number there is one pod.
deny contains sprintf("%v replicas are fewer than %v", [found, replicas]) if {
	pods.is_workload
	input.kind in ["Deployment", "StatefulSet"]
	found := input.spec.replicas
	is_number(found)
	found < replicas
	found > 0
}
