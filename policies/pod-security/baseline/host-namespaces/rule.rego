# METADATA
# scope: package
# title: no pod shares a namespace of its node
# description: >-
#   In the network, process and IPC namespaces of its node a pod sees and reaches what belongs to others: services
#   that listen on the loopback device, the processes of all pods, shared memory.
# custom:
#   id: pod-security/baseline/host-namespaces
#   severity: error
#   fix: >-
#     Take the field out; a Service or a port gives access to the network without it.
package pod_security.baseline.host_namespaces

import data.lib.pods

deny contains {"msg": sprintf("%s sets `%s`", [pod.words, field]), "path": pods.path(pod, ["spec", field])} if {
	some pod in pods.pods
	some field in ["hostNetwork", "hostPID", "hostIPC"]
	pod.spec[field] == true
}
