# METADATA
# scope: package
# title: only sysctls that stay within the pod
# description: >-
#   Most sysctls change the kernel for every pod of the node. Those in the list below are kept apart for each pod;
#   the list grows with versions of Kubernetes.
# custom:
#   id: pod-security/baseline/sysctls
#   severity: error
#   fix: >-
#     Take the sysctl out, or set it on the nodes that need it.
#   parameters:
#     kubernetes:
#       type: version
#       default: "1.36"
#       description: The version of Kubernetes that the cluster runs.
package pod_security.baseline.sysctls

import data.lib.kubernetes
import data.lib.pods

safe contains name if {
	some [since, names] in [
		[0, [
			"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
			"net.ipv4.ping_group_range", "net.ipv4.tcp_syncookies",
		]],
		[27, ["net.ipv4.ip_local_reserved_ports"]],
		[29, [
			"net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes",
			"net.ipv4.tcp_keepalive_time",
		]],
		[32, ["net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"]],
	]
	kubernetes.at_least(since)
	some name in names
}

deny contains {
	"msg": sprintf("%s sets the sysctl `%v`", [pod.words, name]),
	"path": pods.path(pod, ["spec", "securityContext", "sysctls", index]),
	"worse": {sprintf("%v%s", [name, pod.within]): kubernetes.text(kubernetes.value(sysctl, "value", ""))},
} if {
	some pod in pods.pods
	some index, sysctl in kubernetes.items(pod, ["spec", "securityContext", "sysctls"])
	name := kubernetes.value(sysctl, "name", "")
	not name in safe
}
