# METADATA
# scope: package
# title: Services open no port of the nodes
# description: >-
#   A NodePort is open on every node, past Ingresses and their TLS, and reachable by whoever reaches a node.
# custom:
#   id: exposure/node-ports
#   severity: error
#   fix: >-
#     Use the type ClusterIP, and an Ingress or Gateway in front.
package exposure.node_ports

import data.lib.services

deny contains {"msg": "the Service opens a port on every node", "path": ["spec", "type"], "worse": services.reached} if {
	services.is_service
	input.spec.type == "NodePort"
}
