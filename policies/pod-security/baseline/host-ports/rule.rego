# METADATA
# scope: package
# title: no container listens on a port of its node
# description: >-
#   A port of the node is reached past Services and, mostly, past NetworkPolicies; and two pods that want the same
#   one cannot run on one node.
# custom:
#   id: pod-security/baseline/host-ports
#   severity: error
#   fix: >-
#     Take `hostPort` out and reach the pod by a Service.
package pod_security.baseline.host_ports

import data.lib.kubernetes
import data.lib.pods

deny contains {"msg": sprintf("%s listens on port %v of its node", [container.words, port.hostPort]), "path": pods.path(container, ["ports", index, "hostPort"]), "worse": pods.host_port(container, port)} if {
	some container in pods.containers
	some index, port in kubernetes.items(container, ["body", "ports"])
	kubernetes.given(port, "hostPort")
	port.hostPort != 0
}
