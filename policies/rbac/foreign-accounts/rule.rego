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

import data.lib.kubernetes
import data.lib.roles

deny contains {
	"msg": sprintf("the account `%v` is of the namespace `%v`%s", [subject.name, subject.namespace, whose]),
	"path": ["subjects", subject.index],
	"worse": {roles.words(subject): roles.bound},
} if {
	input.kind == "RoleBinding"
	some subject in roles.subjects
	subject.kind == "ServiceAccount"
	kubernetes.foreign(subject.namespace)
}

whose := sprintf(", the binding of `%v`", [kubernetes.namespace]) if kubernetes.namespace != ""

else := "; the binding names none"
