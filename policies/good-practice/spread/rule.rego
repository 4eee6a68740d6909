# METADATA
# scope: package
# title: replicas do not share one node
# description: >-
#   The scheduler may put all replicas on one node or in one zone, and one failure takes all of them. A topology
#   spread constraint or an anti-affinity keeps them apart.
# custom:
#   id: good-practice/spread
#   severity: info
#   fix: >-
#     Add `topologySpreadConstraints`, or a `podAntiAffinity` on `kubernetes.io/hostname`.
package good_practice.spread

import data.lib.kubernetes
import data.lib.pods

deny contains {"msg": "nothing keeps the replicas on different nodes", "path": pods.path(pod, ["spec", "topologySpreadConstraints"])} if {
	pods.is_workload
	input.kind in ["Deployment", "StatefulSet"]
	input.spec.replicas > 1
	some pod in pods.pods
	count(kubernetes.list(kubernetes.value(pod, ["spec", "topologySpreadConstraints"], []))) == 0
	not kubernetes.given(pod, ["spec", "affinity", "podAntiAffinity"])
}
