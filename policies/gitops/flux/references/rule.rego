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

references contains input.spec.sourceRef if flux.applies

references contains input.spec.chart.spec.sourceRef if flux.release

references contains input.spec.chartRef if flux.release

references contains reference if {
	flux.applies
	some reference in kubernetes.items(input, ["spec", "dependsOn"])
}

references contains input.spec.sourceRef if flux.automation

references contains input.spec.imageRepositoryRef if flux.automation

references contains reference if {
	flux.notification
	some field in ["eventSources", "resources"]
	some reference in kubernetes.items(input, ["spec", field])
}

deny contains {
	"msg": sprintf("`%v` is of the namespace `%v`%s", [name, reference.namespace, kubernetes.apart]),
	"worse": json.marshal([kubernetes.value(reference, "kind", ""), reference.namespace, name]),
} if {
	some reference in references
	kubernetes.given(reference, "namespace")
	kubernetes.foreign(reference.namespace)
	name := kubernetes.value(reference, "name", "*")
}
