# METADATA
# scope: package
# title: roles do not let their holders gain more
# description: >-
#   `bind` and `escalate` on roles lift the rule that nobody grants more than he has; `impersonate` makes one into
#   somebody else, `approve` and `sign` make certificates for anybody.
# custom:
#   id: rbac/escalation
#   severity: error
#   fix: >-
#     Take the verb out; have an administrator make the roles and bindings.
package rbac.escalation

import data.lib.kubernetes
import data.lib.roles

guarded := [
	["rbac.authorization.k8s.io", "roles", "bind"], ["rbac.authorization.k8s.io", "clusterroles", "bind"],
	["rbac.authorization.k8s.io", "roles", "escalate"], ["rbac.authorization.k8s.io", "clusterroles", "escalate"],
	["", "users", "impersonate"], ["", "groups", "impersonate"], ["", "serviceaccounts", "impersonate"],
	["authentication.k8s.io", "uids", "impersonate"], ["authentication.k8s.io", "userextras", "impersonate"],
	["certificates.k8s.io", "signers", "approve"], ["certificates.k8s.io", "signers", "sign"],
	["certificates.k8s.io", "certificatesigningrequests/approval", "update"],
]

# Each of a user's extras is a resource of its own: `userextras/scopes`.
extras contains ["authentication.k8s.io", resource, "impersonate"] if {
	some rule in roles.rules
	some resource in kubernetes.items(rule, ["body", "resources"])
	kubernetes.starts(resource, "userextras/")
}

deny contains {"msg": sprintf("the role allows to %s %s", [verb, resource]), "path": roles.path(group, resource, [verb]), "worse": {resource: granted}} if {
	some [group, resource, verb] in {one | some one in guarded} | extras
	granted := roles.granted(group, resource, [verb])
	count(granted) > 0
}
