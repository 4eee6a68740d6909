# METADATA
# scope: package
# title: a PodDisruptionBudget lets a pod go
# description: >-
#   A budget that allows no disruption at all stops every drain: nodes cannot be upgraded until somebody deletes it
#   by hand. With `IfHealthyBudget` pods that never became ready hold up a drain as well.
# custom:
#   id: good-practice/disruption-budget
#   severity: error
#   fix: >-
#     Set `maxUnavailable: 1`, which stays right when the number of replicas changes.
package good_practice.disruption_budget

import data.lib.kubernetes

budget if kubernetes.is("policy", "PodDisruptionBudget")

# Written otherwise it is the same; for other pods it is another.
deny contains {"msg": sprintf("`%s: %v` never lets a pod go", [field, value]), "path": ["spec", field], "worse": {"held": kubernetes.text(kubernetes.entries(input, ["spec", "selector"]))}} if {
	budget
	some [field, value] in [
		["maxUnavailable", 0], ["maxUnavailable", "0"], ["maxUnavailable", "0%"], ["minAvailable", "100%"],
	]
	input.spec[field] == value
}

deny contains {"msg": "the budget sets both `minAvailable` and `maxUnavailable`", "path": ["spec", "maxUnavailable"]} if {
	budget
	kubernetes.given(input, ["spec", "minAvailable"])
	kubernetes.given(input, ["spec", "maxUnavailable"])
}

# An empty selector is every pod of the namespace; none at all is no pod.
deny contains {"msg": "the budget selects no pod: it has no selector", "path": ["spec", "selector"]} if {
	budget
	not kubernetes.given(input, ["spec", "selector"])
}
