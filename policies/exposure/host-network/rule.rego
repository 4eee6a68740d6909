# METADATA
# scope: package
# title: pods do not listen on their node
# description: >-
#   A pod in the network of its node, or with a `hostPort`, is reached at the address of the node, past Services
#   and, mostly, past NetworkPolicies.
# custom:
#   id: exposure/host-network
#   severity: error
#   fix: >-
#     Take `hostNetwork` and `hostPort` out and reach the pod by a Service.
package exposure.host_network

import data.lib.kubernetes
import data.lib.pods

deny contains {"msg": sprintf("%s is in the network of its node", [pod.words]), "path": pods.path(pod, ["spec", "hostNetwork"])} if {
	some pod in pods.pods
	pod.spec.hostNetwork == true
}

deny contains {"msg": sprintf("%s listens on port %v of its node", [container.words, port.hostPort]), "path": pods.path(container, ["ports", index, "hostPort"]), "worse": pods.host_port(container, port)} if {
	some container in pods.containers
	some index, port in kubernetes.items(container, ["body", "ports"])
	is_number(port.hostPort)
	port.hostPort != 0
}
