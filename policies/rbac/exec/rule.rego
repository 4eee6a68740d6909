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

# By a WebSocket a command is begun with `get`, otherwise with `create`; an ephemeral container is a change of the pod.
guarded := [
	["", "pods/exec", ["create", "get"]],
	["", "pods/attach", ["create", "get"]],
	["", "pods/portforward", ["create", "get"]],
	["", "pods/proxy", ["create", "delete", "get", "patch", "update"]],
	["", "pods/ephemeralcontainers", ["patch", "update"]],
]

deny contains {"msg": sprintf("the role allows `%s`", [resource]), "path": roles.path(group, resource, wanted), "worse": {resource: verbs}} if {
	some [group, resource, wanted] in guarded
	verbs := roles.at_large(group, resource, wanted)
	count(verbs) > 0
}
