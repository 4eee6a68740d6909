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

deny contains "what is removed from git stays in the cluster: `prune` is off" if {
	flux.kustomization
	not input.spec.prune == true
}

deny contains "it is ready before what it applies is: neither `wait` nor `healthChecks` is set" if {
	flux.kustomization
	not input.spec.wait == true
	count(kubernetes.list(kubernetes.value(input, ["spec", "healthChecks"], []))) == 0
}

deny contains "it has no `timeout`" if {
	flux.kustomization
	not kubernetes.given(input, ["spec", "timeout"])
}

deny contains "it deletes objects to change them: `force` is set" if {
	flux.kustomization
	input.spec.force == true
}
