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

deny contains sprintf("the role allows to create `%s` for every account", [resource]) if {
	some rule in roles.rules
	some [group, resource, verbs] in guarded
	roles.allows(rule, group, resource, verbs)
	not roles.names_objects(rule)
}
