# METADATA
# scope: package
# title: "`/proc` keeps its masks"
# description: >-
#   Container runtimes hide parts of `/proc` through which a process can change or read the node. `Unmasked` shows
#   them. In a pod with users of its own they are out of reach, so there Kubernetes allows it from 1.35 on.
# custom:
#   id: pod-security/baseline/proc-mount
#   severity: error
#   fix: >-
#     Take `procMount` out, or set `hostUsers: false`.
#   parameters:
#     kubernetes:
#       type: version
#       default: "1.36"
#       description: The version of Kubernetes that the cluster runs.
package pod_security.baseline.proc_mount

import data.lib.pods

deny contains {"msg": sprintf("%s sets `procMount` to `%v`", [container.words, mount]), "path": pods.path(container, ["securityContext", "procMount"])} if {
	some container in pods.containers
	not pods.own_users(container.pod)
	mount := container.body.securityContext.procMount
	not mount in ["Default", null]
}
