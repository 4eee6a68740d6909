# METADATA
# scope: package
# title: roles do not write admission
# description: >-
#   A webhook sees every object that it asks for, secrets included, and may change it; whoever deletes one lifts
#   what it guards.
# custom:
#   id: rbac/webhooks
#   severity: error
#   fix: >-
#     Leave admission to those who administer the cluster.
package rbac.webhooks

import data.lib.roles

guarded := [["admissionregistration.k8s.io", resource, ["create", "update", "patch", "delete", "deletecollection"]] |
	some resource in [
		"mutatingwebhookconfigurations", "validatingwebhookconfigurations", "validatingadmissionpolicies",
		"validatingadmissionpolicybindings", "mutatingadmissionpolicies", "mutatingadmissionpolicybindings",
	]
]

deny contains {"msg": sprintf("the role allows to write `%s`", [resource]), "path": roles.path(group, resource, wanted), "worse": {resource: verbs}} if {
	some [group, resource, wanted] in guarded
	verbs := roles.at_large(group, resource, wanted)
	count(verbs) > 0
}
