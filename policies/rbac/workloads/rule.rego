# METADATA
# scope: package
# title: roles that make pods are seen
# description: >-
#   Whoever makes pods in a namespace may use every account and read every secret of it, by mounting them.
# custom:
#   id: rbac/workloads
#   severity: info
#   fix: >-
#     Give the role to deployers only, and keep accounts with many rights in namespaces of their own.
package rbac.workloads

import data.lib.roles

guarded := [[group, resource, ["create", "update", "patch"]] | some [group, resource] in [["", "pods"], ["apps", "deployments"], ["apps", "daemonsets"], ["apps", "statefulsets"], ["batch", "jobs"], ["batch", "cronjobs"]]]

deny contains {"msg": sprintf("the role allows to make pods by `%s`", [resource]), "path": roles.path(group, resource, wanted), "worse": {resource: verbs}} if {
	some [group, resource, wanted] in guarded
	verbs := roles.at_large(group, resource, wanted)
	count(verbs) > 0
}
