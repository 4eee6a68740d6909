# METADATA
# scope: package
# title: projects reach into no other namespace
# description: >-
#   `sourceNamespaces` lets whoever rules these namespaces write Applications of the project, and an account of another
#   namespace in `destinationServiceAccounts` applies with rights that were granted elsewhere.
# custom:
#   id: gitops/argocd/references
#   severity: warning
#   fix: >-
#     Keep Applications beside their project, and apply as an account of the namespace that is applied to.
package gitops.argocd.references

import data.lib.argocd
import data.lib.kubernetes

# A star alone is what `project-wildcards` tells.
deny contains {"msg": sprintf("Applications of the namespace `%v` are in the project", [namespace]), "path": ["spec", "sourceNamespaces", index]} if {
	argocd.is_project
	some index, namespace in kubernetes.items(input, ["spec", "sourceNamespaces"])
	kubernetes.foreign(namespace)
	namespace != "*"
}

deny contains {
	"msg": sprintf("what is applied to `%v` is applied as `%v`, an account of another namespace", [namespace, account]),
	"path": ["spec", "destinationServiceAccounts", index, "defaultServiceAccount"],
	"worse": json.marshal([kubernetes.value(target, "server", ""), namespace, account]),
} if {
	argocd.is_project
	some index, target in kubernetes.items(input, ["spec", "destinationServiceAccounts"])
	namespace := kubernetes.value(target, "namespace", "")
	account := kubernetes.value(target, "defaultServiceAccount", "")
	is_string(account)
	contains(account, ":")
	split(account, ":")[0] != namespace
}
