# METADATA
# scope: package
# title: an autoscaler has room to scale
# description: >-
#   An autoscaler whose least and most are the same never scales, one with `minReplicas: 1` leaves a single pod at
#   night. A workload that it scales must not set `replicas` itself, or every sync undoes what it did.
# custom:
#   id: good-practice/autoscaler
#   severity: warning
#   fix: >-
#     Set `maxReplicas` above `minReplicas`, both at least 2, and take `replicas` out of the workload.
package good_practice.autoscaler

import data.lib.kubernetes

autoscaler if kubernetes.is("autoscaling", "HorizontalPodAutoscaler")

deny contains {"msg": sprintf("the autoscaler never scales: the least and the most are %v", [input.spec.maxReplicas]), "path": ["spec", "maxReplicas"], "worse": "never scales"} if {
	autoscaler
	input.spec.maxReplicas == kubernetes.value(input, ["spec", "minReplicas"], 1)
}

deny contains {"msg": sprintf("`minReplicas: %v` is more than `maxReplicas: %v`", [input.spec.minReplicas, input.spec.maxReplicas]), "path": ["spec", "minReplicas"], "worse": "turned around"} if {
	autoscaler
	input.spec.minReplicas > input.spec.maxReplicas
}

deny contains {"msg": "the autoscaler has no metric, and scales by CPU at 80% without saying so", "path": ["spec", "metrics"]} if {
	autoscaler
	kubernetes.starts(input.apiVersion, "autoscaling/v2")
	count(kubernetes.list(kubernetes.value(input, ["spec", "metrics"], []))) == 0
}
