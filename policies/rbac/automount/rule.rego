# METADATA
# scope: package
# title: pods get a token only where they use one
# description: >-
#   The token of its account is in every container of a pod unless it is turned off, and whoever takes the container
#   over acts as the account. For the account `default` nobody meant that.
# custom:
#   id: rbac/automount
#   severity: info
#   fix: >-
#     Set `automountServiceAccountToken: false` on the pod, or name the account that it is for.
package rbac.automount

import data.lib.kubernetes
import data.lib.pods

deny contains {"msg": sprintf("%s gets the token of the default account", [pod.words]), "path": pods.path(pod, ["spec", "automountServiceAccountToken"])} if {
	some pod in pods.pods
	account := kubernetes.value(pod, ["spec", "serviceAccountName"], kubernetes.value(pod, ["spec", "serviceAccount"], ""))
	account in ["", "default", null]
	not pod.spec.automountServiceAccountToken == false
}

deny contains {"msg": "every pod of this account gets its token", "path": ["automountServiceAccountToken"]} if {
	kubernetes.is("", "ServiceAccount")
	input.metadata.name == "default"
	not input.automountServiceAccountToken == false
}
