# METADATA
# scope: package
# title: "claims keep their size, class and volume"
# description: >-
#   A claim cannot shrink, and its class, volume and modes cannot be changed: to apply such a change somebody
#   deletes the claim, and its data.
# custom:
#   id: data-loss/claim-changes
#   severity: error
#   fix: >-
#     Make a second claim and move the data.
package data_loss.claim_changes

import data.lib.kubernetes

before := data.countersign.before

claim if {
	kubernetes.is("", "PersistentVolumeClaim")
	data.countersign.operation == "UPDATE"
}

deny contains {"msg": sprintf("the claim shrinks from %v to %v", [was, is]), "path": ["spec", "resources", "requests", "storage"]} if {
	claim
	was := before.spec.resources.requests.storage
	is := input.spec.resources.requests.storage
	kubernetes.quantity(is) < kubernetes.quantity(was)
}

deny contains {"msg": sprintf("`%s` of a claim cannot be changed", [field]), "path": ["spec", field]} if {
	claim
	some field in ["storageClassName", "volumeName", "volumeMode", "accessModes", "selector", "dataSource"]
	kubernetes.given(before, ["spec", field])
	before.spec[field] != kubernetes.value(input, ["spec", field], before.spec[field])
}
