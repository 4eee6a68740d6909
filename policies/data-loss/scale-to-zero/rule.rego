# METADATA
# scope: package
# title: nothing is scaled to zero unseen
# description: >-
#   With no replicas nothing serves, and a job that is suspended does not run. It happens by a wrong overlay more
#   often than on purpose.
# custom:
#   id: data-loss/scale-to-zero
#   severity: warning
#   fix: >-
#     Set `replicas` to what should run.
package data_loss.scale_to_zero

import data.lib.kubernetes

before := data.countersign.before

deny contains {"msg": sprintf("the replicas go from %v to 0", [was]), "path": ["spec", "replicas"]} if {
	data.countersign.operation == "UPDATE"
	input.spec.replicas == 0
	was := kubernetes.value(before, ["spec", "replicas"], 1)
	was > 0
}

deny contains {"msg": "it is suspended from now on", "path": ["spec", "suspend"]} if {
	data.countersign.operation == "UPDATE"
	kubernetes.group == "batch"
	input.spec.suspend == true
	not before.spec.suspend == true
}
