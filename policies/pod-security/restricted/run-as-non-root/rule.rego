# METADATA
# scope: package
# title: containers do not run as root
# description: >-
#   Root in a container is root on the node once anything that confines it gives way. With `runAsNonRoot: true` the
#   kubelet refuses to start an image whose user is root. From Kubernetes 1.35 on pods with users of their own
#   (`hostUsers: false`) are free of this.
# custom:
#   id: pod-security/restricted/run-as-non-root
#   severity: error
#   fix: >-
#     Set `runAsNonRoot: true` in the security context of the pod or of each container.
#   parameters:
#     kubernetes:
#       type: version
#       default: "1.36"
#       description: The version of Kubernetes that the cluster runs.
package pod_security.restricted.run_as_non_root

import data.lib.kubernetes
import data.lib.pods

# Nothing said is less than root allowed: the image may have a user of its own.
deny contains {"msg": sprintf("%s sets `runAsNonRoot: false`", [pod.words]), "path": pods.path(pod, ["spec", "securityContext", "runAsNonRoot"]), "worse": {pod.words: 2}} if {
	some pod in pods.pods
	not pods.own_users(pod)
	pod.spec.securityContext.runAsNonRoot == false
}

deny contains {"msg": sprintf("%s sets `runAsNonRoot: false`", [container.words]), "path": pods.path(container, ["securityContext", "runAsNonRoot"]), "worse": {container.words: 2}} if {
	some container in pods.containers
	not pods.own_users(container.pod)
	container.body.securityContext.runAsNonRoot == false
}

deny contains {"msg": sprintf("neither the pod nor %s sets `runAsNonRoot: true`", [container.words]), "path": pods.path(container, ["securityContext", "runAsNonRoot"]), "worse": {container.words: 1}} if {
	some container in pods.containers
	not pods.own_users(container.pod)
	not is_boolean(kubernetes.value(container.body, ["securityContext", "runAsNonRoot"], null))
	not container.pod.spec.securityContext.runAsNonRoot == true
}
