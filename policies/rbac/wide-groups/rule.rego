# METADATA
# scope: package
# title: no binding is for everybody
# description: >-
#   `system:anonymous` and `system:unauthenticated` are whoever reaches the API server, `system:authenticated` and
#   `system:serviceaccounts` everybody with any account. `system:masters` passes all authorization, and cannot be
#   taken back while its certificate lives.
# custom:
#   id: rbac/wide-groups
#   severity: error
#   fix: >-
#     Bind a user, a group of your own, or one account.
package rbac.wide_groups

import data.lib.kubernetes
import data.lib.roles

wide := {
	"system:anonymous", "system:authenticated", "system:masters", "system:serviceaccounts", "system:unauthenticated",
}

deny contains {"msg": sprintf("the binding is for `%s`", [subject.name]), "path": ["subjects", subject.index], "worse": {subject.name: roles.bound}} if {
	some subject in roles.subjects
	subject.name in wide
}

deny contains {
	"msg": sprintf("the binding is for every account of a namespace: `%s`", [subject.name]),
	"path": ["subjects", subject.index],
	"worse": {subject.name: roles.bound},
} if {
	some subject in roles.subjects
	kubernetes.starts(subject.name, "system:serviceaccounts:")
}
