# METADATA
# scope: package
# title: the default account gets no rights
# description: >-
#   Every pod that names no account runs as `default`. What is granted to it is granted to all of them.
# custom:
#   id: rbac/default-account
#   severity: error
#   fix: >-
#     Make an account for the workload and bind that.
package rbac.default_account

import data.lib.kubernetes
import data.lib.roles

deny contains {
	"msg": sprintf("the binding is for the default account of `%v`", [namespace]),
	"path": ["subjects", subject.index],
	"worse": {sprintf("%v", [namespace]): roles.bound},
} if {
	some subject in roles.subjects
	subject.kind == "ServiceAccount"
	subject.name == "default"
	namespace := kubernetes.value(subject, "namespace", "")
}
