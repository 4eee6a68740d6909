# METADATA
# scope: package
# title: seccomp is not turned off
# description: >-
#   seccomp keeps a container from calling parts of the kernel that it does not need. `Unconfined` opens all of
#   them. Before Kubernetes 1.19 profiles stand in annotations.
# custom:
#   id: pod-security/baseline/seccomp
#   severity: error
#   fix: >-
#     Use the type `RuntimeDefault` or `Localhost`, or leave the profile out.
#   parameters:
#     kubernetes:
#       type: version
#       default: "1.36"
#       description: The version of Kubernetes that the cluster runs.
package pod_security.baseline.seccomp

import data.lib.kubernetes
import data.lib.pods

deny contains {"msg": sprintf("%s uses the seccomp profile `%v`", [context.words, type]), "path": pods.path(context, ["seccompProfile", "type"])} if {
	kubernetes.at_least(19)
	some context in pods.contexts
	kubernetes.given(context, ["body", "seccompProfile"])
	type := kubernetes.value(context, ["body", "seccompProfile", "type"], "")
	not type in ["RuntimeDefault", "Localhost"]
}

keys contains [pod, "seccomp.security.alpha.kubernetes.io/pod"] if some pod in pods.pods

keys contains [container.pod, key] if {
	some container in pods.containers
	key := sprintf("container.seccomp.security.alpha.kubernetes.io/%v", [container.name])
}

deny contains {"msg": sprintf("the annotation `%s` asks for `%v`", [key, profile]), "path": pods.path(pod, ["metadata", "annotations", key])} if {
	not kubernetes.at_least(19)
	some [pod, key] in keys
	profile := pods.annotations(pod)[key]
	not usual(profile)
}

usual(profile) if profile in ["runtime/default", "docker/default"]

usual(profile) if kubernetes.starts(profile, "localhost/")
