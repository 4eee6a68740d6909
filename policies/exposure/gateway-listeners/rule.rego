# METADATA
# scope: package
# title: "Gateways serve by TLS, and choose whose routes they take"
# description: >-
#   A listener of the protocol HTTP or TCP carries what is sent in clear. One that takes routes from all namespaces
#   lets everybody in the cluster publish under its hosts.
# custom:
#   id: exposure/gateway-listeners
#   severity: warning
#   fix: >-
#     Use HTTPS or TLS, and `allowedRoutes.namespaces.from: Selector` or `Same`. Where port 80 only redirects, leave
#     this rule out.
package exposure.gateway_listeners

import data.lib.kubernetes

gateway if kubernetes.is("gateway.networking.k8s.io", "Gateway")

# Where a listener is met: for every host, where it names none.
met(listener) := {"host": host(listener), "port": sprintf("%v", [kubernetes.value(listener, "port", "")])}

host(listener) if kubernetes.value(listener, "hostname", "") in ["", null]

else := kubernetes.text(listener.hostname)

deny contains {"msg": sprintf("listener `%v` serves %v in clear", [listener.name, listener.protocol]), "path": ["spec", "listeners", index, "protocol"], "worse": {"clear": met(listener)}} if {
	gateway
	some index, listener in kubernetes.items(input, ["spec", "listeners"])
	listener.protocol in ["HTTP", "TCP", "UDP"]
}

deny contains {"msg": sprintf("listener `%v` takes routes from every namespace", [listener.name]), "path": ["spec", "listeners", index, "allowedRoutes", "namespaces", "from"], "worse": {"routes": met(listener)}} if {
	gateway
	some index, listener in kubernetes.items(input, ["spec", "listeners"])
	listener.allowedRoutes.namespaces.from == "All"
}

deny contains {"msg": sprintf("listener `%v` passes TLS on without a host", [listener.name]), "path": ["spec", "listeners", index, "tls", "mode"], "worse": {"passes": met(listener)}} if {
	gateway
	some index, listener in kubernetes.items(input, ["spec", "listeners"])
	listener.tls.mode == "Passthrough"
	kubernetes.value(listener, "hostname", "") in ["", null]
}
