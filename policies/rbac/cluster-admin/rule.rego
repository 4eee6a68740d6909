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

deny contains sprintf("%v `%v` becomes an administrator of the cluster", [subject.kind, subject.name]) if {
	input.kind == "ClusterRoleBinding"
	input.roleRef.name == "cluster-admin"
	some subject in roles.subjects
}

deny contains sprintf("%v `%v` becomes an administrator of the namespace", [subject.kind, subject.name]) if {
	input.kind == "RoleBinding"
	input.roleRef.name == "cluster-admin"
	some subject in roles.subjects
}

deny contains sprintf("%v `%v` gets `%v` in every namespace", [subject.kind, subject.name, input.roleRef.name]) if {
	input.kind == "ClusterRoleBinding"
	input.roleRef.name in ["admin", "edit"]
	some subject in roles.subjects
}
