# METADATA
# scope: package
# title: no capability beyond those that every container has
# description: >-
#   Each further capability lifts one of the limits that the kernel sets to root in a container: `SYS_ADMIN` mounts,
#   `NET_ADMIN` rewrites the network, `NET_RAW` forges packets.
# custom:
#   id: pod-security/baseline/capabilities
#   severity: error
#   fix: >-
#     Take the capability out of `capabilities.add`.
package pod_security.baseline.capabilities

import data.lib.kubernetes
import data.lib.pods

usual := {
	"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
	"SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
}

deny contains {"msg": sprintf("%s adds the capability `%v`", [container.words, capability]), "path": pods.path(container, ["securityContext", "capabilities", "add", index])} if {
	some container in pods.containers
	some index, capability in kubernetes.items(container, ["body", "securityContext", "capabilities", "add"])
	not capability in usual
}
