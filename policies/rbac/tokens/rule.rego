# METADATA
# scope: package
# title: roles do not make tokens of accounts
# description: >-
#   Whoever makes a token of an account is that account. Accounts of others in the namespace may do more than the
#   holder of the role.
# custom:
#   id: rbac/tokens
#   severity: error
#   fix: >-
#     Name the account in `resourceNames`.
package rbac.tokens

import data.lib.roles

guarded := [["", "serviceaccounts/token", ["create"]]]

deny contains {"msg": sprintf("the role allows to create `%s` for every account", [resource]), "path": roles.path(group, resource, wanted)} if {
	some [group, resource, wanted] in guarded
	count(roles.at_large(group, resource, wanted)) > 0
}
