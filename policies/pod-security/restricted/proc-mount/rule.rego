# METADATA
# scope: package
# title: "`/proc` keeps its masks, whoever the users are"
# description: >-
#   Container runtimes hide parts of `/proc` through which a process can change or read the node. Here that is not
#   relaxed for pods with users of their own.
# custom:
#   id: pod-security/restricted/proc-mount
#   severity: error
#   fix: >-
#     Take `procMount` out.
#   since: "1.35"
#   replaces: pod-security/baseline/proc-mount
#   parameters:
#     kubernetes:
#       type: version
#       default: "1.36"
#       description: The version of Kubernetes that the cluster runs.
package pod_security.restricted.proc_mount

import data.lib.kubernetes
import data.lib.pods

deny contains {"msg": sprintf("%s sets `procMount` to `%v`", [container.words, mount]), "path": pods.path(container, ["securityContext", "procMount"])} if {
	kubernetes.at_least(35)
	some container in pods.containers
	mount := container.body.securityContext.procMount
	not mount in ["Default", null]
}
