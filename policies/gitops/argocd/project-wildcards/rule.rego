# METADATA
# scope: package
# title: projects name what they allow
# description: >-
#   A project is what holds an Application back. A star in its sources, destinations or kinds holds nothing back.
# custom:
#   id: gitops/argocd/project-wildcards
#   severity: error
#   fix: >-
#     Name the repositories, clusters, namespaces and kinds.
package gitops.argocd.project_wildcards

import data.lib.argocd
import data.lib.kubernetes

deny contains {"msg": "the project allows every source", "path": ["spec", "sourceRepos"]} if {
	argocd.is_project
	"*" in input.spec.sourceRepos
}

deny contains {
	"msg": sprintf("the project allows every %s: server `%v`, namespace `%v`", [word, server, namespace]),
	"path": ["spec", "destinations", index, field],
	"worse": {"namespace": all_of(namespace), "server": all_of(server)},
} if {
	argocd.is_project
	some index, destination in kubernetes.items(input, ["spec", "destinations"])
	server := kubernetes.value(destination, "server", kubernetes.value(destination, "name", ""))
	namespace := kubernetes.value(destination, "namespace", "")
	some field, word in {"server": "cluster", "name": "cluster", "namespace": "namespace"}
	destination[field] == "*"
}

all_of(name) if name == "*"

else := kubernetes.text(name)

deny contains {"msg": "the project allows every kind that is in no namespace", "path": ["spec", "clusterResourceWhitelist", index]} if {
	argocd.is_project
	some index, kind in kubernetes.items(input, ["spec", "clusterResourceWhitelist"])
	kind.group == "*"
	kind.kind == "*"
}

deny contains {"msg": sprintf("every namespace may have Applications of the project: `%v`", [namespace]), "path": ["spec", "sourceNamespaces", index]} if {
	argocd.is_project
	some index, namespace in kubernetes.items(input, ["spec", "sourceNamespaces"])
	namespace == "*"
}
