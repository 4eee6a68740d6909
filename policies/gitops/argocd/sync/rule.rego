# METADATA
# scope: package
# title: Applications apply what is in git
# description: >-
#   Without an automated sync what was merged waits for somebody to press a button, and without `selfHeal` what is
#   changed by hand stays. `Replace=true` and `Force=true` delete objects to change them; `Validate=false` applies
#   what the API server would refuse.
# custom:
#   id: gitops/argocd/sync
#   severity: warning
#   fix: >-
#     Set `syncPolicy.automated.selfHeal: true`, and take the option out.
package gitops.argocd.sync

import data.lib.argocd
import data.lib.kubernetes

deny contains {"msg": sprintf("the sync option `%s` is set", [option]), "path": argocd.path(["syncPolicy", "syncOptions", index])} if {
	some application in argocd.applications
	some index, option in kubernetes.items(application, ["syncPolicy", "syncOptions"])
	option in ["Replace=true", "Force=true", "Validate=false"]
}

warn contains {"msg": "what is changed by hand stays: `selfHeal` is not set", "path": argocd.path(["syncPolicy", "automated", "selfHeal"])} if {
	some application in argocd.applications
	kubernetes.given(application, ["syncPolicy", "automated"])
	not application.syncPolicy.automated.selfHeal == true
}

warn contains {"msg": "the automated sync is turned off", "path": argocd.path(["syncPolicy", "automated", "enabled"])} if {
	some application in argocd.applications
	application.syncPolicy.automated.enabled == false
}
