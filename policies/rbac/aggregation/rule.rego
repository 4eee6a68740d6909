# METADATA
# scope: package
# title: built-in roles are not widened by labels
# description: >-
#   A ClusterRole with a label `aggregate-to-…` adds its rules to `admin`, `edit` or `view` for everybody who has
#   them, in every namespace.
# custom:
#   id: rbac/aggregation
#   severity: warning
#   fix: >-
#     Take the label out unless the rules belong to everybody with that role.
package rbac.aggregation

import data.lib.kubernetes
import data.lib.roles

# A role that allows more adds more.
deny contains {
	"msg": sprintf("its rules are added to `%s` for everybody who has it", [trim_prefix(key, "rbac.authorization.k8s.io/aggregate-to-")]),
	"path": ["metadata", "labels", key],
	"worse": {key: {roles.extent(rule) | some rule in roles.rules}},
} if {
	roles.is_role
	some key, value in kubernetes.entries(input, ["metadata", "labels"])
	kubernetes.starts(key, "rbac.authorization.k8s.io/aggregate-to-")
	value in ["true", true]
}
