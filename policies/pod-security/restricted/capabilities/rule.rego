# METADATA
# scope: package
# title: containers drop all capabilities
# description: >-
#   Few programs need any capability of root. A container that drops all of them can do no more than an ordinary
#   user; `NET_BIND_SERVICE`, for ports below 1024, may be added again.
# custom:
#   id: pod-security/restricted/capabilities
#   severity: error
#   fix: >-
#     Set `capabilities: {drop: ["ALL"]}` and add at most `NET_BIND_SERVICE`.
#   since: "1.22"
#   replaces: pod-security/baseline/capabilities
#   parameters:
#     kubernetes:
#       type: version
#       default: "1.36"
#       description: The version of Kubernetes that the cluster runs.
package pod_security.restricted.capabilities

import data.lib.kubernetes
import data.lib.pods

# What every container has unless it is dropped.
usual := {
	"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW", "SETFCAP",
	"SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
}

deny contains {
	"msg": sprintf("%s does not drop `ALL` capabilities", [container.words]),
	"path": pods.path(container, ["securityContext", "capabilities", "drop"]),
	"worse": {container.words: {capability | some capability in usual; not capability in dropped}},
} if {
	kubernetes.at_least(22)
	some container in pods.containers
	not pods.for_windows(container.pod)
	dropped := kubernetes.items(container, ["body", "securityContext", "capabilities", "drop"])
	not "ALL" in dropped
}

deny contains {"msg": sprintf("%s adds the capability `%v`", [container.words, capability]), "path": pods.path(container, ["securityContext", "capabilities", "add", index])} if {
	kubernetes.at_least(22)
	some container in pods.containers
	not pods.for_windows(container.pod)
	some index, capability in kubernetes.items(container, ["body", "securityContext", "capabilities", "add"])
	capability != "NET_BIND_SERVICE"
}
