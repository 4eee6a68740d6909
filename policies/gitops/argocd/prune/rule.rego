# METADATA
# scope: package
# title: pruning does not empty an Application
# description: >-
#   `allowEmpty` lets a sync delete everything when a render gives nothing, say because a path was moved. Without
#   `PruneLast` objects go before what takes their place is healthy.
# custom:
#   id: gitops/argocd/prune
#   severity: error
#   fix: >-
#     Take `allowEmpty` out, and add `PruneLast=true` to `syncOptions`.
package gitops.argocd.prune

import data.lib.argocd
import data.lib.kubernetes

deny contains {"msg": "an empty render deletes everything: `allowEmpty` is set", "path": argocd.path(["syncPolicy", "automated", "allowEmpty"])} if {
	some application in argocd.applications
	application.syncPolicy.automated.allowEmpty == true
}

warn contains {"msg": "what is pruned goes before the rest is healthy: `syncOptions` has no `PruneLast=true`", "path": argocd.path(["syncPolicy", "syncOptions"])} if {
	some application in argocd.applications
	application.syncPolicy.automated.prune == true
	not "PruneLast=true" in kubernetes.items(application, ["syncPolicy", "syncOptions"])
}
