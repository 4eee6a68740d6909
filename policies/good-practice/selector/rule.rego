# METADATA
# scope: package
# title: a workload selects the pods that it makes
# description: >-
#   The API server refuses a workload whose selector does not match its own template, and the field cannot be
#   changed afterwards. An empty selector takes over pods of others.
# custom:
#   id: good-practice/selector
#   severity: error
#   fix: >-
#     Give the template every label that the selector names.
package good_practice.selector

import data.lib.kubernetes
import data.lib.pods

deny contains {"msg": sprintf("the selector wants the label `%s: %v`, which the template does not have", [key, value]), "path": ["spec", "selector", "matchLabels", key]} if {
	pods.is_workload
	input.kind != "ReplicationController"
	some key, value in kubernetes.entries(input, ["spec", "selector", "matchLabels"])
	not template_labels[key] == value
}

deny contains {"msg": "the workload has no selector", "path": ["spec", "selector"]} if {
	pods.is_workload
	not input.kind in ["Job", "ReplicationController"]
	not kubernetes.given(input, ["spec", "selector"])
}

deny contains {"msg": "the selector is empty", "path": ["spec", "selector"]} if {
	pods.is_workload
	input.kind != "ReplicationController"
	selector := input.spec.selector
	kubernetes.value(selector, "matchLabels", {}) in [{}, null]
	count(kubernetes.items(selector, "matchExpressions")) == 0
}

template_labels := kubernetes.value(input, ["spec", "template", "metadata", "labels"], {})
