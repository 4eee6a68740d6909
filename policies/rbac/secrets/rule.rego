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

deny contains {"msg": sprintf("the role allows to read all %s", [resource]), "path": roles.path(group, resource, wanted), "worse": {resource: verbs}} if {
	some [group, resource, wanted] in guarded
	verbs := roles.at_large(group, resource, wanted)
	count(verbs) > 0
}
