# METADATA
# scope: package
# title: StatefulSets keep their claims
# description: >-
#   The claim templates of a StatefulSet cannot be changed in place: it is deleted and made anew, and claims that
#   are no longer in it are left behind, or deleted where its retention policy says so.
# custom:
#   id: data-loss/claim-templates
#   severity: error
#   fix: >-
#     Keep the templates; for more space grow the claims themselves and remake the set with `--cascade=orphan`.
package data_loss.claim_templates

import data.lib.kubernetes

before := data.countersign.before

set if {
	kubernetes.is("apps", "StatefulSet")
	data.countersign.operation == "UPDATE"
}

templates(body) := {template.metadata.name: kubernetes.value(template, "spec", {}) | some template in kubernetes.items(body, ["spec", "volumeClaimTemplates"])}

deny contains {"msg": sprintf("the claim template `%v` goes", [name]), "path": ["spec", "volumeClaimTemplates"]} if {
	set
	some name, _ in templates(before)
	not kubernetes.given(templates(input), name)
}

deny contains {"msg": sprintf("the claim template `%v` changes, which cannot be done in place", [name]), "path": ["spec", "volumeClaimTemplates"]} if {
	set
	some name, body in templates(before)
	after := templates(input)[name]
	after != body
}

deny contains {"msg": sprintf("claims are now deleted when the set is %s", [word]), "path": ["spec", "persistentVolumeClaimRetentionPolicy", field]} if {
	kubernetes.is("apps", "StatefulSet")
	some field, word in {"whenDeleted": "deleted", "whenScaled": "scaled down"}
	input.spec.persistentVolumeClaimRetentionPolicy[field] == "Delete"
	kubernetes.value(before, ["spec", "persistentVolumeClaimRetentionPolicy", field], "Retain") != "Delete"
}
