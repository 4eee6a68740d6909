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

deny contains sprintf("the role allows to make pods by `%s`", [resource]) if {
	some rule in roles.rules
	some [group, resource, verbs] in guarded
	roles.allows(rule, group, resource, verbs)
	not roles.names_objects(rule)
}
