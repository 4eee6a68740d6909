# METADATA
# scope: package
# title: a namespace gives rights to its own accounts
# description: >-
#   Whoever rules another namespace makes pods with its accounts, and so gets what the binding grants here.
# custom:
#   id: rbac/foreign-accounts
#   severity: warning
#   fix: >-
#     Bind an account of the same namespace, or leave this rule out for the binding that is meant.
package rbac.foreign_accounts

import data.lib.roles

deny contains sprintf("the account `%v` is of the namespace `%v`, the binding of `%v`", [subject.name, subject.namespace, input.metadata.namespace]) if {
	input.kind == "RoleBinding"
	some subject in roles.subjects
	subject.kind == "ServiceAccount"
	subject.namespace != input.metadata.namespace
}
