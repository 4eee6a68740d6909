# METADATA
# scope: package
# title: "Kustomizations prune, wait and end"
# description: >-
#   Without `prune` what is removed from git stays in the cluster, owned by nobody. Without `wait` or `healthChecks`
#   a Kustomization is ready as soon as everything is sent, and what depends on it begins too early. Without
#   `timeout` a hanging one holds up everything behind it for its whole interval.
# custom:
#   id: gitops/flux/kustomization
#   severity: warning
#   fix: >-
#     Set `prune: true`, `wait: true` and `timeout`.
package gitops.flux.kustomization

import data.lib.flux
import data.lib.kubernetes

deny contains {"msg": "what is removed from git stays in the cluster: `prune` is off", "path": ["spec", "prune"]} if {
	flux.kustomization
	not input.spec.prune == true
}

deny contains {"msg": "it is ready before what it applies is: neither `wait` nor `healthChecks` is set", "path": ["spec", "wait"]} if {
	flux.kustomization
	not input.spec.wait == true
	count(kubernetes.list(kubernetes.value(input, ["spec", "healthChecks"], []))) == 0
}

deny contains {"msg": "it has no `timeout`", "path": ["spec", "timeout"]} if {
	flux.kustomization
	not kubernetes.given(input, ["spec", "timeout"])
}

deny contains {"msg": "it deletes objects to change them: `force` is set", "path": ["spec", "force"]} if {
	flux.kustomization
	input.spec.force == true
}
