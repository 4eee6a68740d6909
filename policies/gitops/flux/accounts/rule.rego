# METADATA
# scope: package
# title: objects of Flux apply as an account of their own
# description: >-
#   Without `serviceAccountName` a Kustomization or HelmRelease applies with the rights of its controller, mostly
#   those of an administrator of the cluster: whoever writes to its source is one then.
# custom:
#   id: gitops/flux/accounts
#   severity: info
#   fix: >-
#     Set `serviceAccountName`, and bind that account to what is needed.
package gitops.flux.accounts

import data.lib.flux
import data.lib.kubernetes

deny contains {"msg": "it applies with the rights of the controller: it names no `serviceAccountName`", "path": ["spec", "serviceAccountName"]} if {
	flux.applies
	not kubernetes.given(input, ["spec", "serviceAccountName"])
	not kubernetes.given(input, ["spec", "kubeConfig"])
	kubernetes.namespace != "flux-system"
}
