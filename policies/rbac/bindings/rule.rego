# METADATA
# scope: package
# title: roles do not write roles and bindings
# description: >-
#   Whoever writes roles and bindings decides who may do what. Kubernetes stops holders from granting more than they
#   have, but not from granting to others what they have.
# custom:
#   id: rbac/bindings
#   severity: error
#   fix: >-
#     Leave roles and bindings to those who administer the cluster.
package rbac.bindings

import data.lib.roles

guarded := [[group, resource, ["create", "update", "patch"]] |
	group := "rbac.authorization.k8s.io"
	some resource in ["roles", "clusterroles", "rolebindings", "clusterrolebindings"]
]

deny contains {"msg": sprintf("the role allows to write %s", [resource]), "path": roles.path(group, resource, verbs), "worse": {resource: granted}} if {
	some [group, resource, verbs] in guarded
	granted := roles.granted(group, resource, verbs)
	count(granted) > 0
}
