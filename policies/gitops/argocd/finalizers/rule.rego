# METADATA
# scope: package
# title: deleting an Application says what becomes of its objects
# description: >-
#   With the finalizer of Argo CD everything that the Application applied is deleted with it. Whoever removes an app
#   from the list then removes its data.
# custom:
#   id: gitops/argocd/finalizers
#   severity: info
#   fix: >-
#     Take the finalizer out where the objects should stay.
package gitops.argocd.finalizers

import data.lib.argocd
import data.lib.kubernetes

deny contains {"msg": "deleting the Application deletes everything that it applied", "path": array.concat(home, ["metadata", "finalizers"])} if {
	some application in argocd.applications
	is_object(application)
	some finalizer in finalizers
	kubernetes.starts(finalizer, "resources-finalizer.argocd.argoproj.io")
}

finalizers := kubernetes.list(kubernetes.value(input, array.concat(home, ["metadata", "finalizers"]), []))

home := [] if input.kind == "Application"

else := ["spec", "template"]
