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

deny contains sprintf("the role allows to write `%s`", [resource]) if {
	some rule in roles.rules
	some [group, resource, verbs] in guarded
	roles.allows(rule, group, resource, verbs)
	not roles.names_objects(rule)
}
