# METADATA
# scope: package
# title: roles do not run commands in pods
# description: >-
#   Who runs a command in a pod, attaches to it or opens a port of it has everything that the pod has: its secrets,
#   its account, its network.
# custom:
#   id: rbac/exec
#   severity: error
#   fix: >-
#     Take the subresource out; debug by logs, or by a role that is bound for an hour.
package rbac.exec

import data.lib.roles

guarded := [["", resource, ["create", "get"]] | some resource in ["pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "pods/ephemeralcontainers"]]

deny contains sprintf("the role allows `%s`", [resource]) if {
	some rule in roles.rules
	some [group, resource, verbs] in guarded
	roles.allows(rule, group, resource, verbs)
	not roles.names_objects(rule)
}
