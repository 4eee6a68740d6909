# METADATA
# scope: package
# title: roles do not reach into nodes
# description: >-
#   `nodes/proxy` speaks to the kubelet past the API server: it runs commands in every pod of the node, unseen by
#   audit and admission.
# custom:
#   id: rbac/nodes
#   severity: error
#   fix: >-
#     Use `nodes/metrics`, `nodes/stats` or `nodes/log`, which only read.
package rbac.nodes

import data.lib.roles

guarded := [["", "nodes/proxy", ["get", "create", "update", "patch", "delete"]], ["", "nodes", ["create", "update", "patch", "delete"]]]

deny contains {"msg": sprintf("the role allows to reach `%s`", [resource]), "path": roles.path(group, resource, wanted), "worse": {resource: verbs}} if {
	some [group, resource, wanted] in guarded
	verbs := roles.at_large(group, resource, wanted)
	count(verbs) > 0
}
