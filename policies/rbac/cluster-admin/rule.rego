# METADATA
# scope: package
# title: nobody new becomes an administrator of the cluster
# description: >-
#   `cluster-admin` may do everything, in every namespace, and so may whatever takes over an account that has it;
#   `admin` and `edit` read the secrets of where they are bound.
# custom:
#   id: rbac/cluster-admin
#   severity: error
#   fix: >-
#     Bind a role that holds what is needed, in the namespace where it is needed.
package rbac.cluster_admin

import data.lib.roles

# Whom the message names, and how much he gets.
given(subject, much) := {roles.words(subject): much}

deny contains {"msg": sprintf("%s becomes an administrator of the cluster", [roles.words(subject)]), "path": ["subjects", subject.index], "worse": given(subject, 3)} if {
	input.kind == "ClusterRoleBinding"
	input.roleRef.name == "cluster-admin"
	some subject in roles.subjects
}

deny contains {"msg": sprintf("%s becomes an administrator of the namespace", [roles.words(subject)]), "path": ["subjects", subject.index], "worse": given(subject, 3)} if {
	input.kind == "RoleBinding"
	input.roleRef.name == "cluster-admin"
	some subject in roles.subjects
}

deny contains {"msg": sprintf("%s gets `%v` in every namespace", [roles.words(subject), input.roleRef.name]), "path": ["subjects", subject.index], "worse": given(subject, much)} if {
	input.kind == "ClusterRoleBinding"
	much := {"edit": 1, "admin": 2}[input.roleRef.name]
	some subject in roles.subjects
}
