# METADATA
# scope: package
# title: objects of Flux refer to their own namespace
# description: >-
#   A reference into another namespace takes what others there publish, past whoever rules this one. Flux can forbid
#   it altogether (`--no-cross-namespace-refs`).
# custom:
#   id: gitops/flux/references
#   severity: warning
#   fix: >-
#     Put the source beside what uses it.
package gitops.flux.references

import data.lib.flux
import data.lib.kubernetes

references contains {"at": ["spec", "sourceRef"], "body": input.spec.sourceRef} if flux.applies

references contains {"at": ["spec", "chart", "spec", "sourceRef"], "body": input.spec.chart.spec.sourceRef} if flux.release

references contains {"at": ["spec", "chartRef"], "body": input.spec.chartRef} if flux.release

references contains {"at": ["spec", "dependsOn", index], "body": reference} if {
	flux.applies
	some index, reference in kubernetes.items(input, ["spec", "dependsOn"])
}

references contains {"at": ["spec", "sourceRef"], "body": input.spec.sourceRef} if flux.automation

references contains {"at": ["spec", "imageRepositoryRef"], "body": input.spec.imageRepositoryRef} if flux.automation

references contains {"at": ["spec", field, index], "body": reference} if {
	flux.notification
	some field in ["eventSources", "resources"]
	some index, reference in kubernetes.items(input, ["spec", field])
}

deny contains {
	"msg": sprintf("`%v` is of the namespace `%v`%s", [name, reference.namespace, kubernetes.apart]),
	"path": array.concat(found.at, ["namespace"]),
	"worse": json.marshal([kubernetes.value(reference, "kind", ""), reference.namespace, name]),
} if {
	some found in references
	reference := found.body
	kubernetes.given(reference, "namespace")
	kubernetes.foreign(reference.namespace)
	name := kubernetes.value(reference, "name", "*")
}
