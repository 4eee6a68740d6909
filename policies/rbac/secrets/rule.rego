# METADATA
# scope: package
# title: roles do not read secrets at large
# description: >-
#   Secrets of a namespace hold its passwords and the tokens of its accounts. `list` and `watch` show their contents
#   just as `get` does, and a name in `resourceNames` does not hold them back before the list is made.
# custom:
#   id: rbac/secrets
#   severity: error
#   fix: >-
#     Name the secrets in `resourceNames` and allow `get` only.
package rbac.secrets

import data.lib.roles

guarded := [["", "secrets", ["get", "list", "watch"]]]

deny contains sprintf("the role allows to read all %s", [resource]) if {
	some rule in roles.rules
	some [group, resource, verbs] in guarded
	roles.allows(rule, group, resource, verbs)
	not roles.names_objects(rule)
}
