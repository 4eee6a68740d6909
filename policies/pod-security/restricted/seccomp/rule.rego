# METADATA
# scope: package
# title: a seccomp profile is set
# description: >-
#   seccomp keeps a container from calling parts of the kernel that it does not need. Without a profile that is
#   said, some clusters run containers unconfined.
# custom:
#   id: pod-security/restricted/seccomp
#   severity: error
#   fix: >-
#     Set `seccompProfile: {type: RuntimeDefault}` in the security context of the pod.
#   since: "1.19"
#   replaces: pod-security/baseline/seccomp
#   parameters:
#     kubernetes:
#       type: version
#       default: "1.36"
#       description: The version of Kubernetes that the cluster runs.
package pod_security.restricted.seccomp

import data.lib.kubernetes
import data.lib.pods

# Nothing said is less than a profile that is turned off: the node may have a default.
deny contains {"msg": sprintf("%s uses the seccomp profile `%v`", [context.words, type]), "path": pods.path(context, ["seccompProfile", "type"]), "worse": {context.words: 2}} if {
	kubernetes.at_least(19)
	some context in pods.contexts
	not pods.for_windows(context.pod)
	kubernetes.given(context, ["body", "seccompProfile"])
	type := kubernetes.value(context, ["body", "seccompProfile", "type"], "")
	not type in valid
}

deny contains {"msg": sprintf("neither the pod nor %s sets a seccomp profile", [container.words]), "path": pods.path(container, ["securityContext", "seccompProfile"]), "worse": {container.words: 1}} if {
	kubernetes.at_least(19)
	some container in pods.containers
	not pods.for_windows(container.pod)
	not kubernetes.given(container, ["body", "securityContext", "seccompProfile"])
	not kubernetes.value(container.pod.spec, ["securityContext", "seccompProfile", "type"], "") in valid
}

valid := {"RuntimeDefault", "Localhost"}
