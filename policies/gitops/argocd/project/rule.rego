# METADATA
# scope: package
# title: Applications are in a project of their own
# description: >-
#   The project `default` allows every source, every destination and every kind. An Application in it may apply
#   anything anywhere.
# custom:
#   id: gitops/argocd/project
#   severity: warning
#   fix: >-
#     Make an AppProject that allows what is needed.
package gitops.argocd.project

import data.lib.argocd
import data.lib.kubernetes

deny contains {"msg": "the Application is in the project `default`", "path": argocd.path(["project"])} if {
	some application in argocd.applications
	kubernetes.value(application, "project", "") in ["", "default"]
}
